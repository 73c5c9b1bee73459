"""Chains of a latent-class model that exchange states with hotter ones, so that they leave small modes; compiled.

Each rung of a ladder sees a smaller part of the people than the one below: their counts times a share, rounded. Its
posterior is flatter, and neighbouring rungs exchange what their classes are like by the Metropolis rule, with people,
seen and hidden, summed out (replica exchange: Geyer 1991). Only the lowest rung, which sees all people, is kept.
"""

from __future__ import annotations

import numpy as np

from hiddenpop.arrays import Counts, Floats
from hiddenpop.numerics.compiled import compiled
from hiddenpop.numerics.latent_bands import fill_bands
from hiddenpop.numerics.latent_class import ALPHA, FOUND, HIDDEN, Classes, People, missed, place_hidden, sweep, weigh
from hiddenpop.numerics.latent_draws import Priors

EVERY = 2
NEGLIGIBLE = -40.0
UNLIMITED = 1e12


def thin_counts(counts: Counts, share: float) -> Counts:
    """So large a part of the people (m,), rounded so that sums over neighbouring histories keep it too."""
    kept: Counts = np.floor(np.cumsum(counts) * share + 0.5).astype(np.int64)
    return np.asarray(np.diff(kept, prepend=0))


@compiled
def rung(ladder: Classes, r: int) -> Classes:
    """One state of a ladder, whose arrays have one more dimension in front; a view."""
    return Classes(
        ladder.log_share[r], ladder.log_rest[r], ladder.log_on[r], ladder.log_off[r], ladder.seen[r], ladder.hidden[r],
        ladder.on[r], ladder.numbers[r],
    )  # fmt: skip


@compiled
def _part(people: People, counts: Counts) -> People:
    return People(people.starts, people.members, counts)


@compiled
def _log_posterior(people: People, classes: Classes, priors: Priors, chances: Floats) -> float:
    """Log-density of the classes, people summed out, without the prior, which is the same on all rungs."""
    p0, found = missed(classes, chances)
    size = people.counts.sum() + priors.extra
    total = -size * np.log(max(found + p0 * (1.0 - priors.odds), 1e-300))
    base = np.empty(chances.size)
    for k in range(chances.size):
        base[k] = classes.log_share[k] + classes.log_off[k].sum()
    for h in range(people.counts.size):
        if people.counts[h] == 0:
            continue
        weigh(people, classes, h, base, chances)
        top = chances.max()
        total += people.counts[h] * (top + np.log(np.exp(chances - top).sum()))
    return float(total)


@compiled
def _cut(people: People, classes: Classes, priors: Priors) -> bool:
    """Does the largest number of hidden people cut anything off? (Chernoff's bound for the negative binomial.)"""
    failing = (1.0 - classes.numbers[FOUND]) * priors.odds
    size, most = people.counts.sum() + priors.extra, min(priors.most, UNLIMITED)
    share = most / (size + most)
    if share <= failing:
        return True
    bound = size * np.log((1.0 - failing) / (1.0 - share)) - most * np.log(share / max(failing, 1e-300))
    return bool(bound > NEGLIGIBLE)


@compiled
def _exchange(one: Classes, other: Classes) -> None:
    for k in range(one.log_share.size):
        one.log_share[k], other.log_share[k] = other.log_share[k], one.log_share[k]
        one.log_rest[k], other.log_rest[k] = other.log_rest[k], one.log_rest[k]
        for j in range(one.log_on.shape[1]):
            one.log_on[k, j], other.log_on[k, j] = other.log_on[k, j], one.log_on[k, j]
            one.log_off[k, j], other.log_off[k, j] = other.log_off[k, j], one.log_off[k, j]
    one.numbers[ALPHA], other.numbers[ALPHA] = other.numbers[ALPHA], one.numbers[ALPHA]


@compiled
def climb(
    generator: np.random.Generator,
    people: People,
    ladder: Classes,
    priors: Priors,
    parts: Counts,
    low: Counts,
    high: Counts,
    sweeps: int,
    exchanged: Floats,
) -> None:
    """So many sweeps on every rung; counts exchanges tried and made (R - 1, 2).

    What lies in bands, where low (m,) is below high, is drawn again on the first rung; the others keep their people.
    """
    banded = (low < high).any()
    chances = np.empty(ladder.seen.shape[1])
    done, parity = 0, int(generator.random() < 0.5)
    while done < sweeps:
        more = min(EVERY, sweeps - done)
        for r in range(parts.shape[0]):
            sweep(generator, _part(people, parts[r]), rung(ladder, r), priors, more, True)
        if banded:
            fill_bands(generator, _part(people, parts[0]), low, high, rung(ladder, 0), priors, chances)
        done += more
        parity = 1 - parity
        for r in range(parity, parts.shape[0] - 1, 2):
            cold, hot = rung(ladder, r), rung(ladder, r + 1)
            exchanged[r, 0] += 1.0
            seen = _part(people, parts[r])
            if _cut(seen, cold, priors) or _cut(seen, hot, priors):
                continue
            gain = 0.0
            for state, sign in ((cold, -1.0), (hot, 1.0)):
                gain += sign * _log_posterior(seen, state, priors, chances)
                gain -= sign * _log_posterior(_part(people, parts[r + 1]), state, priors, chances)
            if gain >= 0.0 or np.log(1.0 - generator.random()) < gain:
                _exchange(cold, hot)
                exchanged[r, 1] += 1.0
                place_hidden(generator, seen, cold, priors, chances)
                place_hidden(generator, _part(people, parts[r + 1]), hot, priors, chances)


@compiled
def collect(
    generator: np.random.Generator,
    people: People,
    ladder: Classes,
    priors: Priors,
    parts: Counts,
    low: Counts,
    high: Counts,
    thin: int,
    floors: Floats,
    draws: Floats,
    exchanged: Floats,
) -> None:
    """Keep every `thin`-th sweep of the coldest rung.

    draws (S, 3 + F): population beyond the counts of `people`, alpha, chance to be on any list, population above each
    floor, which are the people whose chance to be on any list is at least so much.
    """
    known = float(people.counts.sum())
    cold = rung(ladder, 0)
    for s in range(draws.shape[0]):
        climb(generator, people, ladder, priors, parts, low, high, thin, exchanged)
        seen = float(parts[0].sum())
        draws[s, 0] = seen - known + cold.numbers[HIDDEN]
        draws[s, 1], draws[s, 2] = cold.numbers[ALPHA], cold.numbers[FOUND]
        draws[s, 3:] = 0.0
        for k in range(cold.seen.size):
            chance = -np.expm1(cold.log_off[k].sum())
            for f in range(floors.size):
                if chance >= floors[f]:
                    draws[s, 3 + f] += (seen + cold.numbers[HIDDEN]) * np.exp(cold.log_share[k])
