"""What a report of a whole analysis shows beside its headline: records, changes, figures by category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hiddenpop.national.trend import relative
from hiddenpop.strata import TOTAL

if TYPE_CHECKING:
    from hiddenpop.national import Contribution, PublicationTable, Trend

MOST_ROWS = 40


@dataclass(frozen=True)
class Figures:
    """Results beside the headline; what is None is left out.

    Attributes
    ----------
    accounts : of the records of each list
    linked : tables whose links were drawn; 0 where records carry a key
    publication : figures by category
    trend : changes between periods
    withheld : are the changes left out, because they would tell a hidden count
    threshold : smallest count that tables of the release show; 0 without such tables
    """

    accounts: Sequence[Mapping[str, Any]] = ()
    linked: int = 0
    publication: PublicationTable | None = None
    trend: Trend | None = None
    withheld: bool = False
    threshold: int = 0


def tells_hidden(publication: PublicationTable, trend: Trend, by: str, threshold: int) -> bool:
    """Would changes between periods tell a count of people known that the table hides, or should?"""
    if any(part.observed < threshold for part in trend.found.parts):
        return True
    if by not in publication.by:
        return False
    place, release = publication.by.index(by), publication.release
    totals = [all(part == TOTAL for i, part in enumerate(label) if i != place) for label in release.labels]
    return bool((release.hidden & totals).any())


def describe_figures(figures: Figures) -> dict[str, Any]:
    """Values of the template's sections."""
    rows = _rows(figures.publication) if figures.publication else []
    shown = rows if len(rows) <= MOST_ROWS else [row for row in rows if row["total"]][:MOST_ROWS]
    return {
        "accounts": figures.accounts,
        "trend": figures.trend,
        "withheld": figures.withheld,
        "trend_rows": _changes(figures.trend) if figures.trend else [],
        "publication": figures.publication,
        "publication_rows": shown,
        "rows_left_out": len(rows) - len(shown),
        "rates": bool(rows) and "rate_low" in rows[0],
    }


def _rows(table: PublicationTable) -> list[dict[str, Any]]:
    found = []
    for record in table.rows.to_dict("records"):
        labels = [record[name] for name in table.by]
        row = {
            "labels": labels,
            "total": TOTAL in labels,
            "hidden": record["hidden_count"],
            "observed": record["observed"],
            "population": record["population"],
            "low": record["population_low"],
            "high": record["population_high"],
        }
        if "rate_low" in record:
            row |= {end: f"{record[end]:.3g}" for end in ("rate_low", "rate_high")}
        found.append(row)
    return found


def _changes(trend: Trend) -> list[dict[str, str]]:
    found = []
    for change in trend.changes:
        named = {"people": change.prevalence, "chance to be known": change.detection}
        ends = {"before": change.before, "after": change.after}
        detected = {"value": f"{relative(change.detected):+d} %", "low": "–", "high": "–", "rises": "–"}
        found.append(ends | {"what": "people known", "list": ""} | detected)
        found += [ends | {"what": what, "list": ""} | _contribution(part) for what, part in named.items()]
        found += [ends | {"what": "", "list": name} | _contribution(part) for name, part in change.lists.items()]
    return found


def _contribution(part: Contribution) -> dict[str, str]:
    value, low, high = (f"{relative(x):+d} %" for x in (part.value, part.low, part.high))
    return {"value": value, "low": low, "high": high, "rises": f"{part.rises:.2f}"}
