"""Whole published analyses, rerun: every expected number comes out, and every README says the same."""

import json
import runpy
import tomllib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "analyses"
REPLICATE = runpy.run_path(str(FOLDER / "replicate.py"))


def build_cases():
    found = []
    for path in sorted(FOLDER.glob("*/analysis.toml")):
        analysis = tomllib.loads(path.read_text(encoding="utf-8"))
        expected = json.loads((path.parent / "expected.json").read_text(encoding="utf-8"))
        assert {e["name"] for e in expected} == {e["name"] for e in analysis["estimate"]}
        for entry in REPLICATE["entries"](analysis):
            marks = [pytest.mark.slow] if entry.get("slow") else []
            rows = [row for row in expected if row["name"] == entry["name"]]
            name = f"{path.parent.name}: {entry['name']}"
            found.append(pytest.param(path.parent, entry, rows, id=name, marks=marks))
    return found


CASES = build_cases()


@pytest.mark.parametrize(("folder", "entry", "rows"), CASES)
def test_expected_numbers_come_out(folder, entry, rows):
    found = REPLICATE["numbers"](entry)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for row in rows:
        value, _ = found[row["quantity"]]
        assert value == pytest.approx(row["value"], rel=row["rtol"], abs=row.get("atol")), row
        assert f"{row['value']:,.{2 * (row['quantity'] == 'criterion')}f}" in readme, row
    printed = {row["quantity"] for row in rows if "printed" in row}
    assert printed == set(entry.get("printed", {}))


@pytest.mark.parametrize(("folder", "entry", "rows"), CASES)
def test_printed_numbers_agree_or_it_is_said_why_not(folder, entry, rows):
    for row in rows:
        if "printed" in row:
            assert REPLICATE["agrees"](row) or entry.get("differs"), row


def test_the_picture_is_drawn(tmp_path, monkeypatch):
    script = FOLDER / "uk_2013" / "picture.py"
    monkeypatch.setattr("sys.argv", [str(script), str(tmp_path / "estimates.svg")])
    runpy.run_path(str(script))
    drawn = (tmp_path / "estimates.svg").read_text(encoding="utf-8")
    assert "loglinear (interactions all, interval profile)" in drawn
    assert "2,744 known" in drawn
