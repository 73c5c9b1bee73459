"""Files whose bits differ: do they say the same?"""

import json

import pytest

from hiddenpop.release.content import compare_files

PAGE = (
    "<h1>Title</h1><p>{text}</p><figure><svg><path d='M {x} 2.5'/></svg></figure>"
    "<table><tr><td>Versions</td><td>numpy {version}</td></tr></table>"
)


def both(folder, name, one, other):
    paths = []
    for place, text in enumerate((one, other)):
        (folder / str(place)).mkdir()
        paths.append(folder / str(place) / name)
        paths[-1].write_text(text)
    return compare_files(*paths)


def test_numbers_of_json_are_compared_as_numbers_and_versions_named(tmp_path):
    values = {"population": 1000.0, "versions": {"numpy": "2.0"}, "list": ["a", True]}
    other = values | {"population": 1000.0 * (1 + 1e-12), "versions": {"numpy": "2.1"}}
    found = both(tmp_path, "report.json", json.dumps(values), json.dumps(other))
    assert found.differ == ()
    assert found.largest == pytest.approx(1e-12, rel=0.01)
    assert found.others == ("names of versions",)


@pytest.mark.parametrize("other", [{"a": 1, "b": "y"}, {"a": 1}, {"a": True, "b": "x"}, {"a": None, "b": "x"}])
def test_other_words_and_missing_places_differ(tmp_path, other):
    assert both(tmp_path, "report.json", json.dumps({"a": 1, "b": "x"}), json.dumps(other)).differ


@pytest.mark.parametrize(
    ("changed", "differs", "others"),
    [
        ({"x": 1.0004}, 0, ("the last digits of coordinates of figures",)),
        ({"version": "9"}, 0, ("names of versions",)),
        ({"x": 1.5}, 1, ()),
        ({"text": "Between 20 and 31 people"}, 1, ()),
    ],
)
def test_pages_are_compared_by_what_they_show(tmp_path, changed, differs, others):
    said = {"text": "Between 20 and 30 people", "x": 1.0, "version": "8"}
    found = both(tmp_path, "report.html", PAGE.format(**said), PAGE.format(**said | changed))
    assert (len(found.differ), found.others) == (differs, others)


def test_cells_of_csv(tmp_path):
    found = both(tmp_path, "publication.csv", "sex,people\nf,10\n", "sex,people\nf,11\n")
    assert found.differ == ()
    assert found.largest == pytest.approx(1 / 11)
