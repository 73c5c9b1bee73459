"""One folder of country tables in, one comparable sheet out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

from hiddenpop.errors import DataError, HiddenpopError, SparseOverlapWarning, some_of
from hiddenpop.intake import read_captures
from hiddenpop.national import Figure, Pooled, pool_countries
from hiddenpop.national.gap import PER, Denominators
from hiddenpop.national.transport import FEWEST, poolable
from hiddenpop.national.workbook import TEXT, Sheet, write_sheet
from hiddenpop.registry import Data
from hiddenpop.release.results import PATIENCE
from hiddenpop.release.run import Tell
from hiddenpop.report.document import Report, build_report
from hiddenpop.result import Check, Estimate

if TYPE_CHECKING:
    from pandas import DataFrame

ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".xlsx")
UNREAD = "no table"
SPEAKING = ("publishable", "indicative")  # verdicts of estimates that may say something of other countries
HEADINGS: Mapping[str, str] = {
    "country": "Country", "lists": "Lists", "observed": "Known", "population_low": "Own estimate, from",
    "population_high": "to", "population": "Own estimate", "pooled_low": "Pooled, from", "pooled_high": "to",
    "pooled": "Pooled", "predicted_low": "Predicted by the others, from", "predicted_high": "to",
    "predicted": "Predicted by the others", "error": "Prediction / own estimate", "as_expected": "As others predict",
    "rate_low": "Own estimate, rate, from", "rate_high": "to", "rate": "Own estimate, rate", "method": "Method",
    "verdict": "Verdict", "reason": "First reason",
}  # fmt: skip
FORMATS: Mapping[str, str] = dict.fromkeys(HEADINGS, "#,##0") | {
    "error": "0.00", "rate": "0.0", "rate_low": "0.0", "rate_high": "0.0",
} | dict.fromkeys(("country", "method", "verdict", "reason", "as_expected"), TEXT)  # fmt: skip


@dataclass(frozen=True, eq=False)
class CountrySheet:
    """Countries side by side.

    Attributes
    ----------
    rows : DataFrame, one row for each country
    pooled : Pooled or None, where fewer than three countries have an estimate that may speak for others
    checks : how far countries are alike, and what must be known about the sheet
    reports : country -> Report
    """

    rows: DataFrame
    pooled: Pooled | None
    checks: tuple[Check, ...]
    reports: Mapping[str, Report]

    def __str__(self) -> str:
        return "\n".join(_line(row) for row in _given(self.rows))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        rows = [dict.fromkeys(map(str, self.rows)) | row for row in _given(self.rows)]
        spread = None if self.pooled is None else list(self.pooled.spread)
        return {
            "countries": rows,
            "spread": spread,
            "checks": [check.to_dict() for check in self.checks],
        }


def read_countries(
    folder: str | Path, *, but: Sequence[Path] = ()
) -> tuple[dict[str, Data], dict[str, HiddenpopError]]:
    """The tables of a folder, by the names of their files, and why others could not be read.

    Parameters
    ----------
    folder : with one table for each country
    but : files that are none

    Raises
    ------
    DataError
        If there is no such folder, or no table in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{str(folder)!r} is not a folder.", hint="Give a folder with one table for each country.")
    tables: dict[str, Data] = {}
    faults: dict[str, HiddenpopError] = {}
    left_out = {file.resolve() for file in but}
    every = (file for file in folder.iterdir() if file.suffix.lower() in ENDINGS and file.resolve() not in left_out)
    for file in sorted(every):
        if file.stem in tables or file.stem in faults:
            raise DataError(f"Two files are of {file.stem!r}.", hint="Leave one file for each country.")
        try:
            tables[file.stem] = read_captures(file)
        except HiddenpopError as error:
            faults[file.stem] = error
    if not tables and not faults:
        raise DataError(f"There is no table in {str(folder)!r}.", hint=f"Tables end in {', '.join(ENDINGS)}.")
    return tables, faults


def compare_countries(
    tables: Mapping[str, Data],
    inhabitants: Denominators | None = None,
    *,
    faults: Mapping[str, HiddenpopError] | None = None,
    per: int = PER,
    level: float = 0.95,
    seed: int = 0,
    tell: Tell = lambda line: None,
) -> CountrySheet:
    """Estimate every country by the same rules, pool the estimates, and predict each country from the others.

    Use to see which figures may stand side by side. A country's own estimate is that of its report: left out where the
    verdict is not to publish it, only its floor where the verdict is a lower bound. Only estimates that are at least
    indicative speak for other countries.

    Parameters
    ----------
    tables : country -> CaptureTable, BandedTable or SightingCounts
    inhabitants : (country,) -> people; without them there are no rates
    faults : country -> why its table could not be read; it has a row all the same
    per : int, inhabitants that a rate is for
    level : float in (0, 1)
    seed : int
    tell : called with a line for every country

    Raises
    ------
    DataError
        If inhabitants are given and some country has none.
    """
    if inhabitants is not None:
        _check_inhabitants(inhabitants, tables)
    reports = {}
    for name, table in tables.items():
        tell(name)
        with catch_warnings():
            simplefilter("ignore", SparseOverlapWarning)  # the verdict says it
            reports[name] = build_report(table, level=level, seed=seed, patience=PATIENCE)
    speaking = {name: found for name, report in reports.items() if (found := _speaks(report)) is not None}
    silent = {name: report.data.observed for name, report in reports.items() if name not in speaking}
    pooled = pool_countries(speaking, silent, level=level, seed=seed) if len(speaking) >= FEWEST else None
    rows = [_row(name, report, pooled, inhabitants, per) for name, report in reports.items()]
    rows += [{"country": name, "verdict": UNREAD, "reason": str(error)} for name, error in (faults or {}).items()]
    return CountrySheet(_frame(rows), pooled, tuple(_checks(pooled, speaking, silent)), reports)


def write_countries(found: CountrySheet, path: str | Path) -> None:
    """Write the sheet as .xlsx, with its notes and the origin of every row, or as .csv.

    Raises
    ------
    OptionError, DataError
        As `write_publication`.
    """
    origins = []
    for name, report in found.reports.items():
        made = report.headline.provenance.to_dict() if isinstance(report.headline, Estimate) else {}
        origins.append((name, made or f"no estimate; data {report.data.digest}"))
    notes = [check.message for check in found.checks]
    columns = [str(name) for name in found.rows]
    write_sheet(Sheet(found.rows, HEADINGS, FORMATS, columns, notes, origins), path)


def _speaks(report: Report) -> Estimate | None:
    """What a country may say of others."""
    return poolable(report.data, report.headline) if report.verdict.level in SPEAKING else None


def _check_inhabitants(given: Denominators, tables: Mapping[str, Data]) -> None:
    gone = [name for name, table in tables.items() if not table.observed <= given.get((name,), 0.0) < inf]
    if gone:
        raise DataError(
            f"Inhabitants are missing, or fewer than the people known: {some_of(gone)}.",
            hint="Give inhabitants of every country, by the names of the tables.",
        )


def _row(name: str, report: Report, pooled: Pooled | None, base: Denominators | None, per: int) -> dict[str, Any]:
    headline, lists = report.headline, getattr(report.data, "n_lists", 1)
    row: dict[str, Any] = {"country": name, "lists": lists, "observed": report.data.observed}
    row |= {"method": headline.method, "verdict": report.verdict.level, "reason": report.verdict.reasons[0]}
    own = _own(report)
    row |= own
    if base is not None:
        row |= {key.replace("population", "rate"): value * per / base[(name,)] for key, value in own.items()}
    if pooled is not None:
        row |= _ends("pooled", pooled.pooled.get(name)) | _ends("predicted", pooled.predicted[name])
        if name in pooled.as_expected and isinstance(headline, Estimate):
            row["error"] = pooled.predicted[name].population / headline.population
            row["as_expected"] = "yes" if pooled.as_expected[name] else "no"
    return row


def _own(report: Report) -> dict[str, float]:
    """What may be said of the country's own estimate: nothing, a floor, or the estimate with its limits."""
    headline, level = report.headline, report.verdict.level
    if not isinstance(headline, Estimate) or headline.interval is None or level == "do-not-publish":
        return {}
    limits = {"population_low": headline.interval.low}
    if level == "lower-bound-only" or headline.interval.high is None:
        return limits
    return limits | {"population_high": headline.interval.high, "population": headline.population}


def _ends(name: str, figure: Figure | None) -> dict[str, float]:
    if figure is None:
        return {}
    return {name: figure.population, f"{name}_low": figure.low, f"{name}_high": figure.high}


def _given(rows: DataFrame) -> list[dict[str, Any]]:
    """Rows without what is missing in them."""
    return [{str(name): v for name, v in row.items() if v is not None and v == v} for row in rows.to_dict("records")]


def _frame(rows: list[dict[str, Any]]) -> DataFrame:
    from pandas import DataFrame

    frame = DataFrame(rows)
    return frame[[name for name in HEADINGS if name in frame]]


def _line(row: Mapping[str, Any]) -> str:
    """A country in one line."""
    if row["verdict"] == UNREAD:
        return f"{row['country']}: {row['reason']}"
    parts = [f"{row['country']}: {row['observed']:,.0f} known on {row['lists']:.0f} lists; {row['verdict']}"]
    for name, said in (("population", "own"), ("pooled", "pooled"), ("predicted", "by the others")):
        if f"{name}_high" in row:
            parts.append(f"{said} {row[f'{name}_low']:,.0f} to {row[f'{name}_high']:,.0f}")
        elif f"{name}_low" in row:
            parts.append(f"{said} at least {row[f'{name}_low']:,.0f}")
    return "; ".join(parts)


def _checks(pooled: Pooled | None, speaking: Mapping[str, Any], silent: Mapping[str, int]) -> list[Check]:
    told = [
        Check(
            "assumption-shared", None, None,
            "What errs alike in all countries, such as a dependence that the method leaves out, is in no interval.",
        )
    ]  # fmt: skip
    if pooled is None:
        message = f"{len(speaking)} countries have an estimate that may speak for others; {FEWEST} are needed to pool."
        return [Check("countries-pooled", len(speaking), False, message), *told]
    value, low, high = pooled.spread
    message = (
        f"{len(speaking)} countries were pooled. Between them the number of hidden people per person known varies with "
        f"a standard deviation of {value:.2f} on the log scale ({low:.2f} to {high:.2f})."
    )
    told.insert(0, Check("countries-pooled", len(speaking), True, message))
    if silent:
        message = (
            "Only predicted, as if they were like the others, which no data of their own support: "
            f"{', '.join(silent)}. Such a figure is not one of the country."
        )
        told.append(Check("predicted-only", len(silent), None, message))
    odd = [name for name, yes in pooled.as_expected.items() if not yes]
    kept = len(pooled.as_expected) - len(odd)
    message = f"{kept} of {len(pooled.as_expected)} own estimates lie where the other countries predict them"
    message += f"; not those of {', '.join(odd)}." if odd else "."
    told.append(Check("leave-one-country-out", kept / len(pooled.as_expected), not odd, message))
    return told
