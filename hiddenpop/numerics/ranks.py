"""Ranks of the truth among posterior draws, and whether they are uniform, as they must be if the draws are right.

Simulation-based calibration: Talts and others (2018), arXiv 1804.06788. Ranks run from 0 to S, the number of draws.
"""

from __future__ import annotations

import numpy as np

from hiddenpop.arrays import Counts, Floats

BINS = 20
ROUNDING = 1e-9
LEAST_IN_BIN = 5


def rank_truth(draws: Floats, truth: float, generator: np.random.Generator) -> int:
    """How many of the draws (S,) are below the truth; its place among those equal to it is random.

    So a rank is uniform on 0..S for whole numbers too (Modrak and others 2023, doi 10.1214/23-BA1404).
    """
    return int((draws < truth).sum() + generator.integers((draws == truth).sum() + 1))


def chi_square_p(ranks: Counts, draws: int) -> float:
    """p-value of uniformity of the ranks (R,), R >= 10, by Pearson's chi-square on at most 20 bins.

    Each bin expects five ranks or more. Sees any difference, but none in particular.
    """
    from scipy.special import chdtrc

    bins = max(2, min(BINS, ranks.size // LEAST_IN_BIN, draws + 1))
    chance = np.bincount(np.arange(draws + 1) * bins // (draws + 1)) / (draws + 1)
    seen = np.bincount(ranks * bins // (draws + 1), minlength=bins)
    expected = chance * ranks.size
    return float(chdtrc(bins - 1, ((seen - expected) ** 2 / expected).sum()))


def ecdf_p(ranks: Counts, draws: int, generator: np.random.Generator, simulations: int = 10_000) -> float:
    """p-value of uniformity of the ranks (R,) by the simultaneous band around their distribution function.

    The statistic is the smallest two-sided binomial p-value of the number of ranks below 1, ..., S; its distribution is
    simulated from uniform ranks, so the p-value is at least 1 / (simulations + 1). Sees what chi-square sees
    late: posteriors that lie too high or low, or are too narrow or wide (Saeilynoja and others 2022,
    doi 10.1007/s11222-022-10090-6).
    """
    from scipy.special import bdtr

    total = ranks.size
    chance = np.arange(1, draws + 1) / (draws + 1)
    at_most = bdtr(np.arange(total + 1.0)[:, None], total, chance)
    at_least = 1.0 - np.vstack([np.zeros(draws), at_most[:-1]])
    pointwise = 2.0 * np.minimum(at_most, at_least)

    def smallest(counts: Counts) -> Floats:
        below = np.cumsum(counts, axis=-1)[..., :-1]
        return np.asarray(pointwise[below, np.arange(draws)].min(axis=-1))

    ours = smallest(np.bincount(ranks, minlength=draws + 1))
    uniform = generator.multinomial(total, np.full(draws + 1, 1.0 / (draws + 1)), size=simulations)
    return float((1 + (smallest(uniform) <= ours * (1.0 + ROUNDING)).sum()) / (simulations + 1))
