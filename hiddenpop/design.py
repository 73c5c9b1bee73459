"""Declared populations: who is on which list and why, with the number of people known, and tables drawn from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from hiddenpop.arrays import MAX_LISTS, Counts, Floats, Masks, mask_of, superset_sums
from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.errors import OptionError
from hiddenpop.numerics.populations import (
    add_erroneous,
    add_false_links,
    balance_margins,
    draw_people,
    lose_links,
    refer,
    spread_beta,
    spread_presence,
)

PAIRS = "pairs"
MOST_DENSE = 12  # lists up to which every history has a chance of its own


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

    With more than 12 lists people are drawn one by one: lists are independent given the person, records stay whole.

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
        shares = [self.missed_links, self.false_links, self.turnover, *self.referral.values()]
        if len({len(group.probabilities) for group in self.groups}) != 1 or not 2 <= self.n_lists <= MAX_LISTS:
            raise OptionError(
                f"Every group needs a chance for each list, 2 to {MAX_LISTS} of them.", hint="Use 0 for none."
            )
        if self._many and (self._dependent or self.referral or any(shares[:2]) or any(self.erroneous)):
            raise OptionError(
                f"Dependence, referral and errors of records are for {MOST_DENSE} lists or fewer, not {self.n_lists}.",
                hint="Leave them out, or declare fewer lists.",
            )
        chances = np.array([group.probabilities for group in self.groups])
        if (chances < 0.0).any() or (chances >= 1.0).any() or not all(0.0 <= share < 1.0 for share in shares):
            raise OptionError("Capture probabilities and shares must lie between 0 and 1.")
        positive = [*self._dependent, 1.0 if self.precision is None else self.precision]
        if min(positive) <= 0.0 or min(self.erroneous, default=0.0) < 0.0:
            raise OptionError("Odds ratios and precision must be above 0, erroneous shares not below.")
        if len(self.erroneous) not in (0, self.n_lists) or not all(g.share > 0.0 for g in self.groups):
            raise OptionError("Give `erroneous` for every list or not at all, and groups with shares above 0.")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Design:
        """The design written as plain values, as in a TOML file.

        Raises
        ------
        OptionError
            If a value has no place in a design, one is missing, or one is out of range.
        """
        classes = values.get("classes", ())
        try:
            unknown = {*values} - {*cls.__dataclass_fields__}
            unknown |= {name for group in classes for name in group} - {*Group.__dataclass_fields__}
            if not unknown:
                groups = tuple(Group(**{**one, "probabilities": tuple(one["probabilities"])}) for one in classes)
                return cls(**{**values, "classes": groups})
        except (TypeError, KeyError, AttributeError) as error:
            raise OptionError(f"These values are no design: {error}.", hint="See hiddenpop.Design.") from error
        raise OptionError(f"A design has no field {sorted(unknown)[0]!r}.", hint="See hiddenpop.Design.")

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
        if self._many:
            nowhere = [float((1.0 - self._chances(group)).prod(axis=1).mean()) for group in self.groups]
            return float(self.population * (1.0 - self._shares @ nowhere))
        return float(self.population * (1.0 - self.cells[:, 0].sum()))

    @cached_property
    def cells(self) -> Floats:
        """(groups, 2^K) chance of each group and history, the empty one first: what an infinite register would show."""
        if self._many:
            raise OptionError(
                f"The histories of {self.n_lists} lists are too many to compute.", hint=f"Declare up to {MOST_DENSE}."
            )
        cells = np.stack([self._of_group(group) for group in self.groups])
        for text, passed in self.referral.items():
            sender, receiver = self._positions(text)
            cells = refer(cells, sender, receiver, passed)
        return np.asarray(cells * self._shares[:, None])

    def draw(self, seed: int | np.random.Generator) -> CaptureTable:
        """A table of one such population, with everything that happened to its records.

        Raises
        ------
        DataError
            If nobody is on a list.
        """
        generator = np.random.default_rng(seed)
        if self._many:
            return self._draw_people(generator)
        counts = generator.multinomial(self.population, self.cells.ravel()).reshape(self.cells.shape)
        return self._from_dense(np.stack([self._disturb(generator, row) for row in counts]))

    def expected(self) -> CaptureTable:
        """The table of rounded expected counts, without errors of linkage."""
        return self._from_dense(np.rint(self.population * self.cells).astype(np.int64))

    @property
    def _many(self) -> bool:
        return self.n_lists > MOST_DENSE

    @property
    def _dependent(self) -> list[float]:
        return [*self.odds_ratios.values(), *(v for group in self.groups for v in group.odds_ratios.values())]

    @property
    def _shares(self) -> Floats:
        shares = np.array([group.share for group in self.groups])
        return np.asarray(shares / shares.sum())

    def _chances(self, group: Group) -> Floats:
        """(m, K) chances of m kinds of people of a group, equally many of each."""
        chances = np.array([group.probabilities], dtype=float)
        if self.precision is not None:
            chances = spread_beta(chances[0], self.precision)
        if self.turnover:
            chances = spread_presence(chances, self.turnover)
        return chances

    def _of_group(self, group: Group) -> Floats:
        """(2^K,) chances of histories, averaged over whatever makes the people of a group differ."""
        odds_ratios = {**self.odds_ratios, **group.odds_ratios}
        weights = {mask_of(self._positions(text)): ratio for text, ratio in odds_ratios.items() if text != PAIRS}
        every_pair = odds_ratios.get(PAIRS, 1.0)
        for pair in combinations(range(self.n_lists), 2):
            mask = mask_of(pair)
            weights[mask] = weights.get(mask, 1.0) * every_pair
        return np.asarray(balance_margins(self._chances(group), weights).mean(axis=0))

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

    def _draw_people(self, generator: np.random.Generator) -> CaptureTable:
        numbers = generator.multinomial(self.population, self._shares)
        drawn = [
            draw_people(generator, number, self._chances(group))
            for group, number in zip(self.groups, numbers, strict=True)
        ]
        seen = np.concatenate([histories[histories > 0] for histories in drawn])
        rows = np.repeat(np.arange(len(drawn)), [(histories > 0).sum() for histories in drawn])
        return self._table(rows, seen, np.ones_like(seen))

    def _from_dense(self, counts: Counts) -> CaptureTable:
        rows, found = np.nonzero(counts[:, 1:])
        return self._table(rows, found + 1, counts[rows, found + 1])

    def _table(self, rows: Counts, histories: Masks, counts: Counts) -> CaptureTable:
        """People of the groups `rows`; the groups are strata if all have labels."""
        names = [f"list_{j + 1}" for j in range(self.n_lists)]
        labels = [group.label for group in self.groups]
        keys = [(labels[row],) for row in rows] if all(labels) else None
        return build_table(
            names, histories, counts, strata=("group",) if keys else (), keys=keys, source="simulated",
            duplicates_expected=True,
        )  # fmt: skip


def list_sizes(design: Design) -> Floats:
    """(K,) expected people on each list, before errors of linkage."""
    sums = superset_sums(design.population * design.cells.sum(axis=0))
    return np.asarray(sums[1 << np.arange(design.n_lists)])
