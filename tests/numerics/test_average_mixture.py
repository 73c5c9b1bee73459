"""Mixtures of hidden numbers against exact sums and against their own draws."""

import numpy as np
import pytest
from scipy.stats import nbinom, norm, poisson

from hiddenpop.numerics.average_mixture import Mixture, mix_normals, mix_points


def test_quantiles_of_mixtures_are_those_of_the_exact_sums():
    generator = np.random.default_rng(11)
    points, weight = generator.normal(4.0, 0.6, 20_000), generator.random(20_000)
    mixture = mix_points(points, weight, 200.0)
    p = 200.0 / (200.0 + np.exp(points))
    for share in (0.01, 0.5, 0.99):
        least = np.ceil(mixture.quantile(share))
        exact = [weight @ nbinom.cdf(k, 200.0, p) / weight.sum() for k in (least - 1, least)]
        assert exact[0] < share + 1e-5
        assert exact[1] > share - 1e-5
    centre, sd, share = np.array([3.0, 5.0]), np.array([0.4, 1.2]), np.array([0.7, 0.3])
    mixture = mix_normals(centre, sd, share)
    z = np.linspace(-9, 9, 20_001)
    mass = norm.pdf(z) / norm.pdf(z).sum()
    for hidden in (5, 20, 100, 1000):
        exact = sum(
            w * (mass @ poisson.cdf(hidden, np.exp(m + s * z))) for m, s, w in zip(centre, sd, share, strict=True)
        )
        assert mixture.below(hidden) == pytest.approx(exact, abs=1e-5)


def test_draws_follow_the_mixture():
    for mixture in (
        mix_points(np.random.default_rng(1).normal(3.0, 0.5, 5000), np.ones(5000), 50.0),
        mix_normals(np.array([3.0, 4.0]), np.array([0.3, 0.5]), np.array([0.5, 0.5])),
    ):
        draws = mixture.draws(np.random.default_rng(12), 40_000)
        for share in (0.05, 0.5, 0.95):
            hidden = np.ceil(mixture.quantile(share))
            assert (draws <= hidden).mean() == pytest.approx(mixture.below(hidden), abs=0.01)


def test_a_mixture_without_hidden_people_has_none():
    assert Mixture(np.array([-6.0]), np.ones(1), 100.0).quantile(0.5) == 0.0
    assert mix_points(np.array([2.0, 2.0]), np.ones(2), 100.0).log_hidden.tolist() == [2.0]
