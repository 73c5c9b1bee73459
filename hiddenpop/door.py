"""The door through which every capture table comes: validate, add up, take out what cannot be counted, and say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hiddenpop.arrays import MAX_LISTS, Counts, Masks, history_text
from hiddenpop.errors import DataError
from hiddenpop.result import Check

MAX_PEOPLE = 2**53

Label = tuple[str, ...]


class Admitted(NamedTuple):
    """Tidy cells: distinct (stratum, history) pairs with positive counts, on lists that somebody is on."""

    lists: tuple[str, ...]
    histories: Masks
    counts: Counts
    labels: tuple[Label, ...]
    stratum: Counts
    checks: tuple[Check, ...]


def admit(
    lists: Sequence[str],
    histories: ArrayLike,
    counts: ArrayLike,
    keys: Sequence[Label] | None,
    *,
    duplicates_expected: bool,
) -> Admitted:
    """Validate cells and tidy them.

    Parameters
    ----------
    lists : K names
    histories : (m,) masks
    counts : (m,) people
    keys : (m) stratum values, or None
    duplicates_expected : leave out the check on equal histories

    Raises
    ------
    DataError
        If names, counts or their numbers are unusable, or nobody is on any list.
    """
    names = _check_names(lists)
    masks = np.asarray(histories, dtype=np.int64).ravel()
    people = _check_counts(counts, masks, len(names))
    labels = sorted(set(keys)) if keys is not None else [()]
    place = {label: i for i, label in enumerate(labels)}
    stratum = np.array([place[k] for k in keys] if keys is not None else [0] * masks.size, dtype=np.int64)

    on_none = masks == 0
    found = _on_no_list(int(people[on_none].sum()))
    stratum, masks, people = stratum[~on_none], masks[~on_none], people[~on_none]
    cells, inverse = np.unique(np.stack([stratum, masks]), axis=1, return_inverse=True)
    totals = np.zeros(cells.shape[1], dtype=np.int64)
    np.add.at(totals, inverse.ravel(), people)
    if not duplicates_expected:
        found += repeated_rows(masks.size - cells.shape[1])
    cells, totals = cells[:, totals > 0], totals[totals > 0]
    if totals.size == 0:
        raise DataError("Nobody is on any list: all counts are zero.", hint="Check the count column and the lists.")

    kept, packed, empty = _drop_empty(names, cells[1])
    found += [Check("empty-list", n, None, f"Nobody is on the list {n!r}; it was dropped.") for n in empty]
    present, renumbered = np.unique(cells[0], return_inverse=True)
    return Admitted(kept, packed, totals, tuple(labels[i] for i in present), renumbered.ravel(), tuple(found))


def _on_no_list(lost: int) -> list[Check]:
    message = f"{lost:,} people on none of the lists were left out: they are not part of the observed total."
    return [Check("all-zero-history", lost, False, message)] if lost else []


def repeated_rows(again: int) -> list[Check]:
    """Say that rows repeat a history, if any do."""
    message = f"{again} rows repeat a history that was already given; their counts were added up."
    return [Check("duplicate-histories", again, False, message)] if again else []


def _check_names(lists: Sequence[str]) -> tuple[str, ...]:
    names = tuple(str(name) for name in lists)
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"Lists must have different names; given twice: {twice}.", hint="Rename them.")
    if not names or not all(n.strip() for n in names):
        raise DataError(f"Every list needs a name; got {list(names)}.", hint="Name the columns.")
    if len(names) > MAX_LISTS:
        raise DataError(f"{len(names)} lists are more than the {MAX_LISTS} supported.", hint="Merge lists.")
    return names


def _check_counts(counts: ArrayLike, masks: Masks, n_lists: int) -> Counts:
    values = np.asarray(counts).ravel()
    if values.size != masks.size:
        raise DataError(f"{values.size} counts are given for {masks.size} histories.", hint="Give one count each.")
    try:
        numbers = values.astype(float)
    except (TypeError, ValueError):
        raise DataError(f"Counts must be whole numbers; got {values[:5].tolist()}.", hint="Correct them.") from None
    wrong = ~np.isfinite(numbers) | (numbers < 0) | (numbers != np.floor(numbers))
    if wrong.any():
        told = [f"{history_text(int(masks[i]), n_lists)}: {values[i]}" for i in np.flatnonzero(wrong)[:10]]
        raise DataError(
            f"Counts must be whole numbers, zero or more; got {'; '.join(told)}.", hint="Correct these counts."
        )
    if numbers.sum() >= MAX_PEOPLE:
        raise DataError(f"{numbers.sum():.3g} people are too many to count exactly.", hint="Check the counts.")
    return values.astype(np.int64)


def _drop_empty(names: tuple[str, ...], masks: Masks) -> tuple[tuple[str, ...], Masks, list[str]]:
    used = int(np.bitwise_or.reduce(masks))
    keep = [i for i in range(len(names)) if used >> i & 1]
    packed = np.zeros_like(masks)
    for new, old in enumerate(keep):
        packed |= (masks >> old & 1) << new
    return tuple(names[i] for i in keep), packed, [n for i, n in enumerate(names) if not used >> i & 1]
