"""Ranks of the truth: ties, and two tests of uniformity that hold their level and see what they should."""

import numpy as np
import pytest
from scipy.stats import binom, chisquare, kstest

from hiddenpop.numerics.ranks import chi_square_p, ecdf_p, rank_truth

DRAWS = 99


def test_a_rank_counts_the_draws_below_and_ties_are_random():
    generator = np.random.default_rng(1)
    assert rank_truth(np.array([1.0, 2.0, 5.0]), 3.0, generator) == 2
    found = [rank_truth(np.array([1.0, 3.0, 3.0, 3.0, 9.0]), 3.0, generator) for _ in range(4000)]
    seen = np.bincount(found, minlength=6)
    assert seen[[0, 5]].sum() == 0
    assert chisquare(seen[1:5]).pvalue > 1e-3


def test_chi_square_is_pearsons_also_with_bins_of_unequal_width():
    ranks = np.random.default_rng(2).integers(DRAWS + 1, size=400)
    assert chi_square_p(ranks, DRAWS) == pytest.approx(chisquare(np.bincount(ranks // 5)).pvalue, rel=1e-10)
    assert chi_square_p(ranks[:35], DRAWS) == pytest.approx(
        chisquare(np.bincount(ranks[:35] * 7 // 100), np.array([15, 14, 14, 15, 14, 14, 14]) * 0.35).pvalue, rel=1e-10
    )


def test_the_band_is_exact_where_it_can_be_counted():
    # one draw: the number of ranks below 1 among six is binomial
    for below in range(7):
        ranks = np.array([0] * below + [1] * (6 - below))
        outer = min(below, 6 - below)
        exact = min(1.0, 2.0 * binom.cdf(outer, 6, 0.5))
        found = ecdf_p(ranks, 1, np.random.default_rng(3), 40_000)
        assert found == pytest.approx(exact, abs=5.0 * np.sqrt(0.25 / 40_000) + 1e-4)


def test_both_hold_their_level():
    generator = np.random.default_rng(4)
    values = [
        (chi_square_p(ranks, 19), ecdf_p(ranks, 19, generator, 300))
        for ranks in generator.integers(20, size=(300, 200))
    ]
    for each in np.array(values).T:
        assert kstest(each, "uniform").pvalue > 1e-3


@pytest.mark.parametrize(
    "shape", [(1.0, 1.25), (0.8, 0.8), (1.25, 1.25)], ids=["too high", "too narrow a posterior", "too wide"]
)
def test_wrong_posteriors_are_seen_by_both(shape):
    generator = np.random.default_rng(5)
    ranks = (generator.beta(*shape, size=1500) * (DRAWS + 1)).astype(int)
    assert chi_square_p(ranks, DRAWS) < 1e-3
    assert ecdf_p(ranks, DRAWS, generator) < 1e-3
