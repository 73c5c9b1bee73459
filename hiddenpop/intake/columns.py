"""What the first rows of a table show about each column: could it be a list, a history, a stratum, a hidden count?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hiddenpop.intake.values import HISTORY, membership

HISTORY_NAMES = ("history", "capture_history", "histories", "pattern")
COUNT_LIKE = ("n", "freq", "frequency", "counts", "people", "persons", "total", "number", "cases", "individuals")
TOTALS = ("total", "totals", "all", "both", "gesamt", "insgesamt", "ensemble", "todos", "tous")
MANY_VALUES = 100
NUMBER = re.compile(r"^[-+<≤\u2212]?\s*\d+([.,' \u00a0\u202f]\d+)*%?$")


@dataclass(frozen=True)
class Columns:
    """The cells of the first rows, by column.

    Attributes
    ----------
    cells : name -> texts, stripped, one per row
    """

    cells: dict[str, list[str]]

    @classmethod
    def of(cls, names: Sequence[str], sample: Sequence[Sequence[str]]) -> Columns:
        """From rows of cells; rows that are too short have empty cells."""
        return cls({n: [row[i].strip() if i < len(row) else "" for row in sample] for i, n in enumerate(names)})

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.cells)

    def values(self, name: str) -> set[str]:
        """The different texts of a column, without the empty one."""
        return {value for value in self.cells[name] if value}

    def is_list(self, name: str) -> bool:
        """Is every value 0/1-like? A lone letter that never changes (a sex column of F) is no evidence."""
        values = self.values(name)
        lone_letter = len(values) == 1 and len(next(iter(values))) == 1 and next(iter(values)).isalpha()
        return bool(values) and not lone_letter and all(membership(v) is not None for v in values)

    def is_history(self, name: str) -> bool:
        """Are all values texts of 0 and 1 of one length, two digits or more?"""
        values = self.values(name)
        return bool(values) and all(HISTORY.match(v) for v in values) and len({len(v) for v in values}) == 1

    def is_whole(self, name: str) -> bool:
        """Are all values whole numbers, and not only 0 and 1?"""
        values = self.values(name)
        return bool(values) and all(v.isascii() and v.isdigit() for v in values) and not values <= {"0", "1"}

    def fault_as_stratum(self, name: str) -> str:
        """Why a column cannot be a stratum; nothing if it can."""
        values = self.values(name)
        if not values:
            return f"{name!r} is empty"
        if name.lower() in COUNT_LIKE and all(NUMBER.match(v) for v in values):
            return f"{name!r} looks like a count of people and is not named 'count'"
        if any(NUMBER.match(v) for v in values):
            told = ", ".join(sorted(values)[:4])
            return f"{name!r} holds numbers ({told}) and is neither 0/1 nor named 'count'"
        if len(values) > MANY_VALUES:
            return f"{name!r} holds {len(values)} different texts, too many for strata"
        return ""

    def total_among(self, name: str) -> str | None:
        """A stratum value that looks like the sum of the others."""
        values = self.values(name)
        return next((v for v in sorted(values) if v.lower() in TOTALS and len(values) > 1), None)

    def differ(self, names: Sequence[str]) -> bool:
        """Do no two rows agree in these columns?"""
        rows = list(zip(*(self.cells[n] for n in names), strict=True))
        return len(rows) > 1 and len(set(rows)) == len(rows)
