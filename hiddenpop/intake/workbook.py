"""Excel workbooks: one sheet with a table on it, perhaps below title rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

from hiddenpop.errors import DataError, HiddenpopError, UnknownNameError
from hiddenpop.intake.frames import as_text
from hiddenpop.intake.rows import PREVIEW, NumberedRow, Rows, find_header, skipped, trimmed


def read_workbook(path: Path, wanted: Sequence[str], sheet: str | None = None) -> Rows:
    """Open the one sheet of a workbook that holds a table; `file.xlsx#Sheet` chooses among several.

    Raises
    ------
    DataError
        If the file is no workbook, or no sheet or more than one holds a table.
    """
    if not is_zipfile(path):
        raise DataError(
            f"The file {path.name} is not what its ending says: it is not an Excel workbook.",
            hint="Rename it with the right ending (.csv for text), or save it again as .xlsx.",
        )
    names = _sheets(path)
    if sheet is not None:
        if sheet not in names:
            raise UnknownNameError.among("sheet", sheet, names)
        names = [sheet]
    filled = [name for name in names if len(list(islice(_cells(path, name), 2))) == 2]
    headers = {name: _header(path, name, wanted, strict=len(filled) == 1) for name in filled}
    found = {name: header for name, header in headers.items() if header is not None}
    if not found:
        raise DataError(
            f"No sheet of {path.name} holds a table.", hint="Give a sheet with a header row above the data."
        )
    if len(found) > 1:
        raise DataError(
            f"{len(found)} sheets of {path.name} hold a table: {', '.join(found)}.",
            hint=f"Name one, as in {path.name}#{next(iter(found))}.",
        )
    name, (header, columns) = found.popitem()

    def rows() -> Iterator[NumberedRow]:
        return (row for row in _cells(path, name) if row[0] > header)

    return Rows(columns, rows, path.name, (f"sheet {name!r}", *skipped(header)))


def _header(path: Path, name: str, wanted: Sequence[str], *, strict: bool) -> tuple[int, tuple[str, ...]] | None:
    try:
        return find_header(islice(_cells(path, name), PREVIEW), wanted)
    except HiddenpopError:
        if strict:
            raise
        return None


def _open(path: Path) -> Any:
    from openpyxl import load_workbook

    try:
        return load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise DataError(f"The workbook {path.name} cannot be opened.", hint="Save it again as .xlsx or CSV.") from error


def _sheets(path: Path) -> list[str]:
    book = _open(path)
    try:
        return [sheet.title for sheet in book.worksheets]
    finally:
        book.close()


def _cells(path: Path, name: str) -> Iterator[NumberedRow]:
    """Every row of a sheet that is not blank, its cells as text."""
    book = _open(path)
    try:
        for number, row in enumerate(book[name].iter_rows(values_only=True), start=1):
            cells = [as_text(value) for value in row]
            if trimmed(cells):
                yield number, 1, cells
    finally:
        book.close()
