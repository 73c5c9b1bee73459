"""Over-coverage without an audit: leave out the most suspicious records of a list until the number stops falling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiddenpop.checks.ladders import FACTOR
from hiddenpop.errors import DataError, NotEstimableError, OptionError
from hiddenpop.numerics.trimming import first_flat, trim_counts
from hiddenpop.numerics.two_lists import TwoListFit, petersen_se, two_list_limits
from hiddenpop.options import check_level
from hiddenpop.result import Check, plain

STEPS = 20
Z = 2.0


@dataclass(frozen=True, slots=True)
class Trim:
    """Lincoln-Petersen without the `trimmed` most suspicious records; no limits where one list is inside the other."""

    trimmed: int
    matched: int
    population: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class TrimmedSystem:
    """The number as a function of how many suspicious records are left out.

    Attributes
    ----------
    rows : tuple of Trim, nothing left out first
    stop : Trim, the first row after which the number no longer falls
    flat : bool, False if the number falls to the last row: then `stop` is an upper bound as far as can be seen
    level : float
    checks : one Check, `over-coverage`
    """

    rows: tuple[Trim, ...]
    stop: Trim
    flat: bool
    level: float
    checks: tuple[Check, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as the command line prints them."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        rows = [f"  {row.trimmed:,} left out: {row.population:,.0f}{_limits(row)}" for row in self.rows]
        return "\n".join([*rows, self.checks[0].message])


def trimmed_dual_system(
    matched: ArrayLike,
    second: int,
    *,
    trims: Sequence[int] | None = None,
    z: float = Z,
    level: float = 0.95,
) -> TrimmedSystem:
    """Two lists, the first with records that do not belong there: leave out the most suspicious ones.

    Use when records can be ordered by a sign of error (no contact for long, an incomplete date of birth) but not
    audited. Do not use when the sign is also one of not being on the second list for people who do belong.

    Parameters
    ----------
    matched : (x,) bool
        Is the record of the first list also on the second? The most suspicious record first.
    second : int, people on the second list, all of whom belong
    trims : (t,) ints from 0 to below x, optional
        How many records to leave out; every twentieth of the list up to half of it if left out. 0 is always a row.
    z : float above 0
        How clear a fall must be, in standard deviations.
    level : float in (0, 1)

    Raises
    ------
    DataError
        If `matched` is no sequence of 0 and 1, or more records match than the second list has.
    OptionError
        If a trim, `z` or `level` is out of range.
    NotEstimableError
        If no record matches before anything is left out.

    Notes
    -----
    `N_k = (x - k) n_B / (m - k_1)`: m of x records match, k_1 of the k that are left out. The interval is the
    log-normal one of Lincoln-Petersen. `stop` is the first row from which leaving out more, as far as any later row,
    takes out records that match no less often than those kept, to within z standard deviations.

    - Assumptions: records that do not belong never match; among those that belong, suspicion says nothing about being
      on the second list; the lists are independent.
    - The check passes where the number falls by less than a factor of 1.25 (see `ladders.judge`) and is flat at last.

    References
    ----------
    Zhang and Dunne (2017), Trimmed dual system estimation, in: Capture-Recapture Methods for the Social and Medical
    Sciences, CRC Press.

    Examples
    --------
    >>> from hiddenpop.checks.trimmed import trimmed_dual_system
    >>> found = trimmed_dual_system([0] * 200 + [1, 0, 0, 0] * 200, 1000)
    >>> found.stop.trimmed, round(found.rows[0].population), round(found.stop.population)
    (200, 5000, 4000)
    """
    check_level(level)
    flags = np.asarray(matched)
    if flags.ndim != 1 or not flags.size or not np.isin(flags, (0, 1)).all():
        raise DataError("Matches must be one 0 or 1 for each record.", hint="The most suspicious record first.")
    if second < flags.sum():
        raise DataError(f"{flags.sum():,} records match a list of {second:,} people.", hint="Check the second list.")
    if not flags.any():
        raise NotEstimableError("No record of the first list matches the second.", hint="Check the linkage.")
    cuts = trims if trims is not None else [flags.size * i // STEPS for i in range(STEPS // 2 + 1)]
    if not z > 0.0 or any(not 0 <= k < flags.size for k in cuts):
        raise OptionError(
            f"Of {flags.size:,} records, 0 to {flags.size - 1:,} can be left out; z must be above 0.",
            hint="Write trims=[0, 100, 200].",
        )
    kept = sorted({0, *(int(k) for k in cuts)})
    left = trim_counts(flags, kept)
    left = left[left[:, 1] > 0]
    rows = tuple(_row(k, int(n), int(m), second, level) for k, (n, m) in zip(kept, left, strict=False))
    place = first_flat(left, z)
    flat = place < len(rows) - 1
    return TrimmedSystem(rows, rows[place], flat, level, (_check(rows[0], rows[place], flat),))


def _row(trimmed: int, records: int, matched: int, second: int, level: float) -> Trim:
    fit = TwoListFit(("first", "second"), records, second, matched, petersen_se(records, second, matched))
    population = records * second / matched
    limits = two_list_limits("log-normal", fit, population, level)
    return Trim(trimmed, matched, population, *(limits or (None, None)))


def _check(whole: Trim, stop: Trim, flat: bool) -> Check:
    factor = whole.population / stop.population
    message = f"Leaving out the {stop.trimmed:,} most suspicious records takes the number from {whole.population:,.0f}"
    message += f" to {stop.population:,.0f}{_limits(stop)}"
    if not stop.trimmed:
        message = f"Leaving out suspicious records does not lower the number of {whole.population:,.0f}"
    message += "." if flat else ", and it is still falling: more records do not belong than were left out."
    return Check("over-coverage", round(factor, 4), flat and factor < FACTOR, message)


def _limits(row: Trim) -> str:
    return f" ({row.low:,.0f} to {row.high:,.0f})" if row.low is not None and row.high is not None else ""
