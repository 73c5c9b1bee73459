"""`graphical`: what it says of its answer, what it refuses, and what it takes as a prior."""

import pytest
from scipy.stats import lognorm, nbinom

import hiddenpop as hp


@pytest.fixture(scope="module")
def uk5():
    return hp.load("uk_2013_5list")


def failed(estimate):
    return {check.name for check in estimate.checks if check.passed is False}


def test_two_answers_are_reported_as_two(uk5):
    found = hp.graphical(uk5, seed=1)
    low, high = found.fit.modes
    assert (low["population"], high["population"]) == (pytest.approx(11_719, abs=5), pytest.approx(24_309, abs=5))
    assert low["probability"] + high["probability"] == pytest.approx(1.0, abs=0.01)
    assert "several-modes" in failed(found)
    assert sum(graph["weight"] for graph in found.fit.graphs) > 0.99
    best = found.fit.graphs[0]["cliques"]
    assert best == [["general_public", "ngo"], ["government", "police_nca"], ["local_authority", "ngo", "police_nca"]]


def test_a_prior_that_counts_as_people_is_noticed(uk5):
    found = hp.graphical(uk5, delta=0.5, seed=1)
    assert found.population < 3000  # the known trap
    assert "prior-weight" in failed(found)
    assert "prior-weight" not in failed(hp.graphical(uk5, seed=1))


@pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")
def test_a_saturated_graph_that_carries_weight_is_noticed():
    found = hp.graphical(hp.load("artificial_3"), seed=1)
    left_out = hp.graphical(hp.load("artificial_3"), saturated=False, seed=1)
    assert found.fit.saturated_weight == pytest.approx(0.2993, abs=1e-3)
    assert "saturated-weight" in failed(found)
    assert left_out.fit.saturated_weight == 0
    assert "saturated-weight" not in failed(left_out)
    assert left_out.fit.graphs[0]["weight"] == pytest.approx(found.fit.graphs[1]["weight"] / (1 - 0.29926468), rel=1e-6)


def test_heavy_tails_and_cut_grids_are_noticed():
    korea = hp.load("korea")
    assert "heavy-tail" in failed(hp.graphical(korea, seed=1))
    assert "grid-end" in failed(hp.graphical(korea, max_hidden=200, seed=1))
    assert "grid-end" not in failed(hp.graphical(hp.load("kosovo_1999"), max_hidden=200_000, seed=1))


def test_priors_by_name_and_frozen_are_the_same(uk5):
    by_name = hp.graphical(uk5, prior="negbin(size=2,mean=20000)", seed=1)
    frozen = hp.graphical(uk5, prior=nbinom(2, 2 / 20_002), seed=1)
    assert frozen.population == pytest.approx(by_name.population, abs=1)
    assert "nbinom" in frozen.provenance.options["prior"]
    elicited = hp.graphical(uk5, prior="lognormal(median=11000,upper=14000)", seed=1)
    again = hp.graphical(uk5, prior=lognorm(0.14661, scale=11_000), seed=1)
    assert elicited.population == pytest.approx(again.population, rel=1e-3)
    assert elicited.population < by_name.population
    with pytest.raises(hp.OptionError, match="Expected text or a frozen distribution"):
        hp.graphical(uk5, prior=3, seed=1)


@pytest.mark.parametrize(
    "options",
    [
        {"delta": 0.0}, {"delta": float("inf")}, {"edge_probability": 1.0}, {"max_hidden": 0}, {"grid_step": 5},
        {"max_hidden": 10, "grid_step": 11}, {"chains": 1}, {"steps": 10}, {"draws": 1}, {"prior": "Jeffreys"},
    ],
)  # fmt: skip
def test_options_out_of_range(uk5, options):
    with pytest.raises(hp.OptionError):
        hp.graphical(uk5, **options)


def test_eight_lists_by_chains_that_meet_or_are_refused():
    table = hp.load("new_orleans")
    found = hp.graphical(table, seed=1)
    assert found.fit.rhat <= 1.01
    assert found.fit.log_evidence is None
    assert hp.graphical(table, seed=2).population == pytest.approx(found.population, rel=0.03)
    with pytest.raises(hp.ConvergenceError, match="have not met") as caught:
        hp.graphical(table, steps=1000, chains=2, seed=1)
    assert set(caught.value.details) == {"rhat", "ess_bulk", "ess_tail"}


@pytest.mark.slow
def test_seven_lists_are_averaged_exactly():
    table = hp.load("new_orleans")
    found = hp.graphical(table.keep(*table.lists[:7]), seed=1)
    assert found.fit.n_graphs == 617_675
    assert found.fit.rhat is None
