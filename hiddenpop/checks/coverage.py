"""Does the interval contain the truth? Methods on tables drawn from a design of known population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from hiddenpop.captures import CaptureTable
from hiddenpop.errors import DataError
from hiddenpop.registry import METHODS, attempt_quietly
from hiddenpop.result import Estimate


class Truth(Protocol):
    """A population of known size from which tables can be drawn, such as a `Design`."""

    @property
    def population(self) -> int: ...

    def draw(self, seed: int | np.random.Generator) -> CaptureTable:
        """A table.

        Raises
        ------
        DataError
            If nobody is on a list.
        """
        ...


ALL_PAIRS: Mapping[str, Any] = {"interactions": "all", "interval": "profile"}
BATCH = 20


@dataclass(frozen=True)
class Contender:
    """A method with its options, as one of those that are compared."""

    method: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The method and what is not default about it."""
        return " ".join([self.method, *(f"{name}={value}" for name, value in self.options.items())])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one method said about one table; numbers are None where it refused, `high` where there is no upper limit."""

    population: float | None
    low: float | None
    high: float | None
    seconds: float

    @property
    def given(self) -> bool:
        return self.low is not None

    def holds(self, truth: float) -> bool:
        """Is there an interval, and is the truth inside?"""
        return self.low is not None and self.low <= truth and (self.high is None or truth <= self.high)

    @property
    def width(self) -> float:
        """People between the limits; NaN where one is missing."""
        return np.nan if self.low is None or self.high is None else self.high - self.low


@dataclass(frozen=True, slots=True)
class Covering:
    """How the intervals of one method did on tables of one design.

    Attributes
    ----------
    contender : str
    tables : int, drawn
    refused : int, without an interval
    refused_estimable : float, share without an interval among tables with a finite all-pairs profile interval
    estimable : int, tables that have one
    covered : int, intervals that hold the truth
    interval_coverage : float, `covered` over the intervals given; NaN if none
    error : float, Monte Carlo standard error of it
    bias : float, median of estimate / truth less 1, over estimates given
    width : float, median of width / truth
    relative_width : float, median width over that of the all-pairs profile interval, on tables that have both
    seconds : float, mean time of one fit
    """

    contender: str
    tables: int
    refused: int
    refused_estimable: float
    estimable: int
    covered: int
    interval_coverage: float
    error: float
    bias: float
    width: float
    relative_width: float
    seconds: float


def measure_coverage(
    truth: Truth,
    contenders: Sequence[Contender],
    *,
    tables: int,
    seed: int | Sequence[int],
    level: float = 0.95,
    jobs: int = 1,
) -> list[Covering]:
    """Run every contender on the same tables drawn from a design.

    Parameters
    ----------
    truth : Design, or whatever else has a population and draws tables
    contenders : methods with their options
    tables : int, how many to draw
    seed : int or several
        Every table has its own, so that results depend neither on `jobs` nor on which contenders run.
    level : float in (0, 1)
    jobs : int
        Processes of joblib; whatever backend it is told to use (`joblib.parallel_config`) does the work.

    Examples
    --------
    >>> from hiddenpop.design import Design
    >>> design = Design(population=1000, probabilities=(0.3, 0.3, 0.3))
    >>> found = measure_coverage(design, [Contender("loglinear")], tables=100, seed=1)
    >>> found[0].tables, found[0].interval_coverage > 0.88
    (100, True)
    """
    every = [Contender("loglinear", ALL_PAIRS), *contenders]
    reference, *columns = draw_outcomes(truth, every, tables=tables, seed=seed, level=level, jobs=jobs)
    return [
        summarise_outcomes(contender.label, column, reference, truth.population)
        for contender, column in zip(contenders, columns, strict=True)
    ]


def draw_outcomes(
    truth: Truth,
    contenders: Sequence[Contender],
    *,
    tables: int,
    seed: int | Sequence[int],
    level: float = 0.95,
    jobs: int = 1,
) -> list[tuple[Outcome, ...]]:
    """For every contender its outcomes, all on the same tables; parameters as in `measure_coverage`."""
    from joblib import Parallel, delayed

    seeds = np.random.SeedSequence(seed).spawn(tables)
    parts = [seeds[i : i + BATCH] for i in range(0, tables, BATCH)]
    done = Parallel(n_jobs=jobs)(delayed(_run_part)(truth, contenders, part, level) for part in parts)
    return list(zip(*(row for part in done for row in part), strict=True))


def summarise_outcomes(label: str, outcomes: Sequence[Outcome], reference: Sequence[Outcome], truth: float) -> Covering:
    """What outcomes on the same tables amount to; `reference` is the all-pairs profile interval."""
    given = [one for one in outcomes if one.given]
    estimable = np.array([np.isfinite(one.width) for one in reference])
    refused = np.array([not one.given for one in outcomes])
    both = estimable & np.array([np.isfinite(one.width) for one in outcomes])
    width = np.array([one.width for one in outcomes])
    plain = np.array([one.width for one in reference])
    covered = sum(one.holds(truth) for one in given)
    share = covered / len(given) if given else np.nan
    return Covering(
        contender=label,
        tables=len(outcomes),
        refused=int(refused.sum()),
        refused_estimable=float(refused[estimable].mean()) if estimable.any() else np.nan,
        estimable=int(estimable.sum()),
        covered=covered,
        interval_coverage=share,
        error=float(np.sqrt(share * (1.0 - share) / len(given))) if given else np.nan,
        bias=_median([one.population / truth - 1.0 for one in given if one.population is not None]),
        width=_median((width[np.isfinite(width)] / truth).tolist()),
        relative_width=float(np.median(width[both]) / np.median(plain[both])) if both.any() else np.nan,
        seconds=float(np.mean([one.seconds for one in outcomes])),
    )


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if len(values) else np.nan


def _run_part(
    truth: Truth, contenders: Sequence[Contender], seeds: Sequence[np.random.SeedSequence], level: float
) -> list[list[Outcome]]:
    """Outcomes of all contenders on the tables of these seeds."""
    return [_run_table(truth, contenders, seed, level) for seed in seeds]


def _run_table(
    truth: Truth, contenders: Sequence[Contender], seed: np.random.SeedSequence, level: float
) -> list[Outcome]:
    generator = np.random.default_rng(seed)
    nothing = Outcome(None, None, None, 0.0)
    try:
        table = truth.draw(generator)
    except DataError:
        return [nothing] * len(contenders)
    own = int(generator.integers(2**32))
    found = []
    for contender in contenders:
        options = dict(contender.options) | ({"seed": own} if "seed" in METHODS[contender.method].options else {})
        start = perf_counter()
        result = attempt_quietly(table, contender.method, level=level, **options)
        seconds = perf_counter() - start
        if not isinstance(result, Estimate):
            found.append(Outcome(None, None, None, seconds))
        elif result.interval is None:
            found.append(Outcome(result.population, None, None, seconds))
        else:
            found.append(Outcome(result.population, result.interval.low, result.interval.high, seconds))
    return found
