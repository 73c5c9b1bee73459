"""What an average over graphs says, in names and plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hiddenpop.numerics.intervals import QUANTILES

if TYPE_CHECKING:
    from hiddenpop.numerics.graph_average import GraphOptions, GraphResult

SHOWN = 100


@dataclass(frozen=True, slots=True)
class GraphicalFit:
    """The graphs averaged and what they say.

    Attributes
    ----------
    mean : of the population; where the posterior has heavy tails it depends on where they are cut, and a check says so
    mode : the most probable population
    relative_error : the population that minimises the expected relative squared error, `E[1/N] / E[1/N^2]`
    quantiles : share -> population, the smallest number with a cumulative probability of at least the share
    modes : peaks of the posterior, each `population, probability, low, high`; more than one: several answers
    graphs : the 100 most probable, one mapping each: `cliques`, `weight`, `population` (the mean under the graph)
    edges : one mapping for each pair of lists: `lists`, `probability` that they depend on each other directly
    n_graphs : graphs averaged, or different graphs that the chains visited
    saturated_weight : probability of the graph in which every list depends on every other
    grid : `points, least, most` numbers of hidden people looked at
    delta, prior, edge_probability : as used
    log_evidence : of the data, all constants included; None with chains
    rhat, ess_bulk, ess_tail : with chains, of the logarithm of the hidden people; else None
    """

    mean: float
    mode: float
    relative_error: float
    quantiles: Mapping[str, float]
    modes: tuple[Mapping[str, float], ...]
    graphs: tuple[Mapping[str, Any], ...]
    edges: tuple[Mapping[str, Any], ...]
    n_graphs: int
    saturated_weight: float
    grid: Mapping[str, int]
    delta: float
    prior: str
    edge_probability: float
    log_evidence: float | None
    rhat: float | None = None
    ess_bulk: float | None = None
    ess_tail: float | None = None


def summarise(result: GraphResult, lists: Sequence[str], people: int, options: GraphOptions) -> GraphicalFit:
    """Everything worth printing of a posterior over graphs of these lists."""
    n, hidden = people, result.hidden
    names = np.array(lists)

    def of(mask: int) -> list[str]:
        return sorted(names[[bool(mask >> i & 1) for i in range(names.size)]].tolist())

    population = hidden.grid + float(n)
    order = np.argsort(-result.weight, kind="stable")[:SHOWN]
    graphs = [
        {
            "cliques": sorted(of(int(part)) for part in result.parts[i] if part > 0),
            "weight": float(result.weight[i]),
            "population": n + float(result.mean_hidden[i]),
        }
        for i in order
        if result.weight[i] > 0.0
    ]
    met = result.convergence
    return GraphicalFit(
        mean=n + hidden.mean,
        mode=float(population[hidden.density.argmax()]),
        relative_error=float((hidden.mass @ (1.0 / population)) / (hidden.mass @ (1.0 / population**2))),
        quantiles={f"{q:g}": n + float(hidden.quantile(q)) for q in QUANTILES},
        modes=tuple(
            {"population": float(n + peak), "probability": share, "low": float(n + low), "high": float(n + high)}
            for peak, share, (low, high) in hidden.modes()
        ),
        graphs=tuple(graphs),
        edges=tuple(
            {"lists": of(int(pair)), "probability": float(p)}
            for pair, p in zip(result.pairs, result.edges, strict=True)
        ),
        n_graphs=len(result.weight),
        saturated_weight=result.saturated,
        grid={"points": hidden.grid.size, "least": int(hidden.grid[0]), "most": int(hidden.grid[-1])},
        delta=options.delta,
        prior=options.prior.name,
        edge_probability=options.edge,
        log_evidence=result.log_evidence,
        rhat=met.rhat if met else None,
        ess_bulk=met.ess_bulk if met else None,
        ess_tail=met.ess_tail if met else None,
    )
