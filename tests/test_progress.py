"""The progress line: for a person who watches, and for nobody else."""

import io

from hiddenpop import progress as module
from hiddenpop.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_nothing_is_written_where_output_is_piped(capsys):
    with progress("sampling") as tick:
        tick(0.5, "half")
    assert capsys.readouterr() == ("", "")


def test_a_person_sees_how_far_it_is(monkeypatch, capsys):
    stream = Terminal()
    monkeypatch.setattr(module.sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with progress("sampling") as tick:
        tick(0.5, "4 chains")
    assert "sampling" in stream.getvalue()
    assert "4 chains" in stream.getvalue()
    assert capsys.readouterr().out == ""
