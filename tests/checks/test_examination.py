"""Everything that can be held against an estimate: known truths, data that accrue, the band, and one call for all."""

from math import sqrt

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.checks.headline import choose_headline
from hiddenpop.checks.recovery import fit_truth, options_of, possible_truths, recover, recovery_check
from hiddenpop.checks.trajectory import SHARES, Stage, trajectory, trajectory_check
from hiddenpop.numerics.terms import terms_of_size


@pytest.fixture(scope="module")
def kosovo():
    table = hp.load("kosovo_1999")
    return table, hp.loglinear(table, interactions="all", interval="profile")


def test_the_fitted_truth_has_the_population_and_the_margins_of_its_model(kosovo):
    table, estimate = kosovo
    truth = fit_truth(table, terms_of_size(4, 2))
    assert truth.population == round(estimate.population)
    assert truth.expected[1:].sum() == pytest.approx(table.observed, rel=1e-9)
    drawn = truth.draw(3)
    assert drawn.observed == pytest.approx(table.observed, abs=5 * sqrt(table.observed))


def test_a_model_without_an_estimate_is_no_truth():
    assert fit_truth(hp.CaptureTable.from_counts({"100": 9, "110": 4, "001": 5}), terms_of_size(3, 2)) is None


def test_named_models_are_truths_too(kosovo):
    table, _ = kosovo
    found = possible_truths(table, ["[12,13,14,23,34]", "[12,13,14,23,24,34]"])
    assert [one.model for one in found] == ["[12,13,14,23,24,34]", "[12,13,14,23,34]"]


def test_recovery_tells_a_right_interval_from_one_that_ignores_dependence(kosovo):
    table, estimate = kosovo
    (right,) = recover(table, estimate, tables=100, seed=1)
    assert right.found.interval_coverage > 0.88
    assert recovery_check([right], 0.95)[0].passed
    independent = hp.loglinear(table)
    (wrong,) = recover(table, independent, tables=100, seed=1)
    assert wrong.found.interval_coverage < 0.1
    check = recovery_check([wrong], 0.95)[0]
    assert check.passed is False
    assert "too sure of itself" in check.message


def test_options_are_those_of_the_estimate(kosovo):
    assert options_of(kosovo[1])["interactions"] == "all"
    assert options_of(kosovo[1])["interval"] == "profile"


def test_a_trajectory_takes_nested_parts_and_ends_with_twice_the_table():
    table = hp.Design(population=4000, probabilities=(0.3, 0.35, 0.4)).draw(2)
    estimate = hp.loglinear(table)
    stages = trajectory(table, estimate, seed=4)
    assert [one.share for one in stages] == list(SHARES)
    assert [one.observed for one in stages] == [round(s * table.observed) for s in SHARES]
    whole = stages[SHARES.index(1.0)]
    assert whole.population == pytest.approx(estimate.population)
    assert stages[-1].population == pytest.approx(2 * estimate.population)
    assert trajectory_check(stages)[0].passed


def test_a_jump_has_not_settled():
    ratios = [5.0, 4.0, 3.5, 2.0, 2.0, 2.0, 2.0, 2.0]
    stages = [Stage(s, 100, 100 * r, None, None) for s, r in zip(SHARES, ratios, strict=True)]
    found = trajectory_check(stages)[0]
    assert found.value == pytest.approx(1.75)
    assert found.passed is False
    stages[2] = Stage(0.75, 75, None, None, None)
    assert "no estimate at all" in trajectory_check(stages)[0].message
    assert trajectory_check([Stage(1.0, 100, None, None, None)]) == []


def test_validation_in_one_call(kosovo):
    table, _ = kosovo
    found = hp.validate(table, "loglinear", interactions="all", interval="profile", tables=40, seed=2)
    assert {check.name for check in found.checks} == {"hidden-lists", "trajectory", "coverage-for-this-table"}
    assert found.consistency.covered == (3, 4) or found.consistency.covered == (4, 4)
    again = hp.validate(table, "loglinear", interactions="all", interval="profile", tables=40, seed=2, jobs=2)
    assert [r.to_dict() | {"seconds": 0} for r in again.recoveries] == [
        r.to_dict() | {"seconds": 0} for r in found.recoveries
    ]
    with pytest.raises(hp.HiddenpopError):
        hp.validate(table, "chapman", tables=20)


def test_a_lower_bound_is_not_tried_on_known_truths(kosovo):
    found = hp.validate(kosovo[0], "chao", tables=20)
    assert found.recoveries == ()


def test_examination_of_independent_lists_finds_nothing_wrong():
    table = hp.Design(population=20_000, probabilities=(0.2, 0.25, 0.3, 0.2)).draw(5)
    estimate = choose_headline(table, seed=1)
    found = hp.examine(table, estimate, tables=60, seed=1)
    assert hp.verdict([*hp.check(table), *found.checks], estimate).level == "publishable"
    low, high = found.band
    assert low < estimate.interval.low < estimate.interval.high < high
    assert low <= 20_000 <= high
    assert found.sensitivity.threshold == pytest.approx(estimate.observed + estimate.hidden / 2)


def test_examination_widens_nothing_where_nothing_can_be_varied():
    sightings = hp.load("geckos")
    assert hp.examine(sightings, hp.chao(sightings)).checks == ()
    table = hp.load("kosovo_1999")
    bound = hp.examine(table, hp.chao(table), tables=20)
    assert bound.band is None
    assert "sensitivity-band" not in {check.name for check in bound.checks}


def test_the_band_holds_a_truth_that_the_interval_misses():
    """Three lists at once depend with a ratio of odds ratios of 1.8: the interval assumes 1, the band allows 2."""
    design = hp.Design(population=20_000, probabilities=(0.2, 0.25, 0.2), odds_ratios={"1:2:3": 1.8})
    held = []
    for seed in range(20):
        table = design.draw(np.random.default_rng(seed))
        found = hp.examine(table, choose_headline(table, seed=1), tables=0)
        held.append(found.band[0] <= 20_000 <= found.band[1])
    assert sum(held) >= 18
