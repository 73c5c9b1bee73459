"""What stands in the files of a release, so that two that differ in bits can still be said to agree."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import loads
from math import inf
from pathlib import Path
from typing import Any

from hiddenpop.national.workbook import read_cells
from hiddenpop.report.blocks import Block, read_blocks

MADE_FROM = {".docx": "report.html", ".pdf": "report.html"}
VERSIONS = ("versions", "Versions", "Versiones")
FIGURE = "/figure"
COORDINATE = re.compile(r"-?\d+\.\d+|-?\d+")
MADE_NAME = re.compile(r"(?<=[#\"])[a-z][0-9a-f]{10}\b")
POINT = 0.01
Content = dict[str, Any]  # place -> number or text


@dataclass(frozen=True)
class Agreement:
    """How two files compare that are not the same bits.

    Attributes
    ----------
    differ : places at which something else stands
    largest : largest relative difference of two numbers
    others : what else differs in bits and says the same: names of versions, coordinates of figures
    """

    differ: tuple[str, ...]
    largest: float
    others: tuple[str, ...]


def compare_files(one: Path, other: Path) -> Agreement:
    """Compare what two files of the same name say: numbers as numbers, the rest as text.

    Documents and PDF are compared by the page that they were made from.
    """
    first, second = _content(one), _content(other)
    places = [*first, *(place for place in second if place not in first)]
    differ, largest, others = [], 0.0, set()
    for place in places:
        old, new = first.get(place), second.get(place)
        if old == new and isinstance(old, bool) == isinstance(new, bool):
            continue
        if any(part in place.split("/") for part in VERSIONS):
            others.add("names of versions")
            continue
        if place.endswith(FIGURE) and _drawn_alike(str(old), str(new)):
            others.add("the last digits of coordinates of figures")
            continue
        numbers = [_number(value) for value in (old, new)]
        if None in numbers:
            differ.append(place)
        else:
            largest = max(largest, _apart(*numbers))  # type: ignore[arg-type]
    return Agreement(tuple(differ), largest, tuple(sorted(others)))


def _drawn_alike(one: str, other: str) -> bool:
    """Are two figures the same to a hundredth of a point, apart from names made of the digits of coordinates?"""
    one, other = MADE_NAME.sub("", one), MADE_NAME.sub("", other)
    if COORDINATE.sub("", one) != COORDINATE.sub("", other):
        return False
    pairs = zip(COORDINATE.findall(one), COORDINATE.findall(other), strict=False)
    return all(abs(float(old) - float(new)) < POINT for old, new in pairs)


def _apart(one: float, other: float) -> float:
    whole = max(abs(one), abs(other))
    return abs(one - other) / whole if whole else 0.0


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < inf else None


def _content(path: Path) -> Content:
    if path.suffix in MADE_FROM:
        path = path.with_name(MADE_FROM[path.suffix])
    if path.suffix == ".json":
        return dict(_leaves(loads(path.read_text(encoding="utf-8")), ""))
    if path.suffix == ".html":
        return dict(_page(read_blocks(path.read_text(encoding="utf-8"))))
    if path.suffix == ".xlsx":
        return dict(read_cells(path))
    rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    return {f"{i}/{j}": cell for i, row in enumerate(rows) for j, cell in enumerate(row)}


def _leaves(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, f"{place}/{name}")
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield from _leaves(part, f"{place}/{i}")
    else:
        yield place, value


def _page(blocks: list[Block]) -> Iterator[tuple[str, str]]:
    for i, block in enumerate(blocks):
        yield f"{i}/{block.kind}", block.text + block.svg
        for j, row in enumerate(block.rows):
            for k, cell in enumerate(row):
                yield f"{i}/{j}/{k}/{row[0].text}", cell.text
