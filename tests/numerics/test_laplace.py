"""Posterior of averaged models against brute-force integration, closed forms, a random walk and the plain judge."""

from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from judge import fit as judge_fit
from scipy.special import betaln, gammaln, logsumexp
from scipy.stats import nbinom, norm

from hiddenpop.arrays import popcount
from hiddenpop.design import Design
from hiddenpop.errors import ConvergenceError
from hiddenpop.numerics import average as averaging
from hiddenpop.numerics import laplace
from hiddenpop.numerics.average import build_candidates, canonical_order, fit_posterior, prior_sd
from hiddenpop.numerics.laplace import find_mode, fit_modes

TABLES = {
    "dense": {0b001: 60, 0b010: 45, 0b100: 30, 0b011: 25, 0b101: 12, 0b110: 10, 0b111: 6},
    "an empty overlap": {0b001: 40, 0b010: 30, 0b100: 22, 0b011: 8, 0b101: 3},
    "a handful": {0b001: 9, 0b010: 7, 0b100: 5, 0b011: 2, 0b110: 1},
}


def candidates(counts, n_lists=3, max_order=None, model_prior="uniform"):
    masks = np.array(list(counts), dtype=np.int64)
    people = np.array(list(counts.values()), dtype=np.int64)
    return build_candidates(n_lists, max_order or n_lists - 1, masks, people, model_prior)


def only(found, row):
    return replace(found, models=found.models[[row]], log_prior=np.zeros(1))


class Plain:
    """The posterior of one model with a design matrix over all histories; nothing shared with the package."""

    def __init__(self, found, row, interaction_sd):
        terms = found.terms[found.models[row] != 0][1:]
        cells = np.arange(1, found.seen.size)
        self.design = ((cells[:, None] & terms) == terms).astype(float)
        self.counts = found.seen[1:]
        self.order = popcount(terms)
        self.sd = prior_sd(self.order, interaction_sd)

    def logs(self, beta):
        """`(log of likelihood times prior of the interactions, log W)` at coefficients (..., d)."""
        eta = beta @ self.design.T
        top = eta.max(axis=-1)
        total = top + np.log(np.exp(eta - top[..., None]).sum(axis=-1))
        value = eta @ self.counts - self.counts.sum() * total
        inside = self.order > 1
        return value + norm.logpdf(beta[..., inside], 0.0, self.sd[inside]).sum(axis=-1), total

    def mode(self):
        """Mode and covariance by Newton's method."""
        beta = np.where(self.order == 1, -1.0, 0.0)
        for _ in range(200):
            weight = np.exp(self.design @ beta)
            p = weight / weight.sum()
            n = self.counts.sum()
            gradient = self.design.T @ (self.counts - n * p) - beta / self.sd**2
            centred = self.design - p @ self.design
            information = n * centred.T @ (p[:, None] * centred) + np.diag(self.sd**-2.0)
            step = np.linalg.solve(information, gradient)
            size = min(1.0, 1.0 / np.abs(step).max())
            beta = beta + size * step
        return beta, np.linalg.inv(information)

    def integrate(self, spacing=1.0, reach=7):
        """`(log evidence, weights, log W)` by the trapezoidal rule in whitened coordinates."""
        beta, covariance = self.mode()
        root = np.linalg.cholesky(covariance)
        axis = np.arange(-reach, reach + 1) * spacing
        values, totals = [], []
        for first in axis:
            rest = np.array(list(product(axis, repeat=beta.size - 2)), dtype=float)
            for second in axis:
                lead = np.broadcast_to([first, second], (len(rest), 2))
                z = np.concatenate([lead, rest], axis=1)
                z = z[(z**2).sum(axis=1) <= (reach * spacing) ** 2]
                value, total = self.logs(beta + z @ root.T)
                keep = value > self.logs(beta)[0] - 25.0
                values.append(value[keep])
                totals.append(total[keep])
        value, total = np.concatenate(values), np.concatenate(totals)
        evidence = logsumexp(value) + np.log(np.diag(root)).sum() + beta.size * np.log(spacing)
        return evidence, np.exp(value - logsumexp(value)), total


def cumulative(weights, totals, people, hidden):
    """Probability that at most so many are hidden."""
    return float(weights @ nbinom.cdf(hidden, people, 1.0 / (1.0 + np.exp(-totals))))


def closed_independence(found, largest=100_000):
    """`(log evidence up to a constant, cumulative distribution of n0)` of independent lists, summing over N."""
    n = found.people
    sizes = [found.overlaps[1 << i] for i in range(found.seen.size.bit_length() - 1)]
    hidden = np.arange(largest, dtype=float)
    total = n + hidden
    log = -np.log(total) + gammaln(total + 1) - gammaln(hidden + 1) - gammaln(n)
    log = log + sum(betaln(size, total - size) for size in sizes)
    return logsumexp(log), np.cumsum(np.exp(log - logsumexp(log)))


@cache
def integrals(name, interaction_sd):
    found = candidates(TABLES[name])
    return [Plain(found, row, interaction_sd).integrate() for row in range(len(found.models))]


@pytest.mark.parametrize("name", list(TABLES))
def test_the_judge_by_integration_agrees_with_the_sum_over_all_populations(name):
    found = candidates(TABLES[name], max_order=1)
    log_evidence, shares = closed_independence(found)
    plain = Plain(found, 0, 1.5)
    evidence, weights, totals = plain.integrate(spacing=0.5, reach=16)
    assert evidence == pytest.approx(log_evidence, abs=2e-3)
    for hidden in np.searchsorted(shares, [0.1, 0.5, 0.9]):
        assert cumulative(weights, totals, found.people, hidden) == pytest.approx(shares[hidden], abs=1e-3)


@pytest.mark.parametrize("n_lists", [2, 3, 4])
def test_independent_lists_agree_with_the_sum_over_all_populations(n_lists):
    data = Design(population=300, probabilities=(0.4, 0.3, 0.35, 0.25)[:n_lists]).draw(5)
    found = build_candidates(n_lists, 1, data.histories, data.counts, "uniform")
    shares = closed_independence(found)[1]
    average = fit_posterior(found, 1.5, np.random.default_rng(1), 50_000)
    for hidden in np.searchsorted(shares, [0.025, 0.25, 0.5, 0.75, 0.975]):
        assert average.mixture.below(hidden) == pytest.approx(shares[hidden], abs=0.005)


@pytest.mark.parametrize(("name", "interaction_sd"), [*((name, 1.5) for name in TABLES), ("dense", 0.5)])
def test_weights_and_hidden_numbers_agree_with_integration_over_all_models(name, interaction_sd):
    found = candidates(TABLES[name])
    parts = integrals(name, interaction_sd)
    logs = np.array([evidence for evidence, _, _ in parts])
    exact = np.exp(logs - logsumexp(logs))
    average = fit_posterior(found, interaction_sd, np.random.default_rng(2))
    error = np.sqrt(exact * (1.0 - exact) / average.effective)
    assert np.abs(average.weight - exact).max() <= 4.0 * error.max()
    grid, mass = average.mixture.log_hidden, average.mixture.weight
    centre = mass @ grid
    spread = np.sqrt(mass @ (grid - centre) ** 2)
    for z in (-2.0, -1.0, 0.0, 1.0, 2.0):  # the distribution of log expected n0, blurred: smooth enough for the rule
        point = centre + z * spread
        truth = sum(
            w * (part[1] @ norm.cdf((point - np.log(found.people) + part[2]) / spread))
            for w, part in zip(exact, parts, strict=True)
        )
        ours = mass @ norm.cdf((point - grid) / spread)
        assert ours == pytest.approx(truth, abs=4.0 * np.sqrt(truth * (1.0 - truth) / average.effective))


def test_the_laplace_approximation_alone_is_worse_than_what_is_reported():
    found = candidates(TABLES["a handful"])
    exact = np.array([evidence for evidence, _, _ in integrals("a handful", 1.5)])
    exact = np.exp(exact - logsumexp(exact))
    precision = prior_sd(found.order, 1.5) ** -2.0
    laplace = fit_modes(found.terms, found.models, found.overlaps, precision, np.zeros(found.terms.size))[0][:, 0]
    laplace = np.exp(laplace - logsumexp(laplace))
    reported = fit_posterior(found, 1.5, np.random.default_rng(3)).weight
    assert np.abs(reported - exact).max() < np.abs(laplace - exact).max()


def test_a_model_of_four_lists_agrees_with_long_random_walks():
    counts = {1: 40, 2: 35, 4: 25, 8: 20, 3: 12, 5: 6, 9: 3, 6: 4, 10: 5, 12: 1, 7: 3, 14: 1}
    found = candidates(counts, n_lists=4)
    row = int(np.argmax(found.models.sum(axis=1) == 1 + 4 + 6 + 1))  # all pairs and one interaction of three lists
    average = fit_posterior(only(found, row), 1.5, np.random.default_rng(4), 40_000)
    plain = Plain(found, row, 1.5)
    beta, covariance = plain.mode()
    generator = np.random.default_rng(5)
    root = np.linalg.cholesky(covariance) * 2.0 / np.sqrt(beta.size)
    walkers = 2000
    here = beta + generator.standard_normal((walkers, beta.size)) @ np.linalg.cholesky(covariance).T
    value, total = plain.logs(here)
    kept, coefficients = [], []
    for turn in range(1500):
        there = here + generator.standard_normal(here.shape) @ root.T
        proposed, its_total = plain.logs(there)
        accept = np.log(generator.random(walkers)) < proposed - value
        here = np.where(accept[:, None], there, here)
        value, total = np.where(accept, proposed, value), np.where(accept, its_total, total)
        if turn >= 500 and turn % 10 == 0:
            kept.append(total)
            coefficients.append(here)
    per_walker = np.array(kept)
    for share in (0.025, 0.25, 0.5, 0.75, 0.975):
        hidden = np.ceil(average.mixture.quantile(share))
        each = nbinom.cdf(hidden, found.people, 1.0 / (1.0 + np.exp(-per_walker))).mean(axis=0)
        error = np.hypot(each.std() / np.sqrt(walkers), np.sqrt(share * (1 - share) / average.effective))
        assert average.mixture.below(hidden) == pytest.approx(each.mean(), abs=4.0 * error)
    means = np.array(coefficients).mean(axis=0)
    inside = np.flatnonzero(found.models[row])[1:]
    error = np.hypot(means.std(axis=0) / np.sqrt(walkers), average.sd[inside] / np.sqrt(average.effective))
    assert np.abs(means.mean(axis=0) - average.mean[inside]).max() < 4.0 * error.max()
    assert np.array(coefficients).std(axis=(0, 1)) == pytest.approx(average.sd[inside], rel=0.05)


def test_without_prior_the_mode_is_the_maximum_likelihood_estimate():
    found = candidates(TABLES["dense"])
    for row in range(len(found.models)):
        terms = found.terms[found.models[row] != 0]
        counts = {x: found.seen[x] for x in range(1, 8)}
        truth, hidden, _, _ = judge_fit(terms.tolist(), 3, counts)
        beta, room = np.zeros(terms.size - 1), np.empty(8)
        lower = np.zeros((beta.size, beta.size))
        _, determinant, log_total = find_mode(terms[1:], found.overlaps, np.zeros(beta.size), beta, room, lower)
        assert beta == pytest.approx([truth[t] for t in terms[1:].tolist()], abs=1e-6)
        assert found.people / np.exp(log_total) == pytest.approx(hidden, rel=1e-6)
        assert determinant == pytest.approx(2.0 * np.log(np.diag(lower)).sum())


def test_modes_are_modes_from_any_start():
    data = Design(population=2000, probabilities=(0.1, 0.15, 0.05, 0.1), odds_ratios={"pairs": 2.0}).draw(8)
    found = build_candidates(4, 3, data.histories, data.counts, "uniform")
    precision = prior_sd(found.order, 1.0) ** -2.0
    numbers, modes = fit_modes(found.terms, found.models, found.overlaps, precision, np.zeros(found.terms.size))
    again, _ = fit_modes(found.terms, found.models[::-1], found.overlaps, precision, -2.0 * (found.order == 1))
    assert again[::-1, 0] == pytest.approx(numbers[:, 0], abs=1e-6)
    for row in (0, 40, 112):
        mode, covariance = Plain(found, row, 1.0).mode()
        inside = np.flatnonzero(found.models[row])[1:]
        assert modes[row, inside] == pytest.approx(mode, abs=1e-4)
        assert not np.delete(modes[row], inside).any()
        peak = Plain(found, row, 1.0).logs(mode)[0] + 0.5 * np.linalg.slogdet(2.0 * np.pi * covariance)[1]
        base_mode, base = Plain(found, 0, 1.0).mode()
        lowest = Plain(found, 0, 1.0).logs(base_mode)[0] + 0.5 * np.linalg.slogdet(2.0 * np.pi * base)[1]
        assert numbers[row, 0] - numbers[0, 0] == pytest.approx(peak - lowest, abs=1e-6)


def test_the_answer_does_not_depend_on_the_number_of_processors(monkeypatch):
    data = Design(population=800, probabilities=(0.3,) * 5).draw(9)
    found = build_candidates(5, 4, data.histories, data.counts, "uniform")
    results = []
    for processors in (1, 3):
        monkeypatch.setattr(averaging, "cpu_count", lambda n=processors: n)
        results.append(fit_posterior(found, 1.5, np.random.default_rng(6), 2000))
    assert np.array_equal(results[0].weight, results[1].weight)
    assert results[0].mixture.quantile(0.5) == results[1].mixture.quantile(0.5)


def test_a_mode_that_is_not_reached_is_said(monkeypatch):
    found = candidates(TABLES["dense"])

    def lost(terms, models, *rest):
        return np.full((len(models), 2), np.nan), np.zeros((len(models), terms.size))

    monkeypatch.setattr(laplace, "fit_modes", lost)
    with pytest.raises(ConvergenceError, match="not reached in 8 of 8 models"):
        fit_posterior(found, 1.5, np.random.default_rng(1))


def test_the_canonical_order_undoes_any_order():
    generator = np.random.default_rng(10)
    for n_lists in (3, 4, 5):
        seen = generator.poisson(2.0, 1 << n_lists).astype(float)
        seen[0] = 0.0
        histories = np.flatnonzero(seen)
        base = build_candidates(n_lists, 2, histories, seen[histories].astype(np.int64), "uniform")
        order = generator.permutation(n_lists)
        moved = sum((histories >> int(old) & 1) << new for new, old in enumerate(order))
        turned = build_candidates(n_lists, 2, moved, seen[histories].astype(np.int64), "uniform")
        assert np.array_equal(turned.seen, base.seen)
        assert sorted(canonical_order(seen, n_lists)) == list(range(n_lists))


def test_all_pairs_are_in_every_model_of_that_prior():
    found = candidates({1: 9, 2: 9, 4: 9, 8: 9, 3: 2, 5: 3, 9: 1}, n_lists=4, model_prior="pairs")
    assert found.models[:, found.order == 2].all()
    assert len(found.models) == 2**4  # any set of the four interactions of three lists
    assert np.exp(found.log_prior).sum() == pytest.approx(1.0)


@pytest.mark.parametrize("seed", range(6))
def test_modes_are_reached_from_the_modes_of_very_different_models(seed):
    generator = np.random.default_rng(seed)
    order = popcount(np.arange(16))
    seen = generator.poisson(20_000 * np.exp(generator.normal(0.0, 2.0, 16) - 1.5 * order))
    histories = np.flatnonzero(seen[1:]) + 1
    found = build_candidates(4, 3, histories, seen[histories], "uniform")
    precision = prior_sd(found.order, 1.5) ** -2.0
    numbers, modes = fit_modes(found.terms, found.models, found.overlaps, precision, -1.0 * (found.order == 1))
    assert np.isfinite(numbers).all()
    for row in (20, 60, 100, 112):
        plain, inside = Plain(found, row, 1.5), np.flatnonzero(found.models[row])[1:]
        reached, best = plain.logs(modes[row, inside])[0], plain.logs(plain.mode()[0])[0]
        assert reached == pytest.approx(best, abs=1e-5)
