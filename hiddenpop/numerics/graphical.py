"""Bayesian averages over decomposable graphs and numbers of hidden people (Madigan and York 1997).

With n0 hidden people the table of the lists S has counts `m_c`, plus n0 in its empty cell; under a Dirichlet prior with
counts `a_c` in the cells, A in all, its log-likelihood is `L_S = lgamma(n0 + m_0 + a_0) + sum_c lgamma(m_c + a_c) -
sum_c lgamma(a_c) + lgamma(A) - lgamma(n0 + n + A)`. A graph has the sum over its cliques less that over its separators,
plus `lgamma(N + 1) - lgamma(n0 + 1) - sum lgamma(n_x + 1)` and the log priors.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np

from hiddenpop.arrays import Floats, Masks, popcount
from hiddenpop.numerics.compiled import compiled
from hiddenpop.numerics.graphs import Parts
from hiddenpop.numerics.hidden_grid import COARSE, HiddenGrid, first_grid, grid_weights, refine_grid

BLOCK = 1024
SAMPLE = 100
NEGLIGIBLE = 60.0
FINE = 6000
ROUNDS = 4

LogPrior = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Margins:
    """The tables of every set of lists, under a Dirichlet prior.

    Attributes
    ----------
    n_lists : int
    people : int, n
    constant : (2^K,) what does not depend on the hidden people
    shift : (2^K,) `m_0 + a_0` of every set of lists
    total : float, A
    factorials : `sum lgamma(n_x + 1)`
    """

    n_lists: int
    people: int
    constant: Floats
    shift: Floats
    total: float
    factorials: float

    def log_likelihoods(self, grid: Masks) -> Floats:
        """`L_S` by set of lists and number of hidden people; shape (2^K, M), zeros for the empty set."""
        from scipy.special import gammaln

        hidden = grid.astype(float)
        out = np.zeros((self.constant.size, grid.size))
        last = gammaln(hidden + self.people + self.total)
        for s in range(1, out.shape[0]):
            out[s] = gammaln(hidden + self.shift[s]) + (self.constant[s] - last)
        return out

    def common(self, grid: Masks, log_prior: LogPrior) -> Floats:
        """What all graphs share (M,): ways to choose who is hidden, and the prior of N."""
        from scipy.special import gammaln

        hidden = grid.astype(float)
        ways = gammaln(hidden + self.people + 1.0) - gammaln(hidden + 1.0) - self.factorials
        return np.asarray(ways + log_prior(hidden + self.people))


def build_margins(n_lists: int, histories: Masks, counts: Masks, prior: Floats) -> Margins:
    """Meet people (m,) on histories (m,) with prior counts (2^K,) by history."""
    from scipy.special import gammaln

    size = 1 << n_lists
    people, every = float(counts.sum()), np.arange(size)
    constant, shift = np.zeros(size), np.zeros(size)
    total = float(prior.sum())
    for s in range(1, size):
        seen = np.bincount(histories & s, weights=counts, minlength=size)
        expected = np.bincount(every & s, weights=prior, minlength=size)
        cells = expected > 0.0
        cells[0] = False
        constant[s] = float(gammaln(seen[cells] + expected[cells]).sum() - gammaln(expected[cells]).sum())
        constant[s] += float(gammaln(total) - gammaln(expected[0]))
        shift[s] = seen[0] + expected[0]
    return Margins(n_lists, int(people), constant, shift, total, float(gammaln(counts + 1.0).sum()))


def log_graph_prior(graphs: Masks, n_lists: int, edge: float, saturated: bool) -> Floats:
    """(G,) by independent edges of this probability; minus infinity for the saturated graph if it is left out."""
    used, most = popcount(graphs), n_lists * (n_lists - 1) // 2
    out = used * np.log(edge) + (most - used) * np.log1p(-edge)
    if not saturated:
        out[used == most] = -np.inf
    return np.asarray(out)


@compiled
def score_graph(likelihoods: Floats, common: Floats, parts: Parts, score: Floats) -> None:
    """Fills in the log-likelihood of a graph by number of hidden people (M,)."""
    score[:] = common
    for p in range(parts.size):
        part = parts[p]
        if part > 0:
            score += likelihoods[part]
        elif part < 0:
            score -= likelihoods[-part]


@compiled
def add_block(
    likelihoods: Floats,
    common: Floats,
    weights: Floats,
    hidden: Floats,
    parts: Parts,
    prior: Floats,
    least: Floats,
    density: Floats,
    sums: Floats,
) -> None:
    """Add what a block of the grid gives: probability by number (M,), and by graph (G, 2): in all, and times n0.

    `least` (1,) is the logarithm taken as zero; it grows where a graph has more, and what was added shrinks with it.
    """
    score = np.empty(common.size)
    for g in range(parts.shape[0]):
        if prior[g] == -np.inf:
            continue
        score_graph(likelihoods, common, parts[g], score)
        score += prior[g]
        top = score.max()
        if top < least[0] - NEGLIGIBLE:
            continue
        if top > least[0] + NEGLIGIBLE:
            factor = np.exp(least[0] - top)
            density *= factor
            sums *= factor
            least[0] = top
        for i in range(score.size):
            value = np.exp(score[i] - least[0])
            density[i] += value
            sums[g, 0] += value * weights[i]
            sums[g, 1] += value * weights[i] * hidden[i]


@dataclass(frozen=True)
class GraphPosterior:
    """The posterior of graphs and hidden people.

    Attributes
    ----------
    hidden : HiddenGrid
    weight : (G,) probability of each graph
    mean_hidden : (G,) mean hidden people under each
    log_evidence : float
    """

    hidden: HiddenGrid
    weight: Floats
    mean_hidden: Floats
    log_evidence: float


def average_graphs(
    margins: Margins, parts: Parts, prior: Floats, log_prior: LogPrior, grid: Masks, weights: Floats
) -> GraphPosterior:
    """The posterior over all graphs on the points of a grid (M,), each standing for `weights` (M,) numbers."""
    starts = range(0, grid.size, BLOCK)

    def work(here: slice, level: float) -> tuple[Floats, Floats, float]:
        likelihoods, common = margins.log_likelihoods(grid[here]), margins.common(grid[here], log_prior)
        density, sums, least = np.zeros(common.size), np.zeros((len(parts), 2)), np.array([level])
        hidden = grid[here].astype(float)
        add_block(likelihoods, common, weights[here], hidden, parts, prior, least, density, sums)
        return density, sums, float(least[0])

    level = work(slice(None, None, max(1, grid.size // SAMPLE)), -1e300)[2]
    density, sums = np.zeros(grid.size), np.zeros((len(parts), 2))
    with ThreadPoolExecutor(cpu_count()) as pool:
        blocks = pool.map(lambda start: work(slice(start, start + BLOCK), level), starts)
        for start, (new, more, least) in zip(starts, blocks, strict=True):
            top = max(level, least)
            density[:start] *= np.exp(level - top)
            sums *= np.exp(level - top)
            density[start : start + BLOCK] = new * np.exp(least - top)
            sums += more * np.exp(least - top)
            level = top
    total = float(density @ weights)
    weight = sums[:, 0] / total
    with np.errstate(invalid="ignore"):
        mean = sums[:, 1] / sums[:, 0]
    return GraphPosterior(HiddenGrid(grid, density / total, weights), weight, mean, level + float(np.log(total)))


def adapt_average(
    margins: Margins, parts: Parts, prior: Floats, log_prior: LogPrior, points: int = FINE
) -> GraphPosterior:
    """The same on a grid of about so many points, laid where the probability is."""
    grid = first_grid()
    found = average_graphs(margins, parts, prior, log_prior, grid, grid_weights(grid))
    for turn in range(ROUNDS):
        grid = refine_grid(found.hidden, points if turn == ROUNDS - 1 else COARSE)
        found = average_graphs(margins, parts, prior, log_prior, grid, grid_weights(grid))
    return found
