"""Bayesian average over decomposable graphs of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hiddenpop.captures import CaptureTable
from hiddenpop.errors import ConvergenceError, NotEstimableError, OptionError
from hiddenpop.numerics.convergence import Convergence
from hiddenpop.numerics.graph_summary import GraphicalFit, summarise
from hiddenpop.numerics.hidden_grid import LARGEST
from hiddenpop.numerics.priors import FrozenPrior, read_prior
from hiddenpop.options import check_draws
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval

if TYPE_CHECKING:
    from hiddenpop.numerics.graph_average import GraphOptions, GraphResult

MOST_LISTS = 10
MUCH_SATURATED = 0.15
CUT = 1e-3
HEAVY = 0.05
SENSITIVE = 1.5


@register(
    "graphical",
    summary="Bayesian average over decomposable graphs of lists",
    family="Bayesian",
    lists=(2, MOST_LISTS),
    reference="Madigan & York (1997) Biometrika 84:19, doi 10.1093/biomet/84.1.19",
)
def graphical(
    table: CaptureTable,
    *,
    delta: float | None = None,
    prior: str | FrozenPrior = "1/N",
    edge_probability: float = 0.5,
    saturated: bool = True,
    max_hidden: int | None = None,
    grid_step: int = 1,
    chains: int = 4,
    steps: int = 20_000,
    draws: int = 4000,
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate a population by averaging all decomposable graphs of dependence between lists.

    Use when lists may depend on one another in ways that are not known. Do not use where capture differs much between
    people, or with a large `delta`: it counts as people seen, and a delta of 0.5 with five lists turns 2,744 known
    people into 2,856.

    Parameters
    ----------
    table : CaptureTable
        2 to 10 lists. All graphs are averaged up to 7 lists (617,675); from 8 on chains walk over them.
    delta : float > 0, people, optional
        Prior count of every history; 2**-K if None, so that all histories together count as one person.
    prior : str or frozen distribution
        Of the population: `1/N`, `flat`, either with a largest N as in `1/N(max=100000)`; elicited,
        `lognormal(median=20000,upper=50000)`, where N exceeds `upper` with probability .05;
        `negbin(size=2,mean=20000)`; or a frozen distribution of scipy.stats.
    edge_probability : float in (0, 1)
        Prior probability that two lists depend on each other directly; 0.5 has all graphs alike.
    saturated : bool
        False leaves out the graph in which all lists depend on one another, which says nothing about hidden people.
    max_hidden : int, people, optional
        Look at 1 to so many hidden people, every `grid_step`; None: from 0 to ten billion, on a grid that is fine
        where the probability is.
    grid_step : int, people
        With `max_hidden` only.
    chains, steps : int
        For 8 to 10 lists: chains, and steps kept of each.
    draws : int, 100 to 100,000
        Values of the population drawn from the posterior. Estimate and limits do not depend on their number.
    level : float in (0, 1)
    seed : int, optional
        None draws fresh entropy and records it.

    Returns
    -------
    Estimate
        `population` is the posterior median; `fit` is a `GraphicalFit`.

    Raises
    ------
    NotEstimableError
        If nobody is on two lists: the answer would be the prior's.
    ConvergenceError
        If chains over graphs of 8 to 10 lists have not met.
    OptionError
        If an option is out of range.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    `p(graph, N | data)` is proportional to the product of Dirichlet-multinomial likelihoods of the tables of the
    cliques over that of the separators (hyper-Dirichlet prior, `delta` people in every history), times
    `N! / (n0! prod n_x!)`, the prior of N and that of the graph.

    - Assumptions: closed population; perfect matching; everybody alike; dependence that a decomposable graph describes.
    - Interval: equal-tailed quantiles of the posterior of N, smallest numbers that reach the share.
    - Computation: exact sums over graphs and numbers of hidden people. On an adaptive grid the probability is linear
      between points. Chains: edges are added and taken away by the Metropolis rule; R-hat and effective draws are
      checked.

    References
    ----------
    Madigan and York (1997), doi 10.1093/biomet/84.1.19. Dawid and Lauritzen (1993), doi 10.1214/aos/1176349260.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> est = hp.graphical(hp.load("kosovo_1999"), max_hidden=50_000, seed=1)
    >>> est.population, round(est.fit.mean, 1), est.fit.n_graphs
    (12595.0, 12749.3, 61)

    *Checked against*: `graphical` rows in tests/reference/values.csv; sums in tests/numerics/test_graph_posterior.py.
    """
    from hiddenpop.numerics.graph_average import GraphOptions, average_table

    _check_options(delta, edge_probability, max_hidden, grid_step, chains, steps)
    check_draws(draws)
    if table.repeated == 0:
        raise NotEstimableError(
            "Nobody is on two lists: any answer would repeat the prior, not the data.",
            hint="Check how records are matched.",
            terms=["intercept"],
        )
    lists = tuple(name for name in table.lists if table.members(name))
    kept = table.keep(*lists) if len(lists) < table.n_lists else table
    options = GraphOptions(
        2.0**-kept.n_lists if delta is None else delta,
        read_prior(prior),
        edge_probability,
        saturated,
        max_hidden,
        grid_step,
        chains,
        steps,
    )
    first, second = np.random.SeedSequence(seed).spawn(2)
    result = average_table(kept.n_lists, kept.histories, kept.counts, options, first)
    _check_convergence(result.convergence)
    n = table.observed
    hidden = result.hidden
    tail = (1.0 - level) / 2.0
    record = summarise(result, kept.lists, n, options)
    limits = Interval(n + float(hidden.quantile(tail)), n + float(hidden.quantile(1.0 - tail)), level, "credible")
    return Estimate(
        "graphical",
        n + float(hidden.quantile(0.5)),
        limits,
        n,
        tuple(_checks(record, result, n, options)),
        draws=n + hidden.draw(draws, np.random.default_rng(second)).astype(float),
        fit=record,
    )


def _check_options(delta: float | None, edge: float, most: int | None, step: int, chains: int, steps: int) -> None:
    """Refuse options out of range."""
    faults = {
        f"delta={delta} is not a number of people above 0.": delta is not None and not 0.0 < delta < np.inf,
        f"edge_probability={edge} is not between 0 and 1.": not 0.0 < edge < 1.0,
        f"max_hidden={most} is not between 1 and {LARGEST:,}.": most is not None and not 1 <= most <= LARGEST,
        f"grid_step={step} is not between 1 and max_hidden.": not 1 <= step <= (most or 1),
        f"chains={chains} is not between 2 and 100.": not 2 <= chains <= 100,
        f"steps={steps} is not between 1,000 and 10,000,000.": not 1000 <= steps <= 10_000_000,
    }
    for message, wrong in faults.items():
        if wrong:
            raise OptionError(message, hint="Leave it out to use the default.")


def _check_convergence(found: Convergence | None) -> None:
    if found and not found.met:
        raise ConvergenceError(
            f"The chains over graphs have not met: R-hat {found.rhat:.3f}, {found.ess_bulk:,.0f} effective draws.",
            hint="Use more steps, or merge lists until there are seven, which are averaged exactly.",
            details={"rhat": found.rhat, "ess_bulk": found.ess_bulk, "ess_tail": found.ess_tail},
        )


def _checks(record: GraphicalFit, result: GraphResult, n: int, options: GraphOptions) -> list[Check]:
    """What makes the posterior doubtful."""
    checks = []
    share = record.saturated_weight
    message = f"The graph in which all lists depend on one another has probability {share:.2g}"
    message += "; it says nothing about hidden people." if share >= MUCH_SATURATED else "."
    checks.append(Check("saturated-weight", share, share < MUCH_SATURATED, message))
    if len(record.modes) > 1:
        parts = " and ".join(f"{m['population']:,.0f} ({m['probability']:.0%})" for m in record.modes)
        checks.append(Check("several-modes", len(record.modes), False, f"The posterior has several peaks: {parts}."))
    weight = options.delta * 2.0 ** int(np.log2(result.margins.shift.size))
    share = weight / (n + weight)
    message = f"The prior counts as {weight:,.2g} people beside the {n:,} seen."
    checks.append(Check("prior-weight", weight, share < CUT or weight <= 1.0, message))
    if options.max_hidden is not None:
        end = float(result.hidden.mass[int(0.99 * result.hidden.grid.size) :].sum())
        message = f"Probability {end:.2g} lies in the last hundredth of the numbers looked at (max_hidden)."
        checks.append(Check("grid-end", end, end < CUT, message))
    outer = result.hidden.grid > result.hidden.quantile(0.999)
    part = float((result.hidden.mass * result.hidden.grid)[outer].sum()) / max(result.hidden.mean, 1e-9)
    if part > HEAVY:
        message = f"A thousandth of the probability makes {part:.0%} of the mean of the hidden people: use the median."
        checks.append(Check("heavy-tail", part, False, message))
    return checks
