"""Running an analysis: one folder with everything, made whole or not at all, resumed after an interruption."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hiddenpop.captures import CaptureTable
from hiddenpop.errors import DataError, OptionError
from hiddenpop.intake import read_captures, read_registers, write_captures
from hiddenpop.national import publication_table, trend, write_publication
from hiddenpop.output import write_whole
from hiddenpop.provenance import versions
from hiddenpop.registry import Data
from hiddenpop.report.document import build_report, render
from hiddenpop.report.documents import write_document
from hiddenpop.result import plain
from hiddenpop.strata import StratifiedEstimate, estimate_strata

if TYPE_CHECKING:
    from hiddenpop.release.description import Analysis

RELEASE = "release.json"
WORK = ".work"
PATIENCE = 3600.0  # seconds for a search: results must not depend on how fast a machine is
Tell = Callable[[str], None]


@dataclass(frozen=True)
class _Inputs:
    """An analysis met with its data.

    Attributes
    ----------
    analysis : Analysis
    folder : of the description, to which its paths are relative
    data : what is estimated from
    accounts : of the records of registers, if there are any
    digests : file -> SHA-256 of everything that was read
    """

    analysis: Analysis
    folder: Path
    data: Data
    accounts: tuple[Mapping[str, Any], ...]
    digests: Mapping[str, str]

    @cached_property
    def key(self) -> str:
        """What the results depend on, as one number."""
        told = [self.analysis.model_dump(mode="json"), dict(self.digests), self.data.digest, versions()]
        return sha256(dumps(told, sort_keys=True).encode()).hexdigest()

    @cached_property
    def strata(self) -> StratifiedEstimate:
        """The estimates that add up."""
        asked = self.analysis.strata
        assert asked is not None
        seed, level = self.analysis.estimate.seed, self.analysis.estimate.level
        data = _table(self.data, "strata")
        return estimate_strata(data, asked.method, asked.by, seed=seed, level=level, **dict[str, Any](asked.options))


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
        and, as asked, `strata.json`, `publication.xlsx`, `publication.csv`, `trend.json`, `records.json`.

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
    inputs = read_inputs(Path(path))
    work = target.parent / f".{target.name}{WORK}" / inputs.key[:16]
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, make in steps(inputs).items():
        if (work / name).exists():
            tell(f"{name}: kept from before")
            continue
        tell(name)
        make(work / name)
    files = {name: sha256((work / name).read_bytes()).hexdigest() for name in steps(inputs)}
    told = {
        "key": inputs.key,
        "description": os.path.relpath(Path(path).resolve(), target),
        "analysis": inputs.analysis.model_dump(mode="json"),
        "inputs": dict(inputs.digests),
        "data": inputs.data.digest,
        "versions": versions(),
        "files": files,
    }
    write_whole(work / RELEASE, dumps(told, indent=2, sort_keys=True) + "\n")
    for left in set(work.iterdir()) - {work / name for name in (RELEASE, *files)}:
        shutil.rmtree(left) if left.is_dir() else left.unlink()  # of a run that was killed while it wrote
    _put(work, target)
    return target


def read_inputs(path: Path) -> _Inputs:
    """The description and the data."""
    from hiddenpop.release.description import read_analysis

    analysis = read_analysis(path)
    folder, asked = path.resolve().parent, analysis.data
    digests, accounts = {}, ()
    data: Data
    if asked.registers is not None:
        found = read_registers(folder / asked.registers)
        data, accounts = found.table, tuple(plain(account) for account in found.accounts)
        digests[asked.registers] = _digest(folder / asked.registers)
    else:
        assert asked.table is not None
        data = _read_table(folder, analysis, digests)
    if asked.where:
        data = _table(data, "where").select(**asked.where)
    if analysis.strata and analysis.strata.denominators:
        digests[analysis.strata.denominators] = _digest(folder / analysis.strata.denominators)
    return _Inputs(analysis, folder, data, accounts, digests)


def _read_table(folder: Path, analysis: Analysis, digests: dict[str, str]) -> Data:
    from hiddenpop.datasets import entries, load

    asked = analysis.data
    assert asked.table is not None
    file = folder / asked.table
    if not file.exists() and asked.table in entries():
        return load(asked.table)
    data = read_captures(file, asked.lists, asked.count, asked.strata, rounding=asked.rounding)
    digests[asked.table] = _digest(file)
    return data


def _digest(path: Path) -> str:
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", hint="Paths are relative to the description.")
    return sha256(path.read_bytes()).hexdigest()


def steps(inputs: _Inputs) -> dict[str, Callable[[Path], None]]:
    """What is to be made: file -> how."""
    asked = inputs.analysis
    found: dict[str, Callable[[Path], None]] = {}
    if inputs.accounts:
        found["records.json"] = lambda path: _write_json(path, list(inputs.accounts))
    if isinstance(inputs.data, CaptureTable):
        found["table.csv"] = lambda path: write_captures(_table(inputs.data, "table"), path)
    if asked.strata is not None:
        found["strata.json"] = lambda path: _write_json(path, inputs.strata.to_dict())
        found["publication.csv"] = lambda path: _publish(inputs, path)
        found["publication.xlsx"] = lambda path: _publish(inputs, path)
    if asked.trend is not None:
        found["trend.json"] = lambda path: _write_trend(inputs, path)
    found["report.json"] = lambda path: _write_report(inputs, path)
    found["report.html"] = lambda path: _write_report(inputs, path)
    for name in ("docx", "pdf"):
        if name in asked.report.formats:
            found[f"report.{name}"] = _from_html
    return found


def _table(data: Data, what: str) -> CaptureTable:
    if not isinstance(data, CaptureTable):
        raise DataError(f"{what} needs a capture table of whole counts.", hint="Leave that part out.")
    return data


def _write_json(path: Path, values: Any) -> None:
    write_whole(path, dumps(plain(values), indent=1, sort_keys=True, allow_nan=False) + "\n")


def _publish(inputs: _Inputs, path: Path) -> None:
    asked = inputs.analysis.strata
    assert asked is not None
    base = None
    if asked.denominators is not None:
        from pandas import read_csv

        base = read_csv(inputs.folder / asked.denominators, dtype=dict.fromkeys(asked.by, str))
    table = publication_table(inputs.strata, base, per=asked.per, threshold=asked.threshold)
    write_publication(table, path)


def _write_trend(inputs: _Inputs, path: Path) -> None:
    asked, seed = inputs.analysis.trend, inputs.analysis.estimate.seed
    assert asked is not None
    found = trend(_table(inputs.data, "trend"), asked.by, asked.method, seed=seed, **dict[str, Any](asked.options))
    told = {"periods": found.periods, "changes": found.changes, "checks": found.checks, "text": str(found)}
    _write_json(path, told | {"estimates": found.found.to_dict()})


def _write_report(inputs: _Inputs, path: Path) -> None:
    """Both files of the report, which is computed once."""
    asked = inputs.analysis.estimate
    report = build_report(
        inputs.data,
        method=asked.method,
        options=asked.options,
        level=asked.level,
        seed=asked.seed,
        patience=PATIENCE,
    )
    _write_json(path.with_name("report.json"), _timeless(report.to_dict()))
    text = render(
        report, command="hiddenpop run analysis.toml", title=inputs.analysis.title, dated=inputs.analysis.date
    )
    write_whole(path.with_name("report.html"), text)


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
    if target.exists() and not (target / RELEASE).is_file():
        raise OptionError(f"{str(target)!r} is not a release, so it is not replaced.", hint="Name a new folder.")


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
