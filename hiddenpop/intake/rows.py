"""`Rows`: named columns of text, read one row at a time, and the search for the header row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hiddenpop.errors import DataError

PREVIEW = 60
VALUE = re.compile(r"^([-+]?[\d.,]+(e\d+)?|true|false|yes|no)$", re.IGNORECASE)

NumberedRow = tuple[int, int, Sequence[str]]
"""Number of the row as seen in the file, how many rows are like it (it stands for them), and its cells."""


@dataclass(frozen=True)
class Rows:
    """A rectangle of text that is read afresh at each `open()`, in bounded memory.

    Attributes
    ----------
    columns : tuple of str
    open : function that returns an iterator of rows; equal rows may come as one, with their number
    source : str, name of the file
    reading : tuple of str, what was inferred so far
    typed : does the file know numbers from text?
    """

    columns: tuple[str, ...]
    open: Callable[[], Iterator[NumberedRow]]
    source: str
    reading: tuple[str, ...] = ()
    typed: bool = False


def trimmed(cells: Sequence[str]) -> list[str]:
    """Cells without surrounding blanks and without empty ones at the end."""
    out = [cell.strip().lstrip("\ufeff") for cell in cells]
    while out and not out[-1]:
        out.pop()
    return out


def find_header(preview: Iterable[NumberedRow], wanted: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """The header: the first row that holds all wanted names, else the first row as wide as the table.

    Parameters
    ----------
    preview : the first rows of the file
    wanted : names that the caller gave, perhaps of columns; may be empty

    Returns
    -------
    (row number, column names)

    Raises
    ------
    DataError
        If the file is empty, no header is found, names repeat, or a column has no name.
    """
    rows = [(number, cells) for number, _, row in preview if (cells := trimmed(row))]
    if not rows:
        raise DataError("The file is empty.", hint="Give a table with a header row.")
    found = next((r for r in rows if wanted and set(wanted) <= set(r[1])), None)
    number, cells = found or _complete(rows)
    if not wanted and any(VALUE.match(cell) for cell in cells):
        raise DataError(
            f"Row {number} should be the header but holds numbers or values: {', '.join(cells[:8])}.",
            hint="Put the names of the columns into the first row, or name them with lists (--lists a,b,c).",
        )
    _check_names(cells, number)
    return number, tuple(cells)


def _complete(rows: Sequence[tuple[int, list[str]]]) -> tuple[int, list[str]]:
    """The first row as wide as most of the table."""
    widths = Counter(len(cells) for _, cells in rows)
    width = max(widths, key=lambda w: (widths[w], w))
    return next(r for r in rows if len(r[1]) >= width)


def _check_names(cells: Sequence[str], number: int) -> None:
    nameless = [str(i + 1) for i, cell in enumerate(cells) if not cell]
    twice = sorted(name for name, times in Counter(c for c in cells if c).items() if times > 1)
    if nameless:
        raise DataError(f"In the header (row {number}), column {', '.join(nameless)} has no name.", hint="Name it.")
    if twice:
        raise DataError(f"The header (row {number}) names {', '.join(twice)} twice.", hint="Rename the columns.")


def file_name(path: Path) -> str:
    """The name of a file, fit to be printed."""
    return path.name.encode("utf-8", "replace").decode("utf-8")


def skipped(header: int, first: int = 1) -> tuple[str, ...]:
    """What to say of rows above the header."""
    above = header - first
    return (f"{above} rows above the header (row {header}) were skipped",) if above else ()
