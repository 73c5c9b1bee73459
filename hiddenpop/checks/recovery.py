"""Does the interval contain the truth, for this very table? Tables like it are drawn from models fitted to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.checks.coverage import Contender, Covering, measure_coverage
from hiddenpop.errors import HiddenpopError
from hiddenpop.numerics.loglinear import fit_loglinear
from hiddenpop.numerics.poisson import fitted_log_means
from hiddenpop.numerics.terms import close_terms, read_model, terms_of_size, write_model
from hiddenpop.registry import METHODS
from hiddenpop.result import Check, Estimate, plain

SLACK = 0.02  # below the nominal share, as in the acceptance criteria of the coverage study
MOST_LISTS = 12


@dataclass(frozen=True, eq=False)
class FittedTruth:
    """A population as a log-linear model fitted to a table has it.

    Attributes
    ----------
    lists : names
    model : canonical bracket text
    expected : (2^K,) people with each history, those on no list first
    """

    lists: tuple[str, ...]
    model: str
    expected: Floats

    @property
    def population(self) -> int:
        return round(float(self.expected.sum()))

    def draw(self, seed: int | np.random.Generator) -> CaptureTable:
        """A table of one such population.

        Raises
        ------
        DataError
            If nobody is on a list.
        """
        generator = np.random.default_rng(seed)
        counts = generator.multinomial(self.population, self.expected / self.expected.sum())
        seen = np.flatnonzero(counts[1:]) + 1
        return build_table(self.lists, seen, counts[seen], source="drawn from a fitted model")


@dataclass(frozen=True, slots=True)
class Recovery:
    """How a method does on tables drawn from one model that was fitted to the data.

    Attributes
    ----------
    model : str, the truth of these tables
    population : int, in that truth
    found : Covering
    """

    model: str
    population: int
    found: Covering

    def to_dict(self) -> dict[str, Any]:
        return {"model": self.model, "population": self.population, **plain(self.found)}


def fit_truth(table: CaptureTable, generators: Sequence[int]) -> FittedTruth | None:
    """The fitted model as a population; None where it has no estimate."""
    terms = close_terms(generators, table.n_lists)
    try:
        fit = fit_loglinear(terms, table.histories, table.counts, table.lists)
    except HiddenpopError:
        return None
    expected = np.exp(fitted_log_means(fit, np.arange(1 << table.n_lists)))
    if not expected[0] <= table.observed * 1e4:
        return None
    return FittedTruth(table.lists, write_model(terms, table.places), expected)


def possible_truths(table: CaptureTable, models: Sequence[str] = ()) -> list[FittedTruth]:
    """Models the data could come from: all pairs of lists dependent, and those named; two lists: independence."""
    if table.n_lists > MOST_LISTS:
        return []
    every = [terms_of_size(table.n_lists, 2) if table.n_lists > 2 else []]
    every += [list(read_model(text, table.given_lists)) for text in models if table.given_lists == table.lists]
    found = {truth.model: truth for truth in (fit_truth(table, terms) for terms in every) if truth is not None}
    return list(found.values())


def recover(
    table: CaptureTable,
    estimate: Estimate,
    models: Sequence[str] = (),
    *,
    tables: int = 200,
    seed: int = 0,
    jobs: int = 1,
) -> list[Recovery]:
    """Coverage and bias of the method of an estimate on tables like this one (parametric recovery).

    Parameters
    ----------
    table : CaptureTable
    estimate : of it; its method and options are run
    models : bracket texts of further truths, such as the model that a search selects
    tables : int, of each truth
    seed, jobs : int, as in `measure_coverage`
    """
    pooled = table.pooled()
    contender = Contender(estimate.method, options_of(estimate))
    level = estimate.interval.level if estimate.interval else 0.95
    return [
        Recovery(
            truth.model,
            truth.population,
            measure_coverage(truth, [contender], tables=tables, seed=(seed, place), level=level, jobs=jobs)[0],
        )
        for place, truth in enumerate(possible_truths(pooled, models))
    ]


def options_of(estimate: Estimate) -> Mapping[str, Any]:
    """The options with which an estimate was made, without the choice of two lists."""
    known = METHODS[estimate.method].options
    given = estimate.provenance.options
    return {name: value for name, value in given.items() if name in known and name not in ("lists", "level", "seed")}


def recovery_check(found: Sequence[Recovery], level: float) -> list[Check]:
    """The lowest coverage against the nominal share less 2 points and two Monte Carlo standard deviations.

    Two points: a method that is off by less loses nothing that a reader could notice.
    """
    rows = [one for one in found if np.isfinite(one.found.interval_coverage)]
    if not rows:
        return []
    worst = min(rows, key=lambda one: one.found.interval_coverage)
    given = worst.found.tables - worst.found.refused
    share = worst.found.interval_coverage
    good = share >= level - SLACK - 2.0 * sqrt(level * (1.0 - level) / given)
    message = (
        f"On {worst.found.tables} tables drawn from the model {worst.model} fitted to these data "
        f"({worst.population:,} people), {share:.0%} of the intervals hold the truth"
    )
    message += "." if good else f", not {level:.0%}: on data like these the interval is too sure of itself."
    if worst.found.refused:
        message += f" {worst.found.refused} tables gave no interval."
    return [Check("coverage-for-this-table", round(share, 4), bool(good), message)]
