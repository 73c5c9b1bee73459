"""Compilation, and the transforms that compiled code is made of."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numba import config, njit

from hiddenpop.arrays import Floats, Masks

REORDERED = {"reassoc", "contract", "nsz"}  # sums may be vectorised; infinities and NaN keep their meaning

F = TypeVar("F", bound=Callable[..., Any])


def _place() -> str:
    """Where machine code is kept: a folder named after all sources, since it holds code of functions in other files."""
    here = Path(__file__).parent
    digest = sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))).hexdigest()[:16]
    return str(here / "__pycache__" / digest)


PLACE = _place()


def compiled(function: F) -> F:
    """Compile, and keep the machine code on disk where a place can be written.

    Numba looks only at the file of the function itself to see whether its code is stale; a change in a function that it
    calls would go unnoticed. Hence the folder of our own.
    """
    before, config.CACHE_DIR = config.CACHE_DIR, config.CACHE_DIR or PLACE
    try:
        return cast(F, njit(cache=True, nogil=True, fastmath=REORDERED)(function))
    except RuntimeError:
        return cast(F, njit(nogil=True, fastmath=REORDERED)(function))
    finally:
        config.CACHE_DIR = before


@compiled
def subset_sums(values: Floats) -> None:
    """In place: `values[x] = sum over A subset of x`."""
    step = 1
    while step < values.size:
        for begin in range(0, values.size, 2 * step):
            for x in range(begin, begin + step):
                values[x + step] += values[x]
        step *= 2


@compiled
def superset_sums(values: Floats) -> None:
    """In place: `values[A] = sum over x superset of A`."""
    step = 1
    while step < values.size:
        for begin in range(0, values.size, 2 * step):
            for x in range(begin, begin + step):
                values[x] += values[x + step]
        step *= 2


@compiled
def allowed_cells(removed: Masks, size: int) -> Floats:
    """One for histories that contain no removed term, else zero; shape (2^K,)."""
    allowed = np.zeros(size)
    for term in removed:
        allowed[term] = 1.0
    subset_sums(allowed)
    for x in range(size):
        allowed[x] = 0.0 if allowed[x] > 0.0 else 1.0
    return allowed
