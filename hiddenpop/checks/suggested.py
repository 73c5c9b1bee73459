"""The design that a table suggests: a population, its lists and their dependence, from which such tables come."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from hiddenpop.arrays import Counts, Floats, memberships
from hiddenpop.captures import CaptureTable
from hiddenpop.checks.growth import MOST_CAPTURED
from hiddenpop.checks.headline import SHRINKAGE
from hiddenpop.design import Design
from hiddenpop.errors import OptionError
from hiddenpop.numerics.shrinkage import fit_shrinkage
from hiddenpop.numerics.two_lists import chapman_population, refuse_without_overlap
from hiddenpop.overlap import refuse_uninformative

SPREAD = 0.5  # people added to every pair as if its lists were independent, so that no odds ratio is zero or infinite
MOST_ROUNDS = 500
NEAR = 1e-9


def suggest_design(table: CaptureTable, population: int | None = None) -> Design:
    """A population with the lists and overlaps of a table; of the size that the headline estimates, if None is given.

    Raises
    ------
    NotEstimableError
        If there is no estimate to start from.
    OptionError
        If the population is not larger than what is on the lists.
    """
    table = table.pooled()
    if population is not None and population <= table.observed:
        raise OptionError(
            f"population={population} is not more than the {table.observed:,} people on the lists.",
            hint="Leave it out, or give a limit of the interval.",
        )
    estimated = _estimate(table)
    whole = round(estimated) if population is None else population
    chances = tuple(min(table.members(name) / whole, MOST_CAPTURED) for name in table.lists)
    return Design(
        population=whole,
        probabilities=chances,
        odds_ratios=_odds_ratios(table, whole) if table.n_lists > 2 else {},
    )


def _estimate(table: CaptureTable) -> float:
    """The population of the headline."""
    if table.n_lists == 2:
        first, second, both = (table.members(*names) for names in (table.lists[:1], table.lists[1:], table.lists))
        refuse_without_overlap((table.lists[0], table.lists[1]), both)
        return chapman_population(first, second, both)
    refuse_uninformative(table)
    found = fit_shrinkage(table.n_lists, table.histories, table.counts, *SHRINKAGE.values())
    return table.observed + found.mixture.quantile(0.5)


def _odds_ratios(table: CaptureTable, population: float) -> dict[str, float]:
    """Of every two lists given the others: the model of all pairs, fitted to the table with the hidden people known.

    Iterative proportional fitting of the four cells of every two lists (Bishop, Fienberg and Holland 1975, section
    3.5); people of no list are known, so the fit needs nothing but these.
    """
    counts = np.zeros(1 << table.n_lists)
    counts[table.histories] = table.counts
    counts[0] = population - table.observed
    on = memberships(np.arange(counts.size), table.n_lists)
    parts = [2 * on[:, a] + on[:, b] for a, b in combinations(range(table.n_lists), 2)]
    wanted = [_spread(np.bincount(part, counts, minlength=4)) for part in parts]
    cells: Floats = np.full(counts.size, population / counts.size)
    for _ in range(MOST_ROUNDS):
        before = cells
        for part, people in zip(parts, wanted, strict=True):
            cells = cells * (people / np.bincount(part, cells, minlength=4))[part]
        if np.abs(cells - before).max() < NEAR * population:
            break
    return {
        f"{a + 1}:{b + 1}": float(cells[0] * cells[1 << a | 1 << b] / (cells[1 << a] * cells[1 << b]))
        for a, b in combinations(range(table.n_lists), 2)
    }


def _spread(four: Counts | Floats) -> Floats:
    """(4,) people by two lists, a little nearer to independence."""
    square = four.reshape(2, 2)
    total = square.sum()
    independent = np.outer(square.sum(axis=1), square.sum(axis=0)) / total
    return np.asarray((total * square + SPREAD * independent) / (total + SPREAD)).ravel()
