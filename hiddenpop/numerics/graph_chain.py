"""Random walks over decomposable graphs of many lists, each weighed by its likelihood summed over the hidden people.

An edge is drawn and added or taken away; where the graph stays chordal, the move is accepted by the Metropolis rule.
Every chordal graph can be reached so. The chains start from opposite ends: no edges, and all.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np

from hiddenpop.arrays import Floats, Masks
from hiddenpop.numerics.compiled import compiled
from hiddenpop.numerics.graphical import score_graph
from hiddenpop.numerics.graphs import Parts, edges_of, find_parts


@compiled
def _weigh(likelihoods: Floats, common: Floats, weights: Floats, parts: Parts, density: Floats) -> float:
    """Log-likelihood of a graph over the whole grid; `density` (M,) becomes probabilities of the hidden people."""
    score_graph(likelihoods, common, parts, density)
    top = density.max()
    total = 0.0
    for i in range(density.size):
        density[i] = np.exp(density[i] - top)
        total += density[i] * weights[i]
    for i in range(density.size):
        density[i] /= total
    return float(top + np.log(total))


@compiled
def walk(
    n_lists: int,
    edges: Masks,
    likelihoods: Floats,
    common: Floats,
    weights: Floats,
    log_odds: float,
    saturated: bool,
    graph: int,
    chosen: Masks,
    chances: Floats,
    logs: Floats,
    visits: Masks,
    levels: Floats,
    density: Floats,
) -> int:
    """Walk on from a graph, one step for each drawn edge (S,) and log-uniform number (S,); the last graph.

    `visits` (S,) becomes the graph after each step, `levels` (S,) its mean of `logs` (M,), functions of the hidden
    people; to `density` (M,) the conditional probabilities are added.
    """
    parts, tried = np.zeros(2 * n_lists, dtype=np.int16), np.zeros(2 * n_lists, dtype=np.int16)
    here, there = np.empty(common.size), np.empty(common.size)
    full = (1 << edges.size) - 1
    find_parts(n_lists, edges, graph, parts)
    value = _weigh(likelihoods, common, weights, parts, here)
    stayed, level = 0, float((here * weights * logs).sum())
    for step in range(chosen.size):
        other = graph ^ 1 << chosen[step]
        if (saturated or other != full) and find_parts(n_lists, edges, other, tried):
            change = log_odds if other > graph else -log_odds
            found = _weigh(likelihoods, common, weights, tried, there)
            if found + change - value >= chances[step]:
                density += here * stayed
                graph, value, stayed = other, found, 0
                here, there = there, here
                level = float((here * weights * logs).sum())
        stayed += 1
        visits[step], levels[step] = graph, level
    density += here * stayed
    return graph


@dataclass(frozen=True)
class Walked:
    """What chains over graphs saw.

    Attributes
    ----------
    visits : (C, S) graphs after each step, the first half of every chain left out
    levels : (C, S) mean logarithm of the hidden people (and one) under each
    density : (C, M) mean conditional probabilities of the hidden people
    """

    visits: Masks
    levels: Floats
    density: Floats


def walk_chains(
    n_lists: int,
    grid: Masks,
    likelihoods: Floats,
    common: Floats,
    weights: Floats,
    edge: float,
    saturated: bool,
    chains: int,
    steps: int,
    seed: np.random.SeedSequence,
) -> Walked:
    """Several chains, half of each thrown away; the answers do not depend on the number of threads."""
    edges = edges_of(n_lists)
    full = (1 << edges.size) - 1
    starts = [0, full if saturated else full ^ 1]
    log_odds = float(np.log(edge) - np.log1p(-edge))

    logs = np.log1p(grid.astype(float))

    def one(number: int, own: np.random.SeedSequence) -> tuple[Masks, Floats, Floats]:
        generator = np.random.default_rng(own)
        graph, density = starts[number % 2], np.zeros(common.size)
        for _ in range(2):
            visits, levels = np.empty(steps, dtype=np.int64), np.empty(steps)
            density[:] = 0.0
            graph = walk(
                n_lists, edges, likelihoods, common, weights, log_odds, saturated, graph,
                generator.integers(edges.size, size=steps), -generator.exponential(size=steps), logs,
                visits, levels, density,
            )  # fmt: skip
        return visits, levels, density / steps

    with ThreadPoolExecutor(cpu_count()) as pool:
        visits, levels, density = zip(*pool.map(one, range(chains), seed.spawn(chains)), strict=True)
    return Walked(np.array(visits), np.array(levels), np.array(density))
