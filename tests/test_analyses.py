"""Whole published analyses, rerun: every expected number comes out, and every README says the same."""

import csv
import json
import runpy
import tomllib
from pathlib import Path

import pytest

from hiddenpop.checks.coverage import Contender
from hiddenpop.checks.headline import SHRINKAGE

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


def read_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_headline_follows_from_the_rows_of_the_coverage_study(monkeypatch):
    """`judged.csv` and `classes.csv` are what the criteria make of `coverage.csv`, and the code uses it."""
    folder = FOLDER / "calibration"
    monkeypatch.syspath_prepend(str(folder))
    judge = runpy.run_path(str(folder / "judge.py"))
    rows = judge["read_rows"]()
    judged = [judge["judge"](rows, half, one.label) for half in judge["HALVES"] for one in judge["CANDIDATES"]]
    judged = [one for one in judged if not one["scenarios"].startswith("0 ")]
    chosen = judge["choose"](judged)
    assert chosen == Contender("loglinear-shrinkage", SHRINKAGE).label
    assert not next(one["missed"] for one in judged if (one["half"], one["contender"]) == ("confirm", chosen))
    contenders = [judge["INDEPENDENCE"], judge["SEARCH"], judge["ALL_PAIRS"], chosen]
    for name, expected in (("judged", judged), ("classes", judge["by_class"](rows, contenders))):
        written = [{key: str(value) for key, value in row.items()} for row in expected]
        assert read_rows(folder / f"{name}.csv") == written, name


def test_the_halves_of_the_coverage_study_share_no_strength_and_no_population():
    """What confirms was not seen by what chose."""
    rules = tomllib.loads((FOLDER / "calibration" / "acceptance.toml").read_text(encoding="utf-8"))
    assert len(rules["scenario"]) >= 40
    halves = {half: [s["design"] for s in rules["scenario"] if s["half"] == half] for half in ("choose", "confirm")}
    found = {half: {design["population"] for design in designs} for half, designs in halves.items()}
    assert not found["choose"] & found["confirm"]


KNOWN_TRUTH = FOLDER / "known_truth"
KNOWN = runpy.run_path(str(KNOWN_TRUTH / "known_truth.py"))
QUICK = ("chapman", "chao", "zelterman", "sample-coverage", "loglinear", "loglinear-shrinkage", KNOWN["EVERY_PAIR"])


def test_every_method_stands_in_the_table_of_known_truth():
    rows = read_rows(KNOWN_TRUTH / "known_truth.csv")
    wanted = {(name, one) for name in KNOWN["truths"]() for one in (*KNOWN["contenders"](), KNOWN["HEADLINE"])}
    assert {(row["data"], row["method"]) for row in rows} == wanted


@pytest.mark.parametrize("method", QUICK)
@pytest.mark.parametrize("data", sorted(KNOWN["truths"]()))
def test_intervals_against_known_truth_come_out_again(data, method):
    rows = read_rows(KNOWN_TRUTH / "known_truth.csv")
    (expected,) = (row for row in rows if (row["data"], row["method"]) == (data, method))
    assert {key: str(value) for key, value in KNOWN["run"](data, method).items()} == expected


def test_doubt_about_links_reaches_the_interval():
    """The kept rows of 200 made-up sets of registers, their summary in the README, and the first row made again."""
    folder = FOLDER / "linkage"
    study = runpy.run_path(str(folder / "coverage.py"))
    rows = read_rows(folder / "coverage.csv")
    summary = study["summarise"](rows)
    assert summary["registers"] == 200
    assert summary["coverage"] >= 0.92
    assert f"| {' | '.join(map(str, summary.values()))} |" in (folder / "README.md").read_text(encoding="utf-8")
    assert {name: str(value) for name, value in study["run"](0).items()} == rows[0]


def test_covariates_are_needed_where_people_differ():
    """The kept rows of the study, their summary in the README, and one table of it made again."""
    folder = FOLDER / "covariates"
    study = runpy.run_path(str(folder / "coverage.py"))
    rows = read_rows(folder / "coverage.csv")
    summary = study["summarise"](rows)
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert all(f"| {' | '.join(row.values())} |" in text for row in summary)
    assert study["run"]("curved, 3,000", 7) == [r for r in rows if (r["scenario"], r["seed"]) == ("curved, 3,000", "7")]


def test_the_detection_gap_writes_its_tables_again():
    """Every table of the README comes from `figures.csv`."""
    folder = FOLDER / "detection_gap"
    study = runpy.run_path(str(folder / "detection_gap.py"))
    text = (folder / "README.md").read_text(encoding="utf-8")
    for table in study["tables"](read_rows(folder / "figures.csv")).values():
        assert table in text


def test_countries_of_known_population():
    folder = FOLDER / "countries"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    kept = {}
    for name in ("simulated", "published"):
        rows = list(csv.DictReader((folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()))
        assert all(f"| {' | '.join(row.values())} |" in readme for row in rows)
        kept[name] = rows
    pooled = {r["scenario"]: float(r["coverage"]) for r in kept["simulated"] if r["figure"] == "pooled"}
    assert all(0.925 < share < 0.975 for name, share in pooled.items() if "err" not in name)
    script = runpy.run_path(str(folder / "countries.py"))
    rows = script["run"]("alike, large", 0)
    assert {row["figure"] for row in rows} == {"own", "pooled", "pooled with its prior", "predicted"}
    assert sum(int(row["holds"]) for row in rows) / len(rows) > 0.8
