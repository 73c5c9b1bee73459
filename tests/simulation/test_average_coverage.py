"""loglinear-average on simulated tables: it recovers, it covers, and where it does not cover is known."""

import numpy as np
import pytest

import hiddenpop as hp

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")]

POPULATION, TENTH, TABLES = 5000, (0.1, 0.1, 0.1), 200
ERROR = np.sqrt(0.95 * 0.05 / TABLES)
CASES = {
    "independent": {},
    "one pair": {"1:2": 1.5},
    "two pairs": {"1:2": 2.0, "2:3": 1.5},
    "all pairs": {"pairs": 1.5},
}


def run(odds, probabilities=TENTH, tables=TABLES, **options):
    """`(share of intervals that hold the truth, median of population / truth)`."""
    design = hp.Design(population=POPULATION, probabilities=probabilities, odds_ratios=odds)
    found = [hp.loglinear_average(design.draw(s), seed=s, draws=100, **options) for s in range(tables)]
    held = np.mean([f.interval.low <= POPULATION <= f.interval.high for f in found])
    return held, np.median([f.population for f in found]) / POPULATION


@pytest.mark.parametrize("case", list(CASES))
def test_with_every_pair_in_it_covers_whatever_the_dependence(case):
    held, middle = run(CASES[case], model_prior="pairs")
    assert held > 0.95 - 3 * ERROR
    assert middle == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("case", ["independent", "one pair"])
def test_the_uniform_prior_covers_where_few_lists_depend(case):
    assert run(CASES[case])[0] > 0.95 - 3 * ERROR


def test_the_uniform_prior_misses_many_weak_dependences_and_the_docstring_says_so():
    held, middle = run(CASES["all pairs"])
    assert held < 0.5
    assert middle < 0.8
    assert "all three are 1.5" in hp.loglinear_average.__doc__


def test_many_people_on_many_lists_leave_nothing_to_the_prior():
    for prior in ("uniform", "pairs"):
        held, middle = run(CASES["two pairs"], (0.3, 0.3, 0.3), tables=100, model_prior=prior)
        assert held > 0.95 - 3 * np.sqrt(0.95 * 0.05 / 100)
        assert middle == pytest.approx(1.0, abs=0.03)
