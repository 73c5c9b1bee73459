"""Chapman: two lists, nearly unbiased."""

from __future__ import annotations

from typing import Literal

from hiddenpop.captures import CaptureTable
from hiddenpop.numerics.two_lists import (
    TwoListFit,
    chapman_population,
    chapman_se,
    nested_message,
    refuse_without_overlap,
    two_list_limits,
)
from hiddenpop.options import TwoLists
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval


@register(
    "chapman",
    summary="Two independent lists, nearly unbiased: (n1 + 1)(n2 + 1)/(m + 1) - 1",
    family="two lists",
    lists=(2, 2),
    reference="Chapman (1951); Sadinle (2009) doi 10.1080/03610910903168595",
)
def chapman(
    table: CaptureTable,
    *,
    lists: TwoLists | None = None,
    interval: Literal["logit", "log-normal", "wald"] = "logit",
    level: float = 0.95,
) -> Estimate:
    """Estimate a population from two independent lists by Chapman's nearly unbiased form of `n1 n2 / m`.

    Use when there are two lists. Do not use when one refers people to the other: then the number is too low.

    Parameters
    ----------
    table : CaptureTable
        Two lists, or more with `lists=(a, b)`.
    lists : two names, optional
        Which two of more lists; people on neither of them are left out.
    interval : {"logit", "log-normal", "wald"}
    level : float in (0, 1)

    Returns
    -------
    Estimate
        `fit` is a `TwoListFit` with `overlap` and `se`.

    Raises
    ------
    NotEstimableError
        If nobody is on both lists.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    `N = (n1 + 1)(n2 + 1)/(m + 1) - 1`, `se^2 = (n1+1)(n2+1)(n1-m)(n2-m) / ((m+1)^2 (m+2))`.

    - Assumptions: closed population; perfect matching; the two lists are independent; on at least one of them everybody
      is equally likely.
    - `logit` is Sadinle's transformed logit interval, the default because it keeps its coverage when the overlap is
      small (.95 to .96 at an expected overlap of 2 to 10, where `wald` covers .74 to .89); `log-normal` is
      `n + n0 exp(+-z sd)`, `sd^2 = 1/m + 1/b + 1/d + m/(b d)` with b, d people on one list only; `wald` is cut at n.
    - Nearly unbiased from an overlap of about 7; 11 % too low on average at an expected overlap of 2.
    - Where one list lies inside the other there is no interval, and a check says why.

    References
    ----------
    Chapman (1951), University of California Publications in Statistics 1:131. Sadinle (2009), Communications in
    Statistics - Simulation and Computation 38:1909, doi 10.1080/03610910903168595.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> print(hp.chapman(hp.load("kampala_pwid")))
    3,837 people (95% logit 3,088 to 4,928); 2,974 on no list

    *Checked against*: `chapman` rows in tests/reference/values.csv.
    """
    first, second = table.lists
    sizes = table.members(first), table.members(second), table.members(first, second)
    refuse_without_overlap((first, second), sizes[2])
    fit = TwoListFit((first, second), *sizes, se=chapman_se(*sizes))
    population = chapman_population(*sizes)
    limits = two_list_limits(interval, fit, population, level)
    return Estimate(
        "chapman",
        population,
        Interval(*limits, level, interval) if limits else None,
        fit.people,
        () if limits else (Check("nested-lists", fit.overlap, False, nested_message(fit)),),
        fit=fit,
    )
