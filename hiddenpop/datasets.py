"""The published tables that ship with the package: `load(name)` and `catalogue()`."""

from __future__ import annotations

import csv
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hiddenpop.arrays import history_mask
from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.errors import UnknownNameError
from hiddenpop.sightings import SightingCounts

if TYPE_CHECKING:
    from pandas import DataFrame


def data_folder() -> Path:
    """Where the tables lie: inside the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    inside = here / "data"
    return inside if inside.is_dir() else here.parent / "data"


@cache
def entries() -> dict[str, dict[str, Any]]:
    """The catalogue as read: name -> title, kind, lists, strata, observed, years, place, source, url, ..."""
    with (data_folder() / "catalogue.toml").open("rb") as file:
        return tomllib.load(file)


def catalogue() -> DataFrame:
    """One row per shipped table: name, title, kind, number of lists, people, known true size, years, place, source."""
    from pandas import DataFrame

    rows = [
        {"name": name, "n_lists": len(entry["lists"])}
        | {k: v for k, v in entry.items() if k not in ("lists", "strata")}
        for name, entry in entries().items()
    ]
    return DataFrame(rows).set_index("name")


def load(name: str) -> CaptureTable | SightingCounts:
    """A shipped table by name.

    Raises
    ------
    UnknownNameError
        With the nearest names.

    Examples
    --------
    >>> print(load("uk_2013"))
    2,744 people on 6 lists; 25 of 63 histories seen
    """
    if name not in entries():
        raise UnknownNameError.among("data set", name, entries())
    entry = entries()[name]
    with (data_folder() / name / "counts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    counts = [int(row["count"]) for row in rows]
    if entry["kind"] == "sightings":
        times = [int(row["times"]) for row in rows]
        return SightingCounts.from_frequencies(dict(zip(times, counts, strict=True)), source=name)
    return build_table(
        entry["lists"],
        [history_mask("".join(row[column] for column in entry["lists"])) for row in rows],
        counts,
        strata=entry["strata"],
        keys=[tuple(row[column] for column in entry["strata"]) for row in rows],
        source=name,
    )
