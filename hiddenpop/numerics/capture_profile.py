"""Exact multinomial profile likelihood of N for the capture models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp, log

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.errors import ConvergenceError, OptionError
from hiddenpop.numerics.capture import Fitted, fit_bounded
from hiddenpop.numerics.capture_fit import MeanFit, fit_means
from hiddenpop.numerics.capture_models import BY_BEHAVIOUR, CHAO, NORMAL, reaction, series
from hiddenpop.numerics.intervals import normal_quantile
from hiddenpop.numerics.profile import find_root

WIDEST = 1e9
NARROWEST = 1e-9


@dataclass(frozen=True)
class Profile:
    """Maximiser of the multinomial likelihood of N, and where it has fallen; `high` is None where it never falls."""

    population: float
    low: float
    high: float | None


def profile_capture(found: Fitted, level: float) -> Profile:
    """Exact profile likelihood of N: log-gamma at every N, the other parameters maximised out.

    `l(N) = lgamma(N+1) - lgamma(N-n+1) + sum of counts log(mean / N)` over all rows, row 0 with N - n people; by the
    envelope theorem `l'(N) = digamma(N+1) - digamma(N-n+1) + log(mean of row 0 / N)`.

    Raises
    ------
    OptionError
        For Normal, whose likelihood need not have one maximum at each N.
    ConvergenceError
        If the model cannot be fitted at some N.
    """
    from scipy.special import betaln, digamma

    n = float(found.cells.people.sum())
    fit_at = _fitter(found)

    def at(log_hidden: float) -> tuple[float, float]:
        hidden = exp(log_hidden)
        counts = np.concatenate([[hidden], found.cells.counts[1:]])
        logs = fit_at(counts).log_means - log(n + hidden)
        used = counts > 0.0
        value = float(counts[used] @ logs[used]) - float(betaln(hidden + 1.0, n))
        return value, float(digamma(n + hidden + 1.0) - digamma(hidden + 1.0) + logs[0])

    least, most = log(NARROWEST * n), log(WIDEST * n)
    begin = min(max(log(found.hidden), least), most)
    best = find_root(lambda h: at(h)[1], begin, most if at(begin)[1] > 0.0 else least)
    best = least if best is None else best
    drop = at(best)[0] - normal_quantile(level) ** 2 / 2.0
    low, high = (find_root(lambda h: at(h)[0] - drop, best, end) for end in (least, most))
    return Profile(n + exp(best), n if low is None else n + exp(low), None if high is None else n + exp(high))


def _fitter(found: Fitted) -> Callable[[Floats], MeanFit]:
    """The fit to people in all rows, the hidden ones included.

    Mb and Mbh are fitted by their chances of capture, which exist at every N; the bounds of Chao's eta hold at every N.
    """
    cells, model = found.cells, found.model
    if cells.mixing == NORMAL:
        raise OptionError(f"There is no profile interval for {cells.model}.", hint="Use interval=log-normal.")
    if cells.base in BY_BEHAVIOUR:
        model = reaction(cells, _chances(found))
    start = [model.start if cells.base in BY_BEHAVIOUR else found.fit.theta]

    def fit_at(counts: Floats) -> MeanFit:
        if cells.mixing == CHAO:
            fit = fit_bounded(replace(cells, counts=counts), first=0)[1]
        else:
            fit = fit_means(model, counts, first=0, start=start[0])
        if fit is None:
            raise ConvergenceError("The profile likelihood did not converge.", hint="Use interval=log-normal.")
        start[0] = fit.theta
        return fit

    return fit_at


def _chances(found: Fitted) -> Floats:
    """Logits of a first capture and of one after it, and under Mbh of one on the first list."""
    _, before, recaptures, *_ = found.fit.theta
    firsts = float(found.cells.counts[found.cells.rows % 2 == 1].sum())
    opening = [log(firsts / (found.cells.counts.sum() - firsts + found.hidden))]
    return np.array([log(series(found.fit.theta)) - before, recaptures] + opening * (found.cells.base == "Mbh"))
