"""Assumptions that make a population identifiable: a fixed odds ratio in a log-linear model, or between two lists.

The data tell nothing about the people on no list. A model does, by what it says about one interaction that nobody can
see: that it is absent, or has this value. Each assumption here takes that value and gives the population that follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log, sqrt
from typing import Protocol

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks
from hiddenpop.errors import NotEstimableError
from hiddenpop.numerics.intervals import log_normal, normal_quantile
from hiddenpop.numerics.loglinear import fit_loglinear
from hiddenpop.numerics.profile import profile_interval

FARTHEST, STEPS, HALVINGS = log(1000.0), 41, 20  # how far a value is looked for, in how many steps, and how closely
BELIEFS = 101  # points that stand for an elicited distribution
UPPER = 0.90  # two-sided level whose upper limit is exceeded with probability .05


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from one value of an assumption.

    Attributes
    ----------
    population : float
    low, high : float; `high` is None where nothing bounds the population
    known, log_mean, log_sd : the population is about `known + exp(Normal(log_mean, log_sd))`
    """

    population: float
    low: float
    high: float | None
    known: float
    log_mean: float
    log_sd: float


At = Callable[[float], Consequence | None]


class Assumption(Protocol):
    """Something that is fixed at a value, and then gives a population."""

    def at(self, log_ratio: float, level: float, *, profile: bool) -> Consequence:
        """What follows if the odds ratio is `exp(log_ratio)`.

        Raises
        ------
        NotEstimableError
        """


@dataclass(frozen=True)
class FixedTerm:
    """The interaction `term` of a log-linear model with free `terms` has a known value; `exp` of it is a ratio.

    For two lists the odds ratio given the others; for three the ratio of two odds ratios, and so on.
    """

    terms: tuple[int, ...]
    term: int
    histories: Masks
    counts: Counts
    lists: Sequence[str]

    def at(self, log_ratio: float, level: float, *, profile: bool) -> Consequence:
        fit = fit_loglinear(self.terms, self.histories, self.counts, self.lists, {self.term: log_ratio})
        known, variance = float(fit.problem.people), fit.log_hidden_variance
        population = known + fit.hidden
        if profile:
            found = profile_interval(fit, level)
            low, high = found.low, found.high
        else:
            low, high = log_normal(known, fit.hidden, variance, level)
        high = None if high is None else max(high, population)
        spread = sqrt(variance + 1.0 / fit.hidden)
        return Consequence(population, min(low, population), high, known, log(fit.hidden), spread)


@dataclass(frozen=True)
class MarginalPair:
    """Two lists, the others left aside, have a known odds ratio in the whole population.

    Attributes
    ----------
    names : of the two lists
    only_a, only_b, both : int, people on the first list alone of the two, on the second alone, on both
    neither : int, known people on neither
    """

    names: tuple[str, str]
    only_a: int
    only_b: int
    both: int
    neither: int

    def at(self, log_ratio: float, level: float, *, profile: bool) -> Consequence:
        """The interval is log-normal whatever `profile` says: for two lists there is no other."""
        first, second = self.names
        if not min(self.only_a, self.only_b, self.both):
            raise NotEstimableError(
                f"{first} and {second} share nobody, or one holds everybody on the other.",
                hint="Take another pair of lists.",
            )
        ratio = exp(log_ratio)
        beyond = ratio * self.only_a * self.only_b / self.both
        if beyond <= self.neither:
            raise NotEstimableError(
                f"With an odds ratio of {ratio:.3g}, {beyond:,.0f} people would be on neither {first} nor {second}, "
                f"but {self.neither:,} people on neither are known: the data refute this value.",
                hint="Take a larger odds ratio.",
            )
        known = self.only_a + self.only_b + self.both
        spread = sqrt(1.0 / self.only_a + 1.0 / self.only_b + 1.0 / self.both + 1.0 / beyond)
        low, high = log_normal(known, beyond, spread**2, level)
        return Consequence(known + beyond, max(low, known + self.neither), high, known, log(beyond), spread)


def mixture_quantiles(consequences: Sequence[Consequence], weights: Floats, probabilities: Sequence[float]) -> Floats:
    """Quantiles of the population where each consequence has a weight: `known + exp(Normal)`, mixed; shape (m,)."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    known, mean, sd = (
        np.array([getattr(one, name) for one in consequences]) for name in ("known", "log_mean", "log_sd")
    )

    def below(log_hidden: float, wanted: float) -> float:
        population = known.max() + np.exp(log_hidden)
        return float(weights @ ndtr((np.log(population - known) - mean) / sd)) - wanted

    ends = (float((mean - 40.0 * sd).min()), float((mean + 40.0 * sd).max()))
    return np.array([known.max() + np.exp(brentq(below, *ends, args=(p,))) for p in probabilities])


def find_crossings(at: At, threshold: float) -> tuple[float, ...]:
    """Values of the parameter at which the population is the threshold, nearest to 1 first."""
    from scipy.optimize import brentq

    def above(log_value: float) -> float:
        one = at(log_value)
        return float("nan") if one is None else log(one.population / threshold)

    grid = np.linspace(-FARTHEST, FARTHEST, STEPS).tolist()
    heights = [above(x) for x in grid]
    roots = [
        float(brentq(above, *ends, xtol=1e-10))
        for ends, (left, right) in zip(pairwise(grid), pairwise(heights), strict=True)
        if left * right < 0.0
    ]
    return tuple(exp(root) for root in sorted(roots, key=abs))


def reach(at: At, threshold: float) -> float | None:
    """The least factor away from 1, up or down, at which the interval holds the threshold."""

    def holds(log_value: float) -> bool:
        one = at(log_value)
        return one is not None and one.low <= threshold and (one.high is None or threshold <= one.high)

    if holds(0.0):
        return 1.0
    found = []
    for direction in (-1.0, 1.0):
        grid = np.linspace(0.0, direction * FARTHEST, STEPS).tolist()
        for near, far in pairwise(grid):
            if holds(far):
                for _ in range(HALVINGS):
                    middle = 0.5 * (near + far)
                    near, far = (near, middle) if holds(middle) else (middle, far)
                found.append(abs(far))
                break
    return exp(min(found)) if found else None


def elicit(at: At, median: float, upper: float, level: float) -> tuple[float, float, float]:
    """Median and limits of the population under a log-normal belief about the parameter."""
    from scipy.special import ndtri

    sd = log(upper / median) / normal_quantile(UPPER)
    places = ndtri((np.arange(BELIEFS) + 0.5) / BELIEFS)
    found = [at(log(median) + sd * place) for place in places.tolist()]
    given = [one for one in found if one is not None]
    if len(given) < BELIEFS:
        raise NotEstimableError(
            f"The data refute {1.0 - len(given) / BELIEFS:.0%} of this belief, or give no estimate there.",
            hint="State a belief that the data allow.",
        )
    tail = 0.5 * (1.0 - level)
    low, middle, high = mixture_quantiles(given, np.full(BELIEFS, 1.0 / BELIEFS), (tail, 0.5, 1.0 - tail))
    return float(middle), float(low), float(high)
