"""Known people weighted by the inverse of their chance of being known, with chances that depend on covariates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.numerics.history_logit import LogitFit, LogitProblem


@dataclass(frozen=True, eq=False)
class Weighting:
    """What a fit says about hidden people.

    Attributes
    ----------
    hidden : (G,) people on no list, by stratum
    se : float, of the population
    chance : (G,) of being on any list
    on_list : (T,) mean of each statistic of histories over the whole population
    """

    hidden: Floats
    se: float
    chance: Floats
    on_list: Floats


def weight_people(problem: LogitProblem, fit: LogitFit) -> Weighting:
    """`N = sum of 1 / pi`, `se^2 = sum of (1 - pi) / pi^2 + g' I^-1 g` (Huggins 1989, doi 10.1093/biomet/76.1.133).

    `problem` has statistics that vanish for people on no list, and no offset.
    """
    people = problem.people
    logs = problem.logs(fit.values)
    top = np.maximum(logs.max(axis=1), 0.0)
    each = 1.0 / np.exp(logs - top[:, None]).sum(axis=1) / np.exp(top)  # hidden people per known one
    hidden = people * each
    means = fit.chances @ problem.terms
    slope = -(means * hidden[:, None]).T @ problem.z
    gradient = slope[problem.free]
    variance = float(hidden @ (1.0 + each) + gradient @ np.linalg.solve(fit.information, gradient))
    population = people + hidden
    return Weighting(hidden, variance**0.5, 1.0 / (1.0 + each), (people @ means) / population.sum())
