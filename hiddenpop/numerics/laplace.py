"""Posteriors of many hierarchical models, compiled: the mode of each, and weighted draws around it.

With the prior 1/N the population integrates out, and what is left is the likelihood of the histories given that a
person is on a list: `sum n*(A) beta(A) - n log W`, `W = sum over x not empty of exp(eta(x))`. Main effects have a flat
prior, an interaction A the prior N(0, 1/precision(A)). All sums run over subsets, as in `numerics.kernel`; the
information is `Z(A | B) - Z(A) Z(B) / n + precision`, Z the superset sums of the fitted means of the people seen.
"""

from __future__ import annotations

from math import lgamma, log, log1p, pi

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks
from hiddenpop.numerics.compiled import compiled, subset_sums, superset_sums
from hiddenpop.numerics.models import Members

MAX_STEPS = 100
NEAR = 1e-6
LONGEST = 4.0


@compiled
def log_posterior(terms: Masks, overlaps: Floats, precision: Floats, beta: Floats, sums: Floats) -> tuple[float, float]:
    """`(log posterior without constants, log W)`; fills `sums` with exp(eta), zero for the empty history."""
    sums[:] = 0.0
    for k in range(terms.size):
        sums[terms[k]] = beta[k]
    subset_sums(sums)
    total = 0.0
    for x in range(1, sums.size):
        sums[x] = np.exp(sums[x])
        total += sums[x]
    sums[0] = 0.0
    if not (0.0 < total < 1e300):
        return -np.inf, 0.0
    value = -overlaps[0] * np.log(total)
    for k in range(terms.size):
        value += (overlaps[terms[k]] - 0.5 * precision[k] * beta[k]) * beta[k]
    return value, np.log(total)


@compiled
def factor_information(terms: Masks, people: float, precision: Floats, sums: Floats, lower: Floats) -> float:
    """Cholesky factor of the information at superset sums of the fitted means; its log determinant, NaN if singular."""
    determinant = 0.0
    for i in range(terms.size):
        for j in range(i + 1):
            value = sums[terms[i] | terms[j]] - sums[terms[i]] * sums[terms[j]] / people
            if i == j:
                value += precision[i]
            for k in range(j):
                value -= lower[i, k] * lower[j, k]
            if i > j:
                lower[i, j] = value / lower[j, j]
            elif value > 0.0:
                lower[i, i] = np.sqrt(value)
                determinant += np.log(value)
            else:
                return np.nan
    return determinant


@compiled
def solve_transposed(lower: Floats, right: Floats, size: int) -> None:
    """In place: solve `L' x = right`."""
    for i in range(size - 1, -1, -1):
        right[i] /= lower[i, i]
        for k in range(i):
            right[k] -= lower[i, k] * right[i]


@compiled
def find_mode(
    terms: Masks, overlaps: Floats, precision: Floats, beta: Floats, sums: Floats, lower: Floats
) -> tuple[float, float, float]:
    """Newton's method with bounded and halved steps; the log posterior is strictly concave.

    Parameters
    ----------
    terms : (d,) masks, without the empty one
    overlaps : (2^K,) people on all lists of each set
    precision : (d,) of the priors, zero for flat ones
    beta : (d,) start; becomes the mode
    sums : (2^K,) room
    lower : (d, d) becomes the Cholesky factor of the information at the mode

    Returns
    -------
    (value, log_determinant, log_total)
        Log posterior at the mode, log determinant of the information, log W; NaN where it was not reached.
    """
    people, size, last = overlaps[0], terms.size, False
    step, begin = np.empty(size), np.empty(size)
    value, log_total = log_posterior(terms, overlaps, precision, beta, sums)
    for _ in range(MAX_STEPS):
        superset_sums(sums)
        sums *= people / np.exp(log_total)
        determinant = factor_information(terms, people, precision, sums, lower)
        if last:
            return value, determinant, log_total
        if not np.isfinite(determinant):
            break
        gain = 0.0
        for i in range(size):
            step[i] = overlaps[terms[i]] - sums[terms[i]] - precision[i] * beta[i]
            for k in range(i):
                step[i] -= lower[i, k] * step[k]
            step[i] /= lower[i, i]
            gain += step[i] * step[i]
        last = gain <= NEAR
        solve_transposed(lower, step, size)
        begin[:] = beta
        longest = np.abs(step).max()
        length = 1.0 if longest <= LONGEST else LONGEST / longest
        goal = value
        while True:
            beta[:] = begin + length * step
            value, log_total = log_posterior(terms, overlaps, precision, beta, sums)
            if value >= goal + 1e-4 * length * gain - 1e-12 * abs(goal) or length < 1e-9:
                break
            length *= 0.5
    return np.nan, np.nan, np.nan


@compiled
def rows_of(members: Members) -> Counts:
    """Rows of the terms in a model, the empty one left out."""
    rows = np.empty(members.size, dtype=np.int64)
    size = 0
    for i in range(1, members.size):
        if members[i] != 0:
            rows[size] = i
            size += 1
    return rows[:size]


@compiled
def fit_modes(
    terms: Masks, models: Members, overlaps: Floats, precision: Floats, start: Floats
) -> tuple[Floats, Floats]:
    """The mode of every model, each started from the one before, or where that fails from `start`.

    Parameters
    ----------
    terms : (T,) masks, the empty one first
    models : (m, T) members
    precision : (T,) of the priors, zero for flat ones
    start : (T,) coefficients to start from

    Returns
    -------
    ([log posterior at the mode plus log of the Laplace integral, log W] (m, 2), coefficients (m, T))
        The first lacks only constants that all models share.
    """
    numbers, betas = np.empty((models.shape[0], 2)), np.zeros((models.shape[0], terms.size))
    sums, lower = np.empty(overlaps.size), np.zeros((terms.size, terms.size))
    beta = start.copy()
    for m in range(models.shape[0]):
        rows = rows_of(models[m])
        mode = beta[rows]
        prior = precision[rows]
        value, determinant, log_total = find_mode(terms[rows], overlaps, prior, mode, sums, lower)
        if not np.isfinite(value):
            mode = start[rows]
            value, determinant, log_total = find_mode(terms[rows], overlaps, prior, mode, sums, lower)
        for k in range(rows.size):
            betas[m, rows[k]] = mode[k]
            if prior[k] > 0.0:
                value += 0.5 * log(prior[k])
            else:
                value += 0.5 * log(2.0 * pi)
        numbers[m, 0], numbers[m, 1] = value - 0.5 * determinant, log_total
        beta = betas[m].copy()
    return numbers, betas


@compiled
def draw_around(
    terms: Masks,
    models: Members,
    overlaps: Floats,
    precision: Floats,
    modes: Floats,
    evidence: Floats,
    pairs: Counts,
    normals: Floats,
    stretch: Floats,
    freedom: float,
) -> tuple[Floats, Floats]:
    """Draws from multivariate t distributions around the modes, with the logarithms of their importance weights.

    Every draw has its mirror image, which cancels the odd part of the error.

    Parameters
    ----------
    modes : (m, T) coefficients at the modes
    evidence : (m,) first column of what `fit_modes` returns
    pairs : (m,) pairs of draws of each model
    normals : standard normal numbers, one after the other: for every pair as many as its model has terms
    stretch : one for every pair, `sqrt(freedom / chi-square(freedom))`
    freedom : degrees of freedom of t

    Returns
    -------
    ([log weight, log W] (2 sum(pairs), 2), coefficients (2 sum(pairs), T))
        Weights of a model's draws add up to an estimate of its integrated posterior, in units of exp(evidence).
    """
    total = 2 * pairs.sum()
    numbers, betas = np.empty((total, 2)), np.zeros((total, terms.size))
    sums, lower = np.empty(overlaps.size), np.zeros((terms.size, terms.size))
    normal, pair, place = 0, 0, 0
    for m in range(models.shape[0]):
        rows = rows_of(models[m])
        size = rows.size
        mode, masks, prior = modes[m][rows], terms[rows], precision[rows]
        peak, log_total = log_posterior(masks, overlaps, prior, mode, sums)
        superset_sums(sums)
        sums *= overlaps[0] / np.exp(log_total)
        factor_information(masks, overlaps[0], prior, sums, lower)
        constant = evidence[m] - peak - log(2.0 * pairs[m])
        constant += lgamma(0.5 * freedom) - lgamma(0.5 * (freedom + size)) + 0.5 * size * log(0.5 * freedom)
        for _ in range(pairs[m]):
            step = normals[normal : normal + size].copy()
            length = 0.0
            for k in range(size):
                length += step[k] * step[k]
            length *= stretch[pair] ** 2
            solve_transposed(lower, step, size)
            density = -0.5 * (freedom + size) * log1p(length / freedom)
            for sign in (-1.0, 1.0):
                beta = mode + sign * stretch[pair] * step
                value, log_total = log_posterior(masks, overlaps, prior, beta, sums)
                numbers[place, 0], numbers[place, 1] = constant + value - density, log_total
                for k in range(size):
                    betas[place, rows[k]] = beta[k]
                place += 1
            normal += size
            pair += 1
    return numbers, betas
