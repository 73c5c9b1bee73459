"""Which shape do the data have? Decided from the names given, or inferred from the first rows; doubt is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hiddenpop.errors import DataError, UnknownNameError
from hiddenpop.intake.values import HISTORY, membership

PERSON = ("person", "person_id", "personid", "case", "case_id", "id")
LIST = ("list", "list_name", "source", "register")
TIMES = ("times", "times_seen", "sightings", "contacts", "captures", "number_of_times")
HISTORY_NAMES = ("history", "capture_history", "histories", "pattern")
COUNT_LIKE = ("n", "freq", "frequency", "counts", "people", "persons", "total", "number", "cases", "individuals")
MANY_VALUES = 100
NUMBER = re.compile(r"^[-+<≤\u2212]?\s*\d+([.,' \u00a0\u202f]\d+)*%?$")

Kind = Literal["cells", "histories", "long", "sightings", "frequencies"]


@dataclass(frozen=True)
class Shape:
    """What each column is.

    Attributes
    ----------
    kind : `cells` (0/1 columns), `histories` (text), `long` (person, list), `sightings` (times[, count]),
        `frequencies` (one row f1, f2, ...)
    lists : names of the lists; empty when they are only known after reading (`histories`, `long`)
    key : names of the columns that hold memberships, history, person and list, or times
    count : name of the count column, or None when each row is one person
    strata : names of the stratum columns
    inferred : True when columns were not all named by the caller
    """

    kind: Kind
    lists: tuple[str, ...]
    key: tuple[str, ...]
    count: str | None
    strata: tuple[str, ...]
    inferred: bool

    @property
    def used(self) -> tuple[str, ...]:
        """Columns that are read."""
        return (*self.key, *self.strata, *((self.count,) if self.count else ()))

    def __str__(self) -> str:
        parts = [f"lists: {', '.join(self.lists)}"] if self.kind == "cells" else [f"{self.kind}: {', '.join(self.key)}"]
        parts.append(f"count: {self.count}" if self.count else "no count column: each row is one person")
        if self.strata:
            parts.append(f"strata: {', '.join(self.strata)}")
        return ("inferred " if self.inferred else "given ") + "; ".join(parts)


def decide_shape(
    columns: Sequence[str],
    sample: Sequence[Sequence[str]],
    lists: Sequence[str] | None,
    count: str | None,
    strata: Sequence[str] | None,
) -> Shape:
    """What each column is.

    Parameters
    ----------
    columns : names
    sample : the first rows, as text
    lists, count, strata : what the caller named; what is None is inferred

    Raises
    ------
    DataError, UnknownNameError
    """
    for name in (*([count] if count else ()), *(strata or ())):
        if name not in columns:
            raise UnknownNameError.among("column", name, columns)
    by_lower = {c.lower(): c for c in columns}
    cells = {c: [row[i].strip() if i < len(row) else "" for row in sample] for i, c in enumerate(columns)}
    counted = count or by_lower.get("count")
    if lists is not None and all(name in columns for name in lists):
        if count is None:
            _refuse_hidden_count(columns, cells, lists, counted, strata)
        return Shape("cells", tuple(lists), tuple(lists), counted, tuple(strata or ()), inferred=count is None)
    named = tuple(lists or ())
    special = _special(by_lower, cells, counted, named, tuple(strata or ()))
    if special is not None:
        return special
    if lists is not None:
        missing = next(name for name in lists if name not in columns)
        raise UnknownNameError.among("column", missing, columns)
    return _infer_cells(columns, cells, counted, strata)


def _special(
    by_lower: dict[str, str],
    cells: dict[str, list[str]],
    count: str | None,
    lists: tuple[str, ...],
    strata: tuple[str, ...],
) -> Shape | None:
    """The shapes that are known by the names of their columns."""

    def first(names: Sequence[str]) -> str | None:
        return next((by_lower[name] for name in names if name in by_lower), None)

    person, listed, times = first(PERSON), first(LIST), first(TIMES)
    if person and listed:
        return Shape("long", lists, (person, listed), None, strata, inferred=True)
    rest = set(cells) - {count}
    if times and not rest - {times}:
        return Shape("sightings", (), (times,), count, (), inferred=True)
    if rest and all(re.fullmatch(r"[fF]\d+", name) for name in rest):
        return Shape("frequencies", (), tuple(cells), None, (), inferred=True)
    history = next((c for c, values in cells.items() if c != count and _is_history(c, values)), None)
    if history:
        others = strata if strata else tuple(c for c in cells if c not in (history, count))
        return Shape("histories", lists, (history,), count, others, inferred=True)
    return None


def _is_history(name: str, values: Sequence[str]) -> bool:
    if not values or not all(HISTORY.match(v) for v in values) or len({len(v) for v in values}) > 1:
        return False
    return name.lower() in HISTORY_NAMES or any(v.startswith("0") for v in values)


def _infer_cells(
    columns: Sequence[str], cells: dict[str, list[str]], count: str | None, strata: Sequence[str] | None
) -> Shape:
    lists: list[str] = []
    text: list[str] = []
    faults: list[str] = []
    for name in columns:
        if name == count or name in (strata or ()):
            continue
        values = {v for v in cells[name] if v}
        fault = _fault(name, values)
        if values and all(membership(v) is not None for v in values):
            lists.append(name)
        elif fault or strata is not None:
            faults.append(fault or f"{name!r} holds text and is not among the strata")
        else:
            text.append(name)
    if faults:
        raise DataError(
            f"It is not clear what some columns are: {'; '.join(faults)}.",
            hint="Name the lists (--lists a,b,c) and the rest is left out; if a column counts people, name it too "
            "(--count n).",
        )
    if not lists:
        raise DataError(
            f"No column of 0 and 1 was found among {', '.join(columns)}.",
            hint="Lists are columns of 0/1 (or yes/no); name them with --lists a,b,c.",
        )
    return Shape("cells", tuple(lists), tuple(lists), count, tuple(strata or text), inferred=True)


def _fault(name: str, values: set[str]) -> str:
    """Why a column that is no list cannot be a stratum either; nothing if it can."""
    if not values:
        return f"{name!r} is empty"
    if any(NUMBER.match(v) for v in values):
        told = ", ".join(sorted(values)[:4])
        return f"{name!r} holds numbers ({told}) and is neither 0/1 nor named 'count'"
    if len(values) > MANY_VALUES:
        return f"{name!r} holds {len(values)} different texts, too many for strata"
    return ""


def _refuse_hidden_count(
    columns: Sequence[str],
    cells: dict[str, list[str]],
    lists: Sequence[str],
    count: str | None,
    strata: Sequence[str] | None,
) -> None:
    """Lists were named and no count: a column that looks like one must not be passed over in silence."""
    if count is not None:
        return
    for name in columns:
        if name in lists or name in (strata or ()) or name.lower() not in COUNT_LIKE:
            continue
        if cells[name] and all(NUMBER.match(v) for v in cells[name] if v):
            raise DataError(
                f"The column {name!r} looks like a count of people, but no count column was named.",
                hint=f"Say --count {name} (count={name!r}); if each row is one person, rename or remove the column.",
            )
