"""Victims detected and reported to UNODC: the data portal's file, in its own layout or as an extract."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from hiddenpop.errors import DataError, some_of
from hiddenpop.intake.reader import open_rows
from hiddenpop.intake.values import read_counts

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = ("iso3", "country", "year", "sex", "age", "value")
WHOLE = {"indicator": "Detected trafficking victims", "dimension": "Total", "category": "Total"}
UNIT = ("unit of measurement", "Counts")


def read_detected(path: str | Path) -> DataFrame:
    """Detected victims by country, year, sex and age, each count between two limits.

    Takes the file of the UNODC data portal (trafficking in persons), of which the rows of detected victims without
    further breakdown are kept, and extracts of it with columns `iso3, country, year, sex, age, value`.

    Parameters
    ----------
    path : .csv, .xlsx or .parquet

    Returns
    -------
    DataFrame
        Columns `iso3, country, year, sex, age, low, high`: `<5` is 0 to 4, as totals of the file show that it may be
        none. Rows that repeat another are left out.

    Raises
    ------
    DataError
        If columns are missing, or values cannot be read, all of them in one message.
    """
    from pandas import DataFrame

    rows = open_rows(path)
    names = [name.strip().casefold() for name in rows.columns]
    renamed = ["iso3" if name == "iso3_code" else name for name in names]
    gone = [name for name in COLUMNS if name not in renamed]
    if gone:
        raise DataError(f"{rows.source} has no column {some_of(gone)}.", hint="Take the portal's file as it is.")
    records = [(number, dict(zip(renamed, map(str.strip, cells), strict=False))) for number, _, cells in rows.open()]
    kept = [(number, one) for number, one in records if _is_whole(one)]
    if not kept:
        raise DataError(f"{rows.source} has no rows of detected victims.", hint="Choose that indicator in the portal.")
    numbers, wrong, _, bands = read_counts(one["value"] for _, one in kept)
    years, wrong_years, *_ = read_counts(one["year"] for _, one in kept)
    faults = [
        f"row {number}: {name} {one[name]!r}"
        for number, one in kept
        for name, known in (("value", wrong), ("year", wrong_years))
        if one[name] in known
    ]
    if faults:
        raise DataError(f"{rows.source} has values that cannot be read: {some_of(faults, '; ')}.", hint="Correct them.")
    table = []
    for _, one in kept:
        exact = numbers.get(one["value"], 0)
        low, high = bands.get(one["value"], (exact, exact))
        table.append((one["iso3"], one["country"], years[one["year"]], one["sex"], one["age"], low, high))
    found = DataFrame(table, columns=[*COLUMNS[:-1], "low", "high"]).drop_duplicates(ignore_index=True)
    twice = found.duplicated(["iso3", "year", "sex", "age"])
    if twice.any():
        places = found[twice].head(3).apply(lambda r: f"{r['iso3']} {r['year']} {r['sex']} {r['age']}", axis=1)
        raise DataError(f"{rows.source} gives different counts of {'; '.join(places)}.", hint="Keep one row of each.")
    return found


def _is_whole(row: Mapping[str, str]) -> bool:
    """Is it a count of all detected victims? Extracts hold nothing else."""
    wanted = chain(WHOLE.items(), [UNIT])
    return all(row.get(name, value).casefold() == value.casefold() for name, value in wanted)
