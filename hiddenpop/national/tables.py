"""Publication tables: people detected and estimated, counts and rates, by the categories of SDG indicator 16.2.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hiddenpop.errors import DataError
from hiddenpop.national.disclosure import THRESHOLD, Release, protect
from hiddenpop.national.gap import PER, Denominators, by_label, gap_figures
from hiddenpop.strata import TOTAL, Label, StratifiedEstimate

if TYPE_CHECKING:
    from pandas import DataFrame

DETECTED = "observed"


@dataclass(frozen=True, eq=False)
class PublicationTable:
    """What is published, and what is held back.

    Attributes
    ----------
    by : columns of categories
    rows : DataFrame, one row for each combination of categories and `total`; hidden numbers are missing
    release : Release of the counts, to be given as `earlier` when the same people are published again
    level : of the intervals
    per : inhabitants that a rate is for
    notes : sentences that belong under the table
    provenance : where the estimate comes from
    """

    by: tuple[str, ...]
    rows: DataFrame
    release: Release
    level: float
    per: int
    notes: tuple[str, ...]
    provenance: Mapping[str, Any]


def publication_table(
    found: StratifiedEstimate,
    denominators: Denominators | DataFrame | None = None,
    *,
    per: int = PER,
    threshold: int = THRESHOLD,
    earlier: Sequence[Release] = (),
) -> PublicationTable:
    """People detected and estimated in every combination of categories, with all totals, small counts hidden.

    Use for indicator 16.2.2: strata by sex, age, form of exploitation and year. Counts of detected people from 1 to
    below the threshold are hidden, with others that would tell them (`protect`); of such rows everything else is hidden
    too: the lower limit of an estimate is never below the count, and often is the count.

    Parameters
    ----------
    found : StratifiedEstimate
    denominators, per : as in `gap_figures`
    threshold : int, smallest count of detected people that is shown, apart from none
    earlier : releases of the same people

    Returns
    -------
    PublicationTable
        `rows` has the columns of `gap_figures`, and `hidden_count`, True where the number detected is held back.

    Raises
    ------
    DataError
        As `protect` and `gap_figures`.
    """
    if not found.by:
        raise DataError("The estimate has no strata.", hint="Publish the total as it is.")
    counts: dict[Label, int] = {label: part.observed for label, part in zip(found.labels, found.parts, strict=True)}
    release = protect(counts, found.by, threshold=threshold, earlier=earlier)
    rows = _every_total(found, None if denominators is None else by_label(denominators, found.by), per)
    away = dict(zip(release.labels, release.hidden.tolist(), strict=True))
    keep_back = np.array([away[label] for label in zip(*(rows[name] for name in found.by), strict=True)])
    for name in [str(name) for name in rows if name not in found.by]:
        rows[name] = rows[name].astype(float).where(~keep_back)
    rows["hidden_count"] = keep_back
    notes = _notes(found, int(keep_back.sum()), threshold)
    return PublicationTable(found.by, rows, release, found.level, per, notes, found.total.provenance.to_dict())


def read_publication(path: str | Path) -> Release:
    """The counts of a publication table that was written as .csv, as far as it shows them, to be given as `earlier`.

    Raises
    ------
    DataError
        If the file is no such table.
    """
    from pandas import read_csv

    try:
        rows = read_csv(path, dtype=str, keep_default_na=False)
        by = tuple(str(name) for name in rows.columns[: list(rows.columns).index(DETECTED)])
        hidden = (rows["hidden_count"] == "True").to_numpy()
        counts = np.array([0 if away else int(float(n)) for n, away in zip(rows[DETECTED], hidden, strict=True)])
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{str(path)!r} is no publication table.", hint="Give publication.csv of a release.") from error
    labels = tuple(zip(*(rows[name] for name in by), strict=True))
    return Release(by, labels, counts, hidden, np.zeros_like(hidden))


def _every_total(found: StratifiedEstimate, denominators: Denominators | None, per: int) -> DataFrame:
    """Figures of every combination, `total` in some columns included, the finest first."""
    from pandas import concat

    groups = [names for size in range(len(found.by), 0, -1) for names in combinations(found.by, size)]
    parts = []
    for columns in groups:
        grouped = found if columns == found.by else found.group(*columns)
        rows = gap_figures(grouped, _summed(found, denominators, columns), per=per)
        parts.append(rows[rows[columns[0]] != TOTAL])
    parts.append(rows[rows[columns[0]] == TOTAL])
    every = concat([part.assign(**{n: TOTAL for n in found.by if n not in part}) for part in parts], ignore_index=True)
    return every[[*found.by, *(name for name in every if name not in found.by)]]


def _summed(
    found: StratifiedEstimate, denominators: Denominators | None, columns: tuple[str, ...]
) -> Denominators | None:
    """Inhabitants by fewer columns."""
    if denominators is None:
        return None
    places = [found.by.index(name) for name in columns]
    sums: dict[Label, float] = {}
    for label in found.labels:
        short = tuple(label[i] for i in places)
        sums[short] = sums.get(short, 0.0) + denominators.get(label, float("nan"))
    return sums


def _notes(found: StratifiedEstimate, hidden: int, threshold: int) -> tuple[str, ...]:
    """What a reader must know about the table."""
    doubts = [check.message for check in found.total.checks if check.passed is False]
    return (
        "Detected: people on at least one list. Estimated: detected and undetected people, with a "
        f"{100 * found.level:g} % interval.",
        "Totals are sums of the estimates of their parts; their intervals come from the same draws, and are narrower "
        "than the sums of limits.",
        f"{hidden} counts of detected people are hidden: those from 1 to {threshold - 1}, and others from which these "
        "could be worked out; so is what was estimated from them.",
        f"Made by {found.total.provenance.method}: lists, people and dependence as its assumptions say.",
        *doubts,
    )
