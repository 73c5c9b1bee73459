"""Doubly robust: closed forms without covariates, and populations with known size where the naive analysis fails."""

from math import sqrt

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import hiddenpop as hp

TWO = hp.CaptureTable.from_counts({"10": 250, "01": 250, "11": 250})


def population(seed, size, *, lists=2, bend=0.4, dependence=0.0):
    """People on whose number x chances depend in a curve; the second list may depend on the first besides."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=size)
    on = np.zeros((size, lists), dtype=int)
    for j in range(lists):
        odds = [-0.8, -1.0, -0.6][j] + [1.0, 0.8, 0.9][j] * x + bend * (x**2 - 1.0)
        if j == 1:
            odds += dependence * (on[:, 0] - 0.5)
        on[:, j] = rng.random(size) < expit(odds)
    frame = pd.DataFrame(on, columns=[f"list_{j}" for j in range(lists)]).assign(x=x.round(3))
    return hp.read_captures(frame[on.any(axis=1)], lists=list(frame.columns[:lists]), strata=["x"])


@pytest.mark.parametrize("variant", ["one-step", "tmle", "plug-in"])
@pytest.mark.parametrize("counts", [(250, 250, 250), (280, 130, 65), (40, 300, 21)])
def test_without_covariates_it_is_lincoln_petersen(variant, counts):
    only_a, only_b, both = counts
    n1, n2 = only_a + both, only_b + both
    table = hp.CaptureTable.from_counts({"10": only_a, "01": only_b, "11": both})
    found = hp.doubly_robust(table, variant=variant)
    assert found.population == pytest.approx(n1 * n2 / both, rel=1e-9)
    assert found.fit.se**2 == pytest.approx(n1 * n2 * (n1 - both) * (n2 - both) / both**3, rel=1e-9)


def test_the_standard_error_that_drpop_multiplies_once_too_often():
    """The published pair: 31.6 is right, 707.3 has the variance of the influence times n once more."""
    found = hp.doubly_robust(TWO)
    n, ratio = TWO.observed, found.population / TWO.observed
    of_the_influence = found.fit.se**2 - n * ratio * (ratio - 1.0)
    assert round(found.fit.se, 1) == 31.6
    assert round(sqrt(n * of_the_influence + n * ratio * (ratio - 1.0)), 1) == 707.3


def test_without_covariates_three_lists_are_the_loglinear_model_of_all_pairs():
    counts = {"100": 60, "010": 50, "001": 41, "110": 54, "101": 16, "011": 12, "111": 12}
    table = hp.CaptureTable.from_counts(counts)
    pairs = [(a, b) for i, a in enumerate(table.lists) for b in table.lists[i + 1 :]]
    expected = hp.loglinear(table, interactions=pairs).population
    assert hp.doubly_robust(table).population == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("variant", ["one-step", "tmle"])
def test_holds_where_the_analysis_without_covariates_fails(variant):
    ratios, naive, covered = [], [], 0
    for seed in range(40):
        table = population(seed, 3000)
        found = hp.doubly_robust(table, variant=variant, seed=1)
        ratios.append(found.population / 3000)
        naive.append(hp.lincoln_petersen(table).population / 3000)
        covered += found.interval.low <= 3000 <= found.interval.high
    assert np.median(ratios) == pytest.approx(1.0, abs=0.03)
    assert np.mean(naive) < 0.8
    assert covered >= 34  # 38 expected, sd 1.4


def test_three_lists_of_which_two_depend_on_each_other():
    ratios, naive, pair, covered = [], [], [], 0
    for seed in range(20):
        table = population(seed, 8000, lists=3, dependence=1.0)
        found = hp.doubly_robust(table, seed=1)
        ratios.append(found.population / 8000)
        pair.append(hp.doubly_robust(table, among="list_0,list_2", seed=1).population / 8000)
        naive.append(hp.huggins_alho(table, formula="x", interactions="all").population / 8000)
        covered += found.interval.low <= 8000 <= found.interval.high
    assert np.median(ratios) == pytest.approx(1.0, abs=0.05)
    assert np.median(pair) == pytest.approx(1.0, abs=0.03)
    assert np.median(naive) > 1.15
    assert covered >= 16  # 19 expected, sd 1.0


def test_folds_move_the_estimate_by_less_than_its_error():
    table = population(3, 3000)
    found = [hp.doubly_robust(table, seed=seed) for seed in range(12)]
    assert np.std([f.population for f in found]) < 0.5 * found[0].fit.se


def test_covariates_that_say_nothing_leave_the_estimate_near():
    counts = {"10": 500, "01": 400, "11": 300}
    rng = np.random.default_rng(2)
    rows = [history for history, n in counts.items() for _ in range(n)]
    frame = pd.DataFrame({"a": [int(h[0]) for h in rows], "b": [int(h[1]) for h in rows]})
    frame["noise"] = rng.normal(size=len(frame)).round(2)
    found = hp.doubly_robust(hp.read_captures(frame, lists=["a", "b"], strata=["noise"]), seed=1)
    assert found.population == pytest.approx(800 * 700 / 300, rel=0.02)


@pytest.mark.parametrize(
    "options", [{"folds": 0}, {"folds": 51}, {"margin": 0.0}, {"margin": 0.5}, {"among": "list_1"}]
)
def test_options_out_of_range(options):
    with pytest.raises(hp.OptionError):
        hp.doubly_robust(TWO, **options)


def test_a_history_without_people_is_named():
    table = hp.CaptureTable.from_counts({"100": 9, "010": 8, "001": 7, "110": 3, "101": 4, "111": 1})
    with pytest.raises(hp.NotEstimableError, match=r"Nobody has the history 011 \(list_2, list_3\)"):
        hp.doubly_robust(table)


def test_doubts_are_said():
    found = hp.doubly_robust(hp.CaptureTable.from_counts({"10": 80, "01": 60, "11": 20}))
    assert [c.name for c in found.failed] == ["few-people"]
    assert "independent for everybody" in next(c.message for c in found.checks if c.name == "independence-assumed")
