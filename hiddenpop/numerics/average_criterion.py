"""Average over hierarchical log-linear models by an information criterion, for comparison with the posterior."""

from __future__ import annotations

from typing import Literal

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.errors import ConvergenceError, NotEstimableError
from hiddenpop.numerics.average import Average, Candidates
from hiddenpop.numerics.average_mixture import mix_normals
from hiddenpop.numerics.loglinear import fit_loglinear
from hiddenpop.numerics.models import Members
from hiddenpop.numerics.poisson import fitted_log_means

CriterionName = Literal["bic", "aic", "aicc"]

NEGLIGIBLE = 40.0
WIDEST = 5.0


def average_by_criterion(candidates: Candidates, criterion: CriterionName) -> Average:
    """Weights `prior x exp(-criterion / 2)` over the models that have an extended maximum-likelihood estimate.

    A model whose fit does not prove existence is settled by the linear programme, but only where its weight could
    matter. Models with a standard error of log n0 above 5 have no estimate, as in `loglinear`.

    Raises
    ------
    NotEstimableError
        If the criterion of every model that has an estimate is infinite.
    """
    from hiddenpop.numerics.search import penalties

    c = candidates
    penalty = penalties(criterion, c.people, c.terms.size)[c.models.sum(axis=1, dtype=np.int64)] - 2.0 * c.log_prior
    numbers, estimable = _settle(c, *_evaluate(c, penalty))
    score = np.where(estimable != 0, numbers[:, 0], np.inf)
    if not np.isfinite(score).any():
        raise NotEstimableError(
            f"The {criterion} of every model with an estimate is infinite: {c.people:.0f} people are too few for it.",
            hint="Use weights=bayes.",
            terms=["intercept"],
        )
    weight = np.exp(-0.5 * (score - score.min()))
    weight /= weight.sum()
    used = weight > 0.0
    hidden = np.full(weight.size, np.nan)
    hidden[used] = np.exp(numbers[used, 1])
    mixture = mix_normals(numbers[used, 1], np.sqrt(numbers[used, 2]), weight[used])
    return Average(c, weight, hidden, mixture, None, None, None, estimable)


def _evaluate(c: Candidates, penalty: Floats) -> tuple[Floats, Members, Floats]:
    """`[score, log n0, variance of log n0] (m, 3)`, existence (m,) and penalty (m,) of every model."""
    from hiddenpop.numerics.fitting import evaluate, main_effects

    start = main_effects(c.terms, c.overlaps)[None, :]
    numbers, exists = evaluate(c.terms, c.models, c.overlaps, c.seen, np.zeros(c.terms.size + 1), start, False)
    numbers[:, 0] += penalty
    return numbers, exists, penalty


def _settle(c: Candidates, numbers: Floats, exists: Members, penalty: Floats) -> tuple[Floats, Members]:
    """Completed numbers, and which models have an estimate, the best first as far as their weight can matter."""
    from hiddenpop.numerics.kernel import EXISTS, UNKNOWN

    estimable = ((exists == EXISTS) & (numbers[:, 2] <= WIDEST**2)).astype(np.int8)
    best = float(numbers[estimable != 0, 0].min(initial=np.inf))
    for row in np.argsort(numbers[:, 0], kind="stable").tolist():
        if not numbers[row, 0] <= best + NEGLIGIBLE:
            break
        if exists[row] == UNKNOWN and (answer := _refit(c, row)) is not None:
            loglik, log_hidden, variance = answer
            estimable[row] = 1
            numbers[row] = penalty[row] - 2.0 * loglik, log_hidden, variance
            best = min(best, float(numbers[row, 0]))
    return numbers, estimable


def _refit(c: Candidates, row: int) -> tuple[float, float, float] | None:
    """`(log-likelihood, log n0, variance)` of one model in the kernel's units, or None where it has no estimate."""
    histories = np.flatnonzero(c.seen)
    counts = c.seen[histories]
    names = [str(i) for i in range(c.seen.size.bit_length() - 1)]
    terms = c.terms[c.models[row] != 0].tolist()
    try:
        fit = fit_loglinear(terms, histories, counts.astype(np.int64), names)
    except (NotEstimableError, ConvergenceError):
        return None
    loglik = float(counts @ fitted_log_means(fit, histories)) - c.people * float(np.log(c.people))
    variance = fit.log_hidden_variance
    return None if variance > WIDEST**2 else (loglik, float(np.log(fit.hidden)), variance)
