"""What a log-linear estimate says about itself."""

import numpy as np
import pytest
from scipy.special import chdtrc

import hiddenpop as hp
from hiddenpop.numerics.loglinear import fit_loglinear, pair_residuals
from hiddenpop.numerics.terms import close_terms


def names(found):
    return [c.name for c in found.failed]


def test_lists_that_are_not_named_enter_alone(uk):
    assert hp.loglinear(uk, model="[12]").fit.model == "[12,3,4,5,6]"
    assert hp.loglinear(uk, model="[local_authority:ngo]").population == hp.loglinear(uk, model="[12]").population


def test_positions_count_the_lists_as_given():
    counts = {"1010": 9, "1000": 40, "0010": 35, "0001": 30, "1001": 8, "0011": 7, "1011": 3}
    gap = hp.CaptureTable.from_counts(counts, ["a", "nobody", "b", "c"])
    tight = hp.CaptureTable.from_counts({h[0] + h[2:]: n for h, n in counts.items()}, ["a", "b", "c"])
    assert hp.loglinear(gap, model="[13,4]").population == hp.loglinear(tight, model="[12,3]").population
    found = hp.loglinear(gap, model="[13,4]")
    assert found.fit.model == "[13,4]"
    assert hp.loglinear(gap, model=found.fit.model).population == found.population
    empty = hp.loglinear(gap, model="[12,13,4]")
    assert empty.population == hp.loglinear(tight, model="[12,3]").population
    assert "terms-of-empty-lists" in [c.name for c in empty.checks]


def test_the_score_test_is_the_likelihood_ratio_test_in_large_tables():
    table = hp.Design(population=100_000, probabilities=(0.2, 0.25, 0.3), odds_ratios={"1:2": 1.05}).draw(4)
    base = hp.loglinear(table).fit.deviance
    fit = fit_loglinear(close_terms([], 3), table.histories, table.counts, table.lists)
    for residual, model in zip(pair_residuals(fit, table.lists), ("[12,3]", "[13,2]", "[23,1]"), strict=True):
        change = base - hp.loglinear(table, model=model).fit.deviance
        assert residual.p_value == pytest.approx(chdtrc(1.0, change), rel=0.05)
        assert residual.observed == table.members(*residual.pair)


def test_the_score_test_keeps_its_level():
    design = hp.Design(population=2000, probabilities=(0.2, 0.15, 0.3, 0.25))
    alarms = ["pair-overlaps" in names(hp.loglinear(design.draw(s))) for s in range(300)]
    assert 0.01 < np.mean(alarms) < 0.09


def test_too_many_dependences_for_the_people():
    found = hp.loglinear(hp.load("cottontail"), interactions="all")
    assert "people-per-dependence" in names(found)
    assert "people-per-dependence" not in names(hp.loglinear(hp.load("uk_2013"), interactions="all"))


def test_an_interval_that_leaves_out_variance_says_so():
    table = hp.Design(population=2000, probabilities=(0.7, 0.6, 0.5)).draw(1)
    assert "narrow-interval" in names(hp.loglinear(table))
    assert "narrow-interval" not in names(hp.loglinear(table, interval="profile"))
    assert "narrow-interval" not in names(hp.loglinear(hp.load("uk_2013")))


def test_an_estimate_known_only_up_to_factors_of_thousands_is_refused():
    million = 10**6
    counts = {"0001": million, "0011": 1, "0100": million, "0110": million, "1000": 1, "1011": 1, "1101": 1, "1110": 1,
              "1111": million}  # fmt: skip
    with pytest.raises(hp.NotEstimableError, match="only up to factors of thousands") as caught:
        hp.loglinear(hp.CaptureTable.from_counts(counts), interactions="all")
    assert caught.value.details["exists"] is True


def test_counts_of_any_size_are_judged_alike():
    counts = {"100": 40, "010": 30, "001": 20, "110": 6}
    large = hp.CaptureTable.from_counts({h: n * 10**9 for h, n in counts.items()})
    with pytest.raises(hp.NotEstimableError) as caught:
        hp.loglinear(large, model="[12,3]")
    assert len(caught.value.details["cells"]) == 3
    assert hp.loglinear(large).population == pytest.approx(539.0939e9, rel=1e-6)
