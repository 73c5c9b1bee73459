"""A capture table as a file that `read_captures` reads back: one row for each stratum and history, with its count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hiddenpop.arrays import memberships
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import OptionError
from hiddenpop.intake.registers.engine import text
from hiddenpop.output import write_whole

if TYPE_CHECKING:
    from pandas import DataFrame

COUNT = "count"
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_captures(table: CaptureTable, path: str | Path, source: str = "") -> None:
    """Write a table as .csv or .parquet, readable by its owner only.

    Parameters
    ----------
    table : CaptureTable
    path : str or Path
    source : file that must not be overwritten

    Raises
    ------
    OptionError
        If the ending is another, or the file cannot be written.
    """
    path = Path(path)
    frame = tabulate_cells(table)
    if path.suffix.lower() == ".csv":
        write_whole(path, _defused(frame).to_csv(index=False, lineterminator="\n"), source)
    elif path.suffix.lower() == ".parquet":
        write_whole(path, lambda part: _copy(frame, part), source)
    else:
        raise OptionError(
            f"Tables are not written as {path.suffix or 'files without ending'}.", hint="Use .csv or .parquet."
        )


def tabulate_cells(table: CaptureTable) -> DataFrame:
    """One row for each stratum and history: the lists as 0 and 1, the strata, and `count`."""
    import pandas as pd

    on = memberships(table.histories, table.n_lists)
    columns = {name: on[:, place] for place, name in enumerate(table.lists)}
    labels = [table.labels[place] for place in table.stratum]
    columns |= {name: np.array([label[i] for label in labels], dtype=object) for i, name in enumerate(table.strata)}
    if COUNT in columns:
        raise OptionError(f"A list or stratum is called {COUNT!r}.", hint="Rename it.")
    return pd.DataFrame(columns | {COUNT: table.counts})


def defuse(value: object) -> object:
    """Text that a spreadsheet would run as a formula, as plain text; anything else as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _defused(frame: DataFrame) -> DataFrame:
    return frame.map(defuse).rename(columns=lambda name: str(defuse(name)))


def _copy(frame: DataFrame, path: Path) -> None:
    import duckdb

    with duckdb.connect() as connection:
        connection.register("cells", frame)
        connection.execute(f"COPY cells TO {text(str(path))} (FORMAT parquet)")
