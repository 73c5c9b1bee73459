import numpy as np
import pytest
from scipy.stats import poisson

import hiddenpop as hp
from hiddenpop.numerics.stepwise import poisson_tails


def test_the_published_path():
    found = hp.loglinear_stepwise(hp.load("uk_2013"), replicates=0)
    pairs = [step["added"] for step in found.fit.path]
    assert pairs == [
        "police:nca", "local_authority:ngo", "ngo:general_public", "local_authority:police", "police:general_public",
        "government:general_public", "ngo:government",
    ]  # fmt: skip
    assert found.fit.path[-1]["population"] == found.population
    assert found.interval is None
    assert "no-interval" in [c.name for c in found.failed]
    assert found.population == pytest.approx(
        hp.loglinear(hp.load("uk_2013"), model=found.fit.model).population, rel=1e-9
    )


@pytest.mark.parametrize(
    ("name", "published"),
    [("western_us", (1293, 3670)), ("new_orleans_5list", (589, 1703)), ("new_orleans", (717, 1657))],
)
def test_the_published_intervals_within_monte_carlo_error(name, published):
    """Chan, Silverman and Vincent (2021): 1,000 replicates on both sides."""
    table = hp.load(name)
    runs = [hp.loglinear_stepwise(table, seed=s).interval for s in range(8)]
    for side, value in zip(("low", "high"), published, strict=True):
        values = [getattr(run, side) for run in runs]
        assert abs(np.mean(values) - value) <= 3 * np.sqrt(1 + 1 / 8) * np.std(values, ddof=1), (side, values)


def test_several_levels_from_one_run():
    found = hp.loglinear_stepwise(hp.load("western_us"), seed=2, level=0.8)
    lows = [limits[0] for _, limits in sorted(found.fit.intervals.items())]
    assert lows == sorted(lows, reverse=True)
    assert found.fit.intervals["0.8"] == (found.interval.low, found.interval.high)
    assert found.draws.size + found.fit.failed == 1000


def test_tails_are_those_of_the_poisson():
    n, mean = np.array([0.0, 3.0, 9.0]), np.array([2.5, 2.5, 2.5])
    assert poisson_tails(n, mean) == pytest.approx(
        [min(poisson.cdf(k, m), poisson.sf(k - 1, m)) for k, m in zip(n, mean, strict=True)]
    )


@pytest.mark.parametrize("options", [{"threshold": 0.0}, {"threshold": 2.0}, {"replicates": 5}, {"replicates": -1}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(hp.OptionError):
        hp.loglinear_stepwise(hp.load("korea"), **options)


def test_many_failed_replicates_leave_no_interval():
    table = hp.CaptureTable.from_counts({"100": 30, "010": 25, "001": 20, "110": 1, "011": 1})
    with pytest.warns(hp.SparseOverlapWarning):
        found = hp.loglinear_stepwise(table, seed=1)
    assert found.interval is None
    assert {"bootstrap-failures", "no-interval"} <= {c.name for c in found.failed}
