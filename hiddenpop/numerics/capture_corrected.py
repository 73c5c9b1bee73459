"""Capture models with less bias: small additions to the people seen once, twice and three times, then the usual fit.

Rivest and Lévesque (2001, Canadian Journal of Statistics 29:555) choose the additions so that the first-order bias of
the hidden number is gone, for Mt in closed form, which with two lists is Chapman's estimate. With more than two lists
the additions for Mt and Mth Chao, as Rcapture 1.4-4 has them, do not do that: for equal chances they add several times
the bias that there was. `first_order_bias` computes it for the data at hand.
"""

from __future__ import annotations

from dataclasses import replace
from math import exp, log, sqrt

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.errors import NotEstimableError, OptionError
from hiddenpop.numerics.capture import Fitted, fit_log_linear, standard_error
from hiddenpop.numerics.capture_fit import MeanModel, fit_means
from hiddenpop.numerics.capture_models import BY_BEHAVIOUR, CHAO, HETEROGENEITY, Cells, first_capture
from hiddenpop.numerics.sparse import chao_corrected
from hiddenpop.numerics.two_lists import chapman_population, chapman_se

WITHOUT = ("Mh Normal", "Mth Normal", "Mth Gamma3.5", "Mtb")


def correct_bias(found: Fitted) -> tuple[float, float]:
    """Bias-corrected hidden number and the standard error of the population, from the fit without correction.

    Raises
    ------
    OptionError
        If no correction is known for the model.
    NotEstimableError
        If the fit has nobody hidden, or the corrected counts have no estimate.
    """
    cells = found.cells
    if cells.model in WITHOUT:
        raise OptionError(f"No bias correction is known for {cells.model}.", hint="Leave bias_corrected out.")
    if found.nobody_hidden:
        raise _refusal(cells)
    if cells.model == "Mt":
        return _time(cells)
    if cells.model == f"Mh {CHAO}":
        k = len(cells.lists)
        once, twice = (int(cells.counts[cells.size == j].sum()) for j in (1, 2))
        hidden, variance = chao_corrected(once, twice, (k - 1) / k)
        return hidden, sqrt(max(variance, 0.0))
    return _behaviour(cells) if cells.base in BY_BEHAVIOUR else _refit(cells)


def _time(cells: Cells) -> tuple[float, float]:
    """Mt: Chapman for two lists; else the root of `prod(1 - n_i' / N') = 1 - n' / N'` for slightly larger counts."""
    from scipy.optimize import brentq

    k, people = len(cells.lists), float(cells.counts.sum())
    on_list = cells.counts @ cells.indicators
    if k == 2:
        first, second, both = int(on_list[0]), int(on_list[1]), int(cells.counts[3])
        return chapman_population(first, second, both) - people, chapman_se(first, second, both)
    on_list, seen = on_list + (k + 2) / (2 * k), people + k / 2

    def excess(log_unseen: float) -> float:
        total = seen + exp(log_unseen)
        return float(np.log1p(-on_list / total).sum()) - log_unseen + log(total)

    unseen = exp(brentq(excess, log(1e-9 * seen), log(1e9 * seen), xtol=1e-14, rtol=1e-14))
    total = seen + unseen
    return total - k / 2 - people, _root_of(1.0 / unseen + (k - 1) / total - (1.0 / (total - on_list)).sum(), cells)


def _root_of(precision: float, cells: Cells) -> float:
    if precision <= 0.0:
        raise _refusal(cells)
    return float(precision**-0.5)


def additions(cells: Cells) -> tuple[float, float, float]:
    """What is added to the people seen once, twice and three times: to the total under M0 and Mh, to each history else.

    With `c = (g2 - 2 g1) / (g3 - 2 g2 + g1)` for the heterogeneity column g, Mh takes `(-(1+c)/2, 1+c, (1-c)/2)`.
    """
    k = len(cells.lists)
    if cells.base in ("Mt", "Mth"):
        pairs = k * (k - 1)
        return {
            "": ((k - 2) / (2 * k), 2 / pairs, 0.0),
            CHAO: ((k - 2) / (2 * k), 2 / pairs, 0.0),
            "Poisson2": ((2 * k - 5) / (4 * k), 3 / pairs, 3 / (2 * pairs * max(k - 2, 1))),
            "Darroch": ((k - 3) / (2 * k), 4 / pairs, 0.0),
        }[cells.mixing]
    if cells.base == "M0":
        return -0.5, 1.0, 0.0
    g1, g2, g3 = HETEROGENEITY[cells.mixing](np.array([1.0, 2.0, 3.0]))
    c = float((g2 - 2.0 * g1) / (g3 - 2.0 * g2 + g1))
    return -(1.0 + c) / 2.0, 1.0 + c, (1.0 - c) / 2.0


def first_order_bias(found: Fitted) -> tuple[float, float] | None:
    """Bias of the hidden number to first order in 1/N, without and with the additions; None where they do not apply.

    With X and mu the design and the means of the histories and V the covariance, the coefficients are biased by
    `-V X' (mu q) / 2`, q the variances of the log means, `exp(b0)` besides by `V00 / 2`, and additions a shift the
    coefficients by `V X' a`.
    """
    cells, fit = found.cells, found.fit
    if cells.base in BY_BEHAVIOUR or cells.model == f"Mh {CHAO}":
        return None
    slopes, number = found.model.predict(fit.theta)[1][1:], found.model.number[1:]
    variances = np.einsum("rp,pq,rq->r", slopes, fit.covariance, slopes)
    weights = np.ones_like(number) if cells.base in ("M0", "Mh") else number
    added = sum(extra * weights * (cells.size[1:] == size) for size, extra in enumerate(additions(cells), start=1))
    towards = fit.covariance[0] @ slopes.T
    plain = -towards @ (number * np.exp(fit.log_means[1:]) * variances) / 2.0 + fit.log_hidden_variance / 2.0
    return float(fit.hidden * plain), float(fit.hidden * (plain + towards @ added))


def _refit(cells: Cells) -> tuple[float, float]:
    """The same model for the enlarged counts, cut at zero."""
    counts = cells.counts.copy()
    for size, extra in enumerate(additions(cells), start=1):
        counts[cells.size == size] += extra
    return _checked(cells, fit_log_linear(replace(cells, counts=np.maximum(counts, 0.0))))


def _checked(cells: Cells, found: Fitted) -> tuple[float, float]:
    if found.nobody_hidden:
        raise _refusal(cells)
    return found.fit.hidden, standard_error(found.fit)


def _behaviour(cells: Cells) -> tuple[float, float]:
    """Mb and Mbh: a geometric decline of the first captures, with +2, -1, -1 added; Mbh leaves the first list out."""
    k = len(cells.lists)
    firsts = np.bincount(first_capture(cells.rows[1:], k), weights=cells.counts[1:], minlength=k)
    firsts = firsts[1:] if cells.base == "Mbh" else firsts
    extra = np.array([2.0, -1.0, -1.0])[: firsts.size]
    firsts[: extra.size] += extra
    fit = fit_means(_geometric(firsts.size), np.concatenate([[0.0], np.maximum(firsts, 0.0)]))
    if fit is None or not fit.certified or fit.theta[1] >= 0.0:
        raise _refusal(cells)
    return fit.hidden, standard_error(fit)


def _geometric(k: int) -> MeanModel:
    """First captures on k occasions: `log mean = b0 + b1 position`; row 0 is the sum of all later ones."""
    matrix = np.column_stack([np.ones(k + 1), [k, *range(k)]]).astype(float)

    def predict(theta: Floats) -> tuple[Floats, Floats]:
        log_means, slopes = matrix @ theta, matrix.copy()
        left = -np.expm1(theta[1])
        log_means[0] -= np.log(left) if left > 0.0 else np.nan
        slopes[0, 1] += np.exp(theta[1]) / left if left else np.nan
        return log_means, slopes

    return MeanModel(("intercept", "before"), np.ones(k + 1), predict, np.zeros(2))


def _refusal(cells: Cells) -> NotEstimableError:
    return NotEstimableError(
        f"The bias correction of {cells.model} has no estimate for these data.",
        hint="Leave bias_corrected out, or use a simpler model.",
        exists=False,
        terms=[cells.model],
    )
