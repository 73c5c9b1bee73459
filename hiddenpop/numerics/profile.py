"""Exact multinomial profile likelihood of N for a hierarchical log-linear model.

With a trial N the empty history holds N - n people and the table is complete, so the likelihood factorises over the
groups of lists: `l(N) = lgamma(N+1) - lgamma(N-n+1) + max over beta of [sum n*(A) beta(A) - N log Z(beta)]`, and by the
envelope theorem `l'(N) = digamma(N+1) - digamma(N-n+1) - log Z`. Log-gamma is used at every N; nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import exp, log

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.errors import ConvergenceError
from hiddenpop.numerics.intervals import normal_quantile
from hiddenpop.numerics.poisson import PoissonFit
from hiddenpop.numerics.problem import Group

WIDEST = 1e9
NARROWEST = 1e-9


@dataclass(frozen=True)
class ProfileInterval:
    """Maximiser of the multinomial likelihood and its limits; `high` is None where it never falls enough."""

    population: float
    low: float
    high: float | None


@dataclass
class _Curve:
    """The profile as a function of the hidden number; remembers the last coefficients to start from."""

    fit: PoissonFit
    memory: dict[int, Floats] = field(default_factory=dict)

    def at(self, hidden: float) -> tuple[float, float]:
        """`(l(N), l'(N))` at N = n + hidden."""
        from scipy.special import betaln, digamma

        problem = self.fit.problem
        n = float(problem.people)
        total = n + hidden
        value = -float(betaln(hidden + 1.0, n))
        log_z = 0.0
        for number, (where, group) in enumerate(zip(problem.slices(), problem.groups, strict=True)):
            begin = self.memory.get(number, self.fit.beta[where])
            beta, rest = _complete_fit(group, problem.sufficient[where], total, begin)
            self.memory[number] = beta
            value += float(problem.sufficient[where] @ beta) - total * np.log1p(rest)
            log_z += float(np.log1p(rest))
        return value, float(digamma(total + 1.0) - digamma(hidden + 1.0)) - log_z


def _complete_fit(group: Group, sufficient: Floats, total: float, beta: Floats) -> tuple[Floats, float]:
    """Maximise `sufficient' beta - total log Z(beta)` for one group; `(beta, Z - 1)`."""

    def evaluate(point: Floats) -> tuple[float, Floats, float]:
        rest, sums = group.weights(point)
        return float(sufficient @ point) - total * float(np.log1p(rest)), sums, rest

    value, sums, rest = evaluate(beta)
    for _ in range(200):
        means = total * sums[group.terms] / (1.0 + rest)
        information = total * sums[group.unions] / (1.0 + rest) - np.outer(means, means) / total
        gradient = sufficient - means
        step = np.linalg.lstsq(information, gradient, rcond=1e-14)[0]
        decrement = float(gradient @ step)
        if decrement <= 1e-13 * total:
            return beta + step, evaluate(beta + step)[2]
        size = 1.0
        while size > 1e-9:
            candidate = evaluate(beta + size * step)
            if np.isfinite(candidate[0]) and candidate[0] >= value + 1e-4 * size * decrement - 1e-11 * abs(value):
                break
            size /= 2.0
        beta = beta + size * step
        value, sums, rest = candidate
    raise ConvergenceError("The profile likelihood did not converge.", hint="Use the log-normal interval.")


def profile_interval(fit: PoissonFit, level: float) -> ProfileInterval:
    """Maximise the profile likelihood of N and find where it has fallen by half a chi-square quantile.

    Parameters
    ----------
    fit : PoissonFit
        The Poisson fit of the same model; its hidden number is the starting point.
    level : float in (0, 1)

    Returns
    -------
    ProfileInterval
        `low` is n where the likelihood does not fall enough below the maximum; `high` is None where it does not above.
    """
    n = float(fit.problem.people)
    curve = _Curve(fit)
    least, most = log(NARROWEST * n), log(WIDEST * n)
    begin = min(max(log(fit.hidden), least), most)
    with np.errstate(over="ignore", invalid="ignore"):
        best = find_root(lambda h: curve.at(exp(h))[1], begin, most if curve.at(exp(begin))[1] > 0.0 else least)
        best = least if best is None else best
        drop = curve.at(exp(best))[0] - normal_quantile(level) ** 2 / 2.0
        low = find_root(lambda h: curve.at(exp(h))[0] - drop, best, least)
        curve.at(exp(best))
        high = find_root(lambda h: curve.at(exp(h))[0] - drop, best, most)
    return ProfileInterval(n + exp(best), n + (exp(low) if low is not None else 0.0), _plus(n, high))


def _plus(observed: float, log_hidden: float | None) -> float | None:
    return None if log_hidden is None else observed + exp(log_hidden)


def find_root(function: Callable[[float], float], begin: float, end: float) -> float | None:
    """Where `function` changes sign between `begin` and `end`, walking outwards in widening steps; None if nowhere."""
    from scipy.optimize import brentq

    sign = function(begin) > 0.0
    here, step = begin, 0.1
    while here != end:
        there = min(here + step, end) if end > begin else max(here - step, end)
        if (function(there) > 0.0) != sign:
            try:
                return float(brentq(function, here, there, xtol=1e-13, rtol=1e-14))
            except ValueError:
                raise ConvergenceError(
                    "The profile likelihood is too flat to be searched.", hint="Use the log-normal interval."
                ) from None
        here, step = there, min(2.0 * step, 1.0)
    return None
