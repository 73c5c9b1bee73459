"""Whole published analyses, rerun: every expected number comes out, and every README says the same."""

import json
import runpy
import tomllib
from pathlib import Path

import pytest

import hiddenpop as hp

ANALYSES = sorted((Path(__file__).parent.parent / "analyses").glob("*/analysis.toml"))


@pytest.mark.parametrize("path", ANALYSES, ids=lambda p: p.parent.name)
def test_expected_numbers_come_out(path):
    analysis = tomllib.loads(path.read_text(encoding="utf-8"))
    table = hp.load(analysis["table"])
    found = {
        e["name"]: hp.estimate(table, e["method"], level=analysis["level"], **e["options"])
        for e in analysis["estimate"]
    }
    expected = json.loads((path.parent / "expected.json").read_text(encoding="utf-8"))
    assert {e["name"] for e in expected} == set(found)
    readme = (path.parent / "README.md").read_text(encoding="utf-8")
    for row in expected:
        estimate = found[row["name"]]
        value = estimate.population if row["quantity"] == "population" else getattr(estimate.interval, row["quantity"])
        assert value == pytest.approx(row["value"], rel=row["rtol"]), row
        assert f"{value:,.0f}" in readme, row


def test_the_picture_is_drawn(tmp_path, monkeypatch):
    script = ANALYSES[0].parent / "picture.py"
    monkeypatch.setattr("sys.argv", [str(script), str(tmp_path / "estimates.svg")])
    runpy.run_path(str(script))
    drawn = (tmp_path / "estimates.svg").read_text(encoding="utf-8")
    assert "loglinear (interactions all, interval profile)" in drawn
    assert "2,744 known" in drawn
