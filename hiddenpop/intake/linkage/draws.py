"""Pairs as people: clusters of records, at a threshold or drawn with the probabilities of the pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hiddenpop.arrays import Counts, Flags, Floats

MOST_ROUNDS = 500
NEAR = 1e-6
LIKELY = 0.5
MATTERS = (0.05, 0.1, 0.2, 0.4)  # from which probability pairs hang together; the next where too many records would
TOGETHER = 100  # records that may hang together
NOWHERE = -1  # a slot that is always empty


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
        records = np.where(swapped, (right[first], left[first]), (left[first], right[first]))
        of, other = self.list[records]
        slots = (pairs[0] * sizes.size + other, pairs[1] * sizes.size + of)
        return _Between(odds, slots, records, np.stack([of, other]), sizes, place)

    def cluster(self, chosen: Flags) -> Counts:
        """(n,) number of the person of each record, if these pairs are linked."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        left, right = self.left[chosen], self.right[chosen]
        graph = coo_array((np.ones(left.size, dtype=np.int8), (left, right)), shape=(self.list.size, self.list.size))
        return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)

    def draw(self, number: int, generator: np.random.Generator) -> Iterator[Counts]:
        """People (n,) of each record, drawn one time after the other.

        Pairs that matter and hang together share one uniform number: what speaks for one link of a record speaks
        for its others. An improbable pair makes nothing hang together: it goes by the number of that of its ends where
        it has more to contend with. Of pairs that exclude one another one is drawn, or none.
        """
        whole, people = self._whole, self._between
        begin, shared = np.zeros(self.odds.size), whole[self.left]
        begin[~self.within], shared[~self.within] = (one[people.place] for one in self._stack(whole))
        end = begin + self.probability
        for _ in range(number):
            uniform = generator.random(whole.max(initial=0) + 1)[shared]
            chosen = (begin <= uniform) & (uniform < end)
            drawn = np.zeros(self._once.size, dtype=bool)
            drawn[people.place[chosen[~self.within]]] = True
            chosen[~self.within] &= _alone(drawn, self._once, people.slots)[people.place]
            yield self.cluster(chosen)

    @cached_property
    def _whole(self) -> Counts:
        """(n,) number of what each record hangs together with by pairs that matter."""
        joins = self.probability >= MATTERS[0]
        whole = self.cluster(joins)
        for bound in MATTERS[1:]:
            many = np.bincount(whole)[whole[self.left]] > TOGETHER
            joins &= ~many | (self.probability >= bound)
            whole = self.cluster(joins)
        return whole

    def _stack(self, whole: Counts) -> tuple[Floats, Counts]:
        """Of pairs of people: where the part of the unit interval of each begins, and whose number it goes by."""
        people = self._between
        ends = whole[people.ends]
        apart = ends[0] != ends[1]
        _, places = np.unique(np.stack(people.slots), return_inverse=True)
        contended = np.bincount(places.ravel(), np.tile(np.where(apart, 0.0, self._once), 2))[places]
        by_second = contended[1] > contended[0]
        slots = (
            np.where(apart & by_second, NOWHERE, people.slots[0]),
            np.where(apart & ~by_second, NOWHERE, people.slots[1]),
        )
        return _begin(self._once, slots, self._order(apart)), np.where(by_second, ends[1], ends[0])

    def _order(self, last: Flags) -> Counts:
        """Pairs of people, the likely first, and together those that ask whether the same two are one person.

        For this, records that likely are of one person count as one.
        """
        person = self.cluster(self.probability >= LIKELY)[self._between.ends]
        question = np.unique(np.sort(person, axis=0), axis=1, return_inverse=True)[1]
        best = np.zeros(question.max(initial=0) + 1)
        np.maximum.at(best, question, self._once)
        return np.lexsort((-self._once, question, -best[question], last))


@dataclass(frozen=True, eq=False)
class _Between:
    """Pairs of people of two lists.

    Attributes
    ----------
    odds : (q,) the best of their entries
    slots : two (q,), each person with the list of the other: what can be filled only once
    ends : (2, q) a record of either person
    lists : (2, q) of the two people
    sizes : people of each list
    place : (m,) the pair of people of each pair of entries
    """

    odds: Floats
    slots: tuple[Counts, Counts]
    ends: Counts
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


def _begin(probability: Floats, slots: tuple[Counts, Counts], order: Counts) -> Floats:
    """(q,) where each pair begins, if one after the other takes what its slots have left."""
    begin = np.zeros(probability.size)
    filled = {NOWHERE: 0.0}
    columns = (one[order].tolist() for one in slots)
    for pair, width, first, second in zip(order.tolist(), probability[order].tolist(), *columns, strict=True):
        begin[pair] = at = max(filled.get(first, 0.0), filled.get(second, 0.0))
        filled[first] = filled[second] = at + width
        filled[NOWHERE] = 0.0
    return begin


def _alone(drawn: Flags, probability: Floats, slots: tuple[Counts, Counts]) -> Flags:
    """(q,) those drawn, without those of which a likelier one fills a slot."""
    order = np.flatnonzero(drawn)[np.argsort(-probability[drawn], kind="stable")]
    both = np.stack(slots, axis=1)[order]
    free = np.zeros(both.size, dtype=bool)
    free[np.unique(both, return_index=True)[1]] = True
    kept = np.zeros(drawn.size, dtype=bool)
    kept[order[free.reshape(both.shape).all(axis=1)]] = True
    return kept
