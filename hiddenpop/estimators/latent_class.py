"""Latent classes: people differ in how easily each list finds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np

from hiddenpop.arrays import Counts
from hiddenpop.banded import BandedTable
from hiddenpop.captures import CaptureTable
from hiddenpop.chains import Trace, chain_checks, check_met, check_sampling, credible, summarise_population
from hiddenpop.errors import NotEstimableError, OptionError
from hiddenpop.numerics.priors import read_conjugate
from hiddenpop.progress import progress
from hiddenpop.registry import register
from hiddenpop.result import UNWRITTEN, Estimate
from hiddenpop.saved import open_saved

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
    rhat, ess_bulk, ess_tail, ess : of the population, over all chains; `ess` is the smaller of the two
    thin : sweeps between two draws
    exchanged : smallest share of exchanges made between neighbouring rungs of a ladder
    alpha, missed : posterior means of alpha and of the chance to be on no list
    above_floor : `floor, population, low, high`: people whose chance to be on any list is at least the floor
    trace : the draws; not written to JSON
    """

    mean: float
    quantiles: Mapping[str, float]
    modes: tuple[Mapping[str, float], ...]
    per_chain: tuple[float, ...]
    rhat: float
    ess_bulk: float
    ess_tail: float
    ess: float
    thin: int
    exchanged: float
    alpha: float
    missed: float
    above_floor: Mapping[str, float]
    trace: Trace = field(metadata=UNWRITTEN)


@register(
    "latent-class",
    summary="Dirichlet-process mixture of classes of people who differ in how lists find them",
    family="Bayesian",
    lists=(3, None),
    sampling=True,
    reference="Manrique-Vallier (2016) Biometrics 72:1246, doi 10.1111/biom.12502",
    takes=(CaptureTable, BandedTable),
)
def latent_class(
    table: CaptureTable | BandedTable,
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
    resume: str | None = None,
    allow_unconverged: bool = False,
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate a population whose people fall into unknown classes, within which lists find them independently.

    Use when people differ in how easily they are found, with three lists or many (30 are no trouble). Do not use
    where lists refer people to one another: that is dependence between lists, not a difference between people.

    Parameters
    ----------
    table : CaptureTable or BandedTable
        3 lists or more; ten at most if counts are known up to bands, which are then drawn like everything else.
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
    resume : str, optional
        A folder in which the chains are kept as they run; an interrupted run goes on from there.
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

    _check_options(classes, a, b, alpha_prior, floor, thin, most_thin)
    check_sampling(chains, draws, warmup)
    extra, odds, most = read_conjugate(prior)
    if table.repeated == 0:
        raise NotEstimableError(
            "Nobody is on two lists: any answer would repeat the prior, not the data.",
            hint="Check how records are matched.",
            terms=["intercept"],
        )
    n = int(table.high.sum()) if isinstance(table, BandedTable) else table.observed
    if most < n:
        raise OptionError(f"prior={prior!r}: max is below the {n:,} people seen.", hint="Give a larger max.")
    kept, low, high = _in_order(table)
    counts = (low + high) // 2  # where chains begin; counts that are known stay
    people = build_people(kept.histories, counts, kept.n_lists)
    priors = Priors(a, b, alpha_prior == "lognormal", extra, odds, most - n)
    options = ChainOptions(classes, priors, chains, draws, warmup, thin, most_thin, (floor,))
    question = asdict(options) | {"seed": seed, "most": str(most), "table": table.digest}
    saved = open_saved(resume, "latent-class", kept.digest, question)
    with progress("latent-class") as tick:
        seeds = np.random.SeedSequence(seed)
        found = run_chains(people, kept.n_lists, options, seeds, lambda met: met.met, tick, saved, (low, high))
    population = counts.sum() + found.hidden
    summary = summarise_population(population)
    check_met(summary, f"most_thin={4 * found.thin}, warmup", allow_unconverged=allow_unconverged)
    above, limits_above = credible(found.above, level)
    record = LatentClassFit(
        **summary,
        thin=found.thin,
        exchanged=found.exchanged,
        alpha=float(found.alpha.mean()),
        missed=float((1.0 - found.found).mean()),
        above_floor={"floor": floor, "population": above, "low": limits_above.low, "high": limits_above.high or above},
        trace=Trace({"population": population, "alpha": found.alpha, "missed": 1.0 - found.found}),
    )
    middle, limits = credible(population, level)
    checks = tuple(chain_checks(summary))
    return Estimate("latent-class", middle, limits, table.observed, checks, draws=population.ravel(), fit=record)


def _in_order(table: CaptureTable | BandedTable) -> tuple[CaptureTable | BandedTable, Counts, Counts]:
    """The lists that somebody is on, in alphabetical order, so that the order given changes nothing; least and most."""
    if isinstance(table, BandedTable):
        table.limits()
        kept = table.reorder(*sorted(table.lists))
        return kept, kept.low, kept.high
    names = sorted(name for name in table.lists if table.members(name))
    exact = table.keep(*names).reorder(*names)
    return exact, exact.counts, exact.counts


def _check_options(classes: int, a: float, b: float, kind: str, floor: float, thin: int, most_thin: int) -> None:
    """Refuse options out of range."""
    faults = {
        f"classes={classes} is not between 2 and {MOST_CLASSES}.": not 2 <= classes <= MOST_CLASSES,
        f"a={a}, b={b}: both must be positive numbers.": not 0.0 < b < np.inf or not abs(a) < np.inf,
        f"a={a} must be positive with a gamma prior.": kind == "gamma" and not a > 0.0,
        f"floor={floor} is not between 0 and 1.": not 0.0 <= floor <= 1.0,
        f"thin={thin} is not between 1 and most_thin={most_thin}.": not 1 <= thin <= most_thin,
    }
    for message, wrong in faults.items():
        if wrong:
            raise OptionError(message, hint="Leave it out to use the default.")
