"""What people see, word for word. `pytest tests/snapshots --update-snapshots` accepts a change; read the diff."""

import re
from datetime import date

import pytest

import hiddenpop as hp
from hiddenpop.report.document import build_report, render

COMMANDS = {
    "check_uk_2013": ("check", "uk_2013"),
    "compare_kosovo_1999": ("compare", "kosovo_1999", "--seed", 7),
    "estimate_uk_2013": ("estimate", "uk_2013", "--method", "loglinear", "--option", "model=[12,23,4,5,6]"),
    "estimate_bangladesh_by_district": ("estimate", "bangladesh_pwid", "--method", "chapman", "--by", "district"),
    "methods": ("methods",),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_command(name, run, snapshot):
    snapshot(name, run(*COMMANDS[name]).out)


def test_refusal(run, snapshot):
    snapshot("refusal", run("estimate", "artificial_3", "--method", "loglinear", "--option", "model=[12,3]").err)


def test_report_text(snapshot):
    page = render(build_report(hp.load("uk_2013"), seed=7))
    page = re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", page, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", page)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    told = "\n".join(line for line in lines if line).replace(date.today().isoformat(), "TODAY")
    snapshot("report_uk_2013", re.sub(r"Versions .*", "Versions ...", told) + "\n")


def test_overlap(snapshot):
    snapshot("overlap_korea", f"{hp.overlap(hp.load('korea'))}\n")
