"""A search from a table to its result: which way, what was found, and the same again on resampled tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from time import monotonic
from typing import Any

import numpy as np

from hiddenpop.arrays import Counts, Masks
from hiddenpop.errors import ConvergenceError, NotEstimableError, OptionError
from hiddenpop.numerics.facial import Judge
from hiddenpop.numerics.intervals import refuse_unbounded
from hiddenpop.numerics.models import MOST_ENUMERATED, Members, Space, build_space, count_models, enumerate_models
from hiddenpop.numerics.resampling import (
    Resamples,
    bca_limits,
    build_resamples,
    draw_tables,
    leave_one_out,
    percentile_limits,
)
from hiddenpop.numerics.reselect import Repeated, build_original, repeat
from hiddenpop.numerics.search import (
    BEST,
    Found,
    Rule,
    Task,
    build_task,
    descend,
    enumerate_task,
    explore_task,
    neighbours,
)
from hiddenpop.numerics.terms import term_name

MAX_LISTS = 12
SHOWN = 100
NEAR = Rule(least=SHOWN, most=20_000, width=10.0)
PATIENCE = 20.0
RANKS = (1, 5, 10, 50, 100)


@dataclass(frozen=True)
class Searched:
    """What a search found; see `estimators.loglinear_search.ModelSearch`."""

    task: Task
    criterion: str
    found: Found
    search: str
    n_candidate: int | None
    n_estimable: int | None
    nodes: int
    fits: int
    bound_gap: float | None
    starts: tuple[tuple[str, float, float], ...] = ()

    @property
    def space(self) -> Space:
        return self.task.space

    def repeat(
        self, histories: Masks, counts: Counts, replicates: int, seed: int | None, top: int | None, until: float
    ) -> Replicated:
        """The whole search on bootstrap tables, and on tables with one person fewer."""
        rows = self.found.rows[: top or SHOWN]
        way = "top" if top else "downhill" if self.search == "downhill" else "exact"
        original = build_original(self.task, self.criterion, rows, way)
        tables = np.concatenate([draw_tables(counts, replicates, seed), leave_one_out(counts)])
        again = repeat(original, histories, tables, until)
        return Replicated(float(counts.sum() + self.found.hidden[0]), counts, replicates, again, way)


@dataclass(frozen=True)
class Replicated:
    """A search repeated on B bootstrap tables and m tables with one person fewer."""

    estimate: float
    counts: Counts
    replicates: int
    again: Repeated
    way: str

    @property
    def unfinished(self) -> int:
        return self.again.unfinished

    def resamples(self) -> Resamples:
        """By the best model of all that compete."""
        values = self.again.population
        return build_resamples(self.estimate, values[: self.replicates], values[self.replicates :], self.counts)

    def curve(self, interval: str, level: float) -> tuple[Mapping[str, Any], ...]:
        """The interval if only so many of the best models compete."""
        make = bca_limits if interval == "bca" else percentile_limits
        out = []
        for column, top in enumerate(self.again.tops):
            values = self.again.by_top[:, column]
            found = build_resamples(self.estimate, values[: self.replicates], values[self.replicates :], self.counts)
            if found.good.size:
                low, high = make(found, level)
                out.append({"top": top, "low": low, "high": high})
        return tuple(out)

    def ranks(self) -> dict[str, int]:
        """In how many replicates the best model is in the top 1, 5, 10, 50, 100 of the original ranking."""
        rank = self.again.rank[: self.replicates]
        return {str(top): int(((rank >= 1) & (rank <= top)).sum()) for top in RANKS}

    def words(self) -> str:
        """What was done in each replicate."""
        ways = {
            "exact": "all models, by branch and bound: certified in each replicate",
            "downhill": "downhill from independence in each replicate: not certified",
            "top": f"the best {self.again.tops[-1]} models of the data compete in each replicate",
        }
        cut = f"; {self.unfinished} cut short by the budget" if self.unfinished else ""
        return ways[self.way] + cut


def search_models(
    histories: Masks,
    counts: Counts,
    lists: Sequence[str],
    max_order: int,
    criterion: str,
    search: str,
    *,
    strict: bool,
    until: float,
) -> Searched:
    """Search a table; see `estimators.loglinear_search` for the options.

    Raises
    ------
    NotEstimableError, ConvergenceError, OptionError
    """
    n_lists = len(lists)
    space = build_space(n_lists, max_order)
    task = build_task(space, histories, counts, criterion, Judge(strict))
    if search == "auto":
        search = "exhaustive" if n_lists <= MOST_ENUMERATED else "exact"
    if search == "exhaustive" and n_lists > MOST_ENUMERATED:
        raise OptionError(
            f"{n_lists} lists have too many models to fit them all.", hint='search="exact" finds the same best model.'
        )
    ways = {"exhaustive": _exhaustive, "exact": _exact, "downhill": _downhill}
    done = ways[search](
        Searched(task, criterion, EMPTY, search, count_models(n_lists, max_order), None, 0, 0, None), until
    )
    if not len(done.found.rows):
        raise NotEstimableError(
            "No log-linear model of these lists has an estimate.",
            hint="Run the checks: some lists share nobody.",
            terms=[term_name(int(t), lists) for t in space.terms[1 : space.first]],
        )
    error = float(done.found.variance[0] ** 0.5)
    refuse_unbounded("The best model", error, hint="Use a simpler model, or lower max_order.")
    return done


@cache
def compile_search() -> None:
    """Compile (or load) the machine code of searches, so that budgets count the work alone."""
    histories, counts = np.arange(1, 8), np.array([9, 8, 3, 7, 2, 3, 1])
    tiny = search_models(histories, counts, ("a", "b", "c"), 2, "bic", "exact", strict=True, until=np.inf)
    tiny.repeat(histories, counts, 1, 0, None, np.inf)


EMPTY = Found(np.zeros((0, 1), np.int8), np.zeros(0), np.zeros(0), np.zeros(0))


def _exhaustive(empty: Searched, until: float) -> Searched:
    rows = enumerate_models(empty.space.n_lists, empty.space.max_order)
    found = enumerate_task(empty.task, rows)
    return replace(empty, found=found, n_estimable=len(found.rows), fits=len(rows), bound_gap=0.0)


def _exact(empty: Searched, until: float) -> Searched:
    """The best model, certified; then all near it, as far as time allows."""
    task = empty.task
    begin = _descents(task)
    seeds = np.concatenate([f.rows for _, f in begin]) if begin else None
    best = explore_task(task, BEST, seeds=seeds, until=until)
    if not best.complete:
        reached = f"; the best model so far has {best.criterion[0]:.2f}" if len(best.rows) else ""
        raise ConvergenceError(
            f"The budget ended before the best model was certified{reached}; none lies below {best.limit:.2f}.",
            hint="Raise the budget, lower max_order, or merge lists.",
            details={"best": float(best.criterion[0]) if len(best.rows) else None, "bound": best.limit},
        )
    if not len(best.rows):
        return empty
    near = explore_task(task, NEAR, seeds=_ring(task, best.rows[0]), until=min(until, monotonic() + PATIENCE))
    kept = near if len(near.rows) and near.limit >= best.criterion[0] else best
    same = replace(kept, limit=max(kept.limit, float(best.criterion[0])))
    return replace(empty, found=same, nodes=best.nodes, fits=best.fits, bound_gap=0.0)


def _ring(task: Task, row: Members) -> Members:
    """The model, its neighbours, and theirs."""
    first = neighbours(task.space, row)
    second = [neighbours(task.space, r) for r in first]
    return np.unique(np.concatenate([row[None, :], first, *second]), axis=0)


def _descents(task: Task) -> list[tuple[str, Found]]:
    """Downhill from independence and from all pairs, as far as there are estimates."""
    found = []
    for name, start in (("independence", task.space.independence), ("all pairs", task.space.all_pairs)):
        try:
            found.append((name, descend(task, start)))
        except ConvergenceError:
            continue
    return found


def _downhill(empty: Searched, until: float) -> Searched:
    ends = _descents(empty.task)
    if not ends:
        return empty
    starts = tuple((name, float(f.hidden[0]), float(f.criterion[0])) for name, f in ends)
    first = ends[0][1]
    around = enumerate_task(empty.task, _ring(empty.task, first.rows[0]))
    found = replace(around, complete=False, limit=float(first.criterion[0]))
    if around.criterion[0] < first.criterion[0] - 1e-6:
        found = first
    return replace(empty, found=found, fits=sum(f.fits for _, f in ends), starts=starts)
