"""Prevalence or detection? Simulated both ways: what did not change has an interval that holds zero."""

from math import log, log1p

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.captures import build_table

LOW, HIGH = (0.15, 0.2, 0.1), (0.22, 0.28, 0.16)


def years(seed, populations, chances, lists=3):
    """One table with a column of years; the first two of three lists depend on each other."""
    ties = {"1:2": 1.5} if lists > 2 else {}
    parts = [
        hp.Design(population=size, probabilities=p[:lists], odds_ratios=ties).draw(seed * 10 + i)
        for i, (size, p) in enumerate(zip(populations, chances, strict=True))
    ]
    return build_table(
        parts[0].lists,
        np.concatenate([part.histories for part in parts]),
        np.concatenate([part.counts for part in parts]),
        strata=("year",),
        keys=[(str(2020 + i),) for i, part in enumerate(parts) for _ in part.counts],
    )


def change(seed, kind, lists=3):
    populations = (5000, 5000) if kind == "detection" else (5000, 7000)
    chances = (LOW, HIGH) if kind == "detection" else (LOW, LOW)
    return hp.trend(years(seed, populations, chances, lists), "year", seed=seed).changes[0]


def holds_zero(part):
    return part.low <= 0.0 <= part.high


def test_the_parts_add_up_in_every_figure():
    found = change(1, "detection")
    assert found.detected == pytest.approx(found.prevalence.value + found.detection.value)
    assert found.detected == pytest.approx(found.prevalence.low + found.detection.high)
    assert found.detected == pytest.approx(found.prevalence.high + found.detection.low)


def count_held(tables, kind, lists):
    """Intervals of what did not change that hold zero, those of what did that hold its change, and wrong signs."""
    same, moved, signs = 0, 0, 0
    for seed in range(tables):
        found = change(seed, kind, lists)
        still, other = found.prevalence, found.detection
        truth = None
        if kind == "prevalence":
            still, other = other, still
            truth = log(1.4)
        same += holds_zero(still)
        moved += truth is None or other.low <= truth <= other.high
        signs += other.settled and other.value < 0.0
    return same, moved, signs


@pytest.mark.parametrize("lists", [2, 3])
@pytest.mark.parametrize("kind", ["detection", "prevalence"])
def test_what_did_not_change_is_not_said_to_have(kind, lists):
    same, moved, signs = count_held(60, kind, lists)
    assert same >= 51  # 57 expected, sd 1.7
    assert moved >= 51
    assert signs == 0


@pytest.mark.slow
@pytest.mark.parametrize("lists", [2, 3])
@pytest.mark.parametrize("kind", ["detection", "prevalence"])
def test_coverage_of_five_hundred(kind, lists):
    """Within two Monte Carlo standard deviations of .95: 465 to 485 of 500; more is not held against it."""
    same, moved, signs = count_held(500, kind, lists)
    assert same >= 465
    assert moved >= 465
    assert signs == 0


def test_a_constant_bias_leaves_the_change_right():
    """Two lists that depend on each other alike in both years: levels are a fifth too low, their change is right."""
    ties = {"1:2": 2.5}
    ratios, changes = [], []
    for seed in range(20):
        parts = [
            hp.Design(population=size, probabilities=LOW[:2], odds_ratios=ties).draw(seed * 2 + i)
            for i, size in enumerate((20_000, 26_000))
        ]
        histories = np.concatenate([part.histories for part in parts])
        counts = np.concatenate([part.counts for part in parts])
        keys = [(str(i),) for i, part in enumerate(parts) for _ in part.counts]
        found = hp.trend(build_table(("a", "b"), histories, counts, strata=("year",), keys=keys), "year")
        ratios.append(found.found.parts[0].population / 20_000)
        changes.append(found.changes[0].prevalence.value)
    assert np.mean(ratios) < 0.8
    assert np.mean(changes) == pytest.approx(log(1.3), abs=0.04)


def test_drift_of_the_bias_widens_and_breaks_even():
    found = change(3, "prevalence")
    low, high = found.widened(1.1)
    assert (low, high) == pytest.approx((found.prevalence.low - log1p(0.1), found.prevalence.high + log1p(0.1)))
    assert found.prevalence.settled
    assert found.widened(found.break_even)[0] == pytest.approx(0.0, abs=1e-12)
    assert change(3, "detection").break_even is None
    with pytest.raises(hp.OptionError, match="below 1"):
        found.widened(0.9)


def test_several_years_end_with_the_first_against_the_last():
    table = years(4, (5000, 6000, 7000), (LOW, LOW, HIGH))
    found = hp.trend(table, "year", seed=1)
    assert found.periods == ("2020", "2021", "2022")
    assert [(c.before, c.after) for c in found.changes] == [("2020", "2021"), ("2021", "2022"), ("2020", "2022")]
    first, second, whole = (c.prevalence.value for c in found.changes)
    assert whole == pytest.approx(first + second)
    assert set(found.changes[0].lists) == set(table.lists)
    assert 0.0 <= found.changes[0].mostly_detection <= 1.0


def test_a_dependence_that_changed_is_found():
    parts = [
        hp.Design(population=20_000, probabilities=HIGH, odds_ratios={"1:2": ratio}).draw(5 + i)
        for i, ratio in enumerate((1.0, 3.0))
    ]
    histories = np.concatenate([part.histories for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    keys = [(str(i),) for i, part in enumerate(parts) for _ in part.counts]
    changed = hp.trend(build_table(parts[0].lists, histories, counts, strata=("year",), keys=keys), "year", seed=1)
    assert "same-dependence" in [check.name for check in changed.checks if check.passed is False]
    same = hp.trend(years(6, (20_000, 20_000), (HIGH, HIGH)), "year", seed=1)
    assert next(check for check in same.checks if check.name == "same-dependence").passed


def test_other_columns_are_pooled_and_other_methods_can_be_asked():
    table = hp.load("scotland_pwid")
    found = hp.trend(table, "age", "loglinear-shrinkage", seed=1)
    assert found.periods == ("Old", "Young")
    assert sum(part.observed for part in found.found.parts) == table.observed


def test_faults():
    with pytest.raises(hp.UnknownNameError, match="stratum column"):
        hp.trend(hp.load("scotland_pwid"), "year")
    with pytest.raises(hp.DataError, match="one period only"):
        hp.trend(hp.load("scotland_pwid").select(age="Old"), "age")
