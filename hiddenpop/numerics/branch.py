"""Branch and bound over hierarchical models, compiled: exact without enumerating.

A node is a set of models: some terms are in, some out, the rest free; everything below a term that is in is in,
everything above a term that is out is out. Its largest model U is the terms in or free. No model of the node has a
larger log-likelihood than U, nor fewer terms than those in, so `criterion >= penalty(terms in) - 2 loglik(U)`.

At a node the free terms that could be added next are decided one by one, the costliest exclusion first: excluding t
makes a child, whose largest model is fitted no further than needed to reject it; then t is in. Where a child is
rejected, t was forced in. Ceilings of log-likelihoods are handed down: U without t fits no better than any larger model
without t. Every largest model is a candidate itself, so each model is looked at once at most.
"""

from __future__ import annotations

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks
from hiddenpop.numerics.compiled import compiled
from hiddenpop.numerics.fitting import LOOSE, OUT, fit_members
from hiddenpop.numerics.kernel import EXISTS, EXISTS_NOT, UNKNOWN
from hiddenpop.numerics.models import Members

IN, FREE = 1, 2
TIE = 1e-7
FINISHED, PAUSED, STACK_FULL, FOUND_FULL = 0, 1, 2, 3
# Places in the vectors of whole and of real numbers that the search keeps between calls.
STACKED, FOUND, FITS, NODES, NEXT = 0, 1, 2, 3, 4
LIMIT, BEST = 0, 1


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
def _divide(
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
) -> None:
    """Decide the free terms of the node just taken from the stack, one by one."""
    top = whole[STACKED]
    node = stack[0][top].copy(), stack[1][top].copy(), stack[3][top].copy()
    state, _, upper = node
    ceiling = stack[2][top]
    inside = 0
    for i in range(terms.size):
        inside += state[i] == IN
    while penalty[inside] - 2.0 * ceiling < real[LIMIT]:
        term = _next_term(facets, state, upper)
        if term < 0:
            return
        if penalty[inside] - 2.0 * upper[term] < real[LIMIT]:
            _without(terms, overlaps, seen, penalty, rule, strict, stack, found, whole, real, node, term, inside)
        state[term] = IN
        inside += 1


@compiled
def _without(
    terms: Masks,
    overlaps: Floats,
    seen: Floats,
    penalty: Floats,
    rule: tuple[int, int, float],
    strict: bool,
    stack: tuple[Members, Floats, Floats, Floats],
    found: tuple[Members, Floats, Members],
    whole: Counts,
    real: Floats,
    node: tuple[Members, Floats, Floats],
    term: int,
    inside: int,
) -> None:
    """Look at the models of the node without a term: fit the largest, keep it if it is wanted, stack what is left."""
    states, betas, ceilings, uppers = stack
    state, parent, upper = node
    child, beta = np.empty(terms.size, dtype=np.int8), parent.copy()
    size = _exclude(terms, state, child, term)
    enough, prune = (penalty[size] - real[LIMIT]) / 2.0, (penalty[inside] - real[LIMIT]) / 2.0
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
    stop = whole[FITS] + fits
    while whole[STACKED] > 0:
        if whole[FITS] >= stop:
            return PAUSED
        if whole[STACKED] + terms.size > stack[0].shape[0]:
            return STACK_FULL
        if whole[FOUND] + terms.size > found[0].shape[0]:
            return FOUND_FULL
        whole[STACKED] -= 1
        whole[NODES] += 1
        _divide(terms, facets, overlaps, seen, penalty, rule, strict, stack, found, whole, real)
    return FINISHED
