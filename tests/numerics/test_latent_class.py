"""The latent-class sampler: its draws against exact distributions, its posterior against another program."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.special import betaln, digamma
from scipy.stats import chi2, nbinom

from hiddenpop import load
from hiddenpop.numerics.convergence import diagnose
from hiddenpop.numerics.latent_chains import ChainOptions, build_people, run_chains
from hiddenpop.numerics.latent_draws import Priors, _log_alpha, _truncated, draw_alpha, draw_hidden, log_beta, split

PRIORS = Priors(0.25, 0.25, False, 0.0, 1.0, np.inf)
REFERENCE = Path(__file__).parent.parent / "reference" / "latent_class.csv"


@pytest.mark.parametrize("shape", [0.001, 0.02, 0.7, 3.0])
def test_sticks_are_drawn_also_where_they_round_to_one(shape):
    generator = np.random.default_rng(1)
    drawn = np.array([log_beta(generator, 1.0, shape) for _ in range(40_000)])
    expected = digamma([1.0, shape]) - digamma(1.0 + shape)
    assert np.isfinite(drawn).all()
    for values, mean in zip(drawn.T, expected, strict=True):
        assert values.mean() == pytest.approx(mean, abs=5.0 * values.std() / 200.0 + 1e-9)


def test_people_are_divided_as_a_multinomial():
    generator = np.random.default_rng(2)
    chances = np.array([0.5, 3.0, 0.0, 1.0, 0.25])
    for people in (3, 400):
        parts, total = np.empty(5, dtype=np.int64), np.zeros(5)
        for _ in range(4000):
            split(generator, people, chances.copy(), parts)
            assert parts.sum() == people
            total += parts
        expected = 4000 * people * chances / chances.sum()
        inside = expected > 0
        assert total[2] == 0
        assert ((total - expected)[inside] ** 2 / expected[inside]).sum() < chi2.isf(1e-5, 3)


def binned(drawn, mass):
    """p-value of counts of 0, 1, ... against their probabilities, tails merged."""
    seen = np.bincount(drawn.astype(int), minlength=mass.size)[: mass.size]
    big = mass * drawn.size >= 8
    observed = np.append(seen[big], drawn.size - seen[big].sum())
    expected = np.append(mass[big], max(1.0 - mass[big].sum(), 1e-300)) * drawn.size
    used = expected >= 5
    return chi2.sf(((observed - expected)[used] ** 2 / expected[used]).sum(), used.sum() - 1)


@pytest.mark.parametrize(("extra", "odds"), [(0.0, 1.0), (1.0, 1.0), (2.5, 0.8)])
def test_hidden_people_are_negative_binomial(extra, odds):
    generator = np.random.default_rng(3)
    priors = Priors(0.25, 0.25, False, extra, odds, np.inf)
    drawn = np.array([draw_hidden(generator, 30.0, 0.4, 0.6, priors) for _ in range(20_000)])
    assert binned(drawn, nbinom.pmf(np.arange(200), 30.0 + extra, 1.0 - 0.4 * odds)) > 1e-4
    # as many successes as people seen, and not one more
    assert binned(drawn, nbinom.pmf(np.arange(200), 36.0 + extra, 1.0 - 0.4 * odds)) < 1e-6


def test_a_largest_population_cuts_the_distribution_and_nothing_else():
    generator = np.random.default_rng(4)
    mass = nbinom.pmf(np.arange(26), 30.0, 0.4)
    for draw in (
        lambda: draw_hidden(generator, 30.0, 0.6, 0.4, Priors(0.25, 0.25, False, 0.0, 1.0, 25.0)),
        lambda: _truncated(generator, 30.0, 0.6, 25.0),
    ):
        drawn = np.array([draw() for _ in range(10_000)])
        assert drawn.max() <= 25
        assert binned(drawn, mass / mass.sum()) > 1e-4


@pytest.mark.parametrize("lognormal", [False, True])
def test_alpha_is_drawn_from_its_posterior_without_sticks(lognormal):
    people = np.array([40.0, 7.0, 0.0, 2.0, 0.0])
    after = people.sum() - np.cumsum(people)
    priors = Priors(0.25, 0.25, False, 0.0, 1.0, np.inf)
    if lognormal:
        priors = Priors(-1.0, 1.5, True, 0.0, 1.0, np.inf)
    grid = np.linspace(-25.0, 6.0, 4001)
    prior = 0.25 * grid - 0.25 * np.exp(grid) if not lognormal else -0.5 * ((grid + 1.0) / 1.5) ** 2
    plain = prior + sum(
        betaln(1.0 + people[k], np.exp(grid) + after[k]) - betaln(1.0, np.exp(grid)) for k in range(people.size - 1)
    )
    ours = np.array([_log_alpha(x, people, after, priors) for x in grid])
    assert ours - ours.max() == pytest.approx(plain - plain.max(), abs=1e-8)
    generator, alpha, drawn = np.random.default_rng(5), 0.3, []
    for _ in range(20_000):
        alpha = draw_alpha(generator, alpha, people, priors)
        drawn.append(np.log(alpha))
    mass = np.exp(plain - plain.max())
    mean = (mass @ grid) / mass.sum()
    effective = diagnose(np.array(drawn)[None, :]).ess_bulk
    assert np.mean(drawn) == pytest.approx(mean, abs=5.0 * np.std(drawn) / np.sqrt(effective))


def run(name, seed, thin=50, most=800, draws=1000):
    table = load(name)
    people = build_people(table.histories, table.counts, table.n_lists)
    chosen = ChainOptions(10, PRIORS, 4, draws, 5000, thin, most, (0.0, 0.02))
    found = run_chains(people, table.n_lists, chosen, np.random.SeedSequence(seed), lambda met: met.rhat <= 1.01)
    return table, found


def test_same_seed_same_chains_and_people_above_no_floor_are_all():
    table, first = run("new_orleans_5list", 3, thin=5, most=5, draws=200)
    _, again = run("new_orleans_5list", 3, thin=5, most=5, draws=200)
    assert (first.hidden == again.hidden).all()
    assert first.above[..., 0] == pytest.approx(first.hidden + table.observed, rel=1e-9)
    assert (first.above[..., 1] <= first.above[..., 0] * (1.0 + 1e-9)).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["kosovo_1999", "uk_2013", "new_orleans_5list"])
def test_quantiles_of_another_program(name):
    table, found = run(name, 1)
    assert found.convergence.rhat <= 1.01
    values = np.sort(found.hidden.ravel() + table.observed)
    compared = 0
    for row in csv.DictReader(REFERENCE.read_text(encoding="utf-8").splitlines()):
        if row["dataset"] == name:
            share = float(row["quantity"].split()[1]) / 100.0
            effective = min(found.convergence.ess_bulk, found.convergence.ess_tail)
            spread = np.sqrt(share * (1.0 - share) / effective)
            low, high = np.quantile(values, np.clip([share - 4.0 * spread, share + 4.0 * spread], 0.0, 1.0))
            value = float(row["value"])
            ours = np.quantile(values, share)
            assert abs(ours / value - 1.0) <= 0.02 or low <= value <= high, row
            compared += 1
    assert compared == 5
