"""Files whose bits differ: do they say the same?"""

import json

import pytest

from hiddenpop.release.content import compare_files
from hiddenpop.report.documents import write_document

PAGE = (
    "<h1>Title</h1>\n<p>{text}</p>\n<figure><svg><path d='M {x} 2.5'/></svg></figure>\n"
    "  <tr><td>Versions</td><td>python 3.11, numpy {version}</td></tr>\n<tr><td>Versions</td><td>{row}</td></tr>"
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


@pytest.mark.parametrize(
    "other",
    [
        {"a": 1, "b": "y", "c": None}, {"a": 1, "c": None}, {"a": True, "b": "x", "c": None}, {"a": 1, "b": "x"},
        {"a": None, "b": "x", "c": None}, {"a": 2, "b": "x", "c": None}, {"a": 1.0, "b": "x", "c": None},
        {"a": 1, "b": "x", "c": None, "d": []},
    ],
)  # fmt: skip
def test_other_words_whole_numbers_and_missing_places_differ(tmp_path, other):
    assert both(tmp_path, "report.json", json.dumps({"a": 1, "b": "x", "c": None}), json.dumps(other)).differ


@pytest.mark.parametrize(
    ("changed", "differs", "others"),
    [
        ({"x": 1.00004}, 0, ("the last digits of coordinates of figures",)),
        ({"version": "9"}, 0, ("names of versions",)),
        ({"x": 1.5}, 1, ()),
        ({"text": "Between 20 and 31 people"}, 1, ()),
        ({"text": "Between 20 and 30 people<style>p {display: none}</style>"}, 1, ()),
        ({"row": "500"}, 1, ()),
    ],
)
def test_pages_are_compared_by_what_stands_in_them(tmp_path, changed, differs, others):
    said = {"text": "Between 20 and 30 people", "x": 1.0, "version": "8", "row": "5"}
    found = both(tmp_path, "report.html", PAGE.format(**said), PAGE.format(**said | changed))
    assert (len(found.differ), found.others) == (differs, others)


@pytest.mark.parametrize(
    ("one", "other", "differs", "largest"),
    [
        ("10.5", "10.50000000001", 0, 9.5e-13), ("10", "11", 1, 0.0), ("007", "7", 1, 0.0), ("1.5", "-1.5", 1, 0.0),
        ("2000000000", "2000000001", 1, 0.0),
    ],
)  # fmt: skip
def test_cells_of_csv(tmp_path, one, other, differs, largest):
    found = both(tmp_path, "publication.csv", f"sex,people\nf,{one}\n", f"sex,people\nf,{other}\n")
    assert len(found.differ) == differs
    assert found.largest == pytest.approx(largest, rel=0.01)


def test_documents_are_compared_by_their_texts(tmp_path):
    paths = []
    for text in ("Between 20 and 30 people", "Between 20 and 31 people"):
        folder = tmp_path / text[-9:-7]
        folder.mkdir()
        paths.append(folder / "report.docx")
        write_document(f"<h1>Title</h1><p>{text}</p>", paths[-1])
    assert compare_files(*paths).differ == ("text 2",)
