"""How does the answer move as data accrue? A jump says that it has not settled."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log
from typing import Any

import numpy as np

from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.checks.recovery import options_of
from hiddenpop.errors import DataError
from hiddenpop.registry import METHODS, attempt_quietly
from hiddenpop.result import Check, Estimate, plain

SHARES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
SETTLED = 0.75
FACTOR = 1.5


@dataclass(frozen=True, slots=True)
class Stage:
    """The answer with a part of the people known; above 1, with more people like them."""

    share: float
    observed: int
    population: float | None
    low: float | None
    high: float | None

    @property
    def ratio(self) -> float | None:
        """Population per person known."""
        return None if self.population is None else self.population / self.observed


def trajectory(table: CaptureTable, estimate: Estimate, *, seed: int = 0) -> list[Stage]:
    """Estimate from a quarter of the people known up to twice as many (empirical trajectory).

    People are taken in random order without replacement; beyond the whole table, once more. N/n should stay where it
    is: a part of the people known is a part of the population.

    Parameters
    ----------
    table : CaptureTable
    estimate : of it; its method and options are run
    seed : int, of the order of people

    References
    ----------
    Binette and Steorts (2022) Journal of the Royal Statistical Society A, arXiv 2112.01594.
    """
    pooled, generator = table.pooled(), np.random.default_rng(seed)
    options = dict(options_of(estimate))
    if "seed" in METHODS[estimate.method].options:
        options["seed"] = seed
    if estimate.provenance.level is not None:
        options["level"] = estimate.provenance.level
    whole = pooled.counts
    taken, left, stages, people = np.zeros_like(whole), whole.copy(), [], 0
    for share in SHARES:
        wanted = round(share * pooled.observed)
        step = wanted - people
        if step > left.sum():
            taken, step, left = taken + left, step - int(left.sum()), whole.copy()
        more = generator.multivariate_hypergeometric(left, step, method="marginals")
        taken, left, people = taken + more, left - more, wanted
        stages.append(_stage(pooled, taken, share, estimate.method, options))
    return stages


def _stage(table: CaptureTable, counts: Any, share: float, method: str, options: dict[str, Any]) -> Stage:
    kept, people = counts > 0, int(counts.sum())
    try:
        part = build_table(table.lists, table.histories[kept], counts[kept])
    except DataError:
        return Stage(share, people, None, None, None)
    found = attempt_quietly(part, method, **options)
    if not isinstance(found, Estimate):
        return Stage(share, people, None, None, None)
    low, high = (found.interval.low, found.interval.high) if found.interval else (None, None)
    return Stage(share, people, found.population, low, high)


def trajectory_check(stages: list[Stage]) -> list[Check]:
    """From three quarters of the people on, N/n against its value with all of them: a factor of 1.5 is a jump.

    1.5 is about as much as the published ranges of careful studies.
    """
    whole = next((one.ratio for one in stages if one.share == 1.0), None)
    late = [one for one in stages if one.share >= SETTLED]
    if whole is None:
        return []
    if any(one.ratio is None for one in late):
        message = "With a quarter of the people fewer, or some like them more, there is no estimate at all."
        return [Check("trajectory", None, False, message)]
    moved = exp(max(abs(log(one.ratio / whole)) for one in late if one.ratio))
    message = "With a quarter of the people fewer, or up to twice as many, the number per person known moves by "
    message += f"{moved - 1.0:.0%} at most"
    message += "." if moved <= FACTOR else ": it has not settled."
    return [Check("trajectory", round(moved, 3), moved <= FACTOR, message)]


def plain_stages(stages: list[Stage]) -> list[dict[str, Any]]:
    """Plain JSON values."""
    return [{**plain(one), "ratio": plain(one.ratio)} for one in stages]
