"""Times of averages over graphs, and the ratio to a plain NumPy judge: `python tests/benchmarks/graphical.py`.

No assertions: machines differ and are noisy. The judge loops over the graphs and is vectorised over the numbers of
hidden people; it is told the cliques and separators, which cost it nothing.
"""

import warnings
from time import perf_counter

import numpy as np
from scipy.special import gammaln, logsumexp

import hiddenpop as hp
from hiddenpop.numerics.graphical import adapt_average, build_margins, log_graph_prior
from hiddenpop.numerics.graphs import decomposable_graphs
from hiddenpop.numerics.hidden_grid import COARSE
from hiddenpop.numerics.priors import read_prior

warnings.simplefilter("ignore")

MOST = 80_000


def timed(work, times=3):
    """`(answer, seconds)`, the best of so many."""
    spent = []
    for _ in range(times):
        begin = perf_counter()
        answer = work()
        spent.append(perf_counter() - begin)
    return answer, min(spent)


def judge(table, most):
    """Posterior mean of the population over all graphs and 1 to `most` hidden people, as the formulas have it."""
    lists, delta, hidden = table.n_lists, 2.0**-table.n_lists, np.arange(1.0, most + 1.0)
    population = hidden + table.observed
    level = gammaln(2.0**lists * delta) - gammaln(population + 2.0**lists * delta)
    known = {0: np.zeros(most)}
    for lists_of in range(1, 1 << lists):
        cells = [x for x in range(1 << lists) if x & lists_of == x]
        prior = delta * 2.0 ** (lists - lists_of.bit_count())
        seen = {x: float(table.counts[table.histories & lists_of == x].sum()) for x in cells}
        known[lists_of] = gammaln(hidden + seen[0] + prior) - len(cells) * gammaln(prior) + level
        known[lists_of] += sum(gammaln(seen[x] + prior) for x in cells if x)
    common = gammaln(population + 1.0) - gammaln(hidden + 1.0) - np.log(population)
    rows = []
    for parts in decomposable_graphs(lists)[1].tolist():
        score = common.copy()
        for part in parts:
            if part:
                score += known[part] if part > 0 else -known[-part]
        rows.append(score)
    density = np.exp(np.array(rows) - logsumexp(rows))
    return float(density.sum(axis=0) @ population)


def on_grids(table, points):
    """Mean and median of the population, and points of the adaptive grid, on one of about so many points."""
    margins = build_margins(
        table.n_lists, table.histories, table.counts, np.full(1 << table.n_lists, 2.0**-table.n_lists)
    )
    graphs, parts = decomposable_graphs(table.n_lists)
    prior = log_graph_prior(graphs, table.n_lists, 0.5, True)
    found = adapt_average(margins, parts, prior, read_prior("1/N").log_mass, points).hidden
    return table.observed + found.mean, table.observed + found.quantile(0.5), found.grid.size


def main():
    table = hp.load("uk_2013_5list")
    hp.graphical(table, max_hidden=1000, seed=1)  # compile
    found, ours = timed(lambda: hp.graphical(table, max_hidden=MOST, seed=1))
    mean, theirs = timed(lambda: judge(table, MOST), 1)
    print(f"uk_2013_5list, 822 graphs, 1 to {MOST:,} hidden people")
    print(f"  ours {ours:.2f} s, judge {theirs:.2f} s: {theirs / ours:.0f} times")
    print(f"  mean {found.fit.mean:.6f}, judge {mean:.6f}; relative difference {abs(found.fit.mean / mean - 1.0):.1e}")
    seven = hp.Design(population=100_000, probabilities=(0.02, 0.04, 0.03, 0.05, 0.02, 0.03, 0.04)).draw(1)
    for name, each in (
        ("uk_2013_5list", table),
        ("uk_2013, 6 lists", hp.load("uk_2013")),
        ("simulated, 7 lists", seven),
    ):
        begin = perf_counter()
        decomposable_graphs(each.n_lists)
        listed = perf_counter() - begin
        found, seconds = timed(lambda each=each: hp.graphical(each, seed=1), 1)
        points = found.fit.grid["points"]
        (mean, median, fine), twice = timed(lambda each=each, points=points: on_grids(each, 2 * points), 1)
        print(
            f"{name}: {found.fit.n_graphs:,} graphs listed in {listed:.2f} s; all numbers in {seconds:.2f} s",
            flush=True,
        )
        print(f"  grid of {points:,} points ({COARSE} while it is being laid): mean {found.fit.mean:,.4f}", flush=True)
        print(
            f"  grid of {fine:,} points, {twice:.2f} s: mean {mean:,.4f}, median {median:,} against "
            f"{found.population:,.0f}; relative difference of the means {abs(found.fit.mean / mean - 1.0):.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
