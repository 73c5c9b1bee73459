"""Excel workbooks: one sheet with a table on it, perhaps below title rows."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

from hiddenpop.errors import DataError, HiddenpopError, UnknownNameError
from hiddenpop.intake.frames import as_text
from hiddenpop.intake.rows import PREVIEW, NumberedRow, Rows, file_name, find_header, skipped, trimmed

MOST_BYTES, MOST_RATIO = 100_000_000, 100  # unpacked; a large table packs ten to thirty times


def read_workbook(path: Path, wanted: Sequence[str], sheet: str | None = None) -> Rows:
    """Open the one sheet of a workbook that holds a table; `file.xlsx#Sheet` chooses among several.

    Raises
    ------
    DataError
        If the file is no workbook, or no sheet or more than one holds a table.
    """
    if not is_zipfile(path):
        raise DataError(
            f"The file {file_name(path)} is not what its ending says: it is not an Excel workbook.",
            hint="Rename it with the right ending (.csv for text), or save it again as .xlsx.",
        )
    _refuse_bomb(path)
    names = _sheets(path)
    if sheet is not None:
        if sheet not in names:
            raise UnknownNameError.among("sheet", sheet, names)
        names = [sheet]
    previews = {name: list(islice(_cells(path, name), PREVIEW)) for name in names}
    filled = {name: rows for name, rows in previews.items() if _looks_like_a_table(rows)}
    headers = {name: _header(rows, wanted, strict=len(filled) == 1) for name, rows in filled.items()}
    found = {name: header for name, header in headers.items() if header is not None}
    if not found:
        raise DataError(
            f"No sheet of {file_name(path)} holds a table.", hint="Give a sheet with a header row above the data."
        )
    if len(found) > 1:
        raise DataError(
            f"{len(found)} sheets of {file_name(path)} hold a table: {', '.join(found)}.",
            hint=f"Name one, as in {file_name(path)}#{next(iter(found))}.",
        )
    name, (header, columns) = found.popitem()

    def rows() -> Iterator[NumberedRow]:
        return (row for row in _cells(path, name) if row[0] > header)

    return Rows(columns, rows, file_name(path), (f"sheet {name!r}", *skipped(header)), typed=True)


def _refuse_bomb(path: Path) -> None:
    """Refuse a small file that unpacks into a huge one; texts shared by cells are held in memory."""
    try:
        with ZipFile(path) as archive:
            parts = archive.infolist()
    except BadZipFile:
        return  # said when the workbook is opened
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if unpacked > MOST_BYTES and unpacked > MOST_RATIO * max(packed, 1):
        raise DataError(
            f"The workbook {file_name(path)} would unpack to {unpacked / 1e9:.1f} GB, {unpacked / packed:.0f} times "
            "its size: that is no table.",
            hint="Save it again as CSV.",
        )


def _header(
    preview: Sequence[NumberedRow], wanted: Sequence[str], *, strict: bool
) -> tuple[int, tuple[str, ...]] | None:
    try:
        return find_header(preview, wanted)
    except HiddenpopError:
        if strict:
            raise
        return None


def _looks_like_a_table(preview: Sequence[NumberedRow]) -> bool:
    """Two rows or more of two cells or more; a sheet of notes has one column."""
    return sum(len(trimmed(cells)) > 1 for _, _, cells in preview) > 1


@contextmanager
def _book(path: Path) -> Iterator[Any]:
    """The workbook, closed at the end; whatever is wrong inside it becomes one clear error."""
    from openpyxl import load_workbook

    book = None
    try:
        book = load_workbook(path, read_only=True, data_only=True)
        yield book
    except (BadZipFile, KeyError, ValueError, OSError, EOFError, SyntaxError, zlib.error) as error:
        if isinstance(error, HiddenpopError):
            raise
        raise DataError(
            f"The workbook {file_name(path)} is damaged and cannot be read.", hint="Save it again as .xlsx or CSV."
        ) from error
    finally:
        if book is not None:
            book.close()


def _sheets(path: Path) -> list[str]:
    with _book(path) as book:
        return [sheet.title for sheet in book.worksheets]


def _cells(path: Path, name: str) -> Iterator[NumberedRow]:
    """Every row of a sheet that is not blank, its cells as text."""
    with _book(path) as book:
        sheet = book[name]
        sheet.reset_dimensions()  # some programs write a wrong extent, which would cut the table off
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            cells = [as_text(value) for value in row]
            if trimmed(cells):
                yield number, 1, cells
