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
from hiddenpop.numerics.latent_state import Keeper, Run

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
    hidden, alpha, found : (C, S) population beyond the counts given, alpha, chance to be on any list
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


@dataclass(frozen=True)
class Work:
    """What the threads do.

    Attributes
    ----------
    people : seen
    bands : least and most people (m,) of each history
    options : of the chains
    run : where they stand
    """

    people: People
    bands: tuple[Counts, Counts]
    options: ChainOptions
    run: Run

    def advance(self, pool: ThreadPoolExecutor) -> None:
        """The warm-up, or one slice of the draws, on all chains."""
        run, chains = self.run, range(self.options.chains)
        if run.slices < 0:
            list(pool.map(self._warm, chains))
        else:
            slices = np.array_split(np.arange(self.options.draws), SLICES)
            part = slices[run.slices]
            list(pool.map(self._draw, chains, run.kept[:, part[0] : part[-1] + 1]))
        run.slices += 1

    def _warm(self, number: int) -> None:
        generator, ladder, priors = self.run.generators[number], self.run.ladders[number], self.options.priors
        parts = self.run.parts[number]
        for r, counts in enumerate(parts):
            sweep(generator, self.people._replace(counts=counts), rung(ladder, r), priors, BURN, False)
        exchanged = self.run.exchanged[number]
        climb(generator, self.people, ladder, priors, parts, *self.bands, self.options.warmup, exchanged)

    def _draw(self, number: int, kept: Floats) -> None:
        run, floors = self.run, np.array(self.options.floors)
        generator, ladder, exchanged = run.generators[number], run.ladders[number], run.exchanged[number]
        priors, parts = self.options.priors, run.parts[number]
        collect(generator, self.people, ladder, priors, parts, *self.bands, run.thin, floors, kept, exchanged)


def start_run(people: People, n_lists: int, options: ChainOptions, seed: np.random.SeedSequence) -> Run:
    """All ladders before their warm-up: even ones in the mode of one class, odd ones anywhere."""
    parts = build_parts(people.counts)
    rungs = parts.shape[0]
    generators = [np.random.default_rng(own) for own in seed.spawn(options.chains)]
    ladders = [
        start_ladder(people, n_lists, options.classes, rungs, float(number % 2), generator)
        for number, generator in enumerate(generators)
    ]
    exchanged = np.zeros((options.chains, rungs - 1, 2))
    kept = np.zeros((options.chains, options.draws, 3 + len(options.floors)))
    return Run(ladders, generators, exchanged, kept, np.tile(parts, (options.chains, 1, 1)), options.thin)


def run_chains(
    people: People,
    n_lists: int,
    options: ChainOptions,
    seed: np.random.SeedSequence,
    is_met: Callable[[Convergence], bool],
    progress: Progress = lambda share, note: None,
    keeper: Keeper | None = None,
    bands: tuple[Counts, Counts] | None = None,
) -> Chains:
    """Run all chains; while they have not met, double the sweeps between draws and draw anew from where they are.

    With bands, least and most people (m,) of each history, those of `people` are where the chains begin.

    The answers do not depend on the number of threads, nor on whether the run was interrupted and went on from what
    the keeper has.
    """
    run = start_run(people, n_lists, options, seed)
    if keeper and (arrays := keeper.load("state")):
        run.go_on_from(arrays)
    work = Work(people, bands or (people.counts, people.counts), options, run)
    with ThreadPoolExecutor(cpu_count()) as pool:
        while True:
            while run.slices < SLICES:
                work.advance(pool)
                progress(run.slices / SLICES, f"{options.chains} chains, {run.thin} sweeps a draw")
                if keeper:
                    keeper.store("state", run.to_arrays())
            met = diagnose(run.kept[:, :, 0])
            if is_met(met) or 2 * run.thin > options.most_thin:
                return _finish(run, met)
            run.thin, run.slices = 2 * run.thin, 0


def _finish(run: Run, met: Convergence) -> Chains:
    tried, made = run.exchanged.sum(axis=0).T
    least = float((made / tried).min()) if tried.size else 1.0
    kept = run.kept
    return Chains(kept[..., 0], kept[..., 1], kept[..., 2], kept[..., 3:], run.thin, least, met)
