"""Strata, years or countries that share how their lists depend on one another: each estimated with help of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.captures import CaptureTable
from hiddenpop.chains import (
    Trace,
    chain_checks,
    check_met,
    check_sampling,
    credible,
    divergence_check,
    summarise_population,
)
from hiddenpop.errors import NotEstimableError, OptionError, some_of
from hiddenpop.numerics.convergence import MOST_RHAT, diagnose
from hiddenpop.numerics.pooling import Strata, pose_strata
from hiddenpop.registry import register
from hiddenpop.result import UNWRITTEN, Check, Estimate
from hiddenpop.saved import open_saved

if TYPE_CHECKING:
    from hiddenpop.bayes.pooling import PooledDraws


@dataclass(frozen=True, slots=True)
class PartialPoolingFit:
    """What the chains say.

    Attributes
    ----------
    mean, quantiles, modes, per_chain : of the total population
    rhat, ess_bulk, ess_tail, ess : of the total; `ess` is the smaller of the two
    worst_rhat : largest R-hat of the population of a stratum
    divergences : steps of the sampler that went astray, pooled in part
    strata : one record each: `stratum, observed, population, low, high` pooled in part, and the same under `none` and
        `full`, if `side_by_side`
    totals : the same of the sum of all strata, for each way of pooling
    between_sd : `median, low, high`: how widely interactions (log odds ratios) scatter between strata
    interactions : pair -> `mean, low, high` of what the strata share
    left_out : if `leave_out`, for each stratum `predicted, low, high` from the dependences of the others, and `rest`,
        the total of the others when it is left out
    trace : the draws; not written to JSON
    """

    mean: float
    quantiles: Mapping[str, float]
    modes: tuple[Mapping[str, float], ...]
    per_chain: tuple[float, ...]
    rhat: float
    ess_bulk: float
    ess_tail: float
    ess: float
    worst_rhat: float
    divergences: int
    strata: tuple[Mapping[str, Any], ...]
    totals: Mapping[str, Mapping[str, float]]
    between_sd: Mapping[str, float]
    interactions: Mapping[str, Mapping[str, float]]
    left_out: tuple[Mapping[str, Any], ...]
    trace: Trace = field(metadata=UNWRITTEN)


@register(
    "partial-pooling",
    summary="Strata, years or countries whose lists depend on one another in similar ways",
    family="Bayesian",
    lists=(3, 8),
    sampling=True,
    stratified=True,
    extra="bayes",
    reference="Hammond, Smith and van der Heijden (2025) arXiv 2505.01359; Gelman and Hill (2007), chapter 12",
)
def partial_pooling(
    table: CaptureTable,
    *,
    interaction_sd: float = 1.5,
    between_scale: float = 0.5,
    side_by_side: bool = True,
    leave_out: bool = False,
    chains: int = 4,
    draws: int = 1000,
    warmup: int = 1000,
    sampler: Literal["pymc", "nutpie"] = "pymc",
    resume: str | None = None,
    allow_unconverged: bool = False,
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate the population of every stratum, and their sum, with pairwise interactions that are pooled in part.

    Use when the same lists run in several regions, years or groups, some of them too small to stand alone. Do not use
    when the lists of a stratum work differently there: what strata do not share must not be pooled.

    Parameters
    ----------
    table : CaptureTable
        3 to 8 lists and two strata or more. A list with nobody in a stratum is taken not to operate there.
    interaction_sd : float, above 0
        Prior standard deviation of the interactions that strata share.
    between_scale : float, above 0
        Scale of the half-normal prior of how widely interactions scatter between strata.
    side_by_side : bool
        True also fits every stratum by itself, and all with the same interactions.
    leave_out : bool
        True also predicts every stratum from the dependences of the others; takes one more run per stratum.
    chains : int, 2 to 100
    draws : int, 100 to 100,000, of each chain
    warmup : int, 100 or more, steps of each chain that are thrown away
    sampler : `pymc` or `nutpie`
        The second must be installed; it has other random numbers, so other Monte Carlo error.
    resume : str, optional
        A folder in which finished chains are kept; an interrupted run goes on from there.
    allow_unconverged : bool
        True returns what the chains drew although they have not met; a failed check says so.
    level : float in (0, 1)
    seed : int, optional
        None draws fresh entropy and records it.

    Returns
    -------
    Estimate
        `population` is the posterior median of the sum of all strata, draw by draw; `fit` is a `PartialPoolingFit`,
        `draws` are those of the sum.

    Raises
    ------
    NotEstimableError
        If nobody is on two lists.
    DataError
        If there are no strata.
    ConvergenceError
        If R-hat of the total or of a stratum is above 1.01, or fewer than 400 draws are effective.
    MissingExtraError
        If PyMC is not installed.
    OptionError
        If an option is out of range.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    In stratum g a person has history x with probability proportional to `exp(sum of main effects + sum of interactions
    over lists in x)`. Main effects are `Normal(-2, 3)` and belong to the stratum; the interaction of a pair is
    `Normal(shared, between_sd)`, `shared ~ Normal(0, interaction_sd)`, `between_sd ~ HalfNormal(between_scale)`.

    - Assumptions: closed population; perfect matching; everybody in a stratum alike; pairwise dependence only; strata
      whose dependences are alike before their data are seen. Prior of the population of each stratum: 1/N.
    - Interval: equal-tailed quantiles of the draws.
    - Computation: the No-U-Turn sampler; hidden people drawn exactly given the coefficients.

    References
    ----------
    Gelman and Hill (2007), Data Analysis Using Regression and Multilevel/Hierarchical Models. Hammond, Smith and van
    der Heijden (2025), arXiv 2505.01359.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> est = hp.partial_pooling(hp.load("spina_bifida_ny"), seed=1)  # doctest: +SKIP
    >>> [(s["stratum"]["ethnicity"], round(s["population"])) for s in est.fit.strata]  # doctest: +SKIP
    [('afro-american', 98), ('caucasian', 656), ('other', 29)]

    *Checked against*: strata by themselves against `loglinear-bayes`, and simulated strata of known size, in
    tests/estimators/test_partial_pooling.py.
    """
    from hiddenpop.bayes.pooling import Pooling, PoolingPriors, predict_stratum, sample_strata
    from hiddenpop.bayes.sampling import SamplerOptions

    for name, value in (("interaction_sd", interaction_sd), ("between_scale", between_scale)):
        if not 0.0 < value < np.inf:
            raise OptionError(f"{name}={value} is not a positive number.", hint="Leave it out to use the default.")
    check_sampling(chains, draws, warmup)
    if table.repeated == 0:
        raise NotEstimableError(
            "Nobody is on two lists: any answer would repeat the prior, not the data.",
            hint="Check how records are matched.",
            terms=["intercept"],
        )
    table = _in_order(table)
    strata = pose_strata(table.histories, table.counts, table.stratum, table.n_lists)
    priors = PoolingPriors(interaction_sd, between_scale)
    question = {"priors": [interaction_sd, between_scale], "draws": draws, "warmup": warmup, "sampler": sampler}
    saved = open_saved(resume, "partial-pooling", table.digest, question | {"seed": seed})

    def options(way: str) -> SamplerOptions:
        part = saved.part(way) if saved else None
        return SamplerOptions(chains, draws, warmup, 0.95, sampler, part, f"partial-pooling, {way}")

    seeds = np.random.SeedSequence(seed).spawn(3 + len(table.labels))
    ways: list[Pooling] = ["partial", "none", "full"] if side_by_side else ["partial"]
    found: dict[str, PooledDraws] = {
        way: sample_strata(strata, way, priors, options(way), seeds[i]) for i, way in enumerate(ways)
    }
    partial = found["partial"]
    total = partial.population.sum(axis=-1)
    summary = summarise_population(total)
    check_met(summary, f"warmup={4 * warmup}, draws={4 * draws}", allow_unconverged=allow_unconverged)
    predicted = []
    for g in range(len(table.labels)) if leave_out else ():
        own, rest = predict_stratum(strata, g, priors, options(f"without {g}"), seeds[3 + g])
        predicted.append(_label(table, g) | _range(own, level, "predicted") | {"rest": float(np.median(rest))})
    pairs = tuple(f"{a}:{b}" for a, b in combinations(table.lists, 2))
    record = PartialPoolingFit(
        **summary,
        worst_rhat=max(diagnose(partial.population[..., g]).rhat for g in range(len(table.labels))),
        divergences=partial.divergences,
        strata=tuple(_stratum(table, strata, g, found, level) for g in range(len(table.labels))),
        totals={way: _range(each.population.sum(axis=-1), level) for way, each in found.items()},
        between_sd=_range(partial.between_sd, level, "median"),
        interactions={pair: _range(partial.shared[..., i], level, "median") for i, pair in enumerate(pairs)},
        left_out=tuple(predicted),
        trace=_trace(table, partial, total, pairs),
    )
    middle, limits = credible(total, level)
    checks = (*chain_checks(summary), *_checks(record, table, strata))
    return Estimate("partial-pooling", middle, limits, table.observed, checks, draws=total.ravel(), fit=record)


def _in_order(table: CaptureTable) -> CaptureTable:
    """Lists that somebody is on, in alphabetical order, so that the order given changes nothing."""
    kept = table.keep(*(name for name in table.lists if table.members(name)))
    return kept.reorder(*sorted(kept.lists))


def _label(table: CaptureTable, g: int) -> dict[str, Any]:
    return {"stratum": dict(zip(table.strata, table.labels[g], strict=True))}


def _range(draws: Floats, level: float, name: str = "population") -> dict[str, float]:
    middle, limits = credible(draws, level)
    return {name: middle, "low": limits.low, "high": middle if limits.high is None else limits.high}


def _stratum(
    table: CaptureTable, strata: Strata, g: int, found: Mapping[str, PooledDraws], level: float
) -> dict[str, Any]:
    ways = {way: _range(each.population[..., g], level) for way, each in found.items()}
    observed = {"observed": int(strata.counts[g].sum())}
    return _label(table, g) | observed | ways.pop("partial") | ways


def _trace(table: CaptureTable, partial: PooledDraws, total: Floats, pairs: tuple[str, ...]) -> Trace:
    labels = tuple(", ".join(label) for label in table.labels)
    return Trace(
        {
            "population": total,
            "stratum_population": partial.population,
            "missed": partial.missed,
            "interactions": partial.interactions,
            "shared_interactions": partial.shared,
            "between_sd": partial.between_sd,
        },
        {
            "stratum_population": ("stratum",),
            "missed": ("stratum",),
            "interactions": ("stratum", "pair"),
            "shared_interactions": ("pair",),
        },
        {"stratum": labels, "pair": pairs},
    )


def _checks(record: PartialPoolingFit, table: CaptureTable, strata: Strata) -> list[Check]:
    """What makes the pooling doubtful."""
    checks = [divergence_check(record.divergences)]
    if record.worst_rhat > MOST_RHAT:
        message = f"The chains of a stratum have not met (R-hat {record.worst_rhat:.3f}): do not publish its number."
        checks.append(Check("stratum-convergence", record.worst_rhat, False, message))
    absent = [
        f"{table.lists[j]} in {', '.join(table.labels[g])}" for g, j in np.argwhere(strata.counts @ strata.main == 0.0)
    ]
    if absent:
        message = f"Nobody is on {some_of(absent)}: the list is taken not to operate there."
        checks.append(Check("lists-not-operating", len(absent), None, message))
    far = [", ".join(s["stratum"].values()) for s in record.strata if "none" in s and _apart(s, s["none"])]
    if far:
        message = (
            f"By themselves these strata have another answer than pooled: {some_of(far)}. Look at what they share."
        )
        checks.append(Check("pooling-disagrees", len(far), False, message))
    return checks


def _apart(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Does neither interval hold the other's median?"""
    outside = [not a["low"] <= b["population"] <= a["high"] for a, b in ((one, other), (other, one))]
    return all(outside)
