"""Several ladders of the latent-class sampler: dispersed starts, and longer runs until their chains have met."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from os import cpu_count

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks
from hiddenpop.numerics.convergence import Convergence, diagnose
from hiddenpop.numerics.latent_class import Classes, People, sweep
from hiddenpop.numerics.latent_draws import Priors
from hiddenpop.numerics.latent_ladder import climb, collect, rung, thin_counts

BURN = 500
SLICES = 20
FEWEST = 200  # people whom the highest rung sees
RATIO = 1.5

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class ChainOptions:
    """As `estimators.latent_class` has them."""

    classes: int
    priors: Priors
    chains: int
    draws: int
    warmup: int
    thin: int
    most_thin: int
    floors: tuple[float, ...]


@dataclass(frozen=True)
class Chains:
    """What the chains drew.

    Attributes
    ----------
    hidden, alpha, found : (C, S) hidden people, alpha, chance to be on any list
    above : (C, S, F) population above each floor
    thin : sweeps between two draws
    exchanged : share of exchanges made between the least connected two rungs; 1 where there is one rung
    convergence : of the hidden people
    """

    hidden: Floats
    alpha: Floats
    found: Floats
    above: Floats
    thin: int
    exchanged: float
    convergence: Convergence


def build_people(histories: Masks, counts: Counts, n_lists: int) -> People:
    """The people seen, by history, as the sampler wants them."""
    lists = [[j for j in range(n_lists) if mask >> j & 1] for mask in histories.tolist()]
    starts = np.concatenate([[0], np.cumsum([len(members) for members in lists])])
    members = np.array([j for each in lists for j in each])
    return People(starts.astype(np.int64), members.astype(np.int64), np.asarray(counts, dtype=np.int64))


def build_parts(counts: Counts) -> Counts:
    """The people (R, m) whom each rung of a ladder sees, everybody on the first."""
    least = min(1.0, FEWEST / counts.sum())
    rungs = 1 + int(np.ceil(-np.log(least) / np.log(RATIO)))
    return np.array([thin_counts(counts, share) for share in np.geomspace(1.0, least, rungs)])


def start_ladder(
    people: People, n_lists: int, size: int, rungs: int, scatter: float, generator: np.random.Generator
) -> Classes:
    """A start around the mode of one class: list chances as those of the people seen, times e to the `scatter`.

    Without scatter nearly everybody is in the first class; with it the classes have even shares.
    """
    shares = np.bincount(people.members, weights=np.repeat(people.counts, np.diff(people.starts)), minlength=n_lists)
    chance = shares / people.counts.sum() * np.exp(scatter * generator.standard_normal((rungs, size, n_lists)))
    chance = np.clip(chance, 1e-6, 0.95)
    share = np.full((rungs, size), 1.0 / size)
    if scatter == 0.0:
        share[:] = np.append(1.0 - 1e-3, np.full(size - 1, 1e-3 / (size - 1)))
    zeros = np.zeros((rungs, size, n_lists), dtype=np.int64)
    numbers = np.zeros((rungs, 3))
    numbers[:, 1] = 1.0 if scatter else 0.3 / size
    return Classes(
        np.log(share), np.zeros((rungs, size)), np.log(chance), np.log1p(-chance), zeros[..., 0].copy(),
        zeros[..., 0].copy(), zeros, numbers,
    )  # fmt: skip


def run_chains(
    people: People,
    n_lists: int,
    options: ChainOptions,
    seed: np.random.SeedSequence,
    is_met: Callable[[Convergence], bool],
    progress: Progress | None = None,
) -> Chains:
    """Run all chains; while they have not met, double the sweeps between draws and draw anew from where they are.

    Even chains start in the mode of one class, odd ones anywhere. The answers do not depend on the number of threads.
    """
    floors = np.array(options.floors)
    generators = [np.random.default_rng(own) for own in seed.spawn(options.chains)]
    parts = build_parts(people.counts)
    rungs = parts.shape[0]
    states = [
        start_ladder(people, n_lists, options.classes, rungs, float(number % 2), generators[number])
        for number in range(options.chains)
    ]
    exchanged = np.zeros((options.chains, rungs - 1, 2))

    def warm(number: int) -> None:
        generator, state = generators[number], states[number]
        for r in range(rungs):
            sweep(generator, people._replace(counts=parts[r]), rung(state, r), options.priors, BURN, False)
        climb(generator, people, state, options.priors, parts, options.warmup, exchanged[number])

    def draw(number: int, thin: int, kept: Floats) -> None:
        collect(
            generators[number], people, states[number], options.priors, parts, thin, floors, kept, exchanged[number]
        )

    thin = options.thin
    with ThreadPoolExecutor(cpu_count()) as pool:
        list(pool.map(warm, range(options.chains)))
        while True:
            kept = np.empty((options.chains, options.draws, 3 + floors.size))
            for part in np.array_split(np.arange(options.draws), SLICES):
                here = slice(part[0], part[-1] + 1)
                list(pool.map(draw, range(options.chains), [thin] * options.chains, kept[:, here]))
                if progress:
                    progress((part[-1] + 1) / options.draws, f"{thin} sweeps a draw")
            met = diagnose(kept[:, :, 0])
            if is_met(met) or 2 * thin > options.most_thin:
                tried, made = exchanged.sum(axis=0).T
                least = float((made / tried).min()) if rungs > 1 else 1.0
                return Chains(kept[..., 0], kept[..., 1], kept[..., 2], kept[..., 3:], thin, least, met)
            thin *= 2
