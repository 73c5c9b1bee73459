"""`latent-class`: what it says of its answer, what it refuses, and what its options do."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.errors import ConvergenceError, NotEstimableError, OptionError

SHORT = {"draws": 100, "warmup": 100, "thin": 1, "most_thin": 1}


@pytest.fixture(scope="module")
def korea():
    return hp.load("korea")


@pytest.fixture(scope="module")
def plain(korea):
    return hp.latent_class(korea, seed=1, floor=0.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": 1}, "classes=1 is not between 2 and 50"),
        ({"classes": 51}, "classes=51 is not between 2 and 50"),
        ({"b": 0.0}, "b=0.0: both must be positive"),
        ({"a": float("inf")}, "a=inf, b=0.25: both must be positive"),
        ({"a": -1.0}, "a=-1.0 must be positive with a gamma prior"),
        ({"alpha_prior": "normal"}, "alpha_prior='normal'"),
        ({"floor": 1.5}, "floor=1.5 is not between 0 and 1"),
        ({"chains": 1}, "chains=1 is not between 2 and 100"),
        ({"draws": 10}, "draws=10 is not between 100 and 100,000"),
        ({"warmup": -1}, "warmup=-1 is not between"),
        ({"thin": 8, "most_thin": 4}, "thin=8 is not between 1 and most_thin=4"),
        ({"prior": "lognormal(median=200,upper=300)"}, "cannot be used here"),
        ({"prior": "1/N(max=100)"}, "max is below the 123 people seen"),
    ],
)
def test_options_out_of_range_are_refused(korea, options, message):
    with pytest.raises(OptionError) as caught:
        hp.latent_class(korea, seed=1, **options)
    assert message in str(caught.value)
    assert caught.value.hint


def test_a_negative_mean_of_log_alpha_is_no_fault(korea, plain):
    found = hp.latent_class(korea, seed=1, alpha_prior="lognormal", a=-1.0, b=1.0)
    assert found.fit.rhat <= 1.01
    assert found.interval.low < plain.population < found.interval.high
    assert found.fit.alpha != plain.fit.alpha


def test_nobody_on_two_lists():
    table = hp.CaptureTable.from_counts({"100": 30, "010": 20, "001": 10})
    with pytest.raises(NotEstimableError, match="Nobody is on two lists"):
        hp.latent_class(table, seed=1)


def test_chains_that_have_not_met_are_refused_and_say_where_they_are():
    table = hp.load("uk_2013")
    with pytest.raises(ConvergenceError, match="The chains have not met: R-hat") as caught:
        hp.latent_class(table, seed=1, **SHORT)
    assert "most_thin=4" in caught.value.hint
    details = caught.value.details
    assert details["rhat"] > 1.01 or min(details["ess_bulk"], details["ess_tail"]) < 400
    assert len(details["medians"]) == 4
    assert all(median > table.observed for median in details["medians"])
    assert sum(mode["probability"] for mode in details["modes"]) == pytest.approx(1.0, abs=0.05)
    found = hp.latent_class(table, seed=1, allow_unconverged=True, **SHORT)
    check = next(check for check in found.checks if check.name == "convergence")
    assert check.passed is False
    assert "Do not publish it" in check.message
    assert (found.fit.rhat, list(found.fit.per_chain)) == (details["rhat"], details["medians"])


def test_everybody_is_above_no_floor(korea, plain):
    above = plain.fit.above_floor
    assert above["floor"] == 0.0
    assert above["population"] == pytest.approx(plain.population, rel=1e-9)
    assert above["low"] == pytest.approx(plain.interval.low, rel=1e-9)
    assert above["high"] == pytest.approx(plain.interval.high, rel=1e-9)
    high = hp.latent_class(korea, seed=1, floor=0.9)
    assert high.population == plain.population  # the floor changes what is counted, not what is drawn
    assert high.fit.above_floor["population"] < plain.population


def test_the_answer_is_that_of_its_draws(korea, plain):
    assert plain.draws.size == 4000
    assert plain.population == np.median(plain.draws)
    assert (plain.interval.low, plain.interval.high) == tuple(np.quantile(plain.draws, [0.025, 0.975]))
    assert {check.passed for check in plain.checks if check.name == "convergence"} == {True}
    assert 0.0 < plain.fit.missed < 1.0


def test_a_strong_prior_pulls(korea, plain):
    high = hp.latent_class(korea, prior="negbin(size=1000,mean=220)", seed=1)
    low = hp.latent_class(korea, prior="negbin(size=1000,mean=124)", seed=1)
    assert low.population < plain.population < high.population
    assert 160 < high.population < 220


def test_a_largest_population_binds(korea, plain):
    found = hp.latent_class(korea, prior="1/N(max=140)", seed=1)
    assert plain.draws.max() > 140 >= found.draws.max()
    assert 123 < found.population < plain.population


def test_thirty_lists_are_no_trouble():
    # an array of 2^30 numbers would take 8 GB
    table = hp.Design(population=2000, probabilities=(0.03,) * 30).draw(1)
    found = hp.latent_class(
        table, seed=1, allow_unconverged=True, classes=5, draws=100, warmup=200, thin=1, most_thin=1
    )
    assert found.interval.low < 2000 < found.interval.high


@pytest.mark.slow
def test_eight_seeds_give_one_answer_or_none():
    medians = []
    for seed in range(1, 9):
        try:
            medians.append(hp.latent_class(hp.load("uk_2013_5list"), seed=seed).population)
        except hp.ConvergenceError:
            continue
    assert medians
    assert max(medians) / min(medians) < 1.03
