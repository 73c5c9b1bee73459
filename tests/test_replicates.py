"""Combining estimates of several tables: the published formulas by hand, and what is refused."""

import numpy as np
import pandas as pd
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


def tabulated(shared):
    people = {"10": 90, "01": 80, "11": shared}, {"10": 50, "01": 60, "11": shared}
    rows = [(year, int(h[0]), int(h[1]), n) for year, one in zip("ab", people, strict=True) for h, n in one.items()]
    frame = pd.DataFrame(rows, columns=["year", "police", "ngo", "count"])
    return hp.read_captures(frame, ["police", "ngo"], "count", ["year"])


def test_strata_of_equal_tables_are_those_of_one():
    table = hp.load("bangladesh_pwid")
    one = hp.estimate_strata(table, "chapman", seed=1)
    found = hp.estimate_strata_replicates([table] * 4, "chapman", seed=1)
    assert found.labels == one.labels
    assert found.draws.shape == one.draws.shape
    assert found.total.population == pytest.approx(one.total.population)
    assert found.total.interval.low == pytest.approx(one.total.interval.low, rel=0.01)
    assert found.total.interval.high == pytest.approx(one.total.interval.high, rel=0.01)
    assert [part.observed for part in found.parts] == [part.observed for part in one.parts]


def test_strata_of_tables_that_differ_are_put_together():
    tables = [tabulated(shared) for shared in (20, 25, 30)]
    found = hp.estimate_strata_replicates(tables, "chapman", seed=1)
    apart = [hp.estimate_strata(table, "chapman", draws=1334, seed=1).draws for table in tables]
    assert (found.draws == np.concatenate(apart, axis=1)).all()
    assert found.total.interval.high > hp.estimate_strata(tables[1], "chapman", seed=1).total.interval.high
    assert found.total.population == pytest.approx(sum(part.population for part in found.parts))
    assert found.total.draws == pytest.approx(found.draws.sum(axis=0))
    with pytest.raises(hp.NotEstimableError, match="Not every stratum"):
        hp.estimate_strata_replicates([tables[0], tables[1].select(year="a")], "chapman")
