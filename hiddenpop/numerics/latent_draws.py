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
def log_beta(generator: np.random.Generator, a: float, b: float) -> tuple[float, float]:
    """Logarithms of a Beta(a, b) number and of its complement."""
    first, second = log_gamma(generator, a), log_gamma(generator, b)
    top = max(first, second)
    total = top + np.log(np.exp(first - top) + np.exp(second - top))
    return first - total, second - total


@compiled
def split(generator: np.random.Generator, people: int, chances: Floats, parts: Counts) -> None:
    """Divide people over classes (C,) at random; `chances` need not add up to one and are spoilt.

    First those outside the likeliest class, who are few.
    """
    parts[:] = 0
    largest = int(np.argmax(chances))
    others = -chances[largest]
    for k in range(chances.size):
        others += chances[k]
    total = others + chances[largest]
    outside = people
    if people > chances.size:
        outside = generator.binomial(people, min(1.0, max(0.0, others / total)))
        parts[largest] = people - outside
        chances[largest], total = 0.0, others
    if outside <= chances.size:
        for _ in range(outside):
            left, k = generator.random() * total, 0
            while k < chances.size - 1 and left >= chances[k]:
                left -= chances[k]
                k += 1
            parts[k] += 1
        return
    for k in range(chances.size):
        if k != largest and outside > 0:
            share = min(1.0, max(0.0, chances[k] / total)) if total > 0.0 else 1.0
            drawn = generator.binomial(outside, share)
            parts[k] += drawn
            outside -= drawn
            total -= chances[k]
    parts[largest] += outside


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
    """
    alpha = np.exp(log_alpha)
    if priors.lognormal:
        value = -0.5 * ((log_alpha - priors.a) / priors.b) ** 2
    else:
        value = priors.a * log_alpha - priors.b * alpha
    for k in range(people.size - 1):
        if after[k] > 0.0:
            value += log_alpha + lgamma(alpha + after[k]) - lgamma(1.0 + alpha + people[k] + after[k])
        else:
            value += lgamma(1.0 + alpha) - lgamma(1.0 + alpha + people[k])
    return float(value)


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
