"""Bayesian thresholding: interactions that their posterior does not separate from zero are taken out, then refitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hiddenpop.arrays import members
from hiddenpop.captures import CaptureTable
from hiddenpop.chains import Trace, chain_checks, check_sampling, credible, divergence_check, summarise_population
from hiddenpop.errors import NotEstimableError, OptionError
from hiddenpop.numerics.terms import term_name, write_model
from hiddenpop.registry import register
from hiddenpop.result import UNWRITTEN, Check, Estimate
from hiddenpop.saved import open_saved

NEAR = 0.25  # a ratio so near the threshold might fall on its other side with other people


@dataclass(frozen=True, slots=True)
class BayesThresholdFit:
    """What was kept, and what the chains of the last fit say.

    Attributes
    ----------
    mean, quantiles, modes, per_chain : of the population
    rhat, ess_bulk, ess_tail, ess : of the population, over all chains; `ess` is the smaller of the two
    divergences : steps of the sampler that went astray, in all fits
    model : bracket text of the model refitted, over positions
    retained : interactions that were kept
    ratios : interaction -> |posterior mean| / posterior standard deviation, in the fit in which it was judged
    minus_infinity : interactions of lists that share nobody: their coefficient is minus infinity, and they are kept
    order : most lists in a term; below `max_order` where no interaction of so many was eligible
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
    model: str
    retained: tuple[str, ...]
    ratios: Mapping[str, float]
    minus_infinity: tuple[str, ...]
    order: int
    trace: Trace = field(metadata=UNWRITTEN)


@register(
    "bayes-threshold",
    summary="Interactions whose posterior is not separated from zero are taken out, and the rest refitted",
    family="Bayesian",
    lists=(3, 10),
    sampling=True,
    extra="bayes",
    reference="Silverman (2020) JRSS A 183:691, doi 10.1111/rssa.12505",
)
def bayes_threshold(
    table: CaptureTable,
    *,
    prior_sd: float = 1.0,
    threshold: float = 2.0,
    max_order: int = 2,
    chains: int = 4,
    draws: int = 1000,
    warmup: int = 500,
    sampler: Literal["pymc", "nutpie"] = "pymc",
    resume: str | None = None,
    allow_unconverged: bool = False,
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate a population from a log-linear model of the interactions that a Bayesian fit of all of them keeps.

    Use when a published analysis of this kind is to be repeated or compared. Do not use for a headline: the choice of
    interactions is not part of the interval, and weak dependence of all lists is taken out one by one.

    Parameters
    ----------
    table : CaptureTable
        3 to 10 lists.
    prior_sd : float, above 0
        Prior standard deviation of the interactions; `inf` is a flat prior, as main effects have.
    threshold : float, 0 or more
        An interaction is kept if |posterior mean| / posterior standard deviation is at least this.
    max_order : int, 2 or 3
        With 3, interactions of three lists whose three pairs were kept are judged too.
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
        `population` is the posterior median; `fit` is a `BayesThresholdFit`; `draws` has all chains, one after another.

    Raises
    ------
    NotEstimableError
        If nobody is on two lists, or under a flat prior the posterior does not exist.
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
    Poisson counts with `log mu(x) = sum of beta_A over terms A of lists in x`; N = n + exp(intercept) in each draw, as
    published: the interval leaves out the Poisson variation of the hidden people themselves.

    - Assumptions: closed population; perfect matching; everybody alike; the interactions kept are all there are.
    - Interval: equal-tailed quantiles of the draws of N from the last fit.
    - Computation: the intercept is drawn exactly given the other coefficients, which the No-U-Turn sampler draws.

    References
    ----------
    Silverman (2020), doi 10.1111/rssa.12505. Fienberg and Rinaldo (2012), doi 10.1214/12-AOS986 (existence).

    Examples
    --------
    >>> import hiddenpop as hp
    >>> est = hp.bayes_threshold(hp.load("kosovo_1999"), seed=1)  # doctest: +SKIP
    >>> print(est)  # doctest: +SKIP
    13,969 people (95% credible 12,187 to 16,356); 9,569 on no list

    *Checked against*: numbers printed by Silverman (2020), in tests/reference/bayes_threshold.csv.
    """
    from hiddenpop.bayes.sampling import SamplerOptions
    from hiddenpop.bayes.threshold import Fitter, choose_interactions

    _check_options(prior_sd, threshold, max_order, table.n_lists)
    check_sampling(chains, draws, warmup)
    if table.repeated == 0:
        raise NotEstimableError(
            "Nobody is on two lists: any answer would repeat the prior, not the data.",
            hint="Check how records are matched.",
            terms=["intercept"],
        )
    kept = table.keep(*(name for name in table.lists if table.members(name)))
    kept = kept.reorder(*sorted(kept.lists))
    question = {"sd": prior_sd, "draws": draws, "warmup": warmup, "sampler": sampler, "seed": seed}
    saved = open_saved(resume, "bayes-threshold", kept.digest, question)
    options = SamplerOptions(chains, draws, warmup, sampler=sampler, saved=saved)
    fitter = Fitter(kept, prior_sd, options, seed or 0, allow_unconverged)
    found = choose_interactions(fitter, threshold, max_order)
    population = found.last.population
    summary = summarise_population(population)
    every = [*(1 << i for i in range(kept.n_lists)), *found.kept]
    back = [table.lists.index(name) for name in kept.lists]
    record = BayesThresholdFit(
        **summary,
        divergences=found.divergences,
        model=write_model([0, *(sum(1 << back[i] for i in members(t)) for t in every)], table.places),
        retained=tuple(term_name(t, kept.lists) for t in found.kept),
        ratios={term_name(t, kept.lists): ratio for t, ratio in found.ratios.items()},
        minus_infinity=tuple(term_name(t, kept.lists) for t in found.last.empty),
        order=max(t.bit_count() for t in every),
        trace=Trace(
            {"population": population, "coefficients": found.last.beta},
            {"coefficients": ("term",)},
            {"term": tuple(term_name(t, kept.lists) for t in found.last.terms)},
        ),
    )
    middle, limits = credible(population, level)
    checks = (*chain_checks(summary), *_checks(record, threshold, max_order))
    return Estimate("bayes-threshold", middle, limits, table.observed, checks, draws=population.ravel(), fit=record)


def _check_options(prior_sd: float, threshold: float, max_order: int, n_lists: int) -> None:
    """Refuse options out of range."""
    if not prior_sd > 0.0:
        raise OptionError(f"prior_sd={prior_sd} is not above 0.", hint="Use 1, or inf for a flat prior.")
    if not threshold >= 0.0:
        raise OptionError(f"threshold={threshold} is not 0 or more.", hint="Use 2.")
    if max_order not in (2, 3) or max_order >= n_lists:
        raise OptionError(
            f"max_order={max_order} is not 2 or 3, below the {n_lists} lists of the table.", hint="Use 2 for pairs."
        )


def _checks(record: BayesThresholdFit, threshold: float, max_order: int) -> list[Check]:
    """What makes the choice doubtful."""
    checks = [divergence_check(record.divergences)]
    near = {name: r for name, r in record.ratios.items() if abs(r - threshold) < NEAR}
    parts = ", ".join(f"{name} {ratio:.2f}" for name, ratio in near.items())
    message = f"No ratio is within {NEAR} of the threshold {threshold:g}."
    if near:
        message = f"Ratios near the threshold {threshold:g}: {parts}. Other people might have tipped the choice."
    checks.append(Check("knife-edge", len(near), not near, message))
    if record.order < max_order:
        message = "No interaction of three lists was kept: none was eligible and estimable, or none was large enough."
        checks.append(Check("order-reached", record.order, None, message))
    return checks
