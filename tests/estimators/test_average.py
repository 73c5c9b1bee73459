"""loglinear-average: what it weighs, what it says about the prior, and what it refuses."""

import sys

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.captures import CaptureTable
from hiddenpop.numerics.average import build_candidates
from hiddenpop.numerics.average_criterion import average_by_criterion
from hiddenpop.registry import attempt
from hiddenpop.result import Refusal

MODELS = ["[1,2,3]", "[12,3]", "[13,2]", "[23,1]", "[12,13]", "[12,23]", "[13,23]", "[12,13,23]"]


def checks(estimate, name):
    return [c for c in estimate.checks if c.name == name]


def named(estimate, table):
    """{set of terms by list names: weight}."""
    places = {str(i + 1): name for i, name in enumerate(table.lists)}
    return {
        frozenset(frozenset(places[p] for p in term) for term in m["model"].strip("[]").split(",")): m["weight"]
        for m in estimate.fit.models
    }


@pytest.mark.parametrize("criterion", ["bic", "aic", "aicc"])
def test_criterion_weights_are_those_of_single_fits(criterion, easy):
    found = hp.loglinear_average(easy, weights=criterion, seed=1)
    fits = {model: hp.loglinear(easy, model=model) for model in MODELS}
    n = easy.observed
    score = {}
    for model, one in fits.items():
        p = len(one.fit.terms)
        correction = 2 * p * (p + 1) / (n - p - 1)
        score[model] = {"bic": one.fit.bic, "aic": one.fit.aic, "aicc": one.fit.aic + correction}[criterion]
    least = min(score.values())
    weight = {model: np.exp((least - s) / 2) for model, s in score.items()}
    total = sum(weight.values())
    assert len(found.fit.models) == 8
    for entry in found.fit.models:
        one = next(f for f in fits.values() if f.fit.model == entry["model"])
        at = next(m for m, f in fits.items() if f is one)
        assert entry["weight"] == pytest.approx(weight[at] / total, rel=1e-6)
        assert entry["population"] == pytest.approx(one.population, rel=1e-8)
    assert min(f.population for f in fits.values()) < found.population < max(f.population for f in fits.values())
    assert found.fit.effective_draws is None
    assert found.fit.prior_sensitivity == {}


@pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")
def test_only_models_with_an_estimate_are_weighed_by_a_criterion():
    table = hp.load("artificial_3")
    found = hp.loglinear_average(table, weights="aic", seed=1)
    tried = [attempt(table, "loglinear", model=model) for model in MODELS]
    good = {one.fit.model for one in tried if not isinstance(one, Refusal)}
    assert 0 < len(good) < len(MODELS)
    assert {m["model"] for m in found.fit.models} == good
    assert found.fit.n_estimable == len(good)


def test_one_model_alone_has_the_interval_of_its_normal_approximation(easy):
    found = hp.loglinear_average(easy, weights="bic", max_order=1, seed=1)
    one = hp.loglinear(easy, interval="wald")
    assert [m["weight"] for m in found.fit.models] == [1.0]
    width = found.interval.high - found.interval.low
    assert width == pytest.approx(one.interval.high - one.interval.low, rel=0.05)
    assert found.population == pytest.approx(one.population, rel=0.01)


def test_an_infinite_criterion_is_refused():
    few = CaptureTable.from_counts({"110": 1, "011": 1, "100": 1, "001": 1})
    with pytest.warns(hp.SparseOverlapWarning):
        assert hp.loglinear_average(few, seed=1).population > 4
    with pytest.raises(hp.NotEstimableError, match="aicc of every model with an estimate is infinite"):
        hp.loglinear_average(few, weights="aicc")


def test_a_narrow_prior_is_independence(easy):
    narrow = hp.loglinear_average(easy, interaction_sd=1e-4, seed=1)
    alone = hp.loglinear_average(easy, max_order=1, seed=1)
    assert narrow.population == pytest.approx(alone.population, rel=2e-3)
    assert narrow.interval.high == pytest.approx(alone.interval.high, rel=5e-3)
    assert [m["weight"] for m in narrow.fit.models] == pytest.approx([1 / 8] * 8, abs=0.01)
    assert alone.fit.interactions == ()
    assert checks(alone, "prior-sensitivity") == []


def test_strong_dependence_is_found_and_independence_is_not_excluded():
    table = hp.Design(population=20_000, probabilities=(0.1, 0.1, 0.1), odds_ratios={"1:2": 4.0}).draw(3)
    found = hp.loglinear_average(table, seed=1)
    by_term = {i["term"]: i for i in found.fit.interactions}
    strong = by_term[":".join(table.lists[:2])]
    assert strong["probability"] > 0.9
    assert abs(strong["mean"] - np.log(4.0)) < 4 * strong["sd"]
    assert all(i["probability"] < 0.9 for i in by_term.values() if i is not strong)
    assert found.interval.low < 20_000 < found.interval.high
    assert hp.loglinear(table).interval.high < 20_000


def test_draws_are_those_of_the_interval(uk):
    table = uk.drop("nca")
    found = hp.loglinear_average(table, draws=50_000, seed=2)
    assert found.draws.size == 50_000
    for share, population in found.fit.quantiles.items():
        assert (found.draws <= population).mean() == pytest.approx(float(share), abs=0.01)
    again = hp.loglinear_average(table, draws=100, seed=2)
    assert again.population == found.population
    assert again.interval == found.interval


def test_another_seed_says_the_same():
    table = hp.load("kosovo_1999")
    found = [hp.loglinear_average(table, seed=s) for s in (1, 2, 3)]
    populations = [f.population for f in found]
    spread = found[0].interval.high - found[0].interval.low
    assert max(populations) - min(populations) < 0.03 * spread
    assert len(set(populations)) == 3


def test_order_of_lists_moves_names_and_nothing_else():
    table = hp.load("kosovo_1999")
    turned = table.reorder(table.lists[2], table.lists[0], table.lists[3], table.lists[1])
    for options in ({}, {"weights": "bic"}):
        a, b = (hp.loglinear_average(t, seed=4, **options) for t in (table, turned))
        assert a.population == b.population
        assert a.interval == b.interval
        first, second = named(a, table), named(b, turned)
        assert first.keys() == second.keys()
        assert all(second[model] == weight for model, weight in first.items())


def test_inclusion_probabilities_are_sums_of_weights():
    table = hp.load("korea")
    found = hp.loglinear_average(table, seed=5)
    assert sum(m["weight"] for m in found.fit.models) == pytest.approx(1.0)
    for entry in found.fit.interactions:
        pair = frozenset(entry["term"].split(":"))
        mass = sum(w for model, w in named(found, table).items() if any(pair <= term for term in model))
        assert entry["probability"] == pytest.approx(mass)
        assert entry["prior_sd"] == 1.5


def test_pairs_prior_keeps_every_pair():
    table = hp.load("kosovo_1999")
    found = hp.loglinear_average(table, model_prior="pairs", seed=6)
    pairs = [i for i in found.fit.interactions if i["lists"] == 2]
    assert len(pairs) == 6
    assert all(i["probability"] == pytest.approx(1.0) for i in pairs)
    triples = [i for i in found.fit.interactions if i["lists"] == 3]
    assert all(i["prior_sd"] == 0.75 for i in triples)
    assert "model_prior=uniform" in found.fit.prior_sensitivity
    with pytest.raises(hp.OptionError, match="contradict"):
        hp.loglinear_average(table, model_prior="pairs", max_order=1)


def test_dependence_on_the_prior_is_said():
    with pytest.warns(hp.SparseOverlapWarning):
        found = hp.loglinear_average(hp.load("artificial_3"), seed=7)
    assert [c.passed for c in checks(found, "prior-sensitivity")].count(False) >= 1
    assert [c.passed for c in checks(found, "prior-dominated")] == [False]
    assert [c.passed for c in checks(found, "interval-width")] == [False]
    many = hp.Design(population=50_000, probabilities=(0.4,) * 4, odds_ratios={"pairs": 2.0})
    sure = hp.loglinear_average(many.draw(1), seed=7)
    assert all(c.passed for c in checks(sure, "prior-sensitivity"))
    assert set(found.fit.prior_sensitivity) == {"interaction_sd=0.75", "interaction_sd=3", "model_prior=pairs"}


@pytest.mark.parametrize(("few", "hopeless", "interval"), [(0, 0, True), (1e9, 0, True), (1e9, 1e9, False)])
def test_too_few_effective_draws_are_said(monkeypatch, easy, few, hopeless, interval):
    module = sys.modules[hp.loglinear_average.__module__]  # in the package, the function has taken its name
    monkeypatch.setattr(module, "FEW_EFFECTIVE", few)
    monkeypatch.setattr(module, "HOPELESS", hopeless)
    found = hp.loglinear_average(easy, seed=8)
    assert [c.passed for c in checks(found, "effective-draws")] == [few == 0]
    assert (found.interval is not None) == interval
    assert bool(checks(found, "no-interval")) != interval


def test_six_lists_have_pairs_only(uk):
    found = hp.loglinear_average(uk, model_prior="pairs", seed=9)
    assert found.fit.max_order == 2
    assert checks(found, "pairs-only")
    with pytest.raises(hp.OptionError, match="max_order=3 is not between 1 and 2"):
        hp.loglinear_average(uk, max_order=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_order": 0}, "max_order=0"),
        ({"max_order": 3}, "max_order=3"),
        ({"interaction_sd": 0.0}, "interaction_sd=0.0"),
        ({"interaction_sd": 11}, "interaction_sd=11"),
        ({"interaction_sd": float("nan")}, "interaction_sd=nan"),
        ({"draws": 99}, "draws=99"),
        ({"draws": 10**6}, "draws=1000000"),
        ({"weights": "dic"}, "weights='dic'"),
    ],
)
def test_refuses_options_out_of_range(easy, options, message):
    with pytest.raises(hp.OptionError, match=message):
        hp.loglinear_average(easy, **options)


@pytest.mark.parametrize("weights", ["bayes", "bic"])
def test_refuses_a_list_with_everybody(weights):
    table = CaptureTable.from_counts({"100": 30, "110": 20, "101": 10, "111": 5})
    with pytest.raises(hp.NotEstimableError, match="Everybody known is on the list") as caught:
        hp.loglinear_average(table, weights=weights)
    assert caught.value.details["terms"] == [table.lists[0]]


def test_a_single_person_on_two_lists_is_enough_for_a_wide_answer():
    table = CaptureTable.from_counts({"100": 30, "010": 20, "001": 10, "110": 1})
    with pytest.warns(hp.SparseOverlapWarning):
        found = hp.loglinear_average(table, seed=10)
    assert found.interval.high > 20 * found.interval.low
    assert [c.passed for c in checks(found, "interval-width")] == [False]


def test_models_that_a_fit_does_not_settle_are_settled():
    counts = {1: 40, 2: 30, 4: 20, 3: 6}  # lists 1 and 2 overlap, list 3 with neither
    masks, people = np.array(list(counts)), np.array(list(counts.values()))
    average = average_by_criterion(build_candidates(3, 2, masks, people, "uniform"), "bic")
    assert np.array_equal(average.estimable == 1, average.weight > 0)
    assert average.weight.sum() == pytest.approx(1.0)
