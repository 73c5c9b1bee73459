"""Ladders of the latent-class sampler: what rungs see, when they exchange, and that this changes no posterior."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import digamma, logsumexp, polygamma
from scipy.stats import nbinom

from hiddenpop import load
from hiddenpop.numerics.convergence import diagnose
from hiddenpop.numerics.latent_chains import build_parts, build_people, start_ladder
from hiddenpop.numerics.latent_class import FOUND, sweep
from hiddenpop.numerics.latent_draws import Priors, log_beta, split
from hiddenpop.numerics.latent_ladder import UNLIMITED, _cut, _log_posterior, climb, collect, rung, thin_counts

PRIORS = Priors(0.25, 0.25, False, 0.0, 1.0, np.inf)


def test_betas_of_every_kind_of_shape():
    generator = np.random.default_rng(1)
    for a, b in [(1.0, 1.0), (5.0, 1.0), (1.0, 5.0), (3.0, 4000.0), (0.7, 2.0), (4.0, 0.01), (0.2, 0.3)]:
        drawn = np.array([log_beta(generator, a, b) for _ in range(20_000)])
        assert np.isfinite(drawn).all()
        for values, own in zip(drawn.T, (a, b), strict=True):
            variance = polygamma(1, own) - polygamma(1, a + b)
            error = np.sqrt(variance / drawn.shape[0])
            assert values.mean() == pytest.approx(digamma(own) - digamma(a + b), abs=5.0 * error)
            fourth = polygamma(3, own) - polygamma(3, a + b) + 3.0 * variance**2
            spread = np.sqrt((fourth - variance**2) / drawn.shape[0])
            assert values.var() == pytest.approx(variance, abs=6.0 * spread)
        small = drawn.max(axis=1) < -1e-12
        assert np.exp(drawn[small]).sum(axis=1) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("people", [5, 60, 3000])
def test_parts_vary_together_as_those_of_a_multinomial(people):
    generator = np.random.default_rng(2)
    chances = np.array([0.001, 5.0, 1.0, 0.0, 3.0, 0.3])
    share = chances / chances.sum()
    parts, size = np.empty(6, dtype=np.int64), 20_000
    drawn = np.empty((size, 6))
    for i in range(size):
        split(generator, people, chances.copy(), parts)
        drawn[i] = parts
    assert (drawn.sum(axis=1) == people).all()
    expected = people * (np.diag(share) - np.outer(share, share))
    centred = drawn - people * share
    products = centred[:, :, None] * centred[:, None, :]
    assert centred.mean(axis=0) == pytest.approx(0.0, abs=5.0 * np.sqrt(people / size))
    error = products.std(axis=0) / np.sqrt(size)
    assert (np.abs(products.mean(axis=0) - expected) <= 5.0 * error + 0.05 * share.min() * people + 1e-3).all()


@pytest.mark.parametrize("share", [1.0, 0.7, 0.31, 0.002])
def test_part_of_the_people_keeps_sums(share):
    counts = np.random.default_rng(3).integers(0, 50, 40)
    part = thin_counts(counts, share)
    assert (part >= 0).all()
    assert (part <= counts).all()
    if share == 1.0:
        assert (part == counts).all()
    sums, kept = np.append(0, np.cumsum(counts)), np.append(0, np.cumsum(part))
    assert abs(kept[-1] - share * sums[-1]) <= 0.5
    for low in range(40):  # neighbours that are rare one by one are not rounded away together
        assert (np.abs((kept[low + 1 :] - kept[low]) - share * (sums[low + 1 :] - sums[low])) <= 1.0).all()


def test_rungs_see_fewer_and_fewer():
    counts = load("uk_2013").counts
    parts = build_parts(counts)
    assert (parts[0] == counts).all()
    seen = parts.sum(axis=1)
    assert (np.diff(seen) < 0).all()
    assert seen[-1] == 200
    assert (seen[:-1] / seen[1:]).max() < 1.51
    assert build_parts(np.array([30, 5, 5])).tolist() == [[30, 5, 5]]  # so few people need no ladder


def tiny(counts=(21, 14, 9, 8, 3, 4, 2), classes=3, parts=(1.0, 0.4)):
    """3 lists, 61 people; the rungs see these shares of them."""
    people = build_people(np.array([1, 2, 4, 3, 5, 6, 7]), np.array(counts), 3)
    seen = np.array([thin_counts(people.counts, share) for share in parts])
    return people, seen, start_ladder(people, 3, classes, len(parts), 1.0, np.random.default_rng(4))


@pytest.mark.parametrize(("extra", "odds"), [(0.0, 1.0), (2.5, 0.8)])
def test_posterior_of_the_classes_by_plain_sums(extra, odds):
    people, parts, ladder = tiny()
    priors = PRIORS._replace(extra=extra, odds=odds)
    inside = np.array([[mask >> j & 1 for j in range(3)] for mask in (1, 2, 4, 3, 5, 6, 7)])
    for seen in parts:
        sweep(np.random.default_rng(5), people._replace(counts=seen), rung(ladder, 0), priors, 7, True)
        state = rung(ladder, 0)
        log_share, on, off = state.log_share, state.log_on, state.log_off
        each = logsumexp(log_share[:, None] + on @ inside.T + off @ (1 - inside.T), axis=0)
        missed = np.exp(log_share + off.sum(axis=1)).sum()
        hidden = np.arange(3000)  # summed one by one, up to a constant
        ways = nbinom.logpmf(hidden, seen.sum() + extra, 1.0 - missed * odds)
        ways -= (seen.sum() + extra) * np.log(1.0 - missed * odds)
        expected = seen @ each + logsumexp(ways)
        ours = _log_posterior(people._replace(counts=seen), state, priors, np.empty(3))
        assert ours == pytest.approx(expected, abs=1e-8)


def test_a_bound_never_overlooks_a_cut():
    people, _, ladder = tiny()
    state, answers = rung(ladder, 0), []
    for extra, odds in [(0.0, 1.0), (1.0, 1.0), (3.0, 0.9)]:
        size = people.counts.sum() + extra
        for missed in (0.01, 0.3, 0.8, 0.99, 1.0 - 1e-9):
            state.numbers[FOUND] = 1.0 - missed
            mean = size * missed * odds / (1.0 - missed * odds)
            for most in (
                0.0,
                1.0,
                20.0,
                100.0,
                0.5 * mean,
                mean,
                1.5 * mean,
                2.5 * mean,
                6.0 * mean,
                30.0 * mean,
                np.inf,
            ):
                most = np.floor(most)
                beyond = nbinom.logsf(min(most, UNLIMITED), size, 1.0 - missed * odds)
                cut = _cut(people, state, PRIORS._replace(extra=extra, odds=odds, most=most))
                assert cut or beyond <= -40.0
                assert not cut or beyond > -60.0  # nor does it see one where there is none
                answers.append(cut)
    assert 0.2 < np.mean(answers) < 0.8


@lru_cache
def climbed(parts, draws=3000, thin=6, chains=4):
    """Hidden people and alpha (2, chains, draws) on the coldest rung."""
    kept = np.empty((chains, draws, 3))
    for number in range(chains):
        people, seen, ladder = tiny(parts=parts)
        generator = np.random.default_rng((8, number, len(parts)))
        exchanged = np.zeros((len(parts) - 1, 2))
        climb(generator, people, ladder, PRIORS, seen, seen[0], seen[0], 1000, exchanged)
        collect(generator, people, ladder, PRIORS, seen, seen[0], seen[0], thin, np.empty(0), kept[number], exchanged)
        assert (exchanged[:, 1] <= exchanged[:, 0]).all()
        assert (exchanged[:, 1] > 0.05 * exchanged[:, 0]).all()
    return np.moveaxis(kept[..., :2], -1, 0)


def differences(one, other, edges):
    """Differences of the probabilities of bins, in standard errors."""
    found = []
    for low, high in pairwise(edges):
        inside = [((draws > low) & (draws <= high)).astype(float) for draws in (one, other)]
        errors = [each.std() / np.sqrt(diagnose(each).ess_bulk) for each in inside]
        found.append((inside[0].mean() - inside[1].mean()) / np.hypot(*errors))
    return np.array(found)


@pytest.mark.parametrize("parts", [(1.0, 0.4), (1.0, 0.6, 0.3)])
def test_exchanges_change_no_posterior(parts):
    for plain, laddered in zip(climbed((1.0,)), climbed(parts), strict=True):
        edges = np.append(-1.0, np.append(np.quantile(plain, [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98]), np.inf))
        assert np.abs(differences(plain, laddered, edges)).max() < 4.0
