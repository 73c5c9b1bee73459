"""What a capture model says about itself, what it refuses, and how its numbers relate to those of other methods."""

from typing import get_args

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.estimators.capture_model import ModelName
from hiddenpop.registry import attempt

MODELS = get_args(ModelName)
HARE = hp.load("snowshoe_hare")
TWO_LISTS = {"10": 60, "01": 45, "11": 30}


def names(found):
    return [c.name for c in found.checks]


def failed(found):
    return [c.name for c in found.failed]


@pytest.mark.parametrize("model", MODELS)
def test_every_model_recovers_people_who_are_all_alike(model):
    alike = model in ("M0", "Mb", "Mbh") or model.startswith("Mh ")
    design = hp.Design(population=4000, probabilities=(0.35,) * 6 if alike else (0.3, 0.35, 0.25, 0.4, 0.3, 0.35))
    ratios = [hp.capture_model(design.draw(s), model=model).population / 4000 for s in range(6)]
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_what_a_fit_carries(model):
    found = hp.capture_model(HARE, model=model)
    fit = found.fit
    assert fit.model == model
    assert fit.exists
    assert fit.identifiable
    assert tuple(fit.coefficients) == fit.terms == tuple(fit.standard_errors)
    assert fit.df == 63 - len(fit.terms)
    assert fit.aic == pytest.approx(-2 * fit.loglik + 2 * len(fit.terms))
    assert fit.bic == pytest.approx(-2 * fit.loglik + np.log(68) * len(fit.terms))
    low, high = found.interval.low - 68, found.interval.high - 68
    assert low * high == pytest.approx(found.hidden**2)  # symmetric on the log of the hidden number


def test_mt_is_the_log_linear_model_of_independence(uk):
    ours, theirs = hp.capture_model(uk), hp.loglinear(uk)
    assert ours.population == pytest.approx(theirs.population, rel=1e-9)
    for quantity in ("se", "deviance", "df", "aic", "bic"):
        assert getattr(ours.fit, quantity) == pytest.approx(getattr(theirs.fit, quantity), rel=1e-7)
    profile = hp.capture_model(uk, interval="profile")
    other = hp.loglinear(uk, interval="profile")
    assert profile.interval.low == pytest.approx(other.interval.low, rel=1e-8)
    assert profile.interval.high == pytest.approx(other.interval.high, rel=1e-8)
    assert profile.fit.population_multinomial == pytest.approx(other.fit.population_multinomial, rel=1e-8)


def test_mt_on_two_lists_is_petersen_and_its_correction_chapman():
    table = hp.CaptureTable.from_counts(TWO_LISTS)
    assert hp.capture_model(table).population == pytest.approx(90 * 75 / 30)
    corrected = hp.capture_model(table, bias_corrected=True)
    chapman = hp.chapman(table)
    assert corrected.population == pytest.approx(chapman.population)
    assert corrected.fit.se == pytest.approx(chapman.fit.se)
    assert corrected.fit.population_uncorrected == pytest.approx(90 * 75 / 30)


@pytest.mark.parametrize("model", MODELS)
def test_two_lists_determine_only_the_simple_models(model):
    table = hp.CaptureTable.from_counts(TWO_LISTS)
    if model in ("M0", "Mt", "Mb", "Mh Chao (LB)", "Mth Chao (LB)"):
        assert hp.capture_model(table, model=model).population > 135
        return
    with pytest.raises(hp.NotEstimableError, match="not determined by 2 lists") as caught:
        hp.capture_model(table, model=model)
    assert caught.value.details["identifiable"] is False
    assert caught.value.details["terms"]


def test_mb_on_two_lists_is_the_removal_estimate():
    found = hp.capture_model(hp.CaptureTable.from_counts(TWO_LISTS), model="Mb")
    assert found.population == pytest.approx(90**2 / (90 - 45))


def test_a_negative_population_is_refused_with_its_reason():
    with pytest.raises(hp.NotEstimableError, match=r"94, 549, 1,082, 703, 316, and the formula gives -3,763") as caught:
        hp.capture_model(hp.load("uk_2013_5list"), model="Mb")
    assert caught.value.details["exists"] is False
    assert "order of time" in caught.value.hint


@pytest.mark.parametrize("model", MODELS)
def test_nothing_absurd_leaves_on_sparse_tables(model):
    generator = np.random.default_rng(4)
    given = 0
    for _ in range(60):
        k = int(generator.integers(2, 6))
        x = generator.random((int(generator.integers(3, 40)), k)) < generator.uniform(0.05, 0.6, k)
        x = x[x.any(axis=1)]
        table = hp.CaptureTable.from_records(x, [f"list_{i}" for i in range(k)])
        if table.n_lists < 2 or table.repeated < 10:
            continue
        found = attempt(table, "capture-model", model=model)
        if isinstance(found, hp.Refusal):
            assert isinstance(found.error, hp.NotEstimableError)
            assert found.error.details["terms"] or found.error.details["cells"]
            continue
        given += 1
        assert found.observed <= found.population < np.inf
        assert (found.interval is None) == (found.population == found.observed)
    assert given > 5


@pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")
def test_nobody_hidden_is_said_and_has_no_interval():
    found = hp.capture_model(hp.load("artificial_3"), model="Mh Darroch")
    assert found.population == found.observed == 96
    assert found.interval is None
    assert "nobody-hidden" in failed(found)
    assert found.fit.minus_infinity == ("intercept",)
    assert not found.fit.exists
    with pytest.raises(hp.NotEstimableError, match="bias correction"):
        hp.capture_model(hp.load("artificial_3"), model="Mh Darroch", bias_corrected=True)


@pytest.mark.parametrize("model", ["M0", "Mb", "Mt", "Mh Chao (LB)"])
def test_lists_that_share_nobody_are_refused_by_every_model(model):
    table = hp.CaptureTable.from_counts({"100": 60, "010": 40, "001": 25})
    with pytest.raises(hp.NotEstimableError, match="Nobody was seen twice"):
        hp.capture_model(table, model=model)


def test_nobody_on_three_of_twelve_lists():
    """All 4,095 histories go through the linear programme; Chao's eta are at minus infinity and leave Mt."""
    k = 12
    counts = {"".join("1" if i == j else "0" for i in range(k)): 10 + j for j in range(k)}
    counts |= {"".join("1" if i in (j, j + 2) else "0" for i in range(k)): 2 + j % 3 for j in range(k - 2)}
    table = hp.CaptureTable.from_counts(counts)
    assert hp.capture_model(table, model="Mth Darroch").population == table.observed
    chao, time = (hp.capture_model(table, model=model) for model in ("Mth Chao (LB)", "Mt"))
    assert chao.population == pytest.approx(time.population)
    assert chao.fit.left_out == tuple(f"eta_{j}" for j in range(3, k + 1))


def test_many_lists():
    table = hp.Design(population=3000, probabilities=(0.04,) * 40).draw(6)
    for model in ("M0", "Mh Darroch", "Mh Normal", "Mh Chao (LB)", "Mb", "Mbh"):
        assert hp.capture_model(table, model=model).population == pytest.approx(3000, rel=0.15)
    for model, most in (("Mt", 14), ("Mth Normal", 14), ("Mtb", 14), ("Mh Poisson2", 30)):
        with pytest.raises(hp.OptionError, match=f"at most {most}"):
            hp.capture_model(table, model=model)


def test_order_matters_to_behaviour_alone():
    turned = HARE.reorder(*reversed(HARE.lists))
    for model in MODELS:
        same = hp.capture_model(HARE, model=model).population == pytest.approx(
            hp.capture_model(turned, model=model).population, rel=1e-8
        )
        assert same == (model not in ("Mb", "Mbh", "Mtb")), model
        assert ("order-of-time" in names(hp.capture_model(HARE, model=model))) == (not same)


@pytest.mark.parametrize("model", ["Mt", "Mth Chao (LB)", "Mth Darroch", "Mtb"])
def test_lists_may_have_the_names_of_terms(model):
    names = ("eta_3", "heterogeneity", "intercept", "shift", "log_population", "captures")
    found = hp.capture_model(hp.CaptureTable.from_counts(HARE.to_counts(), names), model=model)
    assert found.population == pytest.approx(hp.capture_model(HARE, model=model).population, rel=1e-12)
    assert "list eta_3" in found.fit.terms


def test_a_lower_bound_says_so():
    found = hp.capture_model(HARE, model="Mh Chao (LB)")
    assert "lower-bound" in names(found)
    assert found.fit.left_out == ("eta_5",)
    assert "terms-left-out" in names(found)
    assert found.population < hp.capture_model(HARE, model="Mh Poisson2").population


def test_negative_differences_between_people_are_a_doubt():
    assert "negative-heterogeneity" in failed(hp.capture_model(hp.load("korea"), model="Mh Darroch"))
    assert "negative-heterogeneity" not in failed(hp.capture_model(HARE, model="Mh Darroch"))
    normal = hp.capture_model(hp.load("korea"), model="Mh Normal")  # its variance cannot be negative
    assert normal.fit.left_out == ("variance",)
    assert normal.population == pytest.approx(hp.capture_model(hp.load("korea"), model="M0").population)


def test_an_occasion_without_a_catch_is_said_where_it_would_count():
    counts = {history + "0": n for history, n in HARE.to_counts().items()}
    table = hp.CaptureTable.from_counts(counts)
    assert "occasions-left-out" in failed(hp.capture_model(table, model="M0"))
    assert "occasions-left-out" not in names(hp.capture_model(table, model="Mt"))


@pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")
@pytest.mark.parametrize(("model", "k", "p"), [("Mb", 6, 0.25), ("Mh Chao (LB)", 5, 0.3)])
def test_the_correction_takes_out_bias(model, k, p):
    plain, corrected = [], []
    design = hp.Design(population=100, probabilities=(p,) * k)
    for seed in range(400):
        try:
            found = hp.capture_model(design.draw(seed), model=model, bias_corrected=True)
        except hp.NotEstimableError:
            continue
        plain.append(found.fit.population_uncorrected)
        corrected.append(found.population)
    assert len(plain) > 380
    assert abs(np.mean(corrected) - 100) < 0.5 * abs(np.mean(plain) - 100)


def test_a_correction_that_adds_bias_says_so():
    """The published additions of Mt for more than two lists: in simulation the corrected estimate is the worse one."""
    plain, corrected = [], []
    design = hp.Design(population=300, probabilities=(0.25,) * 6)
    for seed in range(600):
        found = hp.capture_model(design.draw(seed), bias_corrected=True)
        assert "correction-adds-bias" in failed(found)
        plain.append(found.fit.population_uncorrected)
        corrected.append(found.population)
    assert np.mean(corrected) - 300 > abs(np.mean(plain) - 300)
    assert np.mean(corrected) - np.mean(plain) == pytest.approx(1.4, abs=0.1)
    assert "correction-adds-bias" not in failed(hp.capture_model(HARE, model="M0", bias_corrected=True))


def test_what_is_not_offered_is_refused():
    for model in ("Mh Normal", "Mth Normal", "Mtb", "Mth Gamma3.5"):
        with pytest.raises(hp.OptionError, match="No bias correction"):
            hp.capture_model(HARE, model=model, bias_corrected=True)
    with pytest.raises(hp.OptionError, match="no profile interval for Mh Normal"):
        hp.capture_model(HARE, model="Mh Normal", interval="profile")
    with pytest.raises(hp.OptionError, match="bias-corrected"):
        hp.capture_model(HARE, interval="profile", bias_corrected=True)
    with pytest.raises(hp.OptionError, match="Mth Darroch"):
        hp.capture_model(HARE, model="mth darroch")


@pytest.mark.parametrize(("interval", "model"), [("wald", "Mth Darroch"), ("profile", "Mb"), ("log-normal", "Mtb")])
def test_intervals_are_what_they_are_called(interval, model):
    found = hp.capture_model(HARE, model=model, interval=interval)
    assert found.interval.kind == interval
    assert 68 <= found.interval.low <= found.population <= found.interval.high


def test_the_log_normal_interval_covers_where_most_people_are_known():
    """That of `loglinear` leaves out the Poisson variation of the hidden number and covers far less."""
    ours = theirs = 0
    design = hp.Design(population=600, probabilities=(0.7, 0.6, 0.65))
    for seed in range(300):
        table = design.draw(seed)
        a, b = hp.capture_model(table).interval, hp.loglinear(table).interval
        ours += a.low <= 600 <= a.high
        theirs += b.low <= 600 <= b.high
    assert ours / 300 > 0.92
    assert ours > theirs + 15


def test_from_the_command_line(run):
    ran = run("estimate", "snowshoe_hare", "--method", "capture-model", "--option", "model=Mh Chao (LB)", "--json")
    assert ran.code == 0
    assert ran.json["population"] == pytest.approx(79.8371212, rel=1e-7)
    refused = run("estimate", "uk_2013_5list", "--method", "capture-model", "--option", "model=Mb", "--json")
    assert refused.code == 2
    assert refused.json["error"]["type"] == "NotEstimableError"
