"""Distributions of the number of hidden people on a grid of whole numbers, which may be coarse.

Between two points of the grid the probability is taken to be linear; where the grid holds every number, sums are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hiddenpop.arrays import Floats, Masks

LARGEST = 10_000_000_000  # nobody is hidden beyond the people there are
COARSE = 600
SHARE = 2e-3
OUTSIDE = 1e-12
VALLEY = 0.8
MODE_MASS = 0.02


def grid_weights(grid: Masks) -> Floats:
    """How many numbers each point (M,) stands for: sums of piecewise linear functions over all whole numbers."""
    gaps = np.diff(grid).astype(float)
    weights = np.ones(grid.size)
    weights[:-1] += (gaps - 1.0) / 2.0
    weights[1:] += (gaps - 1.0) / 2.0
    return weights


def first_grid() -> Masks:
    """Points from nobody to everybody, their distances growing in proportion."""
    return np.unique(np.rint(np.geomspace(1.0, LARGEST + 1.0, COARSE)).astype(np.int64) - 1)


@dataclass(frozen=True)
class HiddenGrid:
    """A distribution of the hidden people.

    Attributes
    ----------
    grid : (M,) numbers of hidden people
    density : (M,) probability of each
    weights : (M,) how many numbers each point stands for; ones where the grid is all there is
    """

    grid: Masks
    density: Floats
    weights: Floats

    @property
    def mass(self) -> Floats:
        """(M,) probability that each point stands for."""
        return self.density * self.weights

    @property
    def mean(self) -> float:
        return float(self.mass @ self.grid)

    @property
    def _atoms(self) -> bool:
        """Is the grid all there is?"""
        return bool((self.weights == 1.0).all())

    @property
    def _below(self) -> Floats:
        """(M,) probability of all smaller numbers."""
        gaps = np.diff(self.grid).astype(float)
        cells = self.density[:-1] * (gaps + 1.0) / 2.0 + self.density[1:] * (gaps - 1.0) / 2.0
        return np.concatenate([[0.0], np.cumsum(cells)])

    def quantile(self, share: float) -> int:
        """The smallest number with a cumulative probability of at least so much."""
        last = self.grid.size - 1
        if self._atoms:
            return int(self.grid[min(int(np.searchsorted(np.cumsum(self.density), share)), last)])
        below = self._below
        cell = min(int(np.searchsorted(below + self.density, share * (1.0 - 1e-15))), last)
        if cell and below[cell] >= share:
            return self._inside(cell - 1, share - float(below[cell - 1]))
        return int(self.grid[cell])

    def _inside(self, cell: int, rest: float) -> int:
        """The first number of a cell at which `rest` is reached; the sum of a linear function is a parabola."""
        gap = int(self.grid[cell + 1] - self.grid[cell])
        start, slope = float(self.density[cell]), float(self.density[cell + 1] - self.density[cell]) / gap
        low, high = 0, gap
        while low < high:
            middle = (low + high) // 2
            reached = (middle + 1) * start + slope * middle * (middle + 1) / 2.0
            low, high = (low, middle) if reached >= rest else (middle + 1, high)
        return int(self.grid[cell]) + low

    def draw(self, number: int, generator: np.random.Generator) -> Masks:
        """Random numbers of hidden people (number,), spread evenly between the points of the grid."""
        reached = np.cumsum(self.mass)
        if not self._atoms:
            reached = self._below + self.density
        drawn = generator.random(number) * reached[-1]
        if self._atoms:
            return np.asarray(self.grid[np.searchsorted(reached, drawn)])
        return np.asarray(np.ceil(np.interp(drawn, reached, self.grid) - 1e-9), dtype=np.int64)

    def modes(self) -> list[tuple[int, float, tuple[int, int]]]:
        """Peaks that a valley of a fifth or more parts, each with 2 % or more: `(peak, probability, (from, to))`."""
        density = self.density
        edges = [0, *valleys(density, VALLEY), self.grid.size - 1]
        found = []
        for low, high in pairwise(edges):
            share = float(self.mass[low:high].sum()) + (float(self.mass[high]) if high == edges[-1] else 0.0)
            peak = low + int(density[low : high + 1].argmax())
            if share >= MODE_MASS:
                found.append((int(self.grid[peak]), share, (int(self.grid[low]), int(self.grid[high]))))
        return found


def valleys(density: Floats, depth: float) -> list[int]:
    """Places between peaks where the density falls below `depth` times the lower of the two peaks."""
    valleys: list[int] = []
    peak, low, place = float(density[0]), float(density[0]), 0
    waiting = False
    for i, value in enumerate(density.tolist()):
        if value < low:
            low, place = value, i
        if not waiting and low < depth * peak:
            waiting = True
        if waiting and low < depth * value:
            valleys.append(place)
            peak, low, place, waiting = value, value, i, False
        elif not waiting and value > peak:
            peak, low, place = value, value, i
    return valleys


def refine_grid(found: HiddenGrid, points: int) -> Masks:
    """A grid of about so many points: half of them where the probability is, half spread over all that matters."""
    grid, mass = found.grid, found.mass
    cells = (mass[:-1] + mass[1:]) / 2.0
    total = np.cumsum(cells) / cells.sum()
    low = max(0, int(np.searchsorted(total, OUTSIDE)) - 1)
    high = min(grid.size - 1, int(np.searchsorted(total, 1.0 - OUTSIDE)) + 2)
    inside = grid[low : high + 1]
    if inside[-1] - inside[0] <= points:
        return np.arange(inside[0], inside[-1] + 1)
    logs = np.log1p(inside.astype(float))
    spread = np.diff(logs) / (logs[-1] - logs[0])
    share = cells[low:high] / cells[low:high].sum()
    measure = np.concatenate([[0.0], np.cumsum(0.5 * spread + 0.5 * share)])
    chosen = np.interp(np.linspace(0.0, 1.0, points), measure / measure[-1], inside.astype(float))
    return np.unique(np.rint(chosen).astype(np.int64))
