"""`read_captures`: from a file or DataFrame in any of the shapes that users have to the data classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hiddenpop.banded import BandedTable
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import DataError
from hiddenpop.intake.columns import Columns
from hiddenpop.intake.delimited import read_delimited
from hiddenpop.intake.frames import read_frame, read_parquet
from hiddenpop.intake.rows import Rows
from hiddenpop.intake.shape import decide_shape
from hiddenpop.intake.tally import READERS
from hiddenpop.intake.workbook import read_workbook
from hiddenpop.sightings import SightingCounts

if TYPE_CHECKING:
    from pandas import DataFrame

SAMPLE = 10_000
TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".tab")


def read_captures(
    source: str | Path | DataFrame,
    lists: Sequence[str] | None = None,
    count: str | None = None,
    strata: Sequence[str] | None = None,
    *,
    rounding: int | None = None,
) -> CaptureTable | BandedTable | SightingCounts:
    """Read overlapping lists, or capture frequencies, from a file or a DataFrame.

    Shapes: one row per history with a count; one row per person with a 0/1 (true/false, yes/no) column per list; one
    row per person and list (columns `person`, `list`); histories as text (`0110`) with a count; capture frequencies
    (columns `times`, `count`, or one row `f1, f2, ...`), which give `SightingCounts`.

    Parameters
    ----------
    source : path to .csv (.tsv, .txt), .parquet or .xlsx (`file.xlsx#Sheet`), or a DataFrame
    lists : names of the list columns; with them nothing is guessed about lists
    count : name of the column that counts people
    strata : names of the stratum columns
    rounding : counts were rounded to the nearest multiple of this number; histories not given may have a few people

    Returns
    -------
    CaptureTable, BandedTable or SightingCounts
        `BandedTable` where counts are rounded, suppressed (`<5`) or grouped (`10-19`); `reading` says what was
        inferred.

    Raises
    ------
    DataError
        Every fault of the file in one message, with rows.

    Notes
    -----
    Without `lists`, every column must be 0/1-like (a list), named `count`, or text (a stratum). Files are read row by
    row: memory grows with the number of different histories, not with the size of the file.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"police": [1, 0, 1], "ngo": [0, 1, 1], "count": [54, 463, 15]})
    >>> print(read_captures(frame))
    532 people on 2 lists; 3 of 3 histories seen
    """
    if isinstance(lists, str) or isinstance(strata, str):
        raise DataError("lists and strata are sequences of names, not one text.", hint='Write lists=["police", "ngo"].')
    named = None if lists is None else tuple(str(name) for name in lists)
    by = None if strata is None else tuple(str(name) for name in strata)
    rows = open_rows(source, [*(named or ()), *([count] if count else ()), *(by or ())])
    sample = [cells for _, _, cells in islice(rows.open(), SAMPLE)]
    if not sample:
        raise DataError(f"{rows.source} has a header but no rows.", hint="Give at least one history.")
    shape = decide_shape(Columns.of(rows.columns, sample), named, count, by)
    unused = [name for name in rows.columns if name not in shape.used]
    if unused:
        rows = replace(rows, reading=(*rows.reading, f"columns left out: {', '.join(unused)}"))
    data = READERS[shape.kind](rows, shape)
    if rounding is None:
        return data
    if not isinstance(data, CaptureTable):
        raise DataError("Only a table of whole counts can be said to be rounded.", hint="Leave rounding out.")
    return BandedTable.from_rounded(data, rounding)


def open_rows(source: Any, wanted: Sequence[str] = ()) -> Rows:
    """The rows of a file or DataFrame as text; columns in `wanted` help to find the delimiter."""
    if not isinstance(source, (str, Path)):
        if hasattr(source, "columns") and hasattr(source, "itertuples"):
            return read_frame(source)
        raise DataError(f"Cannot read a {type(source).__name__}.", hint="Give a path or a pandas DataFrame.")
    file, sheet = split_sheet(str(source))
    path = str(file)
    if not file.is_file():
        what = "is a folder, not a file" if file.is_dir() else "is a pipe or device, which is not read"
        raise DataError(
            f"{path!r} {what}." if file.exists() else f"There is no file {path!r}.",
            hint="Give a file; `hiddenpop datasets` lists the tables that ship.",
        )
    ending = file.suffix.lower()
    try:
        if ending in TEXT_ENDINGS:
            return read_delimited(file, wanted)
        if ending == ".xlsx":
            return read_workbook(file, wanted, sheet)
        if ending == ".parquet":
            return read_parquet(file)
    except OSError as error:
        raise DataError(
            f"The file {path!r} cannot be read: {error.strerror}.", hint="Check its permissions."
        ) from error
    raise DataError(f"Files ending in {ending or 'nothing'!r} are not read.", hint="Use .csv, .parquet or .xlsx.")


def split_sheet(source: str) -> tuple[Path, str | None]:
    """`file.xlsx#Sheet` as file and sheet; any other `#` belongs to the name of the file."""
    path, mark, sheet = source.rpartition("#")
    if mark and path.lower().endswith(".xlsx"):
        return Path(path), sheet
    return Path(source), None
