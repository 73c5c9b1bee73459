"""What would the number be if the records had a known fault? Rows, rates taken from an audit, and the check."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import Any

import numpy as np

from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.checks.recovery import options_of
from hiddenpop.errors import DataError, OptionError
from hiddenpop.numerics.intervals import central, normal_quantile
from hiddenpop.numerics.linkage_error import Expected, even_offsets, round_people
from hiddenpop.registry import METHODS, attempt_quietly
from hiddenpop.result import Check, Estimate, plain

FACTOR = 1.25
JUDGED = 0.10
MOST_FAILED = 0.05
SHARES = (0.0, 0.05, 0.1, 0.2)
ROUNDINGS = 4
REPLICATES = 200
QUANTILES = (np.arange(40) + 0.5) / 40
SMALL_WORDS = {0.5: "one in two", 0.2: "one in five", 0.1: "one in ten", 0.05: "one in twenty", 0.02: "one in fifty"}
REFUTED = "The data exclude a fault of this size."

Numbers = tuple[float, float | None, float | None]  # population, low, high
Audit = tuple[int, int]  # records found right, records looked at


@dataclass(frozen=True, slots=True)
class Rung:
    """The number if the records had one fault of one size.

    Attributes
    ----------
    fault : str, in words
    rates : name -> float; what they are of is said by the ladder
    share : float in [0, 1), the largest share of records or links that are wrong
    population, low, high : people; None where there is no number, or no limit
    reason : str, why there is none
    """

    fault: str
    rates: Mapping[str, float]
    share: float
    population: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        if self.population is None:
            return f"{self.fault}: no number. {self.reason}"
        limits = f" ({self.low:,.0f} to {self.high:,.0f})" if self.low is not None and self.high is not None else ""
        return f"{self.fault}: {self.population:,.0f}{limits}"


@dataclass(frozen=True)
class Ladder:
    """The number as a function of a fault of the records.

    Attributes
    ----------
    name : `linkage`, `over-coverage` or `referral`
    population : float, people, with the records as they are
    rows : tuple of Rung
    known : Rung or None, at the rates that an audit, or the records themselves, give; an audit's uncertainty is in its
        limits
    level : float
    checks : one Check: does the number stay within a factor of 1.25?
    """

    name: str
    population: float
    rows: tuple[Rung, ...]
    known: Rung | None
    level: float
    checks: tuple[Check, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, as the command line prints them."""
        return {name: plain(getattr(self, name)) for name in self.__dataclass_fields__}

    def __str__(self) -> str:
        known = [f"  by audit or record: {self.known}"] if self.known else []
        lines = [f"{self.name}: {self.population:,.0f} people with the records as they are"]
        lines += [f"  {row}" for row in self.rows if row.reason != REFUTED]
        excluded = sum(row.reason == REFUTED for row in self.rows)
        lines += [f"  {excluded} faults are excluded by the data themselves"] if excluded else []
        return "\n".join([*lines, *known, *(c.message for c in self.checks)])


@dataclass(frozen=True)
class Remake:
    """The method of an estimate with its options, for other numbers of people with the same histories.

    Attributes
    ----------
    table : CaptureTable, pooled, of the lists that the estimate used
    estimate : Estimate
    options : as it was made
    level : float
    roundings : int, most tables of whole people for each table of fractions
    """

    table: CaptureTable
    estimate: Estimate
    options: Mapping[str, Any]
    level: float
    roundings: int

    @classmethod
    def of(cls, table: CaptureTable, estimate: Estimate, roundings: int) -> Remake:
        """Prepare.

        Raises
        ------
        OptionError
            If the method estimates strata together, or there are no roundings.
        DataError
            If the estimate is not of this table.
        """
        method = METHODS[estimate.method]
        if method.stratified:
            raise OptionError(f"{method.id} estimates strata together; ladders add them up.", hint="Split the table.")
        if roundings < 1:
            raise OptionError(f"roundings={roundings!r} is below 1.", hint="Use 4.")
        lists = estimate.provenance.options.get("lists")
        pooled = (table.keep(*lists) if lists else table).pooled()
        if pooled.observed != estimate.observed:
            raise DataError(
                f"The estimate is of {estimate.observed:,} people, the table has {pooled.observed:,}.",
                hint="Give the table that the estimate was made from.",
            )
        level = estimate.interval.level if estimate.interval else 0.95
        own = {"level": level, "seed": estimate.provenance.seed}
        options = dict(options_of(estimate)) | {name: value for name, value in own.items() if name in method.options}
        return cls(pooled, estimate, options, level, roundings)

    @property
    def people(self) -> dict[int, float]:
        """History -> people, as observed."""
        return {int(h): float(c) for h, c in zip(self.table.histories, self.table.counts, strict=True)}

    def numbers(self, people: Expected, offset: float) -> Numbers | str:
        """The estimate of one rounded table, or why there is none."""
        whole = round_people(people, offset)
        table = build_table(self.table.lists, list(whole), list(whole.values()), given_lists=self.table.given_lists)
        found = attempt_quietly(table, self.estimate.method, **self.options)
        if not isinstance(found, Estimate):
            return str(found.error.message)
        limits = found.interval
        return found.population, limits.low if limits else None, limits.high if limits else None

    def climb(self, rung: Rung, people: Expected | None) -> Rung:
        """The rung with its number, the geometric mean over roundings; `people` None: refuted."""
        if people is None:
            return replace(rung, reason=REFUTED)
        if not rung.share and people == self.people:
            own = self.estimate.interval
            low, high = (own.low, own.high) if own else (None, None)
            return replace(rung, population=self.estimate.population, low=low, high=high)
        weights, offsets = zip(*even_offsets(people, self.roundings), strict=True)
        found = [self.numbers(people, offset) for offset in offsets]
        refused = [one for one in found if isinstance(one, str)]
        if refused:
            return replace(rung, reason=refused[0])
        population, low, high = (_mean(values, weights) for values in zip(*found, strict=True))
        return replace(rung, population=population, low=low, high=high)

    def audited(
        self, rung: Rung, draw: Callable[[np.random.Generator], Expected | None], replicates: int, seed: int
    ) -> Rung:
        """The rung with limits that hold what an audit leaves open besides what the method does.

        Every replicate draws rates from the audit, corrects the table by them and makes the estimate; around it the
        number varies as the method's own interval says, log-normally, each side by its own limit. The limits are
        quantiles of all. None where one replicate in twenty has no interval.
        """
        if rung.population is None:
            return rung
        generator = np.random.default_rng(seed)
        normal = np.array([normal_quantile(2.0 * q - 1.0) for q in QUANTILES if q > 0.5])
        steps, values = normal / normal_quantile(self.level), []
        for _ in range(replicates):
            people = draw(generator)
            found = REFUTED if people is None else self.numbers(people, generator.random())
            if not isinstance(found, str) and found[1] is not None and found[2] is not None:
                middle, below, above = found[0], log(found[1] / found[0]), log(found[2] / found[0])
                values.append(middle * np.exp(np.append(below * steps, above * steps)))
        if len(values) < (1.0 - MOST_FAILED) * replicates:
            reason = f"{replicates - len(values)} of {replicates} replicates of the audit have no interval."
            return replace(rung, low=None, high=None, reason=reason)
        low, high = central(np.concatenate(values), self.level)
        return replace(rung, low=low, high=high)

    def ladder(self, name: str, rows: Sequence[Rung], known: Rung | None) -> Ladder:
        check = judge(name, self.estimate.population, rows, known)
        return Ladder(name, self.estimate.population, tuple(rows), known, self.level, (check,))


def judge(name: str, population: float, rows: Sequence[Rung], known: Rung | None) -> Check:
    """Does the number stay within a factor of 1.25 of itself?

    Asked of what an audit or a record has found; else of every row with up to one record in ten wrong, which careful
    linkage and case definitions keep below and nobody can rule out unaudited (of all rows, if none is such). A factor
    of 1.25 is what an interval of plus or minus a quarter holds: beyond it a fault that no statistical interval shows
    is larger than the uncertainty that is printed. With two lists one missed match in ten gives 1.11, one record in ten
    out of place on both 1.23; what fails is a method that amplifies such faults. Rows that the data exclude do not
    count; rates of an audit that the data exclude fail, as one of the two is wrong.
    """
    judged = [known] if known else [row for row in rows if 0.0 < row.share <= JUDGED + 1e-9] or list(rows)
    lost = next((row for row in judged if row.population is None and row.reason != REFUTED), None)
    if lost is not None:
        return Check(name, None, False, f"If {lost.fault}, there is no number. {lost.reason}")
    given = {row.population: row for row in judged if row.population is not None}
    if known and not given:
        return Check(
            name, None, False, f"As found, {known.fault}: the table excludes that, so one of the two is wrong."
        )
    if not given:
        return Check(name, None, None, f"No fault of the sizes looked at ({name}) is possible in these data.")
    low, high = min(given), max(given)
    factor = max(high / population, population / low)
    said = [(given[to], "falls" if to < population else "rises") for to in dict.fromkeys([low, high])]
    moved = [(row, way) for row, way in said if row.share and round(row.population or 0) != round(population)]
    ways = {way for _, way in moved}
    told = moved if len(ways) > 1 else moved[:1] if "falls" in ways else moved[-1:]
    if known:
        limits = f" ({known.low:,.0f} to {known.high:,.0f})" if known.low is not None and known.high is not None else ""
        way = "falls" if low < population else "rises"
        message = f"As found, {known.fault}: the number {way} from {population:,.0f} to {known.population:,.0f}{limits}"
    elif told:
        message = "; ".join(
            f"{'if' if i else 'If'} {row.fault}, {'it' if i else 'the number'} {way} "
            f"{'' if i else f'from {population:,.0f} '}to {row.population:,.0f}"
            for i, (row, way) in enumerate(told)
        )
    else:
        message = f"No fault of the sizes looked at ({name}) moves the number of {population:,.0f}"
    passed = factor < FACTOR
    return Check(name, round(factor, 4), passed, message + ("." if passed else f": more than a factor of {FACTOR:g}."))


def in_words(share: float, what: str, one: str, many: str) -> str:
    """`one in ten links is false`, or `7.5% of links are false`."""
    near = [words for value, words in SMALL_WORDS.items() if abs(value - share) < 1e-9]
    return f"{near[0]} {what} {one}" if near else f"{100 * share:.3g}% of {what} {many}"


def read_audit(name: str, audit: Audit) -> float:
    """The share found right.

    Raises
    ------
    OptionError
        If the two numbers are none, or nothing was right.
    """
    right, looked_at = audit
    if not (isinstance(right, int) and isinstance(looked_at, int) and 0 < right <= looked_at):
        raise OptionError(
            f"The audit of {name} says {right!r} right of {looked_at!r}.",
            hint="Write (190, 200): 190 were right of 200 looked at; at least one must be.",
        )
    return right / looked_at


def draw_audit(generator: np.random.Generator, audit: Audit | None) -> float:
    """A share that the audit may have come from: Beta(right + 1/2, wrong + 1/2); 1 without an audit.

    The half keeps an audit without a single error from proving that there are none.
    """
    return 1.0 if audit is None else float(generator.beta(audit[0] + 0.5, audit[1] - audit[0] + 0.5))


def check_share(share: float) -> None:
    """Refuse a share that is not in [0, 1)."""
    if not 0.0 <= share < 1.0:
        raise OptionError(f"A share of {share!r} is not from 0 to below 1.", hint="Write 0.1 for 10 %.")


def check_replicates(replicates: int) -> None:
    """Refuse too few replicates for limits, or absurdly many."""
    if not 20 <= replicates <= 100_000:
        raise OptionError(f"replicates={replicates!r} is not between 20 and 100,000.", hint="Use 200.")


def _mean(values: Sequence[float | None], weights: Sequence[float]) -> float | None:
    """Geometric; None where one of the values is."""
    given = [weight * log(value) for value, weight in zip(values, weights, strict=True) if value is not None]
    return exp(sum(given)) if len(given) == len(values) else None
