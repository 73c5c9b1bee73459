"""Countries side by side: the mathematics of pooling, and what may speak for others."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import halfnorm, norm

import hiddenpop as hp
from hiddenpop.numerics.exchangeable import exchange
from hiddenpop.result import Estimate, Interval

VALUES, ERRORS = np.array([0.2, 0.9, 0.5, 1.6]), np.array([0.3, 0.2, 0.5, 0.25])


def marginal(spread):
    """Posterior density of the spread, up to a factor, by the textbook formula."""
    sd = np.sqrt(ERRORS**2 + spread**2)
    mean = np.average(VALUES, weights=sd**-2)
    return halfnorm.pdf(spread) * np.prod(norm.pdf(VALUES, mean, sd)) * np.sqrt(1.0 / np.sum(sd**-2))


def test_draws_have_the_moments_of_the_posterior():
    found = exchange(VALUES, ERRORS, 200_000, np.random.default_rng(1))
    whole = quad(marginal, 0, 6)[0]
    assert found.spread.mean() == pytest.approx(quad(lambda t: t * marginal(t), 0, 6)[0] / whole, rel=0.01)

    def of_member(spread, g):
        weights = 1.0 / (ERRORS**2 + spread**2)
        share = spread**2 * weights[g]
        return share * VALUES[g] + (1.0 - share) * np.average(VALUES, weights=weights)

    for g in range(4):
        mean = quad(lambda t, g=g: of_member(t, g) * marginal(t), 0, 6)[0] / whole
        assert found.members[:, g].mean() == pytest.approx(mean, abs=0.005)
    wide = exchange(VALUES, np.full(4, 1e-4), 50_000, np.random.default_rng(1))
    assert np.abs(wide.members - VALUES).max() < 0.001


def known(hidden, error, observed=1000):
    low, high = (observed + hidden * np.exp(sign * 1.96 * error) for sign in (-1, 1))
    return Estimate("chao", observed + hidden, Interval(low, high, 0.95, "log-normal"), observed)


def test_alike_countries_help_each_other_and_an_odd_one_is_told():
    alike = {f"c{i}": known(2000.0 * np.exp(shift), 0.4) for i, shift in enumerate((-0.2, 0.0, 0.1, 0.2, -0.1))}
    found = hp.pool_countries(alike, {"none": 500}, seed=1)
    assert all(found.as_expected.values())
    for name, one in alike.items():
        own = one.interval.high / one.interval.low
        assert found.pooled[name].high / found.pooled[name].low < own
    assert found.predicted["none"].population == pytest.approx(
        500 * 3.0, rel=0.01
    )  # the shifts cancel; draws err by .2 %
    assert found.predicted["none"].low >= 500
    odd = hp.pool_countries(alike | {"odd": known(90_000.0, 0.2)}, seed=1)
    assert not odd.as_expected["odd"]
    assert odd.spread[0] > found.spread[0]
    with pytest.raises(hp.DataError, match="2 countries"):
        hp.pool_countries({name: alike[name] for name in ("c0", "c1")})


@pytest.mark.parametrize(("spread", "tables"), [(0.3, 300), pytest.param(0.3, 2000, marks=pytest.mark.slow)])
def test_predictions_hold_the_country_that_was_left_out(spread, tables):
    generator, held = np.random.default_rng(5), []
    for _ in range(tables):
        truth = 0.7 + spread * generator.standard_normal(6)
        errors = generator.uniform(0.1, 0.4, 6)
        values = truth + errors * generator.standard_normal(6)
        new = exchange(values[1:], errors[1:], 2000, generator).new
        low, high = np.quantile(new, [0.025, 0.975])
        held.append(low <= truth[0] <= high)
    assert 0.93 - 2 * np.sqrt(0.05 * 0.95 / tables) <= np.mean(held)
