"""A log-linear model with weakly informative priors: dependences are neither left out nor left free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.captures import CaptureTable
from hiddenpop.chains import (
    Trace,
    chain_checks,
    check_met,
    check_sampling,
    credible,
    divergence_check,
    summarise_population,
)
from hiddenpop.errors import NotEstimableError, OptionError
from hiddenpop.numerics.draws import overlap_share
from hiddenpop.numerics.loglinear_posterior import (
    MAIN_MEAN,
    MAIN_SD,
    LoglinearPosterior,
    build_design,
    build_terms,
    count_cells,
    draw_hidden_people,
    log_found,
    possible_histories,
)
from hiddenpop.numerics.priors import read_conjugate
from hiddenpop.numerics.terms import term_name
from hiddenpop.registry import register
from hiddenpop.result import UNWRITTEN, Check, Estimate
from hiddenpop.saved import open_saved

MOST_OVERLAP = 0.35  # Garrett and Zeger (2000), doi 10.1111/j.0006-341x.2000.01055.x: more is weak identification
PRIOR_DRAWS = 4000


@dataclass(frozen=True, slots=True)
class LoglinearBayesFit:
    """What the chains say.

    Attributes
    ----------
    mean, quantiles, modes, per_chain : of the population
    rhat, ess_bulk, ess_tail, ess : of the population, over all chains; `ess` is the smaller of the two
    divergences : steps of the sampler that went astray
    interactions : term -> `mean, sd, low, high` of the coefficient, which for a pair is the log odds ratio among people
        on no other list, and `positive`, the probability that it is above zero
    missed : posterior mean of the chance to be on no list
    prior : `median, low, high` of the population knowing only how many people were seen
    overlap : share of prior and posterior of log n0 that lies in both, 0 to 1
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
    divergences: int
    interactions: Mapping[str, Mapping[str, float]]
    missed: float
    prior: Mapping[str, float]
    overlap: float
    trace: Trace = field(metadata=UNWRITTEN)


@register(
    "loglinear-bayes",
    summary="All pairwise interactions under weakly informative priors, by the No-U-Turn sampler",
    family="Bayesian",
    lists=(3, 10),
    sampling=True,
    extra="bayes",
    reference="Forster (2010) Statistical Methodology 7:210, doi 10.1016/j.stamet.2009.12.004",
)
def loglinear_bayes(
    table: CaptureTable,
    *,
    max_order: int = 2,
    interaction_sd: float = 1.5,
    prior: str = "1/N",
    chains: int = 4,
    draws: int = 1000,
    warmup: int = 500,
    sampler: Literal["pymc", "nutpie"] = "pymc",
    resume: str | None = None,
    allow_unconverged: bool = False,
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate a population from a log-linear model in which every pair of lists may depend on one another.

    Use when nobody can say which lists depend on one another, or tables are so sparse that the maximum-likelihood
    estimate does not exist. Do not use when people differ much in how easily they are found, which is dependence of
    every order.

    Parameters
    ----------
    table : CaptureTable
        3 to 10 lists.
    max_order : int, 2 or 3
        Most lists in an interaction; fewer than the table has.
    interaction_sd : float, above 0
        Prior standard deviation of every interaction: with 1.5, odds ratios of 1/19 to 19 are expected.
    prior : str
        Of the population: `1/N`, `flat`, either with a largest N as in `1/N(max=100000)`, or
        `negbin(size=2,mean=20000)`.
    chains : int, 2 to 100
    draws : int, 100 to 100,000, of each chain
    warmup : int, 100 or more, steps of each chain that are thrown away
    sampler : `pymc` or `nutpie`
        The second must be installed; it has other random numbers, so other Monte Carlo error.
    resume : str, optional
        A folder in which finished chains are kept; an interrupted run goes on from there.
    allow_unconverged : bool
        True returns what the chains drew although they have not met; a failed check says so.
    level : float in (0, 1)
    seed : int, optional
        None draws fresh entropy and records it.

    Returns
    -------
    Estimate
        `population` is the posterior median; `fit` is a `LoglinearBayesFit`; `draws` has all chains, one after another.

    Raises
    ------
    NotEstimableError
        If nobody is on two lists: the answer would be the prior's.
    ConvergenceError
        If R-hat of the population is above 1.01, or fewer than 400 draws are effective.
    MissingExtraError
        If PyMC is not installed.
    OptionError
        If an option is out of range.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    A person has history x with probability proportional to `exp(sum of beta_A over terms A of lists in x)`. The main
    effect of a list is its log odds among people on no other list, `Normal(-2, 3)`; interactions are
    `Normal(0, interaction_sd)`.

    - Assumptions: closed population; perfect matching; everybody alike; no interaction above `max_order`.
    - Interval: equal-tailed quantiles of the draws of N.
    - Computation: hidden people are summed out and drawn exactly, as negative binomial numbers, given the coefficients,
      which are sampled in coordinates in which their posterior is nearly round. `fit.overlap` compares the posterior
      with what would be said of N if only the number of people seen were known.

    References
    ----------
    Forster (2010), doi 10.1016/j.stamet.2009.12.004. Hoffman and Gelman (2014), JMLR 15:1593. Garrett and Zeger (2000),
    doi 10.1111/j.0006-341x.2000.01055.x (overlap of prior and posterior).

    Examples
    --------
    >>> import hiddenpop as hp
    >>> est = hp.loglinear_bayes(hp.load("kosovo_1999"), seed=1)  # doctest: +SKIP
    >>> print(est)  # doctest: +SKIP
    14,183 people (95% credible 12,373 to 16,353); 9,783 on no list

    *Checked against*: sums over a grid of coefficients in tests/estimators/test_loglinear_bayes.py; simulation-based
    calibration in analyses/calibration.
    """
    from hiddenpop.bayes.loglinear import sample_loglinear
    from hiddenpop.bayes.sampling import SamplerOptions

    _check_options(max_order, table.n_lists, interaction_sd)
    check_sampling(chains, draws, warmup)
    extra, odds, most = read_conjugate(prior)
    n = table.observed
    if table.repeated == 0:
        raise NotEstimableError(
            "Nobody is on two lists: any answer would repeat the prior, not the data.",
            hint="Check how records are matched.",
            terms=["intercept"],
        )
    if most < n:
        raise OptionError(f"prior={prior!r}: max is below the {n:,} people seen.", hint="Give a larger max.")
    kept = table.keep(*(name for name in table.lists if table.members(name)))
    names = sorted(kept.lists)
    kept = kept.reorder(*names)
    terms = build_terms(kept.n_lists, max_order)
    main = np.arange(terms.size) < kept.n_lists
    cells = possible_histories(kept.n_lists)
    posed = LoglinearPosterior(
        build_design(cells, terms),
        count_cells(cells, kept.histories, kept.counts),
        np.where(main, MAIN_MEAN, 0.0),
        np.where(main, MAIN_SD, interaction_sd) ** -2.0,
        extra,
        odds,
        most - n,
    )
    question = {"max_order": max_order, "sd": interaction_sd, "prior": prior, "draws": draws, "warmup": warmup}
    saved = open_saved(resume, "loglinear-bayes", kept.digest, question | {"sampler": sampler, "seed": seed})
    for_chains, for_hidden, for_prior = np.random.SeedSequence(seed).spawn(3)
    options = SamplerOptions(chains, draws, warmup, sampler=sampler, saved=saved, label="loglinear-bayes")
    beta, divergences = sample_loglinear(posed, options, for_chains)
    found = log_found(posed.design, beta)
    generator = np.random.default_rng(for_hidden)
    population = n + draw_hidden_people(generator, float(n), found, extra, odds, posed.most)
    summary = summarise_population(population)
    check_met(summary, f"warmup={4 * warmup}, draws={4 * draws}", allow_unconverged=allow_unconverged)
    before = n + _draw_prior(posed, float(n), np.random.default_rng(for_prior))
    middle, limits = credible(population, level)
    expected, range_before = credible(before, level)
    interactions = [term_name(int(t), kept.lists) for t in terms[~main]]
    record = LoglinearBayesFit(
        **summary,
        divergences=divergences,
        interactions=_describe(interactions, beta[..., ~main], level),
        missed=float((1.0 / (1.0 + np.exp(found))).mean()),
        prior={"median": expected, "low": range_before.low, "high": range_before.high or expected},
        overlap=overlap_share(np.log(before - n + 1.0), np.log(population.ravel() - n + 1.0)),
        trace=Trace(
            {"population": population, "missed": 1.0 / (1.0 + np.exp(found)), "interactions": beta[..., ~main],
             "main_effects": beta[..., main]},
            {"interactions": ("term",), "main_effects": ("list",)},
            {"term": tuple(interactions), "list": kept.lists},
        ),
    )  # fmt: skip
    checks = (*chain_checks(summary), *_checks(record))
    return Estimate("loglinear-bayes", middle, limits, n, checks, draws=population.ravel(), fit=record)


def _check_options(max_order: int, n_lists: int, interaction_sd: float) -> None:
    """Refuse options out of range."""
    if max_order not in (2, 3) or max_order >= n_lists:
        raise OptionError(
            f"max_order={max_order} is not 2 or 3, below the {n_lists} lists of the table.", hint="Use 2 for pairs."
        )
    if not 0.0 < interaction_sd < np.inf:
        raise OptionError(f"interaction_sd={interaction_sd} is not a positive number.", hint="Use 1.5.")


def _draw_prior(posed: LoglinearPosterior, n: float, generator: np.random.Generator) -> Floats:
    """Hidden people if only the number of people seen were known: coefficients from their prior, weighted by p(n)."""
    shape = (PRIOR_DRAWS, posed.mean.size)
    beta = posed.mean + generator.standard_normal(shape) / np.sqrt(posed.precision)
    found = log_found(posed.design, beta)
    reached = np.logaddexp(found, np.log1p(-posed.odds)) if posed.odds < 1.0 else found
    weight = n * found + posed.extra * np.logaddexp(0.0, found) - (n + posed.extra) * reached
    weight = np.exp(weight - weight.max())
    chosen = generator.choice(PRIOR_DRAWS, PRIOR_DRAWS, p=weight / weight.sum())
    return draw_hidden_people(generator, n, found[chosen], posed.extra, posed.odds, posed.most)


def _describe(names: list[str], draws: Floats, level: float) -> dict[str, dict[str, float]]:
    tail = (1.0 - level) / 2.0
    flat = draws.reshape(-1, len(names))
    low, high = np.quantile(flat, [tail, 1.0 - tail], axis=0)
    columns = {"mean": flat.mean(axis=0), "sd": flat.std(axis=0), "low": low, "high": high}
    columns["positive"] = (flat > 0.0).mean(axis=0)
    return {name: {key: float(values[i]) for key, values in columns.items()} for i, name in enumerate(names)}


def _checks(record: LoglinearBayesFit) -> list[Check]:
    """What makes the posterior doubtful."""
    share = record.overlap
    message = f"The posterior of the hidden people overlaps with what the prior says by {share:.0%}"
    message += ": the data add little to the prior. Do not publish it." if share > MOST_OVERLAP else "."
    return [
        divergence_check(record.divergences),
        Check("prior-overlap", round(share, 3), share <= MOST_OVERLAP, message),
    ]
