"""Trimmed dual-system estimation: records of one list are left out, the most suspicious first."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from hiddenpop.arrays import Counts


def trim_counts(matched: ArrayLike, trims: Sequence[int]) -> Counts:
    """(t, 2) records that remain, and those of them that match the other list, after leaving out the first k.

    Parameters
    ----------
    matched : (x,) 0 or 1: is the record on the other list? In order of suspicion, the most suspicious first
    trims : (t,) numbers k, 0 to x
    """
    found = np.append(0, np.cumsum(np.asarray(matched, dtype=np.int64)))
    cut = np.asarray(trims, dtype=np.int64)
    return np.stack([found.size - 1 - cut, found[-1] - found[cut]], axis=1)


def first_flat(left: Counts, z: float) -> int:
    """The first row after which no further trimming lowers the number by more than chance.

    The number is in inverse proportion to the share of matches among the remaining records. Row i is flat against a
    later row j if the records left out between them match no less often than those that remain at j, to within z
    standard deviations of the difference of two shares.

    Parameters
    ----------
    left : (t, 2) as `trim_counts` gives it, k ascending
    z : float above 0
    """
    for i in range(len(left)):
        if not any(_falls(left[i], left[j], z) for j in range(i + 1, len(left))):
            return i
    return len(left) - 1


def _falls(now: Counts, later: Counts, z: float) -> bool:
    cut, cut_matched = (now - later).tolist()
    kept, kept_matched = later.tolist()
    share = float(now[1]) / float(now[0])
    sd = sqrt(share * (1.0 - share) * (1.0 / cut + 1.0 / kept))
    return bool(kept_matched / kept - cut_matched / cut > z * sd)
