"""Is the method right about these very data? Everything in them whose answer is known, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hiddenpop.captures import CaptureTable
from hiddenpop.checks.consistency import Consistency, internal_consistency
from hiddenpop.checks.headline import choose_headline
from hiddenpop.checks.recovery import Recovery, options_of, recover, recovery_check
from hiddenpop.checks.trajectory import Stage, plain_stages, trajectory, trajectory_check
from hiddenpop.errors import DataError
from hiddenpop.registry import attempt
from hiddenpop.result import Check, Estimate, Refusal

FEWEST_HIDDEN = 3
SHARE_FOUND = 0.5


@dataclass(frozen=True)
class Validation:
    """What a method says about things that are known.

    Attributes
    ----------
    estimate : Estimate, whose method and options were run
    consistency : Consistency or None, lists hidden and found again; None for two lists
    stages : tuple of Stage, the answer as data accrue
    recoveries : tuple of Recovery, intervals on tables drawn from models fitted to the data; empty for a lower bound,
        whose interval claims nothing above it
    """

    estimate: Estimate
    consistency: Consistency | None
    stages: tuple[Stage, ...]
    recoveries: tuple[Recovery, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        """What of it speaks for or against the estimate."""
        level = self.estimate.interval.level if self.estimate.interval else 0.95
        return (
            *(_hidden_check(self.consistency) if self.consistency else ()),
            *trajectory_check(list(self.stages)),
            *recovery_check(self.recoveries, level),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "estimate": self.estimate.to_dict(),
            "consistency": self.consistency.to_dict() if self.consistency else None,
            "trajectory": plain_stages(list(self.stages)),
            "recovery": [one.to_dict() for one in self.recoveries],
            "checks": [check.to_dict() for check in self.checks],
        }

    def __str__(self) -> str:
        return "\n".join([str(self.estimate).split("\n")[0], *(f"  {check.message}" for check in self.checks)])


def validate(
    table: CaptureTable,
    method: str | None = None,
    *,
    models: Sequence[str] = (),
    tables: int = 200,
    level: float = 0.95,
    seed: int = 0,
    jobs: int = 1,
    **options: Any,
) -> Validation:
    """Judge a method by what is known: hidden lists, more and fewer data, and tables like this one with known truth.

    Parameters
    ----------
    table : CaptureTable
        Two lists or more; strata are added up.
    method : str, optional
        Id of a method; the rule of the headline chooses if left out.
    models : bracket texts
        Further models fitted to the data, from which tables are drawn; that of all pairs always is.
    tables : int, drawn from each model
    level : float in (0, 1)
    seed, jobs : int
    options : of the method

    Raises
    ------
    HiddenpopError
        If there is no estimate to validate.

    References
    ----------
    Binette and Steorts (2022) Journal of the Royal Statistical Society A, arXiv 2112.01594 (hidden lists and
    trajectories). Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 6 (parametric tables).

    Examples
    --------
    >>> import hiddenpop as hp
    >>> found = hp.validate(hp.load("kosovo_1999"), tables=40)
    >>> len(found.stages), found.consistency.covered
    (8, (3, 4))
    """
    if not isinstance(table, CaptureTable) or table.n_lists < 2:
        raise DataError("Validation takes a capture table of two lists or more.", hint="Read one with read_captures.")
    if method is None:
        result = choose_headline(table, level=level, seed=seed)
    else:
        result = attempt(table, method, level=level, **options)
    if isinstance(result, Refusal):
        raise result.error
    return validate_estimate(table, result, models=models, tables=tables, seed=seed, jobs=jobs)


def validate_estimate(
    table: CaptureTable, estimate: Estimate, *, models: Sequence[str] = (), tables: int, seed: int = 0, jobs: int = 1
) -> Validation:
    """The same for an estimate that was made already."""
    bound = any(check.name == "lower-bound" for check in estimate.checks)
    return Validation(
        estimate,
        _hide(table, estimate, seed),
        tuple(trajectory(table, estimate, seed=seed)),
        () if bound or not tables else tuple(recover(table, estimate, models, tables=tables, seed=seed, jobs=jobs)),
    )


def _hide(table: CaptureTable, estimate: Estimate, seed: int) -> Consistency | None:
    if table.n_lists < 3:
        return None
    level = estimate.interval.level if estimate.interval else 0.95
    if table.n_lists == 3:
        return internal_consistency(table, "chapman", level=level)
    return internal_consistency(table, estimate.method, level=level, seed=seed, **options_of(estimate))


def _hidden_check(found: Consistency) -> list[Check]:
    """At least half of the intervals hold the known size, where three lists or more can be hidden.

    Few lists say little: three intervals of nominal 95 % all miss, or all but one, with probability below .01.
    """
    covered, given = found.covered
    if given < FEWEST_HIDDEN:
        return [Check("hidden-lists", None, None, str(found))]
    good = covered >= SHARE_FOUND * given
    return [Check("hidden-lists", round(covered / given, 3), good, str(found))]
