"""Everything that can be held against an estimate, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hiddenpop.captures import CaptureTable
from hiddenpop.checks.data_faults import linkage_ladder, overcoverage_ladder
from hiddenpop.checks.ladders import Ladder
from hiddenpop.checks.sensitivity import Sensitivity, sensitivity
from hiddenpop.checks.stability import stability
from hiddenpop.checks.validation import Validation, validate_estimate
from hiddenpop.errors import HiddenpopError
from hiddenpop.registry import Data
from hiddenpop.result import Check, Estimate, Refusal

WIDEST_BAND = 10.0
MOST_LISTS = 10


@dataclass(frozen=True)
class Examination:
    """What was held against an estimate, and what came of it.

    Attributes
    ----------
    checks : tuple of Check, for `hiddenpop.verdict` beside those of the data and of the estimate
    sensitivity : Sensitivity or None, the number as a function of what no data can test; None where it has no value
    band : (low, high) or None, the interval of the estimate widened by that
    validation : Validation or None, what the method says about things that are known
    ladders : tuple of Ladder, the number if records had been linked wrongly, or if people did not belong on the lists
    """

    checks: tuple[Check, ...]
    sensitivity: Sensitivity | None = None
    band: tuple[float, float] | None = None
    validation: Validation | None = None
    ladders: tuple[Ladder, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "checks": [check.to_dict() for check in self.checks],
            "sensitivity": self.sensitivity.to_dict() if self.sensitivity else None,
            "band": list(self.band) if self.band else None,
            "validation": self.validation.to_dict() if self.validation else None,
            "ladders": [one.to_dict() for one in self.ladders],
        }


def examine(
    data: Data,
    estimate: Estimate,
    others: Sequence[Estimate | Refusal] = (),
    *,
    gamma: float = 2.0,
    threshold: float | None = None,
    tables: int = 100,
    seed: int = 0,
    jobs: int = 1,
) -> Examination:
    """Run every check that an estimate of a capture table can fail.

    Small changes of the table (`stability`), another value of what no data can test (`sensitivity`), lists whose size
    is known, data that accrue, and tables like this one with known truth (`validate`), records linked wrongly and
    people who do not belong (`linkage_ladder`, `overcoverage_ladder`).

    Parameters
    ----------
    data : CaptureTable or SightingCounts
        Of a single list's sightings nothing can be left out, joined or hidden: no check is made.
    estimate : Estimate, of the table
    others : estimates of the same table by other methods; a `loglinear-search` among them adds its model to the truths
    gamma : float above 1
        The odds ratio that no data can test may be anything from 1/gamma to gamma.
    threshold : float, optional
        People, for the break-even value; half of the estimate if left out.
    tables : int, drawn from each fitted model; 0 leaves coverage for this table out
    seed, jobs : int

    Examples
    --------
    >>> import hiddenpop as hp
    >>> table = hp.load("kosovo_1999")
    >>> found = hp.examine(table, hp.loglinear_shrinkage(table, seed=1), tables=40)
    >>> hp.verdict([*hp.check(table), *found.checks], hp.loglinear_shrinkage(table, seed=1)).level
    'indicative'
    """
    if not isinstance(data, CaptureTable) or data.n_lists < 2:
        return Examination(())
    bound = any(check.name == "lower-bound" for check in estimate.checks)
    varied = None if bound else vary(data, estimate, gamma=gamma, threshold=threshold)
    band = widen_limits(estimate, varied)
    chosen = [one.fit.model for one in others if isinstance(one, Estimate) and one.method == "loglinear-search"]
    validation = validate_estimate(data, estimate, models=chosen, tables=tables, seed=seed, jobs=jobs)
    ladders = _climb(data, estimate)
    checks = [*stability(data, estimate, others), *validation.checks, *(c for one in ladders for c in one.checks)]
    if not bound:
        checks.insert(0, _band_check(varied, band, gamma))
    return Examination(tuple(checks), varied, band, validation, ladders)


def _climb(data: CaptureTable, estimate: Estimate) -> tuple[Ladder, ...]:
    """Faults of linkage, and one person in ten out of scope; none where the method takes no table of that kind."""
    try:
        return linkage_ladder(data, estimate), overcoverage_ladder(data, estimate, (0.1,))
    except HiddenpopError:
        return ()


def vary(data: CaptureTable, estimate: Estimate, *, gamma: float, threshold: float | None) -> Sensitivity | None:
    """The sensitivity of a number like this one; None where what is to be varied cannot be estimated."""
    if data.n_lists > MOST_LISTS or estimate.interval is None:
        return None
    half = estimate.observed + estimate.hidden / 2.0
    try:
        return sensitivity(data, gamma=gamma, threshold=threshold or half, level=estimate.interval.level)
    except HiddenpopError:
        return None


def widen_limits(estimate: Estimate, varied: Sensitivity | None) -> tuple[float, float] | None:
    """The interval and the band of the sensitivity together; None where one of them has no upper end."""
    limits = estimate.interval
    if varied is None or limits is None or limits.high is None or None in varied.band:
        return None
    low, high = varied.band
    return min(limits.low, low or limits.low), max(limits.high, high or limits.high)


def _band_check(varied: Sensitivity | None, band: tuple[float, float] | None, gamma: float) -> Check:
    """Is there a band, and is its upper end at most ten times the lower, as with intervals?"""
    unknown = varied.unknown if varied else "a dependence that no data can test"
    span = f"anywhere from {1.0 / gamma:g} to {gamma:g}"
    if band is None:
        message = f"There is no sensitivity band: with {unknown} {span}, these data do not bound the number."
        return Check("sensitivity-band", None, False, message)
    factor = band[1] / band[0]
    message = f"No data can test {unknown}. With it {span}, the number is between {band[0]:,.0f} and {band[1]:,.0f}"
    message += ": publish this band beside the interval." if factor <= WIDEST_BAND else ": too wide to say much."
    return Check("sensitivity-band", round(factor, 3), factor <= WIDEST_BAND, message)
