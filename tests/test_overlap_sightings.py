import pytest

import hiddenpop as hp


def test_overlap_of_the_uk_lists(uk):
    found = hp.overlap(uk)
    assert found.sizes[2] == uk.members("police") == 1102
    assert found.pairs[0, 1] == uk.members("local_authority", "ngo") == 18
    assert found.pairs[1, 0] == 18
    assert found.only.tolist() == [54, 463, 907, 695, 316, 57]
    assert found.repeated == 252
    frame = found.to_frame()
    assert frame.loc["police", "size"] == 1102
    assert frame.loc["police", "nca"] == 35
    assert "2,492 on 1" in str(found)
    assert "<table" in found._repr_html_()


def test_sightings():
    geckos = hp.load("geckos")
    assert geckos.observed == 70
    assert geckos.frequencies == {1: 33, 2: 26, 3: 9, 4: 2}
    assert "33 people once" in str(geckos)
    assert geckos.digest == hp.SightingCounts.from_frequencies({4: 2, 3: 9, 2: 26, 1: 33}).digest
    with pytest.raises(hp.DataError, match="got 2: -1"):
        hp.SightingCounts.from_frequencies({1: 3, 2: -1})
    with pytest.raises(hp.DataError, match="Nobody was seen"):
        hp.SightingCounts.from_frequencies({1: 0})
    with pytest.raises(hp.DataError, match="too many"):
        hp.SightingCounts.from_frequencies({1: 2**60})
