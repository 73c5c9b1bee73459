"""What an analysis starts from: its description, and the data that this names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any

from hiddenpop.captures import CaptureTable
from hiddenpop.datasets import entries, load
from hiddenpop.errors import DataError
from hiddenpop.intake import link_registers, read_captures, read_registers
from hiddenpop.intake.registers.tabulate import describe
from hiddenpop.provenance import versions
from hiddenpop.registry import Data
from hiddenpop.release.description import Analysis, read_analysis
from hiddenpop.release.kept import digest_file
from hiddenpop.result import plain

PUBLICATION = "publication.csv"


@dataclass(frozen=True)
class Inputs:
    """An analysis met with its data.

    Attributes
    ----------
    name : of the description
    analysis : Analysis
    folder : of the description, to which its paths are relative
    data : what is estimated from
    digests : file -> SHA-256 of everything that was read
    accounts : of the records of registers, if there are any
    replicates : tables whose links were drawn, if records were linked
    linkage : what linkage found, without records
    """

    name: str
    analysis: Analysis
    folder: Path
    data: Data
    digests: Mapping[str, str]
    accounts: tuple[Mapping[str, Any], ...] = ()
    replicates: tuple[CaptureTable, ...] = ()
    linkage: Mapping[str, Any] | None = None

    @cached_property
    def key(self) -> str:
        """What the results depend on, as one number."""
        tables = [self.data.digest, *(table.digest for table in self.replicates)]
        told = [self.name, self.analysis.model_dump(mode="json"), dict(self.digests), tables, versions()]
        return sha256(dumps(told, sort_keys=True).encode()).hexdigest()


def read_inputs(path: Path) -> Inputs:
    """The description and the data.

    Raises
    ------
    DataError
    """
    analysis = read_analysis(path)
    folder, asked = path.resolve().parent, analysis.data
    digests: dict[str, str] = {}
    if asked_strata := analysis.strata:
        beside = [asked_strata.denominators] if asked_strata.denominators else []
        for name in [*beside, *(f"{one}/{PUBLICATION}" for one in asked_strata.earlier)]:
            digests[name] = _digest(folder / name)
    if asked.registers is None:
        data = _select(_read_table(folder, analysis, digests), asked.where)
        return Inputs(path.name, analysis, folder, data, digests)
    digests[asked.registers] = _digest(folder / asked.registers)
    digests |= _sources(folder, asked.registers)
    return _read_records(path.name, analysis, folder, digests)


def _sources(folder: Path, registers: str) -> dict[str, str]:
    """Digests of the files that registers are read from; databases that are no files have none."""
    description, root = describe(folder / registers, None)
    files = {str(one.source).split("::")[0].split("#")[0] for one in description.registers}
    return {name: _digest(root / name) for name in sorted(files) if (root / name).is_file()}


def _read_records(name: str, analysis: Analysis, folder: Path, digests: Mapping[str, str]) -> Inputs:
    asked, how = analysis.data.where, analysis.linkage
    path = folder / str(analysis.data.registers)
    if how is None:
        found = read_registers(path)
        return Inputs(name, analysis, folder, _select(found.table, asked), digests, tuple(map(plain, found.accounts)))
    linked = link_registers(
        path, threshold=how.threshold, replicates=how.replicates, engine=how.engine, seed=analysis.estimate.seed
    )
    tables = tuple(whole_table(_select(table, asked), "linkage") for table in linked.replicates)
    accounts, told = tuple(map(plain, linked.accounts)), plain(linked.to_dict())
    return Inputs(name, analysis, folder, _select(linked.table, asked), digests, accounts, tables, told)


def _select(data: Data, where: Mapping[str, str | list[str]]) -> Data:
    return whole_table(data, "where").select(**where) if where else data


def whole_table(data: Data, what: str) -> CaptureTable:
    """The data, if they are a capture table of whole counts."""
    if not isinstance(data, CaptureTable):
        raise DataError(f"{what} needs a capture table of whole counts.", hint="Leave that part out.")
    return data


def _read_table(folder: Path, analysis: Analysis, digests: dict[str, str]) -> Data:
    asked = analysis.data
    assert asked.table is not None
    file = folder / asked.table
    if not file.exists() and asked.table in entries():
        if asked.lists or asked.count or asked.strata or asked.rounding:
            raise DataError(
                f"{asked.table!r} is a table that ships: lists, count, strata and rounding are of files.",
                hint="Leave them out.",
            )
        return load(asked.table)
    data = read_captures(file, asked.lists, asked.count, asked.strata, rounding=asked.rounding)
    digests[asked.table] = _digest(file)
    return data


def _digest(path: Path) -> str:
    if not path.is_file():
        raise DataError(f"There is no file {str(path)!r}.", hint="Paths are relative to the description.")
    return digest_file(path)
