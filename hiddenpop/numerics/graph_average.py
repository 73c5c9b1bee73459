"""From a table to the posterior over graphs: exact up to seven lists, by chains from eight to ten."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiddenpop.arrays import Floats, Masks
from hiddenpop.numerics.convergence import Convergence, diagnose
from hiddenpop.numerics.graph_chain import Walked, walk_chains
from hiddenpop.numerics.graph_summary import SHOWN
from hiddenpop.numerics.graphical import Margins, adapt_average, average_graphs, build_margins, log_graph_prior
from hiddenpop.numerics.graphs import MOST_ENUMERATED, Parts, decomposable_graphs, edges_of, find_parts
from hiddenpop.numerics.hidden_grid import COARSE, HiddenGrid, first_grid, grid_weights, refine_grid
from hiddenpop.numerics.priors import PopulationPrior

WALK_POINTS = 1000
SHORT = 2000


@dataclass(frozen=True)
class GraphOptions:
    """As `estimators.graphical` has them; `edge` is the prior probability of an edge."""

    delta: float
    prior: PopulationPrior
    edge: float
    saturated: bool
    max_hidden: int | None
    grid_step: int
    chains: int
    steps: int


@dataclass(frozen=True)
class GraphResult:
    """The posterior of graphs and hidden people.

    Attributes
    ----------
    hidden : HiddenGrid
    parts : (G, 2 K) of the graphs averaged or visited
    weight, mean_hidden : (G,) probability of each, and mean hidden people under it (chains: of the 100 most probable)
    pairs, edges : (E,) pairs of lists, as masks, and the probability of each edge
    saturated : probability of the graph with all edges
    margins : Margins
    log_evidence : float; None with chains
    convergence : of the mean logarithm of the hidden people along the chains; None where the sum is exact
    """

    hidden: HiddenGrid
    parts: Parts
    weight: Floats
    mean_hidden: Floats
    pairs: Masks
    edges: Floats
    saturated: float
    margins: Margins
    log_evidence: float | None
    convergence: Convergence | None


def average_table(
    n_lists: int, histories: Masks, counts: Masks, options: GraphOptions, seed: np.random.SeedSequence
) -> GraphResult:
    """Average over the graphs of a table of people (m,) on histories (m,)."""
    margins = build_margins(n_lists, histories, counts, np.full(1 << n_lists, options.delta))
    if n_lists <= MOST_ENUMERATED:
        return _exact(n_lists, margins, options)
    return _by_chains(n_lists, margins, options, seed)


def _exact(n_lists: int, margins: Margins, options: GraphOptions) -> GraphResult:
    graphs, parts = decomposable_graphs(n_lists)
    prior = log_graph_prior(graphs, n_lists, options.edge, options.saturated)
    if options.max_hidden is None:
        found = adapt_average(margins, parts, prior, options.prior.log_mass)
    else:
        grid = np.arange(options.grid_step, options.max_hidden + 1, options.grid_step)
        found = average_graphs(margins, parts, prior, options.prior.log_mass, grid, np.ones(grid.size))
    pairs = edges_of(n_lists)
    edges = np.array([found.weight[(graphs >> e & 1) == 1].sum() for e in range(pairs.size)])
    saturated = float(found.weight[graphs == (1 << pairs.size) - 1].sum())
    return GraphResult(
        found.hidden, parts, found.weight, found.mean_hidden, pairs, edges, saturated, margins, found.log_evidence, None
    )


def _by_chains(n_lists: int, margins: Margins, options: GraphOptions, seed: np.random.SeedSequence) -> GraphResult:
    grid = first_grid()
    weights = grid_weights(grid)
    if options.max_hidden is not None:
        grid = np.arange(options.grid_step, options.max_hidden + 1, options.grid_step)
        weights = np.ones(grid.size)

    def walk(steps: int) -> tuple[Walked, HiddenGrid]:
        likelihoods, common = margins.log_likelihoods(grid), margins.common(grid, options.prior.log_mass)
        walked = walk_chains(
            n_lists, grid, likelihoods, common, weights, options.edge, options.saturated, options.chains, steps, seed
        )
        return walked, HiddenGrid(grid, walked.density.mean(axis=0), weights)

    if options.max_hidden is None:
        for points in (COARSE, WALK_POINTS):
            grid = refine_grid(walk(SHORT)[1], points)
            weights = grid_weights(grid)
    walked, hidden = walk(options.steps)
    graphs, times = np.unique(walked.visits, return_counts=True)
    pairs = edges_of(n_lists)
    parts = np.zeros((graphs.size, 2 * n_lists), dtype=np.int16)
    for graph, row in zip(graphs.tolist(), parts, strict=True):
        find_parts(n_lists, pairs, graph, row)
    weight = times / walked.visits.size
    edges = np.array([weight[(graphs >> e & 1) == 1].sum() for e in range(pairs.size)])
    saturated = float(weight[graphs == (1 << pairs.size) - 1].sum())
    mean, best = np.full(graphs.size, np.nan), np.argsort(-weight, kind="stable")[:SHOWN]
    alike = np.zeros(best.size)
    mean[best] = average_graphs(margins, parts[best], alike, options.prior.log_mass, grid, weights).mean_hidden
    met = diagnose(walked.levels)
    return GraphResult(hidden, parts, weight, mean, pairs, edges, saturated, margins, None, met)
