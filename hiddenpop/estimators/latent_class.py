"""Latent classes: people differ in how easily each list finds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from hiddenpop.captures import CaptureTable
from hiddenpop.errors import ConvergenceError, NotEstimableError, OptionError
from hiddenpop.numerics.convergence import Convergence
from hiddenpop.numerics.intervals import QUANTILES
from hiddenpop.numerics.priors import read_conjugate
from hiddenpop.options import check_draws
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval

if TYPE_CHECKING:
    from hiddenpop.numerics.latent_chains import Chains

MOST_CLASSES = 50


@dataclass(frozen=True, slots=True)
class LatentClassFit:
    """What the chains say.

    Attributes
    ----------
    mean : of the population
    quantiles : share -> population
    modes : peaks of the draws, each `population, probability`; more than one: several answers
    per_chain : median of the population in each chain
    rhat, ess_bulk, ess_tail : of the population, over all chains
    thin : sweeps between two draws
    exchanged : smallest share of exchanges made between neighbouring rungs of a ladder
    alpha, missed : posterior means of alpha and of the chance to be on no list
    above_floor : `floor, population, low, high`: people whose chance to be on any list is at least the floor
    """

    mean: float
    quantiles: Mapping[str, float]
    modes: tuple[Mapping[str, float], ...]
    per_chain: tuple[float, ...]
    rhat: float
    ess_bulk: float
    ess_tail: float
    thin: int
    exchanged: float
    alpha: float
    missed: float
    above_floor: Mapping[str, float]


@register(
    "latent-class",
    summary="Dirichlet-process mixture of classes of people who differ in how lists find them",
    family="Bayesian",
    lists=(3, None),
    sampling=True,
    reference="Manrique-Vallier (2016) Biometrics 72:1246, doi 10.1111/biom.12502",
)
def latent_class(
    table: CaptureTable,
    *,
    classes: int = 10,
    a: float = 0.25,
    b: float = 0.25,
    alpha_prior: Literal["gamma", "lognormal"] = "gamma",
    prior: str = "1/N",
    floor: float = 0.02,
    chains: int = 4,
    draws: int = 1000,
    warmup: int = 4000,
    thin: int = 4,
    most_thin: int = 160,
    allow_unconverged: bool = False,
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate a population whose people fall into unknown classes, within which lists find them independently.

    Use when people differ in how easily they are found, with three lists or many (30 are no trouble). Do not use
    where lists refer people to one another: that is dependence between lists, not a difference between people.

    Parameters
    ----------
    table : CaptureTable
        3 lists or more.
    classes : int, 2 to 50
        Largest number of classes; the data use as many as they need.
    a, b : float
        Prior of alpha, which says how many classes to expect: Gamma(shape a, rate b); or with
        `alpha_prior="lognormal"` the mean and standard deviation of its logarithm.
    alpha_prior : `gamma` or `lognormal`
    prior : str
        Of the population: `1/N`, `flat`, either with a largest N as in `1/N(max=100000)`, or
        `negbin(size=2,mean=20000)`.
    floor : float in [0, 1]
        `fit.above_floor` counts the people who had at least this chance to be on any list.
    chains : int, 2 to 100
        Every second one starts with all people in one class, the others anywhere.
    draws : int, 100 to 100,000, of each chain
    warmup : int, sweeps
    thin, most_thin : int, sweeps
        Sweeps between two draws; while the chains have not met, drawn anew with twice as many, up to `most_thin`.
    allow_unconverged : bool
        True returns what the chains drew although they have not met; a failed check says so.
    level : float in (0, 1)
    seed : int, optional
        None draws fresh entropy and records it.

    Returns
    -------
    Estimate
        `population` is the posterior median; `fit` is a `LatentClassFit`; `draws` has all chains, one after another.

    Raises
    ------
    NotEstimableError
        If nobody is on two lists: the answer would be the prior's.
    ConvergenceError
        If R-hat of the population is above 1.01, or fewer than 400 draws are effective.
    OptionError
        If an option is out of range.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    Class k holds the share nu_k of the population, by sticks `V_k ~ Beta(1, alpha)`; its people are on list j with
    probability `lambda_jk ~ Beta(1, 1)`.

    - Assumptions: closed population; perfect matching; independent lists within a class.
    - Interval: equal-tailed quantiles of the draws of N.
    - Computation: blocked Gibbs sampler in compiled code, sticks on the log scale. Each chain exchanges states with
      others that see fewer of the people, so that it leaves small modes. The answer does not depend on the number of
      processors.

    References
    ----------
    Manrique-Vallier (2016), doi 10.1111/biom.12502. Dunson and Xing (2009), doi 10.1198/jasa.2009.tm08439.
    Papaspiliopoulos and Roberts (2008), doi 10.1093/biomet/asm086. Geyer (1991), Computing Science and Statistics
    23:156 (exchange).

    Examples
    --------
    >>> import hiddenpop as hp
    >>> est = hp.latent_class(hp.load("korea"), seed=1)
    >>> est.observed < est.interval.low < est.population < est.interval.high, est.fit.rhat < 1.01
    (True, True)

    *Checked against*: quantiles of LCMCR 0.4.14 in tests/reference/latent_class.csv; exact distributions of every draw
    in tests/numerics/test_latent_class.py.
    """
    from hiddenpop.numerics.latent_chains import ChainOptions, build_people, run_chains
    from hiddenpop.numerics.latent_draws import Priors

    _check_options(classes, a, b, alpha_prior, floor, chains, warmup, thin, most_thin)
    check_draws(draws)
    extra, odds, most = read_conjugate(prior)
    if table.repeated == 0:
        raise NotEstimableError(
            "Nobody is on two lists: any answer would repeat the prior, not the data.",
            hint="Check how records are matched.",
            terms=["intercept"],
        )
    n = table.observed
    if most < n:
        raise OptionError(f"prior={prior!r}: max is below the {n:,} people seen.", hint="Give a larger max.")
    names = sorted(name for name in table.lists if table.members(name))
    kept = table.keep(*names).reorder(*names)
    people = build_people(kept.histories, kept.counts, kept.n_lists)
    priors = Priors(a, b, alpha_prior == "lognormal", extra, odds, most - n)
    options = ChainOptions(classes, priors, chains, draws, warmup, thin, most_thin, (floor,))
    found = run_chains(people, kept.n_lists, options, np.random.SeedSequence(seed), lambda met: met.met)
    if not (found.convergence.met or allow_unconverged):
        raise _not_met(found, n)
    population = n + found.hidden
    tail = (1.0 - level) / 2.0
    low, middle, high = np.quantile(population, [tail, 0.5, 1.0 - tail])
    record = _summarise(found, n, floor, tail)
    return Estimate(
        "latent-class",
        float(middle),
        Interval(float(low), float(high), level, "credible"),
        n,
        tuple(_checks(record, found.convergence)),
        draws=population.ravel(),
        fit=record,
    )


def _check_options(
    classes: int, a: float, b: float, kind: str, floor: float, chains: int, warmup: int, thin: int, most_thin: int
) -> None:
    """Refuse options out of range."""
    faults = {
        f"classes={classes} is not between 2 and {MOST_CLASSES}.": not 2 <= classes <= MOST_CLASSES,
        f"a={a}, b={b}: both must be positive numbers.": not 0.0 < b < np.inf or not abs(a) < np.inf,
        f"a={a} must be positive with a gamma prior.": kind == "gamma" and not a > 0.0,
        f"floor={floor} is not between 0 and 1.": not 0.0 <= floor <= 1.0,
        f"chains={chains} is not between 2 and 100.": not 2 <= chains <= 100,
        f"warmup={warmup} is not between 0 and 10,000,000.": not 0 <= warmup <= 10_000_000,
        f"thin={thin} is not between 1 and most_thin={most_thin}.": not 1 <= thin <= most_thin,
    }
    for message, wrong in faults.items():
        if wrong:
            raise OptionError(message, hint="Leave it out to use the default.")


def _not_met(found: Chains, n: int) -> ConvergenceError:
    met, medians = found.convergence, n + np.median(found.hidden, axis=1)
    parts = ", ".join(f"{m:,.0f}" for m in medians)
    return ConvergenceError(
        f"The chains have not met: R-hat {met.rhat:.3f}, {min(met.ess_bulk, met.ess_tail):,.0f} effective draws; their "
        f"medians are {parts}.",
        hint=f"Let them run longer (most_thin={4 * found.thin}, warmup), or use another method: where chains stay "
        "apart, the table supports several answers.",
        details={
            "rhat": met.rhat,
            "ess_bulk": met.ess_bulk,
            "ess_tail": met.ess_tail,
            "medians": medians.tolist(),
            "modes": _modes(found, n),
        },
    )


def _modes(found: Chains, n: int) -> list[dict[str, float]]:
    from hiddenpop.numerics.latent_chains import find_modes

    return [{"population": m, "probability": share} for m, share in find_modes((n + found.hidden).ravel())]


def _summarise(found: Chains, n: int, floor: float, tail: float) -> LatentClassFit:
    population, met = n + found.hidden, found.convergence
    low, middle, high = np.quantile(found.above, [tail, 0.5, 1.0 - tail])
    values: dict[str, Any] = {
        "mean": float(population.mean()),
        "quantiles": {f"{q:g}": float(np.quantile(population, q)) for q in QUANTILES},
        "modes": tuple(_modes(found, n)),
        "per_chain": tuple(np.median(population, axis=1).tolist()),
        "alpha": float(found.alpha.mean()),
        "missed": float((1.0 - found.found).mean()),
        "above_floor": {"floor": floor, "population": float(middle), "low": float(low), "high": float(high)},
    }
    return LatentClassFit(
        **values,
        rhat=met.rhat,
        ess_bulk=met.ess_bulk,
        ess_tail=met.ess_tail,
        thin=found.thin,
        exchanged=found.exchanged,
    )


def _checks(record: LatentClassFit, met: Convergence) -> list[Check]:
    """What makes the posterior doubtful."""
    least = min(met.ess_bulk, met.ess_tail)
    message = f"R-hat {met.rhat:.3f}, {least:,.0f} effective draws of the population."
    if not met.met:
        message = f"The chains have not met ({message[:-1]}): another run may give another answer. Do not publish it."
    checks = [Check("convergence", met.rhat, met.met, message)]
    if len(record.modes) > 1:
        parts = " and ".join(f"{m['population']:,.0f} ({m['probability']:.0%})" for m in record.modes)
        checks.append(Check("several-modes", len(record.modes), False, f"The posterior has several peaks: {parts}."))
    return checks
