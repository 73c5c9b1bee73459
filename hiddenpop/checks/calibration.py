"""Are the posteriors of a method right? Simulation-based calibration (Talts and others 2018, arXiv 1804.06788).

Parameters, population and table are drawn from the prior; the method is fitted with the same prior; if its draws are
draws from the posterior, the rank of the truth among them is uniform, for every quantity.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from hiddenpop.arrays import Counts, Floats
from hiddenpop.captures import build_table
from hiddenpop.checks.calibration_cases import CASES, possible_populations
from hiddenpop.errors import DataError, NotEstimableError, OptionError, SparseOverlapWarning, UnknownNameError
from hiddenpop.numerics.ranks import chi_square_p, ecdf_p, rank_truth
from hiddenpop.registry import estimate

FEWEST = 10


@dataclass(frozen=True, slots=True)
class Calibration:
    """Ranks of the truth among posterior draws, by quantity.

    `population` is N, and log N, whose rank is the same; `missed` is the chance to be on no list; `likelihood` that of
    the number of people seen, given both, which also sees posteriors that forget the data (Modrak and others 2023, doi
    10.1214/23-BA1404). A method may have more.

    Attributes
    ----------
    method : str
    simulations : tables drawn
    draws : posterior draws of each, so that ranks run from 0 to `draws`
    seed : int
    refused : tables that say nothing: nobody seen, nobody on two lists, or a list that nobody is on
    unconverged : fits whose check of convergence failed; their ranks count like all others
    ranks : quantity -> (simulations - refused,)
    chi_square, ecdf : quantity -> p-value of uniformity, by `numerics.ranks`
    """

    method: str
    simulations: int
    draws: int
    seed: int
    refused: int
    unconverged: int
    ranks: Mapping[str, Counts]
    chi_square: Mapping[str, float]
    ecdf: Mapping[str, float]


def calibrate(
    method: str,
    *,
    simulations: int,
    n_lists: int = 4,
    prior: str = "negbin(size=2,mean=500)",
    draws: int = 99,
    seed: int,
    workers: int = 1,
) -> Calibration:
    """Rank the truth among posterior draws of a method, over tables drawn from its own prior.

    Tables that the method refuses are left out: which they are depends on the data alone, and the rank is uniform for
    every set of data. Fits that have not converged are kept: whether chains met depends on the very draws that are
    ranked, so that leaving them out would bias the ranks, and would hide the tables on which a sampler fails.

    Parameters
    ----------
    method : a key of `calibration_cases.CASES`
    simulations : int, so many that at least 10 tables are not refused
    n_lists : int, 3 to 7
    prior : str
        Of the population, such as `negbin(size=2,mean=500)` or `1/N(max=2000)`: proper, with no more than a millionth
        of its probability beyond a million people.
    draws : int
        Draws kept of each posterior, far enough apart to be nearly independent.
    seed : int
        Every simulation has its own, so that results do not depend on `workers`.
    workers : int, processes of joblib

    Raises
    ------
    UnknownNameError
        If the method has no row in `CASES`.
    OptionError
        If the prior is improper or too wide, or too few tables can be used.

    Examples
    --------
    >>> found = calibrate("graphical", simulations=20, n_lists=3, seed=1)
    >>> found.refused, sorted(found.ranks), found.ranks["population"].size
    (0, ['likelihood', 'missed', 'population'], 20)
    """
    from joblib import Parallel, delayed

    if method not in CASES:
        raise UnknownNameError.among("method with a calibration", method, CASES)
    possible_populations(prior)
    work = partial(_simulate, method, n_lists, prior, draws)
    seeds = np.random.SeedSequence(seed).spawn(simulations)
    done = Parallel(n_jobs=workers)(delayed(work)(own) for own in seeds)
    fitted = [one for one in done if one is not None]
    if len(fitted) < FEWEST:
        raise OptionError(
            f"Only {len(fitted)} of {simulations} simulated tables can be used; {FEWEST} are needed.",
            hint="Use more simulations, or a prior of more people.",
        )
    ranks = {name: np.array([found[name] for found, _ in fitted]) for name in fitted[0][0]}
    return Calibration(
        method,
        simulations,
        draws,
        seed,
        simulations - len(fitted),
        sum(not met for _, met in fitted),
        ranks,
        {name: chi_square_p(values, draws) for name, values in ranks.items()},
        {name: ecdf_p(values, draws, np.random.default_rng(seed)) for name, values in ranks.items()},
    )


def _simulate(
    method: str, n_lists: int, prior: str, draws: int, seed: np.random.SeedSequence
) -> tuple[dict[str, int], bool] | None:
    """Ranks by quantity, and whether the chains met; None if the table is refused."""
    case, generator = CASES[method], np.random.default_rng(seed)
    drawn = case.draw(generator, n_lists, prior)
    names = [f"list_{j + 1}" for j in range(n_lists)]
    try:
        table = build_table(names, np.arange(1, drawn.counts.size), drawn.counts[1:], source="simulated")
        if table.n_lists < n_lists:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SparseOverlapWarning)
            found = estimate(table, method, prior=prior, seed=int(generator.integers(2**32)), **case.options)
    except (DataError, NotEstimableError):
        return None
    posterior = case.posterior(found, table, generator)
    chosen = np.linspace(0, posterior["population"].size - 1, draws).astype(int)
    truth = _with_likelihood({name: np.array(value) for name, value in drawn.truth.items()}, table.observed)
    kept = _with_likelihood({name: posterior[name][chosen] for name in drawn.truth}, table.observed)
    ranks = {name: rank_truth(kept[name], float(value), generator) for name, value in truth.items()}
    return ranks, all(check.passed is not False for check in found.checks if check.name == "convergence")


def _with_likelihood(values: Mapping[str, Floats], observed: int) -> dict[str, Floats]:
    """The binomial log-likelihood of the people seen beside the other quantities."""
    from scipy.special import gammaln, xlog1py, xlogy

    population, missed = values["population"], values["missed"]
    hidden = population - observed
    ways = gammaln(population + 1.0) - gammaln(hidden + 1.0)
    return {**values, "likelihood": ways + xlogy(hidden, missed) + xlog1py(observed, -missed)}
