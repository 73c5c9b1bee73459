"""Files and tables of other databases as relations of the engine, with the columns that are wanted and no others."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hiddenpop.errors import DataError, MissingExtraError, UnknownNameError
from hiddenpop.intake.delimited import find_layout, read_delimited
from hiddenpop.intake.frames import literal
from hiddenpop.intake.reader import split_sheet
from hiddenpop.intake.registers.engine import name, text
from hiddenpop.intake.workbook import read_workbook

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH = 100_000
DELIMITED = (".csv", ".tsv", ".txt", ".tab")
SQLITE = (".sqlite", ".sqlite3", ".db")
POSTGRESQL = ("postgresql://", "postgres://")


@dataclass(frozen=True)
class Source:
    """A relation of the engine.

    Attributes
    ----------
    sql : text that can stand after FROM
    types : column -> type in the engine, of the columns wanted
    label : what may be printed of it: no folder, host or password
    """

    sql: str
    types: dict[str, str]
    label: str


def open_source(connection: DuckDBPyConnection, given: str, wanted: Sequence[str], root: Path, alias: str) -> Source:
    """Make a source readable; `alias` names what has to be made for it.

    Raises
    ------
    DataError
        If it is not there, lies outside `root`, or is of a kind that is not read.
    UnknownNameError
        If a wanted column does not exist.
    """
    location, _, table = given.partition("::")
    if location.startswith(POSTGRESQL):
        return _postgresql(connection, location, table, wanted, alias)
    path, sheet = split_sheet(location)
    path = _inside(root, path)
    ending = path.suffix.lower()
    if ending in SQLITE:
        return _sqlite(connection, path, table, wanted, alias)
    if ending == ".duckdb":
        connection.execute(f"ATTACH {text(str(path))} AS {name(alias)} (READ_ONLY)")
        sql = ".".join(name(part) for part in (alias, *(table or "").split(".")))
    elif ending == ".parquet":
        sql = f"read_parquet({text(literal(path))})"
    elif ending in DELIMITED:
        layout = find_layout(path, wanted)
        if not layout.encoding.startswith("utf-8"):
            rows = read_delimited(path, wanted)
            return _copied(connection, alias, rows.columns, rows.open, wanted, path.name)
        columns = ", ".join(f"{text(column)}: 'VARCHAR'" for column in layout.columns)
        sql = (
            f"read_csv({text(literal(path))}, delim = {text(layout.delimiter)}, skip = {layout.header}, "
            f"header = false, columns = {{{columns}}}, quote = '\"', escape = '\"', auto_detect = false)"
        )
    elif ending == ".xlsx":
        rows = read_workbook(path, wanted, sheet)
        return _copied(connection, alias, rows.columns, rows.open, wanted, path.name)
    else:
        raise DataError(
            f"The source {path.name!r} is of a kind that is not read.",
            hint="Use .csv, .parquet, .xlsx, .duckdb, .sqlite or postgresql://.",
        )
    return Source(sql, _types(connection, sql, wanted, path.name), path.name)


def _inside(root: Path, path: Path) -> Path:
    """The path below root, with links followed."""
    found = (root / path).resolve()
    if not found.is_relative_to(root.resolve()):
        raise DataError(
            f"The source {path.name!r} lies outside the folder of the description.",
            hint="Move it there, or name the folder that holds all sources (--root).",
        )
    if not found.is_file():
        raise DataError(f"There is no file {path.name!r} in the folder of the sources.", hint="Correct the source.")
    return found


def _types(connection: DuckDBPyConnection, sql: str, wanted: Sequence[str], label: str) -> dict[str, str]:
    import duckdb

    try:
        found = {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {sql}").fetchall()}
    except duckdb.Error as error:
        raise unreadable(error, label) from None
    _check_columns(found, wanted, label)
    return {column: found[column] for column in wanted}


def unreadable(error: Exception, label: str) -> DataError:
    """An error of the engine as ours: where it was, and nothing that may quote the data."""
    line = re.search(r"\bline:? (\d+)", str(error), re.IGNORECASE)
    where = f" from line {line[1]} on" if line else ""
    return DataError(f"{label} cannot be read{where} ({type(error).__name__}).", hint="Correct the source.")


def _check_columns(found: Any, wanted: Sequence[str], label: str) -> None:
    for column in wanted:
        if column not in found:
            raise UnknownNameError.among(f"column in {label}", column, found)


def _copied(
    connection: DuckDBPyConnection,
    alias: str,
    columns: Sequence[str],
    rows: Callable[[], Iterator[tuple[int, int, Sequence[str]]]],
    wanted: Sequence[str],
    label: str,
) -> Source:
    """Rows that the engine does not read itself, copied into it: the columns wanted, as text."""
    _check_columns(columns, wanted, label)
    places = [list(columns).index(column) for column in wanted]

    def cells() -> Iterator[list[str]]:
        for _, times, row in rows():
            full = [*row, *[""] * (len(columns) - len(row))]
            for _ in range(times):
                yield [full[place] for place in places]

    return store(connection, alias, wanted, cells(), label)


def store(
    connection: DuckDBPyConnection, alias: str, columns: Sequence[str], rows: Iterator[Any], label: str
) -> Source:
    """Rows of text as a table of the engine, batch by batch."""
    import pandas as pd

    described = ", ".join(f"{name(column)} VARCHAR" for column in columns)
    connection.execute(f"CREATE TABLE {name(alias)} ({described})")
    while batch := list(islice(rows, BATCH)):
        frame = pd.DataFrame(batch, columns=list(columns), dtype="string")
        connection.register("batch", frame)
        connection.execute(f"INSERT INTO {name(alias)} SELECT * FROM batch")
        connection.unregister("batch")
    return Source(name(alias), dict.fromkeys(columns, "VARCHAR"), label)


def _sqlite(connection: DuckDBPyConnection, path: Path, table: str, wanted: Sequence[str], alias: str) -> Source:
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as database:
        try:
            found = [row[1] for row in database.execute(f"PRAGMA table_info({name(table)})")]
        except sqlite3.DatabaseError:
            raise DataError(f"{path.name} is not an SQLite database.", hint="Correct the source.") from None
        if not found:
            raise DataError(f"{path.name} has no table of that name.", hint="Write data.sqlite::table.")
        _check_columns(found, wanted, path.name)
        chosen = ", ".join(f"CAST({name(column)} AS TEXT)" for column in wanted)
        rows = database.execute(f"SELECT {chosen} FROM {name(table)}")
        return store(connection, alias, wanted, iter(rows), path.name)


def _postgresql(connection: DuckDBPyConnection, location: str, table: str, wanted: Sequence[str], alias: str) -> Source:
    try:
        import psycopg
        from psycopg import sql
    except ImportError as error:
        raise MissingExtraError(
            "Reading PostgreSQL needs psycopg.", hint="Install it: pip install 'hiddenpop[postgresql]'."
        ) from error
    if re.match(r"[a-z]+://[^/@]*:[^/@]*@", location) or "password=" in location:
        raise DataError("A password stands in the source.", hint="Use PGPASSWORD or the file .pgpass instead.")
    try:
        with psycopg.connect(location, connect_timeout=10) as database, database.cursor("rows") as cursor:
            parts = sql.Identifier(*table.split("."))
            chosen = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in wanted)
            cursor.itersize = BATCH
            cursor.execute(sql.SQL("SELECT {} FROM {}").format(chosen, parts))
            return store(connection, alias, wanted, iter(cursor), f"table {table}")
    except psycopg.Error as error:
        why = str(error).strip().split("\n")[0] if isinstance(error, psycopg.OperationalError) else type(error).__name__
        raise DataError(
            f"The table {table!r} cannot be read from PostgreSQL ({why}).", hint="Correct the source."
        ) from None
