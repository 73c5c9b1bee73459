"""Running an analysis: one folder with everything, made whole or not at all, resumed after an interruption."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from json import dumps
from pathlib import Path
from typing import Any

from hiddenpop.captures import CaptureTable
from hiddenpop.errors import OptionError, some_of
from hiddenpop.intake import write_captures
from hiddenpop.national import write_publication
from hiddenpop.output import write_whole
from hiddenpop.provenance import versions
from hiddenpop.release.inputs import PUBLICATION, read_inputs
from hiddenpop.release.kept import RELEASE, alone, digest_file, read_release
from hiddenpop.release.results import Results
from hiddenpop.report.documents import write_document
from hiddenpop.result import plain

WORK = ".work"
Tell = Callable[[str], None]


def run_analysis(path: str | Path, output: str | Path, *, tell: Tell = lambda line: None) -> Path:
    """Run the analysis that a TOML file describes, and put everything into one folder.

    Parameters
    ----------
    path : description of the analysis
    output : folder to make; one that holds another release is replaced when the new one is finished
    tell : called with a line at every step

    Returns
    -------
    Path
        The folder: `release.json` (key, versions, digests of all files), `table.csv`, `report.html`, `report.json`,
        and, as asked, `strata.json`, `publication.xlsx`, `publication.csv`, `trend.json`, `records.json`,
        `linkage.json`, `report.docx`, `report.pdf`.

    Raises
    ------
    DataError
        If the description or the data cannot be used.
    OptionError
        If the folder is not one that this function made.

    Notes
    -----
    Finished files are kept under a name that is the digest of data, description, seed and versions; a run that was
    interrupted goes on from them and gives the same bytes. The folder gets its name when everything is in it.
    """
    target = Path(output).resolve()
    _check_target(target)
    with alone(target):
        return _run(Path(path), target, tell)


def _run(path: Path, target: Path, tell: Tell) -> Path:
    inputs = read_inputs(path)
    work = target.parent / f".{target.name}{WORK}" / inputs.key[:16]
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    todo = steps(Results(inputs))
    for name, make in todo.items():
        if (work / name).exists():
            tell(f"{name}: kept from before")
            continue
        tell(name)
        make(work / name)
    files = {name: digest_file(work / name) for name in todo}
    told = {
        "key": inputs.key,
        "description": os.path.relpath(path.resolve(), target),
        "analysis": inputs.analysis.model_dump(mode="json"),
        "inputs": dict(inputs.digests),
        "data": inputs.data.digest,
        "lists": getattr(inputs.data, "lists", ()),
        "strata": getattr(inputs.data, "strata", ()),
        "versions": versions(),
        "files": files,
    }
    write_whole(work / RELEASE, dumps(told, indent=2, sort_keys=True) + "\n")
    for left in set(work.iterdir()) - {work / name for name in (RELEASE, *files)}:
        shutil.rmtree(left) if left.is_dir() else left.unlink()  # of a run that was killed while it wrote
    _put(work, target)
    return target


def steps(results: Results) -> dict[str, Callable[[Path], None]]:
    """What is to be made: file -> how."""
    inputs, asked = results.inputs, results.inputs.analysis
    found: dict[str, Callable[[Path], None]] = {}
    if inputs.accounts:
        found["records.json"] = lambda path: _write_json(path, list(inputs.accounts))
    if inputs.linkage is not None:
        found["linkage.json"] = lambda path: _write_json(path, inputs.linkage)
    if isinstance(table := inputs.data, CaptureTable):
        found["table.csv"] = lambda path: write_captures(table, path)
    if asked.strata is not None:
        found["strata.json"] = lambda path: _write_json(path, results.strata.to_dict())
        found[PUBLICATION] = lambda path: write_publication(results.publication, path)
        found["publication.xlsx"] = lambda path: write_publication(results.publication, path)
    if asked.trend is not None:
        found["trend.json"] = lambda path: _write_trend(results, path)
    found["report.json"] = lambda path: _write_json(path, _timeless(results.report.to_dict()))
    found["report.html"] = lambda path: write_whole(path, results.html)
    for name in ("docx", "pdf"):
        if name in asked.report.formats:
            found[f"report.{name}"] = _from_html
    return found


def _write_json(path: Path, values: Any) -> None:
    write_whole(path, dumps(plain(values), indent=1, sort_keys=True, allow_nan=False) + "\n")


def _write_trend(results: Results, path: Path) -> None:
    found = results.trend
    told = {"periods": found.periods, "changes": found.changes, "checks": found.checks, "text": str(found)}
    _write_json(path, told | {"estimates": found.found.to_dict()})


def _from_html(path: Path) -> None:
    """Another kind of document with the same content."""
    write_document(path.with_name("report.html").read_text(encoding="utf-8"), path)


def _timeless(values: Any) -> Any:
    """Without the seconds that something took: they differ from run to run."""
    if isinstance(values, Mapping):
        return {name: _timeless(value) for name, value in values.items() if name != "seconds"}
    return [_timeless(value) for value in values] if isinstance(values, list | tuple) else values


def _check_target(target: Path) -> None:
    """Refuse to replace what is no release."""
    if not target.parent.is_dir():
        raise OptionError(f"{str(target.parent)!r} does not exist.", hint="Create the folder, or name another.")
    if not target.exists():
        return
    if not (target / RELEASE).is_file():
        raise OptionError(f"{str(target)!r} is not a release, so it is not replaced.", hint="Name a new folder.")
    others = sorted({file.name for file in target.iterdir()} - {RELEASE, *read_release(target)["files"]})
    if others:
        raise OptionError(
            f"{str(target)!r} holds what is not of the release ({some_of(others)}), and would be replaced as a whole.",
            hint="Move it elsewhere, or name a new folder.",
        )


def _put(work: Path, target: Path) -> None:
    """Give the finished folder its name; the release that was there before goes when the new one stands."""
    old = target.with_name(f".{target.name}.old")
    if old.exists():
        shutil.rmtree(old)
    if target.exists():
        os.rename(target, old)
    os.rename(work, target)
    for gone in (old, work.parent):
        shutil.rmtree(gone, ignore_errors=True)
