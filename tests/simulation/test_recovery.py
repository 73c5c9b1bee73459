"""Does the interval contain the truth? Counted over simulated tables, within three Monte Carlo standard deviations."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop import simulate
from hiddenpop.result import Refusal

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")]


def cover(method, tables, truth, **options):
    """`(share of intervals that hold the truth, number of intervals)`."""
    found = [hp.registry.attempt(t, method, **options) for t in tables]
    intervals = [f.interval for f in found if not isinstance(f, Refusal) and f.interval]
    return np.mean([i.low <= truth <= i.high for i in intervals]), len(intervals)


@pytest.mark.parametrize(
    ("population", "p", "published"), [(200, 0.2, 0.965), (1000, 0.1, 0.957), (1000, 0.2, 0.949), (10_000, 0.1, 0.951)]
)
def test_the_logit_interval_of_two_lists_covers_as_published(population, p, published):
    tables = [simulate.independent(population, (p, p), seed=s) for s in range(1500)]
    share, n = cover("chapman", tables, population)
    assert n > 1450
    assert share == pytest.approx(published, abs=3 * np.sqrt(published * (1 - published) / n))


@pytest.mark.parametrize("interval", ["log-normal", "profile"])
def test_the_right_model_covers(interval):
    odds = {(0, 1): 2.0, (1, 2): 1.5}
    tables = [simulate.dependent(5000, (0.1, 0.1, 0.1), odds, seed=s) for s in range(400)]
    share, n = cover("loglinear", tables, 5000, model="[12,23]", interval=interval)
    assert n == 400
    assert share == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / n))


def test_the_wrong_model_does_not_cover_and_is_caught():
    tables = [simulate.dependent(5000, (0.1, 0.1, 0.1), simulate.all_pairs(3, 1.5), seed=s) for s in range(300)]
    share, _ = cover("loglinear", tables, 5000)
    assert share < 0.05
    share, n = cover("loglinear", tables, 5000, interactions="all")
    assert share == pytest.approx(0.939, abs=3 * np.sqrt(0.939 * 0.061 / n))


def test_chao_stays_below_where_people_differ():
    tables = [simulate.heterogeneous(3000, [(0.05,) * 5, (0.3,) * 5], (0.5, 0.5), seed=s) for s in range(100)]
    bounds = [hp.chao(t).population for t in tables]
    assert np.mean(bounds) < 3000
    assert np.mean(bounds) > np.mean([hp.loglinear(t).population for t in tables])


def test_referral_and_missed_links_bias_two_lists_as_published():
    referred = [hp.chapman(simulate.referral(50_000, (0.1, 0.1), 0.2, seed=s)).population / 50_000 for s in range(60)]
    assert np.mean(referred) == pytest.approx(0.421, abs=0.01)
    unlinked = [hp.loglinear(simulate.missed_links(50_000, (0.1,) * 3, 0.05, seed=s)).population for s in range(60)]
    assert np.mean(unlinked) / 50_000 == pytest.approx(1.055, abs=0.01)
