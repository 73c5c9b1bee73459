"""Counting equal rows, and turning the counted rows of each shape into data; all faults are reported together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hiddenpop.arrays import MAX_LISTS, history_mask, mask_of
from hiddenpop.banded import BandedTable, build_banded
from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.door import repeated_rows
from hiddenpop.errors import DataError
from hiddenpop.intake.rows import Rows, trimmed
from hiddenpop.intake.shape import Shape
from hiddenpop.intake.values import HISTORY, CountReading, membership, read_counts
from hiddenpop.result import Check
from hiddenpop.sightings import SightingCounts

MOST_FAULTS = 20
MISSING = "(missing)"
BATCH = 1_000_000


@dataclass
class Faults:
    """What is wrong with a file, row by row, until it is raised as one error."""

    source: str
    told: list[str] = field(default_factory=list)
    number: int = 0
    hints: dict[str, None] = field(default_factory=dict)

    def add(self, row: int, text: str, hint: str, times: int = 1) -> None:
        self.number += times
        self.hints[hint] = None
        if len(self.told) < MOST_FAULTS:
            more = f" (and {times - 1} more rows like it)" if times > 1 else ""
            self.told.append(f"row {row}: {text}{more}")

    def raise_any(self) -> None:
        if self.number:
            more = f"; and {self.number - len(self.told)} more" if self.number > len(self.told) else ""
            raise DataError(
                f"{self.source} has {self.number} fault{'s' * (self.number > 1)}: {'; '.join(self.told)}{more}.",
                hint=" ".join(self.hints),
                details={"faults": self.told},
            )


Seen = dict[tuple[str, ...], list[int]]  # cells of the used columns -> [rows, first row]


def picked(rows: Rows, used: Sequence[str], faults: Faults) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(row number, rows like it, cells of the used columns); rows of a wrong width are faults."""
    width = len(rows.columns)
    place = [rows.columns.index(name) for name in used]
    for number, times, cells in rows.open():
        if len(cells) != width:
            cells = trimmed(cells)
            if len(cells) > width:
                hint = "Check the delimiter and quotation marks."
                faults.add(number, f"{len(cells)} cells under {width} columns", hint, times)
                continue
            cells += [""] * (width - len(cells))
        if any(cell.strip() for cell in cells):
            yield number, times, tuple([cells[i] for i in place])


def count_rows(rows: Rows, used: Sequence[str], faults: Faults) -> Seen:
    """Equal rows counted."""
    seen: Seen = {}
    for number, times, cells in picked(rows, used, faults):
        entry = seen.setdefault(cells, [0, number])
        entry[0] += times
    return seen


def people(rows: Rows, seen: Seen, shape: Shape, faults: Faults) -> tuple[list[tuple[int, int]], tuple[str, ...]]:
    """Fewest and most people of each distinct row, and what was inferred about the way counts are written."""
    if shape.count is None:
        return [(times, times) for times, _ in seen.values()], ()
    reading = read_counts((cells[-1] for cells in seen), typed=rows.typed)
    values = []
    for cells, (times, row) in seen.items():
        text = cells[-1].strip()
        wrong = reading.faults.get(text, "a band given twice" if text in reading.bands and times > 1 else "")
        if wrong:
            faults.add(row, f"count {cells[-1]!r} is {wrong}", COUNT_HINTS.get(wrong, CORRECT), times)
        exact = reading.values.get(text, 0) * times
        values.append(reading.bands.get(text, (exact, exact)))
    return values, _thousands(reading)


def exactly(limits: Sequence[tuple[int, int]], source: str) -> list[int]:
    """Counts where bands are of no use."""
    if any(low < high for low, high in limits):
        raise DataError(f"{source} has counts in bands, which sightings cannot have.", hint="Ask for the counts.")
    return [low for low, _ in limits]


CORRECT = "Counts are whole numbers, zero or more: correct them."
COUNT_HINTS = {
    "suppressed": "Write what is known of a suppressed count, as <5 or 10-19, or ask for the numbers.",
    "a band given twice": "Give every history once: bands cannot be added up.",
    "ambiguous: thousands or decimals": "Write counts without marks between digits.",
    "missing": "Fill in the count, or 0, or remove the row.",
}


def _thousands(reading: CountReading) -> tuple[str, ...]:
    mark = {" ": "a blank"}.get(reading.thousands, reading.thousands)
    return (f"counts written with {mark} between thousands",) if reading.thousands else ()


def read_cells(rows: Rows, shape: Shape) -> CaptureTable | BandedTable:
    """0/1 columns, with a count or one row per person."""
    faults = Faults(rows.source)
    seen = count_rows(rows, shape.used, faults)
    k = len(shape.lists)
    masks = []
    for cells, (times, row) in seen.items():
        states = [membership(cell) for cell in cells[:k]]
        for name, cell, state in zip(shape.lists, cells, states, strict=False):
            if state is None:
                what = "membership is missing" if not cell.strip() else f"{cell!r} is neither 0 nor 1"
                faults.add(row, f"list {name!r}: {what}", "Memberships are 1 (on the list) or 0 (not on it).", times)
        masks.append(mask_of(i for i, state in enumerate(states) if state))
    return _finish(rows, shape, seen, masks, shape.lists, faults)


def read_histories(rows: Rows, shape: Shape) -> CaptureTable | BandedTable:
    """Text histories such as 0110, with a count or one row per person."""
    faults = Faults(rows.source)
    seen = count_rows(rows, shape.used, faults)
    lengths = {len(cells[0].strip()) for cells in seen}
    k = len(shape.lists) or max(lengths, default=0)
    for cells, (times, row) in seen.items():
        text = cells[0].strip()
        if not HISTORY.match(text) or len(text) != k:
            hint = f"Histories are texts of {k} digits 0 or 1, first list leftmost."
            faults.add(row, f"{text!r} is not a history of {k} lists", hint, times)
    lists = shape.lists or tuple(f"list_{i + 1}" for i in range(k))
    return _finish(rows, shape, seen, [history_mask(cells[0].strip()) for cells in seen], lists, faults)


def _finish(
    rows: Rows, shape: Shape, seen: Seen, masks: Sequence[int], lists: Sequence[str], faults: Faults
) -> CaptureTable | BandedTable:
    limits, thousands = people(rows, seen, shape, faults)
    begin = len(shape.key)
    keys = [tuple(cell.strip() or MISSING for cell in cells[begin : begin + len(shape.strata)]) for cells in seen]
    _refuse_repeated_bands(seen, list(zip(masks, keys, strict=True)), limits, faults)
    faults.raise_any()
    total_rows = sum(times for times, _ in seen.values())
    checks: list[Check] = []
    if shape.count is not None:
        checks += repeated_rows(total_rows - len(set(zip(masks, keys, strict=True))))
    elif total_rows > 3 and len(set(zip(masks, keys, strict=True))) == total_rows:
        message = f"Each of the {total_rows} rows was counted as one person, yet no two rows are alike: "
        checks.append(Check("no-count-column", total_rows, False, message + "is a count column missing?"))
    low, high = ([limit[end] for limit in limits] for end in (0, 1))
    told: dict[str, Any] = {
        "strata": shape.strata,
        "keys": keys,
        "source": rows.source,
        "reading": (*rows.reading, str(shape), *thousands),
        "checks": checks,
    }
    if low != high:
        return build_banded(lists, masks, low, high, **told)
    return build_table(lists, masks, low, duplicates_expected=True, **told)


def _refuse_repeated_bands(
    seen: Seen, histories: Sequence[tuple[int, tuple[str, ...]]], limits: Sequence[tuple[int, int]], faults: Faults
) -> None:
    """A suppressed or banded count cannot be added to another of the same history."""
    number = Counter(histories)
    for (cells, (times, row)), history, (low, high) in zip(seen.items(), histories, limits, strict=True):
        if low < high and number[history] > 1:
            text = f"count {cells[-1]!r} is suppressed or banded, and its history is given again"
            faults.add(row, text, COUNT_HINTS["a band given twice"], times)


def read_long(rows: Rows, shape: Shape) -> CaptureTable:
    """One row per person and list: people are joined by a 64-bit hash of their key, 16 bytes a row."""
    faults = Faults(rows.source)
    positions: dict[str, int] = {name: i for i, name in enumerate(shape.lists)}
    hashes, bits = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    batch: list[tuple[int, int]] = []
    for row, _, (person, name, *values) in picked(rows, shape.used, faults):
        person, name = person.strip(), name.strip()
        if not person or not name:
            faults.add(row, "person or list is missing", "Every row needs a person and a list.")
        elif name not in positions and shape.lists:
            faults.add(row, f"{name!r} is not one of the lists named", "Name every list, or remove the rows.")
        elif positions.setdefault(name, len(positions)) < MAX_LISTS:
            batch.append((hash((person, *values)), positions[name]))
        if len(batch) == BATCH:
            hashes, bits = _joined(hashes, bits, batch)
            batch = []
    hashes, bits = _joined(hashes, bits, batch)
    faults.raise_any()
    masks, counts = np.unique(bits, return_counts=True)
    note = "people joined by exact equality of the person column"
    alike = len(positions) - len({name.casefold() for name in positions})
    message = f"{alike} lists differ from another only in capital letters: are they one list?"
    checks = [Check("lists-alike", alike, False, message)] if alike else []
    return build_table(
        list(positions), masks, counts, source=rows.source, reading=(*rows.reading, str(shape), note),
        duplicates_expected=True, checks=checks,
    )  # fmt: skip


def _joined(hashes: np.ndarray, bits: np.ndarray, batch: Iterable[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """The set of lists of each person so far: bits of equal hashes united."""
    new = np.array(list(batch), dtype=np.int64).reshape(-1, 2)
    keys = np.concatenate([hashes, new[:, 0]])
    values = np.concatenate([bits, np.int64(1) << new[:, 1]])
    order = np.argsort(keys, kind="stable")
    keys, values = keys[order], values[order]
    begins = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if keys.size else np.empty(0, dtype=int)
    return keys[begins], np.bitwise_or.reduceat(values, begins) if keys.size else values


def read_sightings(rows: Rows, shape: Shape) -> SightingCounts:
    """How often people were seen: times and count, or one row per person."""
    faults = Faults(rows.source)
    seen = count_rows(rows, shape.used, faults)
    times = read_counts(cells[0] for cells in seen)
    for cells, (number, row) in seen.items():
        wrong = times.faults.get(cells[0].strip(), "suppressed" if cells[0].strip() in times.bands else "")
        if wrong:
            faults.add(row, f"times {cells[0]!r} is {wrong}", "Times seen are whole numbers.", number)
    limits, thousands = people(rows, seen, shape, faults)
    faults.raise_any()
    counts = exactly(limits, rows.source)
    total: dict[int, int] = {}
    for cells, value in zip(seen, counts, strict=True):
        j = times.values[cells[0].strip()]
        total[j] = total.get(j, 0) + value
    return _sightings(rows, shape, total, thousands)


def read_frequencies(rows: Rows, shape: Shape) -> SightingCounts:
    """One row f1, f2, ..."""
    faults = Faults(rows.source)
    seen = count_rows(rows, shape.key, faults)
    if len(seen) != 1:
        raise DataError(f"{rows.source} has {len(seen)} rows of frequencies; one is read.", hint="Give one row.")
    cells = next(iter(seen))
    reading = read_counts(cells)
    for cell, wrong in (reading.faults | dict.fromkeys(reading.bands, "suppressed")).items():
        faults.add(next(iter(seen.values()))[1], f"count {cell!r} is {wrong}", COUNT_HINTS.get(wrong, CORRECT))
    faults.raise_any()
    total = {int(name[1:]): reading.values[c.strip()] for name, c in zip(shape.key, cells, strict=True)}
    if len(total) < len(shape.key):
        raise DataError(f"{rows.source} names a frequency twice: {', '.join(shape.key)}.", hint="Rename the columns.")
    return _sightings(rows, shape, total, _thousands(reading))


def _sightings(rows: Rows, shape: Shape, total: Mapping[int, int], thousands: tuple[str, ...]) -> SightingCounts:
    reading = (*rows.reading, str(shape), *thousands)
    return SightingCounts.from_frequencies(total, source=rows.source, reading=reading)


READERS: dict[str, Callable[[Rows, Shape], CaptureTable | BandedTable | SightingCounts]] = {
    "cells": read_cells,
    "histories": read_histories,
    "long": read_long,
    "sightings": read_sightings,
    "frequencies": read_frequencies,
}
