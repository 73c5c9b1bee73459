"""The gap between known and all people, as offices report it: counts, hidden people, coverage, rates and shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hiddenpop.arrays import Floats
from hiddenpop.errors import DataError, some_of
from hiddenpop.numerics.intervals import central
from hiddenpop.result import Estimate
from hiddenpop.strata import TOTAL, Label, StratifiedEstimate, draw_population

if TYPE_CHECKING:
    from pandas import DataFrame

PER = 100_000
PEOPLE = "people"
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
        If a stratum has no denominator, or fewer inhabitants than people on the lists.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> found = hp.estimate_strata(hp.load("bangladesh_pwid"), "chapman", seed=1)
    >>> hp.gap_figures(found)[["district", "observed", "hidden", "hidden_low", "hidden_high"]].round()
               district  observed  hidden  hidden_low  hidden_high
    0  Chapai Nawabganj       271    46.0        29.0         74.0
    1             Dhaka      4386  3081.0      2777.0       3432.0
    2             total      4657  3127.0      2823.0       3481.0
    """
    from pandas import DataFrame

    strata = found if isinstance(found, StratifiedEstimate) else whole(found)
    base = _read_denominators(strata, denominators)
    draws = [*strata.draws, strata.draws.sum(axis=0)]
    parts = [*strata.parts, strata.total]
    rows = []
    for place, (part, drawn) in enumerate(zip(parts, draws, strict=True)):
        label = strata.labels[place] if place < len(strata.labels) else (TOTAL,) * len(strata.by)
        row: dict[str, Any] = dict(zip(strata.by, label, strict=True)) | {"observed": part.observed}
        figures: dict[str, tuple[float, Floats]] = {
            "population": (part.population, drawn),
            "hidden": (part.hidden, drawn - part.observed),
            "coverage": (part.coverage, part.observed / drawn),
            "ratio": (part.ratio, drawn / part.observed),
            "share": (part.population / strata.total.population, drawn / draws[-1]),
        }
        if base is not None:
            figures["rate"] = part.population * per / base[place], drawn * per / base[place]
            row["detected_rate"] = part.observed * per / base[place]
        for name, (value, values) in figures.items():
            low, high = central(values, strata.level)
            row |= {name: value, f"{name}_low": min(low, value), f"{name}_high": max(high, value)}
        rows.append(row)
    return DataFrame(rows if strata.by else rows[-1:])


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
    labels = zip(*(given[name].astype(str) for name in by), strict=True)
    return dict(zip(labels, given[PEOPLE].astype(float), strict=True))


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
        elif not people >= part.observed:
            faults.append(f"{name}: {people:,.0f} inhabitants, {part.observed:,} people on lists")
    if faults:
        raise DataError(f"Denominators do not fit: {some_of(faults, '; ')}.", hint="Give inhabitants of every stratum.")
    base = [float(given[label]) for label in found.labels]
    return [*base, sum(base)]
