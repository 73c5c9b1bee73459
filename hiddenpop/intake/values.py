"""The meaning of a cell: membership of a list, a count, a history; what is doubtful is a fault, never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

ONE = frozenset({"1", "1.0", "true", "yes", "y", "t", "oui", "ja", "si", "sí"})
ZERO = frozenset({"0", "0.0", "false", "no", "n", "f", "non", "nein", "nee"})

SUPPRESSED = re.compile(r"^([<≤]\s*=?\s*\d+|\d+\s*(-|–|to)\s*\d+|\*+|\.\.+|…|:|c|s|x|z|suppressed)$", re.IGNORECASE)
BELOW = re.compile(r"^(<\s*=|<|≤)\s*(\d{1,9})$")
BETWEEN = re.compile(r"^(\d{1,9})\s*(?:-|–|to)\s*(\d{1,9})$", re.IGNORECASE)
GROUPS = {
    ".": re.compile(r"^[1-9]\d{0,2}(\.\d{3})+$"),
    ",": re.compile(r"^[1-9]\d{0,2}(,\d{3})+$"),
    " ": re.compile(r"^[1-9]\d{0,2}([ \u00a0\u2009\u202f]\d{3})+$"),
    "'": re.compile(r"^[1-9]\d{0,2}(['\u2019]\d{3})+$"),
}
WHOLE = re.compile(r"^\+?\d{1,16}$")
DECIMAL_ZERO = re.compile(r"^(\d{1,16})[.,]0+$")
SCIENTIFIC = re.compile(r"^\d(\.\d{1,15})?e\+?\d{1,2}$", re.IGNORECASE)
DECIMAL = re.compile(r"^\d*[.,]?\d+(e[-+]?\d+)?$", re.IGNORECASE)
NEGATIVE = re.compile(r"^[-\u2212]\s*\d")
HISTORY = re.compile(r"^[01]{2,}$")


def membership(cell: str) -> bool | None:
    """True, False, or None when the cell is neither."""
    word = cell.strip().lower()
    return True if word in ONE else False if word in ZERO else None


class CountReading(NamedTuple):
    """How a column of counts was understood.

    Attributes
    ----------
    values : cell -> whole number
    faults : cell -> what is wrong with it
    thousands : the mark between groups of three digits, or "" when there is none
    bands : cell -> smallest and largest number that it can stand for, such as `<5` and `10-19`
    """

    values: dict[str, int]
    faults: dict[str, str]
    thousands: str
    bands: dict[str, tuple[int, int]]


def read_counts(cells: Iterable[str], *, typed: bool = False) -> CountReading:
    """Understand the distinct cells of a count column together, so that `1.234` is settled by its neighbours.

    A point or comma that groups three digits is taken as a thousands mark only if the column is consistent: no other
    mark, no number of 1,000 or more without it, and at least one number below 1,000 written plainly (else `12.345`
    could be a decimal) or one with two marks.

    Parameters
    ----------
    cells : texts
    typed : True when the file knows numbers from text: then no mark can stand for thousands
    """
    distinct = list(dict.fromkeys(cell.strip() for cell in cells))
    grouped = {mark: [c for c in distinct if pattern.match(c)] for mark, pattern in GROUPS.items()}
    marks = [mark for mark, found in grouped.items() if found]
    ungrouped_large = any(WHOLE.match(c) and int(c) >= 1000 for c in distinct)
    mark = marks[0] if len(marks) == 1 else ""
    settled = any(WHOLE.match(c) for c in distinct) or any(c.count(mark) > 1 for c in grouped.get(mark, ()))
    zeros_only = mark in (".", ",") and all(re.fullmatch(r"\d{1,3}[.,]000", c) for c in grouped[mark])
    doubtful = typed or len(marks) > 1 or (mark in (".", ",") and (ungrouped_large or zeros_only or not settled))

    values: dict[str, int] = {}
    faults: dict[str, str] = {}
    bands: dict[str, tuple[int, int]] = {}
    for cell in distinct:
        if any(pattern.match(cell) for pattern in GROUPS.values()):
            if doubtful:
                faults[cell] = "not a whole number" if typed else "ambiguous: thousands or decimals"
            else:
                values[cell] = int(re.sub(r"\D", "", cell))
        elif WHOLE.match(cell):
            values[cell] = int(cell)
        elif found := DECIMAL_ZERO.match(cell):
            values[cell] = int(found.group(1))
        elif SCIENTIFIC.match(cell) and float(cell).is_integer():
            values[cell] = int(float(cell))
        elif (band := _band(cell)) is not None:
            bands[cell] = band
        else:
            faults[cell] = _fault(cell)
    return CountReading(values, faults, mark if mark and not doubtful else "", bands)


def _band(cell: str) -> tuple[int, int] | None:
    """`<5` is 0 to 4, `<=5` 0 to 5, `10-19` and `10 to 19` as they say."""
    if found := BELOW.match(cell):
        most = int(found.group(2)) - (found.group(1) == "<")  # strictly below
        return (0, most) if most >= 0 else None
    if found := BETWEEN.match(cell):
        low, high = int(found.group(1)), int(found.group(2))
        return (low, high) if low <= high else None
    return None


def _fault(cell: str) -> str:
    if not cell or cell.lower() in ("na", "n/a", "nan", "null", "none", "-"):
        return "missing"
    if SUPPRESSED.match(cell):
        return "suppressed"
    if NEGATIVE.match(cell):
        return "negative"
    if cell.isascii() and cell.isdigit():
        return "too large"
    return "not a whole number" if DECIMAL.match(cell) else "not a number"
