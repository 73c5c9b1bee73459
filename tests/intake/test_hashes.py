"""Keyed hashes: the same for the same person in any script, other with another secret, missing where data are."""

from dataclasses import replace

import pandas as pd
import pytest

import hiddenpop as hp

SECRET = b"known to the agencies only"
PEOPLE = pd.DataFrame(
    {
        "given": ["Лариса", "Larisa ", "larisa", None],
        "surname": ["Шевченко", "Shevchenko", "Shevchenko", "Shevchenko"],
        "born": ["1990-02-01"] * 4,
    }
)


def test_one_person_has_one_key():
    keys = hp.hash_identity(PEOPLE, ["given", "surname", "born"], SECRET)
    assert keys[0] == keys[1] == keys[2]
    assert pd.isna(keys[3])
    assert keys.name == "key"


def test_secret_and_columns_make_the_key():
    own = hp.hash_identity(PEOPLE, ["surname", "born"], SECRET)
    assert own[0] != hp.hash_identity(PEOPLE, ["surname", "born"], SECRET + b"!")[0]
    assert own[0] != hp.hash_identity(PEOPLE, ["born", "surname"], SECRET)[0]
    moved = pd.DataFrame({"a": ["xy", "x"], "b": ["z", "yz"]})
    assert hp.hash_identity(moved, ["a", "b"], SECRET).nunique() == 2


def test_registers_are_put_together_by_their_keys(tmp_path):
    made = hp.make_registers(
        hp.Design(population=2000, probabilities=(0.3, 0.3)), ["police", "ngo"], flaws=hp.Flaws.none(), seed=2
    )
    expected = hp.read_registers(made.write(tmp_path)).table
    identity = ["given", "surname", "born"]
    hashed = {
        name: frame.assign(key=hp.hash_identity(frame, identity, SECRET)).drop(columns=identity)
        for name, frame in made.registers.items()
    }
    found = hp.read_registers(replace(made, registers=hashed).write(tmp_path)).table
    assert found.to_counts() == expected.to_counts()


def test_refusals():
    with pytest.raises(hp.OptionError, match="16 bytes"):
        hp.hash_identity(PEOPLE, ["born"], b"short")
    with pytest.raises(hp.OptionError, match="a column"):
        hp.hash_identity(PEOPLE, [], SECRET)
    with pytest.raises(hp.UnknownNameError, match="'age'"):
        hp.hash_identity(PEOPLE, ["age"], SECRET)
