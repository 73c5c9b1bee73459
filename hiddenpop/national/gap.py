"""The gap between known and all people, as offices report it: counts, hidden people, coverage, rates and shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hiddenpop.errors import DataError, some_of
from hiddenpop.numerics.intervals import central
from hiddenpop.result import Estimate
from hiddenpop.strata import TOTAL, Label, StratifiedEstimate, draw_population

if TYPE_CHECKING:
    from pandas import DataFrame

PER = 100_000
PEOPLE = "people"
ENDS = ("", "_low", "_high")
FIGURES = (
    *("observed", "detected_rate", "hidden_count"),
    *(name + end for name in ("population", "hidden", "coverage", "ratio", "share", "rate") for end in ENDS),
)
Denominators = Mapping[Label, float]


def gap_figures(
    found: StratifiedEstimate | Estimate,
    denominators: Denominators | DataFrame | None = None,
    *,
    per: int = PER,
) -> DataFrame:
    """Every figure of the gap, with its interval, for each stratum and the total.

    Use for tables of indicators; all figures of one estimate come from the same draws, so they agree with each other
    and totals are sums.

    Parameters
    ----------
    found : StratifiedEstimate, or an Estimate, of which there is only the total
    denominators : inhabitants of each stratum, by its label, or a DataFrame with the stratum columns and `people`;
        without them there are no rates
    per : int, inhabitants that a rate is for

    Returns
    -------
    DataFrame
        The stratum columns, `observed`, and of `population`, `hidden`, `coverage` (observed / population), `ratio`
        (population / observed), `share` (of the total) and `rate`, the value, `_low` and `_high`; `detected_rate`.

    Raises
    ------
    DataError
        If a stratum has no denominator, or fewer inhabitants than people estimated, or is called as a figure is.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> found = hp.estimate_strata(hp.load("bangladesh_pwid"), "chapman", seed=1)
    >>> hp.gap_figures(found)[["district", "observed", "hidden", "hidden_low", "hidden_high"]].round()
               district  observed  hidden  hidden_low  hidden_high
    0  Chapai Nawabganj       271    46.0        29.0         74.0
    1             Dhaka      4386  3081.0      2771.0       3434.0
    2             total      4657  3127.0      2823.0       3481.0
    """
    from pandas import DataFrame

    strata = found if isinstance(found, StratifiedEstimate) else whole(found)
    taken = [name for name in strata.by if name in FIGURES]
    if taken:
        raise DataError(f"A stratum column is called {some_of(taken)}, as a figure is.", hint="Rename it.")
    base = _read_denominators(strata, denominators)
    draws = [*strata.draws, strata.draws.sum(axis=0)]
    parts = [*strata.parts, strata.total]
    rows = []
    for place, (part, drawn) in enumerate(zip(parts, draws, strict=True)):
        label = strata.labels[place] if place < len(strata.labels) else (TOTAL,) * len(strata.by)
        row: dict[str, Any] = dict(zip(strata.by, label, strict=True)) | {"observed": part.observed}
        row |= _figures(part, part.observed)
        share = part.population / strata.total.population
        low, high = central(drawn / draws[-1], strata.level)
        row |= {"share": share, "share_low": min(low, share), "share_high": max(high, share)}
        if base is not None:
            row["detected_rate"] = part.observed * per / base[place]
            row |= {f"rate{end}": row[f"population{end}"] * per / base[place] for end in ENDS}
        rows.append(row)
    return DataFrame(rows if strata.by else rows[-1:])


def _figures(part: Estimate, known: int) -> dict[str, float]:
    """What follows from the estimate and its limits."""
    assert part.interval is not None
    assert part.interval.high is not None
    ends = {"": part.population, "_low": part.interval.low, "_high": part.interval.high}
    turned = {"": "", "_low": "_high", "_high": "_low"}
    return (
        {f"population{end}": value for end, value in ends.items()}
        | {f"hidden{end}": value - known for end, value in ends.items()}
        | {f"coverage{turned[end]}": known / value for end, value in ends.items()}
        | {f"ratio{end}": value / known for end, value in ends.items()}
    )


def whole(found: Estimate) -> StratifiedEstimate:
    """An estimate as one stratum without a name."""
    if found.interval is None or found.interval.high is None:
        raise DataError("The estimate has no upper limit.", hint="Use another method.")
    drawn = draw_population(found, 4000, found.provenance.seed or 0)
    return StratifiedEstimate((), ((),), (found,), drawn[None, :], found)


def by_label(given: Denominators | DataFrame, by: Sequence[str]) -> Denominators:
    """Inhabitants by label, from whichever way they are given.

    Raises
    ------
    DataError
        If a DataFrame lacks a column.
    """
    if isinstance(given, Mapping):
        return given
    gone = [name for name in (*by, PEOPLE) if name not in given.columns]
    if gone:
        raise DataError(f"The denominators have no column {some_of(gone)}.", hint=f"Name one {PEOPLE!r}.")
    if not by:
        return {(): float(given[PEOPLE].sum())}
    labels = list(zip(*(given[name].astype(str) for name in by), strict=True))
    twice = sorted({", ".join(label) for label in labels if labels.count(label) > 1})
    if twice:
        raise DataError(f"The denominators name {some_of(twice, '; ')} more than once.", hint="Give each once.")
    try:
        return dict(zip(labels, given[PEOPLE].astype(float), strict=True))
    except ValueError as error:
        raise DataError(f"Not every value of {PEOPLE!r} is a number.", hint="Write 105000, not 105,000.") from error


def read_denominators(path: str | Path, by: Sequence[str]) -> Denominators:
    """Inhabitants by label, from a CSV file with the stratum columns and `people`.

    Raises
    ------
    DataError
        If the file cannot be read as such a table.
    """
    from pandas import read_csv
    from pandas.errors import EmptyDataError, ParserError

    try:
        rows = read_csv(path, dtype=dict.fromkeys(by, str), keep_default_na=False)
    except (OSError, UnicodeDecodeError, EmptyDataError, ParserError) as error:
        raise DataError(
            f"{str(path)!r} cannot be read as a table of inhabitants.",
            hint=f"Give a CSV file with the columns {', '.join((*by, PEOPLE))}.",
        ) from error
    return by_label(rows, by)


def _read_denominators(found: StratifiedEstimate, given: Denominators | DataFrame | None) -> list[float] | None:
    """Inhabitants of each stratum and of all, in order."""
    if given is None:
        return None
    given = by_label(given, found.by)
    faults = []
    for label, part in zip(found.labels, found.parts, strict=True):
        people = given.get(label)
        name = ", ".join(label) or TOTAL
        if people is None:
            faults.append(f"{name}: none given")
        elif not part.population <= people < inf:
            told = f"{part.observed:,} people known, {part.population:,.0f} estimated"
            faults.append(f"{name}: {people:,.0f} inhabitants, {told}")
    if faults:
        raise DataError(f"Denominators do not fit: {some_of(faults, '; ')}.", hint="Give inhabitants of every stratum.")
    base = [float(given[label]) for label in found.labels]
    return [*base, sum(base)]
