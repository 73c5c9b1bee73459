"""What would have to be true for the answer to change? The population as a function of the assumption behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import inf, log
from typing import Any, Literal

import numpy as np

from hiddenpop.captures import CaptureTable
from hiddenpop.checks.identifying import Kind, list_rivals, most_influential, pose_assumption, try_at
from hiddenpop.errors import OptionError
from hiddenpop.numerics.assumptions import Consequence, elicit, find_crossings, reach
from hiddenpop.options import check_level
from hiddenpop.result import plain

IntervalName = Literal["profile", "log-normal"]
GRID = tuple(2.0 ** (step / 4) for step in range(-8, 9))
NEAR = 1e-3


@dataclass(frozen=True, slots=True)
class Point:
    """The population if the assumption has this value; None where the data refute the value or no estimate exists."""

    value: float
    population: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Sensitivity:
    """The population as a function of an assumption that no data can test.

    Attributes
    ----------
    kind : `highest-order`, `conditional` or `marginal`
    term : str, the lists concerned, joined by colons
    parameter : `odds_ratio` or `xi`
    curve : points over values of the parameter; 1 is the usual assumption, and the one behind `population`
    population, low, high : float or None, at the value 1
    slope : float or None, change of log N per unit of the log of the parameter, at 1
    gamma : float, how far from 1, up or down, the parameter is allowed to be
    band : (low, high) limits over all values from 1/gamma to gamma; None where there is none
    threshold : float or None, people
    break_even : tuple of float, values of the parameter at which N is the threshold
    reaches : float or None, least distance from 1, as a factor, at which the interval holds the threshold
    elicited : (median, low, high) with a belief about the parameter in place of a value; None if none was given
    level : float
    """

    kind: Kind
    term: str
    parameter: str
    curve: tuple[Point, ...]
    population: float | None
    low: float | None
    high: float | None
    slope: float | None
    gamma: float
    band: tuple[float | None, float | None]
    threshold: float | None
    break_even: tuple[float, ...]
    reaches: float | None
    elicited: tuple[float, float, float] | None
    level: float

    @property
    def unknown(self) -> str:
        """What no data can test, with its measure."""
        if self.kind == "highest-order":
            return "the interaction of all lists at once (xi)"
        if self.term.count(":") == 1:
            return "the dependence of two lists (odds ratio)"
        return "the dependence of three lists at once (ratio of two odds ratios)"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a reader should know, in words."""
        lists = self.term.replace(":", ", ")
        what = {
            "highest-order": f"the interaction of all lists at once ({lists})",
            "conditional": f"the dependence of {lists} beyond what the model has",
            "marginal": f"the dependence of {lists}",
        }[self.kind]
        first = f"No data can test {what}; the usual assumption is that there is none."
        if self.low is not None:
            first += f" It gives {self.population:,.0f} people ({_range(self.low, self.high)})."
        low, high = self.band
        name = self.parameter.replace("_", " ")
        span = f"With an {name} anywhere from {1 / self.gamma:.3g} to {self.gamma:.3g}"
        said = [first]
        said.append(f"{span} the interval is {_range(low, high)}." if low is not None else f"{span} nothing holds.")
        if self.threshold is not None:
            text = f"{self.threshold:,.0f} people follow only if the {name} is "
            text += " or ".join(f"{value:.3g}" for value in self.break_even) if self.break_even else "out of all reason"
            if self.reaches == 1.0:
                text += "; the interval holds that number as it is"
            elif self.reaches is not None:
                text += f"; the interval holds that number from a factor of {self.reaches:.3g} away from 1"
            said.append(text + ".")
        if self.elicited is not None:
            median, least, most = self.elicited
            said.append(f"With the stated belief: {median:,.0f} people ({least:,.0f} to {most:,.0f}).")
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as the command line prints them."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        return "\n".join(self.sentences)


def sensitivity(
    table: CaptureTable,
    kind: Kind | None = None,
    *,
    term: Sequence[str] = (),
    model: str | None = None,
    values: Sequence[float] = GRID,
    gamma: float = 2.0,
    threshold: float | None = None,
    elicited: tuple[float, float] | None = None,
    interval: IntervalName = "profile",
    level: float = 0.95,
) -> Sensitivity:
    """The population as a function of the one number that its identifying assumption fixes.

    Use beside every headline: an estimate takes some dependence that nobody can see to be absent; this shows what the
    number would be if it were not.

    Parameters
    ----------
    table : CaptureTable
        Two lists or more; strata are added up.
    kind : {"highest-order", "conditional", "marginal"}, optional
        `highest-order`: interaction of all lists at once; the parameter is the published xi (Aleshin-Guendel), with
        `n0 = (product of counts on odd numbers of lists / on even numbers) / xi`. For an even number of lists xi is 1
        over the odds ratio. Every history must have been seen.
        `conditional`: interaction `term` of a log-linear model, the others free; the parameter is the odds ratio of two
        lists given the others, of three the ratio of two odds ratios, and so on.
        `marginal`: odds ratio of two lists, whoever is on the others.
        Left out: `conditional`, with the two lists, or those three of more lists that matter most (`band` is over all).
    term : names of lists
    model : str, optional
        Of `conditional`, the free terms; all pairs (two lists: none) if left out.
    values : floats above 0, of the parameter
    gamma : float above 1
        Ends of the band: the parameter may be anything from 1/gamma to gamma. 2 is what careful studies of overlapping
        registers call strong.
    threshold : float, optional
        People: at which value of the parameter is the population as small, or as large?
    elicited : (median, upper), optional
        A belief: median of the parameter, and the value it does not exceed with probability .95 (log-normal).
    interval : {"profile", "log-normal"}
        Of `conditional` and `highest-order`.
    level : float in (0, 1)

    Raises
    ------
    OptionError
        If an option is out of range.
    NotEstimableError
        If there is no estimate at the value 1.

    References
    ----------
    Aleshin-Guendel, Sadinle and Wakefield (2024), arXiv 2101.09304. Gerritse, van der Heijden and Bakker (2015), doi
    10.1515/jos-2015-0022.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> found = hp.sensitivity(hp.load("kosovo_1999"), "highest-order", values=[0.5, 1, 2])
    >>> [round(point.population, 1) for point in found.curve]
    [29483.8, 16941.9, 10670.9]
    """
    check_level(level)
    _check_numbers(values, gamma, threshold, elicited)
    table, profile = table.pooled(), interval == "profile"
    rivals = [] if kind or term else list_rivals(table, model)
    if rivals:
        kind, name, sign, assumption = "conditional", *most_influential(rivals, gamma, level)
    else:
        kind = kind or "conditional"
        name, sign, assumption = pose_assumption(table, kind, term, model)
    at = partial(try_at, assumption, sign, level, profile)
    rough = partial(try_at, assumption, sign, level, False)
    base = assumption.at(0.0, level, profile=profile)
    points = {value: at(log(value)) for value in values}
    inside = [one for value, one in points.items() if 1.0 / gamma <= value <= gamma]
    for _, direction, rival in rivals or [(name, sign, assumption)]:
        inside += [try_at(rival, direction, level, profile, end) for end in (-log(gamma), log(gamma))]
    ahead, behind = rough(NEAR), rough(-NEAR)
    return Sensitivity(
        kind=kind,
        term=name,
        parameter="xi" if kind == "highest-order" else "odds_ratio",
        curve=tuple(_point(value, one) for value, one in points.items()),
        population=base.population,
        low=base.low,
        high=base.high,
        slope=(log(ahead.population) - log(behind.population)) / (2.0 * NEAR) if ahead and behind else None,
        gamma=gamma,
        band=_envelope([base, *inside]),
        threshold=threshold,
        break_even=find_crossings(rough, threshold) if threshold else (),
        reaches=reach(at, threshold) if threshold else None,
        elicited=elicit(rough, *elicited, level) if elicited else None,
        level=level,
    )


def _check_numbers(
    values: Sequence[float], gamma: float, threshold: float | None, elicited: tuple[float, float] | None
) -> None:
    if not len(values) or min(values) <= 0.0 or not np.isfinite(values).all():
        raise OptionError("The values of an odds ratio must be above 0.", hint="Write 0.5,1,2.")
    if not 1.0 < gamma < inf or (threshold is not None and not 0.0 < threshold < inf):
        raise OptionError("`gamma` must be above 1, and `threshold` above 0.")
    if elicited is not None and not 0.0 < elicited[0] < elicited[1] < inf:
        raise OptionError(
            "A belief needs a median above 0 and a larger upper value.",
            hint="Write 1,2: median 1, with probability .95 not above 2.",
        )


def _point(value: float, one: Consequence | None) -> Point:
    return Point(value, None, None, None) if one is None else Point(value, one.population, one.low, one.high)


def _envelope(found: Sequence[Consequence | None]) -> tuple[float | None, float | None]:
    """Least and greatest limit; None where a value inside has no estimate, or no limit."""
    if any(one is None for one in found):
        return None, None
    highs = [one.high for one in found if one]
    return min(one.low for one in found if one), None if None in highs else max(high for high in highs if high)


def _range(low: float, high: float | None) -> str:
    return f"{low:,.0f} to {high:,.0f}" if high is not None else f"{low:,.0f} upwards, without upper limit"
