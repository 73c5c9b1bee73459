"""Sheets of figures as files: a workbook with notes and provenance, or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from json import dumps
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hiddenpop.errors import DataError
from hiddenpop.intake.writing import defuse
from hiddenpop.output import TIMELESS, drop_times, write_whole

if TYPE_CHECKING:
    from pandas import DataFrame

TEXT = "@"
WIDE, NARROW = 60, 13  # letters
LINE = 15.0  # points


@dataclass(frozen=True, eq=False)
class Sheet:
    """Figures to be written.

    Attributes
    ----------
    rows : DataFrame; missing numbers are shown as `missing`
    headings, formats : of its columns, by name; formats are those of Excel, `@` for text
    columns : which of them the workbook shows, in order; CSV has all
    notes : sentences that belong under the figures
    origins : (name, values) of what the figures come from
    missing : in place of a missing number
    """

    rows: DataFrame
    headings: Mapping[str, str]
    formats: Mapping[str, str]
    columns: Sequence[str]
    notes: Sequence[str]
    origins: Iterable[tuple[str, Any]]
    missing: str = ""


def write_sheet(sheet: Sheet, path: str | Path) -> None:
    """Write a sheet as .xlsx or .csv, readable by its owner only; no text is ever a formula.

    Raises
    ------
    OptionError
        If the file cannot be written.
    DataError
        If its ending is another.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        text = (
            sheet.rows.map(defuse)
            .rename(columns=lambda name: str(defuse(name)))
            .to_csv(index=False, lineterminator="\n", na_rep=sheet.missing)
        )
        write_whole(path, text)
    elif path.suffix.lower() == ".xlsx":
        write_whole(path, lambda part: _write_workbook(sheet, part))
    else:
        raise DataError(
            f"Tables are not written as {path.suffix or 'files without ending'}.", hint="Use .xlsx or .csv."
        )


def read_cells(path: Path) -> Iterator[tuple[str, Any]]:
    """Every cell of a workbook: its place as a text, with the name of what its row is of, and its value."""
    from openpyxl import load_workbook

    with closing(load_workbook(path, read_only=True)) as book:
        for page in book:
            for i, row in enumerate(page.iter_rows(values_only=True)):
                yield from ((f"{page.title}/{i}/{j}/{row[0]}/", value) for j, value in enumerate(row))


def _write_workbook(sheet: Sheet, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.properties import PageSetupProperties

    book = Workbook()
    page = book.active
    page.title = "Table"
    columns = list(sheet.columns)
    texts = [sheet.formats[name] == TEXT for name in columns]
    page.append([defuse(sheet.headings[name]) for name in columns])
    for cell, text in zip(page[1], texts, strict=True):
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top", horizontal="left" if text else "right")
    for row in sheet.rows[columns].map(defuse).itertuples(index=False):
        page.append([_cell(value, sheet.missing) for value in row])
        for cell, name, text in zip(page[page.max_row], columns, texts, strict=True):
            cell.number_format = sheet.formats[name]
            cell.alignment = Alignment(wrap_text=True, vertical="top") if text else Alignment(
                horizontal="right", vertical="top"
            )  # fmt: skip
    widths = [_width(page, place) if text else NARROW for place, text in enumerate(texts, start=1)]
    for place, width in enumerate(widths, start=1):
        page.column_dimensions[get_column_letter(place)].width = width
    for row in page.iter_rows():
        letters = [len(cell.value) if isinstance(cell.value, str) else 1 for cell in row]
        lines = max(ceil(n / width) for n, width in zip(letters, widths, strict=True))
        page.row_dimensions[row[0].row].height = LINE * max(1, lines)
    page.freeze_panes = page.cell(row=2, column=next((i for i, text in enumerate(texts, 1) if not text), 1))
    page.page_setup.orientation, page.page_setup.fitToHeight = "landscape", 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    _write_texts(book.create_sheet("Notes"), [(note, "") for note in sheet.notes])
    told = [(name, value if isinstance(value, str | int) else dumps(value)) for name, value in sheet.origins]
    _write_texts(book.create_sheet("Provenance"), told)
    book.properties.created = book.properties.modified = TIMELESS
    book.save(path)
    drop_times(path)


def _width(page: Any, place: int) -> int:
    """Of a column of texts: its longest one, within reason."""
    longest = max(len(str(page.cell(row=row, column=place).value or "")) for row in range(1, page.max_row + 1))
    return min(WIDE, longest + 2)


def _write_texts(page: Any, rows: list[tuple[str, Any]]) -> None:
    from openpyxl.styles import Alignment

    for name, value in rows:
        page.append([defuse(name), defuse(value)])
        for cell in page[page.max_row]:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    alone = not any(value for _, value in rows)
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = (100, 8) if alone else (16, 90)


def _cell(value: Any, missing: str) -> Any:
    """A number, a text, or the mark of a missing number."""
    if value is None or (isinstance(value, float) and value != value):
        return missing or None
    return value.item() if hasattr(value, "item") else value
