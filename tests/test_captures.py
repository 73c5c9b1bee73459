import numpy as np
import pytest

import hiddenpop as hp

COUNTS = {"100": 54, "010": 46, "001": 90, "110": 15, "101": 19, "011": 6, "111": 4}
NAMES = ("police", "ngo", "shelter")


@pytest.fixture
def table():
    return hp.CaptureTable.from_counts(COUNTS, NAMES)


def test_what_a_table_knows(table):
    assert table.observed == 234
    assert table.members("police") == 92
    assert table.members("police", "ngo") == 19
    assert table.frequencies == {1: 190, 2: 40, 3: 4}
    assert table.to_counts() == COUNTS
    assert str(table) == "234 people on 3 lists; 7 of 7 histories seen"


def test_records_give_the_same_table(table):
    records = [[int(x) for x in h] for h, n in COUNTS.items() for _ in range(n)]
    assert hp.CaptureTable.from_records(records, NAMES) == table


def test_lists_can_be_moved(table):
    turned = table.reorder("shelter", "police", "ngo")
    assert turned.lists == ("shelter", "police", "ngo")
    assert turned.members("police", "ngo") == table.members("police", "ngo")
    assert turned.reorder(*NAMES) == table
    with pytest.raises(hp.DataError, match="each list once"):
        table.reorder("police", "ngo")


def test_lists_can_be_dropped_merged_and_kept(table):
    less = table.drop("shelter")
    assert less.to_counts() == {"10": 54 + 19, "01": 46 + 6, "11": 15 + 4}
    merged = table.merge("police", "shelter", into="state")
    assert merged.lists == ("state", "ngo")
    assert merged.to_counts() == {"10": 54 + 90 + 19, "01": 46, "11": 15 + 6 + 4}
    kept = table.keep("police", "ngo")
    assert kept == less
    assert kept.checks[-1].name == "lists-left-out"
    assert kept.checks[-1].value == 90
    with pytest.raises(hp.UnknownNameError, match="Did you mean 'shelter'"):
        table.drop("sheltr")


def test_a_merge_never_swallows_another_list(uk):
    with pytest.raises(hp.DataError, match="'ngo' is another list"):
        uk.merge("police", "nca", into="ngo")
    with pytest.raises(hp.DataError, match="no list is named"):
        uk.merge(into="x")
    assert uk.merge("police", "nca", into="police").observed == uk.observed


def test_the_shipped_merges_agree_with_the_published_ones():
    five = hp.load("uk_2013").merge("police", "nca", into="police_nca")
    assert five == hp.load("uk_2013_5list")
    netherlands = hp.load("netherlands_2010_2015")
    merged = netherlands.merge("inspectorate_szw", "shelters", into="inspectorate_shelters")
    assert merged.observed == hp.load("netherlands_2010_2015_5list").observed


def test_strata_are_selected_split_and_pooled():
    scotland = hp.load("scotland_pwid")
    assert len(scotland.labels) == 8
    women = scotland.select(gender="Female")
    parts = scotland.split("gender")
    assert parts["Female",] == women
    assert sum(p.observed for p in parts.values()) == scotland.observed
    assert len(scotland.split()) == 8
    pooled = scotland.pooled()
    assert pooled.strata == ()
    assert pooled.observed == 5670
    assert pooled.checks[-1].name == "pooled-strata"
    with pytest.raises(hp.UnknownNameError, match="'Female'"):
        scotland.select(gender="Femal")
    with pytest.raises(hp.UnknownNameError, match="Known: region, gender, age"):
        scotland.select(sex="Female")
    with pytest.raises(hp.DataError, match="Nobody is in the selection"):
        hp.load("spina_bifida_ny").select(ethnicity=[])


def test_a_stratum_loses_the_lists_nobody_in_it_is_on():
    other = hp.load("spina_bifida_ny").select(ethnicity="other")
    assert other.lists == ("birth_certificate", "rehabilitation")
    assert [c.value for c in other.checks if c.name == "empty-list"] == ["death_certificate"]


def test_tables_are_frozen_and_compared_by_content(table):
    with pytest.raises(AttributeError):
        table.lists = ()
    with pytest.raises(ValueError, match="read-only"):
        table.counts[0] = 9
    assert table == hp.CaptureTable.from_counts(dict(reversed(COUNTS.items())), NAMES)
    assert len({table, hp.CaptureTable.from_counts(COUNTS, NAMES)}) == 1
    assert table != hp.CaptureTable.from_counts(COUNTS)


@pytest.mark.parametrize(
    ("counts", "lists", "words"),
    [
        ({"10": -1, "01": 2}, None, "zero or more; got 10: -1"),
        ({"10": 1.5, "01": 2}, None, "got 10: 1.5"),
        ({"10": "x", "01": 2}, None, "whole numbers"),
        ({"10": 1, "0": 2}, None, "all of one length"),
        ({"12": 1}, None, "texts of 0 and 1"),
        ({"10": 1, "01": 2}, ["a"], "1 lists are named"),
        ({"10": 1, "01": 2}, ["a", "a"], "given twice"),
        ({"10": 1, "01": 2}, ["a", " "], "needs a name"),
        ({"10": 0, "01": 0}, None, "Nobody is on any list"),
        ({"00": 5}, None, "Nobody is on any list"),
        ({"1" * 63: 5}, None, "more than the 62"),
        ({"10": 2**53, "01": 2}, None, "too many to count exactly"),
    ],
)
def test_refuses_what_is_not_a_table(counts, lists, words):
    with pytest.raises(hp.DataError, match=words):
        hp.CaptureTable.from_counts(counts, lists)


def test_refuses_records_that_are_not_zero_and_one():
    with pytest.raises(hp.DataError, match="0 and 1 with 2 columns"):
        hp.CaptureTable.from_records([[1, 2]], ["a", "b"])


def test_thirty_lists(table):
    generator = np.random.default_rng(2)
    records = generator.random((2000, 30)) < 0.05
    wide = hp.CaptureTable.from_records(records[records.any(axis=1)], [f"l{i}" for i in range(30)])
    assert wide.n_lists == 30
    found = hp.loglinear(wide, interactions=[("l1", "l2"), ("l2", "l9")])
    assert found.interval.low < 2000 < found.interval.high
    assert hp.loglinear(wide, interval="profile").interval.low < 2000
