"""Branch and bound over hierarchical models, compiled: exact without enumerating.

A node is a set of models: some terms are in, some out, the rest free; everything below a term that is in is in, everything
above a term that is out is out. Its largest model U is the terms in or free. No model of the node has a larger
log-likelihood than U, nor fewer terms than those in, so `criterion >= penalty(terms in) - 2 loglik(U)`.

At a node the free terms that could be added next are decided one by one, those whose exclusion costs most first:
excluding t makes a child, whose largest model is fitted no further than needed to reject it; then t is in. Where a child
is rejected, t was forced in. Ceilings of log-likelihoods are handed down: U without t fits no better than any larger
model without t. Every largest model is a candidate itself, so each model is looked at once at most.
"""

from __future__ import annotations

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks
from hiddenpop.numerics.compiled import allowed_cells, compiled
from hiddenpop.numerics.kernel import EXISTS, EXISTS_NOT, UNKNOWN, climb
from hiddenpop.numerics.models import Members

OUT, IN, FREE = 0, 1, 2
LOOSE = 0.02
TIE = 1e-7
FINISHED, PAUSED, STACK_FULL, FOUND_FULL = 0, 1, 2, 3
# Places in the vectors of whole and of real numbers that the search keeps between calls.
STACKED, FOUND, FITS, NODES, NEXT = 0, 1, 2, 3, 4
LIMIT, BEST = 0, 1


@compiled
def main_effects(terms: Masks, overlaps: Floats) -> Floats:
    """Starting coefficients (T,): independent lists in a population twice as large as the people seen."""
    beta = np.zeros(terms.size)
    n = overlaps[0]
    for i in range(1, terms.size):
        mask = terms[i]
        if mask & (mask - 1) == 0 and overlaps[mask] > 0.0:
            share = overlaps[mask] / (2.0 * n)
            beta[i] = np.log(share / (1.0 - share))
    return beta


@compiled
def fit_members(
    terms: Masks,
    members: Members,
    overlaps: Floats,
    seen: Floats,
    start: Floats,
    enough: float,
    prune: float,
    loose: float,
) -> tuple[float, float, int, float]:
    """Fit the model of the rows of `terms` where `members` is not zero; `start` (T,) becomes its coefficients.

    Returns what `kernel.climb` returns.
    """
    size = 0
    for i in range(terms.size):
        if members[i] != OUT and overlaps[terms[i]] > 0.0:
            size += 1
    rows = np.empty(size, dtype=np.int64)
    removed = np.empty(terms.size, dtype=np.int64)
    kept, gone = 0, 0
    for i in range(terms.size):
        if members[i] != OUT:
            if overlaps[terms[i]] > 0.0:
                rows[kept] = i
                kept += 1
            else:
                removed[gone] = terms[i]
                gone += 1
    allowed = allowed_cells(removed[:gone], overlaps.size)
    beta, sums = start[rows], np.empty(overlaps.size)
    result = climb(terms[rows], overlaps, allowed, seen, beta, sums, enough, prune, loose)
    if result[2] == UNKNOWN and result[1] > prune and not (result[1] <= enough and result[1] - result[0] <= loose):
        beta = main_effects(terms, overlaps)[rows]
        result = climb(terms[rows], overlaps, allowed, seen, beta, sums, enough, prune, loose)
    for i in range(terms.size):
        start[i] = 0.0
    start[rows] = beta
    return result


@compiled
def limit_of(numbers: Floats, exists: Members, size: int, least: int, most: int, width: float) -> float:
    """The largest criterion worth finding: within `width` of the best or among the `least` best, at most `most`."""
    known = np.sort(numbers[:size, 0][exists[:size] == EXISTS])
    limit = np.inf
    if known.size >= least:
        limit = max(known[0] + width, known[least - 1])
    if known.size >= most:
        limit = min(limit, known[most - 1])
    return limit + TIE


@compiled
def _minimal(facets: Masks, state: Members, i: int) -> bool:
    """Is this free term one that could be added next: are all terms below it in?"""
    if state[i] != FREE:
        return False
    for j in range(facets.shape[1]):
        facet = facets[i, j]
        if facet >= 0 and state[facet] != IN:
            return False
    return True


@compiled
def _next_term(facets: Masks, state: Members, upper: Floats) -> int:
    """The free minimal term whose exclusion costs most by what is known; -1 when all is decided."""
    chosen = -1
    for i in range(state.size):
        if _minimal(facets, state, i) and (chosen < 0 or upper[i] < upper[chosen]):
            chosen = i
    return chosen


@compiled
def _exclude(terms: Masks, state: Members, child: Members, term: int) -> int:
    """Fills in the state without the term and all above it; the number of terms left."""
    size = 0
    for i in range(terms.size):
        child[i] = OUT if terms[i] & terms[term] == terms[term] else state[i]
        size += child[i] != OUT
    return size


@compiled
def record(
    found: tuple[Members, Floats, Members],
    whole: Counts,
    real: Floats,
    rule: tuple[int, int, float],
    members: Members,
    criterion: float,
    log_hidden: float,
    variance: float,
    status: int,
) -> None:
    """Keep a candidate, and lower the limit if that can have changed."""
    rows, numbers, exists = found
    place = whole[FOUND]
    for i in range(members.size):
        rows[place, i] = members[i] != OUT
    numbers[place, 0], numbers[place, 1], numbers[place, 2] = criterion, log_hidden, variance
    exists[place] = EXISTS if status == EXISTS else UNKNOWN
    whole[FOUND] += 1
    if status == EXISTS and (criterion < real[BEST] or whole[FOUND] >= whole[NEXT]):
        real[BEST] = min(real[BEST], criterion)
        whole[NEXT] = whole[FOUND] + whole[FOUND] // 8 + 1
        real[LIMIT] = min(real[LIMIT], limit_of(numbers, exists, whole[FOUND], *rule))


@compiled
def explore(
    terms: Masks,
    facets: Masks,
    overlaps: Floats,
    seen: Floats,
    penalty: Floats,
    rule: tuple[int, int, float],
    strict: bool,
    stack: tuple[Members, Floats, Floats, Floats],
    found: tuple[Members, Floats, Members],
    whole: Counts,
    real: Floats,
    fits: int,
) -> int:
    """Work on the stack of nodes until it is empty, `fits` more fits are done, or a store is full.

    Parameters
    ----------
    terms, facets : of the `Space`
    overlaps, seen : (2^K,) of the table
    penalty : (T + 1,) by number of terms
    rule : (least, most, width) as in `limit_of`
    strict : pass over models whose maximum is proven not to exist; else they are found as UNKNOWN
    stack : state (S, T), coefficients (S, T), ceiling of U (S,), ceilings of U without each term (S, T)
    found : members (F, T), [criterion, log n0, variance of log n0] (F, 3), exists (F,)
    whole, real : what is kept between calls
    fits : int

    Returns
    -------
    FINISHED, PAUSED, STACK_FULL or FOUND_FULL
    """
    states, betas, ceilings, uppers = stack
    rows, numbers, exists = found
    stop = whole[FITS] + fits
    state, child = np.empty(terms.size, dtype=np.int8), np.empty(terms.size, dtype=np.int8)
    while whole[STACKED] > 0:
        if whole[FITS] >= stop:
            return PAUSED
        if whole[STACKED] + terms.size > states.shape[0]:
            return STACK_FULL
        if whole[FOUND] + terms.size > rows.shape[0]:
            return FOUND_FULL
        whole[STACKED] -= 1
        whole[NODES] += 1
        top = whole[STACKED]
        state[:] = states[top]
        parent, ceiling, upper = betas[top].copy(), ceilings[top], uppers[top].copy()
        inside = 0
        for i in range(terms.size):
            inside += state[i] == IN
        while penalty[inside] - 2.0 * ceiling < real[LIMIT]:
            term = _next_term(facets, state, upper)
            if term < 0:
                break
            if penalty[inside] - 2.0 * upper[term] < real[LIMIT]:
                size = _exclude(terms, state, child, term)
                beta = parent.copy()
                enough = (penalty[size] - real[LIMIT]) / 2.0
                prune = (penalty[inside] - real[LIMIT]) / 2.0
                value, reach, status, variance = fit_members(terms, child, overlaps, seen, beta, enough, prune, LOOSE)
                whole[FITS] += 1
                reach = min(reach, upper[term])
                upper[term] = reach
                criterion = penalty[size] - 2.0 * (value if status == EXISTS else reach)
                if (status != EXISTS_NOT or not strict) and criterion < real[LIMIT]:
                    record(found, whole, real, rule, child, criterion, beta[0], variance, status)
                if penalty[inside] - 2.0 * reach < real[LIMIT]:
                    top = whole[STACKED]
                    states[top], betas[top], ceilings[top] = child, beta, reach
                    for i in range(terms.size):
                        uppers[top, i] = min(upper[i], reach)
                    whole[STACKED] += 1
            state[term] = IN
            inside += 1
    return FINISHED


@compiled
def evaluate(
    terms: Masks,
    rows: Members,
    overlaps: Floats,
    seen: Floats,
    penalty: Floats,
    starts: Floats,
    running: bool,
) -> tuple[Floats, Members]:
    """Fit models one after the other.

    Parameters
    ----------
    rows : (m, T) members
    starts : (m, T) or (1, T) coefficients to start from; with one row each model starts from the one before
    running : fit a model only as far as it can beat all those before it; its criterion is infinite where it cannot

    Returns
    -------
    ([criterion, log n0, variance of log n0] (m, 3), exists (m,))
        Where UNKNOWN the criterion is a lower bound of what it can be.
    """
    numbers, exists = np.empty((rows.shape[0], 3)), np.empty(rows.shape[0], dtype=np.int8)
    fresh = main_effects(terms, overlaps)
    beta, best = starts[0].copy(), np.inf
    for m in range(rows.shape[0]):
        if starts.shape[0] > 1:
            beta = starts[m].copy()
        size = 0
        for i in range(terms.size):
            size += rows[m, i] != OUT
        enough = (penalty[size] - best) / 2.0 if running else -np.inf
        value, ceiling, status, variance = fit_members(terms, rows[m], overlaps, seen, beta, enough, enough, LOOSE)
        criterion = penalty[size] - 2.0 * (value if status == EXISTS else ceiling)
        if running and ceiling <= enough:
            criterion = np.inf
        numbers[m, 0], numbers[m, 1], numbers[m, 2] = criterion, beta[0], variance
        exists[m] = status
        if status == EXISTS:
            best = min(best, criterion)
        else:
            beta = fresh.copy()
    return numbers, exists
