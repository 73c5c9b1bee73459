import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.options import read_option
from hiddenpop.registry import METHODS, find_method


def test_unknown_methods_and_options_are_answered_with_near_ones(uk):
    with pytest.raises(hp.UnknownNameError, match="Did you mean 'loglinear'"):
        hp.estimate(uk, "loglinar")
    with pytest.raises(hp.UnknownNameError, match="'interval'"):
        hp.loglinear(uk, intervall="wald")
    with pytest.raises(hp.OptionError, match="Expected log-normal or profile or wald"):
        hp.loglinear(uk, interval="bca")


def test_compare_runs_what_applies_and_keeps_refusals(uk, two_lists):
    assert {r.method for r in hp.compare(uk, seed=1)} == {
        "chao", "zelterman", "sample-coverage", "capture-model", "loglinear", "loglinear-search",
        "loglinear-stepwise", "loglinear-average", "loglinear-shrinkage", "graphical",
    }  # fmt: skip
    every = hp.compare(hp.load("hepatitis_a_taiwan"), seed=1, sampling=True)
    assert "latent-class" in {r.method for r in every}
    assert {"chapman", "lincoln-petersen"} <= {r.method for r in hp.compare(two_lists)}
    assert {r.method for r in hp.compare(hp.load("geckos"))} == {"chao", "zelterman"}
    apart = hp.CaptureTable.from_counts({"100": 5, "010": 6, "001": 7})
    assert all(isinstance(r, hp.Refusal) for r in hp.compare(apart))


def test_estimates_by_stratum():
    found = hp.estimate_by(hp.load("bangladesh_pwid"), "chapman", "district")
    assert found["Dhaka",].population == pytest.approx((950 + 809 + 1) * (2627 + 809 + 1) / 810 - 1)
    sparse = hp.estimate_by(hp.load("spina_bifida_ny"), "sample-coverage", "ethnicity", seed=1)
    assert isinstance(sparse["other",], hp.Refusal)


def test_two_of_more_lists(uk):
    found = hp.chapman(uk, lists=("police", "ngo"))
    assert found.observed == 1102 + 567 - 65
    assert "lists-left-out" in [c.name for c in found.checks]
    with pytest.raises(hp.DataError, match=r"needs exactly 2 lists; the table has 6.*lists=local_authority,ngo"):
        hp.chapman(uk)


@pytest.mark.parametrize(
    ("method", "name", "text", "value"),
    [
        ("loglinear", "interactions", "a:b,b:c", [("a", "b"), ("b", "c")]),
        ("loglinear", "interactions", "all", "all"),
        ("loglinear", "model", "[12,3]", "[12,3]"),
        ("chapman", "lists", "a,b", ("a", "b")),
        ("chao", "bias_corrected", "no", False),
        ("sample-coverage", "replicates", "500", 500),
        ("sample-coverage", "level", "0.9", 0.9),
    ],
)
def test_options_are_read_by_their_declared_type(method, name, text, value):
    assert read_option(name, find_method(method).options[name][0], text) == value


@pytest.mark.parametrize(
    ("method", "name", "text"),
    [("loglinear", "interactions", "a-b"), ("sample-coverage", "replicates", "many"), ("chapman", "lists", "a"),
     ("chao", "bias_corrected", "perhaps")],
)  # fmt: skip
def test_options_that_cannot_be_read_say_what_is_expected(method, name, text):
    with pytest.raises(hp.OptionError, match="Expected"):
        read_option(name, find_method(method).options[name][0], text)


def test_every_method_is_described():
    for method in METHODS.values():
        row = method.to_dict()
        assert set(row) == {"method", "summary", "family", "takes", "lists", "extra", "options", "reference"}
        assert row["reference"]


def test_every_method_takes_and_records_a_seed_and_numpy_numbers(uk):
    found = hp.chao(uk, seed=np.int64(7), level=np.float64(0.9))
    assert found.provenance.seed == 7
    assert type(found.interval.level) is float
    assert hp.sample_coverage(uk, replicates=np.int64(100), seed=1).provenance.options["replicates"] == 100


def test_what_was_returned_does_not_change(uk):
    found = hp.chao(uk)
    with pytest.raises(TypeError):
        found.provenance.options["x"] = 1
    with pytest.raises(TypeError):
        hp.load("geckos").frequencies[1] = 5


@pytest.mark.parametrize("call", [lambda: hp.check(3), lambda: hp.overlap(hp.load("geckos")), lambda: hp.compare(3),
                                  lambda: hp.CaptureTable.from_counts([3, 4]),
                                  lambda: hp.SightingCounts.from_frequencies({1: float("nan")}),
                                  lambda: hp.SightingCounts.from_frequencies({1: "x"})])  # fmt: skip
def test_wrong_objects_end_in_one_message(call):
    with pytest.raises(hp.DataError):
        call()


def test_a_model_and_interactions_together_are_refused(uk):
    with pytest.raises(hp.OptionError, match="not both"):
        hp.loglinear(uk, model="[12,3]", interactions="all")
    with pytest.raises(hp.UnknownNameError, match="'police'"):
        hp.loglinear(uk, interactions=[("polce", "ngo")])
