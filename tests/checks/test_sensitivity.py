"""The population as a function of what cannot be tested: published numbers, closed forms, declared truths."""

from itertools import combinations
from math import exp, log, prod

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.design import Design
from hiddenpop.errors import NotEstimableError, OptionError

TWO = {"10": 300, "01": 200, "11": 50}


def closed_form(table, xi):
    """Hidden people without interaction of all lists: products over odd and even numbers of lists."""
    odd = prod(float(c) for h, c in table.to_counts().items() if h.count("1") % 2)
    even = prod(float(c) for h, c in table.to_counts().items() if h.count("1") % 2 == 0)
    return odd / even / xi


@pytest.mark.parametrize(
    ("xi", "population"),
    [(0.25, 54567.5), (0.5, 29483.8), (0.8, 20077.4), (1.0, 16941.88), (1.25, 14433.5), (2.0, 10670.9), (4.0, 7535.5)],
)
def test_kosovo_as_published(xi, population):
    found = hp.sensitivity(hp.load("kosovo_1999"), "highest-order", values=[xi], interval="log-normal")
    assert found.curve[0].population == pytest.approx(population, abs=0.051)


def test_kosovo_interval_as_published():
    found = hp.sensitivity(hp.load("kosovo_1999"), "highest-order", interval="log-normal")
    assert (found.low, found.high) == pytest.approx((9360, 36116), abs=1.0)


@pytest.mark.parametrize(
    ("pair", "population"),
    [((0, 1), 7241.9), ((0, 2), 7136.5), ((0, 3), 6779.0), ((1, 2), 5971.6), ((1, 3), 9691.5), ((2, 3), 5461.7)],
)
def test_marginal_pairs_as_published(pair, population):
    table = hp.load("kosovo_1999")
    found = hp.sensitivity(table, "marginal", term=[table.lists[p] for p in pair], values=[1.0, 2.0])
    assert found.curve[0].population == pytest.approx(population, abs=0.051)
    assert found.curve[1].population > found.curve[0].population


def test_positive_dependence_raises_the_number():
    table = hp.load("kosovo_1999")
    found = hp.sensitivity(table, "marginal", term=table.lists[:2], values=[2.0])
    assert found.curve[0].population == pytest.approx(11449, abs=0.5)


@pytest.mark.parametrize("ratio", [0.2, 1.0, 3.7])
def test_two_lists_in_closed_form(ratio):
    table = hp.CaptureTable.from_counts(TWO)
    for kind in ("conditional", "marginal"):
        found = hp.sensitivity(table, kind, term=table.lists, values=[ratio])
        assert found.curve[0].population == pytest.approx(550 + ratio * 300 * 200 / 50, rel=1e-9)
    published = hp.sensitivity(table, "highest-order", values=[1.0 / ratio])
    assert published.curve[0].population == pytest.approx(550 + ratio * 300 * 200 / 50, rel=1e-9)


@pytest.mark.parametrize("n_lists", [2, 3, 4, 5])
def test_highest_order_is_the_closed_form(n_lists):
    table = Design(population=40_000, probabilities=(0.4, 0.35, 0.45, 0.3, 0.4)[:n_lists]).draw(seed=n_lists)
    for xi in (0.3, 1.0, 2.5):
        found = hp.sensitivity(table, "highest-order", values=[xi])
        assert found.curve[0].population - table.observed == pytest.approx(closed_form(table, xi), rel=1e-6)


def test_the_true_value_gives_the_true_number():
    design = Design(population=10**7, probabilities=(0.2, 0.3, 0.25, 0.3), odds_ratios={"1:2:3": 2.0, "pairs": 1.5})
    table = design.expected()
    found = hp.sensitivity(table, "conditional", term=table.lists[:3], values=[1.0, 2.0])
    assert found.curve[1].population == pytest.approx(10**7, rel=1e-4)
    assert abs(found.curve[0].population / 10**7 - 1.0) > 0.05


def test_the_band_is_over_every_three_lists():
    table = hp.load("kosovo_1999")
    found = hp.sensitivity(table, gamma=1.5)
    for three in combinations(table.lists, 3):
        one = hp.sensitivity(table, term=three, gamma=1.5)
        assert found.band[0] <= one.band[0] + 1e-6
        assert found.band[1] >= one.band[1] - 1e-6
    assert found.band[0] < found.low < found.population < found.high < found.band[1]


def test_break_even_values_give_the_threshold():
    table = hp.CaptureTable.from_counts(TWO)
    found = hp.sensitivity(table, threshold=4000)
    assert found.break_even == pytest.approx([(4000 - 550) / 1200], rel=1e-6)
    at = hp.sensitivity(table, values=[found.reaches * 1.001, found.reaches * 0.999]).curve
    assert at[0].low < 4000 < at[0].high
    assert at[1].high < 4000


def test_slope_is_the_derivative():
    table = hp.CaptureTable.from_counts(TWO)
    assert hp.sensitivity(table).slope == pytest.approx(1200 / 1750, rel=1e-5)


def test_a_belief_widens_the_interval_as_simulation_says():
    table = hp.CaptureTable.from_counts(TWO)
    found = hp.sensitivity(table, "marginal", elicited=(1.5, 3.0))
    generator = np.random.default_rng(5)
    ratio = 1.5 * np.exp(log(2.0) / 1.6448536 * generator.standard_normal(400_000))
    hidden = ratio * 1200
    spread = np.sqrt(1 / 300 + 1 / 200 + 1 / 50 + 1 / hidden)
    drawn = 550 + hidden * np.exp(spread * generator.standard_normal(ratio.size))
    assert found.elicited == pytest.approx(np.quantile(drawn, [0.5, 0.025, 0.975]), rel=0.02)


def test_values_that_the_data_refute_are_said_to_be():
    table = hp.load("kosovo_1999")
    found = hp.sensitivity(table, "marginal", term=table.lists[:2], values=[exp(-3)])
    assert found.curve[0].population is None
    with pytest.raises(NotEstimableError, match="refute"):
        hp.sensitivity(table, "marginal", term=table.lists[:2], elicited=(0.5, 1.0))


@pytest.mark.parametrize(
    "options",
    [{"values": [0.0]}, {"gamma": 1.0}, {"threshold": -5}, {"elicited": (2.0, 1.0)}, {"term": ["list_1"]},
     {"kind": "marginal", "model": "[12]"}, {"kind": "highest-order", "term": ["list_1", "list_2"]}],
)  # fmt: skip
def test_impossible_options(options):
    with pytest.raises(OptionError):
        hp.sensitivity(hp.CaptureTable.from_counts(TWO), **options)


def test_the_command(run):
    found = run("sensitivity", "kosovo_1999", "--kind", "highest-order", "--values", "1,2", "--json").json
    assert [round(point["population"], 1) for point in found[0]["curve"]] == [16941.9, 10670.9]
    assert len(run("sensitivity", "kosovo_1999", "--kind", "marginal", "--json").json) == 6
    assert run("sensitivity", "cottontail", "--values", "x").code == 2
    told = run("sensitivity", "kosovo_1999", "--values", "1", "--threshold", "10000").out
    assert "people follow only if" in told
