"""How far apart are the estimates of models that fit about as well, and which term divides them?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiddenpop.numerics.models import Space
from hiddenpop.numerics.search import Found

WIDTHS = (2, 6, 10)
FEWEST_MODELS = 4
TIED = 1e-9  # of what explains most, from which it explains as much


@dataclass(frozen=True, slots=True)
class Split:
    """The term that divides the answers.

    Attributes
    ----------
    term : mask
    explained : share of the variance of log n0 between models, weighted by exp(-criterion / 2), that the term explains
    having, lacking : smallest and largest number of hidden people among models with and without it
    """

    term: int
    explained: float
    having: tuple[float, float]
    lacking: tuple[float, float]


def ranges(found: Found) -> dict[str, tuple[float, float] | None]:
    """Smallest and largest number of hidden people within 2, 6 and 10 of the best; None where models are missing."""
    best = found.criterion[0]
    out: dict[str, tuple[float, float] | None] = {}
    for width in WIDTHS:
        inside = found.hidden[found.criterion <= best + width]
        known = best + width <= found.limit + 1e-6
        out[str(width)] = (float(inside.min()), float(inside.max())) if known else None
    return out


def find_split(found: Found, space: Space, width: float = 6.0) -> Split | None:
    """The interaction whose presence explains most of the differences between models within `width` of the best.

    Two that are never in a model together explain the same: the first is taken, whatever the last digits say.
    """
    inside = found.criterion <= found.criterion[0] + width
    rows, hidden = found.rows[inside].astype(bool), found.hidden[inside]
    if len(hidden) < FEWEST_MODELS:
        return None
    weight = np.exp(-(found.criterion[inside] - found.criterion[0]) / 2.0)
    weight /= weight.sum()
    share = weight @ rows
    centred = np.log(hidden) - weight @ np.log(hidden)
    total = float(weight @ centred**2)
    mixed = (share > 1e-3) & (share < 1.0 - 1e-3)
    if not mixed.any() or total <= 0.0:
        return None
    between = np.where(mixed, (weight * centred) @ rows, 0.0) ** 2 / np.where(mixed, share * (1.0 - share), 1.0)
    term = int(np.argmax(between >= between.max() * (1.0 - TIED)))
    having, lacking = hidden[rows[:, term]], hidden[~rows[:, term]]
    return Split(
        int(space.terms[term]),
        float(between[term] / total),
        (float(having.min()), float(having.max())),
        (float(lacking.min()), float(lacking.max())),
    )
