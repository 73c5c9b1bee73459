"""What would bring the interval to plus or minus 30 %? More people on the lists, one more list, or more of the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import exp, inf, log
from typing import Any

import numpy as np

from hiddenpop.captures import CaptureTable
from hiddenpop.checks.coverage import Contender, draw_outcomes
from hiddenpop.checks.growth import MOST_LISTS, NEW, Grow, growths
from hiddenpop.checks.headline import SHRINKAGE
from hiddenpop.checks.suggested import suggest_design
from hiddenpop.design import Design, list_sizes
from hiddenpop.errors import OptionError
from hiddenpop.numerics.shrinkage import fit_shrinkage
from hiddenpop.numerics.two_lists import TwoListFit, chapman_population, two_list_limits
from hiddenpop.options import check_level
from hiddenpop.result import plain

WIDEST = 5.0
CLOSE = 0.005


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a narrower interval.

    Attributes
    ----------
    name : str, what grows
    factor : float or None, how many times as much of it; for one more list the share of the population on it; None
        where no amount within reach suffices
    sizes : expected people on each list, the new one last
    listed, linked : expected people on one list or more, on two or more
    population, low, high : people, on the expected table; None where there is none
    reached : float or None, share of simulated tables whose interval is as narrow as wanted
    interval_coverage : float or None, share of them whose interval holds the population
    """

    name: str
    factor: float | None
    sizes: tuple[float, ...] = ()
    listed: float | None = None
    linked: float | None = None
    population: float | None = None
    low: float | None = None
    high: float | None = None
    reached: float | None = None
    interval_coverage: float | None = None

    def __str__(self) -> str:
        if self.factor is None:
            return f"{self.name}: does not suffice"
        if self.name == NEW:
            amount = f"with {self.sizes[-1]:,.0f} people ({self.factor:.1%} of the population)"
        else:
            amount = f"{self.factor:.3g} times as many"
        text = (
            f"{self.name}: {amount}; {self.listed:,.0f} people known, {self.linked:,.0f} of them on two lists or more"
        )
        if self.reached is not None:
            text += f" (as narrow in {self.reached:.0%} of simulated tables)"
        return text


@dataclass(frozen=True)
class Plan:
    """How wide the interval is to be expected now, and what would make it as narrow as wanted.

    Attributes
    ----------
    design : Design, what is taken to be true
    precision : float, both limits this share of the estimate away from it, at most
    level : float
    now : Way, the lists as they are
    ways : tuple of Way, empty where they suffice
    """

    design: Design
    precision: float
    level: float
    now: Way
    ways: tuple[Way, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}

    @property
    def reached(self) -> bool:
        """Do the lists suffice as they are?"""
        return _distance(self.now) <= self.precision

    @property
    def sentence(self) -> str:
        """What is to be expected of the lists as they are."""
        now = self.now
        people = f"Lists like these, of a population of {self.design.population:,},"
        if now.low is None or now.high is None:
            return f"{people} give no interval."
        verdict = "within" if self.reached else "more than"
        return (
            f"{people} are expected to give an interval of {now.low:,.0f} to {now.high:,.0f}, up to "
            f"{_distance(now):.1%} from the estimate: {verdict} the {self.precision:.0%} wanted."
        )

    def __str__(self) -> str:
        return "\n".join([self.sentence, *(f"  {way}" for way in self.ways)])


def plan(
    data: CaptureTable | Design,
    *,
    population: int | None = None,
    precision: float = 0.30,
    level: float = 0.95,
    tables: int = 0,
    seed: int = 0,
    jobs: int = 1,
) -> Plan:
    """Find what would bring the interval of the headline to plus or minus 30 %.

    Each way grows one thing until the interval of the expected table is as narrow as wanted: every list, each list
    alone, one more list that is independent of the others, or the population (areas or years of the same kind taken
    together). Use before an agreement with an agency is made. Do not use to promise a width: about half of the tables
    of a plan come out wider, which `tables` shows. Two lists are taken to be independent, three are not: a third list
    must be large before it narrows the interval of two, but that interval then rests on less.

    Parameters
    ----------
    data : CaptureTable or Design
        A table stands for a population that has its lists and overlaps.
    population : int or None
        Of a table: people taken to be there; None for the number of the headline. Nobody knows, so plan for the upper
        limit of its interval too: the more people are hidden, the more it takes.
    precision : float in (0, 5]
        Both limits at most this share of the estimate away from it.
    level : float in (0, 1)
    tables : int, 0 or more, drawn for each way, to see how many come out as narrow; 0 for none
    seed, jobs : int, of these

    Raises
    ------
    NotEstimableError
        If the table has no estimate: there is nothing to plan from but a declared design.
    OptionError
        If there are more than ten lists, or an option is out of range.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> found = hp.plan(hp.load("hepatitis_a_taiwan"))
    >>> found.sentence
    'Lists like these, of a population of 811, are expected to give an interval of 419 to 1,028, up to 69.7% from the \
estimate: more than the 30% wanted.'
    >>> print(found.ways[0])
    every list: 2.26 times as many; 481 people known, 267 of them on two lists or more
    """
    check_level(level)
    if not 0.0 < precision <= WIDEST:
        raise OptionError(f"precision={precision} is not above 0 and at most {WIDEST:g}.", hint="Use 0.3 for 30 %.")
    if isinstance(data, Design) and population is not None:
        raise OptionError("A design has its population already.", hint="Write it into the design.")
    if tables < 0:
        raise OptionError(f"tables={tables} is less than none.", hint="Use 100.")
    if data.n_lists > MOST_LISTS:
        raise OptionError(f"Plans are for {MOST_LISTS} lists or fewer.", hint="Merge lists, or leave some out.")
    design = data if isinstance(data, Design) else suggest_design(data, population)
    names = data.lists if isinstance(data, CaptureTable) else [f"list_{j + 1}" for j in range(design.n_lists)]
    found = Plan(design, precision, level, _expect("now", 1.0, design, level), ())
    ways = []
    for name, grow, fewest, most in [] if found.reached else growths(design, names):
        factor = _smallest(partial(_distance_at, grow, level), fewest, most, precision)
        if factor is None:
            ways.append(Way(name, None))
        else:
            way = _expect(name, factor, grow(factor), level)
            ways.append(_try_out(way, grow(factor), found, tables, seed, jobs))
    return replace(found, now=_try_out(found.now, design, found, tables, seed, jobs), ways=tuple(ways))


def _smallest(distance: Callable[[float], float], fewest: float, most: float, wanted: float) -> float | None:
    """The smallest amount whose interval is as narrow as wanted, to half a percent; None if the most is too little."""
    if most <= fewest or distance(most) > wanted:
        return None
    low, high = log(fewest), log(most)
    while high - low > CLOSE:
        middle = (low + high) / 2.0
        low, high = (middle, high) if distance(exp(middle)) > wanted else (low, middle)
    return exp(high)


def _expect(name: str, factor: float, design: Design, level: float) -> Way:
    """What the headline says of the expected table of a design."""
    cells = design.population * design.cells.sum(axis=0)
    people = np.bitwise_count(np.arange(cells.size))
    way = Way(name, factor, tuple(list_sizes(design).tolist()), float(cells[1:].sum()), float(cells[people > 1].sum()))
    tail = (1.0 - level) / 2.0
    if design.n_lists > 2:
        seen = np.arange(1, cells.size)
        mixture = fit_shrinkage(design.n_lists, seen, cells[1:], *SHRINKAGE.values()).mixture
        middle, low, high = (cells[1:].sum() + mixture.quantile(share) for share in (0.5, tail, 1.0 - tail))
        return replace(way, population=float(middle), low=float(low), high=float(high))
    first, second, both = (round(cells[1] + cells[3]), round(cells[2] + cells[3]), round(cells[3]))
    if both == 0:
        return way
    population = chapman_population(first, second, both)
    limits = two_list_limits("logit", TwoListFit(("", ""), first, second, both, 0.0), population, level)
    return replace(way, population=population, low=limits[0], high=limits[1]) if limits else way


def _distance_at(grow: Grow, level: float, amount: float) -> float:
    return _distance(_expect("", amount, grow(amount), level))


def _distance(way: Way) -> float:
    """From the estimate to the farther limit, as a share of the estimate."""
    if way.population is None or way.low is None or way.high is None:
        return inf
    return max(way.high / way.population - 1.0, 1.0 - way.low / way.population)


def _try_out(way: Way, design: Design, plan: Plan, tables: int, seed: int, jobs: int) -> Way:
    """How often the interval is as narrow as wanted, and holds the truth, on simulated tables."""
    if not tables:
        return way
    headline = Contender("chapman") if design.n_lists == 2 else Contender("loglinear-shrinkage", SHRINKAGE)
    (found,) = draw_outcomes(design, [headline], tables=tables, seed=seed, level=plan.level, jobs=jobs)
    near = [_distance(replace(way, population=o.population, low=o.low, high=o.high)) <= plan.precision for o in found]
    given = [outcome for outcome in found if outcome.given]
    return replace(
        way,
        reached=sum(near) / tables,
        interval_coverage=sum(o.holds(design.population) for o in given) / len(given) if given else None,
    )
