"""Did detections change because there are more people, or because more of them are found?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, log
from typing import Any

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.errors import DataError, OptionError
from hiddenpop.numerics.intervals import central
from hiddenpop.numerics.strata_summary import LoglinearStrataFit
from hiddenpop.registry import attempt_quietly
from hiddenpop.replicates import estimate_strata_replicates
from hiddenpop.result import POOR_FIT, Check, Estimate
from hiddenpop.strata import StratifiedEstimate, estimate_strata

DIGITS = re.compile(r"([0-9]+)")


def relative(change: float) -> int:
    """A change of a logarithm in whole per cent."""
    return round(100.0 * (exp(change) - 1.0))


@dataclass(frozen=True, slots=True)
class Contribution:
    """A change of a logarithm between two periods.

    Attributes
    ----------
    value, low, high : change of the logarithm; `exp(value) - 1` is the relative change
    rises : chance that it is above zero
    """

    value: float
    low: float
    high: float
    rises: float

    @property
    def settled(self) -> bool:
        """Is the direction known: does the interval leave zero out?"""
        return not self.low <= 0.0 <= self.high

    def __str__(self) -> str:
        value, low, high = (relative(x) for x in (self.value, self.low, self.high))
        return f"{value:+d} % ({low:+d} to {high:+d})"


@dataclass(frozen=True)
class Change:
    """What happened between two periods: `log detected = log prevalence + log detection`, exactly.

    Attributes
    ----------
    before, after : names of the periods
    detected : float, change of the log of the number of known people, which is known
    prevalence : of the population
    detection : of the chance to be on a list
    lists : {list: of the chance to be on it}
    mostly_detection : chance that detection changed more than prevalence
    break_even : factor by which the bias of the estimate would have to drift between the periods for the direction of
        prevalence to be open; None where it is open already
    """

    before: str
    after: str
    detected: float
    prevalence: Contribution
    detection: Contribution
    lists: Mapping[str, Contribution]
    mostly_detection: float
    break_even: float | None

    def widened(self, drift: float) -> tuple[float, float]:
        """Limits of the change of log prevalence if the bias may drift by up to a factor (1 or more) either way."""
        if drift < 1.0:
            raise OptionError(f"drift={drift} is below 1.", hint="1.1 lets the bias drift by ten per cent.")
        return self.prevalence.low - log(drift), self.prevalence.high + log(drift)

    def __str__(self) -> str:
        return (
            f"{self.before} to {self.after}: known people {relative(self.detected):+d} %; "
            f"prevalence {self.prevalence}, detection {self.detection}"
        )


@dataclass(frozen=True)
class Trend:
    """Periods, in order, and the changes between them.

    Attributes
    ----------
    periods : names
    found : estimates of the periods, with their draws
    changes : between neighbouring periods, and last between the first and the last if there are more than two
    checks : whether the dependence of lists stayed the same, and how sure the directions are
    """

    periods: tuple[str, ...]
    found: StratifiedEstimate
    changes: tuple[Change, ...]
    checks: tuple[Check, ...]

    def __str__(self) -> str:
        return "\n".join([*map(str, self.changes), *(f"  ! {c.message}" for c in self.checks if c.passed is False)])


def trend(
    table: CaptureTable,
    by: str,
    method: str | None = None,
    *,
    draws: int = 4000,
    seed: int = 0,
    tables: Sequence[CaptureTable] = (),
    **options: Any,
) -> Trend:
    """Separate the change of detections into prevalence and detection.

    Use with the same lists in two periods or more. A dependence of lists that the method leaves out, and that stays
    as it is, biases every period alike and leaves the changes right; one that drifts does not (`Change.widened`).

    Parameters
    ----------
    table : CaptureTable with a stratum column of periods; other columns are pooled
    by : name of that column; periods are taken in the order of their names, numbers in them by their value
    method : id of a method. None: `loglinear-strata`, whose interactions all periods share, for three lists or more,
        `chapman` for two. `partial-pooling` shares them in part; any other estimates every period by itself.
    draws, seed, options : as in `estimate_strata`
    tables : tables that could each be the truth, such as draws of a linkage; their draws are put together

    Raises
    ------
    NotEstimableError
        If a period has no estimate.
    DataError
        If there are fewer than two periods.

    Notes
    -----
    `log n_t = log N_t + log pi_t` in every period and every draw, with n known. The interval of each part is that of
    its draws. A list's chance is its size over N.

    References
    ----------
    Cruyff, van Dijk and van der Heijden (2017), doi 10.1080/09332480.2017.1383112.
    """
    periods = only_by(table, by)
    chosen = method or ("loglinear-strata" if table.n_lists > 2 else "chapman")
    if tables:
        several = [only_by(one, by) for one in tables]
        found = estimate_strata_replicates(several, chosen, by, draws=draws, seed=seed, **options)
    else:
        found = estimate_strata(periods, chosen, by, draws=draws, seed=seed, **options)
    made = decompose(found, periods)
    return replace(made, checks=(*_same_dependence(found, periods), *made.checks))


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that puts `9` before `10`, and `2024-2` before `2024-10`."""
    parts = DIGITS.split(name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part]


def only_by(table: CaptureTable, by: str) -> CaptureTable:
    """The table with one stratum column, the others pooled."""
    place = table.column(by)
    names = [table.labels[s][place] for s in table.stratum]
    if len(set(names)) < 2:
        raise DataError(f"There is one period only in {by!r}.", hint="A change needs two.")
    return build_table(
        table.lists, table.histories, table.counts, strata=(by,), keys=[(name,) for name in names], source=table.source,
        reading=table.reading, checks=table.checks, given_lists=table.given_lists, duplicates_expected=True,
    )  # fmt: skip


def decompose(found: StratifiedEstimate, table: CaptureTable) -> Trend:
    """The changes between the strata of an estimate by one column of periods.

    Parameters
    ----------
    found : estimates of the periods
    table : CaptureTable they were made from, by the same column, for the sizes of its lists
    """
    if len(found.by) != 1:
        raise DataError(f"The estimates are by {', '.join(found.by)}.", hint="Group them by one column of periods.")
    order = sorted(range(len(found.labels)), key=lambda g: natural(found.labels[g][0]))
    labels = [found.labels[g] for g in order]
    sizes = {label: {name: part.members(name) for name in part.lists} for label, part in table.split().items()}
    pairs = list(pairwise(order))
    if len(order) > 2:
        pairs.append((order[0], order[-1]))
    changes = tuple(_change(found, sizes, int(a), int(b)) for a, b in pairs)
    checks = [check for check in found.total.checks if check.passed is False]
    return Trend(tuple(label[0] for label in labels), found, changes, (*checks, *_directions(changes)))


def _change(found: StratifiedEstimate, sizes: Mapping[Any, Mapping[str, int]], a: int, b: int) -> Change:
    one, other = found.parts[a], found.parts[b]
    drawn = np.log(found.draws[b] / found.draws[a])
    value = log(other.population / one.population)
    detected = log(other.observed / one.observed)
    before, after = found.labels[a], found.labels[b]
    lists = {
        name: contribution(
            log(sizes[after][name] / size) - value, log(sizes[after][name] / size) - drawn, found.level
        )
        for name, size in sizes[before].items()
        if sizes[after].get(name)
    }  # fmt: skip
    prevalence = contribution(value, drawn, found.level)
    nearest = min(abs(prevalence.low), abs(prevalence.high))
    return Change(
        before=before[0],
        after=after[0],
        detected=detected,
        prevalence=prevalence,
        detection=contribution(detected - value, detected - drawn, found.level),
        lists=lists,
        mostly_detection=float(np.mean(np.abs(detected - drawn) > np.abs(drawn))),
        break_even=exp(nearest) if prevalence.settled else None,
    )


def contribution(value: float, draws: Floats, level: float) -> Contribution:
    """A change with the quantiles of its draws."""
    low, high = central(draws, level)
    return Contribution(value, min(low, value), max(high, value), float(np.mean(draws > 0.0)))


def _same_dependence(found: StratifiedEstimate, table: CaptureTable) -> tuple[Check, ...]:
    """Likelihood-ratio test of interactions that all periods share against those of every period by itself."""
    from scipy.special import gammaincc

    together = found.total.fit
    if not isinstance(together, LoglinearStrataFit):
        return ()
    apart = [attempt_quietly(part, "loglinear", interactions="all") for part in table.split().values()]
    fits = [one.fit for one in apart if isinstance(one, Estimate)]
    if len(fits) < len(apart):
        message = "Whether lists depended on each other alike in all periods cannot be tested: one has no estimate."
        return (Check("same-dependence", None, None, message),)
    lost = together.deviance - sum(fit.deviance for fit in fits)
    df = together.df - sum(fit.df for fit in fits)
    if df <= 0:
        return ()
    p = float(gammaincc(df / 2.0, max(lost, 0.0) / 2.0))
    message = f"Lists depended on each other alike in all periods (likelihood ratio {lost:.1f} on {df}, p = {p:.2g})"
    if p < POOR_FIT:
        message = (
            f"Lists did not depend on each other alike in all periods (likelihood ratio {lost:.1f} on {df}, "
            f"p = {p:.2g}): estimate them apart, or pool them in part."
        )
    return (Check("same-dependence", p, p >= POOR_FIT, message if p < POOR_FIT else f"{message}, as far as it shows."),)


def _directions(changes: tuple[Change, ...]) -> list[Check]:
    """Which directions are open."""
    open_ones = [f"{c.before} to {c.after}" for c in changes if not c.prevalence.settled]
    if not open_ones:
        return []
    message = f"Whether prevalence rose or fell is open: {', '.join(open_ones)}. Detections alone cannot tell."
    return [Check("direction-open", len(open_ones), None, message)]
