"""Log-linear (Poisson) models of the capture histories, with the extended maximum-likelihood estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from hiddenpop.arrays import mask_of, members
from hiddenpop.banded import BandedTable, fit_bands
from hiddenpop.bootstrap import bootstrap_interval, check_replicates
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import NotEstimableError, OptionError
from hiddenpop.numerics.banded import BandedFit, resample_banded, summarise_banded
from hiddenpop.numerics.intervals import log_normal, refuse_unbounded, wald
from hiddenpop.numerics.loglinear import LoglinearFit, fit_loglinear, pair_residuals, summarise
from hiddenpop.numerics.poisson import PoissonFit
from hiddenpop.numerics.profile import profile_interval
from hiddenpop.numerics.resampling import Resamples
from hiddenpop.numerics.terms import close_terms, read_model, read_pair, terms_of_size
from hiddenpop.options import Pairs
from hiddenpop.registry import register
from hiddenpop.result import POOR_FIT, Check, Estimate, Interval, fit_check, width_check

IntervalName = Literal["log-normal", "profile", "wald", "bootstrap"]

LEFT_OUT = 0.1
FEW_PER_TERM = 5.0


@register(
    "loglinear",
    summary="Log-linear model of the capture histories; dependence between lists as interactions",
    family="log-linear",
    reference="Fienberg (1972) Biometrika 59:591, doi 10.2307/2334810",
    takes=(CaptureTable, BandedTable),
)
def loglinear(
    table: CaptureTable | BandedTable,
    *,
    model: str | None = None,
    interactions: Literal["all"] | Pairs | None = None,
    interval: IntervalName = "log-normal",
    replicates: int = 1000,
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate a population by a hierarchical log-linear model of the capture histories.

    Use when it is known, or chosen before looking at the estimate, which lists depend on one another. Do not use with a
    model picked because of its answer: the interval ignores the choice.

    Parameters
    ----------
    table : CaptureTable or BandedTable
        Two lists or more; ten at most if counts are known up to bands.
    model : str, optional
        Bracket notation over list names or 1-based positions, as in `"[12,3]"` or `"[police:ngo,nca]"`. Every list
        enters, named or not.
    interactions : pairs of list names, or "all", optional
        The same as a list of pairs; "all" takes every pair. With neither, lists are taken as independent.
    interval : {"log-normal", "profile", "wald", "bootstrap"}
    replicates : int, 100 or more, tables of the bootstrap
    level : float in (0, 1)
    seed : int, optional
        Of the bootstrap. None draws fresh entropy and records it.

    Returns
    -------
    Estimate
        `fit` is a `LoglinearFit`: model, terms, se, deviance, df, aic, bic, coefficients, minus_infinity; of a
        `BandedTable` a `BandedLoglinearFit`.

    Raises
    ------
    NotEstimableError
        If the extended maximum-likelihood estimate does not exist or is not unique (`details` names cells and terms),
        or log n0 has a standard error above 5.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    `n_x ~ Poisson(mu_x)`, `log mu_x = sum of beta_A over terms A inside x`, x not empty; `N = n + exp(beta_0)`.

    - Assumptions: closed population; perfect matching; only the interactions in the model; everybody alike.
    - A term whose lists share nobody is at minus infinity; it and its histories are treated exactly.
    - `log-normal`: `n + n0 exp(+-z sqrt(V00))`, which leaves out the Poisson variation of n0 and is too narrow where
      most people are known (a check says when); `profile`: exact multinomial profile likelihood, which has no such
      fault; `wald`: `N +- z se`, `se^2 = n0 + n0^2 V00`, cut at n; `bootstrap`: quantiles over tables drawn from the
      fit, ten lists at most.
    - A count known up to a band has the likelihood of a Poisson number to lie there; the interval has that doubt too.

    References
    ----------
    Fienberg (1972), doi 10.2307/2334810. Fienberg and Rinaldo (2012), doi 10.1214/12-AOS986. Chan, Silverman and
    Vincent (2021), doi 10.1080/01621459.2019.1708748.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> print(hp.loglinear(hp.load("korea"), model="[12,23]", interval="profile"))
    157 people (95% profile 129 to 226); 34 on no list

    *Checked against*: `loglinear` rows in tests/reference/values.csv.
    """
    if interval == "bootstrap":
        check_replicates(replicates or 1)
    generators, checks = _generators(table, model, interactions)
    terms = close_terms(generators, table.n_lists)
    if len(terms) == 1 + table.n_lists:
        message = "The lists are taken as independent of one another, which nothing in this model tests."
        checks.append(Check("independence-assumed", None, None, message))
    if isinstance(table, BandedTable):
        return _banded(table, terms, checks, interval, replicates, level, seed)
    fit = fit_loglinear(terms, table.histories, table.counts, table.lists)
    record = summarise(fit, table.lists, table.places)
    refuse_unbounded(f"The model {record.model}", fit.log_hidden_variance**0.5)
    population = table.observed + fit.hidden
    if interval == "profile":
        profile = profile_interval(fit, level)
        record = replace(record, population_multinomial=profile.population)
        high = None if profile.high is None else max(profile.high, population)
        limits = Interval(min(profile.low, population), high, level, "profile")
    elif interval == "wald":
        limits = Interval(*wald(table.observed, population, record.se, level), level, "wald")
    elif interval == "bootstrap":
        shown = BandedTable.from_counts(table)
        limits, doubts = _bootstrap(shown, fit_bands(shown, terms), terms, population, replicates, level, seed)
        checks += doubts
    else:
        limits = Interval(*log_normal(table.observed, fit.hidden, fit.log_hidden_variance, level), level, "log-normal")
        checks += _left_out(fit)
    return Estimate(
        "loglinear",
        population,
        limits,
        table.observed,
        (*checks, *_doubts(record, limits, table), *_misfits(fit, table)),
        fit=record,
    )


def _banded(
    table: BandedTable,
    terms: Sequence[int],
    checks: list[Check],
    interval: IntervalName,
    replicates: int,
    level: float,
    seed: int | None,
) -> Estimate:
    """The same for counts that are known up to bands."""
    fit = fit_bands(table, terms)
    record = summarise_banded(fit, table.lists, table.places)
    error = fit.variance_of_means() + float(fit.spread.sum())
    refuse_unbounded(f"The model {record.model}", error**0.5 / fit.hidden)
    population = fit.population
    if interval == "profile":
        raise OptionError("Banded counts have no profile interval.", hint="Use log-normal, wald or bootstrap.")
    if interval == "bootstrap":
        limits, doubts = _bootstrap(table, fit, terms, population, replicates, level, seed)
        checks += doubts
    elif interval == "wald":
        limits = Interval(*wald(record.known, population, record.se, level), level, "wald")
    else:
        limits = Interval(*log_normal(record.known, fit.hidden, error / fit.hidden**2, level), level, "log-normal")
    if record.minus_infinity:
        checks.append(_at_infinity(record.minus_infinity))
    return Estimate("loglinear", population, limits, int(record.known), (*checks, width_check(limits)), fit=record)


def _bootstrap(
    table: BandedTable,
    fit: BandedFit,
    terms: Sequence[int],
    population: float,
    replicates: int,
    level: float,
    seed: int | None,
) -> tuple[Interval, list[Check]]:
    """Quantiles of populations found again in tables drawn from the fit, and put into bands as the data were."""
    size = (1 << table.n_lists) - 1
    found = resample_banded(terms, fit, size, table.banding, replicates, seed)
    limits, _, checks = bootstrap_interval(Resamples(population, found, 0.0, 0.0), "percentile", level)
    if limits is None:
        raise NotEstimableError(checks[0].message, hint="Use the log-normal interval.", terms=["intercept"])
    known = float(fit.known.sum())
    return replace(limits, low=max(min(known, population), limits.low)), checks


def _at_infinity(terms: Sequence[str]) -> Check:
    message = f"No one is on all lists of {', '.join(terms)}: these terms are at minus infinity."
    return Check("terms-at-minus-infinity", len(terms), None, message)


def _generators(
    table: CaptureTable | BandedTable, model: str | None, interactions: Pairs | Literal["all"] | None
) -> tuple[list[int], list[Check]]:
    """Masks of the model over the table's lists; positions and names count the lists as given, empty ones included."""
    if model is not None and interactions is not None:
        raise OptionError("Give either model or interactions, not both.")
    if interactions == "all":
        return terms_of_size(table.n_lists, 2), []
    given = table.given_lists
    if model is not None:
        wanted = read_model(model, given)
    else:
        wanted = tuple(read_pair((a, b), given) for a, b in interactions or ())
    place = {given.index(name): i for i, name in enumerate(table.lists)}
    kept = [m for m in wanted if all(p in place for p in members(m))]
    checks = []
    if len(kept) < len(wanted):
        gone = [name for name in given if name not in table.lists]
        message = f"Terms with lists that nobody is on ({', '.join(gone)}) were left out of the model."
        checks.append(Check("terms-of-empty-lists", len(wanted) - len(kept), None, message))
    return [mask_of(place[p] for p in members(m)) for m in kept], checks


def _left_out(fit: PoissonFit) -> list[Check]:
    """The part of the variance of log n0 that the log-normal interval leaves out, where it matters."""
    part = 1.0 / (1.0 + fit.hidden * fit.log_hidden_variance)
    message = f"Most people are known: the log-normal interval leaves out {part:.0%} of the variance. Use profile."
    return [Check("narrow-interval", round(part, 3), False, message)] if part > LEFT_OUT else []


def _doubts(record: LoglinearFit, limits: Interval, table: CaptureTable) -> list[Check]:
    """What a reader should know about this fit."""
    checks = []
    if record.minus_infinity:
        checks.append(_at_infinity(record.minus_infinity))
    checks += fit_check(record.deviance, record.df, record.goodness_of_fit)
    if limits.high is None:
        message = "The likelihood sets no upper limit: the data do not exclude any larger population."
        checks.append(Check("no-upper-limit", None, False, message))
    else:
        checks.append(width_check(limits))
    return [*checks, *_overfit(record, table)]


def _overfit(record: LoglinearFit, table: CaptureTable) -> list[Check]:
    """Are there enough people on two lists or more to fit the interactions from?"""
    interactions = len(record.coefficients) - 1 - table.n_lists
    if interactions <= 0:
        return []
    each = table.repeated / interactions
    message = f"{interactions} dependences are fitted from {table.repeated:,} people on two lists or more"
    message += f", {each:.1f} for each"
    message += "." if each >= FEW_PER_TERM else f": fewer than {FEW_PER_TERM:g} make the estimate unstable and biased."
    return [Check("people-per-dependence", round(each, 2), each >= FEW_PER_TERM, message)]


def _misfits(fit: PoissonFit, table: CaptureTable) -> list[Check]:
    """Do pairs of lists that the model leaves independent share as many people as it says?"""
    residuals = pair_residuals(fit, table.lists)
    if not residuals:
        return []
    worst = min(residuals, key=lambda r: r.p_value)
    p = min(1.0, len(residuals) * worst.p_value)
    message = (
        f"Of the pairs the model leaves out, {worst.pair[0]} and {worst.pair[1]} fit worst: {worst.observed} people "
        f"are on both, {worst.fitted:.1f} expected (p = {p:.2g} over {len(residuals)} pairs)"
    )
    message += (
        ", which is no evidence of independence."
        if p >= POOR_FIT
        else ": dependence, or differences between people, that the model does not have."
    )
    return [Check("pair-overlaps", p, p >= POOR_FIT, message)]
