"""Promises of every registered method, on tables where it works and on tables where it must refuse."""

import json

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.registry import METHODS
from hiddenpop.result import FRAME_COLUMNS, Estimate
from hiddenpop.sightings import SightingCounts

POPULATION = 5000
SLOW = [pytest.mark.slow, pytest.mark.mcmc]  # every call compiles and samples
IDS = [pytest.param(id, marks=SLOW if METHODS[id].extra else []) for id in sorted(METHODS)]


def table_for(method, seed=11):
    """Independent lists, with people so easily found that every method works; as many lists as the method wants."""
    fewest, most = method.lists
    k = min(max(fewest, 4), most or 4)
    if method.family in ("lower bound", "single list"):
        return hp.Design(population=POPULATION, probabilities=(0.03,) * 20).draw(seed)
    data = hp.Design(population=POPULATION, probabilities=(0.3, 0.35, 0.4, 0.45)[:k]).draw(seed)
    return in_strata(method, data)


def in_strata(method, data):
    """For methods that need strata: a third of the people of every history in one region, the rest in another."""
    if not method.stratified:
        return data
    north = data.counts // 3
    keys = [("north",)] * north.size + [("south",)] * north.size
    histories, counts = np.tile(data.histories, 2), np.concatenate([north, data.counts - north])
    told = {"source": data.source, "checks": data.checks}
    return build_table(data.lists, histories, counts, strata=("region",), keys=keys, **told)


SHORT = {
    "seed": 3,
    "replicates": 100,
    "warmup": 100,
    "thin": 1,
    "most_thin": 1,
    "allow_unconverged": True,
    "side_by_side": False,
}


def brief(method):
    short = SHORT | {"chains": 2, "draws": 400} if method.extra else SHORT
    return {name: value for name, value in short.items() if name in method.options}


def run(method, data, **options):
    return method.function(data, **{**brief(method), **options})


@pytest.fixture(params=IDS)
def method(request):
    return METHODS[request.param]


def test_limits_are_ordered(method):
    found = run(method, table_for(method))
    assert found.observed <= found.interval.low <= found.population <= found.interval.high
    assert found.hidden == pytest.approx(found.population - found.observed)
    assert 0 < found.coverage < 1 < found.ratio


def test_recovers_a_known_population(method):
    errors = [run(method, table_for(method, seed)).population / POPULATION for seed in range(20, 28)]
    assert np.mean(errors) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.99])
def test_wider_at_a_higher_level(method, level):
    data = table_for(method)
    narrow, wide = run(method, data, level=level).interval, run(method, data, level=min(0.999, level + 0.005)).interval
    assert wide.low <= narrow.low
    assert wide.high >= narrow.high
    assert wide.high - wide.low > narrow.high - narrow.low


def test_order_of_lists_and_rows_is_irrelevant(method):
    if method.ordered:
        return
    data = table_for(method)
    turned = data.reorder(*reversed(data.lists))
    counts = dict(reversed(data.to_counts().items()))
    shuffled = in_strata(method, CaptureTable.from_counts(counts, data.lists))
    for other in (turned, shuffled):
        a, b = run(method, data), run(method, other)
        assert b.population == pytest.approx(a.population, rel=1e-10)
        if "seed" not in method.options:
            assert b.interval.low == pytest.approx(a.interval.low, rel=1e-9)
            assert b.interval.high == pytest.approx(a.interval.high, rel=1e-9)


def test_a_list_that_nobody_is_on_changes_nothing(method):
    data = table_for(method)
    counts = {history[:1] + "0" + history[1:]: n for history, n in data.to_counts().items()}
    names = (data.lists[0], "nobody", *data.lists[1:])
    wider = in_strata(method, CaptureTable.from_counts(counts, names))
    found = run(method, wider)
    assert found.population == pytest.approx(run(method, data).population, rel=1e-12)
    assert "empty-list" in [c.name for c in found.checks]


def test_data_are_not_changed(method):
    data = table_for(method)
    before = data.digest
    run(method, data)
    assert data.digest == before
    with pytest.raises(ValueError, match="read-only"):
        data.counts[0] = 1


def test_same_seed_same_answer(method):
    data = table_for(method)
    assert run(method, data).to_dict() == run(method, data).to_dict()


def test_a_seed_that_was_drawn_can_be_replayed(method):
    if "seed" not in method.options:
        return
    data = table_for(method)
    drawn = run(method, data, seed=None)  # fresh entropy
    assert drawn.provenance.seed is not None
    assert run(method, data, seed=drawn.provenance.seed).to_dict() == drawn.to_dict()


def test_survives_json(method):
    found = run(method, table_for(method)).to_dict()
    text = json.dumps(found, allow_nan=False)
    assert Estimate.from_dict(json.loads(text)).to_dict() == found


def test_frame_has_the_one_vocabulary(method):
    frame = run(method, table_for(method)).to_frame()
    assert tuple(frame.columns) == FRAME_COLUMNS
    assert len(frame) == 1
    assert frame.loc[0, "method"] == method.id


def test_provenance_replays(method):
    found = run(method, table_for(method))
    origin = found.provenance
    options = {name: value for name, value in origin.options.items() if value is not None}
    again = hp.estimate(table_for(method), origin.method, level=origin.level, seed=origin.seed, **options)
    assert origin.digest == table_for(method).digest
    assert again.to_dict() == found.to_dict()


def test_refuses_lists_that_share_nobody(method):
    k = min(max(method.lists[0], 3), method.lists[1] or 3)
    counts = {"0" * i + "1" + "0" * (k - 1 - i): 30 for i in range(k)}
    with pytest.raises(hp.NotEstimableError) as caught:
        run(method, in_strata(method, CaptureTable.from_counts(counts)))
    assert set(caught.value.details) == {"exists", "identifiable", "terms", "cells"}


def test_refuses_a_single_list(method):
    if method.lists[0] < 2:
        return
    with pytest.raises(hp.DataError, match="lists"):
        run(method, in_strata(method, CaptureTable.from_counts({"1": 50})))


def test_refuses_other_data(method):
    if SightingCounts not in method.takes:
        with pytest.raises(hp.DataError, match="takes CaptureTable"):
            run(method, SightingCounts.from_frequencies({1: 5, 2: 2}))
    with pytest.raises(hp.DataError, match="takes"):
        run(method, [1, 2, 3])


@pytest.mark.parametrize("level", [0.0, 1.0, 95, -1, "high", float("nan")])
def test_refuses_a_level_outside_its_range(method, level):
    with pytest.raises(hp.OptionError, match="not between 0 and 1"):
        run(method, table_for(method), level=level)


def test_offers_near_names_for_an_unknown_option(method):
    with pytest.raises(hp.UnknownNameError, match="'level'"):
        run(method, table_for(method), levl=0.9)


def test_strata_are_pooled_and_said(method):
    if method.covariates:
        return
    if method.stratified:
        with pytest.raises(hp.DataError, match="compares strata"):
            run(method, hp.load("korea"))
        return
    data = hp.load("bangladesh_pwid") if method.lists[1] == 2 else hp.load("scotland_pwid")
    found = run(method, data)
    assert "pooled-strata" in [c.name for c in found.checks]
    assert found.population == pytest.approx(run(method, data.pooled()).population)


def test_docstring_says_what_a_user_must_know(method):
    text = method.function.__doc__
    parts = ["Use when", "Do not use", "Parameters\n", "Returns\n", "Raises\n", "Warns\n", "Notes\n", "Assumptions"]
    places = [text.find(part) for part in [*parts, "References\n", "Examples\n", "*Checked against*"]]
    assert places == sorted(places)
    assert places[0] >= 0


def test_methods_are_reached_by_name_and_by_id(method):
    function = getattr(hp, method.id.replace("-", "_"))
    assert function is method.function
    by_id = hp.estimate(table_for(method), method.id, **brief(method))
    assert by_id.to_dict() == run(method, table_for(method)).to_dict()
