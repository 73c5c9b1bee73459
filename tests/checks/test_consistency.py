"""Lists hidden in turn: hand-made tables, published summaries, refusals."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.errors import DataError

SLAVERY = ("uk_2013", "netherlands_2010_2015", "new_orleans", "western_us")


def test_the_truth_is_the_size_of_the_list():
    counts = {"110": 40, "101": 30, "111": 20, "100": 60, "010": 500, "001": 400, "011": 90}
    found = hp.internal_consistency(hp.CaptureTable.from_counts(counts), "chapman")
    first = found.lists[0]
    assert (first.name, first.size, first.observed) == ("list_1", 150, 90)
    assert first.population == pytest.approx(61 * 51 / 21 - 1)
    assert first.log_error == pytest.approx(np.log(first.population / 150))
    assert first.covered == (first.low <= 150 <= first.high)


def test_slavery_tables_of_independent_lists_as_published():
    """Median and mean log ratio and coverage by the definition of Binette and Steorts: -0.325, -0.278, 0.80."""
    found = [hp.internal_consistency(hp.load(name)) for name in SLAVERY]
    errors = [one.log_error for each in found for one in each.lists if one.population is not None]
    covered, given = np.sum([each.covered for each in found], axis=0)
    assert len(errors) == 10
    assert np.median(errors) == pytest.approx(-0.325, abs=0.001)
    assert np.mean(errors) == pytest.approx(-0.278, abs=0.001)
    assert covered / given == pytest.approx(0.80)


def test_lists_that_share_few_people_are_left_out():
    found = hp.internal_consistency(hp.load("new_orleans"))
    assert set(found.left_out) | {one.name for one in found.lists} == set(hp.load("new_orleans").lists)
    assert all(one.observed >= 30 for one in found.lists)


def test_independent_lists_are_consistent():
    table = hp.Design(population=20_000, probabilities=(0.2, 0.3, 0.25, 0.2)).draw(3)
    found = hp.internal_consistency(table)
    assert found.covered[1] == 4
    assert abs(found.median_log_error) < 0.1
    assert found.root_mean_square >= 0.0
    assert "hold its known size" in str(found)
    assert found.to_dict()["intervals"] == 4


def test_refusals_are_kept():
    counts = {"110": 20, "101": 20, "100": 50, "011": 40, "010": 200, "001": 200}
    found = hp.internal_consistency(hp.CaptureTable.from_counts(counts), "chapman")
    (first, *_) = found.lists
    assert first.population is None
    assert first.covered is None
    assert "nobody" in first.reason or "no" in first.reason


def test_two_lists_cannot_be_hidden():
    with pytest.raises(DataError, match="three lists"):
        hp.internal_consistency(hp.load("kampala_pwid"))
