"""The house keeps its shape: layers, small files, a light import, the public face."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import hiddenpop as hp

ROOT = Path(hp.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
LAYERS = [
    {"errors", "arrays"},
    {"numerics"},
    {"provenance", "result", "door", "captures", "banded", "sightings", "overlap", "options", "output", "bootstrap"}
    | {"progress", "chains", "saved"},
    {"registry", "datasets", "design", "replicates", "covariates", "strata"},
    {"estimators", "bayes", "checks", "intake", "national"},
    {"report"},
    {"release"},
    {"cli_io", "cli_options", "cli_registers", "cli_release", "cli_trust", "cli", "__main__"},
]
ONLY_IN = {
    "matplotlib": "report",
    "jinja2": "report",
    "duckdb": "intake",
    "openpyxl": ("intake", "national"),
    "pydantic": ("intake", "release"),
    "psycopg": "intake",
    "splink": "intake",
    "pyspark": "intake",
    "formulaic": "covariates",
    "numba": "numerics",
    "pymc": "bayes",
    "arviz": "bayes",
    "typer": "cli",
    "rich": ("cli", "progress"),
}


def room(path):
    inside = path.relative_to(ROOT)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def level(name):
    return next(i for i, names in enumerate(LAYERS) if name in names)


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    "path", [f for f in FILES if f != ROOT / "__init__.py"], ids=lambda f: str(f.relative_to(ROOT))
)
def test_nothing_looks_upwards_and_heavy_libraries_have_one_room(path):
    for name in imports(path):
        parts = name.split(".")
        if parts[0] in ONLY_IN:
            assert room(path).startswith(ONLY_IN[parts[0]]), f"{path} imports {name}"
        if parts[0] == "hiddenpop" and len(parts) > 1:
            assert level(parts[1]) <= level(room(path)), f"{path} looks upwards at {name}"
            private = [p for p in parts if p.startswith("_") and p != "__main__"]
            assert not private, f"{path} imports {name}"


def test_estimators_do_not_import_one_another():
    for path in (ROOT / "estimators").glob("*.py"):
        if path.stem != "__init__":
            assert not [n for n in imports(path) if n.startswith("hiddenpop.estimators")], path


@pytest.mark.parametrize("path", FILES, ids=lambda f: str(f.relative_to(ROOT)))
def test_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_the_public_face_is_complete():
    assert sorted(hp.__all__) == sorted(set(hp.__all__))
    for name in hp.__all__:
        assert getattr(hp, name).__doc__ or name == "METHODS", name


def test_importing_is_light():
    code = "import sys, hiddenpop; print(*[m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["pymc", "arviz", "matplotlib", "duckdb", "numba", "pandas", "scipy", "openpyxl", "jinja2", "typer"]
    out = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True).stdout
    assert out.split() == []
