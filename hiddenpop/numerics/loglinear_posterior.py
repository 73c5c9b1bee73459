"""One log-linear model whose coefficients have normal priors: its density, mode, and coordinates to sample in.

A person has history x with probability proportional to `exp(eta(x))`, `eta = X beta`, and 1 for the empty history. With
`W = sum over x not empty of exp(eta(x))` the chance to be on no list is `p0 = 1 / (1 + W)`. Summed over the hidden
people under the prior 1/N, flat or negative binomial, the likelihood of the histories seen is
`sum n_x eta(x) - (n + extra) log(W + 1 - odds) + extra log(1 + W)`, and the hidden people are negative binomial given
beta. With 1/N that is the likelihood given that a person is on a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks

MAIN_MEAN, MAIN_SD = -2.0, 3.0  # of the log odds of a list: 95 % between .0004 and .98
MAX_STEPS = 200
NEAR = 1e-10


@dataclass(frozen=True)
class LoglinearPosterior:
    """A model, its data and its priors.

    Attributes
    ----------
    design : (m, p) does the history contain the term? one row for each history that can occur
    counts : (m,) people
    mean, precision : (p,) of the normal priors; precision 0 is a flat prior
    extra, odds : prior of the population, as `priors.read_conjugate` has them
    most : largest number of hidden people
    """

    design: Floats
    counts: Floats
    mean: Floats
    precision: Floats
    extra: float = 0.0
    odds: float = 1.0
    most: float = np.inf


def possible_histories(n_lists: int, empty_terms: Masks | None = None) -> Masks:
    """Masks of all histories but the empty one, without those that contain a term which is out of the question."""
    cells = np.arange(1, 1 << n_lists, dtype=np.int64)
    if empty_terms is None or not empty_terms.size:
        return cells
    excluded = (cells[:, None] & empty_terms[None, :]) == empty_terms[None, :]
    return np.asarray(cells[~excluded.any(axis=1)])


def build_terms(n_lists: int, max_order: int) -> Masks:
    """Masks of all terms but the empty one: main effects first, then interactions of more and more lists."""
    orders = [
        [sum(1 << i for i in group) for group in combinations(range(n_lists), k)] for k in range(1, max_order + 1)
    ]
    return np.array([mask for masks in orders for mask in masks], dtype=np.int64)


def build_design(cells: Masks, terms: Masks) -> Floats:
    """(m, p) zero-one matrix: does the history contain the term?"""
    return np.asarray((cells[:, None] & terms[None, :]) == terms[None, :], dtype=float)


def count_cells(cells: Masks, histories: Masks, counts: Counts) -> Floats:
    """(m,) people with each history of `cells`, which are in increasing order."""
    people = np.zeros(cells.size)
    people[np.searchsorted(cells, histories)] = counts
    return people


def log_prior_and_likelihood(posed: LoglinearPosterior, beta: Floats) -> float:
    """Log-density of beta (p,) under the prior 1/N, without constants."""
    eta = posed.design @ beta
    top = float(eta.max())
    likelihood = posed.counts @ eta - posed.counts.sum() * (top + np.log(np.exp(eta - top).sum()))
    return float(likelihood - 0.5 * posed.precision @ (beta - posed.mean) ** 2)


def find_coordinates(posed: LoglinearPosterior) -> tuple[Floats, Floats]:
    """`(mode (p,), scale (p, p))`: beta = mode + scale z makes z roughly standard normal.

    Newton's method on a concave function, the prior of the population taken as 1/N. Only the speed of a sampler
    depends on it, not its answer, so it stops where it gets no further.
    """
    beta = np.where(posed.precision > 0.0, posed.mean, 0.0)
    value = log_prior_and_likelihood(posed, beta)
    for _ in range(MAX_STEPS):
        gradient, information = _derivatives(posed, beta)
        step = np.linalg.solve(information, gradient)
        size = 1.0
        while size > NEAR and not log_prior_and_likelihood(posed, beta + size * step) > value:
            size /= 2.0
        if size <= NEAR or gradient @ step < NEAR:
            break
        beta = beta + size * step
        value = log_prior_and_likelihood(posed, beta)
    lower = np.linalg.cholesky(_derivatives(posed, beta)[1])
    return beta, np.asarray(np.linalg.inv(lower).T)


def _derivatives(posed: LoglinearPosterior, beta: Floats) -> tuple[Floats, Floats]:
    eta = posed.design @ beta
    chance = np.exp(eta - eta.max())
    chance /= chance.sum()
    people = posed.counts.sum()
    centre = posed.design.T @ chance
    gradient = posed.design.T @ posed.counts - people * centre - posed.precision * (beta - posed.mean)
    information = people * ((posed.design.T * chance) @ posed.design - np.outer(centre, centre))
    return gradient, information + np.diag(np.maximum(posed.precision, NEAR))


def log_found(design: Floats, beta: Floats) -> Floats:
    """`log W` of coefficients (..., p): logarithm of the odds to be on a list."""
    from scipy.special import logsumexp

    return np.asarray(logsumexp(beta @ design.T, axis=-1))


def draw_hidden_people(
    generator: np.random.Generator, people: float, log_odds: Floats, extra: float, odds: float, most: float
) -> Floats:
    """Hidden people, exactly, given `log W` (any shape): negative binomial, up to `most`.

    Parameters
    ----------
    generator : source of random numbers
    people : float, people seen
    log_odds : (...) log W
    extra, odds, most : prior of the population, as `priors.read_conjugate` has it, `most` being of the hidden
    """
    from scipy.special import expit
    from scipy.stats import nbinom

    missed = expit(-log_odds)
    reached = expit(log_odds) + missed * (1.0 - odds)
    if np.isfinite(most):
        top = nbinom.cdf(most, people + extra, reached)
        drawn = nbinom.ppf(generator.random(missed.shape) * top, people + extra, reached)
        return np.asarray(np.clip(drawn, 0.0, most))
    mean = generator.standard_gamma(people + extra, missed.shape) * missed * odds / reached
    return np.asarray(generator.poisson(np.minimum(mean, 1e15)), dtype=float)
