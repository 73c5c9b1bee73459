"""How each method is calibrated: a draw from its prior, and its posterior. A method enters by one row of `CASES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from hiddenpop.arrays import Counts, Floats, memberships
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import OptionError
from hiddenpop.numerics.graphical import build_margins
from hiddenpop.numerics.graphs import Parts, decomposable_graphs
from hiddenpop.numerics.loglinear_posterior import MAIN_MEAN, MAIN_SD, build_design, build_terms
from hiddenpop.numerics.priors import read_prior
from hiddenpop.result import Estimate

MOST = 1_000_000
OUTSIDE = 1e-6
DELTA = 0.25  # people in each history: the chance of a list is Beta(2, 2) with four lists, even with three
CLASSES, SHAPE, RATE = 10, 0.25, 0.25
INTERACTION_SD = 1.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn from a prior.

    Attributes
    ----------
    truth : quantity -> value; `population` and `missed`, and what else there is
    counts : (2^K,) people by history, those on no list first
    """

    truth: Mapping[str, float]
    counts: Counts


@dataclass(frozen=True, slots=True)
class Case:
    """How a method is calibrated.

    Attributes
    ----------
    draw : (generator, number of lists, prior of the population) -> Drawn
    options : of the method, with the hyperparameters that `draw` has
    posterior : (estimate, table, generator) -> quantity -> values, one for each of `estimate.draws`; those in `truth`
        are ranked
    """

    draw: Callable[[np.random.Generator, int, str], Drawn]
    options: Mapping[str, Any]
    posterior: Callable[[Estimate, CaptureTable, np.random.Generator], Mapping[str, Floats]]


@lru_cache(maxsize=4)
def possible_populations(prior: str) -> Floats:
    """Cumulative probabilities of 1, 2, ... people.

    Raises
    ------
    OptionError
        If the prior is improper, or reaches beyond a million people.
    """
    log_mass = read_prior(prior).log_mass(np.arange(1.0, MOST + 1.0))
    mass = np.exp(log_mass - log_mass.max())
    if mass[-1] * MOST > OUTSIDE * mass.sum():
        raise OptionError(
            f"Nothing can be simulated from prior={prior!r}: it is improper, or reaches beyond {MOST:,} people.",
            hint="Use negbin(size=2,mean=500) or 1/N(max=2000).",
        )
    return np.asarray(np.cumsum(mass) / mass.sum())


def _draw_people(generator: np.random.Generator, cells: Floats, prior: str, **parameters: float) -> Drawn:
    """A population of the prior, spread over histories with chances proportional to `cells` (2^K,)."""
    cells = cells / cells.sum()
    population = 1 + int(np.searchsorted(possible_populations(prior), generator.random()))
    counts = generator.multinomial(population, cells)
    return Drawn({"population": population, "missed": float(cells[0]), **parameters}, counts)


def draw_cells(parts: Parts, people: Floats, generator: np.random.Generator) -> Floats:
    """Chances of all histories (2^K,) from the hyper-Dirichlet law of a graph, with so many people (2^K,) on each.

    Clique by clique: given the lists it shares with those before, a clique's chances are those of a Dirichlet table of
    its own (Dawid and Lauritzen 1993, doi 10.1214/aos/1176349260).
    """
    every = np.arange(people.size)
    cells, met = np.ones(people.size), 0
    for clique in parts[parts > 0].tolist():
        shape = np.bincount(every & clique, weights=people, minlength=people.size)
        drawn = generator.standard_gamma(shape)
        shared = every & clique & met
        cells *= drawn[every & clique] / np.bincount(shared, weights=drawn, minlength=people.size)[shared]
        met |= clique
    return cells


def _draw_graphical(generator: np.random.Generator, n_lists: int, prior: str) -> Drawn:
    """A graph, all alike; then its hyper-Dirichlet law."""
    parts = decomposable_graphs(n_lists)[1]
    cells = draw_cells(parts[generator.integers(len(parts))], np.full(1 << n_lists, DELTA), generator)
    return _draw_people(generator, cells, prior)


def _graphical_posterior(found: Estimate, table: CaptureTable, generator: np.random.Generator) -> Mapping[str, Floats]:
    """Graphs given the hidden people drawn, and chances given both, beside the method's draws of the population."""
    assert found.draws is not None
    parts, people = decomposable_graphs(table.n_lists)[1], np.full(1 << table.n_lists, DELTA)
    margins = build_margins(table.n_lists, table.histories, table.counts, people)
    people[table.histories] += table.counts
    hidden, place = np.unique(found.draws - table.observed, return_inverse=True)
    scores = (np.sign(parts)[..., None] * margins.log_likelihoods(hidden.astype(np.int64))[np.abs(parts)]).sum(axis=1)
    graphs = (scores[:, place] + generator.gumbel(size=(len(parts), place.size))).argmax(axis=0)
    missed = np.empty(place.size)
    for i, graph in enumerate(graphs):
        people[0] = DELTA + hidden[place[i]]
        missed[i] = draw_cells(parts[graph], people, generator)[0]
    return {"population": found.draws, "missed": missed}


def _draw_latent_class(generator: np.random.Generator, n_lists: int, prior: str) -> Drawn:
    """Alpha, sticks, and chances of each list in each class."""
    alpha = generator.gamma(SHAPE) / RATE
    rest = np.append(np.cumprod(generator.random(CLASSES - 1) ** (1.0 / alpha)), 0.0)
    share = -np.diff(rest, prepend=1.0)
    on = memberships(np.arange(1 << n_lists), n_lists)
    chance = generator.random((CLASSES, 1, n_lists))
    cells = share @ np.where(on, chance, 1.0 - chance).prod(axis=2)
    return _draw_people(generator, cells, prior, alpha=alpha)


def _traced(found: Estimate, table: CaptureTable, generator: np.random.Generator) -> Mapping[str, Floats]:
    """What the chains kept, one after another; vectors are left out."""
    variables: Mapping[str, Floats] = found.fit.trace.variables
    return {name: values.ravel() for name, values in variables.items() if values.ndim == 2}


def _draw_loglinear(generator: np.random.Generator, n_lists: int, prior: str) -> Drawn:
    """Main effects and interactions of pairs, all normal."""
    terms = build_terms(n_lists, 2)
    main = np.arange(terms.size) < n_lists
    beta = generator.normal(np.where(main, MAIN_MEAN, 0.0), np.where(main, MAIN_SD, INTERACTION_SD))
    return _draw_people(generator, np.exp(build_design(np.arange(1 << n_lists), terms) @ beta), prior)


CASES: Mapping[str, Case] = {
    "graphical": Case(_draw_graphical, {"delta": DELTA, "draws": 100}, _graphical_posterior),
    "latent-class": Case(
        _draw_latent_class,
        {"classes": CLASSES, "a": SHAPE, "b": RATE, "chains": 2, "draws": 500, "warmup": 1000, "thin": 4}
        | {"most_thin": 64, "allow_unconverged": True},
        _traced,
    ),
    "loglinear-bayes": Case(
        _draw_loglinear,
        {"interaction_sd": INTERACTION_SD, "chains": 2, "draws": 500, "warmup": 300, "allow_unconverged": True},
        _traced,
    ),
}
