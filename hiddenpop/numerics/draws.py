"""What draws of a posterior show: its peaks, and how much of it the prior said already."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.numerics.hidden_grid import MODE_MASS, VALLEY, valleys


def find_modes(values: Floats) -> list[tuple[float, float]]:
    """Peaks of draws (S,) of a population on the log scale: `(median of the draws there, their share)`."""
    from scipy.stats import gaussian_kde

    logs = np.log(values)
    if np.ptp(logs) == 0.0:
        return [(float(values[0]), 1.0)]
    grid = np.linspace(logs.min(), logs.max(), 512)
    density = gaussian_kde(logs)(grid)
    edges: Sequence[float] = [-np.inf, *grid[valleys(density, VALLEY)], np.inf]
    parts = [values[(logs > low) & (logs <= high)] for low, high in pairwise(edges)]
    return [(float(np.median(p)), p.size / values.size) for p in parts if p.size >= MODE_MASS * values.size]


def overlap_share(one: Floats, other: Floats) -> float:
    """Probability that two distributions, given by draws, have in common: the sum of the smaller one over bins.

    Bins hold equal parts of the draws of both together, so that a narrow distribution inside a wide one is seen.
    """
    edges = np.unique(np.quantile(np.concatenate([one, other]), np.linspace(0.0, 1.0, 51)))
    edges[0], edges[-1] = -np.inf, np.inf
    parts = [np.histogram(values, edges)[0] / values.size for values in (one, other)]
    return float(np.minimum(*parts).sum())
