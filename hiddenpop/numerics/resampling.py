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
    values = [_attempt(statistic, drawn) for drawn in draw_tables(counts, replicates, seed)]
    without = [_attempt(statistic, fewer) for fewer in leave_one_out(counts)]
    return build_resamples(statistic(counts), np.array(values), np.array(without), counts)


def draw_tables(counts: Counts, replicates: int, seed: int | None) -> Counts:
    """Tables (B, m) of as many people, drawn from the observed histories with their shares."""
    people = int(counts.sum())
    return np.random.default_rng(seed).multinomial(people, counts / people, size=replicates)


def leave_one_out(counts: Counts) -> Counts:
    """Tables (m, m) with one person fewer, one for each history."""
    return np.asarray(counts[None, :] - np.eye(counts.size, dtype=np.int64))


def build_resamples(estimate: float, replicates: Floats, without: Floats, counts: Counts) -> Resamples:
    """Replicates (B,) and leave-one-out estimates (m,), NaN where there is none, as one record."""
    same = np.isclose(replicates, estimate, rtol=1e-9, atol=0.0)
    ties = float(same.mean()) if replicates.size else 0.0
    return Resamples(estimate, replicates, _acceleration(without, counts), ties)


def _attempt(statistic: Statistic, counts: Counts) -> float:
    try:
        return statistic(counts)
    except HiddenpopError:
        return float("nan")


def _acceleration(without: Floats, counts: Counts) -> float:
    """Jackknife over people, by histories: `a = sum n r^3 / (6 (sum n r^2)^1.5)`, `r` the mean less leave-one-out."""
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
    low, high = _quantiles(found.good, _bca_shares(np.array([_below(found).mean()]), found, level)[0])
    return float(low), float(high)


def _below(found: Resamples) -> Floats:
    """(B,) one for replicates below the estimate, a half for those equal to it."""
    good = found.good
    same = np.isclose(good, found.estimate, rtol=1e-9, atol=0.0)
    return np.where(same, 0.5, good < found.estimate)


def _bca_shares(below: Floats, found: Resamples, level: float) -> Floats:
    """(m, 2) shares of the replicates at the limits, by the share of replicates below the estimate (m,)."""
    from scipy.special import ndtr, ndtri

    edge, tail = 0.5 / found.good.size, (1.0 - level) / 2.0
    shift = ndtri(np.clip(below, edge, 1.0 - edge))[:, None]
    moved = shift + ndtri(np.array([tail, 1.0 - tail]))
    return np.asarray(ndtr(shift + moved / (1.0 - found.acceleration * moved)))


def limits_sd(found: Resamples, interval: str, level: float, draws: int = 400) -> tuple[float, float]:
    """Monte Carlo standard deviation of both limits: how far other replicates, as many, would move them.

    By drawing from the replicates again, `draws` times; the acceleration is not drawn and stays.
    """
    good, size = np.sort(found.good), found.good.size
    rank, below = np.argsort(np.argsort(found.good, kind="stable")), np.sort(_below(found))[::-1]
    generator, tail = np.random.default_rng(0), (1.0 - level) / 2.0
    again = (rank[generator.integers(size, size=size)] for _ in range(draws))
    drawn = [np.bincount(row, minlength=size).astype(np.int16) for row in again]
    shares = np.full((draws, 2), [tail, 1.0 - tail])
    if interval == "bca":
        shares = _bca_shares(np.array([times @ below for times in drawn]) / size, found, level)
    limits = [_quantiles_of(good, np.cumsum(times), at) for times, at in zip(drawn, shares, strict=True)]
    low, high = np.std(np.array(limits), axis=0, ddof=1)
    return float(low), float(high)


def _quantiles_of(values: Floats, until: Counts, at: Floats) -> Floats:
    """Type 8 quantiles of sorted values (B,), each drawn several times; `until` (B,) are the cumulated times."""
    size = until[-1]
    place = np.clip((size + 1.0 / 3.0) * at + 1.0 / 3.0, 1.0, size)
    first = np.minimum(np.floor(place), size - 1)
    low, high = (values[np.searchsorted(until, first + more)] for more in (0, 1))
    return np.asarray(low + (place - first) * (high - low))


def _quantiles(values: Floats, at: Floats | list[float]) -> Floats:
    return np.quantile(values, at, method="median_unbiased")
