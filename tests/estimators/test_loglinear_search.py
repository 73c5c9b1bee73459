import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.numerics.spread import find_split


@pytest.fixture(scope="module")
def kosovo():
    return hp.loglinear_search(hp.load("kosovo_1999"), seed=1)


def test_interval_is_the_published_one_within_monte_carlo_error(kosovo):
    """Silverman, Chan and Vincent (2024), Table 2: 6,947 to 18,010 with 1,000 replicates of all 113 models."""
    others = [hp.loglinear_search(hp.load("kosovo_1999"), seed=s).interval for s in range(10, 26)]
    for published, ours, ends in (
        (6947, kosovo.interval.low, [o.low for o in others]),
        (18010, kosovo.interval.high, [o.high for o in others]),
    ):
        assert abs(ours - published) <= 3 * np.sqrt(2) * max(np.std(ends, ddof=1), 0.5)


def test_rank_diagnostic_agrees_with_the_published_one(kosovo):
    for top, published in (("1", 375), ("5", 929), ("10", 997)):
        share = published / 1000
        assert abs(kosovo.fit.ranks[top] - published) <= 3 * np.sqrt(2 * 1000 * share * (1 - share))
    assert kosovo.fit.ranks["100"] == 1000


def test_the_curve_ends_at_the_interval(kosovo):
    assert kosovo.fit.curve[-1]["top"] == 100
    assert kosovo.fit.curve[-1]["low"] == pytest.approx(kosovo.interval.low)
    restricted = hp.loglinear_search(hp.load("kosovo_1999"), seed=1, top=5)
    assert restricted.interval.low == pytest.approx(kosovo.fit.curve[1]["low"])
    assert "best 5 models" in restricted.fit.replicate_search


def test_every_way_to_search_finds_the_same_and_downhill_says_it_is_none():
    table = hp.load("uk_2013_5list")
    every, exact, down = (
        hp.loglinear_search(table, search=s, replicates=0) for s in ("exhaustive", "exact", "downhill")
    )
    assert every.fit.model == exact.fit.model == "[123,25,34]"
    assert every.fit.bound_gap == exact.fit.bound_gap == 0.0
    assert [m["criterion"] for m in exact.fit.models] == pytest.approx([m["criterion"] for m in every.fit.models])
    assert {m["model"] for m in exact.fit.models[:90]} == {m["model"] for m in every.fit.models[:90]}
    assert every.fit.range == {k: pytest.approx(v, rel=1e-6) for k, v in exact.fit.range.items()}
    assert down.fit.model == "[12,13,25,35,45]"
    assert down.fit.bound_gap is None
    assert down.population == pytest.approx(12262.41, abs=0.01)


def test_the_term_that_parts_the_answers_is_named():
    found = hp.loglinear_search(hp.load("uk_2013_5list"), replicates=0)
    split = found.fit.split
    assert split["explained"] > 0.5
    assert split["with"][0] > split["without"][1] or split["without"][0] > split["with"][1]
    assert any(c.name == "splitting-term" and split["term"] in c.message for c in found.checks)


def test_a_split_is_found_where_one_was_put():
    from hiddenpop.numerics.models import build_space
    from hiddenpop.numerics.search import Found

    space = build_space(3, 2)
    rows = np.ones((4, 7), dtype=np.int8)
    rows[:2, 5] = 0
    rows[::2, 4] = 0
    hidden = np.array([100.0, 105.0, 900.0, 950.0])
    split = find_split(Found(rows, np.array([0.0, 0.1, 0.2, 0.3]), hidden, np.ones(4)), space)
    assert split.term == space.terms[5]
    assert split.having == (900.0, 950.0)
    assert split.lacking == (100.0, 105.0)


def test_replicates_that_do_not_end_leave_no_interval():
    hp.loglinear_search(hp.load("uk_2013"), replicates=0)  # compiled
    found = hp.loglinear_search(hp.load("uk_2013"), replicates=20_000, budget=2.0, seed=1)
    assert found.interval is None
    assert [c for c in found.failed if c.name == "no-interval" and "budget" in c.message]
    assert "cut short" in found.fit.replicate_search


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_order": 4}, "max_order=4 is not between 1 and 3"),
        ({"top": 0}, "top=0"),
        ({"budget": 0.0}, "budget"),
        ({"replicates": 7}, "replicates=7"),
    ],
)
def test_options_outside_their_range(options, message):
    with pytest.raises(hp.OptionError, match=message):
        hp.loglinear_search(hp.load("kosovo_1999"), **options)


def test_more_lists_than_can_be_enumerated(uk):
    with pytest.raises(hp.OptionError, match="too many models"):
        hp.loglinear_search(uk, search="exhaustive", replicates=0)


def test_facial_policy_admits_more_models_and_strict_is_the_default():
    table = hp.load("western_us")
    strict = hp.loglinear_search(table, replicates=0, max_order=3)
    facial = hp.loglinear_search(table, replicates=0, max_order=3, existence="facial")
    assert strict.fit.n_estimable == 3354 < facial.fit.n_estimable <= facial.fit.n_candidate == 6212
