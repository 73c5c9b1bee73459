"""The verdict: may a number from these data be published? Stated rules, the worst one wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from hiddenpop.result import Check, Estimate

Level = Literal["publishable", "indicative", "lower-bound-only", "do-not-publish"]

LEVELS: tuple[Level, ...] = ("publishable", "indicative", "lower-bound-only", "do-not-publish")

Rule = Callable[[Check], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a number may go, and why.

    Attributes
    ----------
    level : `publishable`, `indicative` (a range, with its reasons), `lower-bound-only`, `do-not-publish`
    reasons : sentences; the ones that decided stand first
    """

    level: Level
    reasons: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"level": self.level, "reasons": list(asdict(self)["reasons"])}

    def __str__(self) -> str:
        return "\n".join([self.level, *(f"  - {reason}" for reason in self.reasons)])


def _failed(check: Check) -> bool:
    return check.passed is False


def _below(bound: float) -> Rule:
    return lambda check: check.passed is False and isinstance(check.value, (int, float)) and check.value < bound


RULES: dict[str, tuple[tuple[Level, Rule], ...]] = {
    "number-of-lists": (("do-not-publish", _failed), ("indicative", lambda check: check.value == 2)),
    "people-on-two-lists": (("do-not-publish", _below(10)), ("lower-bound-only", _failed)),
    "people-seen-twice": (("do-not-publish", _below(10)), ("lower-bound-only", _failed)),
    "sparse-overlap": (("do-not-publish", _failed),),
    "one-list-share": (("do-not-publish", _failed),),
    "connected-lists": (("do-not-publish", _failed),),
    "everyone-on-list": (("do-not-publish", _failed),),
    "identical-lists": (("do-not-publish", _failed),),
    "single-list": (("lower-bound-only", lambda _: True),),
    "unequal-lists": (("do-not-publish", _failed),),
    "lower-bound": (("lower-bound-only", lambda _: True),),
    "dominant-list": (("lower-bound-only", _failed),),
    "no-interval": (("lower-bound-only", _failed),),
    "no-upper-limit": (("lower-bound-only", _failed),),
    "people-per-dependence": (("lower-bound-only", _failed),),
    "interval-width": (("lower-bound-only", _failed),),
}

NOT_CALIBRATED = (
    "How often intervals like this one contain the truth has not been measured for data such as these, so no number "
    "is called publishable."
)


def verdict(checks: Iterable[Check], headline: Estimate | None = None) -> Verdict:
    """Combine checks into a verdict.

    The rules: no number where there is one list, fewer than 10 people on two lists, more than 95 % of people on one
    list only, lists that share nobody, identical lists, a list that holds everybody, or a bound that is none; only a
    lower bound below 30 people on two lists, for a single list's contacts, where a list misses next to nobody, and
    where the estimate has no upper limit, one more than ten times the lower, or fewer than five people on two lists for
    each dependence. Anything else is at most indicative until coverage has been measured.

    Parameters
    ----------
    checks : of the data
    headline : Estimate, optional
        Its checks count too.
    """
    every = list(dict.fromkeys([*checks, *(headline.checks if headline else ())]))
    if headline is not None and headline.interval is None and not any(c.name == "no-interval" for c in every):
        every.append(Check("no-interval", None, False, "The estimate has no interval."))
    level: Level = "indicative"
    deciding: list[str] = []
    for item in every:
        found = next((to for to, applies in RULES.get(item.name, ()) if applies(item)), None)
        if found is None or LEVELS.index(found) < LEVELS.index(level):
            continue
        deciding = [*deciding, item.message] if found == level else [item.message]
        level = found
    others = [c.message for c in every if c.passed is False and c.message not in deciding]
    if level == "indicative":
        others.append(NOT_CALIBRATED)
    return Verdict(level, tuple(dict.fromkeys([*deciding, *others])))
