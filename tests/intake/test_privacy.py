"""Names of people reach no file, message or cache; files are their owner's; hostile names of columns do no harm."""

import ast
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hiddenpop as hp

CANARIES = ("canaria", "kanarien", "1907-07-07", "zeisig")
SHORT = {"draws": 200, "warmup": 100, "thin": 1, "most_thin": 1, "allow_unconverged": True}
DESIGN = hp.Design(population=600, probabilities=(0.35, 0.35, 0.35))


@pytest.fixture
def registers(tmp_path):
    """Registers with canaries in names, dates of birth and person keys, written with and without the key."""
    made = hp.make_registers(DESIGN, seed=4)
    for frame in made.registers.values():
        frame["given"] = "Canaria" + frame["given"]
        frame["surname"] = frame["surname"] + "kanarien"
        frame["key"] = "zeisig-" + frame["key"].astype(str)
        frame.loc[frame.index[:40], "born"] = "1907-07-07"
    by_key, by_name = tmp_path / "by_key", tmp_path / "by_name"
    for folder in (by_key, by_name):
        folder.mkdir()
    return made.write(by_key, key=True), made.write(by_name, key=False)


def searched(folder, *texts):
    """Every canary found in a text or in any file under a folder, packed files unpacked."""
    found = []
    contents = [text.encode() for text in texts]
    for file in Path(folder).rglob("*"):
        if file.is_file():
            contents.append(file.read_bytes())
            if file.suffix == ".npz":
                with np.load(file, allow_pickle=False) as arrays:
                    contents += [arrays[name].tobytes() for name in arrays.files]
            if file.suffix == ".parquet":
                contents.append(pd.read_parquet(file).to_csv().encode())
    for content in contents:
        found += [name for name in CANARIES if name.encode() in content.lower()]
    return found


def command(folder, *words):
    """A command of the package with its temporary files in a folder of their own; what it printed."""
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    environment = os.environ | {"TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "hiddenpop", *map(str, words)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert not list(temporary.rglob("*.duckdb")), "a database was left behind"
    return ran


def test_no_name_leaves_the_registers_by_any_command(registers, tmp_path):
    by_key, by_name = registers
    out = tmp_path / "out"
    out.mkdir()
    ran = [
        command(out, "table", by_key, "-o", out / "table.parquet"),
        command(out, "table", by_key, "--json"),
        command(out, "link", by_name, "-o", out / "linked.csv", "--replicates", "3", "--seed", "1", "--json"),
        command(out, "check", out / "table.parquet"),
        command(out, "compare", out / "linked.csv", "--seed", "1", "-o", out / "compare.json"),
        command(out, "report", out / "table.parquet", "-o", out / "report.html", "--seed", "1"),
    ]
    assert [r.returncode for r in ran] == [0] * len(ran), [r.stderr for r in ran]
    broken = by_key.parent / "police.csv"
    broken.write_text(broken.read_text().replace("key", "clef", 1) + 'Canaria,"zeisig\n')
    ran += [command(out, "table", by_key, "--json"), command(out, "link", by_key, "--json")]
    assert ran[-2].returncode == 2
    assert searched(out, *(r.stdout + r.stderr for r in ran)) == []


def test_no_name_reaches_provenance_or_a_cache(registers, tmp_path):
    table = hp.read_registers(registers[0]).table
    cache = tmp_path / "cache"
    found = hp.latent_class(table, resume=str(cache), seed=1, **SHORT)
    assert list(cache.iterdir())
    told = [str(found), repr(found.provenance), str(found.to_dict()["provenance"]), str(table.reading), table.source]
    assert searched(cache, *told) == []


def test_files_are_their_owners(registers, tmp_path):
    table = hp.read_registers(registers[0]).table
    hp.write_captures(table, tmp_path / "table.csv")
    hp.write_captures(table, tmp_path / "table.parquet")
    hp.latent_class(table, resume=str(tmp_path / "cache"), seed=1, **SHORT)
    ran = command(tmp_path, "estimate", tmp_path / "table.csv", "--method", "chao", "-o", tmp_path / "found.json")
    assert ran.returncode == 0, ran.stderr
    written = [tmp_path / name for name in ("table.csv", "table.parquet", "found.json")]
    for file in [*written, *(tmp_path / "cache").iterdir()]:
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file.name


HOSTILE = ['who"; DROP TABLE x; --', "person' OR '1'='1", 'a"b', "select", "naïve, \t col"]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_columns_are_never_sql(tmp_path, name):
    people = pd.DataFrame({name: ["p1", "p2", "p3"], "found": "2023-01-01"})
    people.to_csv(tmp_path / "a.csv", index=False)
    people.iloc[1:].to_csv(tmp_path / "b.csv", index=False)
    column = "'''" + name + "'''" if "'" not in name else '"' + name + '"'
    text = "".join(f'[[registers]]\nlist = "{x}"\nsource = "{x}.csv"\nperson = {column}\n' for x in "ab")
    (tmp_path / "intake.toml").write_text(text, encoding="utf-8")
    found = hp.read_registers(tmp_path / "intake.toml").table
    assert found.to_counts() == {"10": 1, "11": 2}


def test_nothing_is_pickled():
    """No module of the package imports what runs code when it reads a file."""
    for path in Path(hp.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {"pickle", "dill", "cloudpickle", "marshal", "shelve"} & {n.split(".")[0] for n in names}, path
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False, path
