"""Repeat the whole search on resampled tables: bootstrap and jackknife that include the choice of the model."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count
from time import monotonic

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks
from hiddenpop.numerics.models import MOST_ENUMERATED, Members
from hiddenpop.numerics.search import TIE, Task, ask, build_task, descend, explore_task

TOPS = (1, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Original:
    """The search on the data themselves, which the repetitions start from.

    Attributes
    ----------
    task : Task
    criterion : aic, aicc or bic
    rows : (m, T) best models, best first, at most 100
    starts : (m, T) their coefficients
    search : `exact`, `downhill`, or `top`: only the `rows` compete
    """

    task: Task
    criterion: str
    rows: Members
    starts: Floats
    search: str


@dataclass(frozen=True)
class Repeated:
    """The choice repeated on B tables.

    Attributes
    ----------
    population : (B,) estimate by the best model; NaN where no model has one
    rank : (B,) place of that model in the original ranking, from 1; 0 if it is not there
    by_top : (B, len(tops)) estimate if only the first so many models compete
    tops : numbers of models admitted
    unfinished : tables whose search the budget cut short
    """

    population: Floats
    rank: Counts
    by_top: Floats
    tops: tuple[int, ...]
    unfinished: int


def build_original(task: Task, criterion: str, rows: Members, search: str) -> Original:
    """Fit the best models once more, for their coefficients."""
    from hiddenpop.numerics.fitting import fit_members, main_effects

    starts = np.repeat(main_effects(task.space.terms, task.overlaps)[None, :], len(rows), axis=0)
    for row, start in zip(rows, starts, strict=True):
        fit_members(task.space.terms, row, task.overlaps, task.seen, start, -np.inf, -np.inf, 1e-9)
    return Original(task, criterion, rows, starts, search)


def repeat(original: Original, histories: Masks, tables: Counts, until: float) -> Repeated:
    """Search on each of the tables (B, m), in parallel; the answers do not depend on the number of threads.

    Parameters
    ----------
    original : Original
    histories : (m,) masks
    tables : (B, m) people on each
    until : time of `time.monotonic()` at which to stop
    """
    tops = (*(t for t in TOPS if t < len(original.rows)), len(original.rows))
    places = {row.tobytes(): i + 1 for i, row in enumerate(original.rows)}

    def one(counts: Counts) -> tuple[float, int, list[float], bool]:
        if monotonic() >= until:
            return np.nan, 0, [np.nan] * len(tops), False
        task = build_task(original.task.space, histories, counts, original.criterion, original.task.judge)
        best, rank, by_top = _among(original, task, tops)
        if original.search == "top":
            return by_top[-1], rank, by_top, True
        if original.search == "downhill":
            found = descend(task, original.task.space.independence)
        else:
            found = explore_task(task, limit=min(best, _downhill_from(original, task, rank)) + TIE, until=until)
        if not len(found.rows):
            return by_top[-1], rank, by_top, found.complete
        done = found.complete or original.search == "downhill"
        return task.overlaps[0] + found.hidden[0], places.get(found.rows[0].tobytes(), 0), by_top, done

    with ThreadPoolExecutor(cpu_count()) as pool:
        population, rank, curve, done = zip(*pool.map(one, tables), strict=True)
    return Repeated(np.array(population), np.array(rank), np.array(curve), tops, len(done) - sum(done))


def _downhill_from(original: Original, task: Task, rank: int) -> float:
    """Criterion reached downhill from the best of the original's models: worth its time where a search is long."""
    if not rank or task.space.n_lists <= MOST_ENUMERATED:
        return np.inf
    return float(descend(task, original.rows[rank - 1]).criterion[0])


def _among(original: Original, task: Task, tops: Sequence[int]) -> tuple[float, int, list[float]]:
    """Best criterion among the original's best models, its rank, and the estimate for each number admitted."""
    from hiddenpop.numerics.fitting import evaluate
    from hiddenpop.numerics.kernel import EXISTS, EXISTS_NOT

    space = task.space
    numbers, exists = evaluate(
        space.terms, original.rows, task.overlaps, task.seen, task.penalty, original.starts, True
    )
    best, rank, population, values = np.inf, 0, np.nan, np.full(len(numbers), np.nan)
    for i in range(len(numbers)):
        if numbers[i, 0] < best - TIE and (exists[i] != EXISTS_NOT or not task.judge.strict):
            found = (numbers[i, 0], np.exp(numbers[i, 1]), 0.0) if exists[i] == EXISTS else ask(task, original.rows[i])
            if found is not None and found[0] < best - TIE:
                best, rank, population = found[0], i + 1, task.overlaps[0] + found[1]
        values[i] = population
    return best, rank, [float(values[t - 1]) for t in tops]
