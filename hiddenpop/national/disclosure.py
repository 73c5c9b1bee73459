"""Disclosure control of published counts: which cells to hide, and what an attacker can still work out.

Published cells are sums of small ones, one for each combination of all categories. A count under a threshold is hidden,
and with it so many others that sums and differences of what is shown, of earlier releases too, leave every hidden count
open. What is fitted is never touched: only what is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from hiddenpop.arrays import Counts, Flags, Floats
from hiddenpop.errors import ConvergenceError, DataError, OptionError, some_of
from hiddenpop.strata import TOTAL, Label

THRESHOLD = 5
PATIENCE = 20.0  # seconds for one question to the solver
BIG = 1e9
TINY = 1e-6  # price of a change of a combination, so that none is made in vain
DOWN, UP = (-BIG, -1.0), (1.0, BIG)
MORE = 1000.0  # people by whom a cell may be larger than all that are known

Goal = tuple[float, float]  # least and most change of a cell


@dataclass(frozen=True, eq=False)
class Release:
    """Counts as they are published: by columns of categories, with totals over any of them.

    Attributes
    ----------
    columns : names
    labels : one tuple of categories for each cell; `total` stands for all categories of a column
    counts : (c,) what is true of each cell
    hidden : (c,) is it hidden
    sensitive : (c,) is it hidden for its own sake
    """

    columns: tuple[str, ...]
    labels: tuple[Label, ...]
    counts: Counts
    hidden: Flags
    sensitive: Flags

    def shown(self) -> dict[Label, int]:
        """The counts that a reader sees."""
        return {label: int(n) for label, n, away in zip(self.labels, self.counts, self.hidden, strict=True) if not away}


@dataclass(frozen=True)
class Bounds:
    """What an attacker knows of a hidden cell.

    Attributes
    ----------
    columns, label : the cell
    low, high : smallest and largest count that agree with everything shown
    """

    columns: tuple[str, ...]
    label: Label
    low: int
    high: int

    @property
    def recovered(self) -> bool:
        return self.low == self.high


def protect(
    counts: Mapping[Label, int],
    columns: Sequence[str],
    *,
    threshold: int = THRESHOLD,
    earlier: Sequence[Release] = (),
) -> Release:
    """Hide counts from 1 to below the threshold, and as few people besides as it takes to keep them hidden.

    Parameters
    ----------
    counts : people of each combination of categories; combinations not given are zero
    columns : names of the columns
    threshold : int, 2 or more; smallest count that is shown, apart from zero
    earlier : releases of the same people, or of some of the categories, by some of the same columns, whose counts are
        known already

    Raises
    ------
    DataError
        If an earlier release, or the zeros that are shown, tell a hidden count whatever else is hidden.

    Notes
    -----
    For every hidden count other tables of whole numbers exist that agree with all that is shown: one in which it is
    lower and one in which it is higher, both within 1 to the threshold where possible. They are found one by one as
    the changes of least weight (Kelly, Golden and Assad 1992, doi 10.1002/net.3230220407), and the cells that they
    change are hidden too.
    """
    if threshold < 2:
        raise OptionError(f"threshold={threshold} hides nothing.", hint="Use 5.")
    frame = _Frame.of(counts, columns)
    labels = frame.cells(columns)
    sums = frame.sums(columns, labels)
    values = sums @ frame.people
    sensitive = (values > 0) & (values < threshold)
    before = [(old, frame.sums(old.columns, old.labels)) for old in earlier]
    question = _Question(frame.people, sums, np.log1p(values) + 1.0, [rows[~old.hidden] for old, rows in before])
    small = [(sums[i], _goals(int(values[i]), threshold), labels[i]) for i in np.flatnonzero(sensitive)]
    old_ones = [(rows[i], [DOWN, UP], old.labels[i]) for old, rows in before for i in np.flatnonzero(old.hidden)]
    hidden, told = sensitive.copy(), []
    for row, goals, label in [*small, *old_ones]:
        moved = [change for goal in goals if (change := question.alternative(row, goal, hidden)) is not None]
        for change in moved:
            hidden |= np.abs(sums @ change) > 0.5
        if not moved:
            told.append(", ".join(label))
    if told:
        raise DataError(
            f"Nothing keeps these counts hidden: {some_of(told, '; ')}. Earlier releases or totals tell them.",
            hint="Merge categories, or leave out a breakdown.",
        )
    return Release(tuple(columns), labels, values.astype(np.int64), hidden, sensitive)


def attack(releases: Sequence[Release]) -> list[Bounds]:
    """What whole numbers every hidden count can be, given all that the releases show together.

    Solves two integer programmes for each hidden cell, over the people of every combination of all categories that the
    releases name.
    """
    columns = tuple(dict.fromkeys(name for one in releases for name in one.columns))
    frame = _Frame.naming(releases, columns)
    shown = [(frame.sums(one.columns, one.labels)[~one.hidden], one.counts[~one.hidden]) for one in releases]
    rows = np.vstack([sums for sums, _ in shown])
    values = np.concatenate([counts for _, counts in shown]).astype(float)
    found = []
    for one in releases:
        sums = frame.sums(one.columns, one.labels)
        for place in np.flatnonzero(one.hidden):
            low, high = (_extreme(rows, values, sign * sums[place]) for sign in (1.0, -1.0))
            found.append(Bounds(one.columns, one.labels[place], round(low), round(-high)))
    return found


@dataclass(frozen=True, eq=False)
class _Frame:
    """All combinations of the categories of some columns, and the people in each."""

    columns: tuple[str, ...]
    combinations: tuple[Label, ...]
    people: Floats

    @classmethod
    def of(cls, counts: Mapping[Label, int], columns: Sequence[str]) -> _Frame:
        labels = list(counts)
        if not labels or any(len(label) != len(columns) for label in labels):
            raise DataError("Every count needs a category of every column.", hint=f"Columns: {', '.join(columns)}.")
        if any(TOTAL in label for label in labels):
            raise DataError(f"{TOTAL!r} is a category.", hint="Leave totals out: they are worked out.")
        wrong = [label for label, n in counts.items() if n < 0 or n != int(n)]
        if wrong:
            raise DataError(f"Counts must be whole numbers: {', '.join(wrong[0])}.", hint="Correct them.")
        every = tuple(product(*(sorted({label[i] for label in labels}) for i in range(len(columns)))))
        return cls(tuple(columns), every, np.array([float(counts.get(label, 0)) for label in every]))

    @classmethod
    def naming(cls, releases: Sequence[Release], columns: tuple[str, ...]) -> _Frame:
        values: dict[str, set[str]] = {name: set() for name in columns}
        for one in releases:
            for i, name in enumerate(one.columns):
                values[name] |= {label[i] for label in one.labels} - {TOTAL}
        every = tuple(product(*(sorted(values[name]) for name in columns)))
        return cls(columns, every, np.zeros(len(every)))

    def cells(self, columns: Sequence[str]) -> tuple[Label, ...]:
        """Every cell of a table by these columns, totals included."""
        places = [self.columns.index(name) for name in columns]
        return tuple(product(*([*sorted({c[i] for c in self.combinations}), TOTAL] for i in places)))

    def sums(self, columns: Sequence[str], labels: Sequence[Label]) -> Floats:
        """(c, m) which combinations each cell is the sum of; totals are of the categories that the cells name."""
        gone = [name for name in columns if name not in self.columns]
        if gone:
            raise DataError(f"{some_of(gone)}: the counts have no such column.", hint="Give counts by all columns.")
        places = [self.columns.index(name) for name in columns]
        grid = np.array([[c[i] for i in places] for c in self.combinations], dtype=object)
        own = [np.isin(grid[:, j], [label[j] for label in labels]) for j in range(len(places))]
        rows = [
            np.logical_and.reduce([own[j] if v == TOTAL else grid[:, j] == v for j, v in enumerate(label)])
            for label in labels
        ]
        return np.array(rows, dtype=float)


def _goals(value: int, threshold: int) -> list[Goal]:
    """Changes that hide a small count: down to 1 or 0, and up to below the threshold or more."""
    return [(-float(value), -float(max(value - 1, 1))), (float(max(threshold - 1 - value, 1)), BIG)]


@dataclass(frozen=True, eq=False)
class _Question:
    """What changes of the people leave everything shown as it is?

    Attributes
    ----------
    people : (m,) of each combination
    sums : (c, m) cells of the release in the making
    weights : (c,) price of hiding a cell
    fixed : rows (., m) of sums that earlier releases show
    """

    people: Floats
    sums: Floats
    weights: Floats
    fixed: Sequence[Floats]

    def alternative(self, row: Floats, goal: Goal, hidden: Flags) -> Floats | None:
        """The change (m,) of least weight that moves a sum into the goal, and no known one; None if there is none."""
        from scipy.optimize import Bounds as Box
        from scipy.optimize import LinearConstraint, milp

        n_cells, n_small = self.sums.shape
        none = np.zeros(n_cells)
        eye = np.eye(n_cells)
        known = [np.hstack([rows, np.zeros((len(rows), n_cells))]) for rows in self.fixed if len(rows)]
        found = milp(
            np.concatenate([np.full(n_small, TINY), np.where(hidden, 0.0, self.weights)]),
            constraints=[
                LinearConstraint(np.hstack([self.sums, -eye]), -np.inf, 0.0),
                LinearConstraint(np.hstack([-self.sums, -eye]), -np.inf, 0.0),
                LinearConstraint(np.hstack([row, none])[None, :], *goal),
                *(LinearConstraint(rows, 0.0, 0.0) for rows in known),
            ],
            bounds=Box(
                np.concatenate([-self.people, none]),
                np.concatenate([np.full(n_small, self.people.sum() + MORE), np.full(n_cells, np.inf)]),
            ),
            integrality=np.concatenate([np.ones(n_small), none]),
            options={"time_limit": PATIENCE},
        )
        return None if found.x is None else np.asarray(np.rint(found.x[:n_small]))


def _extreme(rows: Floats, values: Floats, direction: Floats) -> float:
    """The smallest value of a sum of combinations, given the sums that are shown."""
    from scipy.optimize import Bounds as Box
    from scipy.optimize import LinearConstraint, milp

    box = Box(np.zeros(direction.size), np.full(direction.size, values.max(initial=0.0) + MORE))
    known = LinearConstraint(rows, values, values) if len(values) else ()
    found = milp(
        direction, constraints=known, bounds=box, integrality=np.ones(direction.size),
        options={"time_limit": PATIENCE},
    )  # fmt: skip
    if found.x is None:
        raise ConvergenceError("The releases contradict each other.", hint="Were they made from the same counts?")
    return float(found.fun)
