"""Which shape do the data have? Decided from the names given, or inferred from the first rows; doubt is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from hiddenpop.errors import DataError, UnknownNameError
from hiddenpop.intake.columns import COUNT_LIKE, HISTORY_NAMES, Columns

PERSON = ("person", "person_id", "personid", "case", "case_id", "id")
LIST = ("list", "list_name", "source", "register")
TIMES = ("times", "times_seen", "sightings", "contacts", "captures", "number_of_times")

NAME_THEM = (
    "Name the lists (--lists a,b,c) and the rest is left out; if a column counts people, name it too (--count n)."
)

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
        if self.kind != "frequencies":
            parts.append(f"count: {self.count}" if self.count else "no count column: each row is one person")
        if self.strata:
            parts.append(f"strata: {', '.join(self.strata)}")
        return ("inferred " if self.inferred else "given ") + "; ".join(parts)


def decide_shape(
    columns: Columns, lists: tuple[str, ...] | None, count: str | None, strata: tuple[str, ...] | None
) -> Shape:
    """What each column is.

    Parameters
    ----------
    columns : names and first rows
    lists, count, strata : what the caller named; what is None is inferred

    Raises
    ------
    DataError, UnknownNameError
    """
    _check_given(columns, lists, count, strata)
    counted = count or next((c for c in columns.names if c.lower() == "count" and c not in (lists or ())), None)
    if lists is not None and all(name in columns.names for name in lists):
        if counted is None:
            _refuse_hidden_count(columns, lists, strata or ())
        shape = Shape("cells", lists, lists, counted, strata or (), inferred=count is None)
    else:
        found = _by_name(columns, counted, lists, strata, count_given=count is not None)
        if found is None and lists is not None:
            raise UnknownNameError.among("column", next(n for n in lists if n not in columns.names), columns.names)
        shape = found or _infer_cells(columns, counted, strata)
    for name in shape.strata:
        if total := columns.total_among(name):
            raise DataError(
                f"The stratum column {name!r} holds {total!r} beside other values: people would be counted twice.",
                hint="Remove the rows of totals.",
            )
    return shape


def _check_given(
    columns: Columns, lists: tuple[str, ...] | None, count: str | None, strata: tuple[str, ...] | None
) -> None:
    named = [*(lists or ()), *([count] if count else ()), *(strata or ())]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise DataError(f"{twice[0]!r} is named twice among lists, count and strata.", hint="Give a column one role.")
    for name in (*([count] if count else ()), *(strata or ())):
        if name not in columns.names:
            raise UnknownNameError.among("column", name, columns.names)
    absent = [name for name in lists or () if name not in columns.names]
    meant = [name for name in absent if get_close_matches(name, columns.names, n=1, cutoff=0.7)]
    if absent and (meant or len(absent) < len(lists or ())):
        raise UnknownNameError.among("column", (meant or absent)[0], columns.names)


def _by_name(
    columns: Columns,
    count: str | None,
    lists: tuple[str, ...] | None,
    strata: tuple[str, ...] | None,
    *,
    count_given: bool,
) -> Shape | None:
    """The shapes that are known by the names of their columns."""
    others = [name for name in columns.names if name != count and name not in (strata or ())]
    people = [name for name in others if name.lower() in PERSON]
    listed = [name for name in others if name.lower() in LIST]
    if people and listed:
        return _long(columns, people, listed, lists or (), strata or (), count_given=count_given)
    if len(others) == 1 and others[0].lower() in TIMES:
        return Shape("sightings", (), (others[0],), count, (), inferred=True)
    if count is None and others and all(re.fullmatch(r"[fF][1-9]\d*", name) for name in others):
        return Shape("frequencies", (), tuple(others), None, (), inferred=True)
    histories = [name for name in others if columns.is_history(name)]
    named = [name for name in histories if name.lower() in HISTORY_NAMES]
    lone = len(histories) == 1 and not any(columns.is_list(name) for name in others)
    if not named and lone and any(value.startswith("0") for value in columns.values(histories[0])):
        named = histories
    if not named:
        return None
    rest = [name for name in others if name != named[0]] if strata is None else list(strata)
    faults = [fault for name in rest if strata is None and (fault := columns.fault_as_stratum(name))]
    if faults:
        raise DataError(f"It is not clear what some columns are: {'; '.join(faults)}.", hint=NAME_THEM)
    return Shape("histories", lists or (), (named[0],), count, tuple(rest), inferred=True)


def _long(
    columns: Columns,
    people: list[str],
    listed: list[str],
    lists: tuple[str, ...],
    strata: tuple[str, ...],
    *,
    count_given: bool,
) -> Shape:
    """One row per person and list, unless something in the table speaks against it."""
    against = [name for name in columns.names if columns.is_list(name)]
    if len(people) > 1 or len(listed) > 1 or against or count_given:
        why = (
            f"{', '.join(against)} may be lists"
            if against
            else "a count was named"
            if count_given
            else "more than one column could be either"
        )
        raise DataError(
            f"The columns {', '.join([*people, *listed])} look like one row per person and list, but {why}.",
            hint="Keep two columns, person and list; or name the list columns (--lists a,b,c).",
        )
    if strata:
        raise DataError("Strata of long tables are not read.", hint="Give one row per person, with list columns.")
    return Shape("long", lists, (people[0], listed[0]), None, (), inferred=True)


def _infer_cells(columns: Columns, count: str | None, strata: tuple[str, ...] | None) -> Shape:
    """0/1 columns are lists, text columns strata; anything else is in doubt."""
    lists: list[str] = []
    text: list[str] = []
    faults: list[str] = []
    for name in columns.names:
        if name == count or name in (strata or ()):
            continue
        fault = columns.fault_as_stratum(name)
        if columns.is_list(name) and not (count is None and name.lower() in COUNT_LIKE):
            lists.append(name)
        elif fault or strata is not None:
            faults.append(fault or f"{name!r} holds text and is not among the strata")
        else:
            text.append(name)
    if faults:
        raise DataError(f"It is not clear what some columns are: {'; '.join(faults)}.", hint=NAME_THEM)
    if not lists:
        raise DataError(
            f"No column of 0 and 1 was found among {', '.join(columns.names)}.",
            hint="Lists are columns of 0/1 (or yes/no); name them with --lists a,b,c.",
        )
    return Shape("cells", tuple(lists), tuple(lists), count, tuple(strata or text), inferred=True)


def _refuse_hidden_count(columns: Columns, lists: tuple[str, ...], strata: tuple[str, ...]) -> None:
    """Lists were named and no count: a column that looks like one must not be passed over in silence."""
    distinct = columns.differ([*lists, *strata])
    for name in columns.names:
        if name in lists or name in strata or name.lower() in PERSON:
            continue
        if (name.lower() in COUNT_LIKE or distinct) and columns.is_whole(name):
            raise DataError(
                f"The column {name!r} looks like a count of people, but no count column was named.",
                hint=f"Say --count {name} (count={name!r}); if each row is one person, rename or remove the column.",
            )
