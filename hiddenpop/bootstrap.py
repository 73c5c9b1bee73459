"""The interval of a method that repeats itself on resampled tables, and what to say about the replicates."""

from __future__ import annotations

from collections.abc import Mapping

from hiddenpop.errors import OptionError
from hiddenpop.numerics.resampling import Resamples, bca_limits, limits_sd, percentile_limits
from hiddenpop.result import Check, Interval

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
FEWEST, MOST = 100, 100_000
MOST_FAILED = 0.05
MANY_TIES = 0.05

Limits = tuple[float, float]


def check_replicates(replicates: int) -> None:
    """Refuse a number of replicates from which no interval can be made."""
    if replicates != 0 and not FEWEST <= replicates <= MOST:
        raise OptionError(f"replicates={replicates} is neither 0 nor {FEWEST} to {MOST:,}.", hint="Use 1000.")


def bootstrap_interval(
    found: Resamples | None, interval: str, level: float
) -> tuple[Interval | None, dict[str, Limits], list[Check]]:
    """The interval, the same at other levels, and what to say about the replicates."""
    if found is None:
        return None, {}, [Check("no-interval", 0, False, "No replicates were asked for, so there is no interval.")]
    checks = []
    if found.failed:
        share = found.failed / found.replicates.size
        message = f"{found.failed} of {found.replicates.size} bootstrap tables have no estimate ({share:.1%})."
        checks.append(Check("bootstrap-failures", found.failed, None if share <= MOST_FAILED else False, message))
        if share > MOST_FAILED:
            return None, {}, [*checks, Check("no-interval", found.failed, False, "Too many for an interval.")]
    if found.ties > MANY_TIES:
        message = f"{found.ties:.0%} of the bootstrap tables give the very same estimate: the limits are coarse."
        checks.append(Check("bootstrap-ties", found.ties, False, message))
    make = bca_limits if interval == "bca" else percentile_limits
    intervals = {f"{each:g}": make(found, each) for each in sorted({*LEVELS, level})}
    low, high = intervals[f"{level:g}"]
    if not low <= found.estimate <= high:
        message = "The bootstrap interval did not hold the estimate and was widened to it: the choice is unstable."
        checks.append(Check("interval-widened", found.estimate, False, message))
    checks.append(_precision(found, interval, level))
    return Interval(min(low, found.estimate), max(high, found.estimate), level, "bootstrap"), intervals, checks


def _precision(found: Resamples, interval: str, level: float) -> Check:
    """Say how far the limits would move with other replicates."""
    low, high = limits_sd(found, interval, level)
    message = (
        f"With {found.good.size:,} replicates the limits themselves are known to within about {2 * low:,.0f} below and "
        f"{2 * high:,.0f} above (two Monte Carlo standard deviations)."
    )
    return Check("limits-precision", round(high / found.estimate, 4), None, message)


def stability_checks(ranks: Mapping[str, int] | None, replicates: int) -> list[Check]:
    """Say how often the replicates choose the model of the estimate."""
    if not ranks or not replicates:
        return []
    share = ranks["1"] / replicates
    message = f"{share:.0%} of the replicates choose the same model as the data."
    return [Check("choice-repeated", round(share, 3), None, message)]
