"""Several tables that could each be the truth, such as draws of a linkage: one estimate of them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor, log, sqrt
from typing import Any, Literal

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import HiddenpopError, NotEstimableError, OptionError
from hiddenpop.numerics.intervals import central
from hiddenpop.options import check_level
from hiddenpop.registry import Data, attempt, attempt_quietly
from hiddenpop.result import Check, Estimate, Interval, Refusal
from hiddenpop.strata import StratifiedEstimate, estimate_strata, origin

FEWEST, FEW = 2, 10
FEWEST_DRAWS = 100
NOBODY = 0.1  # in place of no hidden people, for logarithms
FAILED = 0.05


@dataclass(frozen=True, slots=True)
class ReplicatesFit:
    """How estimates of several tables were put together.

    Attributes
    ----------
    populations : of each table that has an estimate
    within, between : variance of log n0 within tables, on average, and between them
    degrees : of freedom of t
    failed : tables without an estimate
    """

    populations: tuple[float, ...]
    within: float
    between: float
    degrees: float
    failed: int


def estimate_replicates(
    tables: Sequence[CaptureTable],
    method: str,
    *,
    rule: Literal["rubin", "mixture"] = "rubin",
    jobs: int = 1,
    **options: Any,
) -> Estimate:
    """Estimate from every table by one method, and combine.

    Use with the replicates of `link_registers`, or with tables whose missing values were imputed several times.

    Parameters
    ----------
    tables : two or more; ten or more for a trustworthy interval
    method : id of a method
    rule : as in `combine`
    jobs : int, processes
    options : of the method

    Raises
    ------
    NotEstimableError
        If fewer than two tables have an estimate with an interval.
    """
    from joblib import Parallel, delayed

    found = Parallel(n_jobs=jobs)(delayed(attempt_quietly)(table, method, **options) for table in tables)
    return combine(found, level=options.get("level", 0.95), rule=rule)


def attempt_all(tables: Sequence[Data], method: str, **options: Any) -> Estimate | Refusal:
    """Like `attempt`, of one table, or of several that could each be the truth."""
    if len(tables) == 1:
        return attempt(tables[0], method, **options)
    try:
        return estimate_replicates([one for one in tables if isinstance(one, CaptureTable)], method, **options)
    except HiddenpopError as error:
        return Refusal(method, error)


def estimate_strata_replicates(
    tables: Sequence[CaptureTable],
    method: str,
    by: str | Sequence[str] | None = None,
    *,
    draws: int = 4000,
    seed: int = 0,
    **options: Any,
) -> StratifiedEstimate:
    """Estimate the strata of every table, and put their draws together: a mixture, with as many draws of each.

    Parameters
    ----------
    tables : two or more, with the same strata
    method, by, draws, seed, options : as in `estimate_strata`

    Raises
    ------
    NotEstimableError
        If a table has no estimate of a stratum, or not the strata of the others.

    Notes
    -----
    People known and people estimated are means over the tables, people known in whole numbers, their total the sum;
    limits are quantiles of all draws together.
    """
    each = -(-draws // len(tables))
    found = [
        estimate_strata(table, method, by, draws=max(each, FEWEST_DRAWS), seed=seed, **options) for table in tables
    ]
    first = found[0]
    if any(one.labels != first.labels for one in found):
        raise NotEstimableError(
            "Not every stratum is in every table.", hint="Merge strata that few people are in: a table may miss them."
        )
    drawn = np.concatenate([one.draws for one in found], axis=1)
    parts = tuple(
        _mixed([one.parts[place] for one in found], values, first.level) for place, values in enumerate(drawn)
    )
    known = sum(part.observed for part in parts)
    total = replace(_mixed([one.total for one in found], drawn.sum(axis=0), first.level), observed=known)
    return StratifiedEstimate(first.by, first.labels, parts, drawn, total)


def _mixed(estimates: Sequence[Estimate], draws: Floats, level: float) -> Estimate:
    """One estimate of several, with all their draws."""
    observed = floor(np.mean([one.observed for one in estimates]))
    population = float(np.mean([one.population for one in estimates]))
    low, high = central(draws, level)
    limits = Interval(max(observed, min(low, population)), max(high, population), level, "combined")
    failed = {check.name: check for one in reversed(estimates) for check in one.failed}  # each once
    return replace(
        estimates[0],
        population=population,
        interval=limits,
        observed=observed,
        checks=tuple(failed.values()),
        provenance=origin(estimates),
        fit=None,
        draws=draws,
    )


def combine(
    estimates: Sequence[Estimate | Refusal], *, level: float = 0.95, rule: Literal["rubin", "mixture"] = "rubin"
) -> Estimate:
    """Combine estimates of one population from several tables, each as likely as the others.

    Parameters
    ----------
    estimates : of one method; refusals are left out, with a check
    level : float in (0, 1)
    rule : "rubin" combines on log n0; "mixture" puts posterior draws together

    Raises
    ------
    NotEstimableError
        If fewer than two have an interval.
    OptionError
        If `mixture` is asked of a method without draws.

    Notes
    -----
    With W the mean variance of log n0 within tables, B the variance of their means and m tables,
    `T = W + (m+1)/m B`; the interval is `mean n + exp(mean log n0 +- t sqrt(T))`, t with
    `(m-1) (1 + W/((m+1) B))^2` degrees of freedom, and the estimate `mean n + mean n0`. Those are the formulas of
    verdata; Rubin's degrees, with m/(m+1) in place of 1/(m+1), are more and the interval narrower. The variance within
    a table is that of the draws, or that which its interval has as a normal interval of log n0.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys. HRDAG (2024), verdata,
    doi 10.21105/joss.05844.
    """
    check_level(level)
    good = [one for one in estimates if isinstance(one, Estimate) and one.interval and one.interval.high is not None]
    failed = len(estimates) - len(good)
    if len(good) < FEWEST:
        raise NotEstimableError(
            f"{len(good)} of {len(estimates)} tables have an estimate with an interval: too few to combine.",
            hint="Use another method, or more tables.",
        )
    parts = [_log_hidden(one) for one in good]
    means, variances = np.array([mean for mean, _ in parts]), np.array([variance for _, variance in parts])
    m, within, between = len(good), float(variances.mean()), float(means.var(ddof=1))
    total = within + (m + 1) / m * between
    degrees = float("inf") if between == 0.0 else (m - 1) * (1.0 + within / ((m + 1) * between)) ** 2
    observed = float(np.mean([one.observed for one in good]))
    if rule == "mixture":
        population, low, high, draws = _mix(good, level)
    else:
        half = _quantile(level, degrees) * sqrt(total)
        low, high = (observed + float(np.exp(means.mean() + sign * half)) for sign in (-1.0, 1.0))
        population, draws = observed + float(np.mean([_hidden(one) for one in good])), None
    kind: Literal["combined", "credible"] = "combined" if rule == "rubin" else "credible"
    limits = Interval(min(low, population), max(high, population), level, kind)
    fit = ReplicatesFit(tuple(one.population for one in good), within, between, degrees, failed)
    checks = (*_checks(m, failed, fit), *(check for check in good[0].checks if check.passed is not False))
    return Estimate(good[0].method, population, limits, floor(observed), checks, origin(good), fit=fit, draws=draws)


def _log_hidden(one: Estimate) -> tuple[float, float]:
    """Mean and variance of log n0."""
    if one.draws is not None:
        logs = np.log(np.maximum(one.draws - one.observed, NOBODY))
        return float(logs.mean()), float(logs.var(ddof=1))
    limits = one.interval
    assert limits is not None
    assert limits.high is not None
    low, high = (log(max(limit - one.observed, NOBODY)) for limit in (limits.low, limits.high))
    return log(max(one.hidden, NOBODY)), ((high - low) / (2.0 * _quantile(limits.level, float("inf")))) ** 2


def _hidden(one: Estimate) -> float:
    return one.hidden if one.draws is None else float(np.mean(one.draws)) - one.observed


def _quantile(level: float, degrees: float) -> float:
    """Two-sided quantile of t."""
    from scipy.special import ndtri, stdtrit

    share = 0.5 + level / 2.0
    return float(ndtri(share) if np.isinf(degrees) else stdtrit(degrees, share))


def _mix(good: Sequence[Estimate], level: float) -> tuple[float, float, float, Any]:
    """Median and limits of all draws together, as many of each."""
    if any(one.draws is None for one in good):
        raise OptionError("A mixture needs posterior draws, which this method has not.", hint='Use rule="rubin".')
    fewest = min(one.draws.size for one in good if one.draws is not None)
    draws = np.concatenate([one.draws[:fewest] for one in good if one.draws is not None])
    tail = (1.0 - level) / 2.0
    middle, low, high = (float(value) for value in np.quantile(draws, [0.5, tail, 1.0 - tail]))
    return middle, low, high, draws


def _checks(m: int, failed: int, fit: ReplicatesFit) -> list[Check]:
    share = fit.between / (fit.within + fit.between) if fit.between else 0.0
    message = f"{m} tables were combined; {share:.0%} of the variance is between them."
    checks = [Check("tables-combined", m, m >= FEW, message if m >= FEW else f"{message} Use {FEW} or more.")]
    if failed:
        message = f"{failed} of {m + failed} tables have no estimate, and are left out."
        checks.append(Check("tables-without-estimate", failed, failed <= FAILED * (m + failed), message))
    return checks
