"""Strata that share how their lists depend on one another: data, coordinates to sample in, and a stratum left out.

In stratum g `eta(x) = sum of main effects of g over lists in x + sum of interactions of g over pairs in x`. Main
effects belong to the stratum alone. A list that nobody of a stratum is on does not operate there: histories with it
cannot occur (structural zeros), and its effects in that stratum mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks
from hiddenpop.numerics.loglinear_posterior import (
    MAIN_MEAN,
    MAIN_SD,
    LoglinearPosterior,
    build_design,
    count_cells,
    find_coordinates,
)

STEPS = 30


@dataclass(frozen=True)
class Strata:
    """G strata with the same K lists.

    Attributes
    ----------
    main, pairs : (m, K), (m, P) designs over all m histories but the empty one
    counts : (G, m) people
    possible : (G, m) bool, can the history occur?
    """

    main: Floats
    pairs: Floats
    counts: Floats
    possible: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

    def without(self, g: int) -> Strata:
        """All strata but one."""
        rest = np.arange(self.counts.shape[0]) != g
        return Strata(self.main, self.pairs, self.counts[rest], self.possible[rest])


@dataclass(frozen=True)
class Coordinates:
    """Main effects of stratum g: `mode + scale z + slope (interactions - centre)`, z roughly standard normal.

    Attributes
    ----------
    mode : (G, K)
    scale : (G, K, K)
    slope : (G, K, P)
    centre : (G, P) interactions at the mode of each stratum by itself
    """

    mode: Floats
    scale: Floats
    slope: Floats
    centre: Floats

    def main_effects(self, z: Floats, interactions: Floats) -> Floats:
        """(..., G, K) of z (..., G, K) and interactions (..., G, P)."""
        moved = np.einsum("gkp,...gp->...gk", self.slope, interactions - self.centre)
        return np.asarray(self.mode + np.einsum("gkl,...gl->...gk", self.scale, z) + moved)


def pose_strata(histories: Masks, counts: Counts, stratum: Counts, n_lists: int) -> Strata:
    """Arrange (history, stratum) cells by stratum."""
    cells = np.arange(1, 1 << n_lists, dtype=np.int64)
    main = build_design(cells, np.array([1 << i for i in range(n_lists)], dtype=np.int64))
    pairs = build_design(cells, np.array([1 << i | 1 << j for i, j in combinations(range(n_lists), 2)], dtype=np.int64))
    groups = range(int(stratum.max()) + 1)
    people = np.array([count_cells(cells, histories[stratum == g], counts[stratum == g]) for g in groups])
    absent = people @ main == 0.0
    return Strata(main, pairs, people, (absent.astype(float) @ main.T) == 0.0)


def find_strata_coordinates(strata: Strata, interaction_sd: float) -> Coordinates:
    """Coordinates from each stratum by itself; only the speed of a sampler depends on them."""
    lists, size = strata.main.shape[1], strata.pairs.shape[1]
    prior = np.concatenate([np.full(lists, MAIN_MEAN), np.zeros(size)])
    precision = np.concatenate([np.full(lists, MAIN_SD), np.full(size, interaction_sd)]) ** -2.0
    found = []
    for people, possible in zip(strata.counts, strata.possible, strict=True):
        design = np.hstack([strata.main, strata.pairs])[possible]
        mode, scale = find_coordinates(LoglinearPosterior(design, people[possible], prior, precision))
        information = np.linalg.inv(scale @ scale.T)
        block = information[:lists, :lists]
        own = np.linalg.inv(np.linalg.cholesky(block)).T
        found.append((mode[:lists], own, -np.linalg.solve(block, information[:lists, lists:]), mode[lists:]))
    return Coordinates(*(np.array(each) for each in zip(*found, strict=True)))


def log_found_in_strata(strata: Strata, main: Floats, interactions: Floats) -> Floats:
    """`log W` (..., G) of main effects (..., G, K) and interactions (..., G, P)."""
    from scipy.special import logsumexp

    eta = main @ strata.main.T + interactions @ strata.pairs.T
    return np.asarray(logsumexp(np.where(strata.possible, eta, -np.inf), axis=-1))


def draw_main_effects(strata: Strata, g: int, interactions: Floats, generator: np.random.Generator) -> Floats:
    """Main effects (S, K) of a stratum given its interactions (S, P): normal around their conditional mode."""
    possible = strata.possible[g]
    people: Floats = np.asarray(strata.counts[g])[possible]
    design, offset = strata.main[possible], interactions @ strata.pairs[possible].T
    main = np.full((interactions.shape[0], design.shape[1]), MAIN_MEAN)
    for _ in range(STEPS):
        eta = main @ design.T + offset
        chance = np.exp(eta - eta.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        centre = chance @ design
        gradient = people @ design - people.sum() * centre - (main - MAIN_MEAN) / MAIN_SD**2
        spread = np.einsum("sm,mk,ml->skl", chance, design, design) - centre[:, :, None] * centre[:, None, :]
        information = people.sum() * spread + np.eye(design.shape[1]) / MAIN_SD**2
        step = np.asarray(np.linalg.solve(information, gradient[..., None]))[..., 0]
        main += step / np.maximum(1.0, np.abs(step).max(axis=1, keepdims=True))
    noise = np.asarray(generator.standard_normal(main.shape))[..., None]
    lower = np.linalg.cholesky(information)
    return np.asarray(main + np.linalg.solve(lower.transpose(0, 2, 1), noise).reshape(main.shape))
