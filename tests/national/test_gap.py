"""Gap figures: they agree with each other, add up, and come from the same draws."""

import numpy as np
import pandas as pd
import pytest

import hiddenpop as hp

FOUND = hp.estimate_strata(hp.load("bangladesh_pwid"), "chapman", seed=1)
BASE = {("Dhaka",): 10_000_000.0, ("Chapai Nawabganj",): 1_600_000.0}


def test_figures_agree_with_each_other_and_totals_are_sums():
    rows = hp.gap_figures(FOUND, BASE).set_index("district")
    parts, total = rows.drop("total"), rows.loc["total"]
    for name in ("observed", "population", "hidden"):
        assert parts[name].sum() == pytest.approx(total[name])
    for name in ("", "_low", "_high"):
        assert np.allclose(rows["population" + name] - rows["observed"], rows["hidden" + name])
    assert np.allclose(rows["coverage"] * rows["ratio"], 1.0)
    assert np.allclose(rows["coverage_low"] * rows["ratio_high"], 1.0, rtol=1e-3)
    assert parts["share"].sum() == pytest.approx(1.0)
    assert total["rate"] == pytest.approx(total["population"] / 116.0)
    assert rows.loc["Dhaka", "detected_rate"] == pytest.approx(4386 / 100.0)


def test_every_value_lies_within_its_interval():
    rows = hp.gap_figures(FOUND, BASE)
    for name in ("population", "hidden", "coverage", "ratio", "share", "rate"):
        assert (rows[f"{name}_low"] <= rows[name]).all()
        assert (rows[name] <= rows[f"{name}_high"]).all()


def test_the_share_of_a_group_has_the_interval_of_its_draws():
    rows = hp.gap_figures(FOUND).set_index("district")
    share = FOUND.draws[0] / FOUND.draws.sum(axis=0)
    low, high = np.quantile(share, [0.025, 0.975])
    label = FOUND.labels[0][0]
    assert (rows.loc[label, "share_low"], rows.loc[label, "share_high"]) == pytest.approx((low, high))


def test_a_single_estimate_has_a_total_only():
    rows = hp.gap_figures(hp.chapman(hp.load("bangladesh_pwid")), {(): 1e6})
    assert len(rows) == 1
    assert rows["rate"].iloc[0] == pytest.approx(rows["population"].iloc[0] / 10.0)


def test_denominators_as_a_frame():
    frame = pd.DataFrame({"district": [k[0] for k in BASE], "people": list(BASE.values())})
    assert hp.gap_figures(FOUND, frame).equals(hp.gap_figures(FOUND, BASE))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({("Dhaka",): 1e7}, "Chapai Nawabganj: none given"),
        (BASE | {("Dhaka",): 100.0}, "Dhaka: 100 inhabitants, 4,386 people known"),
        (pd.DataFrame({"district": ["Dhaka"]}), "no column people"),
    ],
)
def test_denominators_that_do_not_fit(given, says):
    with pytest.raises(hp.DataError, match=says):
        hp.gap_figures(FOUND, given)
