"""The hierarchical models of a set of lists: their possible terms, all of them one by one, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hiddenpop.arrays import Masks, frozen, popcount
from hiddenpop.numerics.terms import sort_key

Members = NDArray[np.int8]

MOST_ENUMERATED = 5
# Hierarchical models of K lists with every main effect: OEIS A006126, less the saturated one.
KNOWN_NUMBERS = {6: 7_785_061, 7: 2_414_627_396_433}


@dataclass(frozen=True)
class Space:
    """Terms that a search may use.

    Attributes
    ----------
    n_lists : int, K
    max_order : int, most lists in a term
    terms : (T,) masks by order and position: the empty one, K main effects, then the interactions
    facets : (T, K) rows of the terms with one list fewer, -1 where there is none
    """

    n_lists: int
    max_order: int
    terms: Masks
    facets: Masks

    @property
    def first(self) -> int:
        """Row of the first interaction."""
        return 1 + self.n_lists

    @property
    def independence(self) -> Members:
        """(T,) members of the model without interactions."""
        return (np.arange(self.terms.size) < self.first).astype(np.int8)

    @property
    def all_pairs(self) -> Members:
        """(T,) members of the model with every pair of lists, as far as the order allows."""
        return (popcount(self.terms) <= 2).astype(np.int8)

    def members(self, model: tuple[int, ...]) -> Members:
        """(T,) one for the terms of a model given by masks."""
        return np.isin(self.terms, model).astype(np.int8)


@lru_cache(maxsize=64)
def build_space(n_lists: int, max_order: int) -> Space:
    """All terms of up to `max_order` of `n_lists` lists."""
    every = np.arange(1 << n_lists, dtype=np.int64)
    chosen = every[popcount(every) <= max_order].tolist()
    terms = sorted(chosen, key=sort_key)
    row = {mask: i for i, mask in enumerate(terms)}
    facets = np.full((len(terms), n_lists), -1, dtype=np.int64)
    for i, mask in enumerate(terms):
        for j in range(n_lists):
            if mask >> j & 1 and mask != 1 << j:
                facets[i, j] = row[mask ^ 1 << j]
    return Space(n_lists, max_order, frozen(terms), frozen(facets))


@lru_cache(maxsize=16)
def enumerate_models(n_lists: int, max_order: int) -> Members:
    """Every hierarchical model with all main effects, one row each; shape (models, T). At most five lists."""
    space = build_space(n_lists, max_order)
    rows = np.zeros((1, space.terms.size), dtype=np.int8)
    rows[:, : space.first] = 1
    for term in range(space.first, space.terms.size):
        below = space.facets[term][space.facets[term] >= 0]
        more = rows[rows[:, below].all(axis=1)].copy()
        more[:, term] = 1
        rows = np.concatenate([rows, more])
    return frozen(rows, np.int8)


def count_models(n_lists: int, max_order: int) -> int | None:
    """Number of hierarchical models, or None where it is not known."""
    if n_lists <= MOST_ENUMERATED:
        return len(enumerate_models(n_lists, max_order))
    if max_order <= 2:
        return int(2 ** ((max_order - 1) * n_lists * (n_lists - 1) // 2))
    return KNOWN_NUMBERS.get(n_lists) if max_order == n_lists - 1 else None
