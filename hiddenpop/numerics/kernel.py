"""The compiled kernel: one hierarchical log-linear fit by sums over subsets, no design matrix.

For up to some twelve lists, with arrays over all 2^K histories: `log mu` is the subset sum of the coefficients, and the
information `H[A, B] = Z(A | B)` is looked up in the superset sums Z of the means. A Newton step costs two transforms,
p^2 look-ups and one Cholesky factor. The same mathematics as `numerics.poisson`, which takes any number of lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from hiddenpop.arrays import Floats, Masks

MAX_STEPS = 80

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile, and keep the machine code on disk where a place can be written."""
    try:
        return cast(F, njit(cache=True, nogil=True)(function))
    except RuntimeError:
        return cast(F, njit(nogil=True)(function))


@compiled
def subset_sums(values: Floats) -> None:
    """In place: `values[x] = sum over A subset of x`."""
    step = 1
    while step < values.size:
        for begin in range(0, values.size, 2 * step):
            for x in range(begin, begin + step):
                values[x + step] += values[x]
        step *= 2


@compiled
def superset_sums(values: Floats) -> None:
    """In place: `values[A] = sum over x superset of A`."""
    step = 1
    while step < values.size:
        for begin in range(0, values.size, 2 * step):
            for x in range(begin, begin + step):
                values[x] += values[x + step]
        step *= 2


@compiled
def allowed_cells(removed: Masks, size: int) -> Floats:
    """One for histories that contain no removed term, else zero; shape (2^K,)."""
    allowed = np.ones(size)
    for term in removed:
        for x in range(size):
            if x & term == term:
                allowed[x] = 0.0
    return allowed


@compiled
def _evaluate(terms: Masks, overlaps: Floats, allowed: Floats, beta: Floats, sums: Floats) -> float:
    """Log-likelihood with the intercept maximised out; fills `sums` with Z of the fitted means and `beta[0]`."""
    sums[:] = 0.0
    for k in range(1, terms.size):
        sums[terms[k]] = beta[k]
    subset_sums(sums)
    rest = 0.0
    for x in range(sums.size):
        sums[x] = np.exp(sums[x]) * allowed[x]
        if x:
            rest += sums[x]
    if not (0.0 < rest < 1e300):
        return -np.inf
    hidden = overlaps[0] / rest
    superset_sums(sums)
    sums *= hidden
    beta[0] = np.log(hidden)
    value = -overlaps[0] * np.log(rest)
    for k in range(1, terms.size):
        value += overlaps[terms[k]] * beta[k]
    return float(value)


@compiled
def _factor(terms: Masks, overlaps: Floats, sums: Floats, lower: Floats) -> bool:
    """Cholesky factor of the information; False where it is singular."""
    for i in range(terms.size):
        for j in range(i + 1):
            value = sums[terms[i] | terms[j]] if i else overlaps[0]
            for k in range(j):
                value -= lower[i, k] * lower[j, k]
            if i == j:
                if not value > 0.0:
                    return False
                lower[i, i] = np.sqrt(value)
            else:
                lower[i, j] = value / lower[j, j]
    return True


@compiled
def _solve(lower: Floats, right: Floats) -> None:
    """In place: solve `L L' x = right`."""
    for i in range(right.size):
        for k in range(i):
            right[i] -= lower[i, k] * right[k]
        right[i] /= lower[i, i]
    for i in range(right.size - 1, -1, -1):
        for k in range(i + 1, right.size):
            right[i] -= lower[k, i] * right[k]
        right[i] /= lower[i, i]


@compiled
def _inverse_norm(lower: Floats) -> tuple[float, float]:
    """`(Frobenius norm of the inverse information, its first entry)`."""
    total, first = 0.0, 0.0
    for i in range(lower.shape[0]):
        column = np.zeros(lower.shape[0])
        column[i] = 1.0
        _solve(lower, column)
        total += (column**2).sum()
        if i == 0:
            first = column[0]
    return np.sqrt(total), first


@compiled
def _direction(terms: Masks, overlaps: Floats, sums: Floats, lower: Floats, step: Floats) -> float:
    """Newton's step (filled in) and its squared decrement; NaN where the information is singular."""
    if not _factor(terms, overlaps, sums, lower):
        return np.nan
    gradient = overlaps[terms] - sums[terms]
    gradient[0] = 0.0
    step[:] = gradient
    _solve(lower, step)
    return float(gradient @ step)


@compiled
def _advance(
    terms: Masks, overlaps: Floats, allowed: Floats, beta: Floats, sums: Floats, step: Floats, gain: float, goal: float
) -> float:
    """Take the step, halved until the log-likelihood reaches `goal` and its share of the `gain`; the new value."""
    begin = beta.copy()
    size = 1.0
    while True:
        beta[:] = begin + size * step
        value = _evaluate(terms, overlaps, allowed, beta, sums)
        if value >= goal + 1e-4 * size * gain or size < 1e-9:
            return float(value)
        size *= 0.5


@compiled
def fit(terms: Masks, overlaps: Floats, allowed: Floats, beta: Floats, sums: Floats) -> tuple[bool, float, float]:
    """Fit one model.

    Parameters
    ----------
    terms : (p,) masks, the empty one first, none of them removed
    overlaps : (2^K,) people on all lists of each set, `n*(A)`
    allowed : (2^K,) zeros at histories that contain a removed term
    beta : (p,) start; becomes the coefficients
    sums : (2^K,) becomes the superset sums of the fitted means, the hidden people included

    Returns
    -------
    (certified, log-likelihood without constants, variance of log n0)
        Certified means proven to exist and to be unique, as in `numerics.poisson.fit_poisson`.
    """
    lower = np.zeros((terms.size, terms.size))
    step = np.empty(terms.size)
    value = _evaluate(terms, overlaps, allowed, beta, sums)
    last = False
    for _ in range(MAX_STEPS):
        decrement = _direction(terms, overlaps, sums, lower, step) if np.isfinite(value) else np.nan
        if np.isnan(decrement):
            return False, value, 0.0
        if last:
            norm, variance = _inverse_norm(lower)
            largest = sums[terms].max()
            sure = abs(decrement) * terms.size * norm <= 0.25 and largest * norm <= 1e11
            return sure, value, variance
        last = decrement <= 1e-13 * overlaps[0]
        goal = -np.inf if last else value - 1e-12 * abs(value)
        value = _advance(terms, overlaps, allowed, beta, sums, step, decrement, goal)
    return False, value, 0.0
