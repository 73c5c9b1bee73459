"""What registers write, as categories: agencies disagree on how to say "female", and on what a child is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hiddenpop.errors import DataError
from hiddenpop.intake.registers.engine import name, text
from hiddenpop.intake.registers.sources import Source, unreadable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from hiddenpop.intake.registers.description import Description, Register

MOST_VALUES = 1000
SHOWN = 5  # rows from which a value is common enough to be printed


@dataclass(frozen=True)
class Coding:
    """A column of a register as codes.

    Attributes
    ----------
    table : name of the table of the engine that has each value and its code
    column : of the register
    """

    table: str
    column: str


def code_columns(
    connection: DuckDBPyConnection,
    description: Description,
    sources: Sequence[Source],
    wanted: Sequence[dict[str, str]],
) -> tuple[dict[str, list[str]], list[dict[str, Coding]]]:
    """Give every value of the wanted columns a code.

    Parameters
    ----------
    wanted : for each register, what the column is (a stratum, `status`, `list`) -> column

    Returns
    -------
    (categories of each kind in the order of their codes, codings of each register)

    Raises
    ------
    DataError
        With every value that no category takes, and every column of too many values.
    """
    faults: list[str] = []
    found: list[dict[str, dict[str, str]]] = []
    for register, source, columns in zip(description.registers, sources, wanted, strict=True):
        found.append({})
        for kind, column in columns.items():
            values = _values(connection, source, column)
            mapping = _mapping(description, register, kind)
            faults += _faults(values, mapping, f"{source.label}, column {column!r}")
            usual = mapping or _spellings(values, kind)
            found[-1][kind] = {value: usual.get(_plain(value), value) for value in values}
    if faults:
        raise DataError(
            f"{'; '.join(faults)}.",
            hint="Say in [categories] how registers write each category.",
            details={"faults": faults},
        )
    names: dict[str, list[str]] = {}
    for kind in dict.fromkeys(kind for columns in wanted for kind in columns):
        declared = list(description.categories.get(kind, {}))
        used = {category for one in found for category in one.get(kind, {}).values()}
        names[kind] = [*(c for c in declared if c in used), *sorted(used - set(declared))]
    codings: list[dict[str, Coding]] = []
    for place, columns in enumerate(wanted):
        codings.append({})
        for kind, column in columns.items():
            coding = Coding(f"coding_{place}_{kind}", column)
            connection.execute(f"CREATE TABLE {name(coding.table)} (value VARCHAR, code INTEGER)")
            rows = [[value, names[kind].index(category)] for value, category in found[place][kind].items()]
            if rows:
                connection.executemany(f"INSERT INTO {name(coding.table)} VALUES (?, ?)", rows)
            codings[-1][kind] = coding
    return names, codings


def _values(connection: DuckDBPyConnection, source: Source, column: str) -> dict[str, int]:
    """Value -> rows, without blanks; more than can be categories come cut off."""
    import duckdb

    query = (
        f"SELECT CAST({name(column)} AS VARCHAR) AS v, count(*) FROM {source.sql} GROUP BY v LIMIT {MOST_VALUES + 2}"
    )
    try:
        rows = connection.execute(query).fetchall()
    except duckdb.Error as error:
        raise unreadable(error, source.label) from None
    return {value: times for value, times in rows if value is not None and value.strip()}


def _plain(value: str) -> str:
    return " ".join(value.split()).casefold()


def _mapping(description: Description, register: Register, kind: str) -> dict[str, str]:
    """How the register writes -> category; a category may always be written by its own name."""
    chosen = register.categories.get(kind) or description.categories.get(kind) or {}
    return {_plain(written): category for category, ways in chosen.items() for written in (category, *ways)}


def _spellings(values: dict[str, int], kind: str) -> dict[str, str]:
    """Plain -> the most common spelling, where no categories are declared; statuses are written small."""
    found: dict[str, str] = {}
    for value in sorted(values, key=lambda one: (-values[one], one)):
        found.setdefault(_plain(value), _plain(value) if kind == "status" else " ".join(value.split()))
    return found


def _faults(values: dict[str, int], mapping: dict[str, str], where: str) -> list[str]:
    if len(values) > MOST_VALUES:
        return [f"{where}: more than {MOST_VALUES:,} different values are no categories"]
    if not mapping:
        return []
    strange = {value: times for value, times in values.items() if _plain(value) not in mapping}
    if not strange:
        return []
    common = [f"{text(value)} ({times:,} rows)" for value, times in strange.items() if times >= SHOWN]
    if len(common) < len(strange) or len(common) > 20:
        return [f"{where}: {len(strange):,} different values in {sum(strange.values()):,} rows are no category"]
    return [f"{where}: {', '.join(common)} {'are' if len(common) > 1 else 'is'} no category"]
