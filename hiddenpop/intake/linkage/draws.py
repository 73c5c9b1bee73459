"""Pairs as people: clusters of records, at a threshold or drawn with the probabilities of the pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hiddenpop.arrays import Counts, Flags, Floats

MOST_ROUNDS = 500
NEAR = 1e-6
LIKELY = 0.5


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
    def probability(self) -> Floats:
        """(m,) probability of each pair.

        A person is on another list once, or not at all, so that pairs which share a person and a list exclude one
        another; pairs of one list, entries made twice, are excluded by nothing. How many links there are within lists,
        and between every two, is found from the pairs themselves by expectation and maximisation.
        """
        found = np.zeros(self.odds.size)
        found[self.within] = self._twice
        found[~self.within] = self._once[self._between.place]
        return found

    @cached_property
    def _twice(self) -> Floats:
        """Probability of each pair of one list."""
        sizes = np.bincount(self.list).astype(float)
        return _weigh_within(self.odds[self.within], float((sizes * (sizes - 1.0)).sum() / 2.0))

    @cached_property
    def _once(self) -> Floats:
        """Probability of each pair of people of two lists."""
        return _weigh_between(self._between)

    @cached_property
    def _between(self) -> _Between:
        """Pairs of people of two lists: entries that were likely made twice are one person."""
        likely = self.within.copy()
        likely[self.within] = self._twice >= LIKELY
        person = self.cluster(likely)
        left, right = self.left[~self.within], self.right[~self.within]
        ends = np.sort(np.stack([person[left], person[right]]), axis=0)
        pairs, first, place = np.unique(ends, axis=1, return_index=True, return_inverse=True)
        odds = np.zeros(pairs.shape[1])
        np.maximum.at(odds, place, self.odds[~self.within])
        sizes = np.bincount(np.unique(np.stack([person, self.list]), axis=1)[1]).astype(float)
        swapped = person[left][first] != pairs[0]
        of = np.where(swapped, self.list[right][first], self.list[left][first])
        other = np.where(swapped, self.list[left][first], self.list[right][first])
        return _Between(
            odds, (pairs[0] * sizes.size + other, pairs[1] * sizes.size + of), np.stack([of, other]), sizes, place
        )

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
        place = whole[self.left]
        begin = np.zeros(self.odds.size)
        begin[~self.within] = _begin(self._once, self._between.slots)[self._between.place]
        end = begin + self.probability
        for _ in range(number):
            uniform = generator.random(whole.max(initial=0) + 1)[place]
            yield self.cluster((begin <= uniform) & (uniform < end))


@dataclass(frozen=True, eq=False)
class _Between:
    """Pairs of people of two lists.

    Attributes
    ----------
    odds : (q,) the best of their entries
    slots : two (q,), each person with the list of the other: what can be filled only once
    lists : (2, q) of the two people
    sizes : people of each list
    place : (m,) the pair of people of each pair of entries
    """

    odds: Floats
    slots: tuple[Counts, Counts]
    lists: Counts
    sizes: Floats
    place: Counts


def _weigh_within(odds: Floats, possible: float) -> Floats:
    """(q,) probabilities from Bayes factors, and from the share of possible pairs that they make up together."""
    prior, found = max(1.0, float((odds > 1.0).sum())) / max(possible, 2.0), np.zeros(odds.size)
    for _ in range(MOST_ROUNDS):
        before, weight = found, prior / (1.0 - prior) * odds
        found = weight / (1.0 + weight)
        prior = float(np.clip(found.sum() / max(possible, 1.0), 1e-15, 0.5))
        if np.abs(found - before).max(initial=0.0) < NEAR:
            break
    return found


def _weigh_between(people: _Between) -> Floats:
    """(q,) probabilities of links of which a person has at most one to each other list.

    With M links between lists of n and k people, two people are linked beforehand with M/(n k), and both are free with
    (1 - M/n)(1 - M/k) (Sadinle 2017, doi 10.1080/01621459.2016.1148612).
    """
    first, second = people.lists
    pair = np.minimum(first, second) * people.sizes.size + np.maximum(first, second)
    _, group = np.unique(pair, return_inverse=True)
    n, k = people.sizes[first], people.sizes[second]
    places = [np.unique(slot, return_inverse=True)[1] for slot in people.slots]
    found = np.where(people.odds * 10.0 > np.minimum(n, k), 0.9, 0.0)
    for _ in range(MOST_ROUNDS):
        links = np.clip(np.bincount(group, found)[group], 1e-3, 0.99 * np.minimum(n, k))
        before, weight = found, people.odds * links / (n * k) / ((1.0 - links / n) * (1.0 - links / k))
        found = weight / (1.0 + sum((np.bincount(at, weight)[at] for at in places), -weight))
        if np.abs(found - before).max(initial=0.0) < NEAR:
            break
    return found


def _begin(probability: Floats, slots: Sequence[Counts]) -> Floats:
    """(q,) where the part of the unit interval of a pair begins: rivals one after the other, the likely first."""
    begin = np.zeros(probability.size)
    for slot in slots:
        order = np.lexsort((-probability, slot))
        before = np.cumsum(probability[order]) - probability[order]
        first = np.r_[True, slot[order][1:] != slot[order][:-1]][: order.size]
        start = np.maximum.accumulate(np.where(first, before, 0.0))
        begin[order] = np.maximum(begin[order], before - start)
    return begin
