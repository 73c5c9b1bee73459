"""Search over hierarchical log-linear models by a criterion: one by one, by branch and bound, or downhill."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from os import cpu_count
from time import monotonic
from typing import NamedTuple

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks, superset_sums
from hiddenpop.errors import ConvergenceError
from hiddenpop.numerics.facial import Judge, kernel_value
from hiddenpop.numerics.models import Members, Space

CHUNK = 256
SLICE = 4000
TIE = 1e-7
EVERY = 10**9


@dataclass(frozen=True)
class Task:
    """A table met with a set of models and a criterion.

    Attributes
    ----------
    space : terms that models may use
    overlaps : (2^K,) people on all lists of each set
    seen : (2^K,) people with each history
    penalty : (T + 1,) criterion of a model of so many terms, less twice the kernel's log-likelihood
    saturated : log-likelihood of the saturated model, in the units of the kernel
    judge : settles existence where the fit does not
    """

    space: Space
    overlaps: Floats
    seen: Floats
    penalty: Floats
    saturated: float
    judge: Judge

    def useful(self) -> Members:
        """(T,) one for terms that can improve a criterion: where a part is empty, the whole adds nothing."""
        empty = np.append(self.overlaps[self.space.terms] == 0.0, False)
        return np.asarray(~empty[self.space.facets].any(axis=1), dtype=np.int8)

    @cached_property
    def possible(self) -> Members:
        """(T,) one for terms that a model with an estimate can contain; all of them where the judge is not strict."""
        if not self.judge.strict:
            return np.ones(self.space.terms.size, dtype=np.int8)
        from hiddenpop.numerics.margins import barred_terms

        barred = barred_terms(self.space.terms, self.overlaps, self.seen)
        inside = (self.space.terms[:, None] & self.space.terms[barred != 0]) == self.space.terms[barred != 0]
        return np.asarray(~inside.any(axis=1), dtype=np.int8)


@dataclass(frozen=True)
class Found:
    """Models with an estimate, best first.

    Attributes
    ----------
    rows : (m, T) members
    criterion, hidden, variance : (m,) criterion, exp(intercept), variance of its logarithm
    fits, nodes : int, models fitted (in part) and sets of models divided
    complete : bool, is every model at least as good as `limit` here?
    limit : float, criterion up to which the list is known to be complete
    """

    rows: Members
    criterion: Floats
    hidden: Floats
    variance: Floats
    fits: int = 0
    nodes: int = 0
    complete: bool = True
    limit: float = np.inf


def build_task(space: Space, histories: Masks, counts: Counts, criterion: str, judge: Judge) -> Task:
    """Meet the people (m,) on histories (m,) with the models of a space; `criterion` is aic, aicc or bic."""
    from scipy.special import gammaln, xlogy

    seen = np.zeros(1 << space.n_lists)
    seen[histories] = counts
    n = float(seen.sum())
    saturated = float(xlogy(seen, seen).sum() - n * np.log(n))
    constant = -2.0 * float(n * np.log(n) - n - gammaln(seen + 1.0).sum())
    penalty = penalties(criterion, n, space.terms.size) + constant
    return Task(space, superset_sums(seen), seen, penalty, saturated, judge)


def penalties(criterion: str, people: float, most: int) -> Floats:
    """What a model of p terms pays, p = 0..most: `2p` (aic), `2p + 2p(p+1)/(n-p-1)` (aicc), `p log n` (bic)."""
    p = np.arange(most + 1, dtype=float)
    if criterion == "bic":
        return np.asarray(p * np.log(people))
    if criterion == "aic":
        return 2.0 * p
    left = np.maximum(people - p - 1.0, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(2.0 * p + 2.0 * p * (p + 1.0) / left)


def enumerate_task(task: Task, rows: Members, *, best_only: bool = False) -> Found:
    """Fit the models given; those without an estimate are left out. With `best_only` only the best and its ties."""
    from hiddenpop.numerics.fitting import evaluate, main_effects

    rows = rows[~rows[:, task.possible == 0].any(axis=1)]
    start = main_effects(task.space.terms, task.overlaps)[None, :]

    def work(part: Members) -> tuple[Floats, Members]:
        return evaluate(task.space.terms, part, task.overlaps, task.seen, task.penalty, start, best_only)

    if len(rows) <= CHUNK:
        return settle(task, rows, *work(rows), best_only)
    parts = [rows[i : i + CHUNK] for i in range(0, len(rows), CHUNK)]
    with ThreadPoolExecutor(cpu_count()) as pool:
        numbers, exists = (np.concatenate(a) for a in zip(*pool.map(work, parts), strict=True))
    return settle(task, rows, numbers, exists, best_only)


def settle(task: Task, rows: Members, numbers: Floats, exists: Members, best_only: bool = False) -> Found:
    """Sort models by criterion and ask the judge about those whose fit proves nothing.

    With `best_only`, none that cannot be the best is asked about, and only the best (and its ties) is kept.
    """
    from hiddenpop.numerics.kernel import EXISTS, EXISTS_NOT

    numbers = numbers.copy()
    numbers[:, 1] = np.exp(numbers[:, 1])
    sure = (exists == EXISTS) & np.isfinite(numbers[:, 0])
    best = float(numbers[sure, 0].min(initial=np.inf))
    doubtful = (exists != EXISTS) & ((exists != EXISTS_NOT) | (not task.judge.strict)) & np.isfinite(numbers[:, 0])
    for i in np.flatnonzero(doubtful)[np.argsort(numbers[doubtful, 0], kind="stable")].tolist():
        if best_only and numbers[i, 0] > best + TIE:
            break
        if answer := ask(task, rows[i]):
            numbers[i], sure[i] = answer, True
            best = min(best, answer[0])
    if best_only:
        sure &= numbers[:, 0] <= best + TIE
    rows, numbers = rows[sure], numbers[sure]
    order = np.lexsort((numbers[:, 1], np.round(numbers[:, 0] / TIE)))
    rows, numbers = rows[order], numbers[order]
    return Found(rows, numbers[:, 0], numbers[:, 1], numbers[:, 2], fits=len(exists))


def ask(task: Task, row: Members) -> tuple[float, float, float] | None:
    """The judge's `(criterion, exp(intercept), variance of its logarithm)` of a model, or None."""
    histories = np.flatnonzero(task.seen)
    counts = task.seen[histories].astype(np.int64)
    answer = task.judge.settle(task.space.terms[row != 0], task.space.n_lists, histories, counts)
    if answer is None:
        return None
    criterion = float(task.penalty[int((row != 0).sum())]) - 2.0 * kernel_value(answer, task.overlaps[0])
    return criterion, answer.hidden, answer.variance


class Rule(NamedTuple):
    """Which models are wanted: all within `width` of the best, at least `least`, at most `most`."""

    least: int = 1
    most: int = EVERY
    width: float = 0.0


BEST = Rule()


def explore_task(
    task: Task, rule: Rule = BEST, *, seeds: Members | None = None, limit: float = np.inf, until: float = np.inf
) -> Found:
    """Branch and bound; see `numerics.branch`.

    Parameters
    ----------
    task : Task
    rule : models wanted
    seeds : (m, T) models to begin with: the better they are, the less there is to do
    limit : criterion above which models are of no interest
    until : time of `time.monotonic()` at which to stop

    Returns
    -------
    Found
        Not `complete` if the time ran out; then `limit` is a lower bound of the criterion of what is missing.
    """
    from hiddenpop.numerics.branch import FINISHED, FOUND_FULL, STACK_FULL, explore
    from hiddenpop.numerics.stores import Stores

    if seeds is not None:
        limit = min(limit, wanted(rule, enumerate_task(task, seeds, best_only=rule == BEST)))
    store = Stores.begin(task, limit, only_useful=rule == BEST, strict=task.judge.strict)
    space = task.space
    wants, code = (rule.least, rule.most, rule.width), -1
    while code != FINISHED and monotonic() < until:
        code = explore(
            space.terms, space.facets, task.overlaps, task.seen, task.penalty, wants, task.judge.strict,
            store.stack, store.found, store.whole, store.real, SLICE,
        )  # fmt: skip
        if code == STACK_FULL:
            store.enlarge_stack()
        elif code == FOUND_FULL:
            store.enlarge_found()
    rows, numbers, exists = store.models()
    found = settle(task, rows, numbers, exists, best_only=rule == BEST)
    complete = code == FINISHED
    bound = min(wanted(rule, found), store.limit) - TIE
    if not complete:
        bound = min(bound, store.bound(task.penalty))
    inside = found.criterion <= bound + TIE if rule != BEST else np.ones(len(found.rows), dtype=bool)
    return replace(
        found, rows=found.rows[inside], criterion=found.criterion[inside], hidden=found.hidden[inside],
        variance=found.variance[inside], fits=store.fits, nodes=store.nodes, complete=complete, limit=bound,
    )  # fmt: skip


def wanted(rule: Rule, models: Found) -> float:
    """The largest criterion worth finding, by what is known."""
    from hiddenpop.numerics.branch import limit_of

    size = len(models.rows)
    return float(limit_of(models.criterion[:, None], np.ones(size, np.int8), size, *rule))


def neighbours(space: Space, row: Members) -> Members:
    """Hierarchical models with one interaction more or fewer; shape (m, T)."""
    inside = np.append(row != 0, True)
    addable = (row == 0) & inside[space.facets].all(axis=1)
    has_above = np.zeros(row.size, dtype=bool)
    above = space.facets[row != 0]
    has_above[above[above >= 0]] = True
    removable = (row != 0) & ~has_above
    removable[: space.first] = False
    changed = np.flatnonzero(addable | removable)
    out = np.repeat(row[None, :], changed.size, axis=0)
    out[np.arange(changed.size), changed] ^= 1
    return out


def descend(task: Task, start: Members) -> Found:
    """Downhill search: move to the best neighbour until none is better.

    Raises
    ------
    ConvergenceError
        If neither the start nor any of its neighbours has an estimate.
    """
    best = enumerate_task(task, start[None, :])
    fits = 1
    here = start
    while True:
        around = enumerate_task(task, neighbours(task.space, here), best_only=True)
        fits += around.fits
        if not len(around.rows) or (len(best.rows) and around.criterion[0] >= best.criterion[0] - TIE):
            break
        best, here = around, around.rows[0]
    if not len(best.rows):
        raise ConvergenceError("No model near the start of the search has an estimate.", hint="Use another start.")
    return replace(best, fits=fits, nodes=0, complete=False)
