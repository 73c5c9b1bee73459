"""A log-linear model of lists and covariates together, where covariates are not recorded for everybody.

The full table has a cell for every history and every combination of covariates. Of a person whose covariates are known
in part, the sum of all cells that agree is seen. How often a covariate is known may depend on the history, not on its
value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from hiddenpop.arrays import Counts, Floats, members, memberships
from hiddenpop.numerics.composite import UNSEEN, Composite
from hiddenpop.numerics.terms import terms_of_size

NOT_KNOWN = -1


@dataclass(frozen=True, eq=False)
class KnownInPart:
    """People by history and by what is known of them.

    Attributes
    ----------
    histories : (o,) masks, none zero
    values : (o, m) value of each covariate, from 0; `NOT_KNOWN` where it is not recorded
    counts : (o,) people
    levels : (m,) number of values
    n_lists : int
    """

    histories: Counts
    values: Counts
    counts: Counts
    levels: tuple[int, ...]
    n_lists: int

    def recorded(self) -> list[set[int]]:
        """For each covariate, the lists that record it: those of whose people alone somebody's value is known."""
        alone = {1 << j: j for j in range(self.n_lists)}
        return [
            {alone[int(h)] for h in np.unique(self.histories[known]) if int(h) in alone}
            for known in (self.values != NOT_KNOWN).T
        ]


@dataclass(frozen=True, eq=False)
class PosedCovariates:
    """The model met with people.

    Attributes
    ----------
    terms : mask over lists and covariates of each coefficient
    values : value of each covariate in the term, `NOT_KNOWN` for those not in it, of each coefficient
    problem : Composite
    counts : (o,) people
    start : (p,) coefficients to start from
    combination : (c,) combination of covariates that each full cell belongs to
    """

    terms: tuple[int, ...]
    values: tuple[tuple[int, ...], ...]
    problem: Composite
    counts: Floats
    start: Floats
    combination: Counts

    def by_combination(self, full: Floats, *, hidden: bool = False) -> Floats:
        """People by combination of covariates, all or only those on no list."""
        cells = self.problem.seen_as == UNSEEN if hidden else np.ones(full.size, dtype=bool)
        sums = np.bincount(self.combination[cells], full[cells], minlength=int(self.combination.max()) + 1)
        return sums.astype(float)


def default_terms(people: KnownInPart) -> list[int]:
    """Terms that can be told apart: a list depends on a covariate that another list records.

    Of two lists with a covariate each, the model [AY][BX][XY] of van der Heijden and others (2012); of three lists or
    more all pairs of lists besides.
    """
    k, m = people.n_lists, len(people.levels)
    pairs = terms_of_size(k, 2) if k > 2 else []
    between = [pair << k for pair in terms_of_size(m, 2)]
    return [
        *pairs,
        *between,
        *(1 << j | 1 << (k + c) for c, lists in enumerate(people.recorded()) for j in range(k) if lists - {j}),
    ]


def pose_covariates(people: KnownInPart, terms: Sequence[int]) -> PosedCovariates:
    """Meet the model with people.

    Parameters
    ----------
    people : KnownInPart, K lists and m covariates
    terms : masks over K lists and then m covariates, closed downwards; the empty one first
    """
    combinations = np.array(list(product(*map(range, people.levels))), dtype=np.int64)
    history, combination, offset, key = _cells(people, combinations)
    seen = history > 0
    seen_as = np.full(history.size, UNSEEN)
    known, seen_as[seen] = np.unique(key[seen], axis=0, return_inverse=True)
    columns, names, values = [], [], []
    for term in terms:
        for chosen, column in _columns(term, people, history, combinations[combination]):
            names.append(term)
            values.append(chosen)
            columns.append(column)
    lookup = {tuple(row): float(n) for row, n in zip(_observed_key(people), people.counts, strict=True)}
    counts = np.array([lookup.get(tuple(row), 0.0) for row in known])
    start = _start(people, names)
    problem = Composite(np.column_stack(columns), seen_as, offset)
    return PosedCovariates(tuple(names), tuple(values), problem, counts, start, combination)


def _observed_key(people: KnownInPart) -> Counts:
    return np.column_stack([people.histories, people.values])


def _cells(people: KnownInPart, combinations: Counts) -> tuple[Counts, Counts, Floats, Counts]:
    """Of each full cell: history, combination, log of the share of people of whom so much is known, what is seen."""
    known = people.values != NOT_KNOWN
    parts = []
    for history in range(1 << people.n_lists):
        rows = people.histories == history
        patterns, place = np.unique(known[rows], axis=0, return_inverse=True)
        shares = np.bincount(place.ravel(), people.counts[rows]).astype(float)
        if not rows.any():  # of nobody nothing is known: one count of zero
            patterns, shares = np.zeros((1, known.shape[1]), dtype=bool), np.ones(1)
        for pattern, share in zip(patterns, shares / shares.sum(), strict=True):
            size = len(combinations)
            labels = np.where(pattern, combinations, NOT_KNOWN)
            key = np.column_stack([np.full(size, history), labels])
            parts.append((np.full(size, history), np.arange(size), np.full(size, share), key))
    histories, places, shares_, keys = (np.concatenate([part[i] for part in parts]) for i in range(4))
    return histories, places, np.log(shares_), keys.astype(np.int64)


def _columns(term: int, people: KnownInPart, history: Counts, values: Counts) -> list[tuple[tuple[int, ...], Floats]]:
    """Columns of a term: lists by membership, covariates by each value but the first."""
    lists = term & ((1 << people.n_lists) - 1)
    own = [c - people.n_lists for c in members(term) if c >= people.n_lists]
    on = (history & lists) == lists
    found = []
    for chosen in product(*(range(1, people.levels[c]) for c in own)):
        told = [NOT_KNOWN] * len(people.levels)
        column = on.copy()
        for c, value in zip(own, chosen, strict=True):
            told[c] = value
            column &= values[:, c] == value
        found.append((tuple(told), column.astype(float)))
    return found


def _start(people: KnownInPart, terms: Sequence[int]) -> Floats:
    """Independent lists in a population twice as large as the people seen, all combinations alike."""
    observed = people.counts.sum()
    on = memberships(people.histories, people.n_lists)
    share = np.clip(people.counts @ on / (2.0 * observed), 1e-9, 0.5)
    found = {1 << j: float(np.log(p / (1.0 - p))) for j, p in enumerate(share)}
    found[0] = float(np.log(2.0 * observed * np.prod(1.0 - share) / np.prod(people.levels)))
    return np.array([found.get(term, 0.0) for term in terms])
