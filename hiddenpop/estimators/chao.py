"""Chao's lower bound from the people seen once and twice."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from hiddenpop.captures import CaptureTable
from hiddenpop.errors import NotEstimableError
from hiddenpop.numerics.intervals import chao_log
from hiddenpop.numerics.sparse import chao_corrected, chao_plain
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval
from hiddenpop.sightings import SightingCounts


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
def chao(data: CaptureTable | SightingCounts, *, bias_corrected: bool = True, level: float = 0.95) -> Estimate:
    """Bound a population from below by the people seen exactly once and exactly twice.

    Use when people differ in how easily they are seen, or as a floor beside any other method. Do not use as an estimate
    of the whole: people who are much harder to see are missed.

    Parameters
    ----------
    data : CaptureTable or SightingCounts
        f1 and f2 are the people on exactly one and two lists, or seen exactly once and twice.
    bias_corrected : bool
        `c f1 (f1 - 1) / (2 (f2 + 1))` if true, else `c f1^2 / (2 f2)`.
    level : float in (0, 1)

    Returns
    -------
    Estimate
        `fit` is a `ChaoFit` with `frequencies` and `se`.

    Raises
    ------
    NotEstimableError
        If nobody was seen twice or more often (or not exactly twice, without bias correction).

    Notes
    -----
    `N >= n + c f1^2 / (2 f2)`, `c = (K - 1)/K` for K lists and 1 for sightings.

    - Assumptions: closed population; perfect matching; given a person, captures are independent with one probability;
      people may differ freely, which only makes this a lower bound.
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
    repeated = data.observed - f1
    if repeated == 0 or (f2 == 0 and not bias_corrected):
        raise NotEstimableError(
            "Nobody was seen twice: without people seen again there is no lower bound beyond the people seen."
            if repeated == 0
            else "Nobody was seen exactly twice, so f1^2 / (2 f2) does not exist.",
            hint="Check how records are matched." if repeated == 0 else "Use the bias-corrected form.",
            cells=["f2"],
        )
    share = 1.0 if isinstance(data, SightingCounts) else (data.n_lists - 1) / data.n_lists
    hidden, variance = (chao_corrected if bias_corrected else chao_plain)(f1, f2, share)
    checks = [Check("lower-bound", None, None, "This is a lower bound: people who are harder to see are missed.")]
    if hidden <= 0.0 or variance <= 0.0:
        message = f"Only {f1} people were seen once: the bound adds nobody to the people seen, and has no interval."
        checks.append(Check("no-interval", f1, False, message))
        return Estimate(
            "chao", data.observed + hidden, None, data.observed, tuple(checks), fit=ChaoFit(frequencies, 0.0)
        )
    if f2 == 0:
        checks.append(Check("nobody-seen-twice", 0, False, "Nobody was seen exactly twice: the bound is very unsure."))
    se = sqrt(variance)
    limits = Interval(*chao_log(data.observed, hidden, se, level), level, "log-normal")
    return Estimate("chao", data.observed + hidden, limits, data.observed, tuple(checks), fit=ChaoFit(frequencies, se))
