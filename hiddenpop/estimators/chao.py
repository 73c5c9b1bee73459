"""Chao's lower bound from the people seen once and twice."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from hiddenpop.captures import CaptureTable
from hiddenpop.errors import NotEstimableError
from hiddenpop.numerics.intervals import chao_log
from hiddenpop.numerics.sparse import chao_by_list, chao_corrected, chao_plain
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval
from hiddenpop.sightings import SightingCounts

UNEQUAL = 1.1


@dataclass(frozen=True, slots=True)
class ChaoFit:
    """People by number of lists (or sightings), and the standard error of the bound."""

    frequencies: dict[int, int]
    se: float


@register(
    "chao",
    summary="Lower bound from the people seen once and twice",
    family="lower bound",
    takes=(CaptureTable, SightingCounts),
    reference="Chao (1987) Biometrics 43:783, doi 10.2307/2531532",
)
def chao(
    data: CaptureTable | SightingCounts,
    *,
    bias_corrected: bool = True,
    by_list: bool = False,
    level: float = 0.95,
) -> Estimate:
    """Bound a population from below by the people seen exactly once and exactly twice.

    Use when people differ in how easily they are seen, or as a floor beside any other method; with lists of different
    sizes, use `by_list=True`. Do not use as an estimate of the whole: people who are much harder to see are missed.

    Parameters
    ----------
    data : CaptureTable or SightingCounts
        f1 and f2 are the people on exactly one and two lists, or seen exactly once and twice.
    bias_corrected : bool
        `c f1 (f1 - 1) / (2 (f2 + 1))` if true, else `c f1^2 / (2 f2)`.
    by_list : bool
        Allow lists of different sizes: `sum of s_i s_j / (f2 + 1)` over pairs, s_i people on list i only. Without it a
        check says when the lists differ so much that the classical form is no bound.
    level : float in (0, 1)

    Returns
    -------
    Estimate
        `fit` is a `ChaoFit` with `frequencies` and `se`.

    Raises
    ------
    NotEstimableError
        If nobody was seen twice or more often (or not exactly twice, without bias correction).

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    `N >= n + c f1^2 / (2 f2)`, `c = (K - 1)/K` for K lists and 1 for sightings.

    - Assumptions: closed population; perfect matching; being on one list makes nobody less likely to be on another;
      and, without `by_list`, lists of about equal size: with unequal ones the number can exceed the population.
    - People may differ in how easily they are seen, which only makes this a lower bound.
    - Interval: `n + d C^(-+1)`, `C = exp(z sqrt(log(1 + se^2/d^2)))`.

    References
    ----------
    Chao (1987), Biometrics 43:783, doi 10.2307/2531532.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> print(hp.chao(hp.load("geckos")))
    90 people (95% log-normal 78 to 115); 20 on no list

    *Checked against*: `chao` rows in tests/reference/values.csv.
    """
    frequencies = dict(data.frequencies)
    f1, f2 = frequencies.get(1, 0), frequencies.get(2, 0)
    if data.repeated == 0 or (f2 == 0 and not bias_corrected):
        raise NotEstimableError(
            "Nobody was seen twice: without people seen again there is no lower bound beyond the people seen."
            if data.repeated == 0
            else "Nobody was seen exactly twice, so f1^2 / (2 f2) does not exist.",
            hint="Check how records are matched." if data.repeated == 0 else "Use the bias-corrected form.",
            cells=["f2"],
        )
    hidden, variance = _bound(data, f1, f2, by_list=by_list, bias_corrected=bias_corrected)
    checks = [Check("lower-bound", None, None, "This is a lower bound: people who are harder to see are missed.")]
    if isinstance(data, CaptureTable) and not by_list:
        checks += _unequal(hidden, _bound(data, f1, f2, by_list=True, bias_corrected=bias_corrected)[0])
    if f2 == 0:
        checks.append(Check("nobody-seen-twice", 0, False, "Nobody was seen exactly twice: the bound is very unsure."))
    population, se = data.observed + hidden, sqrt(max(variance, 0.0))
    fit = ChaoFit(frequencies, se)
    if hidden <= 0.0 or se == 0.0:
        message = f"Only {f1} people were seen once: the bound adds nobody to the people seen, and has no interval."
        checks.append(Check("no-interval", f1, False, message))
        return Estimate("chao", population, None, data.observed, tuple(checks), fit=fit)
    limits = Interval(*chao_log(data.observed, hidden, se, level), level, "log-normal")
    return Estimate("chao", population, limits, data.observed, tuple(checks), fit=fit)


def _bound(
    data: CaptureTable | SightingCounts, f1: int, f2: int, *, by_list: bool, bias_corrected: bool
) -> tuple[float, float]:
    """Hidden number and its variance."""
    if not isinstance(data, CaptureTable):
        return (chao_corrected if bias_corrected else chao_plain)(f1, f2, 1.0)
    if by_list:
        only = np.array([data.counts[data.histories == 1 << i].sum() for i in range(data.n_lists)], dtype=float)
        return chao_by_list(only, f2, int(bias_corrected))
    return (chao_corrected if bias_corrected else chao_plain)(f1, f2, (data.n_lists - 1) / data.n_lists)


def _unequal(equal: float, by_list: float) -> list[Check]:
    """Lists of different sizes push the classical form above the bound it is meant to be."""
    if equal <= UNEQUAL * by_list:
        return []
    message = (
        f"The lists differ in size, so this form is no lower bound: it adds {equal:,.0f} people where by_list=true, "
        f"which allows for that, adds {by_list:,.0f}."
    )
    return [Check("unequal-lists", equal - by_list, False, message)]
