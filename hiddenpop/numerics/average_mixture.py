"""A mixture of distributions of the hidden number, its quantiles without random error, and draws from it."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, log1p

import numpy as np

from hiddenpop.arrays import Floats

PLACES = 512
TAIL = 1e-7
FAR = 12.0


@dataclass(frozen=True)
class Mixture:
    """Hidden people, given the logarithm of their expected number.

    Attributes
    ----------
    log_hidden : (m,) logarithms of expected hidden numbers, ascending
    weight : (m,) their probabilities
    people : people seen: given its expectation e the hidden number is negative binomial, `people` successes of
        probability `people / (people + e)`; infinity for Poisson
    """

    log_hidden: Floats
    weight: Floats
    people: float

    def below(self, hidden: float) -> float:
        """Probability that at most so many are hidden, continued between whole numbers by the beta integral.

        Expectations more than `FAR` standard deviations away count as certain.
        """
        from scipy.special import betainc, gammaincc

        means = np.exp(self.log_hidden)
        reach = FAR * np.sqrt(1.0 + means + means**2 / self.people)
        near = np.abs(means - hidden) <= reach
        sure = self.weight[means + reach < hidden].sum()
        if np.isinf(self.people):
            return float(sure + self.weight[near] @ gammaincc(hidden + 1.0, means[near]))
        share = self.people / (self.people + means[near])
        return float(sure + self.weight[near] @ betainc(self.people, hidden + 1.0, share))

    def quantile(self, share: float) -> float:
        """Where the continued distribution reaches `share`; rounded up, the smallest whole number that does."""
        from scipy.optimize import brentq

        if self.below(0.0) >= share:
            return 0.0
        high = 2.0 * exp(self.log_hidden[-1]) + 10.0
        while self.below(high) < share:
            high *= 2.0
        return float(expm1(brentq(lambda u: self.below(expm1(u)) - share, 0.0, log1p(high), xtol=1e-12, rtol=1e-13)))

    def draws(self, generator: np.random.Generator, size: int) -> Floats:
        """Whole hidden numbers (size,), in random order; the expectations are spread evenly over the mixture."""
        cumulated = np.cumsum(self.weight)
        at = (np.arange(size) + generator.random(size)) / size * cumulated[-1]
        rows = np.minimum(np.searchsorted(cumulated, at, side="right"), self.weight.size - 1)
        means = np.exp(generator.permutation(self.log_hidden[rows]))
        if np.isinf(self.people):
            return generator.poisson(means).astype(float)
        return generator.negative_binomial(self.people, self.people / (self.people + means)).astype(float)


def mix_points(log_hidden: Floats, weight: Floats, people: float) -> Mixture:
    """The mixture over weighted points (m,), gathered on a grid that keeps every mean of their logarithms."""
    order = np.argsort(log_hidden, kind="stable")
    points, share = log_hidden[order], weight[order] / weight.sum()
    low, high = points[np.searchsorted(np.cumsum(share), [TAIL, 1.0 - TAIL]).clip(max=points.size - 1)]
    if high <= low:
        return Mixture(np.array([low]), np.ones(1), people)
    place = (points.clip(low, high) - low) * ((PLACES - 1) / (high - low))
    left = np.minimum(place.astype(np.int64), PLACES - 2)
    rest = place - left
    gathered = np.bincount(left, share * (1.0 - rest), PLACES) + np.bincount(left + 1, share * rest, PLACES)
    return Mixture(np.linspace(low, high, PLACES), np.asarray(gathered, dtype=float), people)


def mix_normals(centre: Floats, sd: Floats, weight: Floats) -> Mixture:
    """The mixture over log-normal expectations (m,) with Poisson hidden numbers, their mass cut into a grid."""
    from scipy.special import ndtr, ndtri

    share = weight / weight.sum()
    kept = share > TAIL / share.size
    centre, sd, share = centre[kept], sd[kept], share[kept] / share[kept].sum()

    def cumulated(edges: Floats) -> Floats:
        """Probability below each edge."""
        total = np.zeros(edges.size)
        for middle, width, part in zip(centre, sd, share, strict=True):
            total += part * ndtr((edges - middle) / width)
        return total

    reach = -float(ndtri(TAIL))
    edges = np.linspace((centre - reach * sd).min(), (centre + reach * sd).max(), PLACES + 1)
    first, last = np.searchsorted(cumulated(edges), [TAIL, 1.0 - TAIL])
    edges = np.linspace(edges[max(first - 1, 0)], edges[min(last, PLACES)], PLACES + 1)
    mass = np.diff(cumulated(edges))
    return Mixture((edges[1:] + edges[:-1]) / 2.0, mass / mass.sum(), np.inf)
