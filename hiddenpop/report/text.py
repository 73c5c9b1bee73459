"""Numbers and sentences as a report prints them: rounded to two digits, the interval first."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, log10
from typing import Any

from hiddenpop.checks import Examination
from hiddenpop.registry import find_method
from hiddenpop.report.language import Language
from hiddenpop.result import Estimate, Refusal

Say = Callable[[str], str]


def whole(value: float | None, language: Language) -> str:
    """A number of people as it stands in tables; a dash where there is none."""
    return "–" if value is None or value != value else language.number(f"{value:,.0f}")


def rounded(value: float, digits: int = 2) -> str:
    """A number in words for the public: `13842.4` is `14,000`; numbers below 100 stay whole."""
    if value < 100:
        return f"{value:,.0f}"
    places = digits - 1 - floor(log10(abs(value)))
    return f"{round(value, places):,.0f}"


def limits_text(low: float, high: float, observed: int) -> tuple[str, str]:
    """Limits in words: the lower rounded down, never below the people known, the upper up; two digits or more."""
    for digits in range(2, 16):
        texts = _outwards(low, digits, floor), _outwards(high, digits, ceil)
        if texts[0] >= min(observed, floor(low)) and texts[0] < texts[1]:
            break
    return f"{texts[0]:,}", f"{texts[1]:,}"


def _outwards(value: float, digits: int, towards: Callable[[float], int]) -> int:
    step = int(10 ** max(0, floor(log10(max(value, 1.0))) - digits + 1))
    return towards(value / step) * step


def sentence(estimate: Estimate, *, bound: bool) -> str:
    """The headline: how many there probably are, how sure we are, how many are known.

    Parameters
    ----------
    estimate : Estimate
    bound : bool
        True when only the lower end may be used.
    """
    known = f"{estimate.observed:,} are known"
    interval = estimate.interval
    if interval is None and not bound:
        return f"About {rounded(estimate.population)} people by this method, without an interval; {known}."
    if interval is None or interval.high is None or bound:
        low = interval.low if interval else float(estimate.observed)
        return f"Probably at least {limits_text(low, 2 * low + 2, estimate.observed)[0]} people; {known}."
    low_text, high_text = limits_text(interval.low, interval.high, estimate.observed)
    return f"Between {low_text} and {high_text} people ({100 * interval.level:g} % interval); {known}."


def gap_sentence(estimate: Estimate) -> str:
    """How many people are on no list."""
    middle = f"about {rounded(estimate.hidden)} people are on no list, {estimate.ratio - 1:.1f} for every person known"
    if estimate.interval is None or estimate.interval.high is None:
        return f"By the central estimate {middle}."
    low, high = (max(0.0, limit - estimate.observed) for limit in (estimate.interval.low, estimate.interval.high))
    low_text, high_text = limits_text(low, high, 0)
    return f"Between {low_text} and {high_text} people are on no list; by the central estimate {middle}."


def band_sentence(found: Examination) -> str:
    """What follows if the dependence that no data can test is not absent."""
    if found.band is None or found.sensitivity is None:
        return ""
    low, high = limits_text(*found.band, observed=0)
    gamma = found.sensitivity.gamma
    span = f"anywhere from {1.0 / gamma:g} to {gamma:g}"
    return f"If {found.sensitivity.unknown} is {span} instead of absent: between {low} and {high} people."


def label(estimate: Estimate | Refusal, say: Say = str) -> str:
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
        return f"{estimate.method} ({say('independent lists')})"
    told = ", ".join(f"{name} {option_text(value)}" for name, value in given.items())
    return f"{estimate.method} ({told})" if told else estimate.method


def option_text(value: Any) -> str:
    """An option value as it would be typed."""
    if isinstance(value, (list, tuple)):
        return ",".join(":".join(map(str, v)) if isinstance(v, (list, tuple)) else str(v) for v in value)
    return str(value)
