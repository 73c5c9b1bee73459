"""Combining estimates of several tables: the published formulas by hand, and what is refused."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.result import Estimate, Interval

N0 = ([90.0, 100.0, 110.0, 120.0], [80.0, 100.0, 125.0, 95.0], [100.0, 130.0, 140.0, 90.0])
OBSERVED = (200, 204, 202)


def drawn():
    return [
        Estimate("latent-class", float(np.median(n0)) + n, Interval(n + min(n0), n + max(n0), 0.95, "credible"), n,
                 draws=np.array(n0) + n)
        for n0, n in zip(N0, OBSERVED, strict=True)
    ]  # fmt: skip


def test_the_formulas_by_hand():
    logs = [np.log(n0) for n0 in N0]
    within = np.mean([log.var(ddof=1) for log in logs])
    between = np.var([log.mean() for log in logs], ddof=1)
    total = within + 4 / 3 * between
    degrees = 2 * (1 + within / (4 * between)) ** 2
    from scipy.stats import t

    half = t.ppf(0.975, degrees) * total**0.5
    middle = np.mean([log.mean() for log in logs])
    found = hp.combine(drawn())
    assert found.fit.degrees == pytest.approx(degrees)
    assert found.interval.low == pytest.approx(202 + np.exp(middle - half))
    assert found.interval.high == pytest.approx(202 + np.exp(middle + half))
    assert found.population == pytest.approx(202 + np.mean(N0))
    assert found.interval.kind == "combined"
    assert not next(check for check in found.checks if check.name == "tables-combined").passed


def test_a_mixture_puts_draws_together():
    found = hp.combine(drawn(), rule="mixture")
    every = np.concatenate([np.array(n0) + n for n0, n in zip(N0, OBSERVED, strict=True)])
    assert found.population == pytest.approx(np.median(every))
    assert (found.interval.low, found.interval.high) == pytest.approx(tuple(np.quantile(every, [0.025, 0.975])))


def test_equal_tables_give_the_interval_of_one(korea):
    one = hp.loglinear(korea)
    found = hp.estimate_replicates([korea] * 12, "loglinear")
    assert found.population == pytest.approx(one.population)
    assert (found.interval.low, found.interval.high) == pytest.approx((one.interval.low, one.interval.high))
    assert found.fit.between == 0


def test_differences_between_tables_widen_the_interval(korea):
    counts = korea.to_counts()
    more, fewer = (
        hp.CaptureTable.from_counts({h: n + (move if h == "111" else 0) for h, n in counts.items()}) for move in (4, -4)
    )
    same = hp.estimate_replicates([korea] * 12, "loglinear").interval
    found = hp.estimate_replicates([more, fewer] * 6, "loglinear").interval
    assert found.high - found.low > 1.02 * (same.high - same.low)


def test_what_cannot_be_combined(korea):
    apart = hp.CaptureTable.from_counts({"100": 5, "010": 6, "001": 7})
    with pytest.raises(hp.NotEstimableError, match="1 of 2 tables"):
        hp.estimate_replicates([korea, apart], "loglinear")
    found = hp.estimate_replicates([korea] * 10 + [apart], "loglinear")
    assert found.fit.failed == 1
    assert not next(check for check in found.checks if check.name == "tables-without-estimate").passed
    with pytest.raises(hp.OptionError, match="posterior draws"):
        hp.estimate_replicates([korea] * 3, "loglinear", rule="mixture")


@pytest.fixture
def korea():
    return hp.load("korea")
