"""Lincoln-Petersen: two lists, maximum likelihood."""

from __future__ import annotations

from typing import Literal

from hiddenpop.captures import CaptureTable
from hiddenpop.numerics.two_lists import (
    TwoListFit,
    nested_message,
    petersen_se,
    refuse_without_overlap,
    two_list_limits,
)
from hiddenpop.options import TwoLists
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval


@register(
    "lincoln-petersen",
    summary="Two independent lists: n1 n2 / m",
    family="two lists",
    lists=(2, 2),
    reference="Seber (1982) The Estimation of Animal Abundance, ch. 3",
)
def lincoln_petersen(
    table: CaptureTable,
    *,
    lists: TwoLists | None = None,
    interval: Literal["log-normal", "logit", "wald"] = "log-normal",
    level: float = 0.95,
) -> Estimate:
    """Estimate a population from two independent lists by `n1 n2 / m`, the maximum-likelihood estimate.

    Use when the overlap is large. Do not use when fewer than some ten people are on both lists: take `chapman`.

    Parameters
    ----------
    table : CaptureTable
        Two lists, or more with `lists=(a, b)`.
    lists : two names, optional
        Which two of more lists; people on neither of them are left out.
    interval : {"log-normal", "logit", "wald"}
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
    `N = n1 n2 / m`, `se^2 = n1 n2 (n1 - m)(n2 - m) / m^3`.

    - Assumptions: closed population; perfect matching; the two lists are independent; on at least one of them everybody
      is equally likely.
    - `log-normal` is `n + n0 exp(+-z sd)`, `sd^2 = 1/m + 1/b + 1/d + m/(b d)` with b, d people on one list only;
      `logit` is Sadinle's; `wald` is cut at n.
    - Where one list lies inside the other there is no interval, and a check says why.

    References
    ----------
    Seber (1982), The Estimation of Animal Abundance, chapter 3. Sadinle (2009), doi 10.1080/03610910903168595.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> print(hp.lincoln_petersen(hp.load("kampala_pwid")))
    3,892 people (95% log-normal 3,101 to 4,961); 3,029 on no list

    *Checked against*: closed forms in tests/estimators/test_two_lists.py.
    """
    first, second = table.lists
    sizes = table.members(first), table.members(second), table.members(first, second)
    refuse_without_overlap((first, second), sizes[2])
    fit = TwoListFit((first, second), *sizes, se=petersen_se(*sizes))
    population = sizes[0] * sizes[1] / sizes[2]
    limits = two_list_limits(interval, fit, population, level)
    return Estimate(
        "lincoln-petersen",
        population,
        Interval(*limits, level, interval) if limits else None,
        fit.people,
        () if limits else (Check("nested-lists", fit.overlap, False, nested_message(fit)),),
        fit=fit,
    )
