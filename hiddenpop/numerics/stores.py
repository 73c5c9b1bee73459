"""What a branch and bound keeps between calls of the compiled code: a stack of nodes and the models found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hiddenpop.arrays import Counts, Floats
from hiddenpop.numerics.branch import FITS, FOUND, FREE, IN, LIMIT, NODES, STACKED, record
from hiddenpop.numerics.fitting import LOOSE, fit_members, main_effects
from hiddenpop.numerics.kernel import EXISTS, EXISTS_NOT
from hiddenpop.numerics.models import Members

if TYPE_CHECKING:
    from hiddenpop.numerics.search import Task

PLACES = 512


@dataclass
class Stores:
    """Arrays that `branch.explore` fills and this side enlarges; their shapes are said there."""

    stack: tuple[Members, Floats, Floats, Floats]
    found: tuple[Members, Floats, Members]
    whole: Counts
    real: Floats

    @classmethod
    def begin(cls, task: Task, limit: float, *, only_useful: bool, strict: bool) -> Stores:
        """A stack with one node that holds all models, and nothing found but, perhaps, the largest model."""
        size = task.space.terms.size
        stack = np.empty((PLACES + size, size), np.int8), np.empty((PLACES + size, size))
        more = np.empty(PLACES + size), np.empty((PLACES + size, size))
        found = np.empty((PLACES + size, size), np.int8), np.empty((PLACES + size, 3)), np.empty(PLACES + size, np.int8)
        stores = cls((*stack, *more), found, np.zeros(5, np.int64), np.array([limit, np.inf]))
        state = np.full(size, FREE, dtype=np.int8)
        if only_useful:
            state *= task.useful()
        state *= task.possible
        state[: task.space.first] = IN
        stores._root(task, state, strict=strict)
        return stores

    def _root(self, task: Task, state: Members, *, strict: bool) -> None:
        beta = main_effects(task.space.terms, task.overlaps)
        penalty = task.penalty[int((state != 0).sum())]
        enough = (penalty - self.real[LIMIT]) / 2.0 if np.isfinite(self.real[LIMIT]) else -np.inf
        value, ceiling, status, variance = fit_members(
            task.space.terms, state, task.overlaps, task.seen, beta, enough, -np.inf, LOOSE
        )
        ceiling = min(ceiling, task.saturated)
        criterion = penalty - 2.0 * (value if status == EXISTS else ceiling)
        if (status != EXISTS_NOT or not strict) and criterion < self.real[LIMIT]:
            record(self.found, self.whole, self.real, (1, 10**9, 0.0), state, criterion, beta[0], variance, status)
            self.real[LIMIT] = np.inf if not np.isfinite(enough) else self.real[LIMIT]
        states, betas, ceilings, uppers = self.stack
        states[0], betas[0], ceilings[0], uppers[0] = state, beta, ceiling, ceiling
        self.whole[STACKED] = 1

    def enlarge_stack(self) -> None:
        self.stack = tuple(np.concatenate([a, np.empty_like(a)]) for a in self.stack)  # type: ignore[assignment]

    def enlarge_found(self) -> None:
        """Forget what lies above the limit; if that frees little, make more room."""
        kept = self.found[1][: self.whole[FOUND], 0] <= self.real[LIMIT]
        for array in self.found:
            array[: kept.sum()] = array[: self.whole[FOUND]][kept]
        self.whole[FOUND] = kept.sum()
        places, size = self.found[0].shape
        if kept.sum() + 2 * size > places:
            self.found = tuple(np.concatenate([a, np.empty_like(a)]) for a in self.found)  # type: ignore[assignment]

    def models(self) -> tuple[Members, Floats, Members]:
        """Everything found, each model once."""
        rows, numbers, exists = self.found
        size = self.whole[FOUND]
        rows, numbers, exists = rows[:size], numbers[:size], exists[:size]
        _, first = np.unique(rows, axis=0, return_index=True)
        return rows[first], numbers[first], exists[first]

    @property
    def limit(self) -> float:
        """Criterion up to which models were looked for."""
        return float(self.real[LIMIT])

    def bound(self, penalty: Floats) -> float:
        """Lower bound of the criterion of every model not looked at."""
        states, _, ceilings, _ = self.stack
        here = slice(0, int(self.whole[STACKED]))
        inside = (states[here] == IN).sum(axis=1)
        return float((penalty[inside] - 2.0 * ceilings[here]).min(initial=np.inf))

    @property
    def fits(self) -> int:
        return int(self.whole[FITS])

    @property
    def nodes(self) -> int:
        return int(self.whole[NODES])
