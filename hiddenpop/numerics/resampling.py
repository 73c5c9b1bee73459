"""Bootstrap and jackknife of a table of histories, and the intervals made from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hiddenpop.arrays import Counts, Floats
from hiddenpop.errors import HiddenpopError

Statistic = Callable[[Counts], float]


@dataclass(frozen=True)
class Resamples:
    """Replicates of an estimate.

    Attributes
    ----------
    estimate : float, on the data themselves
    replicates : (B,) estimates on resampled tables, NaN where there is none
    acceleration : float, of the BCa interval
    ties : share of replicates equal to the estimate
    """

    estimate: float
    replicates: Floats
    acceleration: float
    ties: float

    @property
    def good(self) -> Floats:
        """Replicates that have an estimate."""
        return self.replicates[np.isfinite(self.replicates)]

    @property
    def failed(self) -> int:
        """Number of replicates without an estimate."""
        return int(self.replicates.size - self.good.size)


def resample(statistic: Statistic, counts: Counts, replicates: int, seed: int | None) -> Resamples:
    """Draw tables of the same number of people from the observed histories and estimate from each.

    Parameters
    ----------
    statistic : function of counts (m,) that returns the population, or raises where there is none
    counts : (m,) people on each observed history
    replicates : int, B
    seed : int or None
    """
    estimate = statistic(counts)
    people = int(counts.sum())
    draws = np.random.default_rng(seed).multinomial(people, counts / people, size=replicates)
    values = np.array([_attempt(statistic, drawn) for drawn in draws])
    same = np.isclose(values, estimate, rtol=1e-9, atol=0.0)
    return Resamples(estimate, values, _acceleration(statistic, counts), float(same.mean()) if replicates else 0.0)


def _attempt(statistic: Statistic, counts: Counts) -> float:
    try:
        return statistic(counts)
    except HiddenpopError:
        return float("nan")


def _acceleration(statistic: Statistic, counts: Counts) -> float:
    """Jackknife over people, by histories: `a = sum n r^3 / (6 (sum n r^2)^1.5)`, `r` the mean less leave-one-out."""
    without = np.array([_attempt(statistic, counts - (np.arange(counts.size) == c)) for c in range(counts.size)])
    good = np.isfinite(without)
    weight = counts[good].astype(float)
    if not good.any():
        return 0.0
    r = float(weight @ without[good]) / weight.sum() - without[good]
    spread = float(weight @ r**2)
    return float(weight @ r**3) / (6.0 * spread**1.5) if spread > 0.0 else 0.0


def percentile_limits(found: Resamples, level: float) -> tuple[float, float]:
    """Median-unbiased quantiles (type 8) of the replicates."""
    tail = (1.0 - level) / 2.0
    low, high = _quantiles(found.good, [tail, 1.0 - tail])
    return float(low), float(high)


def bca_limits(found: Resamples, level: float) -> tuple[float, float]:
    """Bias-corrected and accelerated limits (Efron 1987, doi 10.1080/01621459.1987.10478410).

    The share of replicates below the estimate counts ties by half and stays within half a replicate of 0 and 1.
    """
    from scipy.special import ndtr, ndtri

    good, size = found.good, found.good.size
    same = np.isclose(good, found.estimate, rtol=1e-9, atol=0.0)
    below = (float((good[~same] < found.estimate).sum()) + 0.5 * float(same.sum())) / size
    shift = float(ndtri(min(max(below, 0.5 / size), 1.0 - 0.5 / size)))
    tail = (1.0 - level) / 2.0
    moved = shift + ndtri(np.array([tail, 1.0 - tail]))
    low, high = _quantiles(good, ndtr(shift + moved / (1.0 - found.acceleration * moved)))
    return float(low), float(high)


def _quantiles(values: Floats, at: Floats | list[float]) -> Floats:
    return np.quantile(values, at, method="median_unbiased")
