"""Pairs as people: clusters of records, at a threshold or drawn with the probabilities of the pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hiddenpop.arrays import Counts, Flags, Floats

MOST_ROUNDS = 500
NEAR = 1e-6


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of records that may be of one person.

    Attributes
    ----------
    list : (n,) list of each record
    left, right : (m,) records
    odds : (m,) what speaks for a pair against what speaks against it: the Bayes factor
    """

    list: Counts
    left: Counts
    right: Counts
    odds: Floats

    @cached_property
    def within(self) -> Flags:
        """(m,) is it a pair of one list?"""
        return np.asarray(self.list[self.left] == self.list[self.right])

    @cached_property
    def slots(self) -> tuple[Counts, Counts]:
        """(m,) of each pair: what its left record may be only once, one person of the other list; and its right."""
        lists = int(self.list.max()) + 1
        return self.left * lists + self.list[self.right], self.right * lists + self.list[self.left]

    @cached_property
    def probability(self) -> Floats:
        """(m,) probability of each pair.

        A person is on another list once, or not at all, so pairs that share a record and a list exclude one another;
        pairs of one list are entries made twice, and excluded by nothing. How many pairs of each kind there are is
        found from the pairs themselves (expectation and maximisation of two prior shares).
        """
        sizes = np.bincount(self.list).astype(float)
        inside = float((sizes * (sizes - 1.0)).sum() / 2.0)
        possible = np.array([sizes.sum() * (sizes.sum() - 1.0) / 2.0 - inside, inside])
        kind = self.within.astype(int)
        prior = np.full(2, max(1.0, float((self.odds > 1.0).sum())) / possible.sum())
        found = np.zeros(self.odds.size)
        for _ in range(MOST_ROUNDS):
            before, weight = found, (prior / (1.0 - prior))[kind] * self.odds
            rivals = self._rivals(weight)
            found = weight / (1.0 + np.where(self.within, weight, rivals))
            prior = np.clip(np.bincount(kind, found, minlength=2) / np.maximum(possible, 1.0), 1e-15, 0.5)
            if np.abs(found - before).max(initial=0.0) < NEAR:
                break
        return found

    def _rivals(self, weight: Floats) -> Floats:
        """(m,) weight of all pairs between two lists that share a record with a pair, its own included once."""
        total = -weight
        for slot in self.slots:
            _, place = np.unique(slot, return_inverse=True)
            total = total + np.bincount(place, np.where(self.within, 0.0, weight))[place]
        return total

    def cluster(self, chosen: Flags) -> Counts:
        """(n,) number of the person of each record, if these pairs are linked."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        left, right = self.left[chosen], self.right[chosen]
        graph = coo_array((np.ones(left.size, dtype=np.int8), (left, right)), shape=(self.list.size, self.list.size))
        return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)

    def draw(self, number: int, generator: np.random.Generator) -> Iterator[Counts]:
        """People (n,) of each record, drawn one time after the other.

        Pairs that hang together, over pairs however improbable, share one uniform number: what speaks for one link of a
        record speaks for its others. Of pairs that exclude one another one is drawn, or none.
        """
        whole = self.cluster(np.ones(self.odds.size, dtype=bool))
        place, begin, end = whole[self.left], *self._ranges()
        for _ in range(number):
            uniform = generator.random(whole.max(initial=0) + 1)[place]
            yield self.cluster((begin <= uniform) & (uniform < end))

    def _ranges(self) -> tuple[Floats, Floats]:
        """(m,) the part of the unit interval in which a pair is linked: rivals one after the other, the likely first."""
        begin = np.zeros(self.odds.size)
        for slot in self.slots:
            order = np.lexsort((-self.probability, slot))
            order = order[~self.within[order]]
            before = np.cumsum(self.probability[order]) - self.probability[order]
            first = np.r_[True, slot[order][1:] != slot[order][:-1]]
            start = np.maximum.accumulate(np.where(first, before, 0.0))
            begin[order] = np.maximum(begin[order], before - start)
        return begin, begin + self.probability
