"""Does the interval contain the truth? Counted over simulated tables, within three Monte Carlo standard deviations."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.result import Refusal

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")]


def draw(tables, **declared):
    design = hp.Design(**declared)
    return [design.draw(seed) for seed in range(tables)]


def cover(method, tables, truth, **options):
    """`(share of intervals that hold the truth, number of intervals)`."""
    found = [hp.registry.attempt(t, method, **options) for t in tables]
    intervals = [f.interval for f in found if not isinstance(f, Refusal) and f.interval]
    return np.mean([i.low <= truth <= i.high for i in intervals]), len(intervals)


@pytest.mark.parametrize(
    ("population", "p", "published"), [(200, 0.2, 0.965), (1000, 0.1, 0.957), (1000, 0.2, 0.949), (10_000, 0.1, 0.951)]
)
def test_the_logit_interval_of_two_lists_covers_as_published(population, p, published):
    tables = draw(1500, population=population, probabilities=(p, p))
    share, n = cover("chapman", tables, population)
    assert n > 1450
    assert share == pytest.approx(published, abs=3 * np.sqrt(published * (1 - published) / n))


@pytest.mark.parametrize("interval", ["log-normal", "profile"])
def test_the_right_model_covers(interval):
    odds_ratios = {"1:2": 2.0, "2:3": 1.5}
    tables = draw(400, population=5000, probabilities=(0.1, 0.1, 0.1), odds_ratios=odds_ratios)
    share, n = cover("loglinear", tables, 5000, model="[12,23]", interval=interval)
    assert n == 400
    assert share == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / n))


def test_the_wrong_model_does_not_cover_and_is_caught():
    tables = draw(300, population=5000, probabilities=(0.1, 0.1, 0.1), odds_ratios={"pairs": 1.5})
    share, _ = cover("loglinear", tables, 5000)
    assert share < 0.05
    share, n = cover("loglinear", tables, 5000, interactions="all")
    assert share == pytest.approx(0.954, abs=3 * np.sqrt(0.954 * 0.046 / n))


def test_chao_stays_below_where_people_differ():
    tables = draw(100, population=3000, classes=[hp.Group(0.5, (0.05,) * 5), hp.Group(0.5, (0.3,) * 5)])
    bounds = [hp.chao(t).population for t in tables]
    assert np.mean(bounds) < 3000
    assert np.mean(bounds) > np.mean([hp.loglinear(t).population for t in tables])


def test_referral_and_missed_links_bias_two_lists_as_published():
    tables = draw(60, population=50_000, probabilities=(0.1, 0.1), referral={"1:2": 0.2})
    referred = [hp.chapman(table).population for table in tables]
    assert np.mean(referred) / 50_000 == pytest.approx(0.421, abs=0.01)
    tables = draw(60, population=50_000, probabilities=(0.1,) * 3, missed_links=0.05)
    unlinked = [hp.loglinear(table).population for table in tables]
    assert np.mean(unlinked) / 50_000 == pytest.approx(1.055, abs=0.01)
