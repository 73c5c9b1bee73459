"""What every estimator returns, and how it is shown: `Estimate`, its `Interval`, its `Check`s, and `Refusal`."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hiddenpop.errors import HiddenpopError, NotEstimableError
from hiddenpop.numerics.intervals import MOST_RATIO
from hiddenpop.provenance import Provenance

if TYPE_CHECKING:
    from pandas import DataFrame

IntervalKind = Literal["wald", "log-normal", "logit", "profile", "bootstrap", "credible", "bounds", "combined"]

FRAME_COLUMNS = (
    "method", "population", "low", "high", "level", "interval", "observed", "hidden", "ratio", "coverage",
    "failed_checks", "reason",
)  # fmt: skip

UNWRITTEN: Mapping[str, bool] = {"unwritten": True}  # metadata of a field that stays out of JSON, such as a trace


@dataclass(frozen=True, slots=True)
class Check:
    """One named diagnostic.

    Attributes
    ----------
    name : str, kebab-case
    value : the number (or text) the check looked at; None when there is none
    passed : True, False, or None when the check only informs
    message : str, one sentence that a reader without statistics understands
    """

    name: str
    value: float | int | str | None
    passed: bool | None
    message: str

    def to_dict(self) -> dict[str, Any]:
        return plain(asdict(self))  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class Interval:
    """Limits for a population size.

    Attributes
    ----------
    low : float, people
    high : float or None, people; None when the data set no upper limit
    level : float in (0, 1)
    kind : one of the interval kinds, never mixed silently. `log-normal` is symmetric on the log of the hidden number;
        the variance it takes is the method's: V00 for log-linear models, with the Poisson variation of n0 for two
        lists, log(1 + se^2/n0^2) for lower bounds and sample coverage
    """

    low: float
    high: float | None
    level: float
    kind: IntervalKind

    def __str__(self) -> str:
        high = f"to {self.high:,.0f}" if self.high is not None else "upwards, without upper limit"
        return f"{100 * self.level:g}% {self.kind} {self.low:,.0f} {high}"


WIDE = 10.0


def width_check(limits: Interval) -> Check:
    """Is the upper limit less than ten times the lower?"""
    factor = float("inf") if limits.high is None else limits.high / limits.low
    told = f"{factor:.2g}" if factor < 100.0 else f"{factor:,.0f}"
    message = "There is no upper limit." if limits.high is None else f"The upper limit is {told} times the lower."
    return Check("interval-width", factor, factor <= WIDE, message)


POOR_FIT = 0.05


def fit_check(deviance: float, df: int, p_value: float | None) -> tuple[Check, ...]:
    """Does the model describe the people seen? Empty where nothing can be judged."""
    if p_value is None:
        return ()
    good = p_value >= POOR_FIT
    message = f"Deviance {deviance:.1f} on {df} degrees of freedom (p = {p_value:.2g})"
    message += (
        ": no sign of misfit among the people seen." if good else ": the model does not describe the people seen."
    )
    return (Check("goodness-of-fit", p_value, good, message),)


@dataclass(frozen=True)
class Estimate:
    """A population size by one method, with its interval, its doubts and its origin.

    Attributes
    ----------
    method : str, id of the method
    population : float, people in all, known and hidden
    interval : Interval or None; a check says why there is none
    observed : int, distinct people on at least one list
    checks : tuple of Check
    provenance : Provenance
    draws : array or None, posterior values or bootstrap replicates of the population
    fit : the method's own frozen record (a plain mapping after `from_dict`)

    Raises
    ------
    NotEstimableError
        If a number is not finite, the population is smaller than the people known, or more than 10,000 times as large:
        no such result leaves an estimator.
    """

    method: str
    population: float
    interval: Interval | None
    observed: int
    checks: tuple[Check, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)
    draws: Any = None
    fit: Any = None

    def __post_init__(self) -> None:
        limits = [] if self.interval is None else [self.interval.low, self.interval.high]
        numbers = [self.population, *(x for x in limits if x is not None)]
        possible = all(isfinite(x) for x in numbers) and self.population >= self.observed
        if not possible or self.population > MOST_RATIO * self.observed:
            raise NotEstimableError(
                f"The method {self.method} gives {self.population:.6g} people for {self.observed:,} known ones, which "
                "cannot be an estimate.",
                hint="Run the checks of the table and look at other methods.",
            )

    @property
    def hidden(self) -> float:
        """People on no list: population minus observed."""
        return self.population - self.observed

    @property
    def ratio(self) -> float:
        """Population per person known."""
        return self.population / self.observed

    @property
    def coverage(self) -> float:
        """Share of the population that is known."""
        return self.observed / self.population

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(c for c in self.checks if c.passed is False)

    def __str__(self) -> str:
        interval = f"({self.interval})" if self.interval else "(no interval)"
        lines = [f"{self.population:,.0f} people {interval}; {self.hidden:,.0f} on no list"]
        lines += [f"  ! {check.message}" for check in self.failed]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        first, *doubts = str(self).split("\n")
        items = "".join(f"<li>{html.escape(d.strip(' !'))}</li>" for d in doubts)
        return f"<p><b>{html.escape(self.method)}</b>: {html.escape(first)}</p>" + (
            f"<ul>{items}</ul>" if items else ""
        )

    def to_frame(self) -> DataFrame:
        """One row with the columns of `FRAME_COLUMNS`."""
        return frame([self])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as the command line prints them."""
        return {
            "method": self.method,
            "population": plain(self.population),
            "interval": plain(asdict(self.interval)) if self.interval else None,
            "observed": int(self.observed),
            "hidden": plain(self.hidden),
            "checks": [check.to_dict() for check in self.checks],
            "provenance": self.provenance.to_dict(),
            "fit": plain(self.fit),
        } | ({} if self.draws is None else {"draws": plain(self.draws)})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Estimate:
        """The estimate that `to_dict` wrote; `fit` comes back as a plain mapping."""
        interval = values.get("interval")
        draws = values.get("draws")
        return cls(
            method=values["method"],
            population=values["population"],
            interval=Interval(**interval) if interval else None,
            observed=values["observed"],
            checks=tuple(Check(**c) for c in values.get("checks", ())),
            provenance=Provenance(**values.get("provenance", {})),
            draws=None if draws is None else np.array(draws, dtype=float),
            fit=values.get("fit"),
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """A method that gives no estimate for these data, and why."""

    method: str
    error: HiddenpopError

    def __str__(self) -> str:
        return f"{self.method} gives no estimate: {self.error}"

    def to_dict(self) -> dict[str, Any]:
        return {"method": self.method, "error": plain(self.error.to_dict())}


def frame(results: Iterable[Estimate | Refusal]) -> DataFrame:
    """One row per result, with the columns of `FRAME_COLUMNS`; refusals have a reason and no numbers."""
    from pandas import DataFrame

    return DataFrame([_row(r) for r in results], columns=list(FRAME_COLUMNS))


def _row(result: Estimate | Refusal) -> dict[str, Any]:
    if isinstance(result, Refusal):
        return {"method": result.method, "reason": result.error.message}
    interval = result.interval
    limits = (
        {"low": interval.low, "high": interval.high, "level": interval.level, "interval": interval.kind}
        if interval
        else {}
    )
    return {
        "method": result.method,
        "population": result.population,
        "observed": result.observed,
        "hidden": result.hidden,
        "ratio": result.ratio,
        "coverage": result.coverage,
        "failed_checks": ", ".join(c.name for c in result.failed),
        "reason": "",
        **limits,
    }


def plain(value: Any) -> Any:
    """`value` in plain JSON types: records to dicts, arrays to lists, numbers that are not finite to None."""
    if is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in fields(value) if f.metadata != UNWRITTEN}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
