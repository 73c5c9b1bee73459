"""Poisson counts of which only sums are seen: lists that do not run everywhere, covariates that a list does not record.

Every person belongs to a cell of a full table, with mean `mu = exp(X b)`. An observed count is the sum of some cells;
other cells are seen by nobody. Fisher scoring of the likelihood of what is observed gives the estimate to which the EM
algorithm converges (Thompson and Baker 1981, doi 10.2307/2346381), in a few steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hiddenpop.arrays import Counts, Flags, Floats
from hiddenpop.errors import ConvergenceError, NotEstimableError, some_of

UNSEEN = -1
MOST_STEPS = 500
MOST_HALVINGS = 40
NEAR = 1e-13  # squared length of a step, in standard errors
LOOSE = 1e-9  # ridge of a step, relative; the answer does not depend on it
FLAT = 1e-9  # smallest eigenvalue of information that counts, with a unit diagonal
JITTER = 0.1
ROUNDING = 1e-13
PART = 1e-4  # of a direction of length 1, from which a coefficient belongs to it


@dataclass(frozen=True, eq=False)
class Composite:
    """What is modelled and what of it is seen.

    Attributes
    ----------
    design : (c, p) of the full cells
    seen_as : (c,) observed count that each full cell is part of, `UNSEEN` for none; each of 0..o-1 occurs
    offset : (c,) known part of the log-means, or 0
    """

    design: Floats
    seen_as: Counts
    offset: Floats | float = 0.0

    @cached_property
    def order(self) -> Counts:
        """Cells that are seen, those of one count together."""
        found = np.argsort(self.seen_as, kind="stable")
        return np.asarray(found[np.count_nonzero(self.seen_as == UNSEEN) :])

    @cached_property
    def starts(self) -> Counts:
        """(o,) where each count begins in `order`."""
        of = self.seen_as[self.order]
        return np.flatnonzero(np.r_[True, of[1:] != of[:-1]])

    def means(self, beta: Floats) -> tuple[Floats, Floats]:
        """`(full (c,), observed (o,))` at coefficients (p,)."""
        full = np.exp(self.design @ beta + self.offset)
        return full, np.add.reduceat(full[self.order], self.starts)

    def gradient(self, full: Floats) -> Floats:
        """(o, p) derivatives of the observed means."""
        return np.add.reduceat(full[self.order, None] * self.design[self.order], self.starts, axis=0)


@dataclass(frozen=True, eq=False)
class CompositeFit:
    """A fit.

    Attributes
    ----------
    beta : (p,) coefficients
    covariance : (p, p) of them
    full : (c,) means of all cells
    observed : (o,) means of the counts
    steps : int
    """

    beta: Floats
    covariance: Floats
    full: Floats
    observed: Floats
    steps: int


def loose_terms(problem: Composite, start: Floats) -> Counts:
    """Positions of coefficients that the counts cannot tell apart, whatever the counts are; empty if they can."""
    shift = JITTER * np.random.default_rng(0).standard_normal(start.size)
    full, observed = problem.means(start + shift)
    vectors, flat = _directions(_information(problem.gradient(full), observed))
    return np.flatnonzero((np.abs(vectors[:, flat]) > PART).any(axis=1))


def fit_composite(problem: Composite, counts: Floats, start: Floats) -> CompositeFit:
    """The coefficients of largest likelihood near `start`.

    Parameters
    ----------
    problem : Composite, p coefficients that the counts can tell apart (`loose_terms`)
    counts : (o,) zero or more, not all zero
    start : (p,)

    Raises
    ------
    ConvergenceError
        If no largest likelihood was reached: with some counts zero it may lie at infinity.
    """
    beta = start
    full, observed = problem.means(beta)
    height = _height(counts, observed)
    for step in range(MOST_STEPS):
        gradient = problem.gradient(full)
        information = _information(gradient, observed)
        score = gradient.T @ (counts / observed - 1.0)
        move = np.linalg.solve(information + LOOSE * np.diag(np.diagonal(information)), score)
        if score @ move < NEAR:
            if _directions(information)[1].any():
                break
            return CompositeFit(
                beta + move, np.asarray(np.linalg.inv(information)), *problem.means(beta + move), step + 1
            )
        for _ in range(MOST_HALVINGS):
            with np.errstate(over="ignore", invalid="ignore"):
                tried = problem.means(beta + move)
                new = _height(counts, tried[1]) if np.isfinite(tried[1]).all() else -np.inf
            if new >= height - ROUNDING * abs(height):
                break
            move = move / 2.0
        else:
            break
        beta, (full, observed), height = beta + move, tried, new
    raise ConvergenceError("The likelihood has no largest value that could be reached.", hint="Use a simpler model.")


def fit_told_apart(
    problem: Composite, counts: Floats, start: Floats, names: Sequence[str], *, loose: str, none: str
) -> CompositeFit:
    """The fit, or a refusal that names the terms.

    Parameters
    ----------
    problem, counts, start : as in `fit_composite`
    names : of the p coefficients
    loose, none : what to do where the counts cannot tell terms apart, and where no largest likelihood was reached

    Raises
    ------
    NotEstimableError
    """
    apart = [names[i] for i in loose_terms(problem, start)]
    if apart:
        raise NotEstimableError(
            f"The counts cannot tell these terms apart: {some_of(apart)}.",
            hint=loose,
            exists=True,
            identifiable=False,
            terms=apart,
        )
    try:
        return fit_composite(problem, counts, start)
    except ConvergenceError as error:
        raise NotEstimableError(error.message, hint=none, exists=False) from error


def hidden_variance(problem: Composite, fit: CompositeFit) -> float:
    """Of the number of people whom nobody sees: that of its mean, and of the people themselves given the mean."""
    unseen = problem.seen_as == UNSEEN
    slope = fit.full[unseen] @ problem.design[unseen]
    return float(fit.full[unseen].sum() + slope @ fit.covariance @ slope)


def misfit(counts: Floats, fit: CompositeFit) -> tuple[float, int, float | None]:
    """`(deviance, degrees of freedom, chi-square p-value)` of the counts seen; None without degrees of freedom."""
    from scipy.special import gammaincc, xlogy

    deviance = max(0.0, 2.0 * float((xlogy(counts, counts / fit.observed) - counts + fit.observed).sum()))
    df = counts.size - fit.beta.size
    return deviance, df, float(gammaincc(df / 2.0, deviance / 2.0)) if df > 0 else None


def _height(counts: Floats, observed: Floats) -> float:
    """Log-likelihood without the log-factorials."""
    some = counts > 0
    if (observed[some] <= 0.0).any():
        return -np.inf
    return float(counts[some] @ np.log(observed[some]) - observed.sum())


def _information(gradient: Floats, observed: Floats) -> Floats:
    return gradient.T @ (gradient / observed[:, None])


def _directions(information: Floats) -> tuple[Floats, Flags]:
    """`(eigenvectors, which have no information)`, with a unit diagonal."""
    diagonal = np.diagonal(information)
    scale = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(scale[:, None] * information * scale)
    return vectors, values < FLAT
