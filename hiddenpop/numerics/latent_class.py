"""Gibbs sampler of a latent-class model, compiled: a Dirichlet-process mixture of independent lists.

Given its class, a person is on list j with probability lambda_jk, independently; class k has probability nu_k, by
sticks: nu_k = V_k prod over l < k of (1 - V_l), V_k ~ Beta(1, alpha), the last stick takes the rest;
lambda ~ Beta(1, 1).
(Dunson and Xing 2009; Manrique-Vallier 2016, doi 10.1111/biom.12502.)

Only histories that were seen are kept, so 30 lists are no trouble. Everything that can come near 0 or 1 is kept as a
logarithm: alpha is often below .05, and a Beta(1, alpha) then rounds to 1; clipping it moves N.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks
from hiddenpop.numerics.compiled import compiled
from hiddenpop.numerics.latent_draws import Priors, draw_alpha, draw_hidden, log_beta, split

HIDDEN, ALPHA, FOUND = 0, 1, 2
NEGLIGIBLE = -50.0  # a chance so far below the largest is smaller than what a random number resolves


class People(NamedTuple):
    """People seen, by history.

    Attributes
    ----------
    starts, members : lists of history h are `members[starts[h]:starts[h + 1]]`
    counts : (m,) people
    """

    starts: Masks
    members: Masks
    counts: Counts


class Classes(NamedTuple):
    """State of a chain with C classes and K lists.

    Attributes
    ----------
    log_share : (C,) logarithms of nu
    log_rest : (C,) logarithms of 1 - V
    log_on, log_off : (C, K) logarithms of lambda and 1 - lambda
    seen, hidden : (C,) people seen and people on no list in each class
    on : (C, K) people of each class on each list
    numbers : (3,) hidden people, alpha, chance to be on any list
    """

    log_share: Floats
    log_rest: Floats
    log_on: Floats
    log_off: Floats
    seen: Counts
    hidden: Counts
    on: Counts
    numbers: Floats


@compiled
def weigh(people: People, classes: Classes, h: int, base: Floats, chances: Floats) -> float:
    """Logarithms of the probabilities of history h in each class, from those of no list at all; the largest of them."""
    top = -np.inf
    members = people.members[people.starts[h] : people.starts[h + 1]]
    for k in range(chances.size):
        chance = base[k]
        for j in members:
            chance += classes.log_on[k, j] - classes.log_off[k, j]
        chances[k] = chance
        top = max(top, chance)
    return float(top)


@compiled
def _assign(generator: np.random.Generator, people: People, classes: Classes, chances: Floats, parts: Counts) -> None:
    """Draw the classes of the people seen."""
    classes.seen[:] = 0
    classes.on[:] = 0
    size = classes.seen.size
    base = np.empty(size)
    for k in range(size):
        base[k] = classes.log_share[k] + classes.log_off[k].sum()
    for h in range(people.counts.size):
        if people.counts[h] == 0:
            continue
        top = weigh(people, classes, h, base, chances)
        for k in range(size):
            below = chances[k] - top
            chances[k] = np.exp(below) if below > NEGLIGIBLE else 0.0
        split(generator, people.counts[h], chances, parts)
        for k in range(size):
            if parts[k]:
                classes.seen[k] += parts[k]
                for p in range(people.starts[h], people.starts[h + 1]):
                    classes.on[k, people.members[p]] += parts[k]


@compiled
def _draw_classes(generator: np.random.Generator, classes: Classes) -> None:
    """Draw what the classes are like, and their shares."""
    size, lists = classes.on.shape
    left = classes.seen.sum() + classes.hidden.sum()
    rest = 0.0
    for k in range(size):
        people = classes.seen[k] + classes.hidden[k]
        for j in range(lists):
            on = classes.on[k, j]
            classes.log_on[k, j], classes.log_off[k, j] = log_beta(generator, 1.0 + on, 1.0 + people - on)
        left -= people
        if k < size - 1:
            log_stick, log_rest = log_beta(generator, 1.0 + people, classes.numbers[ALPHA] + left)
        else:
            log_stick, log_rest = 0.0, 0.0
        classes.log_rest[k] = log_rest
        classes.log_share[k] = rest + log_stick
        rest += log_rest


@compiled
def _swap_labels(generator: np.random.Generator, classes: Classes) -> None:
    """Exchange neighbouring classes with their sticks (Papaspiliopoulos and Roberts 2008, doi 10.1093/biomet/asm086).

    The sticks prefer an order of classes; without this move chains wait long in a bad one. What depends on the people
    of a class alone is drawn anew afterwards and need not be exchanged.
    """
    seen, hidden, rest = classes.seen, classes.hidden, classes.log_rest
    for k in range(seen.size - 2):
        gain = (seen[k] + hidden[k]) * rest[k + 1] - (seen[k + 1] + hidden[k + 1]) * rest[k]
        if gain >= 0.0 or np.log(1.0 - generator.random()) < gain:
            seen[k], seen[k + 1] = seen[k + 1], seen[k]
            hidden[k], hidden[k + 1] = hidden[k + 1], hidden[k]
            rest[k], rest[k + 1] = rest[k + 1], rest[k]
            for j in range(classes.on.shape[1]):
                classes.on[k, j], classes.on[k + 1, j] = classes.on[k + 1, j], classes.on[k, j]


@compiled
def missed(classes: Classes, chances: Floats) -> tuple[float, float]:
    """`(p0, 1 - p0)`, both exact where small; fills in each class's part of p0."""
    found = 0.0
    for k in range(chances.size):
        off = classes.log_off[k].sum()
        chances[k] = np.exp(classes.log_share[k] + off)
        found -= np.exp(classes.log_share[k]) * np.expm1(off)
    return min(1.0, float(chances.sum())), float(found)


@compiled
def place_hidden(
    generator: np.random.Generator, people: People, classes: Classes, priors: Priors, chances: Floats
) -> None:
    """Draw the hidden people and their classes."""
    p0, found = missed(classes, chances)
    hidden = draw_hidden(generator, float(people.counts.sum()), p0, found, priors)
    classes.numbers[HIDDEN], classes.numbers[FOUND] = hidden, found
    split(generator, int(hidden), chances, classes.hidden)


@compiled
def sweep(
    generator: np.random.Generator, people: People, classes: Classes, priors: Priors, sweeps: int, with_alpha: bool
) -> None:
    """So many sweeps of the Gibbs sampler."""
    chances, parts = np.empty(classes.seen.size), np.empty(classes.seen.size, dtype=np.int64)
    for _ in range(sweeps):
        _assign(generator, people, classes, chances, parts)
        _swap_labels(generator, classes)
        if with_alpha:
            in_class = (classes.seen + classes.hidden).astype(np.float64)
            classes.numbers[ALPHA] = draw_alpha(generator, classes.numbers[ALPHA], in_class, priors)
        _draw_classes(generator, classes)
        place_hidden(generator, people, classes, priors, chances)
