"""Chao and Zelterman against published closed forms, and where a bound is none."""

import numpy as np
import pytest

import hiddenpop as hp

IMMIGRANTS = hp.SightingCounts.from_frequencies({1: 1645, 2: 183, 3: 37, 4: 13, 5: 1, 6: 1})
CARCASS = hp.SightingCounts.from_frequencies({1: 1532, 2: 231, 3: 51, 4: 27, 5: 6, 6: 5, 7: 2, 8: 1, 9: 3})


def test_published_values():
    """Van der Heijden et al. (2003), Dutch immigrants; singleRcapture's tests; the carcass data."""
    assert hp.chao(IMMIGRANTS, bias_corrected=False).population == pytest.approx(9273.51, abs=5e-3)
    assert hp.chao(IMMIGRANTS).population == pytest.approx(9228.86, abs=5e-3)
    assert hp.zelterman(IMMIGRANTS).population == pytest.approx(9424.56, abs=5e-3)
    assert hp.chao(CARCASS, bias_corrected=False).population == pytest.approx(6938.14, abs=5e-3)
    assert hp.zelterman(CARCASS).population == pytest.approx(7136.78, abs=5e-3)


def test_the_uncorrected_variance_is_that_of_chao():
    f1, f2 = 1645, 183
    r = f1 / f2
    fit = hp.chao(IMMIGRANTS, bias_corrected=False).fit
    assert fit.se**2 == pytest.approx(f2 * (r**2 / 2 + r**3 + r**4 / 4), rel=1e-12)


def test_lists_of_different_sizes_need_the_form_by_list():
    design = hp.Design(population=3000, probabilities=(0.5, 0.03, 0.03))
    tables = [design.draw(s) for s in range(60)]
    classical = [hp.chao(t) for t in tables]
    by_list = [hp.chao(t, by_list=True).population for t in tables]
    assert np.median([e.population for e in classical]) > 8000
    assert all("unequal-lists" in [c.name for c in e.failed] for e in classical)
    assert np.median(by_list) == pytest.approx(3000, rel=0.06)


def test_by_list_is_a_lower_bound_where_people_differ():
    design = hp.Design(population=3000, classes=[hp.Group(0.5, (0.5, 0.1, 0.1)), hp.Group(0.5, (0.1, 0.02, 0.02))])
    assert np.mean([hp.chao(design.draw(s), by_list=True).population for s in range(60)]) < 3000


def test_by_list_meets_the_known_forms():
    two = hp.load("kampala_pwid")
    assert hp.chao(two, by_list=True).population == pytest.approx(hp.chapman(two).population, rel=1e-12)
    plain = hp.chao(two, by_list=True, bias_corrected=False)
    assert plain.population == pytest.approx(hp.lincoln_petersen(two).population, rel=1e-12)
    alike = hp.CaptureTable.from_counts({"100": 60, "010": 60, "001": 60, "110": 9, "101": 8, "011": 7, "111": 2})
    one, other = (hp.chao(alike, by_list=b, bias_corrected=False) for b in (False, True))
    assert one.population == pytest.approx(other.population, rel=1e-12)
    assert one.fit.se == pytest.approx(other.fit.se, rel=1e-12)


def test_where_nobody_is_left_to_be_hidden():
    for f2 in (60, 371, 373, 5000):
        found = hp.zelterman(hp.SightingCounts.from_frequencies({1: 1, 2: f2}))
        assert found.population >= found.observed
    assert found.interval is None
    assert [c.name for c in found.failed] == ["no-interval"]
    assert hp.chao(hp.SightingCounts.from_frequencies({1: 1, 2: 50})).interval is None
    assert hp.chao(hp.SightingCounts.from_frequencies({1: 40, 3: 50})).failed[0].name == "nobody-seen-twice"


def test_refusals():
    with pytest.raises(hp.NotEstimableError, match="Nobody was seen twice"):
        hp.chao(hp.SightingCounts.from_frequencies({1: 40}))
    with pytest.raises(hp.NotEstimableError, match="does not exist"):
        hp.chao(hp.SightingCounts.from_frequencies({1: 40, 3: 50}), bias_corrected=False)
    with pytest.raises(hp.NotEstimableError, match="40 people were seen exactly once and 0 exactly twice"):
        hp.zelterman(hp.SightingCounts.from_frequencies({1: 40, 3: 50}))
