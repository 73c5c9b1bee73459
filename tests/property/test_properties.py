"""What must hold for any table."""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import hiddenpop as hp
from hiddenpop.arrays import history_text
from hiddenpop.registry import METHODS, attempt
from hiddenpop.result import Refusal

pytestmark = pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
DETERMINISTIC = [m.id for m in METHODS.values() if "seed" not in m.options]


@st.composite
def tables(draw, fewest=2, most=4, largest=60):
    k = draw(st.integers(fewest, most))
    counts = {history_text(mask, k): draw(st.integers(0, largest)) for mask in range(1, 1 << k)}
    assume(any(counts.values()))
    return hp.CaptureTable.from_counts(counts)


def run(table, method, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hp.SparseOverlapWarning)
        return attempt(table, method, **options)


@pytest.mark.parametrize("method", DETERMINISTIC)
@given(tables())
@relaxed
def test_an_estimate_is_ordered_and_finite_or_refused(method, table):
    found = run(table, method)
    if isinstance(found, Refusal):
        assert found.error.message
        return
    assert table.observed <= found.population < np.inf
    if found.interval is not None:
        assert table.observed <= found.interval.low <= found.population <= found.interval.high < np.inf
    else:
        assert any(c.passed is False for c in found.checks)


@given(tables(fewest=3), st.permutations(range(3)))
@relaxed
def test_permuting_lists_changes_nothing(table, order):
    assume(table.n_lists == 3)
    turned = table.reorder(*(table.lists[i] for i in order))
    for method in ("loglinear", "chao", "zelterman"):
        one, two = run(table, method), run(turned, method)
        assert type(one) is type(two)
        if not isinstance(one, Refusal):
            assert two.population == pytest.approx(one.population, rel=1e-10)


@given(tables(), st.integers(2, 1_000_000))
@relaxed
def test_scaling_counts_scales_the_log_linear_estimate(table, factor):
    larger = hp.CaptureTable.from_counts({h: n * factor for h, n in table.to_counts().items()}, table.lists)
    one, two = run(table, "loglinear"), run(larger, "loglinear")
    assert type(one) is type(two)
    if not isinstance(one, Refusal):
        assert two.population == pytest.approx(one.population * factor, rel=1e-8)


@given(tables())
@relaxed
def test_rows_given_twice_are_added_up(table):
    frame = {name: [] for name in (*table.lists, "count")}
    for history, n in [*table.to_counts().items()] * 2:
        for name, x in zip(table.lists, history, strict=True):
            frame[name].append(int(x))
        frame["count"].append(n)
    import pandas as pd

    twice = hp.read_captures(pd.DataFrame(frame))
    assert twice.to_counts() == {h: 2 * n for h, n in table.to_counts().items()}
    assert "duplicate-histories" in [c.name for c in twice.checks]


@given(tables(most=3), st.floats(0.5, 0.99))
@relaxed
def test_the_profile_interval_holds_the_estimate(table, level):
    found = run(table, "loglinear", interval="profile", level=level)
    if not isinstance(found, Refusal):
        assert found.interval.low <= found.population
        assert found.interval.high is None or found.interval.high >= found.population
        assert found.fit.population_multinomial <= found.population * (1 + 1e-9)


@given(tables())
@relaxed
def test_checks_and_verdict_never_fail(table):
    found = hp.verdict(hp.check(table))
    assert found.level in ("indicative", "lower-bound-only", "do-not-publish")
    assert found.reasons
