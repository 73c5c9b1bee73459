"""Sweeps of the latent-class sampler, and the ratio to a NumPy judge: `python tests/benchmarks/latent_class.py`.

No assertions: machines differ and are noisy. The judge makes the same sweep of the same model by one call for
each kind of draw. (Its alpha is drawn given the sticks, which is less work than ours; it clips small chances.)
"""

import warnings
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np

import hiddenpop as hp
from hiddenpop.numerics.latent_chains import build_parts, build_people, start_ladder
from hiddenpop.numerics.latent_class import HIDDEN, sweep
from hiddenpop.numerics.latent_draws import Priors
from hiddenpop.numerics.latent_ladder import climb, rung

warnings.simplefilter("ignore")

CLASSES, THREADS, SWEEPS, TIMES = 10, 2, 10_000, 5
PRIORS = Priors(0.25, 0.25, False, 0.0, 1.0, np.inf)
TINY = 1e-12


def judge(table, sweeps, generator):
    """Hidden people after every sweep."""
    inside = (table.histories[:, None] >> np.arange(table.n_lists) & 1).astype(float)
    chance = np.tile(np.clip(table.counts @ inside / table.observed, 1e-6, 0.95), (CLASSES, 1))
    share, alpha, drawn = np.full(CLASSES, 1.0 / CLASSES), 0.3 / CLASSES, np.empty(sweeps)
    hidden = np.zeros(CLASSES, dtype=np.int64)
    for s in range(sweeps):
        logs = np.log(share) + inside @ np.log(chance).T + (1.0 - inside) @ np.log1p(-chance).T
        each = np.exp(logs - logs.max(axis=1, keepdims=True))
        parts = generator.multinomial(table.counts, each / each.sum(axis=1, keepdims=True))
        on, people = parts.T @ inside, parts.sum(axis=0) + hidden
        chance = np.clip(generator.beta(1.0 + on, 1.0 + people[:, None] - on), TINY, 1.0 - TINY)
        after = people.sum() - np.cumsum(people)
        stick = np.append(generator.beta(1.0 + people[:-1], alpha + after[:-1]), 1.0)
        rest = np.append(1.0, np.cumprod(np.maximum(1.0 - stick[:-1], TINY)))
        share = np.maximum(stick * rest, 1e-300)
        alpha = generator.gamma(0.25 + CLASSES - 1.0, 1.0 / (0.25 - np.log(max(share[-1], 1e-300))))
        missed = share * np.prod(1.0 - chance, axis=1)
        drawn[s] = generator.negative_binomial(table.observed, 1.0 - missed.sum())
        hidden = generator.multinomial(int(drawn[s]), missed / missed.sum())
    return drawn


def best(work, times=TIMES):
    """Seconds of the fastest of so many runs."""
    spent = []
    for _ in range(times):
        begin = perf_counter()
        work()
        spent.append(perf_counter() - begin)
    return min(spent)


def sampler(name):
    """Two functions of a number of chains: plain sweeps, and sweeps of a ladder; and the rungs of the ladder."""
    table = hp.load(name)
    people = build_people(table.histories, table.counts, table.n_lists)
    parts = build_parts(people.counts)
    generators = [np.random.default_rng(seed) for seed in range(THREADS)]
    states = [start_ladder(people, table.n_lists, CLASSES, len(parts), s % 2.0, g) for s, g in enumerate(generators)]
    exchanged = np.zeros((THREADS, len(parts) - 1, 2))

    def run(number):
        sweep(generators[number], people, rung(states[number], 0), PRIORS, SWEEPS, True)

    def run_ladder(number):
        climb(
            generators[number],
            people,
            states[number],
            PRIORS,
            parts,
            parts[0],
            parts[0],
            SWEEPS // 10,
            exchanged[number],
        )

    for number in range(THREADS):
        run(number)
        run_ladder(number)
    return run, run_ladder, len(parts), states


def main():
    with ThreadPoolExecutor(THREADS) as pool:
        for name in ("uk_2013", "kosovo_1999"):
            table = hp.load(name)
            run, run_ladder, rungs, states = sampler(name)
            one, ladder = best(lambda run=run: run(0)), best(lambda run=run_ladder: run(0))
            both = best(lambda run=run: list(pool.map(run, range(THREADS))))
            ladders = best(lambda run=run_ladder: list(pool.map(run, range(THREADS))))
            judge(table, 10, np.random.default_rng(1))
            theirs = best(lambda table=table: judge(table, 500, np.random.default_rng(1))) / 500
            rate = THREADS * SWEEPS / both
            print(f"{name}: {table.observed:,} people, {table.histories.size} histories, {CLASSES} classes")
            print(f"  one thread: {1e6 * one / SWEEPS:.1f} microseconds a sweep (LCMCR in C++: 13)")
            print(f"  {THREADS} threads: {rate:,.0f} sweeps a second")
            print(f"  judge {1.0 / theirs:,.0f}; ratio {rate * theirs:.0f}, of one thread {theirs * SWEEPS / one:.0f}")
            print(
                f"  ladder of {rungs} rungs: {1e7 * ladder / SWEEPS:.0f} microseconds a sweep of all rungs; "
                f"{THREADS} threads: {THREADS * SWEEPS / 10 / ladders:,.0f} a second, "
                f"{THREADS * SWEEPS / 10 * rungs / ladders:,.0f} sweeps of a rung",
                flush=True,
            )
            print(f"    now {[int(state.numbers[0, HIDDEN]) for state in states]} hidden people")
            begin = perf_counter()
            found = hp.latent_class(table, seed=1, allow_unconverged=True)
            spent, fit = perf_counter() - begin, found.fit
            least = min(fit.ess_bulk, fit.ess_tail)
            print(
                f"  estimator: {spent:.1f} s, {fit.thin} sweeps a draw, R-hat {fit.rhat:.4f}; effective draws "
                f"{fit.ess_bulk:,.0f} (tail {fit.ess_tail:,.0f}): {least / spent:.1f} a second; "
                f"{found.population:,.0f} people ({found.interval.low:,.0f} to {found.interval.high:,.0f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
