"""A log-linear model of lists in strata, in some of which a list does not run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from hiddenpop.arrays import Counts, Flags, Floats, memberships
from hiddenpop.errors import ConvergenceError
from hiddenpop.numerics.composite import UNSEEN, Composite, CompositeFit, fit_composite

MOST_HIDDEN = 1e15

Term = tuple[int, int]  # mask of lists, and stratum; -1 for all strata


@dataclass(frozen=True, eq=False)
class StrataModel:
    """The model, whatever the counts.

    Attributes
    ----------
    runs : (S, K) bool, does the list run in the stratum
    pairs : masks of the lists that may depend on each other, alike in all strata
    varying : positions of lists whose chances differ between strata
    """

    runs: Flags
    pairs: tuple[int, ...]
    varying: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PosedStrata:
    """The model met with counts.

    Attributes
    ----------
    terms : of the coefficients: intercept, strata but the first, lists, pairs, lists by stratum
    removed : terms at minus infinity
    problem : Composite
    counts : (o,) people
    place : (c,) of each full cell in the people (S, 2^K), flat; at the empty history for those that nobody sees
    shape : (S, 2^K)
    start : (p,) coefficients to start from
    """

    terms: tuple[Term, ...]
    removed: tuple[Term, ...]
    problem: Composite
    counts: Floats
    place: Counts
    shape: tuple[int, int]
    start: Floats

    def hidden(self, full: Floats) -> Floats:
        """(S,) people seen by no list, from the means of all cells."""
        return self.collect(full)[:, 0]

    def collect(self, full: Counts | Floats) -> Floats:
        """(S, 2^K) cells (c,) by stratum and the history that is seen of them."""
        sums = np.bincount(self.place, full, minlength=self.shape[0] * self.shape[1])
        return np.asarray(sums, dtype=float).reshape(self.shape)


def pose_strata_model(model: StrataModel, people: Counts) -> PosedStrata:
    """Meet the model with people (S, 2^K) by stratum and history; a list has no history where it does not run.

    A pair that nobody shares, and a varying list with nobody in a stratum where it runs, are at minus infinity: their
    cells leave the model.
    """
    n_strata, n_lists = model.runs.shape
    on = memberships(np.arange(1 << n_lists), n_lists)
    sizes = people @ on
    stratum, history = (axis.ravel() for axis in np.indices(people.shape))
    dead = np.zeros(stratum.size, dtype=bool)
    removed: list[Term] = []
    terms: list[Term] = [(0, -1), *((0, s) for s in range(1, n_strata)), *((1 << j, -1) for j in range(n_lists))]
    for pair in model.pairs:
        with_both = history & pair == pair
        if people.ravel()[with_both].sum():
            terms.append((pair, -1))
        else:
            removed.append((pair, -1))
            dead |= with_both
    for j in model.varying:
        here = [s for s in range(n_strata) if model.runs[s, j]]
        nobody = [s for s in here if not sizes[s, j]]
        removed += [(1 << j, s) for s in nobody]
        dead |= np.isin(stratum, nobody) & (history >> j & 1 == 1)
        terms += [(1 << j, s) for s in [s for s in here if s not in nobody][1:]]
    stratum, history = stratum[~dead], history[~dead]
    columns = [((history & mask) == mask) & ((stratum == s) | (s < 0)) for mask, s in terms]
    key = history & (model.runs @ (1 << np.arange(n_lists)))[stratum]
    place = stratum * people.shape[1] + key
    seen_as = np.full(key.size, UNSEEN)
    known, seen_as[key > 0] = np.unique(place[key > 0], return_inverse=True)
    problem = Composite(np.column_stack(columns).astype(float), seen_as)
    start = _start(model, terms, sizes, people)
    counts = people.ravel()[known].astype(float)
    return PosedStrata(tuple(terms), tuple(removed), problem, counts, place, people.shape, start)


def _start(model: StrataModel, terms: Sequence[Term], sizes: Counts, people: Counts) -> Floats:
    """Independent lists in a population twice as large as the people seen."""
    here = np.maximum(people.sum(axis=1), 0.5)
    share = np.clip(sizes.sum(axis=0) / (2.0 * (model.runs.T @ here)), 1e-9, 0.5)
    found = {(1 << j, -1): float(np.log(p / (1.0 - p))) for j, p in enumerate(share)}
    found |= {(0, s): float(np.log(n / here[0])) for s, n in enumerate(here)}
    found[0, -1] = float(np.log(2.0 * here[0] * np.prod(1.0 - share)))
    return np.array([found.get(term, 0.0) for term in terms])


def fit_strata_model(model: StrataModel, people: Counts) -> tuple[PosedStrata, CompositeFit]:
    """Meet the model with people (S, 2^K) and fit it.

    Raises
    ------
    ConvergenceError
        If the likelihood has no largest value that could be reached.
    """
    posed = pose_strata_model(model, people)
    return posed, fit_composite(posed.problem, posed.counts, posed.start)


def draw_strata(posed: PosedStrata, fit: CompositeFit, people: Counts, draws: int, seed: int | None) -> Floats:
    """(S, G) populations of strata: coefficients from their normal distribution, hidden people given their means."""
    generator = np.random.default_rng(seed)
    betas = generator.multivariate_normal(fit.beta, fit.covariance, size=draws)
    unseen = posed.problem.seen_as == UNSEEN
    means = np.exp(betas @ posed.problem.design[unseen].T)
    stratum = posed.place[unseen] // posed.shape[1]
    hidden = means @ (stratum[:, None] == np.arange(posed.shape[0]))
    drawn: Floats = people.sum(axis=1) + generator.poisson(np.minimum(hidden, MOST_HIDDEN)).astype(float)
    return drawn


def resample_strata(model: StrataModel, posed: PosedStrata, full: Floats, replicates: int, seed: int | None) -> Floats:
    """(B, G) populations of the strata found again in tables drawn from a fit; NaN where there is none."""
    generator = np.random.default_rng(seed)
    found = np.full((replicates, posed.shape[0]), np.nan)
    for place in range(replicates):
        people = posed.collect(generator.multinomial(round(full.sum()), full / full.sum())).astype(np.int64)
        people[:, 0] = 0
        with suppress(ConvergenceError):
            again, fit = fit_strata_model(model, people)
            found[place] = people.sum(axis=1) + again.hidden(fit.full)
    return found
