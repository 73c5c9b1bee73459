"""Plans: what they say is needed must be what simulated tables then show."""

from itertools import combinations, pairwise

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.checks.growth import NEW, growths
from hiddenpop.checks.suggested import suggest_design
from hiddenpop.design import list_sizes

WEAK = hp.Design(population=4000, probabilities=(0.1, 0.12, 0.15), odds_ratios={"pairs": 1.3})
TWO = hp.Design(population=4000, probabilities=(0.06, 0.08))


@pytest.fixture(scope="module")
def three() -> hp.Plan:
    return hp.plan(WEAK, tables=60, seed=5)


def test_about_half_of_the_tables_of_a_plan_are_as_narrow(three):
    assert not three.reached
    assert three.now.reached < 0.2
    for way in three.ways:
        if way.factor is not None:
            assert 0.2 <= way.reached <= 0.8, way
            assert way.interval_coverage >= 0.9, way
            assert max(way.high / way.population - 1, 1 - way.low / way.population) == pytest.approx(0.3, abs=0.01)


def test_more_precision_takes_more_people():
    needed = [hp.plan(WEAK, precision=precision).ways[0].factor for precision in (0.5, 0.3, 0.2)]
    assert all(low < high for low, high in pairwise(needed))


def test_lists_that_suffice_have_nothing_to_grow():
    found = hp.plan(WEAK, precision=5.0)
    assert found.reached
    assert found.ways == ()
    assert "within the 500% wanted" in found.sentence


def test_two_lists_follow_the_closed_form():
    found = hp.plan(TWO)
    first, second, both = 240, 320, 19
    assert found.now.sizes == pytest.approx((first, second))
    assert found.now.linked == pytest.approx(19.2)
    assert found.now.population == pytest.approx((first + 1) * (second + 1) / (both + 1) - 1)
    interval = hp.estimate(table_of_two(first, second, both), "chapman").interval
    assert (found.now.low, found.now.high) == pytest.approx((interval.low, interval.high))


def table_of_two(first: int, second: int, both: int) -> hp.CaptureTable:
    return hp.CaptureTable.from_counts({"10": first - both, "01": second - both, "11": both})


@pytest.mark.parametrize("design", [WEAK, TWO, hp.Design(population=900, classes=(
    hp.Group(share=0.3, probabilities=(0.4, 0.1, 0.2), odds_ratios={"1:2": 2.0, "pairs": 1.1}),
    hp.Group(share=0.7, probabilities=(0.1, 0.1, 0.1)),
))])  # fmt: skip
def test_growth_changes_only_what_it_names(design):
    names = [f"list_{place + 1}" for place in range(design.n_lists)]
    ways = {name: grow for name, grow, _, _ in growths(design, names)}
    now = list_sizes(design)
    assert list_sizes(ways["every list"](1.5)) == pytest.approx(1.5 * now)
    for place, name in enumerate(names):
        by = np.ones(now.size)
        by[place] = 2.0
        assert list_sizes(ways[f"{name} alone"](2.0)) == pytest.approx(by * now)
    larger = ways[NEW](0.2)
    before, after = design.cells.sum(axis=0), larger.cells.sum(axis=0).reshape(2, -1)
    assert after[1] == pytest.approx(0.2 * before)
    assert after[0] == pytest.approx(0.8 * before)
    many = ways["population (areas or years together)"](3.0)
    assert many.population == 3 * design.population
    assert many.cells.sum(axis=0) == pytest.approx(before)


def test_a_table_stands_for_its_headline():
    table = hp.load("hepatitis_a_taiwan")
    design = suggest_design(table)
    assert design.population == round(hp.estimate(table, "loglinear-shrinkage", shared_sd=0.5, scatter=0.25).population)
    cells = design.population * design.cells.sum(axis=0)
    on = np.arange(8)[:, None] >> np.arange(3) & 1
    for a, b in combinations(range(3), 2):
        names = table.lists[a], table.lists[b]
        assert cells @ on[:, a] == pytest.approx(table.members(names[0]), rel=1e-6)
        assert cells @ (on[:, a] * on[:, b]) == pytest.approx(table.members(*names), rel=0.01)
    assert "p_serum_test alone: " in str(hp.plan(table))


def test_the_model_of_all_pairs_gives_the_table_back():
    """Three lists: at the number that all pairs estimate, the expected table is the table."""
    table = hp.load("hepatitis_a_taiwan")
    population = round(hp.estimate(table, "loglinear", interactions="all").population)
    now = hp.plan(table, population=population).now
    shrunk = hp.estimate(table, "loglinear-shrinkage", shared_sd=0.5, scatter=0.25)
    found, wanted = (now.population, now.low, now.high), (shrunk.population, shrunk.interval.low, shrunk.interval.high)
    assert found == pytest.approx(wanted, rel=0.01)


def test_more_hidden_people_take_more():
    table = hp.load("hepatitis_a_taiwan")
    needed = [hp.plan(table, population=population).ways[0].factor for population in (509, 811, 1518)]
    assert all(low < high for low, high in pairwise(needed))
    with pytest.raises(hp.OptionError, match="271 people"):
        hp.plan(table, population=271)
    with pytest.raises(hp.OptionError, match="already"):
        hp.plan(WEAK, population=5000)


def test_a_plan_needs_an_estimate_or_a_declared_design():
    apart = table_of_two(30, 40, 0)
    with pytest.raises(hp.NotEstimableError):
        hp.plan(apart)
    no_overlap = hp.CaptureTable.from_counts({"100": 30, "010": 20, "001": 10})
    with pytest.raises(hp.NotEstimableError):
        hp.plan(no_overlap)


@pytest.mark.parametrize(
    "options", [{"precision": 0.0}, {"precision": 6.0}, {"precision": float("nan")}, {"level": 1.0}, {"tables": -1}]
)
def test_options_out_of_range(options):
    with pytest.raises(hp.OptionError):
        hp.plan(WEAK, **options)


def test_eleven_lists_are_too_many():
    with pytest.raises(hp.OptionError, match="10 lists"):
        hp.plan(hp.Design(population=1000, probabilities=(0.1,) * 11))
