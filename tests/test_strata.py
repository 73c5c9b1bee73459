"""Strata that add up, draw by draw."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.captures import build_table
from hiddenpop.result import Estimate, Interval
from hiddenpop.strata import draw_population

SCOTLAND = hp.load("scotland_pwid")


@pytest.mark.parametrize(
    ("table", "method"), [("bangladesh_pwid", "chapman"), ("scotland_pwid", "loglinear-shrinkage")]
)
def test_the_total_is_the_sum_of_its_parts_draw_by_draw(table, method):
    found = hp.estimate_strata(hp.load(table), method, seed=3)
    assert np.array_equal(found.total.draws, found.draws.sum(axis=0))
    assert found.total.population == pytest.approx(sum(part.population for part in found.parts), rel=1e-12)
    assert found.total.observed == hp.load(table).observed
    low, high = np.quantile(found.total.draws, [0.025, 0.975])
    assert (found.total.interval.low, found.total.interval.high) == pytest.approx((low, high))


def test_groups_of_strata_have_the_same_total():
    found = hp.estimate_strata(SCOTLAND, "loglinear-shrinkage", seed=3)
    for columns in (("region",), ("gender",), ("age", "region")):
        grouped = found.group(*columns)
        assert grouped.total is found.total
        assert np.allclose(grouped.draws.sum(axis=0), found.total.draws)
        assert sum(part.population for part in grouped.parts) == pytest.approx(found.total.population)
        assert sum(part.observed for part in grouped.parts) == found.total.observed


@pytest.mark.parametrize(
    ("method", "options"),
    [("chapman", {}), ("lincoln-petersen", {"interval": "log-normal"})],
)
def test_draws_have_the_interval_as_quantiles_at_any_level(method, options):
    for level in (0.5, 0.9, 0.99):
        one = hp.estimate(hp.load("bangladesh_pwid").pooled(), method, level=level, **options)
        drawn = draw_population(one, 200_000, 1)
        tail = (1 - level) / 2
        low, middle, high = np.quantile(drawn, [tail, 0.5, 1 - tail])
        for ours, theirs in ((low, one.interval.low), (middle, one.population), (high, one.interval.high)):
            assert ours - one.observed == pytest.approx(theirs - one.observed, rel=0.02)


def test_draws_of_an_interval_that_touches_the_people_known():
    one = Estimate("x", 120.0, Interval(100.0, 180.0, 0.95, "wald"), 100)
    drawn = draw_population(one, 100_000, 1)
    assert drawn.min() == 100.0
    assert np.quantile(drawn, 0.975) == pytest.approx(180.0, rel=0.01)
    assert np.median(drawn) == pytest.approx(120.0, rel=0.01)
    nobody = Estimate("x", 100.0, Interval(100.0, 130.0, 0.95, "wald"), 100)
    assert np.quantile(draw_population(nobody, 100_000, 1), 0.975) == pytest.approx(130.0, rel=0.01)


def test_the_sum_holds_the_truth_where_the_analysis_together_does_not():
    """Two strata that lists reach very differently; together they look like a smaller population."""
    held, together = 0, []
    for seed in range(60):
        parts = [
            hp.Design(population=4000, probabilities=chances).draw(seed * 2 + i)
            for i, chances in enumerate([(0.5, 0.1), (0.1, 0.5)])
        ]
        histories = np.concatenate([part.histories for part in parts])
        counts = np.concatenate([part.counts for part in parts])
        keys = [(name,) for name, part in zip("ab", parts, strict=True) for _ in part.counts]
        table = build_table(("x", "y"), histories, counts, strata=("s",), keys=keys)
        total = hp.estimate_strata(table, "chapman", seed=seed).total
        held += total.interval.low <= 8000 <= total.interval.high
        together.append(hp.chapman(table).population)
    assert held >= 52  # 57 expected, sd 1.7
    assert np.mean(together) > 1.3 * 8000


def test_a_stratum_without_an_upper_limit_is_named_and_nothing_is_added_up():
    with pytest.raises(hp.NotEstimableError, match="GGC, Female, Old; GGC, Female, Young"):
        hp.estimate_strata(SCOTLAND, "loglinear", interactions="all")


def test_parts_that_reach_far_upwards_are_said_to():
    found = hp.estimate_strata(SCOTLAND, "loglinear-shrinkage", seed=3).total
    assert "middle-of-the-sum" in [check.name for check in found.failed]


def test_the_same_seed_gives_the_same_draws_and_frames_have_the_strata_first():
    first, again = (hp.estimate_strata(hp.load("bangladesh_pwid"), "chapman", seed=5) for _ in range(2))
    assert np.array_equal(first.draws, again.draws)
    frame = first.to_frame()
    assert list(frame["district"]) == ["Chapai Nawabganj", "Dhaka", "total"]
    assert first.to_dict()["total"]["population"] == pytest.approx(first.total.population)


@pytest.mark.parametrize("by", ["sex", ["district", "sex"]])
def test_faults(by):
    with pytest.raises(hp.HiddenpopError):
        hp.estimate_strata(hp.load("bangladesh_pwid"), "chapman", by)
    with pytest.raises(hp.DataError, match="no strata"):
        hp.estimate_strata(hp.load("korea"), "chao")
    with pytest.raises(hp.DataError, match="no draws of single strata"):
        hp.estimate_strata(hp.load("bangladesh_pwid"), "loglinear-covariates")
    with pytest.raises(hp.DataError, match="not among the strata"):
        hp.estimate_strata(hp.load("bangladesh_pwid"), "chapman").group("sex")


@pytest.mark.slow
@pytest.mark.mcmc
def test_partial_pooling_gives_its_own_draws():
    table = SCOTLAND.select(region="Rest")
    found = hp.estimate_strata(table, "partial-pooling", seed=4, side_by_side=False)
    assert np.array_equal(found.total.draws, found.draws.sum(axis=0))
    assert len(found.parts) == len(table.labels)


def test_draws_that_are_no_posterior_are_not_called_credible():
    found = hp.estimate_strata(SCOTLAND, "loglinear-strata", "age", seed=1)
    assert {part.interval.kind for part in (*found.parts, found.total)} == {"combined"}
