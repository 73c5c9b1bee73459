"""Fits of models given as members of a space of terms, compiled."""

from __future__ import annotations

import numpy as np

from hiddenpop.arrays import Floats, Masks
from hiddenpop.numerics.compiled import allowed_cells, compiled
from hiddenpop.numerics.kernel import EXISTS, UNKNOWN, climb
from hiddenpop.numerics.models import Members

OUT = 0
LOOSE = 0.02


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
