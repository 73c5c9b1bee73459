"""Fixtures shared by all tests."""

import json
import sys
from pathlib import Path

import pytest

import hiddenpop as hp
from hiddenpop import cli


@pytest.fixture
def uk():
    return hp.load("uk_2013")


@pytest.fixture
def two_lists():
    return hp.load("kampala_pwid")


@pytest.fixture
def easy():
    """5,000 people on three independent lists, so well covered that every method works."""
    return hp.Design(population=5000, probabilities=(0.3, 0.35, 0.4)).draw(11)


class Ran:
    """What a command left behind: exit code, standard output, standard error."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command line in this process: `run("estimate", "uk_2013", "--method", "chao")`."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["hiddenpop", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capsys.readouterr()
        return Ran(stopped.value.code, out, err)

    return call


def pytest_addoption(parser):
    parser.addoption("--update-snapshots", action="store_true", help="write what is shown now as what is expected")


@pytest.fixture
def snapshot(request):
    """Compare text with a file under tests/snapshots."""

    def compare(name, text):
        path = Path(__file__).parent / "snapshots" / f"{name}.txt"
        if request.config.getoption("--update-snapshots"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare
