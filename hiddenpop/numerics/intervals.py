"""Closed-form intervals for a population size. `z` is the normal quantile of the level; limits never fall below n."""

from __future__ import annotations

from math import exp, log, log1p, sqrt

from hiddenpop.arrays import Floats
from hiddenpop.errors import NotEstimableError

QUANTILES = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)  # of a posterior, as fits report them
UNBOUNDED = 5.0  # standard error of log n0 from which hidden people are known only up to factors of thousands

MOST_RATIO = 10_000  # people for each one known, above which a number says nothing


def normal_quantile(level: float) -> float:
    """Two-sided normal quantile: 1.96 at level 0.95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2.0))


def central(draws: Floats, level: float) -> tuple[float, float]:
    """Equal-tailed limits of draws."""
    import numpy as np

    tail = (1.0 - level) / 2.0
    low, high = np.quantile(draws, [tail, 1.0 - tail])
    return float(low), float(high)


def refuse_unbounded(
    what: str, log_error: float, term: str = "intercept", *, hint: str = "Use a simpler model."
) -> None:
    """An estimate known only up to factors of thousands is none.

    Parameters
    ----------
    what : subject of the sentence, such as "The model [12,3]"
    log_error : standard error of log n0
    term : that stands for the hidden people
    """
    if not log_error <= UNBOUNDED:
        raise NotEstimableError(
            f"{what} determines the number of hidden people only up to factors of thousands.",
            hint=hint,
            exists=True,
            identifiable=True,
            terms=[term],
        )


def log_normal(observed: float, hidden: float, variance_log: float, level: float) -> tuple[float, float]:
    """`n + n0 exp(+-z sd)`, with `variance_log` the variance of log n0."""
    width = exp(normal_quantile(level) * sqrt(variance_log))
    return observed + hidden / width, observed + hidden * width


def chao_log(observed: float, hidden: float, se: float, level: float) -> tuple[float, float]:
    """Chao's log interval `n + d C^(-+1)`, `C = exp(z sqrt(log(1 + se^2/d^2)))` (Chao 1987, Biometrics 43:783)."""
    return log_normal(observed, hidden, log1p((se / hidden) ** 2), level)


def wald(observed: float, population: float, se: float, level: float) -> tuple[float, float]:
    """`N +- z se`, cut at n."""
    half = normal_quantile(level) * se
    return max(observed, population - half), population + half


def transformed_logit(only_a: float, only_b: float, both: float, level: float) -> tuple[float, float]:
    """Sadinle's transformed logit interval for two lists, from the people on one list only and on both.

    Sadinle (2009), Communications in Statistics - Simulation and Computation 38:1909, doi 10.1080/03610910903168595.
    """
    people = only_a + only_b + both
    a, b, m = only_a + 0.5, only_b + 0.5, both + 0.5
    sd = sqrt(1.0 / m + 1.0 / a + 1.0 / b + m / (a * b))
    middle = log(a * b / m)
    half = normal_quantile(level) * sd
    low, high = (people - 0.5 + exp(middle + sign * half) for sign in (-1.0, 1.0))
    return max(low, people), high
