"""Internal consistency: hide a list, and see whether the others find the number of people on it, which is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt
from typing import Any

import numpy as np

from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.errors import DataError
from hiddenpop.registry import attempt_quietly, find_method
from hiddenpop.result import Estimate, plain

FEWEST = 30


@dataclass(frozen=True, slots=True)
class HiddenList:
    """One list hidden: what the others say about the people on it.

    Attributes
    ----------
    name : str, the hidden list
    size : int, people on it: the truth
    observed : int, those of them who are on another list
    population, low, high : float or None, estimated size; None where there is no estimate or no limit
    reason : str, why there is no estimate
    """

    name: str
    size: int
    observed: int
    population: float | None
    low: float | None
    high: float | None
    reason: str = ""

    @property
    def log_error(self) -> float | None:
        """Logarithm of estimate over truth: -0.69 is half of the people."""
        return None if self.population is None else log(self.population / self.size)

    @property
    def covered(self) -> bool | None:
        """Does the interval hold the truth? None where there is no interval."""
        return None if self.low is None else self.low <= self.size and (self.high is None or self.size <= self.high)


@dataclass(frozen=True)
class Consistency:
    """All lists hidden in turn, by one method.

    Attributes
    ----------
    method : str
    options : the method's options
    lists : one `HiddenList` for each list that can be hidden
    left_out : names of lists with fewer than 30 people on another list
    level : float, of the intervals
    """

    method: str
    options: Mapping[str, Any]
    lists: tuple[HiddenList, ...]
    left_out: tuple[str, ...]
    level: float

    @property
    def covered(self) -> tuple[int, int]:
        """Intervals that hold the truth, of how many."""
        given = [one.covered for one in self.lists if one.covered is not None]
        return sum(given), len(given)

    @property
    def median_log_error(self) -> float | None:
        errors = [one.log_error for one in self.lists if one.log_error is not None]
        return float(np.median(errors)) if errors else None

    @property
    def root_mean_square(self) -> float | None:
        """Of the log errors."""
        errors = [one.log_error for one in self.lists if one.log_error is not None]
        return sqrt(float(np.mean(np.square(errors)))) if errors else None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        rows = [
            {name: plain(getattr(one, name)) for name in one.__slots__} | {"log_error": plain(one.log_error),
             "covered": one.covered} for one in self.lists
        ]  # fmt: skip
        covered, given = self.covered
        return {
            "method": self.method, "options": plain(dict(self.options)), "level": self.level, "lists": rows,
            "left_out": list(self.left_out), "covered": covered, "intervals": given,
            "median_log_error": plain(self.median_log_error), "root_mean_square": plain(self.root_mean_square),
        }  # fmt: skip

    def __str__(self) -> str:
        covered, given = self.covered
        if not given:
            return "No list can be hidden and found again: none has enough people on other lists."
        hidden = "One list was hidden" if given == 1 else f"Each of {given} lists was hidden in turn"
        held = ("one interval holds" if covered == 1 else f"{covered} of {given} intervals hold") + " its known size"
        said = f"{hidden} ({self.method}): {held}"
        error = self.median_log_error
        return said + (f"; the median estimate is {np.exp(error) - 1.0:+.0%} off." if error is not None else ".")


def internal_consistency(
    table: CaptureTable, method: str = "loglinear", *, level: float = 0.95, seed: int | None = None, **options: Any
) -> Consistency:
    """Hide each list in turn and estimate its known size from the others.

    Keep the people on a list, take the list away, and estimate from the remaining lists how many there are. It tests
    how the *other* lists depend on one another among people on this one. It says nothing about people on no list.

    Parameters
    ----------
    table : CaptureTable
        Three lists or more; strata are added up.
    method : str
        Id of a method; two remaining lists are enough for most.
    level : float in (0, 1)
    seed : int, for methods that draw random numbers
    options : of the method

    Raises
    ------
    DataError
        If there are fewer than three lists.

    References
    ----------
    Binette and Steorts (2022) Journal of the Royal Statistical Society A, arXiv 2112.01594. Lists with fewer than 30
    people on another list are left out, as there.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> found = hp.internal_consistency(hp.load("kosovo_1999"))
    >>> [(one.name, one.size, round(one.population)) for one in found.lists][:2]
    [('exhumations', 1910, 1117), ('aba_ceeli', 1528, 894)]
    """
    if not isinstance(table, CaptureTable) or table.n_lists < 3:
        raise DataError("To hide a list and find it again takes three lists.", hint="Read a table of three or more.")
    table = table.pooled()
    known = find_method(method).options
    common = {name: value for name, value in {"level": level, "seed": seed}.items() if name in known}
    found, left_out = [], []
    for name in table.lists:
        size, rest = table.members(name), _others_of(table, name)
        if rest is None or rest.observed < FEWEST or rest.n_lists < 2:
            left_out.append(name)
            continue
        result = attempt_quietly(rest, method, **common, **options)
        if isinstance(result, Estimate):
            limits = result.interval
            low, high = (limits.low, limits.high) if limits else (None, None)
            found.append(HiddenList(name, size, rest.observed, result.population, low, high))
        else:
            found.append(HiddenList(name, size, rest.observed, None, None, None, result.error.message))
    return Consistency(method, dict(options), tuple(found), tuple(left_out), level)


def _others_of(table: CaptureTable, name: str) -> CaptureTable | None:
    """The people on one list, as the other lists see them; None where no other list does."""
    on = table.histories >> table.position(name) & 1 == 1
    try:
        return build_table(table.lists, table.histories[on], table.counts[on], source=table.source).drop(name)
    except DataError:
        return None
