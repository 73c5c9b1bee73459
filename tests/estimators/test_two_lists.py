"""Closed forms of two-list and sample-coverage estimators, written out again here."""

from math import exp, log, sqrt

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.numerics.sparse import zelterman_hidden

N1, N2, M = 467, 450, 54
B, D = N1 - M, N2 - M
Z = 1.959963984540054


def test_lincoln_petersen():
    found = hp.lincoln_petersen(hp.load("kampala_pwid"))
    assert found.population == pytest.approx(N1 * N2 / M, rel=1e-14)
    assert found.fit.se == pytest.approx(sqrt(N1 * N2 * B * D / M**3), rel=1e-14)
    hidden = B * D / M
    # the delta method on log n0 with the Poisson variation of n0 is the variance of N over n0^2
    assert found.fit.se**2 / hidden**2 == pytest.approx(1 / M + 1 / B + 1 / D + M / (B * D), rel=1e-12)
    half = Z * found.fit.se / hidden
    n = N1 + N2 - M
    assert found.interval.low == pytest.approx(n + hidden * exp(-half), rel=1e-12)
    assert found.interval.high == pytest.approx(n + hidden * exp(half), rel=1e-12)
    wald = hp.lincoln_petersen(hp.load("kampala_pwid"), interval="wald").interval
    assert wald.high - found.population == pytest.approx(Z * found.fit.se, rel=1e-12)


def test_chapman():
    found = hp.chapman(hp.load("kampala_pwid"))
    assert found.population == pytest.approx((N1 + 1) * (N2 + 1) / (M + 1) - 1, rel=1e-14)
    assert found.fit.se**2 == pytest.approx((N1 + 1) * (N2 + 1) * B * D / ((M + 1) ** 2 * (M + 2)), rel=1e-14)
    assert found.fit.overlap == M
    middle = (B + 0.5) * (D + 0.5) / (M + 0.5)
    sd = sqrt(1 / (M + 0.5) + 1 / (B + 0.5) + 1 / (D + 0.5) + (M + 0.5) / ((B + 0.5) * (D + 0.5)))
    people = B + D + M
    assert found.interval.low == pytest.approx(people - 0.5 + middle * exp(-Z * sd), rel=1e-12)
    assert found.interval.high == pytest.approx(people - 0.5 + middle * exp(Z * sd), rel=1e-12)


def test_zelterman_variance():
    f1, f2, n = 1645, 183, 1880
    rate = 2 * f2 / f1
    g = exp(-rate) / (1 - exp(-rate)) ** 2
    hidden, variance = zelterman_hidden(f1, f2, n)
    assert hidden == pytest.approx(n / (1 - exp(-rate)) - n, rel=1e-12)
    assert variance == pytest.approx(n * g * (1 + n * g * rate**2 * (1 / f1 + 1 / f2)), rel=1e-12)


@pytest.mark.parametrize(("variant", "spread"), [("low", "sd"), ("high", "mad")])
def test_sample_coverage_interval_is_made_from_its_spread(variant, spread):
    table = hp.load("hepatitis_a_taiwan")
    found = hp.sample_coverage(table, variant=variant, replicates=2000, seed=5)
    hidden = found.hidden
    c = exp(Z * sqrt(log(1 + (found.fit.se / hidden) ** 2)))
    assert found.interval.high == pytest.approx(271 + hidden * c, rel=1e-10)
    assert found.interval.low == pytest.approx(271 + hidden / c, rel=1e-10)
    others = [hp.sample_coverage(table, variant=variant, replicates=2000, seed=s).fit.se for s in range(4)]
    assert np.std(others) / np.mean(others) < 0.1


def test_the_robust_spread_is_that_of_the_normal():
    from hiddenpop.numerics.coverage import spread

    values = np.random.default_rng(3).normal(10.0, 2.0, 200_000)
    assert spread(values, robust=True) == pytest.approx(2.0, rel=0.01)
    assert spread(values, robust=False) == pytest.approx(2.0, rel=0.01)
