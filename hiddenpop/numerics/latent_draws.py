"""Random draws that the latent-class sampler is made of, compiled; what can underflow is kept as a logarithm."""

from __future__ import annotations

from math import lgamma
from typing import NamedTuple

import numpy as np

from hiddenpop.arrays import Counts, Floats
from hiddenpop.numerics.compiled import compiled

VAST = 1e9
STEP = 3.0
SMALLEST = -600.0
WORTH = 8.0  # a binomial number takes as long as so many people who choose one by one


class Priors(NamedTuple):
    """Hyperparameters.

    Attributes
    ----------
    a, b : alpha is Gamma(shape a, rate b), or log-normal with mean a and standard deviation b of its logarithm
    lognormal : is it?
    extra, odds : given what is missed, n0 is negative binomial: n + extra successes, failures thinned by odds
    most : largest number of hidden people
    """

    a: float
    b: float
    lognormal: bool
    extra: float
    odds: float
    most: float


@compiled
def log_gamma(generator: np.random.Generator, shape: float) -> float:
    """Logarithm of a Gamma(shape, 1) number, also where that underflows."""
    if shape >= 0.5:
        return float(np.log(generator.standard_gamma(shape)))
    return float(np.log(generator.standard_gamma(shape + 1.0)) + np.log(1.0 - generator.random()) / shape)


@compiled
def _log_power(generator: np.random.Generator, shape: float) -> tuple[float, float]:
    """Logarithms of a Beta(shape, 1) number, which is a power of an even one, and of its complement."""
    log_first = -generator.standard_exponential() / shape
    return float(log_first), float(np.log(-np.expm1(log_first)))


@compiled
def log_beta(generator: np.random.Generator, a: float, b: float) -> tuple[float, float]:
    """Logarithms of a Beta(a, b) number and of its complement."""
    if b == 1.0:
        return _log_power(generator, a)
    if a == 1.0:
        second, first = _log_power(generator, b)
        return first, second
    if min(a, b) >= 0.5:
        x, y = generator.standard_gamma(a), generator.standard_gamma(b)
        return float(np.log(x / (x + y))), float(np.log(y / (x + y)))
    first, second = log_gamma(generator, a), log_gamma(generator, b)
    top = max(first, second)
    total = top + np.log(np.exp(first - top) + np.exp(second - top))
    return first - total, second - total


@compiled
def _likeliest(chances: Floats) -> tuple[int, float]:
    """The likeliest class, and what the others have together, exact where that is little."""
    largest, others = 0, 0.0
    for k in range(1, chances.size):
        if chances[k] > chances[largest]:
            others += chances[largest]
            largest = k
        else:
            others += chances[k]
    return largest, others


@compiled
def split(generator: np.random.Generator, people: int, chances: Floats, parts: Counts) -> None:
    """Divide people over classes (C,) at random; `chances` need not add up to one and are spoilt.

    The likeliest class first, then the likeliest of the others; where a class expects few, people choose one by one.
    """
    for k in range(parts.size):
        parts[k] = 0
    largest, others = _likeliest(chances)
    total = chances[largest] + others
    while others > 0.0 and people * chances[largest] > WORTH * total:
        outside = generator.binomial(people, min(1.0, others / total))
        parts[largest] += people - outside
        chances[largest], people = 0.0, outside
        largest, others = _likeliest(chances)
        total = chances[largest] + others
    if others <= 0.0:
        parts[largest] += people
        return
    for _ in range(people):
        left, k = generator.random() * total, 0
        while k < chances.size - 1 and left >= chances[k]:
            left -= chances[k]
            k += 1
        parts[k] += 1


@compiled
def draw_hidden(generator: np.random.Generator, people: float, p0: float, found: float, priors: Priors) -> float:
    """Draw the hidden people given the chance p0 to be on no list; `found` is 1 - p0."""
    failing = p0 * priors.odds
    reached = found + p0 * (1.0 - priors.odds)
    for _ in range(1000):
        mean = generator.standard_gamma(people + priors.extra) * failing / max(reached, 1e-300)
        if mean < VAST:
            hidden = float(generator.poisson(mean))
        else:
            hidden = np.rint(mean + np.sqrt(mean) * generator.standard_normal())
        if hidden <= priors.most:
            return hidden
    return _truncated(generator, people + priors.extra, failing, priors.most)


@compiled
def _truncated(generator: np.random.Generator, size: float, failing: float, most: float) -> float:
    """A negative binomial number of at most so much, by its cumulative probabilities from the top down."""
    log_failing = np.log(failing)
    total, log_weight, smallest = 0.0, 0.0, most
    for turn in range(2):
        left = generator.random() * total
        total, log_weight, number = 0.0, 0.0, most
        while number >= 0.0:
            total += np.exp(log_weight)
            if turn == 1 and total >= left:
                return number
            if log_weight < -40.0 and turn == 0:
                break
            # p(number - 1) / p(number) = number / ((number - 1 + size) failing)
            if number == 0.0:
                break
            log_weight += np.log(number / (number - 1.0 + size)) - log_failing
            number -= 1.0
        smallest = number
    return smallest


@compiled
def _log_alpha(log_alpha: float, people: Floats, after: Floats, priors: Priors) -> float:
    """Log-density of log alpha given how many are in each class and in those after it (C,); the sticks integrated out.

    p(counts | alpha) is the product over sticks of `alpha Gamma(alpha + after) / Gamma(1 + alpha + people + after)`.
    What is after one stick is all that the next divides, so that most factors cancel.
    """
    alpha = np.exp(log_alpha)
    if priors.lognormal:
        value = -0.5 * ((log_alpha - priors.a) / priors.b) ** 2
    else:
        value = priors.a * log_alpha - priors.b * alpha
    last = people.size - 2
    for k in range(last):
        if after[k] > 0.0:
            value += log_alpha - np.log(alpha + after[k])
    if after[last] > 0.0:
        value += log_alpha + lgamma(alpha + after[last])
    else:
        value += lgamma(1.0 + alpha)
    return float(value - lgamma(1.0 + alpha + people[0] + after[0]))


@compiled
def draw_alpha(generator: np.random.Generator, alpha: float, people: Floats, priors: Priors) -> float:
    """Draw alpha by a slice of its logarithm, given the people in each class but not the sticks.

    Given the sticks it would hardly move: those of empty classes say what alpha was.
    """
    after = people.sum() - np.cumsum(people)
    here = np.log(alpha)
    level = _log_alpha(here, people, after, priors) + np.log(1.0 - generator.random())
    low = here - generator.random() * STEP
    high = low + STEP
    while low > SMALLEST and _log_alpha(low, people, after, priors) > level:
        low -= STEP
    while _log_alpha(high, people, after, priors) > level:
        high += STEP
    while True:
        there = low + generator.random() * (high - low)
        if _log_alpha(there, people, after, priors) > level:
            return float(np.exp(there))
        if there < here:
            low = there
        else:
            high = there
