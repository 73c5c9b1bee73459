"""The rules of the verdict: every level is reached, the worst wins, and an override leaves a trace."""

import pytest

import hiddenpop as hp
from hiddenpop.checks.headline import EVERY_PAIR, SHRINKAGE, choose_headline, claim_check
from hiddenpop.checks.verdict import LEVELS, NO_BAND, NO_ESTIMATE, RULES
from hiddenpop.result import Check

BAND = Check("sensitivity-band", 1.8, True, "Publish this band beside the interval.")


@pytest.fixture(scope="module")
def good():
    """Four lists with many people on two, and the headline's estimate of them."""
    table = hp.Design(population=20_000, probabilities=(0.2, 0.25, 0.3, 0.2)).draw(5)
    return table, choose_headline(table, seed=1)


def test_a_sound_estimate_with_its_band_is_publishable(good):
    table, estimate = good
    found = hp.verdict([*hp.check(table), BAND], estimate)
    assert found.level == "publishable"
    assert BAND.message in found.reasons
    assert any("held the truth as often as they say" in reason for reason in found.reasons)


def test_without_a_band_or_an_estimate_nothing_is_publishable(good):
    table, estimate = good
    assert hp.verdict(hp.check(table), estimate).reasons[0] == NO_BAND
    assert hp.verdict(hp.check(table)).reasons[0] == NO_ESTIMATE
    assert {hp.verdict(hp.check(table), estimate).level, hp.verdict(hp.check(table)).level} == {"indicative"}


@pytest.mark.parametrize("name", [n for n in RULES if n not in ("lower-bound", "single-list", "independence-assumed")])
def test_every_check_of_the_rules_alone_keeps_a_number_from_being_published(good, name):
    table, estimate = good
    failed = Check(name, None if name == "one-person" else 1.0, False, f"{name} failed.")
    found = hp.verdict([*hp.check(table), BAND, failed], estimate)
    assert LEVELS.index(found.level) > 0
    assert found.reasons[0] == failed.message


def test_the_worst_rule_wins_and_the_others_are_told(good):
    table, estimate = good
    mild = Check("one-person", 0.2, False, "One person.")
    severe = Check("prior-overlap", 0.97, False, "The posterior repeats its prior.")
    found = hp.verdict([*hp.check(table), mild, BAND, severe], estimate)
    assert found.level == "do-not-publish"
    assert found.reasons == ("The posterior repeats its prior.", "One person.")


def test_methods_that_select_claim_nothing(good):
    table, _ = good
    for estimate in (hp.loglinear_search(table, replicates=100, seed=1), hp.loglinear(table), hp.graphical(table)):
        claim = claim_check(estimate)
        assert claim.passed is False
        assert hp.verdict([*hp.check(table), BAND], estimate).level == "indicative"
    assert claim_check(hp.loglinear(table, **EVERY_PAIR)).passed
    assert claim_check(hp.loglinear_shrinkage(table, **SHRINKAGE, seed=1)).passed
    assert claim_check(hp.loglinear_shrinkage(table, shared_sd=0.1, scatter=0.1, seed=1)).passed is False


def test_an_override_keeps_what_the_rules_say(good):
    table, estimate = good
    ruled = hp.verdict(hp.check(table), estimate)
    found = hp.verdict(hp.check(table), estimate, override=("publishable", " The band is in annex B. "))
    assert (found.level, found.by_rule) == ("publishable", "indicative")
    assert found.override_reason == "The band is in annex B."
    assert found.reasons[1:] == ruled.reasons
    assert found.to_dict()["by_rule"] == "indicative"
    assert "by_rule" not in ruled.to_dict()
    for bad in (("publishable", "  "), ("certain", "because")):
        with pytest.raises(hp.OptionError, match="overridden"):
            hp.verdict(hp.check(table), estimate, override=bad)


def test_the_headline_follows_the_number_of_lists():
    assert choose_headline(hp.load("kampala_pwid")).method == "chapman"
    assert choose_headline(hp.load("kosovo_1999"), seed=1).method == "loglinear-shrinkage"
    assert choose_headline(hp.load("geckos")).method == "chao"
    many = hp.Design(population=3000, probabilities=(0.3,) * 11).draw(2)
    assert choose_headline(many).provenance.options["interactions"] == "all"
