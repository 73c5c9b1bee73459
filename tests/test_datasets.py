import pytest

import hiddenpop as hp
from hiddenpop.datasets import data_folder, entries

DIGESTS = {
    "uk_2013": "6962d337c2b97dcc6ba536fb08112b9c7ce85ea8c980ce1b5a04fcf5da7d4f1d",
    "uk_2013_5list": "57ddc5e8262cac62b71546c0bb92dba8da60d4a5b93d9a68bbfd799d242c8625",
    "uk_2013_4list": "b087e594d25ce2f83d5af1d660d800e4b0d627ca284d27e1f64b209f6def03e2",
    "netherlands_2010_2015": "3fb114a8adca2b56de3cafa5d2cc8348a9d57c50f2c9f60a53c804803fb6209d",
    "netherlands_2010_2015_5list": "fa442d163f93cb8ac714a19ac7bc8942cccd022c2939dd51dffc731bf0e9d4ea",
    "new_orleans": "9b65b15f6a49374316f1c4720c84c6fdf7d0d51dc4e686bf9ccb3d9ec9805a76",
    "new_orleans_5list": "950937c3600e227df31bbbec2cf5ef50da4c4f8e99c598f45ce1189db85ec0ad",
    "new_orleans_n186": "417bff690283b83d53013864b9d44f837383b3d0ce27eebd16681923c89436ca",
    "new_orleans_5list_n186": "53a7393dd630b42c16fb540a37ee26e47a28595e7f1c776926eeb0a5094a19fc",
    "western_us": "f1908bac02390a009d2404380b13cbab039417ff930e0e00fa9c697efbb2ed4d",
    "korea": "383ff511052cca51e98418f829f02548733d85a6e3381c0fc004c9a068b154fd",
    "artificial_3": "884b42720e052d2c67c8b487defeb40cb41ba72a1bf3865cc8b5919b93071342",
    "kosovo_1999": "f7349a7c9c382add99d8e9ab7c5cb87137b52fa76bdbd401c84773bc9659904f",
    "philippines_quezon_police": "b3655a2d84a373d5ca6e071fe2aa436b2ffa42ed668d9633432b1743399cb4a6",
    "philippines_quezon_unidentified": "c52c88697cfc9304872a4d8505ff0a9fdef11054810a22d5112a0f18bd63a962",
    "snowshoe_hare": "e1810733434ba4754eee419bbc20be461adf433c175880d5fd90972437790819",
    "hiv_lazio": "adb16c3bda74fd9a4cd814e33a80139440a133ece3b7381786ef3a5338673739",
    "diabetes_italy": "58610226e4b8c321d962d6f1ad7bb943b195ac0e684b19667198cdb07bf72759",
    "hepatitis_a_taiwan": "c059e87ddec63062a2187af830d021137f712beb1bdbeaad76472f9db0cc3013",
    "polish_netherlands": "bcae81d4e3a30dc04112ef696cb4947cc314c4378c2f896bed9804cc5f76fe67",
    "kampala_pwid": "57cce9a189b2701fabedf15bf0f8f977b5aa967b2a7b0a5ff2783cd56ae2bad0",
    "cottontail": "639fc3e369b68f008352e5689dde4d78412ba94c7ee580db039a38ed26584788",
    "scotland_pwid": "c9aee1036cc2dd1940ec10d8aec24e821f6347a4fcb59a897bcd5cee7153e866",
    "spina_bifida_ny": "696ccff00e745963a9886d476fe5ebb46443fc54bd5f924b6ac80c9179fc42ae",
    "bangladesh_pwid": "d7446a409007f2d5725e903a3cef7fa107f386583f36588c450b22224679fdde",
    "seber_two_list": "7b24a365c9178f0c662fd2997e5b2bcdfef48418683f2feb62d73db3229fe41e",
    "cottontail_frequencies": "79cee2151c8fa1b059a4d7f4c6875a2776fa31dad8359dd4c2e1898a5ece09de",
    "geckos": "28200b1b15d1fb2acf2493443a7294504a1d6da7081cd9502c840034af434511",
    "heroin_bangkok_frequencies": "597939c7136d7faca924607dfddce7ea553fb67366aef3e6f4af8aea238a8810",
    "opiates_rotterdam_frequencies": "244896a2c1004fb00840207730b31dbbc860746e623532511ed32684071f2fa1",
    "scrapie_france": "3c3cdaff5799ed3c7fd581c11916e178df0767d6eb07ed353c61d93d72cc27ff",
}


@pytest.mark.parametrize("name", entries())
def test_content_is_what_it_was(name):
    data, entry = hp.load(name), entries()[name]
    assert data.observed == entry["observed"]
    assert data.digest == DIGESTS[name]
    if isinstance(data, hp.CaptureTable):
        assert data.given_lists == tuple(entry["lists"])
        assert data.strata == tuple(entry["strata"])


@pytest.mark.parametrize("name", entries())
def test_source_says_where_it_comes_from(name):
    text = (data_folder() / name / "SOURCE.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {entries()[name]['title']}")
    assert f"| people | {entries()[name]['observed']:,} |" in text
    assert "| publication |" in text


def test_the_two_new_orleans_printings_differ_in_one_person():
    one, two = hp.load("new_orleans").to_counts(), hp.load("new_orleans_n186").to_counts()
    assert {h: (one.get(h), two.get(h)) for h in one | two if one.get(h) != two.get(h)} == {"00110000": (1, 2)}


def test_catalogue():
    frame = hp.catalogue()
    assert len(frame) == 31
    assert frame.loc["hepatitis_a_taiwan", "true_population"] == 545
    assert frame.loc["uk_2013", "n_lists"] == 6


def test_a_file_of_the_catalogue_reads_like_any_other():
    for name in ("uk_2013", "scotland_pwid", "geckos"):
        assert hp.read_captures(data_folder() / name / "counts.csv").digest == hp.load(name).digest


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(hp.UnknownNameError, match="Did you mean 'korea'"):
        hp.load("corea")
