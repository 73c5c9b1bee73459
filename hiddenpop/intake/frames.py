"""Typed tables, pandas and Parquet, turned into text cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hiddenpop.errors import DataError
from hiddenpop.intake.rows import NumberedRow, Rows, file_name

if TYPE_CHECKING:
    from pandas import DataFrame

BATCH = 50_000


def as_text(value: Any) -> str:
    """A cell as text: whole numbers without a point, truth values as 1 and 0, missing values as nothing."""
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return value.strip()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def read_frame(frame: DataFrame) -> Rows:
    """A pandas DataFrame; an index with names becomes columns, any other is left out."""
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    columns = tuple(str(c).strip() for c in frame.columns)
    if len(set(columns)) < len(columns):
        raise DataError(f"Columns must have different names; got {list(columns)}.", hint="Rename them.")

    def rows() -> Iterator[NumberedRow]:
        values = frame.astype(object).where(frame.notna(), None)
        for number, row in enumerate(values.itertuples(index=False, name=None), start=1):
            yield number, 1, [as_text(cell) for cell in row]

    return Rows(columns, rows, "DataFrame", typed=True)


def literal(path: Path) -> str:
    """A path in which nothing is a pattern for DuckDB."""
    return re.sub(r"([*?[])", r"[\1]", str(path))


def read_parquet(path: Path) -> Rows:
    """A Parquet file, read in batches."""
    import duckdb

    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise DataError(
                f"The file {file_name(path)} is not what its ending says: it is not a Parquet file.",
                hint="Rename it with the right ending, or save it again.",
            )

    def query(connection: duckdb.DuckDBPyConnection) -> Any:
        try:
            return connection.execute("SELECT * FROM read_parquet(?)", [literal(path)])
        except duckdb.Error as error:
            raise DataError(f"The Parquet file {file_name(path)} cannot be read.", hint="Write it again.") from error

    def rows() -> Iterator[NumberedRow]:
        with duckdb.connect() as connection:
            result = query(connection)
            number = 0
            while batch := result.fetchmany(BATCH):
                for row in batch:
                    number += 1
                    yield number, 1, [as_text(cell) for cell in row]

    with duckdb.connect() as connection:
        columns = tuple(str(column[0]).strip() for column in query(connection).description)
    return Rows(columns, rows, file_name(path), ("Parquet",), typed=True)
