"""Decomposable (chordal) graphs of lists: all of them up to seven lists, and the cliques and separators of one.

A graph is a mask of its edges, in the order of `edges_of`. Its parts are cliques (positive) and separators (negative,
with multiplicity; the empty one left out), each a mask of lists: the likelihood of the graph is the product of those of
the cliques over that of the separators (Dawid and Lauritzen 1993, doi 10.1214/aos/1176349260).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hiddenpop.arrays import Masks, frozen
from hiddenpop.numerics.compiled import compiled

Parts = NDArray[np.int16]

MOST_ENUMERATED = 7


@lru_cache(maxsize=16)
def edges_of(n_lists: int) -> Masks:
    """(E,) pairs of lists, as masks, in the order 12, 13, ..., 23, ..."""
    pairs = [1 << i | 1 << j for i in range(n_lists) for j in range(i + 1, n_lists)]
    return frozen(pairs)


@compiled
def _adjacency(n_lists: int, edges: Masks, graph: int) -> Masks:
    """(K,) masks of the lists that each list has an edge with."""
    adjacent = np.zeros(n_lists, dtype=np.int64)
    for e in range(edges.size):
        if graph >> e & 1:
            for i in range(n_lists):
                if edges[e] >> i & 1:
                    adjacent[i] |= edges[e] & ~(1 << i)
    return adjacent


@compiled
def _next_list(adjacent: Masks, visited: int) -> int:
    """The list not visited that has edges with most of those visited."""
    chosen, most = -1, -1
    for i in range(adjacent.size):
        if not visited >> i & 1:
            size, rest = 0, adjacent[i] & visited
            while rest:
                rest &= rest - 1
                size += 1
            if size > most:
                chosen, most = i, size
    return chosen


@compiled
def _is_clique(adjacent: Masks, lists: int) -> bool:
    """Has every list of the mask an edge with all the others?"""
    missing = 0
    for i in range(adjacent.size):
        if lists >> i & 1:
            missing |= lists & ~(1 << i) & ~adjacent[i]
    return bool(missing == 0)


@compiled
def find_parts(n_lists: int, edges: Masks, graph: int, parts: Parts) -> bool:
    """Is the graph chordal? Then `parts` (2 K,) holds its cliques and separators, zeros after them.

    Maximum cardinality search (Tarjan and Yannakakis 1984, doi 10.1137/0213035): every list in turn must meet a clique
    among those visited before it.
    """
    adjacent = _adjacency(n_lists, edges, graph)
    parts[:] = 0
    visited, clique, used = 0, 0, 0
    for _ in range(n_lists):
        chosen = _next_list(adjacent, visited)
        before = adjacent[chosen] & visited
        if not _is_clique(adjacent, before):
            return False
        if before != clique:
            parts[used] = clique
            used += 1
            if before:
                parts[used] = -before
                used += 1
        clique = before | 1 << chosen
        visited |= 1 << chosen
    parts[used] = clique
    return True


@compiled
def _all_parts(n_lists: int, edges: Masks, graphs: Masks, parts: Parts) -> int:
    """Fills in the chordal graphs among all and their parts; how many there are."""
    found = 0
    for graph in range(1 << edges.size):
        if found < graphs.size and find_parts(n_lists, edges, graph, parts[found]):
            graphs[found] = graph
            found += 1
        elif found >= graphs.size:
            break
    return found


# Labelled chordal graphs with so many vertices: OEIS A058862.
NUMBERS = {1: 1, 2: 2, 3: 8, 4: 61, 5: 822, 6: 18_154, 7: 617_675}


@lru_cache(maxsize=8)
def decomposable_graphs(n_lists: int) -> tuple[Masks, Parts]:
    """All decomposable graphs of 2 to 7 lists: edge masks (G,) and parts (G, 2 K)."""
    graphs = np.empty(NUMBERS[n_lists] + 1, dtype=np.int64)
    parts = np.zeros((graphs.size, 2 * n_lists), dtype=np.int16)
    found = _all_parts(n_lists, edges_of(n_lists), graphs, parts)
    graphs, parts = graphs[:found], parts[:found]
    graphs.setflags(write=False)
    parts.setflags(write=False)
    return graphs, parts
