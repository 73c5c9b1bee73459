"""Zelterman's estimator from the people seen once and twice."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from hiddenpop.captures import CaptureTable
from hiddenpop.errors import NotEstimableError
from hiddenpop.numerics.intervals import chao_log
from hiddenpop.numerics.sparse import zelterman_hidden
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval
from hiddenpop.sightings import SightingCounts


@dataclass(frozen=True, slots=True)
class ZeltermanFit:
    """People by number of lists (or sightings), the rate 2 f2 / f1 per person, and the standard error of N."""

    frequencies: dict[int, int]
    rate: float
    se: float


@register(
    "zelterman",
    summary="Poisson rate from the people seen once and twice",
    family="single list",
    takes=(CaptureTable, SightingCounts),
    reference="Zelterman (1988) J Stat Plan Inference 18:225, doi 10.1016/0378-3758(88)90007-9",
)
def zelterman(data: CaptureTable | SightingCounts, *, level: float = 0.95) -> Estimate:
    """Estimate a population from a Poisson rate that only the people seen once and twice determine.

    Use when counts of contacts are contaminated at the upper end. Do not use when seeing a person once makes seeing
    them again less likely (they left, or were helped): the number is then far too high.

    Parameters
    ----------
    data : CaptureTable or SightingCounts
        f1 and f2 are the people on exactly one and two lists, or seen exactly once and twice.
    level : float in (0, 1)

    Returns
    -------
    Estimate
        `fit` is a `ZeltermanFit` with `frequencies`, `rate` and `se`.

    Raises
    ------
    NotEstimableError
        If nobody was seen exactly once, or nobody exactly twice.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    `l = 2 f2 / f1`, `N = n / (1 - e^-l)`.

    - Assumptions: closed population; perfect matching; contacts of a person are Poisson near the rate of the people
      seen once or twice. Lists are treated as occasions.
    - Interval: `n + d C^(-+1)`, `C = exp(z sqrt(log(1 + se^2/d^2)))`, se of Boehning (2008).

    References
    ----------
    Zelterman (1988), doi 10.1016/0378-3758(88)90007-9. Boehning (2008), doi 10.1016/j.stamet.2007.10.001.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> print(hp.zelterman(hp.load("geckos")))
    88 people (95% log-normal 76 to 123); 18 on no list

    *Checked against*: published values in tests/estimators/test_lower_bounds.py.
    """
    frequencies = dict(data.frequencies)
    f1, f2 = frequencies.get(1, 0), frequencies.get(2, 0)
    if f1 == 0 or f2 == 0:
        raise NotEstimableError(
            f"{f1} people were seen exactly once and {f2} exactly twice; the rate 2 f2 / f1 needs both.",
            hint="Check how records are matched.",
            cells=["f1" if f1 == 0 else "f2"],
        )
    hidden, variance = zelterman_hidden(f1, f2, data.observed)
    population, se = data.observed + hidden, sqrt(variance)
    checks: list[Check] = []
    if isinstance(data, CaptureTable):
        message = "Lists are treated as repeated occasions of one list, which ignores their different sizes."
        checks.append(Check("lists-as-occasions", data.n_lists, None, message))
    fit = ZeltermanFit(frequencies, 2.0 * f2 / f1, se)
    if hidden < 1e-6:
        message = (
            f"With {f2:,} people seen twice and {f1:,} once, nobody is left to be hidden, and there is no interval."
        )
        checks.append(Check("no-interval", f1, False, message))
        return Estimate("zelterman", population, None, data.observed, tuple(checks), fit=fit)
    limits = Interval(*chao_log(data.observed, hidden, se, level), level, "log-normal")
    return Estimate("zelterman", population, limits, data.observed, tuple(checks), fit=fit)
