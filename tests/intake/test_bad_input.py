"""Bad input is met at the door: one clear message and exit code 2, or the right answer with a check that says so."""

import html
import zipfile

import pytest

import hiddenpop as hp

HEAD = "police,ngo,shelter,count\n"
GOOD = {"100": 54, "010": 46, "001": 90, "110": 15, "101": 19, "011": 6, "111": 4}


def rows(counts=GOOD):
    return "".join(f"{','.join(h)},{n}\n" for h, n in counts.items())


REFUSED = {
    "negative count": (HEAD + rows() + "1,1,0,-3\n", ["row 9", "'-3' is negative"]),
    "non-integer count": (HEAD + rows() + "1,1,0,2.5\n", ["row 9", "'2.5' is not a whole number"]),
    "missing count": (HEAD + rows() + "1,1,0,\n", ["row 9", "missing"]),
    "missing membership": (HEAD + rows() + "1,,0,5\n", ["row 9", "'ngo'", "missing"]),
    "membership of 2": (HEAD + rows() + "2,1,0,5\n", ["'police' holds numbers (0, 1, 2)", "--lists"]),
    "suppressed count": (
        HEAD + rows() + "1,1,0,<5\n1,0,1,*\n",
        ["row 9", "'<5' is suppressed", "given again", "row 10", "'*' is suppressed"],
    ),
    "banded count": (HEAD + rows() + "1,1,0,10-19\n", ["row 9", "'10-19' is suppressed or banded", "given again"]),
    "text count": (HEAD + rows() + "1,1,0,many\n", ["row 9", "'many' is not a number"]),
    "several faults at once": (HEAD + "1,1,0,-3\n1,,0,x1\n", ["3 faults", "row 2", "row 3", "'ngo'", "'x1'"]),
    "all counts zero": (HEAD + "1,0,0,0\n0,1,0,0\n", ["Nobody is on any list"]),
    "empty file": ("", ["is empty"]),
    "blank file": ("\n\n", ["is empty"]),
    "header only": (HEAD, ["has a header but no rows"]),
    "no header": (rows(), ["should be the header but holds numbers"]),
    "another numeric column": ("police,ngo,n\n1,0,5\n0,1,7\n1,1,2\n", ["'n' looks like a count", "--count n"]),
    "a column twice": ("police,police,count\n1,0,5\n0,1,7\n1,1,2\n", ["names police twice"]),
    "a column without a name": ("police,,count\n1,0,5\n0,1,7\n1,1,2\n", ["column 2 has no name"]),
    "no list column": ("sex,count\nmale,5\nfemale,7\n", ["No column of 0 and 1"]),
    "a row too long": (HEAD + rows() + "1,1,0,5,9\n", ["row 9", "5 cells under 4 columns"]),
    "an open quote": (HEAD + '1,1,0,"5\n' + rows() * 9000, ["cannot be read"]),
    "thousands or decimals": (HEAD + rows() + "1,1,0,3.000\n", ["'3.000' is ambiguous: thousands or decimals"]),
    "mixed thousands": ("a;b;count\n1;0;1.234\n0;1;2345\n1;1;20\n", ["ambiguous: thousands or decimals"]),
    "a web page": ("<!DOCTYPE html><html><table>", ["web page"]),
    "only identifiers": (
        "name,police,ngo\n" + "".join(f"p{i},{i % 2},{(i + 1) % 3 and 1}\n" for i in range(200)),
        ["'name' holds 200 different texts"],
    ),
    "one list": ("police,count\n1,50\n", ["needs at least 2 lists", "police"]),
    "lists that share nobody": (HEAD + "1,0,0,50\n0,1,0,40\n0,0,1,30\n", ["no maximum-likelihood estimate exists"]),
    "a list everybody is on": (HEAD + "1,0,0,50\n1,1,0,40\n1,0,1,30\n1,1,1,9\n", ["no maximum-likelihood estimate"]),
    "identical lists": ("a,b,count\n1,1,50\n", ["no maximum-likelihood estimate"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_one_message_and_exit_code_2(case, tmp_path, run):
    text, wanted = REFUSED[case]
    path = tmp_path / "cases.csv"
    path.write_text(text, encoding="utf-8")
    ran = run("estimate", path, "--method", "loglinear", "--json")
    assert ran.code == 2
    error = ran.json["error"]
    assert set(error) == {"type", "message", "hint", "details"}
    told = f"{error['message']} {error['hint']}"
    assert [w for w in wanted if w not in told] == [], told
    assert error["hint"], "a message says what to do"
    plain = run("estimate", path, "--method", "loglinear")
    assert plain.code == 2
    assert plain.out == ""
    assert "Traceback" not in plain.err
    told = [line for line in plain.err.splitlines() if not line.startswith("read: ")]
    assert told[0].startswith("Error: ")


LEGAL = {
    "a history twice": (HEAD + rows() + "1,1,0,5\n", "duplicate-histories", 239),
    "an all-zero history": (HEAD + rows() + "0,0,0,500\n", "all-zero-history", 234),
    "a list nobody is on": (
        "police,ngo,shelter,nobody,count\n" + rows({h + "0": n for h, n in GOOD.items()}),
        "empty-list",
        234,
    ),
    "zero counts": (HEAD + rows({**GOOD, "111": 0}), None, 230),
    "blank lines and spaces": (HEAD + "\n" + rows().replace(",", " , ") + "\n \n", None, 234),
    "count column first": ("count,police,ngo\n5,1,0\n7,0,1\n2,1,1\n", None, 14),
}


@pytest.mark.parametrize("case", LEGAL)
def test_legal_with_the_right_answer_and_a_check(case, tmp_path, run):
    text, name, people = LEGAL[case]
    path = tmp_path / "cases.csv"
    path.write_text(text, encoding="utf-8")
    ran = run("estimate", path, "--method", "loglinear", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["observed"] == people
    assert name is None or name in [c["name"] for c in ran.json["checks"]]


def test_an_empty_list_leaves_the_spina_bifida_estimate_as_it_was(tmp_path, run):
    counts = hp.load("spina_bifida_ny").to_counts()
    path = tmp_path / "spina.csv"
    path.write_text("a,b,nobody,c,count\n" + rows({h[:2] + "0" + h[2:]: n for h, n in counts.items()}))
    for option in ("model=[1,2,4]", "model=[a,b,c]", "interval=wald"):
        ran = run("estimate", path, "--method", "loglinear", "--option", option, "--json")
        assert ran.json["population"] == pytest.approx(756.7575, abs=5e-5)


@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("chapman", "a,b,count\n1,0,40\n1,1,12\n"),
        ("lincoln-petersen", "a,b,count\n1,0,40\n1,1,12\n"),
        ("chapman", "a,b,count\n1,1,1000\n"),
    ],
)
def test_one_list_inside_another_has_no_interval(method, text, tmp_path, run):
    path = tmp_path / "nested.csv"
    path.write_text(text)
    ran = run("estimate", path, "--method", method, "--json")
    assert ran.code == 0
    assert ran.json["interval"] is None
    assert any(c["name"] == "nested-lists" and c["passed"] is False for c in ran.json["checks"])
    assert run("estimate", path, "--method", method, "--strict").code == 1


def test_disconnected_groups_are_not_published(tmp_path, run):
    path = tmp_path / "groups.csv"
    path.write_text("a,b,c,d,count\n" + rows({"1000": 50, "1100": 20, "0100": 30, "0010": 40, "0011": 15, "0001": 25}))
    ran = run("check", path, "--json")
    assert ran.json["verdict"]["level"] == "do-not-publish"
    assert "a + b; c + d" in ran.json["verdict"]["reasons"][0]
    assert run("estimate", path, "--method", "loglinear").code == 0


def test_two_lists_without_overlap_are_refused(tmp_path, run):
    path = tmp_path / "apart.csv"
    path.write_text("a,b,count\n1,0,40\n0,1,12\n")
    for method in ("chapman", "lincoln-petersen", "chao", "zelterman", "loglinear"):
        ran = run("estimate", path, "--method", method, "--json")
        assert ran.code == 2, method
        assert ran.json["error"]["type"] == "NotEstimableError"


HOSTILE = [
    "=1+1",
    "<b>x</b>",
    "[red]x[/red]",
    "Polizei Süd",
    "警察",
    'a "quoted" one',
    "a,b",
    "$x^2$",
    "o'neill",
    "{{ 1 }}",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_only_names(name, tmp_path, run):
    path = tmp_path / "names.csv"
    quoted = '"' + name.replace('"', '""') + '"'
    path.write_text(f"{quoted},ngo,shelter,count\n" + rows(), encoding="utf-8")
    assert hp.read_captures(path).lists == (name, "ngo", "shelter")
    ran = run("estimate", path, "--method", "loglinear", "--option", "model=[12,3]", "--json")
    assert f"{name}:ngo" in ran.json["fit"]["terms"]
    ran = run("check", path)
    assert ran.code == 0
    assert "The largest list, shelter" in ran.out
    assert name in ran.err
    assert run("report", path, "-o", tmp_path / "out.html", "--seed", 1).code == 0
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "<b>x</b>" not in page
    assert html.escape(name, quote=False) in page.replace("&#34;", '"').replace("&#39;", "'")


def test_counts_times_a_million_scale(tmp_path, run):
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    small.write_text(HEAD + rows())
    large.write_text(HEAD + rows({h: n * 1_000_000 for h, n in GOOD.items()}))
    ask = ("--method", "loglinear", "--option", "model=[12,3]", "--json")
    a, b = run("estimate", small, *ask).json, run("estimate", large, *ask).json
    assert b["population"] == pytest.approx(a["population"] * 1e6, rel=1e-9)


@pytest.mark.parametrize("ending", ["xlsx", "parquet"])
def test_text_that_claims_to_be_something_else(ending, tmp_path, run):
    path = tmp_path / f"cases.{ending}"
    path.write_text(HEAD + rows())
    ran = run("check", path, "--json")
    assert ran.code == 2
    assert "not what its ending says" in ran.json["error"]["message"]


@pytest.mark.parametrize(
    ("begin", "kind"),
    [
        (b"PK\x03\x04rest", "workbook"),
        (b"PAR1rest", "Parquet"),
        (b"\x1f\x8brest", "compressed"),
        (b"a\x00\x01\x02\x00", "binary"),
    ],
)
def test_other_files_that_claim_to_be_text(begin, kind, tmp_path, run):
    path = tmp_path / "cases.csv"
    path.write_bytes(begin)
    ran = run("check", path, "--json")
    assert ran.code == 2
    assert kind in ran.json["error"]["message"]


def test_a_missing_file_a_folder_and_an_unknown_ending(tmp_path, run):
    other = tmp_path / "cases.docx"
    other.write_text("x")
    for source, words in ((tmp_path / "no.csv", "neither a file"), (tmp_path, "is a folder"), (other, "are not read")):
        ran = run("check", source, "--json")
        assert ran.code == 2
        assert words in ran.json["error"]["message"]
    assert "uk_2013" in run("check", "uk_2031", "--json").json["error"]["hint"]


def test_a_workbook_that_unpacks_into_gigabytes_is_refused(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", b"0" * 300_000_000)
    with pytest.raises(hp.DataError, match=r"would unpack to 0\.3 GB"):
        hp.read_captures(path)
