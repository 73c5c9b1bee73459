"""Designs with more of something: people on lists, one more list, a larger population."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations

import numpy as np

from hiddenpop.arrays import Counts
from hiddenpop.design import PAIRS, Design

MOST_LISTS = 10
MOST_CAPTURED = 0.9
MOST_TIMES = 1000.0
FEWEST_FOUND = 1e-4
NEW = "one more list, independent of the others"

Grow = Callable[[float], Design]


def growths(design: Design, names: Sequence[str]) -> list[tuple[str, Grow, float, float]]:
    """What can grow: its name, the design with so much of it, the least and the most there can be."""
    most = MOST_CAPTURED / np.array([group.probabilities for group in design.groups]).max(axis=0)
    every = np.arange(design.n_lists)
    found: list[tuple[str, Grow, float, float]] = [
        ("every list", partial(_enlarge, design, every), 1.0, float(most.min()))
    ]
    found += [
        (f"{name} alone", partial(_enlarge, design, np.array([place])), 1.0, float(most[place]))
        for place, name in enumerate(names)
    ]
    if design.n_lists < MOST_LISTS:
        found.append((NEW, partial(_add_list, design), FEWEST_FOUND, MOST_CAPTURED))
    return [*found, ("population (areas or years together)", partial(_multiply, design), 1.0, MOST_TIMES)]


def _enlarge(design: Design, places: Counts, factor: float) -> Design:
    """Everybody is `factor` times as likely to be on these lists."""
    by = np.ones(design.n_lists)
    by[places] = factor

    def enlarge(chances: Sequence[float]) -> tuple[float, ...]:
        return tuple((np.array(chances) * by).tolist())

    return replace(
        design,
        probabilities=enlarge(design.probabilities) if design.probabilities else (),
        classes=tuple(replace(one, probabilities=enlarge(one.probabilities)) for one in design.classes),
    )


def _add_list(design: Design, share: float) -> Design:
    """One more list, with this share of the population on it whoever they are."""
    spell = partial(_spell_pairs, n_lists=design.n_lists)
    return replace(
        design,
        probabilities=(*design.probabilities, share) if design.probabilities else (),
        classes=tuple(
            replace(one, probabilities=(*one.probabilities, share), odds_ratios=spell(one.odds_ratios))
            for one in design.classes
        ),
        odds_ratios=spell(design.odds_ratios),
        erroneous=(*design.erroneous, 0.0) if design.erroneous else (),
    )


def _spell_pairs(odds_ratios: Mapping[str, float], n_lists: int) -> dict[str, float]:
    """Every pair by itself, so that a list that is added depends on none."""
    found = {text: ratio for text, ratio in odds_ratios.items() if text != PAIRS}
    if PAIRS in odds_ratios:
        for a, b in combinations(range(1, n_lists + 1), 2):
            name = f"{b}:{a}" if f"{b}:{a}" in found else f"{a}:{b}"
            found[name] = found.get(name, 1.0) * odds_ratios[PAIRS]
    return found


def _multiply(design: Design, factor: float) -> Design:
    return replace(design, population=round(design.population * factor))
