"""Maximum likelihood for hierarchical log-linear models, without a design matrix and without building 2^K cells.

`log mu(x) = sum of beta(A) over terms A inside history x`. The sum of all means, the empty history included, factorises
over the groups of lists that the model ties together, so the work grows with the largest group, not with the number of
lists. Sufficient statistics are `n*(A)`, the people on all lists of A; the information matrix is `H[A, B] = Z(A | B)`,
superset sums of the means. Terms with `n*(A) = 0` are at minus infinity: they and every history that contains them are
left out exactly (extended MLE).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, log, log1p

import numpy as np

from hiddenpop.arrays import Floats, Masks, popcount
from hiddenpop.numerics.problem import Problem

MAX_STEPS = 200


@dataclass(frozen=True)
class PoissonFit:
    """A converged fit.

    Attributes
    ----------
    beta : (p,) coefficients in the order of the problem's terms, intercept first
    information : (p, p), `H[A, B] = Z(A | B)`; for two lists it is the fitted number of people on both
    covariance : (p, p), its inverse
    hidden : float, exp(intercept)
    certified : bool
        True when the fit itself proves that the MLE exists and is unique (see `fit_poisson`).
    """

    problem: Problem
    beta: Floats
    information: Floats
    covariance: Floats
    certified: bool

    @property
    def hidden(self) -> float:
        return float(np.exp(self.beta[0]))

    @property
    def log_hidden_variance(self) -> float:
        return float(self.covariance[0, 0])


def start(problem: Problem) -> Floats:
    """Starting coefficients (p,): independent lists in a population twice as large as the people seen."""
    beta = np.zeros(problem.terms.size)
    lone = popcount(problem.terms) == 1
    share = problem.sufficient[lone] / (2.0 * problem.people)
    beta[lone] = np.log(share / (1.0 - share))
    return beta


@dataclass(frozen=True)
class _Point:
    """The likelihood, its intercept maximised out, at one `beta`: value, gradient and information over all terms."""

    beta: Floats
    value: float
    gradient: Floats
    information: Floats


def _evaluate(problem: Problem, beta: Floats) -> _Point:
    n = float(problem.people)
    means = np.empty(problem.terms.size)
    states = []
    log_total = 0.0
    for where, group in zip(problem.slices(), problem.groups, strict=True):
        rest, sums = group.weights(beta[where])
        log_total += log1p(rest)
        means[where] = sums[group.terms] / (1.0 + rest)
        states.append((where, sums[group.unions] / (1.0 + rest)))
    observed_share = expm1(log_total)
    beta = beta.copy()
    beta[0] = log(n) - log(observed_share)
    everyone = n * (1.0 + 1.0 / observed_share)
    means = means * everyone
    means[0] = n
    information = np.outer(means, means) / everyone
    for where, block in states:
        information[where, where] = block * everyone
    information[0], information[:, 0] = means, means
    value = float(problem.sufficient[1:] @ beta[1:]) - n * log(observed_share)
    return _Point(beta, value, problem.sufficient - means, information)


def fit_poisson(problem: Problem) -> PoissonFit | None:
    """Newton's method with step halving; None if no maximum could be certified or reached.

    A fit is *certified* when Newton's squared decrement `d` and the smallest eigenvalue `e` of the information satisfy
    `p d <= e / 4`: the log-likelihood is generalised self-concordant (its third derivative is bounded by the second
    times the largest `|a(x)' h|`, and `|a(x)|^2 <= p`), so a finite, unique maximum exists nearby (Bach 2010,
    Electronic Journal of Statistics 4, proposition 2). Where the MLE does not exist the iterates drift along a
    direction in which decrement and curvature vanish together, and the inequality never holds.
    """
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            return _newton(problem)
    except (FloatingPointError, OverflowError, ValueError, np.linalg.LinAlgError):
        return None


def _newton(problem: Problem) -> PoissonFit | None:
    point = _evaluate(problem, start(problem))
    settled = 0
    for _ in range(MAX_STEPS):
        covariance = np.linalg.inv(point.information)
        step = covariance @ point.gradient
        decrement = float(point.gradient @ step)
        settled = settled + 1 if abs(decrement) <= 1e-14 * problem.people else 0
        if settled == 3:
            break
        point = _halve(problem, point, step, decrement)
    else:
        return None
    covariance = (covariance + covariance.T) / 2.0
    return PoissonFit(problem, point.beta, point.information, covariance, _certified(point.information, decrement))


def _certified(information: Floats, decrement: float) -> bool:
    """The inequality of `fit_poisson`, with room for rounding: never where the information is singular to precision."""
    eigenvalues = np.linalg.eigvalsh(information)
    if eigenvalues[0] <= 1e-11 * eigenvalues[-1]:
        return False
    return bool(abs(decrement) * information.shape[0] <= 0.25 * eigenvalues[0])


def _halve(problem: Problem, point: _Point, step: Floats, decrement: float) -> _Point:
    """The next point: the Newton step, halved until the likelihood does not fall."""
    size = 1.0
    slack = 1e-12 * (1.0 + abs(point.value))
    for _ in range(40):
        try:
            candidate = _evaluate(problem, point.beta + size * step)
        except (FloatingPointError, OverflowError, ValueError):
            size /= 2.0
            continue
        if candidate.value >= point.value + 1e-4 * size * decrement - slack:
            return candidate
        size /= 2.0
    return point


def fitted_overlaps(fit: PoissonFit, masks: Masks) -> Floats:
    """Fitted people on all lists of each mask (m,), others allowed; the empty mask counts the hidden people too."""
    problem = fit.problem
    out = np.full(masks.shape, float(np.exp(fit.beta[0])))
    for where, group in zip(problem.slices(), problem.groups, strict=True):
        local = np.zeros_like(masks)
        for bit, position in enumerate(group.index):
            local |= (masks >> position & 1) << bit
        out *= group.weights(fit.beta[where])[1][local]
    return out


def fitted_log_means(fit: PoissonFit, histories: Masks) -> Floats:
    """Log fitted means of `histories` (m,); minus infinity where a removed term is contained."""
    problem = fit.problem
    inside = (histories[:, None] & problem.terms[None, :]) == problem.terms[None, :]
    out = inside @ fit.beta
    for term in problem.removed:
        out[(histories & term) == term] = -np.inf
    for term, value in problem.fixed.items():
        out[(histories & term) == term] += value
    return np.asarray(out, dtype=float)
