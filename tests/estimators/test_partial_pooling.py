"""`partial-pooling` on strata of known size, and against every stratum by itself."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.captures import build_table
from hiddenpop.numerics.convergence import diagnose
from hiddenpop.numerics.pooling import draw_main_effects, find_strata_coordinates, log_found_in_strata, pose_strata

pytestmark = pytest.mark.mcmc
SIZES = {"north": 4000, "south": 2500, "east": 900, "west": 500}
RATIOS = {"1:2": 2.5, "2:3": 1.6, "1:4": 0.6}


def stack(parts):
    """One table of several, a stratum each."""
    rows = [(name, h, c) for name, part in parts.items() for h, c in zip(part.histories, part.counts, strict=True)]
    names, histories, counts = zip(*rows, strict=True)
    lists = next(iter(parts.values())).lists
    return build_table(lists, histories, counts, strata=("region",), keys=[(name,) for name in names])


@pytest.fixture(scope="module")
def table():
    chances = {"north": (0.1, 0.2, 0.15, 0.1), "south": (0.2, 0.1, 0.1, 0.15)}
    parts = {}
    for seed, (name, size) in enumerate(SIZES.items()):
        probabilities = chances.get(name, (0.12, 0.12, 0.2, 0.1))
        parts[name] = hp.Design(population=size, probabilities=probabilities, odds_ratios=RATIOS).draw(seed)
    return stack(parts)


@pytest.fixture(scope="module")
def found(table):
    return hp.partial_pooling(table, draws=500, warmup=500, leave_out=True, seed=1)


@pytest.mark.slow
def test_strata_of_known_size(found):
    for record in found.fit.strata:
        size = SIZES[record["stratum"]["region"]]
        assert record["low"] <= size <= record["high"], record
        # what a stratum borrows makes its interval narrower than by itself
        if size < 1000:
            assert record["high"] / record["low"] < record["none"]["high"] / record["none"]["low"]
    assert found.interval.low <= sum(SIZES.values()) <= found.interval.high
    assert found.fit.divergences == 0
    assert not found.failed


@pytest.mark.slow
def test_the_total_is_the_sum_of_the_strata_draw_by_draw(found):
    parts = found.fit.trace.variables["stratum_population"]
    assert (parts.sum(axis=-1).ravel() == found.draws).all()


@pytest.mark.slow
def test_without_pooling_each_stratum_stands_alone(found, table):
    for record in found.fit.strata[:2]:
        alone = hp.loglinear_bayes(table.select(**record["stratum"]), seed=3)
        tolerance = 5.0 * np.log(alone.interval.high / alone.interval.low) / 4.0 / np.sqrt(400.0)
        assert np.log(record["none"]["population"]) == pytest.approx(np.log(alone.population), abs=tolerance)


@pytest.mark.slow
def test_strata_are_predicted_from_the_others(found):
    assert [r["stratum"] for r in found.fit.left_out] == [r["stratum"] for r in found.fit.strata]
    for record in found.fit.left_out:
        size = SIZES[record["stratum"]["region"]]
        assert record["low"] <= size <= record["high"], record
        assert record["rest"] == pytest.approx(sum(SIZES.values()) - size, rel=0.25)


@pytest.mark.slow
def test_a_list_that_does_not_operate_in_a_stratum(table):
    parts = {label[0]: part for label, part in table.split("region").items()}
    cut = parts["east"].drop("list_4")
    rows = {**parts, "east": cut}
    names = [n for n, p in rows.items() for _ in p.counts]
    pieces = [np.concatenate([getattr(p, what) for p in rows.values()]) for what in ("histories", "counts")]
    missing = build_table(table.lists, *pieces, strata=("region",), keys=[(n,) for n in names])
    found = hp.partial_pooling(missing, draws=500, warmup=500, side_by_side=False, seed=2)
    east = next(s for s in found.fit.strata if s["stratum"]["region"] == "east")
    assert east["low"] <= SIZES["east"] <= east["high"]
    assert "list_4 in east" in next(c.message for c in found.checks if c.name == "lists-not-operating")


def test_coordinates_and_main_effects_agree(table):
    strata = pose_strata(table.histories, table.counts, table.stratum, table.n_lists)
    assert strata.counts.sum() == table.observed
    coordinates = find_strata_coordinates(strata, 1.5)
    at_mode = coordinates.main_effects(np.zeros(coordinates.mode.shape), coordinates.centre)
    assert at_mode == pytest.approx(coordinates.mode)
    moved = coordinates.centre + 0.1
    drawn = draw_main_effects(strata, 0, np.repeat(moved[[0]], 4000, axis=0), np.random.default_rng(4))
    expected = coordinates.main_effects(np.zeros(coordinates.mode.shape), moved)[0]
    assert drawn.mean(axis=0) == pytest.approx(expected, abs=0.05)
    assert diagnose(drawn[:, 0].reshape(4, -1)).rhat < 1.01
    log_odds = log_found_in_strata(strata, coordinates.mode, coordinates.centre)
    hidden = strata.counts.sum(axis=1) / np.exp(log_odds)
    assert strata.counts.sum(axis=1) + hidden == pytest.approx([SIZES[label[0]] for label in table.labels], rel=0.6)


def test_needs_strata():
    with pytest.raises(hp.DataError, match="compares strata; the table has none"):
        hp.partial_pooling(hp.load("korea"))
