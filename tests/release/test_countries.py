"""A folder of country tables becomes one sheet."""

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

import hiddenpop as hp
from hiddenpop.result import Check


def frames(folder):
    tables = {"a": "hepatitis_a_taiwan", "b": "seber_two_list", "c": "bangladesh_pwid"}
    for name, table in tables.items():
        hp.write_captures(hp.load(table).pooled(), folder / f"{name}.csv")
    (folder / "tiny.csv").write_text("police,ngo,count\n1,0,4\n0,1,5\n1,1,1\n")
    (folder / "broken.csv").write_text("police,ngo,count\n1,0,minus one\n")
    (folder / "notes.md").write_text("not a table")


def test_a_folder_becomes_a_sheet(tmp_path):
    frames(tmp_path)
    tables, faults = hp.read_countries(tmp_path)
    assert (set(tables), set(faults)) == ({"a", "b", "c", "tiny"}, {"broken"})
    base = {("a",): 51e6, ("b",): 1.8e6, ("c",): 160e6, ("tiny",): 1e5}
    found = hp.compare_countries(tables, base, faults=faults, seed=1)
    rows = found.rows.set_index("country")
    assert rows.loc["b", "rate"] == pytest.approx(rows.loc["b", "population"] * 1e5 / 1.8e6)
    for name, report in found.reports.items():
        assert rows.loc[name, "verdict"] == report.verdict.level
    assert rows.loc["tiny", "verdict"] == "do-not-publish"
    assert np.isnan(rows.loc["tiny", "population"])
    assert rows.loc["tiny", "predicted_low"] >= 10
    assert rows.loc["broken", "verdict"] == "no table"
    assert "minus one" in rows.loc["broken", "reason"]
    assert isinstance(found.checks[0], Check)
    assert "tiny" in next(check.message for check in found.checks if check.name == "predicted-only")
    hp.write_countries(found, tmp_path / "sheet.xlsx")
    book = CalamineWorkbook.from_path(tmp_path / "sheet.xlsx")
    assert book.sheet_names == ["Table", "Notes", "Provenance"]
    table = book.get_sheet_by_name("Table").to_python()
    assert {row[0] for row in table[1:]} == {"a", "b", "c", "tiny", "broken"}
    with pytest.raises(hp.DataError, match="missing"):
        hp.compare_countries({"a": tables["a"]}, {("b",): 1e6}, seed=1)
    with pytest.raises(hp.DataError, match="not a folder"):
        hp.read_countries(tmp_path / "nowhere")


def test_the_sheet_does_not_stand_among_the_countries(tmp_path, run):
    frames(tmp_path)
    before = (tmp_path / "a.csv").read_text()
    ran = run("countries", str(tmp_path), "-o", str(tmp_path / "a.csv"))
    assert ran.code == 2
    assert "among the countries" in ran.err
    assert (tmp_path / "a.csv").read_text() == before


def test_what_is_wrong_about_inhabitants_is_said(tmp_path, run):
    frames(tmp_path)
    for text, says in (("", "cannot be read"), ("country,people\na,many\n", "is a number"), ("land,n\n", "no column")):
        (tmp_path / "people.csv").write_text(text)
        ran = run("countries", str(tmp_path), "--inhabitants", str(tmp_path / "people.csv"))
        assert ran.code == 2
        assert says in ran.err.replace("\n", " ")
