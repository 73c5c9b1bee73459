"""All pairs of lists may depend; how much is shrunk towards a value that all pairs share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hiddenpop.captures import CaptureTable
from hiddenpop.errors import OptionError
from hiddenpop.numerics.intervals import QUANTILES
from hiddenpop.numerics.shrinkage import fit_shrinkage, shared_overlap
from hiddenpop.numerics.terms import term_name
from hiddenpop.options import check_draws
from hiddenpop.overlap import refuse_uninformative
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval, width_check

WIDEST_SD = 10.0
FEW_EFFECTIVE = 1000
MOST_OVERLAP = 0.9  # a normal posterior of the same mean overlaps so when its sd is a fifth below that of the prior
OTHER_PRIORS = (0.5, 2.0)


@dataclass(frozen=True, slots=True)
class ShrinkageFit:
    """What the posterior says about the population and about the dependences.

    Attributes
    ----------
    quantiles : share -> population
    interactions : one mapping for each pair: `term`, `mean` and `sd` of the log odds ratio
    shared : posterior `mean` and `sd` of the average log odds ratio of all pairs, and `overlap`, the share of it that
        lies in its prior
    scatter : one mapping for each value on the grid: `sd` of the pairs around the shared value, its `probability`
    effective_draws : independent posterior draws that the weighted ones are worth
    shared_sd, scatter_scale : the priors, as used
    prior_sensitivity : other priors -> population under them
    """

    quantiles: Mapping[str, float]
    interactions: tuple[Mapping[str, Any], ...]
    shared: Mapping[str, float]
    scatter: tuple[Mapping[str, float], ...]
    effective_draws: float
    shared_sd: float
    scatter_scale: float
    prior_sensitivity: Mapping[str, float]


@register(
    "loglinear-shrinkage",
    summary="All pairs of lists may depend, shrunk towards a dependence that all share",
    family="Bayesian",
    lists=(3, 10),
    reference="Gelman and Hill (2007), Data Analysis Using Regression and Multilevel/Hierarchical Models",
)
def loglinear_shrinkage(
    table: CaptureTable,
    *,
    shared_sd: float = 1.0,
    scatter: float = 0.5,
    draws: int = 4000,
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate a population when every two lists may depend on each other, by much or by little.

    Use when nothing is known about which lists depend. Do not use when a model with named dependences is to be
    repeated, or where three lists may depend at once beyond their pairs.

    Parameters
    ----------
    table : CaptureTable
        3 to 10 lists.
    shared_sd : float, above 0 and at most 10
        Prior standard deviation of the log odds ratio that all pairs share.
    scatter : float, above 0 and at most 10
        Scale of the half-t prior (three degrees of freedom) of the standard deviation of the pairs around it: heavy
        tails leave strong dependences alone.
    draws : int, 100 to 100,000
        Values of the population drawn from the posterior. Estimate and limits do not depend on their number.
    level : float in (0, 1)
    seed : int, optional
        Of `draws` alone; None draws fresh entropy and records it.

    Returns
    -------
    Estimate
        `population` is the posterior median; `fit` is a `ShrinkageFit`.

    Raises
    ------
    NotEstimableError
        If nobody is on two lists, or everybody is on one list.
    ConvergenceError
        If a posterior mode was not reached.
    OptionError
        If an option is out of range.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    A person has history x with probability proportional to `exp(sum of main effects + sum of b_ij over pairs in x)`,
    `b_ij ~ Normal(m, t^2)`, `m ~ Normal(0, shared_sd^2)`, `t ~ scatter * half-t_3`; main effects are flat and the
    population has the prior 1/N. Where lists are independent t and m come out near 0 and the answer is that of a small
    model; where all depend a little they come out together, which no choice of single interactions sees; where one pair
    depends strongly t is large and the answer is that of the model with all pairs.

    - Assumptions: closed population; perfect matching; everybody alike; every pairwise dependence, of any strength;
      nothing of higher order, which for all lists at once no data can show.
    - Interval: equal-tailed quantiles of the posterior, continued between whole numbers.
    - Computation: mode for each of 8 values of t, then 4,096 or more draws around the modes from a fixed sequence,
      weighted by exact posterior over proposal (`effective_draws`).
    - Coverage and width: analyses/calibration.

    References
    ----------
    Gelman and Hill (2007). Owen and Zhou (2000), doi 10.1080/01621459.2000.10473909 (mixture importance sampling).

    Examples
    --------
    >>> import hiddenpop as hp
    >>> est = hp.loglinear_shrinkage(hp.load("kosovo_1999"), seed=1)
    >>> round(est.population, -2), round(est.fit.shared["mean"], 1)
    (14200.0, 0.8)

    *Checked against*: a random walk on the same posterior, in tests/numerics/test_shrinkage.py.
    """
    for name, value in (("shared_sd", shared_sd), ("scatter", scatter)):
        if not 0.0 < value <= WIDEST_SD:
            raise OptionError(f"{name}={value} is not above 0 and at most {WIDEST_SD:g}.", hint="Leave it out.")
    check_draws(draws)
    refuse_uninformative(table)
    kept = table.reorder(*sorted(table.lists))
    n = table.observed
    found = fit_shrinkage(kept.n_lists, kept.histories, kept.counts, shared_sd, scatter, OTHER_PRIORS)
    middle = found.mixture.quantile(0.5)
    tail = (1.0 - level) / 2.0
    limits = Interval(
        n + min(middle, found.mixture.quantile(tail)), n + found.mixture.quantile(1.0 - tail), level, "credible"
    )
    others = {
        f"shared_sd={factor * shared_sd:g}, scatter={factor * scatter:g}": n + mixture.quantile(0.5)
        for factor, mixture in found.others.items()
    }
    record = ShrinkageFit(
        {f"{q:g}": n + found.mixture.quantile(q) for q in QUANTILES},
        tuple(
            {"term": term_name(int(pair), kept.lists), "mean": float(mean), "sd": float(sd)}
            for pair, mean, sd in zip(found.pairs, found.mean, found.sd, strict=True)
        ),
        {
            "mean": found.shared,
            "sd": found.shared_spread,
            "overlap": shared_overlap(found.shared, found.shared_spread, found.pairs.size, shared_sd, scatter),
        },
        tuple({"sd": float(t), "probability": float(p)} for t, p in found.scatter),
        found.effective,
        shared_sd,
        scatter,
        others,
    )
    return Estimate(
        "loglinear-shrinkage",
        n + middle,
        limits,
        n,
        tuple(_checks(record, limits, n)),
        draws=n + found.mixture.draws(np.random.default_rng(seed), draws),
        fit=record,
    )


def _checks(record: ShrinkageFit, limits: Interval, observed: int) -> list[Check]:
    good = record.effective_draws >= FEW_EFFECTIVE
    message = f"The weighted draws from the posterior are worth {record.effective_draws:,.0f} independent ones"
    message += "." if good else ": too few for the limits."
    checks = [Check("effective-draws", round(record.effective_draws), good, message)]
    share = record.shared["overlap"]
    message = f"What the data say about how lists depend on average overlaps by {share:.0%} with what the prior says"
    message += "." if share <= MOST_OVERLAP else ": the width of the interval rests on the prior, not on these data."
    checks.append(Check("dependence-from-prior", round(share, 3), share <= MOST_OVERLAP, message))
    middle = record.quantiles["0.5"]
    for prior, population in record.prior_sensitivity.items():
        factor = max((population - observed + 0.5) / (middle - observed + 0.5), 0.0)
        factor = max(factor, 1.0 / factor)
        inside = limits.low <= population <= (limits.high or np.inf)
        message = f"With {prior} the answer is {population:,.0f} people instead of {middle:,.0f}"
        message += "." if inside and factor <= 1.5 else ": it depends on the prior. Report both."
        checks.append(Check("prior-sensitivity", round(factor, 3), inside and factor <= 1.5, message))
    return [*checks, width_check(limits)]
