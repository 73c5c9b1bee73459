"""Sample coverage (Chao and Tsay): dependence of lists through coefficients of covariation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import NotEstimableError, OptionError
from hiddenpop.numerics.coverage import sample_coverage_point, spread
from hiddenpop.numerics.intervals import chao_log
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval

ENOUGH_COVERAGE = 0.55
MOST_REPLICATES = 100_000


@dataclass(frozen=True, slots=True)
class CoverageFit:
    """Sample coverage C, the other forms of the estimate, and the bootstrap behind the standard error.

    Attributes
    ----------
    coverage : float in (0, 1]
    variants : population by each form; None where it does not exist
    se : standard error from the replicates (for `high`, from their median absolute deviation)
    replicates, failed : number of bootstrap replicates, and of those without an estimate
    """

    coverage: float
    variants: dict[str, float | None]
    se: float
    replicates: int
    failed: int


@register(
    "sample-coverage",
    summary="Dependent lists through the sample coverage (Chao and Tsay)",
    family="sample coverage",
    lists=(3, 30),
    reference="Chao & Tsay (1998) JASA 93:283, doi 10.2307/2669624",
)
def sample_coverage(
    table: CaptureTable,
    *,
    variant: Literal["low", "high", "independent"] = "low",
    replicates: int = 200,
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate a population from three or more lists by how much of it the lists together cover.

    Use when the lists overlap well (C above 0.55) and depend on one another in a way nobody wants to model. Do not use
    when coverage is low: the `low` form is then biased downwards, the `high` form unstable.

    Parameters
    ----------
    table : CaptureTable
        3 to 30 lists.
    variant : {"low", "high", "independent"}
        One-step form for low coverage, form for high coverage, or independent lists.
    replicates : int
        Bootstrap replicates for the standard error, 50 to 100,000.
    level : float in (0, 1)
    seed : int, optional
        None draws fresh entropy and records it.

    Returns
    -------
    Estimate
        `fit` is a `CoverageFit` with `coverage`, `variants`, `se`.

    Raises
    ------
    NotEstimableError
        If no list overlaps another, or the form gives no more people than are known.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    `N0 = D / C`, `C = 1 - mean_j(S_j / n_j)`, `D = n - mean_j S_j`, S_j people only on list j.

    - Assumptions: closed population; perfect matching; dependence enters through the pairs of lists only.
    - Interval: parametric bootstrap `multinomial(round N; z / N)` for the standard error, then `n + d C^(-+1)`.

    References
    ----------
    Chao and Tsay (1998), doi 10.2307/2669624. Chao, Tsay, Lin, Shau and Chao (2001), Statistics in Medicine 20:3123.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> print(hp.sample_coverage(hp.load("hepatitis_a_taiwan"), variant="high", seed=1))
    971 people (95% log-normal 511 to 2,310); 700 on no list
      ! The sample coverage is 0.51; below 0.55 the lists say little about dependence.

    *Checked against*: `sample-coverage` rows in tests/reference/values.csv.
    """
    if not 50 <= replicates <= MOST_REPLICATES:
        raise OptionError(f"replicates={replicates} is not between 50 and {MOST_REPLICATES:,}.", hint="Use 200.")
    point = sample_coverage_point(table.histories, table.counts, table.n_lists)
    variants = {"independent": point.independent, "low": point.low, "high": point.high}
    population = variants[variant]
    if population is None or population <= table.observed:
        raise NotEstimableError(
            f"The {variant} form of the sample-coverage estimator gives no more people than are known "
            f"(sample coverage {point.coverage:.2f}).",
            hint="Try variant='low' or variant='independent', or use another method.",
        )
    draws = _replicates(table, population, variant, replicates, np.random.default_rng(seed))
    good = draws[np.isfinite(draws)]
    failed = replicates - int(good.size)
    low_coverage = point.coverage <= ENOUGH_COVERAGE
    message = f"The sample coverage is {point.coverage:.2f}"
    message += f"; below {ENOUGH_COVERAGE} the lists say little about dependence." if low_coverage else "."
    checks = [Check("sample-coverage", round(point.coverage, 4), not low_coverage, message)]
    if good.size < 0.9 * replicates:
        message = f"{failed} of {replicates} bootstrap replicates have no estimate, so no interval is given."
        checks.append(Check("bootstrap-failures", failed, False, message))
        fit = CoverageFit(point.coverage, variants, float("nan"), replicates, failed)
        return Estimate("sample-coverage", population, None, table.observed, tuple(checks), fit=fit)
    if failed:
        message = f"{failed} of {replicates} bootstrap replicates have no estimate and were left out."
        checks.append(Check("bootstrap-failures", failed, None, message))
    se = spread(good, robust=variant == "high")
    limits = Interval(*chao_log(table.observed, population - table.observed, se, level), level, "log-normal")
    fit = CoverageFit(point.coverage, variants, se, replicates, failed)
    return Estimate("sample-coverage", population, limits, table.observed, tuple(checks), fit=fit)


def _replicates(
    table: CaptureTable, population: float, variant: str, replicates: int, generator: np.random.Generator
) -> Floats:
    """(replicates,) estimates on tables drawn from the estimated population; NaN where there is none."""
    total = round(population)
    shares = np.append(table.counts / population, 1.0 - table.observed / population)
    out = np.full(replicates, np.nan)
    for r, counts in enumerate(generator.multinomial(total, shares, size=replicates)[:, :-1]):
        value = getattr(sample_coverage_point(table.histories, counts, table.n_lists), variant)
        if value is not None and value > counts.sum():
            out[r] = value
    return out
