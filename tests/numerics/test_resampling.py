import numpy as np
import pytest
from scipy import stats

from hiddenpop.errors import DataError
from hiddenpop.numerics.resampling import Resamples, bca_limits, limits_sd, percentile_limits, resample


def ratio(counts):
    """A skewed statistic whose bootstrap others have implemented too."""
    return float(counts @ np.array([1.0, 2.0, 5.0, 9.0])) ** 2 / float(counts.sum())


def test_bca_agrees_with_scipy():
    counts = np.array([9, 14, 6, 3])
    people = np.repeat([1.0, 2.0, 5.0, 9.0], counts)
    ours = resample(ratio, counts, 20_000, seed=1)
    theirs = stats.bootstrap(
        (people,), lambda x, axis: x.sum(axis=axis) ** 2 / x.shape[axis], n_resamples=20_000, method="BCa", rng=2
    ).confidence_interval
    low, high = bca_limits(ours, 0.95)
    assert low == pytest.approx(theirs.low, rel=0.02)
    assert high == pytest.approx(theirs.high, rel=0.02)


def test_replicates_without_an_estimate_are_counted_never_used():
    def statistic(counts):
        if counts[0] < 9:
            raise DataError("no")
        return float(counts[0])

    found = resample(statistic, np.array([9, 20]), 500, seed=3)
    assert 0 < found.failed < 500
    assert found.good.size + found.failed == 500
    assert found.good.min() >= 9
    assert np.isfinite(bca_limits(found, 0.9)).all()


def test_a_statistic_that_never_moves():
    found = resample(lambda counts: 5.0, np.array([3, 4]), 100, seed=1)
    assert found.ties == 1.0
    assert bca_limits(found, 0.95) == percentile_limits(found, 0.95) == (5.0, 5.0)


def test_same_seed_same_replicates():
    one, two = (resample(ratio, np.array([9, 14, 6, 3]), 50, seed=8).replicates for _ in range(2))
    assert (one == two).all()


@pytest.mark.parametrize(("interval", "make"), [("bca", bca_limits), ("percentile", percentile_limits)])
@pytest.mark.parametrize("digits", [0, 9])
def test_the_precision_of_limits_is_their_spread_over_replicates_drawn_again(interval, make, digits):
    values = np.round(np.random.default_rng(1).lognormal(2.3, 0.3, 300), digits)
    found = Resamples(10.0, values, -0.01, 0.0)
    generator = np.random.default_rng(0)
    again = [make(Resamples(10.0, values[generator.integers(300, size=300)], -0.01, 0.0), 0.95) for _ in range(400)]
    assert limits_sd(found, interval, 0.95) == pytest.approx(tuple(np.std(again, axis=0, ddof=1)), rel=1e-9)
