"""Delimited text as offices have it: any of comma, semicolon, tab or bar; UTF-8, UTF-16 or Latin-1."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from hiddenpop.errors import DataError
from hiddenpop.intake.rows import PREVIEW, NumberedRow, Rows, file_name, find_header, skipped, trimmed

BLOCK = 200_000
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
OTHER_KINDS = {
    b"PK\x03\x04": "a workbook or archive (.xlsx, .zip)",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "compressed (.gz)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True)
class Layout:
    """How a delimited file is written: its encoding, delimiter, row of the header (from 1) and columns."""

    encoding: str
    delimiter: str
    header: int
    columns: tuple[str, ...]


def find_layout(path: Path, wanted: Sequence[str]) -> Layout:
    """Encoding, delimiter and header of a file; what is not text is refused."""
    refuse_other_kinds(path)
    encoding = _encoding(path)
    delimiter = _delimiter(path, encoding)
    header, columns = find_header(islice(_lines(path, encoding, delimiter), PREVIEW), wanted)
    return Layout(encoding, delimiter, header, columns)


def read_delimited(path: Path, wanted: Sequence[str]) -> Rows:
    """Open a delimited text file: find encoding, delimiter and header; refuse what is not text."""
    found = find_layout(path, wanted)

    def rows() -> Iterator[NumberedRow]:
        return (row for row in _lines(path, found.encoding, found.delimiter) if row[0] > found.header)

    reading = (f"{DELIMITERS[found.delimiter]}-separated text, {found.encoding}", *skipped(found.header))
    return Rows(found.columns, rows, file_name(path), reading)


def refuse_other_kinds(path: Path) -> None:
    """Refuse a file whose first bytes show that it is not text, whatever its ending says."""
    with path.open("rb") as file:
        begin = file.read(512)
    if not begin.strip():
        raise DataError(f"The file {file_name(path)} is empty.", hint="Give a table with a header row.")
    kind = next((kind for magic, kind in OTHER_KINDS.items() if begin.startswith(magic)), None)
    if kind is None and begin.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        kind = "a web page (HTML or XML)"
    if kind:
        raise DataError(
            f"The file {file_name(path)} is not what its ending says: its content is {kind}.",
            hint="Rename it with the right ending, or save it again as CSV.",
        )


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        begin = file.read(4096)
    if begin.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise DataError(f"The file {file_name(path)} is UTF-32 text, which is not read.", hint="Save it as UTF-8.")
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if begin.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if b"\x00" in begin:
        zeros = begin[1::2].count(0), begin[::2].count(0)
        if max(zeros) > len(begin) / 4 and min(zeros) == 0:
            return "utf-16-le" if zeros[0] else "utf-16-be"
        raise DataError(f"The file {file_name(path)} holds binary data, not text.", hint="Save it as CSV.")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _delimiter(path: Path, encoding: str) -> str:
    """The delimiter under which most of the first rows have one and the same number of cells."""

    def score(delimiter: str) -> tuple[int, int]:
        try:
            rows = [trimmed(row) for _, _, row in islice(_lines(path, encoding, delimiter), PREVIEW)]
        except DataError:
            return 0, 0
        widths = Counter(len(cells) for cells in rows if len(cells) > 1)
        width = max(widths, key=lambda w: (widths[w], w), default=0)
        return widths[width], width

    return max(DELIMITERS, key=score)


def _lines(path: Path, encoding: str, delimiter: str) -> Iterator[NumberedRow]:
    """Every line that is not blank. Equal lines of a block come as one, until a quotation mark asks for care."""
    done = 0
    try:
        with path.open(encoding=encoding) as file:
            while block := list(islice(file, BLOCK)):
                if any('"' in line for line in block):
                    yield from _quoted(chain(block, file), delimiter, done)
                    return
                times = Counter(block)
                first = dict(zip(reversed(block), range(len(block), 0, -1), strict=True))
                for line, row in zip(times, csv.reader(times, delimiter=delimiter), strict=True):
                    if row:
                        yield done + first[line], times[line], row
                done += len(block)
    except csv.Error as error:
        raise DataError(
            f"{file_name(path)} cannot be read from row {done + 1} on: {error}.",
            hint="Look for a quotation mark that is not closed.",
        ) from error
    except UnicodeError as error:
        raise DataError(
            f"The file {file_name(path)} is not valid {encoding} text.", hint="Save it as UTF-8."
        ) from error


def _quoted(lines: Iterable[str], delimiter: str, done: int) -> Iterator[NumberedRow]:
    """Rows one by one: a quoted cell may hold line ends."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begin = done + 1
    for row in reader:
        if row:
            yield begin, 1, row
        begin = done + reader.line_num + 1
