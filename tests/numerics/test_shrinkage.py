"""Pairs shrunk towards what they share: against a random walk on the same posterior, and where the prior has no say."""

import numpy as np
import pytest
from scipy.stats import norm

import hiddenpop as hp
from hiddenpop.arrays import popcount
from hiddenpop.design import Design
from hiddenpop.numerics.shrinkage import FREEDOM, fit_shrinkage, scatter_grid, shared_overlap

DESIGN = Design(population=2000, probabilities=(0.15, 0.2, 0.1), odds_ratios={"1:2": 3.0})


def random_walk(table, shared_sd, scale, steps=400_000):
    """Main effects, pairs, shared value and place of t on the grid, one at a time, without any algebra of ours."""
    generator = np.random.default_rng(1)
    k = table.n_lists
    cells = np.arange(1, 1 << k)
    pairs = [m for m in cells if popcount(np.array([m]))[0] == 2]
    design = np.array([[(x & m) == m for m in [*(1 << np.arange(k)), *pairs]] for x in cells], dtype=float)
    seen = np.zeros(cells.size)
    seen[table.histories - 1] = table.counts
    values, mass = scatter_grid(scale)

    def log_posterior(beta, shared, g):
        eta = design @ beta
        fit = seen @ eta - seen.sum() * np.log(np.exp(eta).sum())
        spread = values[g]
        prior = -0.5 * (((beta[k:] - shared) / spread) ** 2).sum() - len(pairs) * np.log(spread)
        return fit + prior - 0.5 * (shared / shared_sd) ** 2 + np.log(mass[g])

    beta, shared, g = np.concatenate([np.full(k, -1.5), np.zeros(len(pairs))]), 0.0, 3
    now, kept = log_posterior(beta, shared, g), []
    for step in range(steps):
        other, other_shared, other_g = beta.copy(), shared, g
        kind = step % 3
        if kind == 0:
            other = beta + generator.normal(0.0, 0.12, beta.size)
        elif kind == 1:
            other_shared = shared + generator.normal(0.0, 0.5)
        else:
            other_g = g + generator.choice([-1, 1])
            if not 0 <= other_g < values.size:
                continue
        then = log_posterior(other, other_shared, other_g)
        if np.log(generator.random()) < then - now:
            beta, shared, g, now = other, other_shared, other_g, then
        if step > steps // 10 and step % 10 == 0:
            kept.append(np.append(beta[k:], np.log(seen.sum() / np.exp(design @ beta).sum())))
    return np.array(kept)


def test_it_agrees_with_a_random_walk():
    table = DESIGN.draw(2)
    found = fit_shrinkage(3, table.histories, table.counts, 1.0, 0.5)
    kept = random_walk(table, 1.0, 0.5)
    spread = kept.std(axis=0)
    assert found.mean == pytest.approx(kept[:, :3].mean(axis=0), abs=0.12 * spread[:3].max())
    assert found.sd == pytest.approx(spread[:3], rel=0.08)
    weight, places = found.mixture.weight, found.mixture.log_hidden
    middle = weight @ places / weight.sum()
    assert middle == pytest.approx(kept[:, 3].mean(), abs=0.1 * spread[3])
    assert np.sqrt(weight @ (places - middle) ** 2 / weight.sum()) == pytest.approx(spread[3], rel=0.08)


def test_draws_are_worth_most_of_their_number():
    for design in (DESIGN, Design(population=5000, probabilities=(0.1,) * 6, odds_ratios={"pairs": 2.0})):
        table = design.draw(1)
        assert fit_shrinkage(table.n_lists, table.histories, table.counts, 1.0, 0.5).effective > 3000


def test_many_people_leave_nothing_to_the_prior():
    table = Design(population=2_000_000, probabilities=(0.3, 0.4, 0.35), odds_ratios={"1:2": 3.0}).expected()
    for scales in ((0.5, 0.25), (1.0, 1.0)):
        found = fit_shrinkage(3, table.histories, table.counts, *scales)
        assert found.mean == pytest.approx([np.log(3.0), 0.0, 0.0], abs=0.02)
        assert table.observed + found.mixture.quantile(0.5) == pytest.approx(2_000_000, rel=0.01)


def test_other_scales_by_weights_agree_with_a_fit_of_their_own():
    table = DESIGN.draw(2)
    found = fit_shrinkage(3, table.histories, table.counts, 1.0, 0.5, (0.5, 2.0))
    for factor, mixture in found.others.items():
        own = fit_shrinkage(3, table.histories, table.counts, factor, 0.5 * factor).mixture.quantile(0.5)
        assert mixture.quantile(0.5) == pytest.approx(own, rel=0.02)


def test_dependence_of_all_pairs_is_found_together_though_none_is_seen_alone():
    table = Design(population=50_000, probabilities=(0.1,) * 5, odds_ratios={"pairs": 1.5}).expected()
    found = fit_shrinkage(5, table.histories, table.counts, 1.0, 0.5)
    assert found.shared == pytest.approx(np.log(1.5), abs=0.05)
    assert found.scatter[found.scatter[:, 0] < 0.2, 1].sum() > 0.9


def test_the_prior_of_the_scatter_is_half_t():
    values, mass = scatter_grid(0.5)
    assert mass.sum() == pytest.approx(1.0)
    ratio = mass[1] / mass[0] * values[0] / values[1]
    assert ratio == pytest.approx(((1 + (values[0] / 0.5) ** 2 / 3) / (1 + (values[1] / 0.5) ** 2 / 3)) ** 2)
    assert FREEDOM > 2


def test_the_overlap_with_the_prior_is_one_for_the_prior_and_falls_as_data_speak():
    assert shared_overlap(0.0, 1.0, 10_000, 1.0, 0.01) == pytest.approx(1.0, abs=1e-3)
    at = np.linspace(-8, 8, 200_001)
    expected = np.minimum(norm.pdf(at), norm.pdf(at, 0.7, 0.5)).sum() * (at[1] - at[0])
    assert shared_overlap(0.7, 0.5, 10_000, 1.0, 0.01) == pytest.approx(expected, abs=1e-3)


@pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")
def test_data_that_say_nothing_about_dependence_are_told_from_data_that_do():
    def passed(name):
        found = hp.loglinear_shrinkage(hp.load(name), shared_sd=0.5, scatter=0.25, seed=1)
        return next(c for c in found.checks if c.name == "dependence-from-prior").passed

    assert passed("kosovo_1999")
    assert not passed("artificial_3")
