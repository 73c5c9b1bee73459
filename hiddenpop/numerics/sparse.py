"""Lower bounds from the people seen once and twice: Chao and Zelterman, with their variances."""

from __future__ import annotations

from math import exp, expm1

from hiddenpop.arrays import Floats


def chao_corrected(f1: int, f2: int, share: float) -> tuple[float, float]:
    """Bias-corrected hidden number and its variance.

    `n0 = c f1 (f1 - 1) / (2 (f2 + 1))` with `c = share = (K - 1)/K` for K lists and 1 for sightings; the variance is
    that of Rivest and Baillargeon (2007), Biometrics 63:999.
    """
    hidden = share * f1 * (f1 - 1) / (2.0 * (f2 + 1))
    bracket = f1 * f1 + 4.0 * f1 * f2 + 3.0 * f1 - 6.0 * f2 - 6.0
    return hidden, hidden + share**2 * f1 * (f1 - 1) * bracket / (4.0 * (f2 + 1) ** 2 * (f2 + 2))


def chao_plain(f1: int, f2: int, share: float) -> tuple[float, float]:
    """`n0 = c f1^2 / (2 f2)` and its variance `f2 (c r^2/2 + c^2 r^3 + c^2 r^4/4)`, `r = f1/f2` (Chao 1987)."""
    r = f1 / f2
    return share * f1 * f1 / (2.0 * f2), f2 * (share * r**2 / 2.0 + share**2 * (r**3 + r**4 / 4.0))


def chao_by_list(only: Floats, f2: int, extra: int) -> tuple[float, float]:
    """Lower bound of the hidden number for lists of different sizes, and its variance.

    `n0 = S / (f2 + extra)`, `S = sum over i < j of s_i s_j`, from s_i = people on list i only (K,) and f2 = people on
    exactly two lists; `extra` is 1 with bias correction, else 0. For independent lists the expectations of S / f2 and
    n0 agree whatever the sizes; if people differ so that lists depend positively, S / f2 lies below. With s_i all equal
    it is Chao's bound with c = (K - 1)/K. Variance: s_i and f2 Poisson (delta method), plus n0.
    """
    total = float(only.sum())
    products = (total**2 - float((only**2).sum())) / 2.0
    below = f2 + extra
    hidden = products / below
    return hidden, hidden + float(only @ (total - only) ** 2) / below**2 + products**2 * f2 / below**4


def zelterman_hidden(f1: int, f2: int, people: int) -> tuple[float, float]:
    """`n0 = n e^-l / (1 - e^-l)` with `l = 2 f2 / f1`, and the variance of N.

    `var = n g (1 + n g l^2 (1/f1 + 1/f2))`, `g = e^-l / (1 - e^-l)^2`: Boehning (2008), Statistical Methodology 5:410.
    """
    rate = 2.0 * f2 / f1
    seen = -expm1(-rate)
    g = exp(-rate) / seen**2
    return people * exp(-rate) / seen, people * g * (1.0 + people * g * rate**2 * (1.0 / f1 + 1.0 / f2))
