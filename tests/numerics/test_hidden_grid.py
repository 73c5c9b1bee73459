"""Coarse grids against every number written out."""

import numpy as np
import pytest

from hiddenpop.numerics.hidden_grid import HiddenGrid, first_grid, grid_weights


def coarse(grid, density):
    grid = np.asarray(grid)
    weights = grid_weights(grid)
    density = np.asarray(density, dtype=float)
    return HiddenGrid(grid, density / (density @ weights), weights)


def test_a_coarse_grid_stands_for_the_linear_interpolation_between_its_points():
    grid = np.unique(np.random.default_rng(4).integers(0, 4000, 60))
    found = coarse(grid, np.exp(-(((grid - 1500) / 700.0) ** 2)))
    every = np.arange(grid[0], grid[-1] + 1)
    full = np.interp(every, grid, found.density)
    assert full.sum() == pytest.approx(1.0, rel=1e-12)
    cumulated = np.cumsum(full)
    for share in np.linspace(0.001, 0.999, 333):
        assert found.quantile(share) == every[np.searchsorted(cumulated, share)]


def test_the_first_grid_reaches_from_nobody_to_everybody():
    grid = first_grid()
    assert (grid[0], grid[-1]) == (0, 10_000_000_000)
    assert (np.diff(grid) > 0).all()
    assert (np.diff(grid[grid > 1000]) / grid[grid > 1000][:-1] < 0.045).all()


def test_peaks_are_told_apart_where_a_valley_parts_them():
    grid = np.arange(2000)
    two = np.exp(-(((grid - 500) / 60.0) ** 2)) + 2.0 * np.exp(-(((grid - 1200) / 90.0) ** 2))
    first, second = coarse(grid, two).modes()
    assert (first[0], second[0]) == (500, 1200)
    assert first[1] == pytest.approx(0.25, abs=0.01)
    assert first[2][1] == second[2][0] == pytest.approx(780, abs=60)
    near = np.exp(-(((grid - 500) / 60.0) ** 2)) + np.exp(-(((grid - 560) / 60.0) ** 2))
    assert len(coarse(grid, near).modes()) == 1


def test_draws_have_the_distribution():
    grid = np.unique(np.rint(np.geomspace(1, 641, 60)).astype(int)) - 1
    found = coarse(grid, np.exp(-grid / 100.0))
    drawn = found.draw(400_000, np.random.default_rng(3))
    every = np.arange(641)
    full = np.interp(every, grid, found.density)
    assert (drawn.min(), drawn.max()) == (0, 640)
    assert drawn.mean() == pytest.approx(full @ every, abs=0.5)
    assert (drawn <= 30).mean() == pytest.approx(full[:31].sum(), abs=0.004)
    steps = HiddenGrid(np.array([20, 40, 60]), np.array([0.5, 0.25, 0.25]), np.ones(3))
    assert set(steps.draw(1000, np.random.default_rng(1)).tolist()) == {20, 40, 60}
