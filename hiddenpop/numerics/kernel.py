"""The compiled kernel: hierarchical log-linear fits by sums over subsets, no design matrix.

For up to fourteen lists, with arrays over all 2^K histories: `log mu` is the subset sum of the coefficients, and the
information `H[A, B] = Z(A | B)` is looked up in the superset sums Z of the means. A Newton step costs two transforms,
p^2 look-ups and one Cholesky factor. The same mathematics as `numerics.poisson`, which takes any number of lists.

**How much a fit can still gain.** Let s be Newton's step at means mu, and `delta = X s` its change of log mu. The table
`m = mu (1 + delta)` has exactly the observed margins. Where no cell of it is negative it is feasible for the dual
(maximum entropy) problem, so the log-likelihood exceeds its present value by at most
`sum mu ((1 + delta) log(1 + delta) - delta) <= sum mu delta^2`, the squared Newton decrement. This holds whether or not
the maximum exists, and at every step: a search need not finish the fits that it can already reject.
"""

from __future__ import annotations

import numpy as np

from hiddenpop.arrays import Floats, Masks
from hiddenpop.numerics.compiled import compiled, subset_sums, superset_sums

MAX_STEPS = 80
SINGULAR = 1e-12
UNKNOWN, EXISTS, EXISTS_NOT = 0, 1, -1


@compiled
def _evaluate(terms: Masks, overlaps: Floats, allowed: Floats, beta: Floats, sums: Floats, means: Floats) -> float:
    """Log-likelihood with the intercept maximised out; fills `means`, `sums` with their superset sums, `beta[0]`."""
    sums[:] = 0.0
    for k in range(1, terms.size):
        sums[terms[k]] = beta[k]
    subset_sums(sums)
    rest = 0.0
    for x in range(1, sums.size):
        sums[x] = np.exp(sums[x]) if allowed[x] > 0.0 else 0.0
        rest += sums[x]
    if not (0.0 < rest < 1e300):
        return -np.inf
    sums[0] = 1.0
    hidden = overlaps[0] / rest
    sums *= hidden
    means[:] = sums
    superset_sums(sums)
    beta[0] = np.log(hidden)
    value = -overlaps[0] * np.log(rest)
    for k in range(1, terms.size):
        value += overlaps[terms[k]] * beta[k]
    return float(value)


@compiled
def _dot(a: Floats, b: Floats, size: int) -> float:
    total = 0.0
    for k in range(size):
        total += a[k] * b[k]
    return total


@compiled
def _factor(terms: Masks, overlaps: Floats, sums: Floats, lower: Floats) -> bool:
    """Cholesky factor of the information; False where it is singular (dependent rows are then zero)."""
    regular = True
    for i in range(terms.size):
        row = lower[i]
        for j in range(i):
            pivot = lower[j, j]
            row[j] = (sums[terms[i] | terms[j]] - _dot(row, lower[j], j)) / pivot if pivot > 0.0 else 0.0
        diagonal = sums[terms[i]] if i else overlaps[0]
        pivot = diagonal - _dot(row, row, i)
        if pivot > SINGULAR * diagonal:
            row[i] = np.sqrt(pivot)
        else:
            row[: i + 1] = 0.0
            regular = False
    return regular


@compiled
def _solve(lower: Floats, right: Floats) -> None:
    """In place: solve `L L' x = right`; zero for dependent rows."""
    for i in range(right.size):
        pivot = lower[i, i]
        right[i] = (right[i] - _dot(lower[i], right, i)) / pivot if pivot > 0.0 else 0.0
    for i in range(right.size - 1, -1, -1):
        if lower[i, i] > 0.0:
            right[i] /= lower[i, i]
            for k in range(i):
                right[k] -= lower[i, k] * right[i]


@compiled
def _direction(terms: Masks, overlaps: Floats, sums: Floats, lower: Floats, step: Floats) -> tuple[float, bool]:
    """Newton's step (filled in); its squared decrement, and whether the information is regular."""
    regular = _factor(terms, overlaps, sums, lower)
    step[0] = 0.0
    for k in range(1, terms.size):
        step[k] = overlaps[terms[k]] - sums[terms[k]]
    gradient = step.copy()
    _solve(lower, step)
    return _dot(gradient, step, terms.size), regular


@compiled
def _change(terms: Masks, allowed: Floats, step: Floats, change: Floats) -> float:
    """Fills in the change of every log mean along the step; the smallest change of a history that can occur."""
    change[:] = 0.0
    for k in range(terms.size):
        change[terms[k]] = step[k]
    subset_sums(change)
    least = 0.0
    for x in range(1, change.size):
        if allowed[x] > 0.0 and change[x] < least:
            least = change[x]
    return least


@compiled
def _balanced(terms: Masks, overlaps: Floats, means: Floats, change: Floats) -> bool:
    """Has `m = mu (1 + change)` the observed margins, to rounding? Not where the step was solved from a bad start."""
    change[0] = 0.0
    for x in range(1, change.size):
        change[x] = means[x] * (1.0 + change[x])
    superset_sums(change)
    squared = 0.0
    for k in range(terms.size):
        squared += (change[terms[k]] - overlaps[terms[k]]) ** 2
    return bool(squared <= (1e-9 * overlaps[0]) ** 2)


@compiled
def _recedes(terms: Masks, allowed: Floats, seen: Floats, step: Floats, change: Floats) -> bool:
    """Does the step, rounded to whole numbers, prove that no maximum exists?

    It does if no mean grows along it, none of an observed history changes, and some mean shrinks: exact integers.
    """
    least = _change(terms, allowed, np.rint(step), change)
    if not -1e6 < least < 0.0:
        return False
    for x in range(1, change.size):
        if allowed[x] > 0.0 and (change[x] > 0.0 or (change[x] < 0.0 and seen[x] > 0.0)):
            return False
    return True


@compiled
def _advance(
    terms: Masks,
    overlaps: Floats,
    allowed: Floats,
    beta: Floats,
    sums: Floats,
    means: Floats,
    step: Floats,
    gain: float,
    goal: float,
) -> float:
    """Take the step, halved until the log-likelihood reaches `goal` and its share of the `gain`; the new value."""
    begin = beta.copy()
    size = 1.0
    while True:
        beta[:] = begin + size * step
        value = _evaluate(terms, overlaps, allowed, beta, sums, means)
        if value >= goal + 1e-4 * size * gain or size < 1e-9:
            return float(value)
        size *= 0.5


@compiled
def _proof(terms: Masks, sums: Floats, lower: Floats, decrement: float) -> tuple[int, float]:
    """`(EXISTS or UNKNOWN, variance of log n0)` from the factor at a converged fit.

    The trace of the inverse information bounds its largest eigenvalue; see `numerics.poisson.fit_poisson` for the
    inequality that proves existence.
    """
    size = terms.size
    column = np.empty(size)
    trace, variance, largest = 0.0, 0.0, 0.0
    for i in range(size):
        column[i] = 1.0 / lower[i, i]
        total = column[i] * column[i]
        for j in range(i + 1, size):
            value = -_dot(lower[j, i:], column[i:], j - i) / lower[j, j]
            column[j] = value
            total += value * value
        trace += total
        largest = max(largest, sums[terms[i]])
        if i == 0:
            variance = total
    sure = abs(decrement) * size * trace <= 0.25 and largest * trace <= 1e12
    return (EXISTS if sure else UNKNOWN), variance


@compiled
def climb(
    terms: Masks,
    overlaps: Floats,
    allowed: Floats,
    seen: Floats,
    beta: Floats,
    sums: Floats,
    enough: float,
    prune: float,
    loose: float,
) -> tuple[float, float, int, float]:
    """Fit one model, no further than needed.

    Parameters
    ----------
    terms : (p,) masks, the empty one first, none of them removed
    overlaps : (2^K,) people on all lists of each set, `n*(A)`
    allowed : (2^K,) zeros at histories that contain a removed term
    seen : (2^K,) people with each history
    beta : (p,) start; becomes the coefficients
    sums : (2^K,) becomes the superset sums of the fitted means, the hidden people included
    enough : stop as soon as the maximum is known to within `loose` and to lie below this; minus infinity: never
    prune : stop as soon as the maximum is known to lie below this
    loose : float, log-likelihood units

    Returns
    -------
    (value, ceiling, exists, variance)
        Log-likelihood reached and an upper bound of its supremum, both without constants; EXISTS, EXISTS_NOT (both
        proven) or UNKNOWN; variance of log n0 where EXISTS.
    """
    lower = np.zeros((terms.size, terms.size))
    step, change, means = np.empty(terms.size), np.empty(sums.size), np.empty(sums.size)
    ceiling, exists, last = np.inf, UNKNOWN, False
    value = _evaluate(terms, overlaps, allowed, beta, sums, means)
    for turn in range(MAX_STEPS):
        if not np.isfinite(value):
            break
        gain, regular = _direction(terms, overlaps, sums, lower, step)
        if last:
            if regular:
                exists, variance = _proof(terms, sums, lower, gain)
                return value, max(value, min(ceiling, value + abs(gain))), exists, variance
            break
        least = _change(terms, allowed, step, change)
        if least >= -1.0 - 1e-9 and _balanced(terms, overlaps, means, change):
            ceiling = min(ceiling, value + gain)
        if least < -0.5 and turn > 1 and exists == UNKNOWN and _recedes(terms, allowed, seen, step, change):
            exists = EXISTS_NOT
        if ceiling <= prune or ((ceiling <= enough or exists == EXISTS_NOT) and ceiling - value <= loose):
            return value, ceiling, exists, 0.0
        last = gain <= 1e-13 * overlaps[0]
        goal = -np.inf if last else value - 1e-12 * abs(value)
        value = _advance(terms, overlaps, allowed, beta, sums, means, step, gain, goal)
    return value, max(value, ceiling), exists, 0.0


@compiled
def fit(
    terms: Masks, overlaps: Floats, allowed: Floats, seen: Floats, beta: Floats, sums: Floats
) -> tuple[float, int, float]:
    """Fit one model to the end: `(log-likelihood without constants, exists, variance of log n0)`; see `climb`."""
    value, _, exists, variance = climb(terms, overlaps, allowed, seen, beta, sums, -np.inf, -np.inf, 1e-9)
    return value, exists, variance
