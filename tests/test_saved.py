"""Runs that go on after an interruption, and the folder that they are kept in."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.numerics.latent_state import Run
from hiddenpop.saved import Saved, open_saved


def test_an_interrupted_latent_class_run_gives_the_same_answer(tmp_path, monkeypatch):
    table, options = hp.load("korea"), {"seed": 5, "warmup": 500}
    whole = hp.latent_class(table, **options)
    store, calls = Saved.store, []

    def interrupted(self, part, arrays):
        store(self, part, arrays)
        calls.append(part)
        if len(calls) == 8:
            raise KeyboardInterrupt

    monkeypatch.setattr(Saved, "store", interrupted)
    with pytest.raises(KeyboardInterrupt):
        hp.latent_class(table, resume=str(tmp_path), **options)
    monkeypatch.setattr(Saved, "store", store)
    taken, go_on = [], Run.go_on_from
    monkeypatch.setattr(
        Run, "go_on_from", lambda self, arrays: (taken.append(int(arrays["numbers"][1])), go_on(self, arrays))
    )
    again = hp.latent_class(table, resume=str(tmp_path), **options)
    assert taken == [7]  # the warm-up and seven parts of the first round were not repeated
    assert again.to_dict() == whole.to_dict()


def test_another_question_reads_nothing(tmp_path):
    one = open_saved(str(tmp_path), "latent-class", "abc", {"seed": 1})
    one.store("state", {"numbers": np.arange(3)})
    assert one.load("state")["numbers"].tolist() == [0, 1, 2]
    for other in (
        open_saved(str(tmp_path), "latent-class", "abc", {"seed": 2}),
        open_saved(str(tmp_path), "latent-class", "abd", {"seed": 1}),
        one.part("second"),
    ):
        assert other.load("state") is None


def test_a_damaged_file_is_no_file(tmp_path):
    saved = open_saved(str(tmp_path), "m", "d", {})
    saved.store("state", {"numbers": np.arange(1000)})
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:200])
    assert saved.load("state") is None


def test_only_the_owner_reads_what_is_kept(tmp_path):
    folder = tmp_path / "run"
    open_saved(str(folder), "m", "d", {}).store("state", {"numbers": np.arange(3)})
    assert folder.stat().st_mode & 0o077 == 0
    assert next(folder.iterdir()).stat().st_mode & 0o077 == 0


def test_a_place_that_cannot_be_a_folder(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(hp.OptionError, match=r"resume=.* cannot be used"):
        hp.latent_class(hp.load("korea"), resume=str(file), seed=1)
