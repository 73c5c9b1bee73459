"""Estimates of strata that add up: the total is the sum of its parts, draw by draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.banded import BandedTable
from hiddenpop.captures import CaptureTable
from hiddenpop.chains import credible
from hiddenpop.errors import DataError, NotEstimableError, some_of
from hiddenpop.numerics.intervals import central, normal_quantile
from hiddenpop.options import check_draws
from hiddenpop.provenance import Provenance
from hiddenpop.registry import attempt_quietly, estimate, find_method
from hiddenpop.result import Check, Estimate, Interval, Refusal, frame

Label = tuple[str, ...]
TOTAL = "total"  # in place of a category: all of them together
STRATA = "stratum_population"
SKEWED = 0.05  # difference between the sum of the parts and the middle of their sum, from which it is said


@dataclass(frozen=True, eq=False)
class StratifiedEstimate:
    """Estimates of strata, and their sum.

    Attributes
    ----------
    by : names of the stratum columns
    labels : one tuple of values for each of G strata
    parts : (G) estimates
    draws : (G, S) populations; a row has the distribution of its part, columns go together
    total : the sum of the parts, with an interval from the sums of the draws
    """

    by: tuple[str, ...]
    labels: tuple[Label, ...]
    parts: tuple[Estimate, ...]
    draws: Floats
    total: Estimate

    @property
    def level(self) -> float:
        """Of all intervals."""
        interval = self.total.interval
        assert interval is not None
        return interval.level

    def group(self, *columns: str) -> StratifiedEstimate:
        """The same estimate by fewer columns: parts that agree in these are added up."""
        unknown = [name for name in columns if name not in self.by]
        if unknown:
            raise DataError(f"{some_of(unknown)}: not among the strata.", hint=f"There are: {', '.join(self.by)}.")
        places = [self.by.index(name) for name in columns]
        kept = [tuple(label[i] for i in places) for label in self.labels]
        labels = sorted(set(kept))
        members = [[g for g, label in enumerate(kept) if label == one] for one in labels]
        parts = tuple(add([self.parts[g] for g in rows], self.draws[rows]) for rows in members)
        draws = np.array([self.draws[rows].sum(axis=0) for rows in members])
        return StratifiedEstimate(tuple(columns), tuple(labels), parts, draws, self.total)

    def to_frame(self) -> Any:
        """One row for each stratum, and one for the total, with the columns of the strata first."""
        rows = frame([*self.parts, self.total])
        for place, name in enumerate(self.by):
            rows.insert(place, name, [*(label[place] for label in self.labels), TOTAL])
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the draws."""
        return {
            "total": replace(self.total, draws=None).to_dict(),
            "strata": [
                {"stratum": dict(zip(self.by, label, strict=True)), **replace(part, draws=None).to_dict()}
                for label, part in zip(self.labels, self.parts, strict=True)
            ],
        }

    def __str__(self) -> str:
        lines = [f"{', '.join(label)}: {part}" for label, part in zip(self.labels, self.parts, strict=True)]
        return "\n".join([f"total: {self.total}", *lines])


def estimate_strata(
    table: CaptureTable | BandedTable,
    method: str,
    by: str | Sequence[str] | None = None,
    *,
    draws: int = 4000,
    seed: int = 0,
    **options: Any,
) -> StratifiedEstimate:
    """Estimate every stratum by one method, and add the strata up.

    Use when people differ between strata, or a figure for each is wanted: the sum is right where lists reach strata
    differently, the estimate of all together is not. `huggins-alho` and `partial-pooling` estimate strata that are too
    small to stand alone.

    Parameters
    ----------
    table : CaptureTable or BandedTable, with strata
    method : id of a method
    by : stratum columns; all of them if None
    draws : int, 100 to 100,000, of the population of each stratum
    seed : int, of the draws and of the method
    options : of the method

    Raises
    ------
    NotEstimableError
        If a stratum has no estimate, or no upper limit: a sum without it would be no figure for the whole.
    DataError
        If the table has no strata.

    Notes
    -----
    Draws of a stratum are its posterior draws, or values of which the limits of its interval, at any level, are the
    quantiles: log n0 is normal on either side of the estimate. Strata are independent of each other. The total is the
    sum of the parts, its limits quantiles of the summed draws; what errs alike in all strata, such as a dependence that
    the method leaves out, does not cancel, and is in no interval.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> found = hp.estimate_strata(hp.load("bangladesh_pwid"), "chapman")
    >>> print(found)
    total: 7,784 people (95% combined 7,467 to 8,147); 3,127 on no list
    Chapai Nawabganj: 317 people (95% logit 300 to 345); 46 on no list
    Dhaka: 7,467 people (95% logit 7,157 to 7,820); 3,081 on no list
    """
    check_draws(draws)
    columns = (by,) if isinstance(by, str) else tuple(by or table.strata)
    if not columns:
        raise DataError("The table has no strata.", hint="Name the stratum columns when the table is read.")
    if find_method(method).stratified and isinstance(table, CaptureTable):
        return _together(table, method, columns, draws, {"seed": seed} | options)
    found = {
        label: attempt_quietly(part, method, **{"seed": seed} | options)
        for label, part in table.split(*columns).items()
    }
    return add_up(columns, found, draws=draws, seed=seed)


def _together(
    table: CaptureTable, method: str, by: Sequence[str], draws: int, options: Mapping[str, Any]
) -> StratifiedEstimate:
    """The strata of a method that estimates them together, from its posterior draws."""
    whole = estimate(table, method, **options)
    trace = getattr(whole.fit, "trace", None)
    if trace is None or STRATA not in trace.variables:
        raise DataError(f"The method {method} keeps no draws of single strata.", hint=f"Use estimate(..., {method!r}).")
    drawn = np.moveaxis(np.asarray(trace.variables[STRATA]), -1, 0).reshape(len(table.labels), -1)
    drawn = drawn[:, np.linspace(0, drawn.shape[1] - 1, draws).astype(int)]
    assert whole.interval is not None
    kind: Literal["credible", "combined"] = "credible" if whole.interval.kind == "credible" else "combined"
    level, known = whole.interval.level, np.bincount(table.stratum, table.counts)
    parts = []
    for values, observed in zip(drawn, known.astype(int), strict=True):
        middle, limits = credible(values, level)
        limits = replace(limits, kind=kind)
        parts.append(Estimate(method, middle, limits, int(observed), whole.checks, whole.provenance, values))
    every = StratifiedEstimate(
        table.strata, table.labels, tuple(parts), drawn, replace(add(parts, drawn), fit=whole.fit)
    )
    return every if tuple(by) == table.strata else every.group(*by)


def add_up(
    by: Sequence[str], found: Mapping[Label, Estimate | Refusal], *, draws: int = 4000, seed: int = 0
) -> StratifiedEstimate:
    """Add estimates of separate strata up.

    Parameters
    ----------
    by : names of the stratum columns
    found : estimate of each stratum
    draws, seed : as in `estimate_strata`
    """
    refused = [", ".join(label) for label, one in found.items() if not _bounded(one)]
    if refused:
        first = next((one.error.message for one in found.values() if isinstance(one, Refusal)), "")
        raise NotEstimableError(
            f"No estimate with an upper limit, so nothing can be added up: {some_of(refused, '; ')}. {first}".strip(),
            hint="Merge strata, or use a method that shares between them (huggins-alho, partial-pooling).",
            terms=refused,
        )
    parts = tuple(one for one in found.values() if isinstance(one, Estimate))
    streams = np.random.SeedSequence(seed).spawn(len(parts))
    drawn = np.array([draw_population(one, draws, stream) for one, stream in zip(parts, streams, strict=True)])
    return StratifiedEstimate(tuple(by), tuple(found), parts, drawn, add(parts, drawn))


def total_of(by: Sequence[str], found: Mapping[Label, Estimate | Refusal], *, seed: int = 0) -> Estimate | Refusal:
    """The sum of strata without its draws, or why there is none."""
    try:
        return replace(add_up(by, found, seed=seed).total, draws=None)
    except NotEstimableError as error:
        return Refusal("sum", error)


def draw_population(one: Estimate, draws: int, seed: Any) -> Floats:
    """(S,) values of a population, of which the limits of the estimate are quantiles, whatever the level."""
    generator = np.random.default_rng(seed)
    limits = one.interval
    assert limits is not None
    assert limits.high is not None
    if one.draws is not None and limits.kind == "credible":
        return generator.permutation(np.resize(generator.permutation(one.draws), draws)).astype(float)
    z = generator.standard_normal(draws) / normal_quantile(limits.level)
    middle, low, high = (max(value - one.observed, 0.0) for value in (one.population, limits.low, limits.high))
    if middle <= 0.0:
        return one.observed + high * np.maximum(z, 0.0)
    below = middle * (low / middle) ** -np.minimum(z, 0.0) if low > 0.0 else middle * np.maximum(1.0 + z, 0.0)
    return one.observed + np.where(z > 0.0, middle * (high / middle) ** z, below)


def add(parts: Sequence[Estimate], draws: Floats) -> Estimate:
    """The sum of estimates, with limits from the sums of their draws (G, S)."""
    first = parts[0]
    if len(parts) == 1:
        return first
    assert first.interval is not None
    level = first.interval.level
    whole = draws.sum(axis=0)
    population = float(sum(one.population for one in parts))
    low, high = central(whole, level)
    posterior = all(one.interval is not None and one.interval.kind == "credible" for one in parts)
    kind: Literal["credible", "combined"] = "credible" if posterior else "combined"
    observed = sum(one.observed for one in parts)
    limits = Interval(max(observed, min(low, population)), max(high, population), level, kind)
    checks = (*_doubts(parts), *_skewed(population, float(np.median(whole))))
    return Estimate(first.method, population, limits, observed, checks, origin(parts), whole)


def _bounded(one: Estimate | Refusal) -> bool:
    return isinstance(one, Estimate) and one.interval is not None and one.interval.high is not None


def _doubts(parts: Sequence[Estimate]) -> tuple[Check, ...]:
    """How many strata failed which check."""
    names = dict.fromkeys(check.name for one in parts for check in one.failed)
    failed = {name: sum(name in [check.name for check in one.failed] for one in parts) for name in names}
    told = Check("sum-of-strata", len(parts), None, f"The sum of {len(parts)} strata, estimated one by one.")
    return (
        told,
        *(
            Check(name, n, False, f"In {n} of {len(parts)} strata this check failed: {name}.")
            for name, n in failed.items()
        ),
    )


def _skewed(population: float, middle: float) -> tuple[Check, ...]:
    """Parts that reach far upwards add up to less than the middle of their sum."""
    if abs(population / middle - 1.0) <= SKEWED:
        return ()
    message = f"The parts are so uncertain that their sum has its middle at {middle:,.0f}, not at {population:,.0f}."
    return (Check("middle-of-the-sum", middle, False, message),)


def origin(parts: Sequence[Estimate]) -> Provenance:
    """Where estimates come from that share all but the data."""
    first = parts[0].provenance
    together = sha256("".join(str(one.provenance.digest) for one in parts).encode()).hexdigest()
    return replace(first, digest=together)
