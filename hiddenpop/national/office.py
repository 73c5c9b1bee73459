"""Publication tables as files: workbook, CSV and SDMX-CSV."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hiddenpop.errors import DataError, some_of
from hiddenpop.national.tables import PublicationTable
from hiddenpop.national.workbook import TEXT, Sheet, write_sheet
from hiddenpop.strata import TOTAL

if TYPE_CHECKING:
    from pandas import DataFrame

HIDDEN = "c"  # confidential, as in SDMX code list CL_CONF_STATUS
HEADINGS: Mapping[str, str] = {
    "observed": "Detected",
    "detected_rate": "Detected, rate",
    "population": "Estimated",
    "hidden": "Not detected",
    "coverage": "Detected share",
    "ratio": "Estimated per detected",
    "share": "Share of all",
    "rate": "Estimated, rate",
}
FORMATS: Mapping[str, str] = {
    "coverage": "0 %", "share": "0 %", "ratio": "0.0", "rate": "0.00", "detected_rate": "0.00",
}  # fmt: skip
SERIES: Mapping[str, str] = {"observed": "VC_HTF_DETV", "detected_rate": "VC_HTF_DETVR"}
UNITS: Mapping[str, str] = {"observed": "NUMBER", "detected_rate": "PER_100000_POP"}
DATAFLOW = "IAEG-SDGs:DF_SDG_GLH(1.12)"
DIMENSIONS = ("FREQ", "REPORTING_TYPE", "SERIES", "REF_AREA", "SEX", "AGE", "TIME_PERIOD")
CODES: Mapping[str, Mapping[str, str]] = {
    "SEX": {TOTAL: "_T", "female": "F", "f": "F", "women": "F", "male": "M", "m": "M", "men": "M"},
    "AGE": {TOTAL: "_T", "child": "Y0T17", "children": "Y0T17", "0 to 17 years": "Y0T17", "adult": "Y_GE18",
            "adults": "Y_GE18", "18 years or over": "Y_GE18"},
}  # fmt: skip


def write_publication(table: PublicationTable, path: str | Path) -> None:
    """Write a table as .xlsx (table, notes, provenance) or .csv, readable by its owner only.

    Numbers are numbers, shown whole or with the digits that their kind has; hidden ones are `c`. Limits stand left
    and right of their estimate.

    Raises
    ------
    OptionError
        If the file cannot be written.
    DataError
        If its ending is another.
    """
    numbers = _in_order(table.rows)
    sheet = Sheet(
        table.rows,
        {name: name for name in table.by} | {name: _heading(name) for name in numbers},
        dict.fromkeys(table.by, TEXT) | {name: _format(name) for name in numbers},
        [*table.by, *numbers],
        (*table.notes, f"{HIDDEN}: hidden."),
        table.provenance.items(),
        HIDDEN,
    )
    write_sheet(sheet, path)


def _in_order(rows: DataFrame) -> list[str]:
    """Columns of numbers: each estimate between its limits, interval first as texts have it."""
    found = []
    for name in HEADINGS:
        if name in rows:
            found += [f"{name}_low", f"{name}_high", name] if f"{name}_low" in rows else [name]
    return found


def _heading(name: str) -> str:
    for base, heading in sorted(HEADINGS.items(), key=lambda pair: -len(pair[0])):
        if name == base:
            return heading
        if name in (f"{base}_low", f"{base}_high"):
            return f"{heading}, {'from' if name.endswith('_low') else 'to'}"
    return name


def _format(name: str) -> str:
    base = name.removesuffix("_low").removesuffix("_high")
    return FORMATS.get(base, "#,##0")


def sdmx_frame(
    table: PublicationTable,
    area: str,
    *,
    dimensions: Mapping[str, str],
    series: Mapping[str, str] = SERIES,
    dataflow: str = DATAFLOW,
    period: str | None = None,
) -> DataFrame:
    """The table as SDMX-CSV (version 1): one row for each number, in codes of the global SDG data flow.

    Detected people and their rate have codes there (`VC_HTF_DETV`, `VC_HTF_DETVR`). Estimates of undetected people have
    none: they are left out unless `series` names codes of a national flow for them.

    Parameters
    ----------
    table : PublicationTable
    area : code of the reference area (M49), such as "826"
    dimensions : which column of the table is SEX, AGE or TIME_PERIOD; rows of single categories of other columns are
        left out
    series : column of numbers -> code of its series
    dataflow : agency, flow and version
    period : year, where no column has it

    Raises
    ------
    DataError
        If a category has no code, or the period is missing.
    """
    from pandas import DataFrame

    own = {column: name for name, column in dimensions.items()}
    others = [name for name in table.by if name not in own]
    rows = []
    for record in table.rows.to_dict("records"):
        if any(record[name] != TOTAL for name in others):
            continue
        coded = {name: _code(name, str(record[column])) for column, name in own.items()}
        if coded.get("TIME_PERIOD") == "_T" and period is None:
            continue
        for column, code in series.items():
            if column not in record:
                continue
            value = record[column]
            away = value != value
            rows.append(
                {"DATAFLOW": dataflow, "FREQ": "A", "REPORTING_TYPE": "N", "SERIES": code, "REF_AREA": area}
                | {"SEX": "_T", "AGE": "_T", "TIME_PERIOD": period}
                | coded
                | {"OBS_VALUE": None if away else value, "UNIT_MEASURE": UNITS.get(column, "NUMBER")}
                | {"OBS_STATUS": "Q" if away else "A"}
            )
    if not rows or any(row["TIME_PERIOD"] is None for row in rows):
        raise DataError("The period is missing.", hint="Name the column of TIME_PERIOD, or give period.")
    return DataFrame(rows)


def _code(dimension: str, category: str) -> str:
    if dimension == "TIME_PERIOD":
        return "_T" if category == TOTAL else category
    codes = CODES[dimension]
    if category.casefold() not in codes:
        raise DataError(
            f"{category!r} has no code of {dimension}.",
            hint=f"Known: {some_of(sorted(set(codes)), most=12)}; rename it.",
        )
    return codes[category.casefold()]
