import pytest

import hiddenpop as hp


def named(table):
    return {c.name: c for c in hp.check(table)}


def test_the_uk_table():
    found = named(hp.load("uk_2013"))
    assert found["number-of-lists"].value == 6
    assert found["people-on-two-lists"].value == 252
    assert found["empty-pairs"].value == 2
    assert found["empty-pairs"].passed is False
    assert "local_authority and nca" in found["empty-pairs"].message
    assert found["smallest-overlap"].value == 1
    assert found["connected-lists"].passed
    assert found["dominant-list"].value == pytest.approx(1102 / 2744, abs=1e-4)


CASES = {
    "one list": ({"1": 50}, "number-of-lists", "do-not-publish"),
    "few on two lists": (
        {"100": 50, "010": 40, "001": 30, "110": 4, "011": 3},
        "people-on-two-lists",
        "do-not-publish",
    ),
    "some on two lists": (
        {"100": 50, "010": 40, "001": 30, "110": 12, "011": 9},
        "people-on-two-lists",
        "lower-bound-only",
    ),
    "nearly all once": ({"10": 900, "01": 800, "11": 40}, "one-list-share", "do-not-publish"),
    "disconnected": ({"1000": 9, "1100": 40, "0010": 9, "0011": 40}, "connected-lists", "do-not-publish"),
    "everybody on one": ({"100": 50, "110": 40, "101": 30}, "everyone-on-list", "do-not-publish"),
    "identical": ({"110": 50, "001": 40, "111": 30}, "identical-lists", "do-not-publish"),
    "dominant": ({"100": 900, "010": 10, "110": 60, "001": 9, "011": 5}, "dominant-list", "lower-bound-only"),
    "nested": ({"100": 50, "110": 40, "001": 30, "101": 20}, "nested-lists", "indicative"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_failed_check_decides_the_verdict(case):
    counts, name, level = CASES[case]
    checks = hp.check(hp.CaptureTable.from_counts(counts))
    failed = {c.name for c in checks if c.passed is False}
    assert name in failed
    found = hp.verdict(checks)
    assert found.level == level
    assert next(c.message for c in checks if c.name == name) in found.reasons
    assert str(found).startswith(level)


def test_the_headline_counts_too(easy):
    assert hp.verdict(hp.check(easy), hp.chao(easy)).level == "lower-bound-only"
    nested = hp.CaptureTable.from_counts({"10": 40, "11": 35})
    assert hp.verdict([], hp.chapman(nested)).level == "lower-bound-only"
    wide = hp.loglinear(hp.load("new_orleans"), interactions="all")
    assert hp.verdict([], wide).level == "lower-bound-only"


def test_sightings():
    found = {c.name: c for c in hp.check(hp.load("scrapie_france"))}
    assert found["people-seen-twice"].passed is False
    assert found["seen-once-to-twice"].passed is False
    assert hp.verdict(found.values()).level == "lower-bound-only"
    assert all(c.passed is not False for c in hp.check(hp.load("heroin_bangkok_frequencies")))
