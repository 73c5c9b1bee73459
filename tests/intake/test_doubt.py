"""Files that could be read in two ways are refused, with the way out."""

import os
import sys

import duckdb
import pandas as pd
import pytest
from openpyxl import Workbook

import hiddenpop as hp

BASE = "police,ngo,shelter,count\n1,0,0,120\n0,1,0,90\n0,0,1,70\n1,1,0,20\n1,0,1,15\n0,1,1,12\n1,1,1,5\n"
REGION = "region,police,ngo,count\n01,1,0,500\n01,0,1,400\n01,1,1,100\n10,1,0,600\n10,0,1,450\n10,1,1,120\n"

DOUBTFUL = {
    "codes that look like histories": (REGION, {}, "'region' holds numbers"),
    "a misspelt list": (REGION, {"lists": ["polic", "ngo"], "count": "count"}, "Did you mean 'police'"),
    "counts with three decimals": ("a,b,count\n1,0,10.512\n0,1,20.734\n1,1,5.221\n", {}, "ambiguous"),
    "shares": ("a,b,count\n1,0,0.512\n0,1,0.734\n1,1,2\n", {}, "'0.512' is not a whole number"),
    "histories and an unnamed count": ("history,n\n10,500\n01,400\n11,100\n", {}, "'n' looks like a count"),
    "histories and an age": ("history,age,count\n10,31,5\n01,45,4\n11,50,1\n", {}, "'age' holds numbers"),
    "one column in two roles": (BASE, {"lists": ["police", "ngo"], "count": "police"}, "'police' is named twice"),
    "a stratum that is a list": (BASE, {"lists": ["police", "ngo"], "strata": ["ngo"]}, "'ngo' is named twice"),
    "people without any membership": ("id,police,ngo\n1,1,0\n2,,\n3,0,1\n", {"lists": ["police", "ngo"]}, "row 3"),
    "long or wide": ("id,source,police,ngo\nA,x,1,0\nB,y,1,1\nC,x,0,1\n", {}, "police, ngo may be lists"),
    "long with a count": ("case,source,n\nA,x,10\nB,y,5\n", {"count": "n"}, "a count was named"),
    "two columns of lists": ("person,source,list\nA,x,p\nB,y,q\n", {}, "could be either"),
    "a count of ones": ("police,ngo,n\n1,0,1\n0,1,1\n1,1,1\n", {}, "'n' looks like a count"),
    "a header too short": ("police,ngo\nyes,no,Leeds\nno,yes,York\nyes,yes,Leeds\n", {}, "holds numbers or values"),
    "frequencies twice": ("F1,f1,f2\n10,5,30\n", {}, "names a frequency twice"),
    "a hidden count": (
        "police,ngo,weight\n1,0,54\n0,1,46\n1,1,15\n",
        {"lists": ["police", "ngo"]},
        "looks like a count",
    ),
    "only F": ("sex,police,ngo\nF,1,0\nF,0,1\nF,1,1\n", {}, None),
    "totals beside parts": ("sex,a,b,count\nF,1,0,5\nM,1,1,4\nTotal,0,1,9\n", {}, "counted twice"),
    "a number of 5000 digits": ("a,b,count\n1,0," + "9" * 5000 + "\n0,1,3\n", {}, "too large"),
    "an open quote at the end": ('a,b,count\n1,0,5\n0,1,"4', {}, "quotation mark"),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_doubt_is_refused(case, tmp_path):
    text, named, words = DOUBTFUL[case]
    path = tmp_path / "cases.csv"
    path.write_text(text)
    if words is None:
        assert hp.read_captures(path, **named).strata == ("sex",)
        return
    with pytest.raises(hp.HiddenpopError, match=words) as caught:
        hp.read_captures(path, **named)
    assert caught.value.hint


def test_a_named_count_list_is_not_counted_twice(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text("count,police,ngo\n" + "1,0,0\n" * 40 + "0,1,0\n" * 30 + "0,1,1\n" * 20 + "1,1,0\n" * 10)
    assert hp.read_captures(path, lists=["count", "police", "ngo"]).observed == 100


def test_typed_numbers_have_no_thousands_marks(tmp_path):
    frame = pd.DataFrame({"a": [1, 0, 1], "b": [0, 1, 1], "count": [54.512, 463.255, 15.0]})
    for source in (frame, tmp_path / "cases.xlsx", tmp_path / "cases.parquet"):
        if source is not frame:
            getattr(frame, "to_excel" if source.suffix == ".xlsx" else "to_parquet")(source, index=False)
        with pytest.raises(hp.DataError, match=r"'54.512' is not a whole number"):
            hp.read_captures(source)


def test_file_names_are_not_patterns(tmp_path):
    for name in ("d1.parquet", "d2.parquet", "d[12].parquet", "d*.parquet"):
        duckdb.sql("SELECT 1 AS a, 1 AS b, 7 AS count").write_parquet(str(tmp_path / name))
    for name in ("d[12].parquet", "d*.parquet"):
        assert hp.read_captures(tmp_path / name).observed == 7
    (tmp_path / "a#b.csv").write_text(BASE)
    assert hp.read_captures(tmp_path / "a#b.csv").observed == 332


def test_a_workbook_is_read_to_its_end_whatever_it_says_of_its_size(tmp_path, monkeypatch):
    book = Workbook()
    for line in BASE.splitlines():
        book.active.append([int(x) if x.isdigit() else x for x in line.split(",")])
    path = tmp_path / "cases.xlsx"
    monkeypatch.setattr("openpyxl.worksheet.worksheet.Worksheet.calculate_dimension", lambda self: "A1:C4")
    book.save(path)
    monkeypatch.undo()
    assert hp.read_captures(path).observed == 332


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_a_damaged_workbook_is_said(part, tmp_path, run):
    import zipfile

    good, bad = tmp_path / "good.xlsx", tmp_path / "bad.xlsx"
    pd.DataFrame({"a": [1, 0], "b": [1, 1], "count": [3, 4]}).to_excel(good, index=False)
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for item in source.namelist():
            content = source.read(item)
            target.writestr(item, content[: len(content) // 2] if item == part else content)
    ran = run("check", bad, "--json")
    assert ran.code == 2
    assert "damaged" in ran.json["error"]["message"]


def test_a_named_index_is_data():
    frame = pd.read_csv(pd.io.common.StringIO(BASE)).set_index("police")
    assert hp.read_captures(frame).lists == ("police", "ngo", "shelter")


def test_a_sheet_of_notes_is_no_table(tmp_path):
    path = tmp_path / "cases.xlsx"
    with pd.ExcelWriter(path) as writer:
        pd.read_csv(pd.io.common.StringIO(BASE)).to_excel(writer, sheet_name="Data", index=False)
        pd.DataFrame({"This is a note": ["another"]}).to_excel(writer, sheet_name="Notes", index=False)
    assert hp.read_captures(path).observed == 332


def test_lists_that_differ_in_capitals_only_are_said():
    frame = pd.DataFrame({"person": ["A", "B", "B", "C"], "list": ["NGO", "ngo", "police", "police"]})
    assert "lists-alike" in [c.name for c in hp.read_captures(frame).checks]


def test_a_selection_leaves_a_trace(run, tmp_path):
    ran = run("estimate", "scotland_pwid", "--method", "loglinear", "--where", "gender=Female", "--json")
    assert "only gender = Female" in ran.json["provenance"]["reading"]
    odd = tmp_path / "odd.csv"
    odd.write_text("self,a,b,count\nx,1,0,50\nx,0,1,40\nx,1,1,30\ny,1,1,20\n")
    assert run("estimate", odd, "--method", "chapman", "--where", "self=x", "--json").json["observed"] == 120
    assert run("estimate", odd, "--method", "chapman", "--by", "self", "--json").code == 0


@pytest.mark.parametrize("counts", [(500_000, 800_000), (10**12, 10**12)])
def test_no_absurd_number_leaves(counts, tmp_path, run):
    path = tmp_path / "apart.csv"
    path.write_text(f"a,b,count\n1,0,{counts[0]}\n0,1,{counts[1]}\n1,1,1\n")
    for method in ("lincoln-petersen", "chapman", "zelterman", "loglinear", "chao"):
        for option in ((), ("--option", "interval=profile"))[: 2 if method == "loglinear" else 1]:
            assert run("estimate", path, "--method", method, *option, "--json").code == 2


def test_a_report_never_overwrites_its_data(tmp_path, run):
    path = tmp_path / "cases.csv"
    path.write_text(BASE)
    ran = run("report", path, "-o", path, "--json")
    assert ran.code == 2
    assert "overwrite the data" in ran.json["error"]["message"]
    assert path.read_text() == BASE
    for command in (("check", path), ("estimate", path, "--method", "chao"), ("compare", path)):
        assert "overwrite the data" in run(*command, "-o", path, "--json").json["error"]["message"]
        assert path.read_text() == BASE
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "not a file" in run("report", path, "-o", pipe, "--json").json["error"]["message"]
    assert "pipe" in run("check", pipe, "--json").json["error"]["message"]
    link, real = tmp_path / "link.html", tmp_path / "real.html"
    real.write_text("old")
    link.symlink_to(real)
    assert run("report", path, "-o", link).code == 0
    assert link.is_symlink()
    assert real.read_text().startswith("<!doctype html>")


USAGE = [
    ("compare", "korea", "--seed", "-1"),
    ("report", "korea", "-o", "x.html", "--seed", "-1"),
    ("report", "korea", "-o", "x.html", "--level", "2"),
    ("compare", "korea", "--level", "2"),
    ("estimate", "korea", "--method", "loglinear", "--option", "interactions=²:1"),
    ("estimate", "korea", "--method", "loglinear", "--option", "interactions=list_b:list_b"),
    ("estimate", "korea", "--method", "loglinear", "--option", "model=[1:1]"),
    ("estimate", "korea", "--method", "sample-coverage", "--option", "replicates=1000000000000"),
    ("estimate", "korea", "--method", "chapman", "--option", "lists=list_b,list_b"),
    ("estimate", "korea", "--method", "chao", "--option", "level=0.9"),
    ("estimate", "korea", "--method", "chao", "--level", "0.9999999999999999"),
    ("methods", "--lists", "-1"),
]


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_bad_values_are_met_before_anything_is_computed(arguments, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = run(*arguments, "--json")
    assert ran.code == 2
    assert set(ran.json) == {"error"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [{"model": 5}, {"model": ["12"]}, {"interactions": 5}, {"interactions": [("a",)]}])
def test_options_of_a_wrong_type_are_refused(options):
    with pytest.raises(hp.OptionError, match="Expected"):
        hp.loglinear(hp.load("korea"), **options)


def test_lists_may_be_any_sequence_of_names_but_not_one_text():
    frame = pd.read_csv(pd.io.common.StringIO(BASE))
    assert hp.read_captures(frame, lists=(n for n in ("police", "ngo"))).observed > 0
    with pytest.raises(hp.DataError, match="not one text"):
        hp.read_captures(frame, lists="police,ngo")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_any_terminal_will_do(tmp_path):
    import subprocess

    shell = f"'{sys.executable}' -m hiddenpop check uk_2013"
    plain = subprocess.run(shell, shell=True, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert plain.returncode == 0
    assert b"+ number-of-lists" in plain.stdout
    cut = subprocess.run(f"set -o pipefail; {shell} | true", shell=True, executable="/bin/bash", capture_output=True)
    assert cut.returncode == 0
    assert cut.stderr == b""
