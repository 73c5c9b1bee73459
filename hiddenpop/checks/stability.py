"""How far does the answer move when something small changes: one person, one list, two lists joined, one threshold?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import exp, log
from typing import Any

import numpy as np

from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.checks.recovery import options_of
from hiddenpop.registry import METHODS, attempt_quietly
from hiddenpop.result import Check, Estimate

ONE_PERSON = 0.10
FACTOR = 1.5
KNIFE_EDGE = 1.2
SELECTION = 1.5
STRATA = 1.25
PERIODS = ("year", "quarter", "month", "period", "season", "week")
THRESHOLDS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1)
NEEDED = 30

Refit = Callable[[CaptureTable], float | None]


def refit_like(estimate: Estimate) -> Refit:
    """The method of an estimate with its options, on another table: the population, or None where there is none."""
    options: dict[str, Any] = dict(options_of(estimate))
    if estimate.method == "loglinear":
        options["interval"] = "log-normal"
    if "seed" in METHODS[estimate.method].options:
        options["seed"] = estimate.provenance.seed

    def refit(table: CaptureTable) -> float | None:
        method, own = (estimate.method, options) if table.n_lists > 2 else ("chapman", {})
        found = attempt_quietly(table, method, **own)
        return found.population if isinstance(found, Estimate) else None

    return refit


def stability(table: CaptureTable, estimate: Estimate, others: Sequence[Any] = ()) -> list[Check]:
    """Every check of this file; `others` are estimates of the same table that were made already.

    Thresholds: a single person moves N by 10 % (in New Orleans one did by 6 %, between two printed versions of the
    table); leaving a list out, joining two or taking models of nearly equal fit moves it by a factor of 1.5, which is
    about as much as the published ranges of careful studies; a threshold of selection moves it by 20 %; the interval
    that repeats the selection is 1.5 times as wide as the one that does not; strata and their sum differ by 25 %, and
    so does the number per person known when the first or the last period (a stratum column called year, quarter,
    month, week, season or period) is left out.
    """
    pooled, refit = table.pooled(), refit_like(estimate)
    checks = [_one_person(pooled, estimate, refit)]
    if pooled.n_lists > 2:
        checks += [*_lists_left_out(pooled, estimate, refit), *_lists_joined(pooled, estimate, refit)]
        checks += [*_thresholds(pooled), *_selection(pooled, others)]
    return [*checks, *_strata(table, estimate, refit), *_gaps(table), *_windows(table, estimate, refit)]


def _one_person(table: CaptureTable, estimate: Estimate, refit: Refit) -> Check:
    """Leave one person out, of each history in turn."""
    moves = []
    for place in range(table.counts.size):
        counts = table.counts.copy()
        counts[place] -= 1
        found = refit(build_table(table.lists, table.histories[counts > 0], counts[counts > 0]))
        if found is None:
            message = "Without one single person there is no estimate at all."
            return Check("one-person", None, False, message)
        moves.append(log(found / estimate.population))
    most = max(moves, key=abs)
    message = f"Leaving out one person moves the number by {abs(exp(most) - 1.0):.1%} at most"
    message += "." if abs(most) <= ONE_PERSON else ": the number hangs on single records."
    return Check("one-person", round(abs(most), 4), abs(most) <= ONE_PERSON, message)


def _lists_left_out(table: CaptureTable, estimate: Estimate, refit: Refit) -> list[Check]:
    found = {f"without {name}": refit(table.drop(name)) for name in table.lists}
    return _spread("lists-left-out-one-by-one", "Leaving out one list", found, estimate)


def _lists_joined(table: CaptureTable, estimate: Estimate, refit: Refit) -> list[Check]:
    if table.n_lists < 4:
        return []
    found = {f"{a} and {b} joined": refit(table.merge(a, b, into=f"{a}+{b}")) for a, b in combinations(table.lists, 2)}
    return _spread("lists-joined", "Joining two lists", found, estimate)


def _spread(name: str, what: str, found: dict[str, float | None], estimate: Estimate) -> list[Check]:
    given = {label: value for label, value in found.items() if value is not None}
    if not given:
        return []
    low, high = min(given, key=lambda k: given[k]), max(given, key=lambda k: given[k])
    factor = max(given[high] / estimate.population, estimate.population / given[low])
    message = f"{what} gives {given[low]:,.0f} ({low}) to {given[high]:,.0f} people ({high})"
    if low == high:
        message = f"{what} gives {given[low]:,.0f} people ({low})"
    message += "." if factor <= FACTOR else f": up to {factor:.2g} times more or fewer than the number itself."
    if len(given) < len(found):
        message += f" In {len(found) - len(given)} of {len(found)} cases there is no estimate."
    return [Check(name, round(factor, 3), factor <= FACTOR, message)]


def _thresholds(table: CaptureTable) -> list[Check]:
    """Stepwise selection at other thresholds: do they agree?"""
    made = [attempt_quietly(table, "loglinear-stepwise", threshold=t, replicates=0) for t in THRESHOLDS]
    found = [one.population for one in made if isinstance(one, Estimate)]
    if len(found) < 2:
        return []
    factor = max(found) / min(found)
    message = f"Selecting dependences at thresholds from .001 to .1 gives {min(found):,.0f} to {max(found):,.0f} people"
    message += "." if factor <= KNIFE_EDGE else ": which dependences are kept decides the number."
    return [Check("threshold-of-selection", round(factor, 3), factor <= KNIFE_EDGE, message)]


def _selection(table: CaptureTable, others: Sequence[Any]) -> list[Check]:
    """The interval of the selected model as if it had been known, against the one that repeats the selection."""
    chosen = next((e for e in others if isinstance(e, Estimate) and e.method == "loglinear-search"), None)
    if chosen is None or chosen.interval is None or chosen.interval.high is None:
        return []
    naive = attempt_quietly(table, "loglinear", model=chosen.fit.model, level=chosen.interval.level)
    if not isinstance(naive, Estimate) or naive.interval is None or naive.interval.high is None:
        return []
    ratio = (chosen.interval.high - chosen.interval.low) / (naive.interval.high - naive.interval.low)
    message = f"An interval that repeats the choice of the model is {ratio:.2g} times as wide as one that ignores it"
    message += "." if ratio <= SELECTION else ": an interval of the chosen model alone is false precision."
    return [Check("selection-width", round(ratio, 3), ratio <= SELECTION, message)]


def _strata(table: CaptureTable, estimate: Estimate, refit: Refit) -> list[Check]:
    """People who differ: the sum over strata against the number for all together."""
    if len(table.labels) < 2:
        return []
    parts = [refit(part) for part in table.split().values()]
    missing = sum(one is None for one in parts)
    if missing:
        message = (
            f"{missing} of {len(parts)} strata have no estimate of their own, so that their sum cannot be compared."
        )
        return [Check("sum-of-strata", None, None, message)]
    total = float(np.sum([one for one in parts if one is not None]))
    factor = max(total / estimate.population, estimate.population / total)
    message = f"The strata one by one add up to {total:,.0f} people, {total / estimate.population - 1.0:+.0%}"
    message += "." if factor <= STRATA else ": people of different strata are found in different ways."
    return [Check("sum-of-strata", round(factor, 3), factor <= STRATA, message)]


def _gaps(table: CaptureTable) -> list[Check]:
    """Lists that have nobody in a stratum where others have many: they may not operate there."""
    gaps = []
    for number, label in enumerate(table.labels):
        here = table.stratum == number
        people = int(table.counts[here].sum())
        for place, name in enumerate(table.lists):
            on = here & (table.histories >> place & 1 == 1)
            if people >= NEEDED and not table.counts[on].sum():
                gaps.append(f"{name} in {', '.join(map(str, label))}")
    if not gaps:
        return []
    shown = "; ".join(gaps[:3]) + ("; ..." if len(gaps) > 3 else "")
    message = f"Lists with nobody in a stratum of {NEEDED} people or more: {shown}. They may not operate there"
    found = attempt_quietly(table, "loglinear-strata")
    if isinstance(found, Estimate):
        message += f"; taken so, a model of all pairs gives {found.population:,.0f} people."
    else:
        message += ", and no estimate takes that into account."
    return [Check("lists-absent-from-strata", len(gaps), False, message)]


def _windows(table: CaptureTable, estimate: Estimate, refit: Refit) -> list[Check]:
    """Without the first period, and without the last: is the number per person known the same?"""
    column = next((name for name in table.strata if name.casefold() in PERIODS), None)
    parts = sorted({value for (value,) in table.split(column)}, key=_by_number) if column else []
    if column is None or len(parts) < 3:
        return []
    windows = {f"without {column} {left}": [p for p in parts if p != left] for left in (parts[0], parts[-1])}
    cut = {name: table.select(**{column: kept}).pooled() for name, kept in windows.items()}
    found = {name: (refit(part), part.observed) for name, part in cut.items()}
    missing = [name for name, (population, _) in found.items() if population is None]
    if missing:
        return [Check("window", None, False, f"{_upper(missing[0])} there is no estimate.")]
    ratios = {name: population / people / estimate.ratio for name, (population, people) in found.items() if population}
    name, ratio = max(ratios.items(), key=lambda item: abs(log(item[1])))
    factor = max(ratio, 1.0 / ratio)
    message = f"{_upper(name)}, the number per person known changes by {100.0 * (ratio - 1.0):+.0f} %"
    message += "." if factor <= STRATA else ": which period is looked at decides the number."
    return [Check("window", round(factor, 3), factor <= STRATA, message)]


def _upper(text: str) -> str:
    """Its first letter as a capital, all others as they are: names are the user's."""
    return text[:1].upper() + text[1:]


def _by_number(text: str) -> tuple[bool, float, str]:
    return (False, float(text), text) if text.replace(".", "", 1).isdigit() else (True, 0.0, text)
