"""Doubly robust estimation of the number of people on no list, from lists that are independent given covariates.

Among known people let `q_h(x)` be the chance of history h. If lists have no highest-order interaction given x (two
lists: are independent), hidden people per known person are `r(x) = prod over h of q_h^s_h`, with sign `s_h` + for
histories of an odd number of lists and - for an even one. Its influence function is `phi = r s_h / q_h` for a person
of history h (Das, Kennedy and Jewell 2024, doi 10.1093/jrsssb/qkad150, for two lists).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hiddenpop.arrays import Counts, Floats, popcount
from hiddenpop.numerics.history_logit import LogitProblem, fit_history_logit

RIDGE = 1.0
LEAST = 1e-12  # chance of a history that is multiplied by
ROUNDS = 250
SETTLED = 1e-3  # mean of the influence that may remain, in standard errors


@dataclass(frozen=True, eq=False)
class Influence:
    """Hidden people per known person.

    Attributes
    ----------
    ratio : float, N / n
    se : float, of N: variation of the influence, and of the number known
    largest : float, share of N that the most influential person brings
    clipped : float, share of known people with a chance below the margin
    """

    ratio: float
    se: float
    largest: float
    clipped: float


def within(matrix: Counts, among: int) -> tuple[Counts, Floats]:
    """Known people by history within some lists, and the sign of each history.

    Parameters
    ----------
    matrix : (G, 2^K) people by stratum and history
    among : mask of lists

    Returns
    -------
    counts (G, H) with a last column for people on other lists, if there are any; signs (H,): +1 for an odd number of
    lists, -1 for an even one, 0 for the last column
    """
    histories = np.arange(1, matrix.shape[1])
    inside = histories[(histories & ~among) == 0]
    signs = np.where(popcount(inside) % 2, 1.0, -1.0)
    counts = matrix[:, inside]
    others = matrix.sum(axis=1) - counts.sum(axis=1)
    return (np.c_[counts, others], np.r_[signs, 0.0]) if others.any() else (counts, signs)


def split_people(counts: Counts, folds: int, seed: int) -> Counts:
    """(F, G, H) people at random in F folds of equal size, of every history alike."""
    rng = np.random.default_rng(seed)
    cells = np.repeat(np.arange(counts.size), counts.ravel())
    shuffled = cells[rng.permutation(cells.size)]
    shuffled = shuffled[np.argsort(shuffled % counts.shape[1], kind="stable")]
    places = np.arange(cells.size) % folds * counts.size + shuffled
    return np.bincount(places, minlength=folds * counts.size).reshape(folds, *counts.shape)


def cross_fitted(z: Floats, parts: Counts, nested: Sequence[int]) -> Floats:
    """(F, G, H) chances of histories for the people of each fold, learned from the people of the others (all if F = 1).

    Parameters
    ----------
    z : (G, q) covariates of strata, with orthonormal columns
    parts : (F, G, H) people; every history has somebody
    nested : numbers of leading columns to choose from, in every fold by AIC
    """
    total = parts.sum(axis=0)
    shares = np.log(total.sum(axis=0) / total.sum())
    learned = [total - part if len(parts) > 1 else part for part in parts]
    return np.array([_chances(z, some.astype(float), shares, nested) for some in learned])


def _chances(z: Floats, counts: Floats, shares: Floats, nested: Sequence[int]) -> Floats:
    terms = np.eye(shares.size)[:, 1:]
    flags = [np.ones((shares.size - 1, columns), dtype=bool) for columns in nested]
    fits = [
        fit_history_logit(LogitProblem(z[:, : free.shape[1]], counts, terms, free, shares, RIDGE)) for free in flags
    ]
    return min(fits, key=lambda fit: fit.values.size - fit.log_likelihood).chances


def one_step(chances: Floats, counts: Counts, signs: Floats, margin: float) -> Influence:
    """The plug-in estimate, corrected by the mean of its influence function.

    Parameters
    ----------
    chances : (m, H) of histories, of strata in folds
    counts : (m, H) people
    signs : (H,)
    margin : float, least chance that is divided by
    """
    _, phi = _influence(chances, signs, margin)
    return _summed(phi, counts, float((counts * phi).sum() / counts.sum()), chances, signs, margin)


def plug_in(chances: Floats, counts: Counts, signs: Floats, margin: float) -> Influence:
    """The mean of `r(x)` as it stands; its standard error is that of the one-step estimate."""
    ratio, phi = _influence(chances, signs, margin)
    return _summed(phi, counts, float((counts.sum(axis=1) * ratio).sum() / counts.sum()), chances, signs, margin)


def targeted(chances: Floats, counts: Counts, signs: Floats, margin: float) -> Influence:
    """Targeted maximum likelihood: chances tilted along the influence until its mean vanishes, then the plug-in."""
    known = counts.sum()
    for _ in range(ROUNDS):
        _, phi = _influence(chances, signs, margin)
        direction = np.where(chances >= np.where(signs < 0.0, margin, 0.0), phi, 0.0)
        rest = direction - (chances * direction).sum(axis=1, keepdims=True)
        mean = (counts * rest).sum() / known
        if abs(mean) <= SETTLED * ((counts * rest**2).sum() / known**2) ** 0.5:
            break
        chances = _tilted(chances, counts, rest / np.abs(rest).max())
    return plug_in(chances, counts, signs, margin)


def _tilted(chances: Floats, counts: Counts, direction: Floats) -> Floats:
    """`chances exp(e direction)`, with the e of largest likelihood."""
    from scipy.optimize import minimize_scalar

    people = counts.sum(axis=1)

    def height(e: float) -> float:
        return float(people @ np.log((chances * np.exp(e * direction)).sum(axis=1)) - e * (counts * direction).sum())

    moved = chances * np.exp(minimize_scalar(height, bracket=(-0.01, 0.01)).x * direction)
    return np.asarray(moved / moved.sum(axis=1, keepdims=True))


def _influence(chances: Floats, signs: Floats, margin: float) -> tuple[Floats, Floats]:
    """`(r (m,), phi (m, H))`."""
    held = np.maximum(chances, np.where(signs < 0.0, margin, LEAST))
    ratio = np.exp(np.log(held) @ signs)
    return ratio, ratio[:, None] * signs / held


def _summed(phi: Floats, counts: Counts, hidden: float, chances: Floats, signs: Floats, margin: float) -> Influence:
    known = float(counts.sum())
    people_at = counts.sum(axis=1)
    seen = (counts * phi**2).sum() / known - ((counts * phi).sum() / known) ** 2
    expected = (
        people_at @ (chances * phi**2).sum(axis=1) / known - (people_at @ (chances * phi).sum(axis=1) / known) ** 2
    )
    variance = max(seen, expected)
    ratio = 1.0 + hidden
    people = counts > 0
    clipped = ((chances < margin) & (signs < 0)).any(axis=1)
    return Influence(
        ratio=ratio,
        se=float((known * variance + known * ratio * max(hidden, 0.0)) ** 0.5),
        largest=float(np.abs(phi[people]).max() / (known * ratio)),
        clipped=float(counts[clipped].sum() / known),
    )
