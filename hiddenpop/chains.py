"""What several chains say together: their trace, its summary, and the refusal where they have not met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.errors import ConvergenceError, OptionError
from hiddenpop.numerics.convergence import Convergence, diagnose
from hiddenpop.numerics.draws import find_modes
from hiddenpop.numerics.intervals import QUANTILES
from hiddenpop.options import FEWEST_DRAWS, MOST_DRAWS
from hiddenpop.result import Check, Interval

MOST_CHAINS, MOST_WARMUP = 100, 10_000_000


@dataclass(frozen=True, slots=True)
class Trace:
    """Draws of named variables, chain by chain; `hiddenpop.to_arviz` turns them into ArviZ's form.

    Attributes
    ----------
    variables : name -> (C, S, ...) draws
    dims : name -> names of the dimensions after chain and draw
    coords : dimension -> labels
    """

    variables: Mapping[str, Floats]
    dims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coords: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def check_sampling(chains: int, draws: int, warmup: int) -> None:
    """Refuse numbers of chains that cannot be compared, of draws that show no distribution, and absurd ones."""
    faults = {
        f"chains={chains} is not between 2 and {MOST_CHAINS}.": not 2 <= chains <= MOST_CHAINS,
        f"draws={draws} is not between {FEWEST_DRAWS} and {MOST_DRAWS:,}.": not FEWEST_DRAWS <= draws <= MOST_DRAWS,
        f"warmup={warmup} is not between {FEWEST_DRAWS} and {MOST_WARMUP:,}.": not FEWEST_DRAWS
        <= warmup
        <= MOST_WARMUP,
    }
    for message, wrong in faults.items():
        if wrong:
            raise OptionError(message, hint="Leave it out to use the default.")


def divergence_check(count: int) -> Check:
    """Did the No-U-Turn sampler lose its way?"""
    message = f"{count} steps of the sampler went astray: parts of the posterior may be missing."
    return Check("divergences", count, count == 0, message if count else "No step of the sampler went astray.")


def summarise_population(population: Floats) -> dict[str, Any]:
    """What every fit by chains says about draws (C, S) of the population.

    `mean, quantiles, modes` (peaks of the draws, each with its probability), `per_chain` (medians), `rhat, ess_bulk,
    ess_tail, ess` (the smaller of the two).
    """
    met = diagnose(population)
    return {
        "mean": float(population.mean()),
        "quantiles": {f"{q:g}": float(np.quantile(population, q)) for q in QUANTILES},
        "modes": tuple({"population": m, "probability": share} for m, share in find_modes(population.ravel())),
        "per_chain": tuple(np.median(population, axis=1).tolist()),
        "rhat": met.rhat,
        "ess_bulk": met.ess_bulk,
        "ess_tail": met.ess_tail,
        "ess": min(met.ess_bulk, met.ess_tail),
    }


def credible(draws: Floats, level: float) -> tuple[float, Interval]:
    """The median of draws of a population, and equal-tailed limits."""
    tail = (1.0 - level) / 2.0
    low, middle, high = np.quantile(draws, [tail, 0.5, 1.0 - tail])
    return float(middle), Interval(float(low), float(high), level, "credible")


def check_met(summary: Mapping[str, Any], hint: str, *, allow_unconverged: bool) -> None:
    """Refuse what chains drew that have not met, unless that is asked for.

    Parameters
    ----------
    summary : of `summarise_population`
    hint : which options make the chains longer

    Raises
    ------
    ConvergenceError
        If R-hat is above 1.01, or fewer than 400 draws are effective; `details` has the medians of the chains.
    """
    if _met(summary) or allow_unconverged:
        return
    parts = ", ".join(f"{m:,.0f}" for m in summary["per_chain"])
    raise ConvergenceError(
        f"The chains have not met: R-hat {summary['rhat']:.3f}, {summary['ess']:,.0f} effective draws; their medians "
        f"are {parts}.",
        hint=f"Let them run longer ({hint}), or use another method: where chains stay apart, the table supports "
        "several answers.",
        details={
            "rhat": summary["rhat"],
            "ess_bulk": summary["ess_bulk"],
            "ess_tail": summary["ess_tail"],
            "medians": list(summary["per_chain"]),
            "modes": list(summary["modes"]),
        },
    )


def chain_checks(summary: Mapping[str, Any]) -> list[Check]:
    """Have the chains met, and do they support one answer or several?"""
    message = f"R-hat {summary['rhat']:.3f}, {summary['ess']:,.0f} effective draws of the population."
    if not _met(summary):
        message = f"The chains have not met ({message[:-1]}): another run may give another answer. Do not publish it."
    checks = [Check("convergence", summary["rhat"], _met(summary), message)]
    modes = summary["modes"]
    if len(modes) > 1:
        parts = " and ".join(f"{m['population']:,.0f} ({m['probability']:.0%})" for m in modes)
        checks.append(Check("several-modes", len(modes), False, f"The posterior has several peaks: {parts}."))
    return checks


def _met(summary: Mapping[str, Any]) -> bool:
    return Convergence(summary["rhat"], summary["ess_bulk"], summary["ess_tail"]).met
