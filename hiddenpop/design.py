"""Declared populations: who is on which list and why, with the number of people known, and tables drawn from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from hiddenpop.arrays import Counts, Floats, mask_of, superset_sums
from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.errors import OptionError
from hiddenpop.numerics.populations import (
    add_erroneous,
    add_false_links,
    balance_margins,
    lose_links,
    refer,
    spread_beta,
    spread_presence,
)

PAIRS = "pairs"


@dataclass(frozen=True)
class Group:
    """People alike.

    Attributes
    ----------
    share : float, of the population
    probabilities : K floats in [0, 1), chance to be on each list; 0 where a list does not operate
    label : str, what strata of the table call them; empty when no register tells the groups apart
    odds_ratios : dependence in this group, in place of what the design says for the same lists
    """

    share: float
    probabilities: tuple[float, ...]
    label: str = ""
    odds_ratios: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Design:
    """A population of known size and how its lists come about; fields left out bring nothing about.

    Attributes
    ----------
    population : int, people
    probabilities : K floats in (0, 1), chance to be on each list; or give `classes`
    classes : groups with chances of their own: heterogeneity, observed as strata where every group has a label
    odds_ratios : dependence given the group: `{"1:2": 2.0}` between two lists given the others, `{"pairs": 1.5}` for
        every pair, `{"1:2:3": 2.0}` ratios of odds ratios; list sizes stay as declared
    precision : float, beta heterogeneity: a person's chances are those quantiles of Beta(p v, (1 - p) v) that belong to
        one rank, the person's own; the smaller v, the more people differ
    turnover : float in [0, 1), share of people who are there for a part of the period, uniform on (0, 1)
    referral : `{"1:2": 0.2}`: the first list passes this share of its people to the second
    missed_links : float, chance that a second or later record of a person is not linked, and looks like another person
    false_links : float, share of records of people on one list that are wrongly linked to somebody on one other list
    erroneous : K floats, records of people outside the population per record inside, on one list each

    Raises
    ------
    OptionError
        If a field is out of range.

    Examples
    --------
    >>> design = Design(population=5000, probabilities=(0.1, 0.2, 0.1), odds_ratios={"1:2": 2.0}, referral={"1:3": 0.1})
    >>> table = design.draw(seed=1)
    >>> table.n_lists, round(design.listed)
    (3, 1708)
    """

    population: int
    probabilities: Sequence[float] = ()
    classes: Sequence[Group] = ()
    odds_ratios: Mapping[str, float] = field(default_factory=dict)
    precision: float | None = None
    turnover: float = 0.0
    referral: Mapping[str, float] = field(default_factory=dict)
    missed_links: float = 0.0
    false_links: float = 0.0
    erroneous: Sequence[float] = ()

    def __post_init__(self) -> None:
        if self.population < 1 or bool(self.probabilities) == bool(self.classes):
            raise OptionError(
                "A design needs a population of 1 or more, and either probabilities or classes.",
                hint="Write Design(population=5000, probabilities=(0.1, 0.2, 0.1)).",
            )
        if len({len(group.probabilities) for group in self.groups}) != 1 or not 2 <= self.n_lists <= 12:
            raise OptionError("Every group needs a chance for each list, 2 to 12 of them.", hint="Use 0 for none.")
        chances = np.array([group.probabilities for group in self.groups])
        shares = [*self.referral.values(), self.missed_links, self.false_links, self.turnover]
        if (chances < 0.0).any() or (chances >= 1.0).any() or not all(0.0 <= share < 1.0 for share in shares):
            raise OptionError("Capture probabilities and shares must lie between 0 and 1.")
        positive = [*self.odds_ratios.values(), *(v for group in self.groups for v in group.odds_ratios.values())]
        positive.append(1.0 if self.precision is None else self.precision)
        if min(positive) <= 0.0 or min(self.erroneous, default=0.0) < 0.0:
            raise OptionError("Odds ratios and precision must be above 0, erroneous shares not below.")
        if len(self.erroneous) not in (0, self.n_lists) or not all(g.share > 0.0 for g in self.groups):
            raise OptionError("Give `erroneous` for every list or not at all, and groups with shares above 0.")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Design:
        """The design written as plain values, as in a TOML file."""
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise OptionError(f"A design has no field {sorted(unknown)[0]!r}.", hint="See hiddenpop.design.Design.")
        groups = tuple(
            Group(**{**group, "probabilities": tuple(group["probabilities"])}) for group in values.get("classes", ())
        )
        return cls(**{**values, "classes": groups})

    @property
    def groups(self) -> tuple[Group, ...]:
        """The classes, or everybody as one."""
        return tuple(self.classes) or (Group(1.0, tuple(self.probabilities)),)

    @property
    def n_lists(self) -> int:
        return len(self.groups[0].probabilities)

    @property
    def listed(self) -> float:
        """Expected people on at least one list, before errors of linkage."""
        return float(self.population * (1.0 - self.cells[:, 0].sum()))

    @cached_property
    def cells(self) -> Floats:
        """(groups, 2^K) chance of each group and history, the empty one first: what an infinite register would show."""
        share = np.array([group.share for group in self.groups])
        cells = np.stack([self._of_group(group) for group in self.groups])
        for text, passed in self.referral.items():
            sender, receiver = self._positions(text)
            cells = refer(cells, sender, receiver, passed)
        return np.asarray(cells * (share / share.sum())[:, None])

    def draw(self, seed: int | np.random.Generator) -> CaptureTable:
        """A table of one such population, with everything that happened to its records.

        Raises
        ------
        DataError
            If nobody is on a list.
        """
        generator = np.random.default_rng(seed)
        counts = generator.multinomial(self.population, self.cells.ravel()).reshape(self.cells.shape)
        return self._table(np.stack([self._disturb(generator, row) for row in counts]))

    def expected(self) -> CaptureTable:
        """The table of rounded expected counts, without errors of linkage."""
        return self._table(np.rint(self.population * self.cells).astype(np.int64))

    def _of_group(self, group: Group) -> Floats:
        """(2^K,) chances of histories, averaged over whatever makes the people of a group differ."""
        chances = np.array([group.probabilities], dtype=float)
        if self.precision is not None:
            chances = spread_beta(chances[0], self.precision)
        if self.turnover:
            chances = spread_presence(chances, self.turnover)
        odds_ratios = {**self.odds_ratios, **group.odds_ratios}
        weights = {mask_of(self._positions(text)): ratio for text, ratio in odds_ratios.items() if text != PAIRS}
        every_pair = odds_ratios.get(PAIRS, 1.0)
        for pair in combinations(range(self.n_lists), 2):
            mask = mask_of(pair)
            weights[mask] = weights.get(mask, 1.0) * every_pair
        return np.asarray(balance_margins(chances, weights).mean(axis=0))

    def _positions(self, text: str) -> list[int]:
        try:
            found = [int(part) - 1 for part in text.split(":")]
        except ValueError:
            found = []
        if len(found) < 2 or len(set(found)) < len(found) or not all(0 <= p < self.n_lists for p in found):
            raise OptionError(
                f"{text!r} does not name lists of this design.", hint=f"Write 1:2, with positions up to {self.n_lists}."
            )
        return found

    def _disturb(self, generator: np.random.Generator, counts: Counts) -> Counts:
        counts = counts.copy()
        counts[0] = 0
        if any(self.erroneous):
            counts = add_erroneous(generator, counts, np.asarray(self.erroneous, dtype=float))
        if self.missed_links:
            counts = lose_links(generator, counts, self.missed_links)
        if self.false_links:
            counts = add_false_links(generator, counts, self.false_links)
        return counts

    def _table(self, counts: Counts) -> CaptureTable:
        names = [f"list_{j + 1}" for j in range(self.n_lists)]
        labels = [group.label for group in self.groups]
        if not all(labels):
            counts, labels = counts.sum(axis=0, keepdims=True), [""]
        rows, histories = np.nonzero(counts[:, 1:])
        keys = [(labels[row],) for row in rows] if labels != [""] else None
        strata = ("group",) if keys else ()
        return build_table(
            names, histories + 1, counts[rows, histories + 1], strata=strata, keys=keys, source="simulated"
        )


def list_sizes(design: Design) -> Floats:
    """(K,) expected people on each list, before errors of linkage."""
    sums = superset_sums(design.population * design.cells.sum(axis=0))
    return np.asarray(sums[1 << np.arange(design.n_lists)])
