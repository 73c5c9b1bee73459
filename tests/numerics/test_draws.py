"""Peaks of draws."""

import numpy as np
import pytest

from hiddenpop.numerics.draws import find_modes


def test_modes_of_draws():
    generator = np.random.default_rng(6)
    two = np.exp(np.concatenate([generator.normal(9.0, 0.1, 3000), generator.normal(10.0, 0.1, 1000)]))
    (low, share), (high, rest) = find_modes(two)
    assert (low, high) == (pytest.approx(np.exp(9.0), rel=0.02), pytest.approx(np.exp(10.0), rel=0.02))
    assert (share, rest) == (pytest.approx(0.75, abs=0.01), pytest.approx(0.25, abs=0.01))
    assert find_modes(np.full(100, 7.0)) == [(7.0, 1.0)]
