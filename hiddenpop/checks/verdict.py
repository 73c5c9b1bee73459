"""The verdict: may a number from these data be published? Stated rules, the worst one wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from hiddenpop.checks.headline import claim_check
from hiddenpop.errors import OptionError
from hiddenpop.result import Check, Estimate

Level = Literal["publishable", "indicative", "lower-bound-only", "do-not-publish"]

LEVELS: tuple[Level, ...] = get_args(Level)

Rule = Callable[[Check], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How far a number may go, and why.

    Attributes
    ----------
    level : `publishable`, `indicative` (a range, with its reasons), `lower-bound-only`, `do-not-publish`
    reasons : sentences; the ones that decided stand first
    by_rule : level by the rules, where somebody overrode them; else None
    override_reason : why they did
    """

    level: Level
    reasons: tuple[str, ...]
    by_rule: Level | None = None
    override_reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what was overridden, and why, only where it was."""
        found: dict[str, Any] = {"level": self.level, "reasons": list(self.reasons)}
        if self.by_rule is not None:
            found |= {"by_rule": self.by_rule, "override_reason": self.override_reason}
        return found

    def __str__(self) -> str:
        return "\n".join([self.level, *(f"  - {reason}" for reason in self.reasons)])


def _failed(check: Check) -> bool:
    return check.passed is False


def _always(check: Check) -> bool:
    return True


def _below(bound: float) -> Rule:
    return lambda check: check.passed is False and isinstance(check.value, (int, float)) and check.value < bound


RULES: dict[str, tuple[tuple[Level, Rule], ...]] = {
    "number-of-lists": (("do-not-publish", _failed), ("indicative", lambda check: check.value == 2)),
    "people-on-two-lists": (("do-not-publish", _below(10)), ("lower-bound-only", _failed)),
    "people-seen-twice": (("do-not-publish", _below(10)), ("lower-bound-only", _failed)),
    "single-list": (("lower-bound-only", _always),),
    "lower-bound": (("lower-bound-only", _always),),
    "independence-assumed": (("indicative", _always),),
    "one-person": (("lower-bound-only", lambda c: c.passed is False and c.value is None), ("indicative", _failed)),
} | {
    name: ((level, _failed),)
    for level, names in {
        "do-not-publish": (
            "sparse-overlap one-list-share connected-lists everyone-on-list identical-lists unequal-lists "
            "convergence divergences several-modes prior-overlap prior-dominated prior-weight"
        ),
        "lower-bound-only": "dominant-list no-interval no-upper-limit people-per-dependence interval-width",
        "indicative": (
            "claimed-coverage sensitivity-band nested-lists goodness-of-fit pair-overlaps dependence-from-prior "
            "prior-sensitivity effective-draws knife-edge pooling-disagrees lists-left-out-one-by-one lists-joined "
            "sum-of-strata lists-absent-from-strata window hidden-lists trajectory coverage-for-this-table"
        ),
    }.items()
    for name in names.split()
}  # type: ignore[assignment]

NO_ESTIMATE = "Only the data have been looked at; no estimate has."
NO_BAND = (
    "What no data can test has not been varied: a number is publishable only beside the band that shows what follows "
    "if it is otherwise (hiddenpop sensitivity)."
)


def verdict(
    checks: Iterable[Check], headline: Estimate | None = None, *, override: tuple[Level, str] | None = None
) -> Verdict:
    """Combine checks into a verdict.

    The rules (`RULES`), for estimates by likelihood and by posterior alike:

    - do not publish: one list; fewer than 10 people on two lists; more than 95 % of people on one list only; lists that
      share nobody; identical lists; a list that holds everybody; a bound that is none; chains that have not met, or a
      posterior with several peaks; a posterior that repeats its prior;
    - only a lower bound: below 30 people on two lists; a single list's contacts; a list that misses next to nobody; an
      estimate without an upper limit, with one more than ten times the lower, or with fewer than five people on two
      lists for each dependence; an estimate that hangs on one person's existence;
    - indicative: two lists; a method whose coverage has not been measured for truths in which every two lists may
      depend; an answer that moves when a list is left out, two are joined, strata are added up, a period is cut or data
      accrue; lists that were hidden and not found again; coverage missed on tables like this one; no sensitivity band;
    - publishable, with its interval and its sensitivity band: everything else.

    Parameters
    ----------
    checks : of the data, and of the estimate (`hiddenpop.examine`)
    headline : Estimate, optional
        Its checks count too.
    override : (level, reason), optional
        Another level than the rules give; the reason and the level by the rules stay in the verdict.

    Raises
    ------
    OptionError
        If the level is unknown or the reason empty.
    """
    every = list(dict.fromkeys([*checks, *(headline.checks if headline else ())]))
    names = {check.name for check in every}
    if headline is not None:
        every.append(claim_check(headline))
        if headline.interval is None and "no-interval" not in names:
            every.append(Check("no-interval", None, False, "The estimate has no interval."))
    level: Level = "publishable"
    deciding: list[str] = []
    for item in every:
        found = next((to for to, applies in RULES.get(item.name, ()) if applies(item)), None)
        if found is None or LEVELS.index(found) < LEVELS.index(level):
            continue
        deciding = [*deciding, item.message] if found == level else [item.message]
        level = found
    others = [c.message for c in every if c.passed is False and c.message not in deciding]
    if level == "publishable" and (headline is None or "sensitivity-band" not in names):
        level, deciding = "indicative", [NO_ESTIMATE if headline is None else NO_BAND]
    elif level == "publishable":
        deciding = [c.message for c in every if c.name in ("claimed-coverage", "sensitivity-band")]
    reached = Verdict(level, tuple(dict.fromkeys([*deciding, *others])))
    if override is None:
        return reached
    level, reason = check_override(override)
    said = f"By the rules: {reached.level}. Overridden, for this reason: {reason}"
    return replace(
        reached, level=level, reasons=(said, *reached.reasons), by_rule=reached.level, override_reason=reason
    )


def check_override(override: tuple[Level, str]) -> tuple[Level, str]:
    """The level and the reason, trimmed; refused if one is missing."""
    level, reason = override
    if level not in LEVELS or not reason.strip():
        raise OptionError(
            "A verdict is overridden by another level and a reason.",
            hint=f"Levels: {', '.join(LEVELS)}. Say who decided, and on what grounds.",
        )
    return level, reason.strip()
