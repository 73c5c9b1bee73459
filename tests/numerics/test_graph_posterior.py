"""Decomposable graphs: their numbers and parts by another algorithm, their posterior by plain sums, chains by both."""

from itertools import combinations
from math import comb, lgamma

import numpy as np
import pytest

from hiddenpop import load
from hiddenpop.errors import OptionError
from hiddenpop.numerics import graph_average
from hiddenpop.numerics.graph_average import GraphOptions, average_table
from hiddenpop.numerics.graphs import NUMBERS, decomposable_graphs, edges_of
from hiddenpop.numerics.priors import read_prior


def is_chordal(n_lists, edges):
    """By definition: a list whose neighbours all know one another can be taken away, again and again."""
    left = set(range(n_lists))
    while left:
        for i in left:
            near = [j for j in left if j != i and frozenset((i, j)) in edges]
            if all(frozenset(pair) in edges for pair in combinations(near, 2)):
                left.remove(i)
                break
        else:
            return False
    return True


def edge_set(n_lists, graph):
    pairs = edges_of(n_lists).tolist()
    lists = [frozenset(i for i in range(n_lists) if pair >> i & 1) for pair in pairs]
    return {pair for e, pair in enumerate(lists) if graph >> e & 1}


@pytest.mark.parametrize("n_lists", [2, 3, 4, 5])
def test_all_chordal_graphs_and_no_others(n_lists):
    graphs, parts = decomposable_graphs(n_lists)
    found = set(graphs.tolist())
    assert len(found) == NUMBERS[n_lists]
    for graph in range(2 ** comb(n_lists, 2)):
        assert (graph in found) == is_chordal(n_lists, edge_set(n_lists, graph))
    for graph, row in zip(graphs.tolist(), parts.tolist(), strict=True):
        edges = edge_set(n_lists, graph)
        for size in range(1, n_lists + 1):
            for lists in combinations(range(n_lists), size):
                mask = sum(1 << i for i in lists)
                complete = all(frozenset(pair) in edges for pair in combinations(lists, 2))
                above = [p for p in row if p > 0 and p & mask == mask]
                below = [p for p in row if p < 0 and -p & mask == mask]
                assert len(above) - len(below) == complete  # every complete set is counted once


def test_six_and_seven_lists_have_so_many_decomposable_graphs():
    for n_lists in (6, 7):
        graphs, _ = decomposable_graphs(n_lists)
        assert len(graphs) == len(np.unique(graphs)) == NUMBERS[n_lists]


def plain_posterior(table, delta, log_prior, largest):
    """Every term written out: (G, M) log-posterior, graphs in the order of `decomposable_graphs`."""
    counts = dict(zip(table.histories.tolist(), table.counts.tolist(), strict=True))
    k, size = table.n_lists, 1 << table.n_lists
    total = size * delta

    def marginal(lists, hidden):
        cells = {}
        for x in range(size):
            here = cells.setdefault(x & lists, [0.0, 0.0])
            here[0] += hidden if x == 0 else counts.get(x, 0)
            here[1] += delta
        out = lgamma(total) - lgamma(total + sum(counts.values()) + hidden)
        return out + sum(lgamma(n + a) - lgamma(a) for n, a in cells.values())

    _, parts = decomposable_graphs(k)
    out = np.empty((len(parts), largest + 1))
    for hidden in range(largest + 1):
        tables = {lists: marginal(lists, hidden) for lists in range(1, size)}
        n = sum(counts.values()) + hidden
        ways = lgamma(n + 1) - lgamma(hidden + 1) - sum(lgamma(c + 1) for c in counts.values())
        for g, row in enumerate(parts.tolist()):
            score = sum(tables[p] if p > 0 else -tables[-p] for p in row if p)
            out[g, hidden] = score + ways + log_prior(n)
    return out


def options(prior="1/N", **other):
    given = {"delta": 0.25, "edge": 0.5, "saturated": True, "max_hidden": None, "grid_step": 1, "chains": 4}
    return GraphOptions(prior=read_prior(prior), **(given | {"steps": 20_000} | other))


def run(table, chosen, seed=1):
    return average_table(table.n_lists, table.histories, table.counts, chosen, np.random.SeedSequence(seed))


def test_the_posterior_is_the_plain_sum_over_graphs_and_numbers():
    table = load("korea")
    prior = "negbin(size=3,mean=200)"
    found = run(table, options(prior))
    plain = plain_posterior(table, 0.25, lambda n: float(read_prior(prior).log_mass(np.array([n]))[0]), 3000)
    chances = np.exp(plain - plain.max())
    chances /= chances.sum()
    assert found.weight == pytest.approx(chances.sum(axis=1), rel=1e-9)
    assert found.hidden.mean == pytest.approx(chances.sum(axis=0) @ np.arange(3001), rel=1e-9)
    cumulated = np.cumsum(chances.sum(axis=0))
    for share in (0.01, 0.3, 0.5, 0.9, 0.999):
        assert found.hidden.quantile(share) == np.searchsorted(cumulated, share)
    graphs, _ = decomposable_graphs(3)
    assert found.edges[0] == pytest.approx(chances[(graphs & 1) == 1].sum(), rel=1e-9)
    assert found.mean_hidden[2] == pytest.approx(chances[2] @ np.arange(3001) / chances[2].sum(), rel=1e-9)


@pytest.mark.parametrize("name", ["kosovo_1999", "uk_2013_5list", "western_us"])
def test_the_adaptive_grid_gives_what_all_numbers_give(name):
    table = load(name)
    prior = "1/N(max=300000)"
    coarse = run(table, options(prior, delta=2.0**-table.n_lists)).hidden
    every = run(table, options(prior, delta=2.0**-table.n_lists, max_hidden=300_000)).hidden
    assert coarse.mean == pytest.approx(every.mean, rel=1e-5)
    assert coarse.mass.sum() == pytest.approx(1.0, rel=1e-12)
    for share in (0.025, 0.25, 0.5, 0.75, 0.975):
        assert coarse.quantile(share) == pytest.approx(every.quantile(share), abs=1, rel=1e-5)


def test_chains_find_what_sums_find(monkeypatch):
    table = load("kosovo_1999")
    chosen = options("1/N(max=100000)")
    exact = run(table, chosen)
    monkeypatch.setattr(graph_average, "MOST_ENUMERATED", 1)
    walked = run(table, chosen)
    assert walked.convergence.rhat < 1.01
    assert walked.edges == pytest.approx(exact.edges, abs=0.02)
    assert walked.hidden.quantile(0.5) == pytest.approx(exact.hidden.quantile(0.5), rel=0.01)
    assert walked.hidden.quantile(0.975) == pytest.approx(exact.hidden.quantile(0.975), rel=0.02)
    again = run(table, chosen)
    assert (again.hidden.density == walked.hidden.density).all()


def test_the_saturated_graph_can_be_left_out_and_edges_can_be_rare():
    table = load("kosovo_1999")
    without = run(table, options("1/N(max=100000)", saturated=False))
    assert without.saturated == 0.0
    rare, often = (run(table, options("1/N(max=100000)", edge=edge)).edges.sum() for edge in (0.01, 0.99))
    assert rare < often


@pytest.mark.parametrize(
    "text", ["2/N", "flat(min=3)", "lognormal(median=5)", "lognormal(median=5,upper=4)", "negbin(size=-1,mean=2)", "("]
)
def test_priors_that_cannot_be_read_are_refused(text):
    with pytest.raises(OptionError, match="prior="):
        read_prior(text)


def test_an_elicited_prior_has_the_quantiles_that_were_given():
    numbers = np.arange(1.0, 2e6)
    chances = np.exp(read_prior("lognormal(median=20000,upper=50000)").log_mass(numbers))
    cumulated = np.cumsum(chances) / chances.sum()
    assert np.searchsorted(cumulated, 0.5) == pytest.approx(20_000, rel=1e-3)
    assert np.searchsorted(cumulated, 0.95) == pytest.approx(50_000, rel=1e-3)
