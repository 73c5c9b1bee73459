"""What stands in the files of a release, so that two that differ in bits can still be said to agree."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import loads
from math import isfinite
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from hiddenpop.national.workbook import read_cells

PAGE = "report.html"  # PDF is made from it, and cannot be read again
VERSION_NAMES = re.compile(r"^<tr><td>\w+</td><td>python [^<]*</td></tr>$")
VERSIONS = "/versions/"
FIGURE = "figure"
SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)
TEXTS = re.compile(r"<w:t(?: [^>]*)?>([^<]*)</w:t>")
COORDINATE = re.compile(r"-?\d+\.\d+")
MADE_NAME = re.compile(r"(?<=[#\"])[a-z][0-9a-f]{10}\b")
POINT = 1e-4
WHOLE = re.compile(r"-?(0|[1-9]\d*)")
DECIMAL = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?")
NOTHING = object()
Content = dict[str, Any]  # place -> number or text


@dataclass(frozen=True)
class Agreement:
    """How two files compare that are not the same bits.

    Attributes
    ----------
    differ : places at which something else stands
    largest : largest relative difference of two numbers that are not whole
    others : what else differs in bits and says the same: names of versions, coordinates of figures
    """

    differ: tuple[str, ...]
    largest: float
    others: tuple[str, ...]


def compare_files(one: Path, other: Path) -> Agreement:
    """Compare what two files of the same name say: numbers that are not whole as numbers, the rest as text.

    Raises
    ------
    ValueError, KeyError, OSError, BadZipFile
        If a file is broken.
    """
    first, second = _content(one), _content(other)
    differ, largest, others = [], 0.0, set()
    for place in dict.fromkeys([*first, *second]):
        old, new = first.get(place, NOTHING), second.get(place, NOTHING)
        if old == new and type(old) is type(new):
            continue
        if VERSIONS in f"{place}/":
            others.add("names of versions")
        elif place.startswith(FIGURE) and _drawn_alike(str(old), str(new)):
            others.add("the last digits of coordinates of figures")
        elif (apart := _apart(old, new)) is not None:
            largest = max(largest, apart)
        else:
            differ.append(place)
    return Agreement(tuple(differ), largest, tuple(sorted(others)))


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every single value of plain JSON values, with its place, as in `/estimate/seed`."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from leaves(part, f"{place}/{name}")
    elif isinstance(value, list) and value:
        for i, part in enumerate(value):
            yield from leaves(part, f"{place}/{i}")
    else:
        yield place, value


def _drawn_alike(one: str, other: str) -> bool:
    """Are two figures the same in their last digits, apart from names made of the digits of coordinates?"""
    one, other = MADE_NAME.sub("", one), MADE_NAME.sub("", other)
    if COORDINATE.sub("", one) != COORDINATE.sub("", other):
        return False
    pairs = zip(COORDINATE.findall(one), COORDINATE.findall(other), strict=False)
    return all(abs(float(old) - float(new)) < POINT for old, new in pairs)


def _apart(old: Any, new: Any) -> float | None:
    """The relative difference of two numbers; None if one is whole, of another sign, or no number."""
    numbers = [_number(value) for value in (old, new)]
    if numbers[0] is None or numbers[1] is None or (numbers[0] < 0.0) != (numbers[1] < 0.0):
        return None
    return abs(numbers[0] - numbers[1]) / max(abs(numbers[0]), abs(numbers[1]))


def _number(value: Any) -> float | None:
    """A number that is not whole, as JSON or as CSV writes it."""
    if isinstance(value, str) and DECIMAL.fullmatch(value) and not WHOLE.fullmatch(value):
        value = float(value)
    return value if isinstance(value, float) and isfinite(value) else None


def _content(path: Path) -> Content:
    kind = path.suffix
    if kind == ".json":
        return dict(leaves(loads(path.read_text(encoding="utf-8"))))
    if kind == ".xlsx":
        return dict(read_cells(path))
    if kind == ".docx":
        with ZipFile(path) as packed:
            return dict(_texts(TEXTS.findall(packed.read("word/document.xml").decode())))
    if kind in (".html", ".pdf"):
        return dict(_page(path.with_name(PAGE).read_text(encoding="utf-8")))
    rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    return {f"row {i}, column {j}": cell for i, row in enumerate(rows, 1) for j, cell in enumerate(row, 1)}


def _page(html: str) -> Iterator[tuple[str, str]]:
    """Figures, and everything else line by line."""
    yield from ((f"{FIGURE} {i}", svg) for i, svg in enumerate(SVG.findall(html), 1))
    for i, line in enumerate(SVG.sub("", html).splitlines(), 1):
        yield (f"line {i}{VERSIONS}" if VERSION_NAMES.match(line.strip()) else f"line {i}"), line


def _texts(parts: list[str]) -> Iterator[tuple[str, str]]:
    """Texts of a document; the one that names versions is known by its beginning."""
    for i, part in enumerate(parts, 1):
        yield (f"text {i}{VERSIONS}" if part.startswith("python ") else f"text {i}"), part
