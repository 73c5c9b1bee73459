"""Array types and bit-mask arithmetic: a set of lists is an integer whose bit i stands for list i (counted from 0)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Masks = NDArray[np.int64]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MAX_LISTS = 62


def frozen(values: Any, dtype: type = np.int64) -> NDArray[Any]:
    """A read-only copy of `values`."""
    array: NDArray[Any] = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array


def popcount(masks: Masks) -> Counts:
    """Number of lists in each mask; same shape as `masks`."""
    return np.bitwise_count(masks).astype(np.int64)


def memberships(masks: Masks, n_lists: int) -> Counts:
    """(m, K) zero or one: is the list in the mask?"""
    return np.asarray(masks[:, None] >> np.arange(n_lists) & 1)


def members(mask: int) -> Iterator[int]:
    """Positions (from 0) of the lists in `mask`, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def mask_of(positions: Iterable[int]) -> int:
    """The mask with the lists at `positions` (from 0)."""
    mask = 0
    for position in positions:
        mask |= 1 << position
    return mask


def history_text(mask: int, n_lists: int) -> str:
    """A history as text, first list leftmost: `0b011` of three lists is `"110"`."""
    return "".join("1" if mask >> i & 1 else "0" for i in range(n_lists))


def history_mask(text: str) -> int:
    """The mask of a history written as text, first list leftmost."""
    return mask_of(i for i, letter in enumerate(text) if letter == "1")


def subset_sums(values: Floats) -> Floats:
    """`out[x] = sum of values[A] over A subset of x`, for an array of length 2^K: K 2^(K-1) additions."""
    out = values.copy()
    step = 1
    while step < out.size:
        pairs = out.reshape(-1, 2, step)
        pairs[:, 1] += pairs[:, 0]
        step *= 2
    return out


def superset_sums(values: Floats) -> Floats:
    """`out[A] = sum of values[x] over x superset of A`, for an array of length 2^K."""
    out = values.copy()
    step = 1
    while step < out.size:
        pairs = out.reshape(-1, 2, step)
        pairs[:, 0] += pairs[:, 1]
        step *= 2
    return out
