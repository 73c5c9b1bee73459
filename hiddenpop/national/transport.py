"""Countries side by side: what they have in common, and what the others say of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import DataError, some_of
from hiddenpop.numerics.exchangeable import exchange
from hiddenpop.numerics.intervals import central, normal_quantile
from hiddenpop.registry import Data, attempt_quietly
from hiddenpop.replicates import NOBODY
from hiddenpop.result import Estimate, Refusal
from hiddenpop.strata import draw_population

FEWEST = 3
DRAWS = 20_000


@dataclass(frozen=True)
class Figure:
    """A number of people with its limits.

    Attributes
    ----------
    population, low, high : people
    """

    population: float
    low: float
    high: float


@dataclass(frozen=True)
class Pooled:
    """What countries together say of each.

    Attributes
    ----------
    pooled : country -> from its own data and the others'
    predicted : country -> from the others' data and its number of people known alone
    as_expected : country -> does its own estimate lie where the others predict one, error of both included
    spread : (value, low, high), standard deviation of log hidden people per person known, between countries
    """

    pooled: Mapping[str, Figure]
    predicted: Mapping[str, Figure]
    as_expected: Mapping[str, bool]
    spread: tuple[float, float, float]


def pool_countries(
    estimates: Mapping[str, Estimate], known: Mapping[str, int] | None = None, *, level: float = 0.95, seed: int = 0
) -> Pooled:
    """Pool estimates of countries, and predict each from the others.

    Use for a sheet of countries, never for a figure of a country that has no lists without its label: a prediction says
    that the country is like the others, which no data of its own support.

    Parameters
    ----------
    estimates : country -> Estimate with an upper limit; three or more, by likelihood (`poolable`)
    known : countries without such an estimate -> people known there; they are predicted only
    level : float in (0, 1)
    seed : int

    Raises
    ------
    DataError
        If there are fewer than three estimates, or one has no upper limit.

    Notes
    -----
    `log(n0/n)` of a country is normal about a mean that all share, with a spread estimated from them; its error is that
    of the draws of the estimate. What errs alike in all countries, such as a dependence that every method leaves out,
    is in no interval. A prediction leaves the country's own estimate out.

    References
    ----------
    Gelman and others (2013), Bayesian Data Analysis, section 5.4.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> names = ["uk_2013", "netherlands_2010_2015", "kosovo_1999"]
    >>> own = {name: hp.loglinear(hp.load(name), interactions="all") for name in names}
    >>> found = pool_countries(own, {"no lists there": 120}, seed=1)
    >>> sorted(found.pooled), found.predicted["no lists there"].low > 120
    (['kosovo_1999', 'netherlands_2010_2015', 'uk_2013'], True)
    """
    both = sorted({*estimates} & {*(known or {})})
    open_ones = [name for name, one in estimates.items() if one.interval is None or one.interval.high is None]
    if both or open_ones:
        raise DataError(
            f"Estimates cannot be pooled: {some_of([*open_ones, *both])}.",
            hint="Each needs an upper limit; a country without one stands in known, and there alone.",
        )
    if len(estimates) < FEWEST:
        raise DataError(
            f"{len(estimates)} countries have an estimate to pool; {FEWEST} are needed.", hint="Give more countries."
        )
    streams = np.random.SeedSequence(seed).spawn(2)
    names = list(estimates)
    observed = {name: estimates[name].observed for name in names} | dict(known or {})
    logs = np.array([_log_hidden(estimates[name], stream) for name, stream in zip(
        names, streams[0].spawn(len(names)), strict=True)])  # fmt: skip
    values, errors = logs.T
    generator = np.random.default_rng(streams[1])
    together = exchange(values, errors, DRAWS, generator)
    pooled = {name: _figure(together.members[:, g], observed[name], level) for g, name in enumerate(names)}
    predicted, expected = {}, {}
    for g, name in enumerate(names):
        others = np.arange(len(names)) != g
        new = exchange(values[others], errors[others], DRAWS, generator).new
        predicted[name] = _figure(new, observed[name], level)
        low, high = central(new + errors[g] * generator.standard_normal(DRAWS), level)
        expected[name] = bool(low <= values[g] <= high)
    predicted |= {name: _figure(together.new, observed[name], level) for name in known or {}}
    return Pooled(pooled, predicted, expected, (float(np.median(together.spread)), *central(together.spread, level)))


def poolable(data: Data, headline: Estimate | Refusal) -> Estimate | None:
    """The estimate of a country that may be pooled with others; None if there is none.

    A headline that is a posterior has its prior in it, and pooling many would count the prior once for each country: of
    small simulated countries the intervals then held .87 in place of .95 (analyses/countries). The same model by
    likelihood takes its place.
    """
    found: Estimate | Refusal = headline
    if isinstance(data, CaptureTable) and headline.method in ("loglinear-shrinkage", "loglinear-bayes"):
        limits = headline.interval if isinstance(headline, Estimate) else None
        level = limits.level if limits else 0.95
        found = attempt_quietly(data, "loglinear", interactions="all", interval="log-normal", level=level)
    if not isinstance(found, Estimate) or found.interval is None or found.interval.high is None:
        return None
    return found if found.hidden > 0.0 else None


def _figure(logs: Floats, observed: int, level: float) -> Figure:
    low, high = central(logs, level)
    middle = float(np.median(logs))
    return Figure(*(observed * (1.0 + float(np.exp(value))) for value in (middle, low, high)))


def _log_hidden(estimate: Estimate, seed: np.random.SeedSequence) -> tuple[float, float]:
    """Middle and spread of log hidden people per person known; the spread by quantiles, which tails do not move."""
    drawn = np.log(np.maximum(draw_population(estimate, DRAWS, seed) - estimate.observed, NOBODY) / estimate.observed)
    low, high = central(drawn, 0.9)
    return float(np.median(drawn)), max((high - low) / (2.0 * normal_quantile(0.9)), 1e-6)
