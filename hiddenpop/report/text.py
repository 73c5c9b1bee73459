"""Numbers and sentences as a report prints them: rounded to two digits, the interval first."""

from __future__ import annotations

from math import floor, log10
from typing import Any

from hiddenpop.registry import find_method
from hiddenpop.result import Estimate, Refusal


def rounded(value: float, digits: int = 2) -> str:
    """A number in words for the public: `13842.4` is `14,000`; numbers below 100 stay whole."""
    if value < 100:
        return f"{value:,.0f}"
    places = digits - 1 - floor(log10(abs(value)))
    return f"{round(value, places):,.0f}"


def sentence(estimate: Estimate, *, bound: bool) -> str:
    """The headline: how many there probably are, how sure we are, how many are known.

    Parameters
    ----------
    estimate : Estimate
    bound : bool
        True when only the lower end may be used.
    """
    known = f"{estimate.observed:,} are known"
    if estimate.interval is None:
        return f"About {rounded(estimate.population)} people by this method, without an interval; {known}."
    low, high = estimate.interval.low, estimate.interval.high
    if bound or high is None:
        return f"At least {rounded(max(low, estimate.observed))} people; {known}."
    return (
        f"Between {rounded(low)} and {rounded(high)} people ({100 * estimate.interval.level:g} % interval; central "
        f"estimate {rounded(estimate.population)}); {known}."
    )


def gap_sentence(estimate: Estimate) -> str:
    """How much of the population is known."""
    times = estimate.ratio
    return (
        f"By the central estimate about {rounded(estimate.hidden)} people are on no list: for every person known there "
        f"{'are' if times >= 1.95 else 'is'} {times - 1:.1f} unknown."
    )


def label(estimate: Estimate | Refusal) -> str:
    """The method with the options that differ from its defaults."""
    if isinstance(estimate, Refusal):
        return estimate.method
    defaults = find_method(estimate.method).options
    given = {
        name: value
        for name, value in estimate.provenance.options.items()
        if name in defaults and value is not None and value != defaults[name][1]
    }
    if any(check.name == "independence-assumed" for check in estimate.checks):
        return f"{estimate.method} (independent lists)"
    told = ", ".join(f"{name} {option_text(value)}" for name, value in given.items())
    return f"{estimate.method} ({told})" if told else estimate.method


def option_text(value: Any) -> str:
    """An option value as it would be typed."""
    if isinstance(value, (list, tuple)):
        return ",".join(":".join(map(str, v)) if isinstance(v, (list, tuple)) else str(v) for v in value)
    return str(value)
