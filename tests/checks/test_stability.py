"""Small changes of a table: how far the answer moves, and that it is said."""

from math import log

import pytest

import hiddenpop as hp
from hiddenpop.captures import build_table
from hiddenpop.checks.stability import refit_like, stability


def by_name(table, estimate, others=()):
    return {one.name: one for one in stability(table, estimate, others)}


def test_one_person_of_two_lists_in_closed_form():
    table = hp.CaptureTable.from_counts({"10": 60, "01": 40, "11": 12})
    found = by_name(table, hp.chapman(table))
    whole = 73 * 53 / 13 - 1
    moves = [72 * 53 / 13 - 1, 73 * 52 / 13 - 1, 72 * 52 / 12 - 1]
    assert found["one-person"].value == pytest.approx(max(abs(log(m / whole)) for m in moves), abs=1e-4)
    assert found["one-person"].passed is (found["one-person"].value <= 0.10)


def test_refits_have_the_options_of_the_estimate():
    table = hp.load("kosovo_1999")
    estimate = hp.loglinear(table, interactions="all", interval="profile")
    assert refit_like(estimate)(table) == pytest.approx(estimate.population, rel=1e-9)


def test_kosovo_moves_with_its_lists():
    table = hp.load("kosovo_1999")
    estimate = hp.loglinear(table, interactions="all", interval="profile")
    search = hp.loglinear_search(table, replicates=100, seed=1)
    found = by_name(table, estimate, [search])
    without = hp.loglinear(table.drop("hrw"), interactions="all").population
    assert found["lists-left-out-one-by-one"].value >= round(without / estimate.population, 3) - 1e-3
    assert found["lists-left-out-one-by-one"].passed is False
    assert found["threshold-of-selection"].passed is False
    assert found["one-person"].passed is True
    assert found["selection-width"].value > 1.5
    assert "false precision" in found["selection-width"].message


def test_strata_add_up_and_absent_lists_are_named():
    rows = {("north", "11"): 60, ("north", "10"): 80, ("north", "01"): 90, ("south", "10"): 50}
    histories = [int(h[::-1], 2) for _, h in rows]
    table = build_table(
        ["police", "ngo"], histories, list(rows.values()), strata=["region"], keys=[(region,) for region, _ in rows]
    )
    found = by_name(table, hp.chapman(table))
    assert found["lists-absent-from-strata"].value == 1
    assert "ngo in south" in found["lists-absent-from-strata"].message
    assert found["sum-of-strata"].passed is None
