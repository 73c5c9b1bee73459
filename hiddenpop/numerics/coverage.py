"""Sample coverage of several lists (Chao and Tsay 1998, doi 10.2307/2669624): point estimates from the cells."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """Estimates of N under independence, for low and for high coverage (None where a form does not exist), and C."""

    coverage: float
    independent: float | None
    low: float | None
    high: float | None


def sample_coverage_point(histories: Masks, counts: Counts, n_lists: int) -> CoveragePoint:
    """All three forms.

    With S_j people only on list j, `C = 1 - mean(S_j / n_j)`, `D = n - mean(S_j)`; pair terms
    `A_ij = z(only i) + z(only j) + 2 z(only i and j)` and `B_ij` = people on both i and j.
    """
    cells = dict(zip(histories.tolist(), counts.tolist(), strict=True))
    n = float(counts.sum())
    sizes = np.array([counts[(histories >> j & 1) == 1].sum() for j in range(n_lists)], dtype=float)
    only = np.array([cells.get(1 << j, 0) for j in range(n_lists)], dtype=float)
    if (sizes == 0).any():
        return CoveragePoint(0.0, None, None, None)
    covered = 1.0 - float((only / sizes).mean())
    if covered <= 1e-12:
        return CoveragePoint(max(covered, 0.0), None, None, None)
    base = (n - float(only.mean())) / covered

    pairs = list(combinations(range(n_lists), 2))
    weight = np.array([only[i] + only[j] + 2.0 * cells.get(1 << i | 1 << j, 0) for i, j in pairs])
    both = np.array([counts[(histories >> i & histories >> j & 1) == 1].sum() for i, j in pairs], dtype=float)
    ratio = both / np.array([sizes[i] * sizes[j] for i, j in pairs])
    scale = n_lists * covered
    first = base + float(weight @ (base * ratio - 1.0)) / scale
    low = base + float(weight @ (first * ratio - 1.0)) / scale
    top, bottom = n_lists * covered * base - float(weight.sum()), scale - float(weight @ ratio)
    high = top / bottom if bottom > 1e-12 else None
    return CoveragePoint(covered, base, low, high)


def spread(values: Floats, *, robust: bool) -> float:
    """Standard deviation, or 1.4826 times the median absolute deviation."""
    if robust:
        return float(1.4826 * np.median(np.abs(values - np.median(values))))
    return float(values.std(ddof=1))
