"""A hierarchical log-linear model met with data: the groups of lists it ties together, and what has to be fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks, mask_of, members, subset_sums, superset_sums
from hiddenpop.errors import OptionError
from hiddenpop.numerics.terms import components

MAX_GROUP = 20


@dataclass(frozen=True)
class Group:
    """Lists that a model ties together, with their terms in local bits: k lists, q terms, 2^k local histories.

    `allowed` is what multiplies the mean of each history: 0 where a term is at minus infinity, 1 elsewhere, or what
    fixed terms say.
    """

    lists: int
    index: Masks
    terms: Masks
    allowed: Floats

    @cached_property
    def unions(self) -> Masks:
        """(q, q) local masks `A | B`."""
        return np.bitwise_or.outer(self.terms, self.terms)

    def weights(self, beta: Floats) -> tuple[float, Floats]:
        """`(sum of weights without the empty history, superset sums of all weights)` at coefficients `beta` (q)."""
        exponents = np.zeros(self.allowed.size)
        exponents[self.terms] = beta
        weights = np.exp(subset_sums(exponents)) * self.allowed
        return float(weights[1:].sum()), superset_sums(weights)


@dataclass(frozen=True)
class Problem:
    """A hierarchical model met with data: what every fit of it needs.

    Attributes
    ----------
    n_lists : int
    terms : (p,) masks kept, the empty one first, grouped by component
    removed : masks of terms at minus infinity
    groups : components, in the order of `terms`
    people : int, n
    sufficient : (p,) people on all lists of each term
    histories, counts : observed histories and people on each
    fixed : mask -> value of terms that are known, not fitted
    """

    n_lists: int
    terms: Masks
    removed: tuple[int, ...]
    groups: tuple[Group, ...]
    people: int
    sufficient: Floats
    histories: Masks
    counts: Counts
    fixed: Mapping[int, float] = field(default_factory=dict)

    @property
    def n_cells(self) -> int:
        """Observable histories that are not excluded by a term at minus infinity."""
        total = 1
        for group in self.groups:
            total *= int(np.count_nonzero(group.allowed))
        return total - 1

    def slices(self) -> list[slice]:
        """Where the coefficients of each group stand in a vector over `terms`."""
        ends = 1 + np.cumsum([g.terms.size for g in self.groups])
        return [slice(int(e) - g.terms.size, int(e)) for e, g in zip(ends, self.groups, strict=True)]


def overlap_counts(terms: Sequence[int], histories: Masks, counts: Counts) -> Counts:
    """People on all lists of each term, `n*(A)`; shape (p,)."""
    return np.array([int(counts[(histories & t) == t].sum()) for t in terms], dtype=np.int64)


def pose(
    terms: Sequence[int], n_lists: int, histories: Masks, counts: Counts, fixed: Mapping[int, float] | None = None
) -> Problem:
    """Meet a model with data: take out the terms at minus infinity and split what remains into groups.

    Parameters
    ----------
    terms : masks of a hierarchical model, the empty one included
    n_lists : int, K
    histories : (m,) distinct non-zero masks
    counts : (m,) positive
    fixed : mask -> value of terms that are known, such as the logarithm of an odds ratio; none of them in `terms`

    Raises
    ------
    OptionError
        If more than 20 lists are tied together.
    """
    sufficient = overlap_counts(terms, histories, counts)
    removed = tuple(int(t) for t, s in zip(terms, sufficient, strict=True) if s == 0)
    kept = [int(t) for t, s in zip(terms, sufficient, strict=True) if s > 0]
    statistics = {int(t): float(s) for t, s in zip(terms, sufficient, strict=True)}
    fixed = fixed or {}
    tied = components([*terms, *fixed], n_lists)
    groups = tuple(_group(lists, kept, removed, fixed) for lists in tied)
    ordered = [0] + [t for g in tied for t in kept if t and t & g]
    return Problem(
        n_lists=n_lists,
        terms=np.array(ordered, dtype=np.int64),
        removed=removed,
        groups=groups,
        people=int(counts.sum()),
        sufficient=np.array([statistics[t] for t in ordered]),
        histories=histories,
        counts=counts,
        fixed=fixed,
    )


def _group(lists: int, kept: Sequence[int], removed: Sequence[int], fixed: Mapping[int, float]) -> Group:
    index = list(members(lists))
    if len(index) > MAX_GROUP:
        raise OptionError(
            f"The model ties {len(index)} lists together, more than {MAX_GROUP}.",
            hint="Leave out interactions, or merge lists, so that fewer lists hang together.",
        )
    local = {position: i for i, position in enumerate(index)}

    def localise(masks: Sequence[int]) -> Masks:
        inside = [mask_of(local[p] for p in members(m)) for m in masks if m and m & lists]
        return np.array(inside, dtype=np.int64)

    cells = np.arange(1 << len(index), dtype=np.int64)
    allowed = np.ones(cells.size)
    for term in localise(removed):
        allowed[(cells & term) == term] = 0.0
    for term, value in fixed.items():
        if term & lists:
            own = localise([term])[0]
            allowed[(cells & own) == own] *= np.exp(value)
    return Group(lists, np.array(index, dtype=np.int64), localise(kept), allowed)
