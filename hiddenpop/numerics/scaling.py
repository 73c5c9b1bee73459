"""Information matrices with a unit diagonal, so that the units of coefficients do not matter."""

from __future__ import annotations

import numpy as np

from hiddenpop.arrays import Floats


def unit_diagonal(information: Floats) -> tuple[Floats, Floats]:
    """`(scale (p,), scaled (p, p))` with `scaled = scale information scale` and a diagonal of ones."""
    scale = 1.0 / np.sqrt(np.diagonal(information).clip(np.finfo(float).tiny))
    return scale, scale[:, None] * information * scale
