"""Log-linear model with pairs chosen forwards, and an interval that repeats the choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hiddenpop.bootstrap import bootstrap_interval, check_replicates
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import OptionError
from hiddenpop.numerics.resampling import resample
from hiddenpop.numerics.stepwise import Stepwise
from hiddenpop.numerics.terms import close_terms, term_name, write_model
from hiddenpop.registry import register
from hiddenpop.result import Estimate


@dataclass(frozen=True, slots=True)
class StepwiseFit:
    """The model chosen and how steady the choice is.

    Attributes
    ----------
    model : canonical bracket text over positions
    path : one mapping per pair added: `added`, `p_value`, `population` after it
    intervals : level -> limits, all from one run; empty without replicates
    replicates, failed : number of bootstrap replicates, and of those without an estimate
    acceleration : of the BCa interval
    ties : share of replicates equal to the estimate
    """

    model: str
    path: tuple[Mapping[str, Any], ...]
    intervals: Mapping[str, tuple[float, float]]
    replicates: int
    failed: int
    acceleration: float
    ties: float


@register(
    "loglinear-stepwise",
    summary="Log-linear model with pairs chosen forwards; the interval repeats the choice",
    family="log-linear",
    lists=(3, 12),
    reference="Chan, Silverman & Vincent (2021) JASA 116:1297, doi 10.1080/01621459.2019.1708748",
)
def loglinear_stepwise(
    table: CaptureTable,
    *,
    threshold: float = 0.02,
    replicates: int = 1000,
    interval: Literal["bca", "percentile"] = "bca",
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate a population by a log-linear model whose pairwise interactions are chosen one by one.

    Use when lists are sparse and it is not known which of them depend on each other. Do not use without the interval:
    the choice is unstable, and where many weak dependences act together even this interval is too narrow.

    Parameters
    ----------
    table : CaptureTable
        3 to 12 lists.
    threshold : float in (0, 1]
        A pair enters while its Poisson tail is below this.
    replicates : int
        Bootstrap replicates, each with the whole choice repeated; 0 for the point only, else 100 to 100,000.
    interval : {"bca", "percentile"}
    level : float in (0, 1)
    seed : int, optional
        None draws fresh entropy and records it.

    Returns
    -------
    Estimate
        `draws` are the replicates that have an estimate; `fit` is a `StepwiseFit` with `model` and `path`.

    Raises
    ------
    NotEstimableError
        If even independent lists have no estimate.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    Start with independent lists. For every pair not in the model compare its overlap n* with the fitted overlap:
    `p = min(P(X <= n*), P(X >= n*))`, X Poisson. Add the pair with the smallest p below the threshold whose model has
    an extended maximum-likelihood estimate; stop when there is none.

    - Assumptions: closed population; perfect matching; dependence between pairs of lists only; everybody alike.
    - Interval: multinomial bootstrap of the observed histories; BCa with the jackknife over people, ties by half, or
      percentiles (type 8).

    References
    ----------
    Chan, Silverman and Vincent (2021), doi 10.1080/01621459.2019.1708748. Efron (1987), doi
    10.1080/01621459.1987.10478410.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> est = hp.loglinear_stepwise(hp.load("western_us"), replicates=0)
    >>> est.fit.model, round(est.population, 2)
    ('[15,2,3,4]', 2483.38)

    *Checked against*: `loglinear-stepwise` rows in tests/reference/values.csv.
    """
    if not 0.0 < threshold <= 1.0:
        raise OptionError(f"threshold={threshold} is not between 0 and 1.", hint="Use 0.02.")
    check_replicates(replicates)
    chooser = Stepwise(table.histories, table.n_lists, threshold)
    population, path = chooser.run(table.counts)
    found = resample(lambda counts: chooser.run(counts)[0], table.counts, replicates, seed) if replicates else None
    limits, intervals, checks = bootstrap_interval(found, interval, level)
    fit = StepwiseFit(
        model=write_model(close_terms([s.pair for s in path], table.n_lists), table.places),
        path=tuple(
            {"added": term_name(s.pair, table.lists), "p_value": s.p_value, "population": s.population} for s in path
        ),
        intervals=intervals,
        replicates=replicates,
        failed=found.failed if found else 0,
        acceleration=found.acceleration if found else 0.0,
        ties=found.ties if found else 0.0,
    )
    draws = found.good if found else None
    return Estimate("loglinear-stepwise", population, limits, table.observed, tuple(checks), draws=draws, fit=fit)
