"""Disclosure control, attacked: integer programmes look for every hidden count that what is shown tells."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.national.disclosure import TOTAL, Release, attack, protect


def random_counts(rng):
    """A small table with one to three columns and few people in many cells."""
    sizes = [int(rng.integers(2, 4)) for _ in range(rng.integers(1, 4))]
    columns = [f"column_{j}" for j in range(len(sizes))]
    labels = [tuple(f"v{i}" for i in place) for place in np.ndindex(*sizes)]
    return columns, {label: int(rng.poisson(rng.choice([1, 4, 20]))) for label in labels}


def recovered(releases):
    return [bounds for bounds in attack(releases) if bounds.recovered]


def check_tables(seeds):
    hidden = 0
    for seed in seeds:
        columns, counts = random_counts(np.random.default_rng(seed))
        if not any(counts.values()):
            continue
        release = protect(counts, columns)
        hidden += int(release.hidden.sum())
        assert recovered([release]) == [], seed
        assert all(n == 0 or n >= 5 for n in release.shown().values())
    return hidden


def check_pairs(seeds):
    pairs = 0
    for seed in seeds:
        columns, counts = random_counts(np.random.default_rng(seed))
        if len(columns) < 2 or not any(counts.values()):
            continue
        fewer = {}
        for label, n in counts.items():
            fewer[label[:-1]] = fewer.get(label[:-1], 0) + n
        first = protect(fewer, columns[:-1])
        second = protect(counts, columns, earlier=[first])
        assert recovered([first, second]) == [], seed
        pairs += 1
    return pairs


def test_no_hidden_count_of_random_tables_can_be_worked_out():
    assert check_tables(range(40)) > 100


def test_no_hidden_count_of_pairs_of_releases_can_be_worked_out():
    assert check_pairs(range(100, 130)) > 10


@pytest.mark.slow
def test_no_hidden_count_of_a_thousand_tables_can_be_worked_out():
    assert check_tables(range(1000)) > 2000


@pytest.mark.slow
def test_no_hidden_count_of_many_pairs_can_be_worked_out():
    assert check_pairs(range(2000, 2400)) > 150


def test_to_hide_small_counts_alone_is_not_enough():
    """The attack finds what a subtraction tells."""
    labels = (("f",), ("m",), (TOTAL,))
    counts = np.array([3, 40, 43])
    naive = Release(("sex",), labels, counts, counts < 5, counts < 5)
    (found,) = attack([naive])
    assert (found.low, found.high) == (3, 3)
    assert found.recovered
    assert recovered([protect({("f",): 3, ("m",): 40}, ["sex"])]) == []


def test_two_releases_that_are_safe_alone_may_tell_together():
    first = protect({("f", "a"): 3, ("f", "b"): 30, ("m", "a"): 25, ("m", "b"): 40}, ["sex", "form"])
    other = protect({("a",): 28, ("b",): 70}, ["form"])
    alone = {bounds.label: (bounds.low, bounds.high) for bounds in attack([first])}
    together = {b.label: (b.low, b.high) for b in attack([first, other]) if b.columns == ("sex", "form")}
    assert all(together[label][0] >= low and together[label][1] <= high for label, (low, high) in alone.items())
    assert recovered([first, protect({("a",): 28, ("b",): 70}, ["form"], earlier=[])]) == recovered([first, other])


def test_nothing_but_small_counts_needs_hiding():
    release = protect({("f",): 30, ("m",): 40, ("x",): 0}, ["sex"])
    assert not release.hidden.any()
    assert release.shown()[(TOTAL,)] == 70


def test_what_an_earlier_release_has_told_is_refused():
    labels = (("f",), ("m",), (TOTAL,))
    told = Release(("sex",), labels, np.array([3, 40, 43]), np.zeros(3, dtype=bool), np.zeros(3, dtype=bool))
    with pytest.raises(hp.DataError, match="Nothing keeps these counts hidden: f"):
        protect({("f",): 3, ("m",): 40}, ["sex"], earlier=[told])


@pytest.mark.parametrize(
    ("counts", "columns", "says"),
    [
        ({("f", "x"): 3}, ["sex"], "category of every column"),
        ({("total",): 3}, ["sex"], "'total' is a category"),
        ({("f",): -3}, ["sex"], "whole numbers"),
        ({}, ["sex"], "category of every column"),
    ],
)
def test_faults(counts, columns, says):
    with pytest.raises(hp.DataError, match=says):
        protect(counts, columns)
    with pytest.raises(hp.OptionError, match="hides nothing"):
        protect({("f",): 3}, ["sex"], threshold=1)
