"""A whole analysis in one folder: resumed after a kill, verified bit for bit, compared with another."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.release.kept import RELEASE, alone
from hiddenpop.release.run import WORK

CASES = """police,ngo,shelter,sex,year,n
1,0,0,f,2023,60
0,1,0,f,2023,70
0,0,1,f,2023,90
1,1,0,f,2023,12
1,0,1,f,2023,14
0,1,1,f,2023,15
1,1,1,f,2023,6
1,0,0,m,2023,30
0,1,0,m,2023,25
0,0,1,m,2023,20
1,1,0,m,2023,9
1,0,1,m,2023,8
0,1,1,m,2023,7
1,1,1,m,2023,3
1,0,0,f,2024,80
0,1,0,f,2024,95
0,0,1,f,2024,99
1,1,0,f,2024,19
1,0,1,f,2024,21
0,1,1,f,2024,18
1,1,1,f,2024,9
1,0,0,m,2024,33
0,1,0,m,2024,28
0,0,1,m,2024,25
1,1,0,m,2024,9
1,0,1,m,2024,9
0,1,1,m,2024,8
1,1,1,m,2024,3
"""
TOML = """
title = "Made-up cases"
date = "2026"
[data]
table = "cases.csv"
lists = ["police", "ngo", "shelter"]
count = "n"
strata = ["sex", "year"]
[estimate]
seed = {seed}
{method}
[strata]
by = ["sex", "year"]
threshold = 5
denominators = "people.csv"
[trend]
by = "year"
method = "loglinear-shrinkage"
"""
PEOPLE = "sex,year,people\nf,2023,900000\nm,2023,880000\nf,2024,905000\nm,2024,884000\n"
FILES = ["publication.csv", "publication.xlsx", "report.html", "report.json", "strata.json", "table.csv", "trend.json"]


def describe(folder, seed=7, method=""):
    folder.mkdir(exist_ok=True)
    (folder / "cases.csv").write_text(CASES)
    (folder / "people.csv").write_text(PEOPLE)
    path = folder / "analysis.toml"
    path.write_text(TOML.format(seed=seed, method=method))
    return path


def contents(folder):
    return {file.name: file.read_bytes() for file in Path(folder).iterdir() if file.name != RELEASE}


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analysis")
    return describe(folder), hp.run_analysis(folder / "analysis.toml", folder / "release")


def test_everything_is_in_the_folder(release):
    folder = release[1]
    assert sorted(contents(folder)) == FILES
    assert [file.name for file in folder.parent.iterdir() if file.name.startswith(".")] == []
    told = json.loads((folder / RELEASE).read_text())
    assert set(told["files"]) == set(FILES)
    assert set(told["inputs"]) == {"cases.csv", "people.csv"}
    strata = json.loads((folder / "strata.json").read_text())
    parts = sum(part["population"] for part in strata["strata"])
    assert parts == pytest.approx(strata["total"]["population"])
    assert "Made-up cases" in (folder / "report.html").read_text()


def test_verify_finds_the_same_bits_and_what_was_changed(release, tmp_path):
    assert all(check.passed for check in hp.verify_release(release[1]))
    copy = tmp_path / "copy"
    shutil.copytree(release[1], copy)
    with (copy / "publication.csv").open("a") as file:
        file.write("one more row\n")
    (copy / "trend.json").unlink()
    every = hp.verify_release(copy, release[0])
    assert "is not that" in next(check.message for check in every if check.value == "trend.json" and check.passed)
    assert "publication.csv is not what was released" in str(hp.diff_releases(release[1], copy))
    failed = [check for check in every if check.passed is False]
    assert {(check.name, check.value) for check in failed} == {
        ("changed-afterwards", "publication.csv"),
        ("changed-afterwards", "trend.json"),
    }


def test_verify_names_an_input_that_changed(release, tmp_path):
    path = describe(tmp_path)
    folder = hp.run_analysis(path, tmp_path / "out")
    (tmp_path / "people.csv").write_text(PEOPLE.replace("900000", "600000"))
    failed = [check for check in hp.verify_release(folder) if check.passed is False]
    assert {check.value for check in failed} >= {"publication.csv", "publication.xlsx", "report.html"}
    assert all("what goes in differs: input people.csv" in check.message for check in failed)
    (folder / RELEASE).write_text("null")
    with pytest.raises(hp.DataError, match="is no release"):
        hp.diff_releases(folder, release[1])


def test_one_run_at_a_time(release, tmp_path):
    path = describe(tmp_path)
    with alone(tmp_path / "out"), pytest.raises(hp.OptionError, match="Another process"):
        hp.run_analysis(path, tmp_path / "out")
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_diff_names_the_cause(release, tmp_path):
    same = hp.diff_releases(release[1], release[1])
    assert same.files == ()
    assert "bit for bit" in str(same)
    other = hp.run_analysis(describe(tmp_path / "a", seed=8, method='method = "chao"'), tmp_path / "a" / "out")
    found = hp.diff_releases(release[1], other)
    assert found.causes == {"estimate.method": ("by the rule", "chao"), "estimate.seed": ("7", "8")}
    assert found.after["method"] == "chao"
    path = describe(tmp_path / "b")
    path.with_name("cases.csv").write_text(CASES.replace("1,1,1,m,2024,3", "1,1,1,m,2024,4"))
    changed = hp.diff_releases(release[1], hp.run_analysis(path, tmp_path / "b" / "out"))
    assert set(changed.causes) == {"data", "input cases.csv"}
    assert "report.json" in changed.files
    assert [step.cause for step in changed.steps] == ["data", "method", "seed", "versions and machine"]
    assert changed.steps[0].after == pytest.approx(changed.after["population"])
    assert changed.steps[1:] == tuple(
        type(step)(step.cause, changed.after["population"], changed.after["population"]) for step in changed.steps[1:]
    )
    whole = np.prod([step.after / step.before for step in found.steps])
    assert whole == pytest.approx(found.after["population"] / found.before["population"])
    assert abs(found.steps[1].after / found.steps[1].before - 1.0) > 0.01


def test_changes_that_would_tell_a_hidden_count_are_left_out(tmp_path):
    path = describe(tmp_path)
    few = "".join(
        line for line in CASES.splitlines(keepends=True) if not line.startswith("1,1,1") and ",2023," not in line
    )
    (tmp_path / "cases.csv").write_text(few + "1,1,0,f,2023,1\n1,0,1,f,2023,1\n1,1,1,m,2023,1\n0,0,1,m,2023,1\n")
    text = path.read_text().replace('by = ["sex", "year"]', 'by = ["year"]\nmethod = "loglinear-shrinkage"')
    path.write_text(text.replace('denominators = "people.csv"', ""))
    folder = hp.run_analysis(path, tmp_path / "out")
    page = (folder / "report.html").read_text()
    assert hp.read_publication(folder / "publication.csv").hidden.sum() == 2
    assert "Changes between periods are left out" in page
    assert "known people +" not in page
    assert "below 5 of people by the lists" in page
    shown = (folder / "publication.csv").read_text().splitlines()
    assert sum(line.count("c,c") > 3 for line in shown) == 2


FEW_MEN = """1,0,0,m,2023,1
0,1,0,m,2023,1
0,0,1,m,2023,1
1,1,0,m,2023,1
"""


@pytest.mark.slow
def test_two_releases_together_do_not_tell_a_hidden_count(tmp_path):
    women = "".join(line for line in CASES.splitlines(keepends=True) if ",m,2023," not in line)

    def run(name, data="", strata=""):
        text = describe(tmp_path).read_text().split("[trend]")[0]
        text = text.replace("[estimate]", f"{data}\n[estimate]").replace('denominators = "people.csv"', strata)
        path = tmp_path / f"{name}.toml"
        path.write_text(text + 'method = "chao"\n')
        (tmp_path / "cases.csv").write_text(women + FEW_MEN)
        return hp.run_analysis(path, tmp_path / name)

    first = run("first", data='where = {sex = "f"}')
    careless, careful = run("careless"), run("careful", strata='earlier = ["first"]')

    def told(folder):
        releases = [hp.read_publication(one / "publication.csv") for one in (first, folder)]
        return [bounds.label for bounds in hp.attack(releases) if bounds.recovered]

    assert ("m", "2023") in told(careless)
    assert told(careful) == []
    assert "first/publication.csv" in json.loads((careful / RELEASE).read_text())["inputs"]
    with pytest.raises(hp.DataError, match="no publication table"):
        hp.read_publication(first / "table.csv")


def test_links_are_drawn_and_the_report_speaks_spanish(tmp_path):
    flaws = hp.Flaws(typo=0.02, spelling=0.05, no_birth=0.01)
    design = hp.Design(population=1500, probabilities=(0.3, 0.3, 0.25))
    made = hp.make_registers(design, ["police", "ngo", "shelter"], flaws=flaws, seed=4)
    made.write(tmp_path, key=False)
    (tmp_path / "analysis.toml").write_text(
        '[data]\nregisters = "intake.toml"\n[linkage]\nreplicates = 4\n[strata]\nby = ["region"]\nmethod = "chao"\n'
        '[report]\nlanguage = "es"\n'
    )
    folder = hp.run_analysis(tmp_path / "analysis.toml", tmp_path / "out")
    report = json.loads((folder / "report.json").read_text())
    linkage = json.loads((folder / "linkage.json").read_text())
    assert report["headline"]["interval"]["kind"] == "combined"
    assert report["headline"]["interval"]["low"] < 1500 < report["headline"]["interval"]["high"]
    assert len(linkage["replicates"]) == 4
    page = (folder / "report.html").read_text()
    assert '<html lang="es">' in page
    assert "Los enlaces se" in page or "vincularon" in page
    known = sum(part["observed"] for part in json.loads((folder / "strata.json").read_text())["strata"])
    assert known == pytest.approx(report["headline"]["observed"], abs=3)
    names = {name for records in made.registers.values() for name in records["surname"].dropna() if len(name) > 5}
    told = "".join(file.read_text() for file in folder.iterdir() if file.suffix in (".json", ".csv", ".html"))
    assert not [name for name in names if name in told]


def kill_at(path, output, seconds):
    """Start a run and kill it after a while; was it still running?"""
    words = [sys.executable, "-m", "hiddenpop", "run", str(path), "-o", str(output)]
    ran = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    running = ran.poll() is None
    os.kill(ran.pid, signal.SIGKILL) if running else None
    ran.wait()
    return running


def check_kills(release, tmp_path, moments):
    """Every resumed run has the bytes of the uninterrupted one, and nothing half-written has the final name."""
    killed = 0
    for number, seconds in enumerate(moments):
        path = describe(tmp_path / str(number))
        output = path.parent / "release"
        killed += kill_at(path, output, seconds)
        assert not output.exists() or (output / RELEASE).exists()
        hp.run_analysis(path, output)
        assert contents(output) == contents(release[1])
    return killed


def test_what_a_killed_run_left_half_written_goes(release, tmp_path):
    path, output = describe(tmp_path), tmp_path / "release"
    half = tmp_path / f".release{WORK}" / json.loads((release[1] / RELEASE).read_text())["key"][:16]
    (half / ".publication.xlsx.1").mkdir(parents=True)
    (half / ".publication.xlsx.1" / "publication.xlsx").write_text("half")
    hp.run_analysis(path, output)
    assert contents(output) == contents(release[1])


def test_a_killed_run_goes_on_with_the_same_result(release, tmp_path):
    assert check_kills(release, tmp_path, [3.0]) == 1


@pytest.mark.slow
def test_twenty_kills(release, tmp_path):
    """At random moments, from the first second on."""
    moments = np.random.default_rng(1).uniform(0.5, 12.0, 20)
    assert check_kills(release, tmp_path, moments) >= 10


def test_what_is_no_release_is_not_replaced(release, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(hp.OptionError, match="is not a release"):
        hp.run_analysis(release[0], tmp_path / "mine")
    with pytest.raises(hp.DataError, match="is no release"):
        hp.verify_release(tmp_path / "mine")
    copy = tmp_path / "copy"
    shutil.copytree(release[1], copy)
    (copy / "press_note.txt").write_text("years of work")
    with pytest.raises(hp.OptionError, match=r"press_note\.txt"):
        hp.run_analysis(release[0], copy)
    assert (copy / "press_note.txt").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[data]\ntable = 'a'\nregisters = 'b'\n[estimate]\nlevel = 2\nsed = 3\n", "3 faults"),
        ("data = ", "is not a TOML file"),
        ("[data]\n", "give either table or registers"),
        ("[data]\ntable = 'nowhere.csv'\n", "no file"),
        ("[data]\ntable = 'korea'\n[estimate]\noptions = {a = 1}\n", "options belong to a method"),
        ("[data]\ntable = 'korea'\ncount = 'n'\n", "a table that ships"),
        ("[data]\ntable = 'korea'\n[estimate]\nmethod = 'chao'\noptions = {level = 0.5}\n", "no options of a method"),
        ("[data]\ntable = 'korea'\n[strata]\nby = ['year', 'year']\n", "named twice"),
        ("[data]\ntable = 'korea'\n[linkage]\n", "linkage needs registers"),
        ("[data]\ntable = 'korea'\n[report]\nlanguage = 'fr'\n", "language"),
    ],
)
def test_faults_of_a_description_are_told_together(tmp_path, text, says):
    path = tmp_path / "analysis.toml"
    path.write_text(text)
    with pytest.raises(hp.DataError, match=says):
        hp.run_analysis(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_option_out_of_range_stops_the_run_and_is_no_refusal(tmp_path):
    path = describe(tmp_path, method='method = "loglinear"\noptions = {interactions = "some"}')
    with pytest.raises(hp.OptionError, match="some"):
        hp.run_analysis(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
