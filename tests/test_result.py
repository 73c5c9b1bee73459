import json

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.result import plain


def test_an_estimate_that_cannot_be_one_never_leaves():
    for population in (float("nan"), float("inf"), 50.0):
        with pytest.raises(hp.NotEstimableError, match="cannot be an estimate"):
            hp.Estimate("m", population, None, 100)
    with pytest.raises(hp.NotEstimableError):
        hp.Estimate("m", 200.0, hp.Interval(100.0, float("inf"), 0.95, "wald"), 100)


def test_it_says_its_doubts(uk):
    found = hp.loglinear(uk, interactions=[("local_authority", "ngo"), ("ngo", "police")])
    lines = str(found).split("\n")
    assert lines[0] == "13,842 people (95% log-normal 12,170 to 15,812); 11,098 on no list"
    assert "that the model does not have" in lines[1]
    assert "<li>" in found._repr_html_()
    assert found.failed[0].name == "pair-overlaps"
    assert found.ratio == pytest.approx(13842.41196 / 2744)


def test_an_open_interval_is_said():
    found = hp.Estimate("m", 200.0, hp.Interval(150.0, None, 0.95, "profile"), 100)
    assert str(found) == "200 people (95% profile 150 upwards, without upper limit); 100 on no list"
    assert found.to_frame().loc[0, "low"] == 150
    assert str(hp.Estimate("m", 200.0, None, 100)) == "200 people (no interval); 100 on no list"


def test_draws_survive_json():
    found = hp.Estimate("m", 200.0, None, 100, draws=np.array([1.5, 2.5]))
    back = hp.Estimate.from_dict(json.loads(json.dumps(found.to_dict())))
    assert back.draws.tolist() == [1.5, 2.5]


def test_plain_values():
    assert plain({"a": np.float64("nan"), "b": (np.int64(3), {1.5})}) == {"a": None, "b": [3, [1.5]]}


@pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")
def test_frame_holds_refusals_too():
    every = hp.frame(hp.compare(hp.load("artificial_3"), seed=1))
    assert (every.population > 96).all()
    refused = hp.frame([hp.Refusal("m", hp.DataError("why not"))])
    assert refused.loc[0, "reason"] == "why not"
    assert str(hp.Refusal("m", hp.DataError("Why not.", hint="Do this."))) == "m gives no estimate: Why not. Do this."
