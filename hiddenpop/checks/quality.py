"""Data-quality checks: what a table must have before any estimate from it is worth publishing."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from hiddenpop.arrays import popcount
from hiddenpop.banded import BandedTable
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import DataError, some_of
from hiddenpop.numerics.terms import components
from hiddenpop.overlap import Overlap, overlap
from hiddenpop.result import Check
from hiddenpop.sightings import SightingCounts

FEW_REPEATED = 30
MOST_ONCE = 0.95
SMALL_OVERLAP = 5
DOMINANT = 0.90
MOST_BANDED = 1.5  # largest over smallest possible number of people on two lists or more
NESTED = 10
RATIO_RANGE = (0.5, 1.5)


def check(data: CaptureTable | BandedTable | SightingCounts) -> list[Check]:
    """Every data-quality check of a table, with those made when it was read.

    Thresholds: 30 people on two lists or more (below that single records decide); 95 % of people on one list only
    (above that fewer than one known person in twenty links two lists); overlaps of 5; a list with 90 % of the people
    when the others found fewer than 30 that it misses; a list of 10 people or more inside another; for sightings, f1/f2
    between 0.5 and 1.5 (van Hest et al. 2008, Epidemiology and Infection: there truncated models agreed with log-linear
    ones).
    """
    if isinstance(data, BandedTable):
        return [*data.checks, _banded_overlap(data)]
    if not isinstance(data, (CaptureTable, SightingCounts)):
        raise DataError(f"Cannot check a {type(data).__name__}.", hint="Read a table first: hiddenpop.read_captures.")
    if isinstance(data, SightingCounts):
        return [*data.checks, *_sightings(data)]
    table = data.pooled()
    found = overlap(table)
    checks = [_number_of_lists(table), _repeated(found, table.observed), _one_list_share(found, table.observed)]
    if table.n_lists > 1:
        checks += [*_pairs(found), _connected(found), _dominant(found, table.observed), *_nested(found)]
        checks += _everyone(found, table.observed)
    return [*table.checks, *checks]


def _banded_overlap(table: BandedTable) -> Check:
    """How much of the people on two lists or more, on whom everything rests, is hidden in bands."""
    several = popcount(table.histories) > 1
    least, most = int(table.low[several].sum()), int(table.high[several].sum())
    message = f"Between {least:,} and {most:,} people are on two lists or more; bands hide which."
    return Check("banded-overlap", least, bool(most <= MOST_BANDED * max(least, 1)), message)


def _number_of_lists(table: CaptureTable) -> Check:
    k = table.n_lists
    if k == 1:
        message = f"There is only one list ({table.lists[0]}): no overlap, so nothing can be estimated from it."
        return Check("number-of-lists", 1, False, message)
    if k == 2:
        message = (
            "There are two lists: nothing in them can show whether being on one changes the chance of being on the "
            "other, and if it does the number is too low (people are referred) or too high (people avoid the other)."
        )
        return Check("number-of-lists", 2, None, message)
    return Check("number-of-lists", k, True, f"{k} lists: dependence between two of them can be modelled.")


def _repeated(found: Overlap, observed: int) -> Check:
    people = found.repeated
    message = f"{people:,} of {observed:,} people are on two lists or more"
    message += "." if people >= FEW_REPEATED else f"; below {FEW_REPEATED}, single records decide the estimate."
    return Check("people-on-two-lists", people, people >= FEW_REPEATED, message)


def _one_list_share(found: Overlap, observed: int) -> Check:
    share = 1.0 - found.repeated / observed
    message = f"{share:.0%} of the people are on one list only"
    message += "." if share <= MOST_ONCE else ": few people link the lists, and the estimate rests on them."
    return Check("one-list-share", round(share, 4), share <= MOST_ONCE, message)


def _pairs(found: Overlap) -> list[Check]:
    pairs = [(int(found.pairs[i, j]), f"{found.lists[i]} and {found.lists[j]}") for i, j in _two(found)]
    empty = [name for people, name in pairs if people == 0]
    small = min((p for p in pairs if p[0] > 0), default=None)
    told = f"{len(empty)} of {len(pairs)} pairs of lists share nobody" + (f": {some_of(empty)}." if empty else ".")
    checks = [Check("empty-pairs", len(empty), not empty, told)]
    if small is not None:
        message = f"The smallest overlap that is not empty is {small[0]:,} {_people(small[0])} ({small[1]})."
        checks.append(Check("smallest-overlap", small[0], small[0] >= SMALL_OVERLAP, message))
    return checks


def _connected(found: Overlap) -> Check:
    links = [1 << i | 1 << j for i, j in _two(found) if found.pairs[i, j]]
    groups = components(links, len(found.lists))
    if len(groups) == 1:
        return Check("connected-lists", 1, True, "Every list is linked to every other through shared people.")
    named = [" + ".join(n for i, n in enumerate(found.lists) if g >> i & 1) for g in groups]
    message = f"The lists fall into {len(groups)} groups that share nobody: {some_of(named, '; ')}. "
    return Check("connected-lists", len(groups), False, message + "They may describe different populations.")


def _dominant(found: Overlap, observed: int) -> Check:
    largest = int(np.argmax(found.sizes))
    share = float(found.sizes[largest]) / observed
    missed = observed - int(found.sizes[largest])
    message = f"The largest list, {found.lists[largest]}, holds {share:.0%} of the people"
    good = share <= DOMINANT or missed >= FEW_REPEATED
    message += "." if good else f": the other lists found only {missed} {_people(missed)} it misses."
    return Check("dominant-list", round(share, 4), good, message)


def _nested(found: Overlap) -> list[Check]:
    checks = []
    for i, j in _two(found):
        both = int(found.pairs[i, j])
        inner, outer = (i, j) if found.sizes[i] <= found.sizes[j] else (j, i)
        if both != found.sizes[inner] or both < NESTED:
            continue
        a, b = found.lists[inner], found.lists[outer]
        if both == found.sizes[outer]:
            message = f"The lists {a} and {b} hold the same people: they are one list. Merge them."
            checks.append(Check("identical-lists", both, False, message))
        else:
            message = (
                f"All {both:,} people on {a} are also on {b}: that looks like referral or a copy. Consider merging."
            )
            checks.append(Check("nested-lists", both, False, message))
    return checks


def _everyone(found: Overlap, observed: int) -> list[Check]:
    return [
        Check(
            "everyone-on-list", name, False, f"Everybody is on the list {name}: no other list finds anyone it misses."
        )
        for name, size in zip(found.lists, found.sizes, strict=True)
        if size == observed
    ]


def _sightings(data: SightingCounts) -> list[Check]:
    f1, f2 = data.frequencies.get(1, 0), data.frequencies.get(2, 0)
    message = (
        "There is one list: estimates from repeated contacts are lower bounds where people differ, and too high where "
        "being seen once makes being seen again less likely."
    )
    checks = [Check("single-list", 1, None, message)]
    message = f"{data.repeated:,} of {data.observed:,} people were seen more than once."
    checks.append(Check("people-seen-twice", data.repeated, data.repeated >= FEW_REPEATED, message))
    if f2:
        low, high = RATIO_RANGE
        message = f"{f1:,} people were seen once and {f2:,} twice, a ratio of {f1 / f2:.2f}"
        good = low <= f1 / f2 <= high
        message += "." if good else f"; such estimates agreed with other methods where it was {low} to {high}."
        checks.append(Check("seen-once-to-twice", round(f1 / f2, 4), good, message))
    return checks


def _two(found: Overlap) -> list[tuple[int, int]]:
    return list(combinations(range(len(found.lists)), 2))


def _people(number: int) -> str:
    return "person" if number == 1 else "people"
