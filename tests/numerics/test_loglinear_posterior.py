"""The density of log-linear coefficients with hidden people summed out, against sums over the hidden people."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import gammaln, logsumexp
from scipy.stats import chi2, nbinom

import hiddenpop as hp
from hiddenpop.numerics.loglinear_posterior import (
    LoglinearPosterior,
    build_design,
    count_cells,
    draw_hidden_people,
    find_coordinates,
    log_found,
    log_prior_and_likelihood,
    possible_histories,
)

TERMS = np.array([1, 2, 4, 3, 5, 6])


def pose(extra=0.0, odds=1.0, most=np.inf, sd=1.5):
    table = hp.load("korea")
    cells = possible_histories(3)
    counts = count_cells(cells, table.histories, table.counts)
    precision = np.array([3.0] * 3 + [sd] * 3) ** -2.0
    mean = np.array([-2.0] * 3 + [0.0] * 3)
    return LoglinearPosterior(build_design(cells, TERMS), counts, mean, precision, extra, odds, most)


def sum_over_hidden(posed, beta, log_prior, most=200_000):
    """Log of sum over N of p(N) multinomial(N; counts, n0), up to a constant."""
    eta = posed.design @ beta
    log_all = np.log1p(np.exp(eta).sum())
    n, hidden = posed.counts.sum(), np.arange(most + 1.0)
    terms = log_prior(n + hidden) + gammaln(n + hidden + 1) - gammaln(hidden + 1) - (n + hidden) * log_all
    return logsumexp(terms) + posed.counts @ eta


@pytest.mark.parametrize(
    ("extra", "odds", "most", "log_prior"),
    [
        (0.0, 1.0, np.inf, lambda n: -np.log(n)),
        (1.0, 1.0, np.inf, lambda n: 0.0 * n),
        (2.0, 0.99, np.inf, lambda n: gammaln(n + 2.0) - gammaln(n + 1.0) + n * np.log(0.99)),
        (0.0, 1.0, 60.0, lambda n: np.where(n <= 183, -np.log(n), -np.inf)),
    ],
    ids=["1/N", "flat", "negbin", "largest"],
)
@pytest.mark.mcmc
def test_hidden_people_are_summed_out(extra, odds, most, log_prior):
    from hiddenpop.bayes.loglinear import build_model
    from hiddenpop.bayes.sampling import quiet

    posed = pose(extra, odds, most)
    mode, scale = find_coordinates(posed)
    model = build_model(posed, mode, scale)
    with quiet():
        density = model.compile_logp()
    generator = np.random.default_rng(1)
    differences = []
    for _ in range(6):
        z = 0.5 * generator.standard_normal(6)
        beta = mode + scale @ z
        prior = -0.5 * posed.precision @ (beta - posed.mean) ** 2
        differences.append(float(density({"z": z})) - prior - sum_over_hidden(posed, beta, log_prior))
    assert np.ptp(differences) < 1e-6


def test_coordinates_are_centred_on_the_mode():
    posed = pose()
    mode, scale = find_coordinates(posed)
    best = minimize(lambda b: -log_prior_and_likelihood(posed, b), mode + 0.3, method="BFGS", options={"gtol": 1e-8})
    assert mode == pytest.approx(best.x, abs=1e-4)
    step = 1e-4
    for i in range(6):  # second derivative along every axis of z is -1
        values = [log_prior_and_likelihood(posed, mode + scale[:, i] * s) for s in (-step, 0.0, step)]
        assert (values[0] - 2 * values[1] + values[2]) / step**2 == pytest.approx(-1.0, abs=1e-3)


def test_histories_with_an_impossible_term_are_left_out():
    assert possible_histories(3, np.array([3])).tolist() == [1, 2, 4, 5, 6]
    assert possible_histories(2).tolist() == [1, 2, 3]


@pytest.mark.parametrize("most", [np.inf, 45.0])
def test_hidden_people_given_the_odds_to_be_found(most):
    generator = np.random.default_rng(2)
    log_odds = np.full(20_000, 0.3)
    drawn = draw_hidden_people(generator, 40.0, log_odds, 2.0, 0.9, most)
    reached = 1.0 - 0.9 / (1.0 + np.exp(0.3))
    top = int(most) if np.isfinite(most) else 100
    mass = nbinom.pmf(np.arange(top + 1), 42.0, reached)
    mass /= nbinom.cdf(most, 42.0, reached)
    expected = mass * drawn.size
    seen = np.bincount(drawn.astype(int), minlength=top + 1)[: top + 1]
    used = expected >= 8
    assert drawn.max() <= most
    assert chi2.sf(((seen - expected)[used] ** 2 / expected[used]).sum(), used.sum() - 1) > 1e-4


def test_odds_to_be_found_are_those_of_all_histories():
    posed = pose()
    beta = np.array([-1.0, -2.0, 0.5, 0.3, -0.2, 0.1])
    by_hand = sum(np.exp(beta[(x & TERMS) == TERMS].sum()) for x in range(1, 8))
    assert log_found(posed.design, beta) == pytest.approx(np.log(by_hand))
