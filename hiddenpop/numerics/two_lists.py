"""Two lists: the four numbers every two-list estimator needs, and their variances."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from hiddenpop.errors import NotEstimableError
from hiddenpop.numerics.intervals import MOST_RATIO, log_normal, transformed_logit, wald


@dataclass(frozen=True, slots=True)
class TwoListFit:
    """Counts of two lists, and the standard error of the estimate.

    Attributes
    ----------
    lists : the two names
    first, second : people on each list
    overlap : people on both
    se : standard error of the population size
    """

    lists: tuple[str, str]
    first: int
    second: int
    overlap: int
    se: float

    @property
    def only_first(self) -> int:
        return self.first - self.overlap

    @property
    def only_second(self) -> int:
        return self.second - self.overlap

    @property
    def people(self) -> int:
        return self.first + self.second - self.overlap

    @property
    def nested(self) -> bool:
        """Is one list inside the other? Then nothing is known about people on the smaller list alone."""
        return self.only_first == 0 or self.only_second == 0


def refuse_without_overlap(lists: tuple[str, str], overlap: int) -> None:
    """Nobody on both lists: the population could be of any size above the people seen."""
    if overlap == 0:
        raise NotEstimableError(
            f"Nobody is on both {lists[0]!r} and {lists[1]!r}: without overlap the two lists say nothing about the "
            "people on neither.",
            hint="Check that the same people are recognised in both lists, or add a third list.",
            exists=False,
            terms=[":".join(lists)],
            cells=["11"],
        )


def two_list_limits(kind: str, fit: TwoListFit, population: float, level: float) -> tuple[float, float] | None:
    """Limits of that kind (`logit`, `log-normal`, `wald`) around `population`.

    None where one list is inside the other, or nearly so, and the upper limit is thousands of times the people known.
    At low levels the transformed logit interval, whose centre is not Chapman's estimate, is widened to contain it.
    """
    if fit.nested:
        return None
    if kind == "logit":
        low, high = transformed_logit(fit.only_first, fit.only_second, fit.overlap, level)
    elif kind == "wald":
        low, high = wald(fit.people, population, fit.se, level)
    else:
        b, d, m = fit.only_first, fit.only_second, fit.overlap
        variance = 1.0 / m + 1.0 / b + 1.0 / d + m / (b * d)
        low, high = log_normal(fit.people, population - fit.people, variance, level)
    if high > MOST_RATIO * fit.people:
        return None
    return min(low, population), max(high, population)


def nested_message(fit: TwoListFit) -> str:
    """Why there is no interval when one list lies inside the other, or nearly so."""
    if not fit.nested:
        return (
            f"Next to everybody is on both lists ({fit.only_first} people on {fit.lists[0]!r} only, {fit.only_second} "
            f"on {fit.lists[1]!r} only): formulas of limits do not hold there, so no interval is given."
        )
    inner, outer = fit.lists if fit.only_first == 0 else fit.lists[::-1]
    return (
        f"Everybody on {inner!r} is also on {outer!r}, which looks like referral or a copy and not like two "
        "independent lists, so no interval is given."
    )


def chapman_population(first: int, second: int, overlap: int) -> float:
    """Chapman's estimate from the sizes of two lists and their overlap."""
    return (first + 1) * (second + 1) / (overlap + 1) - 1.0


def chapman_se(first: int, second: int, overlap: int) -> float:
    """Square root of the unbiased variance of Chapman's estimate (Seber 1970, Wittes 1972)."""
    top = (first + 1) * (second + 1) * (first - overlap) * (second - overlap)
    return sqrt(top / ((overlap + 1) ** 2 * (overlap + 2)))


def petersen_se(first: int, second: int, overlap: int) -> float:
    """Delta-method standard error of `n1 n2 / m`."""
    return sqrt(first * second * (first - overlap) * (second - overlap) / overlap**3)
