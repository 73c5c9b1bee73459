"""Simulation-based calibration: the Bayesian methods pass it, a planted bug does not, and no data give the prior."""

import csv
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import gamma, kstest, nbinom

from hiddenpop.checks.calibration import calibrate
from hiddenpop.checks.calibration_cases import CASES, draw_cells
from hiddenpop.errors import OptionError, UnknownNameError
from hiddenpop.numerics.convergence import diagnose
from hiddenpop.numerics.graphs import decomposable_graphs
from hiddenpop.numerics.latent_class import ALPHA, HIDDEN, Classes, People, sweep
from hiddenpop.numerics.latent_draws import Priors
from hiddenpop.numerics.ranks import chi_square_p

PRIORS = ("negbin(size=2,mean=500)", "1/N(max=2000)")
KEPT = Path(__file__).parents[2] / "analyses" / "calibration"


def assert_uniform(found, level):
    values = {**{(q, "chi-square"): p for q, p in found.chi_square.items()}, **found.ecdf}
    assert len(values) == 2 * len(found.ranks)
    assert min(values.values()) > level / len(values), values


def shorten(monkeypatch, **options):
    case = CASES["latent-class"]
    monkeypatch.setitem(CASES, "latent-class", replace(case, options={**case.options, **options}))


def test_graphical_is_calibrated_and_says_what_it_left_out():
    for prior in PRIORS:
        found = calibrate("graphical", simulations=100, n_lists=3, prior=prior, seed=1)
        assert found.unconverged == 0
        assert found.refused == 100 - found.ranks["population"].size
        assert_uniform(found, 0.01)
    assert found.refused > 10  # a prior with many small populations


def test_ranks_depend_on_the_seed_and_not_on_the_number_of_processes():
    def ranks(**options):
        found = calibrate("graphical", simulations=12, n_lists=3, **options)
        return np.concatenate(list(found.ranks.values()))

    alone = ranks(seed=2)
    assert (alone == ranks(seed=2, workers=2)).all()
    assert (alone != ranks(seed=3)).any()


def test_a_planted_bug_is_caught_and_the_right_sampler_is_not(monkeypatch):
    """NegBin(n) hidden people in place of NegBin(n + a), by one line of the conjugate prior."""
    shorten(monkeypatch, draws=200, thin=16, most_thin=16)
    few = {"simulations": 25, "n_lists": 3, "prior": "negbin(size=40,mean=40)", "seed": 4}
    assert_uniform(calibrate("latent-class", **few), 0.01)
    module = import_module("hiddenpop.estimators.latent_class")
    right = module.read_conjugate
    monkeypatch.setattr(module, "read_conjugate", lambda prior: (0.0, *right(prior)[1:]))
    found = calibrate("latent-class", **few)
    assert found.chi_square["population"] < 1e-3
    assert found.ecdf["population"] < 1e-3


def test_fits_that_have_not_converged_are_counted_and_ranked(monkeypatch):
    shorten(monkeypatch, draws=100, warmup=100, thin=1, most_thin=1)
    found = calibrate("latent-class", simulations=12, n_lists=3, prior="negbin(size=40,mean=40)", draws=9, seed=5)
    assert found.unconverged > 6
    assert found.ranks["alpha"].size == 12 - found.refused


def test_nothing_is_simulated_from_an_improper_prior():
    for prior in ("1/N", "flat", "negbin(size=2,mean=1000000)"):
        with pytest.raises(OptionError, match="Nothing can be simulated"):
            calibrate("graphical", simulations=20, prior=prior, seed=1)
    with pytest.raises(OptionError, match="of 12 simulated tables can be used"):
        calibrate("graphical", simulations=12, prior="1/N(max=1)", seed=1)
    with pytest.raises(UnknownNameError, match="latent-class"):
        calibrate("latent-clas", simulations=20, seed=1)


def test_without_data_the_sampler_returns_its_prior():
    size, mean, a, b = 4.0, 30.0, 2.0, 1.5
    priors = Priors(a, b, False, size, mean / (mean + size), np.inf)
    nobody, no_lists = np.zeros(10, dtype=np.int64), np.zeros((10, 0))
    people = People(np.zeros(1, dtype=np.int64), nobody[:0], nobody[:0])
    state = Classes(
        np.full(10, -np.log(10.0)), np.zeros(10), no_lists, no_lists, nobody, nobody.copy(), no_lists.astype(np.int64),
        np.array([0.0, 1.0, 0.0]),
    )  # fmt: skip
    generator = np.random.default_rng(6)
    drawn = np.empty((4000, 2))
    for one in drawn:
        sweep(generator, people, state, priors, 20, True)
        one[:] = state.numbers[HIDDEN], state.numbers[ALPHA]
    assert diagnose(drawn[None, :, 1]).ess_bulk > 3000
    assert kstest(drawn[:, 1], gamma(a, scale=1.0 / b).cdf).pvalue > 0.005
    population = nbinom(size, size / (size + mean))
    places = population.cdf(drawn[:, 0] - 1) + generator.random(4000) * population.pmf(drawn[:, 0])
    assert chi_square_p((100 * places).astype(int), 99) > 0.005
    assert kstest(drawn[:, 1], gamma(a + 0.2, scale=1.0 / b).cdf).pvalue < 1e-3


def test_cells_follow_the_hyper_dirichlet_law():
    people = np.array([0.5, 1.0, 2.0, 0.7, 1.5, 0.4, 0.9, 3.0])
    every, total = np.arange(8), people.sum()
    for parts in decomposable_graphs(3)[1]:
        drawn = np.array([draw_cells(parts, people, generator) for generator in np.random.default_rng(7).spawn(800)])
        assert drawn.sum(axis=1) == pytest.approx(1.0)
        logs = np.zeros(drawn.shape)
        for part in parts[parts != 0].tolist():
            cells = every & abs(part)
            margin = drawn @ (cells[:, None] == every)
            share = np.bincount(cells, weights=people, minlength=8) / total
            sd = np.sqrt(share * (1.0 - share) / (total + 1.0))
            assert margin.mean(axis=0) == pytest.approx(share, abs=5.0 * sd.max() / np.sqrt(800))
            assert margin.std(axis=0) == pytest.approx(sd, abs=0.15 * sd.max())
            logs += np.sign(part) * np.log(margin[:, cells])
        assert np.exp(logs) == pytest.approx(drawn, rel=1e-8, abs=1e-12)


def test_the_kept_table_passes_and_the_readme_shows_it():
    rows = list(csv.DictReader((KEPT / "sbc.csv").read_text(encoding="utf-8").splitlines()))
    readme = (KEPT / "README.md").read_text(encoding="utf-8")
    assert {(row["method"], row["prior"]) for row in rows} >= {(method, prior) for method in CASES for prior in PRIORS}
    assert min(float(row[test]) for row in rows for test in ("chi_square_p", "ecdf_p")) > 0.01 / (2 * len(rows))
    for row in rows:
        assert f"| {' | '.join(row.values())} |" in readme, row


@pytest.mark.slow
@pytest.mark.mcmc
@pytest.mark.parametrize(
    ("method", "simulations", "n_lists"),
    [("graphical", 1000, 4), ("latent-class", 1000, 4), ("loglinear-bayes", 200, 3)],
)
def test_many_simulations(method, simulations, n_lists):
    found = calibrate(method, simulations=simulations, n_lists=n_lists, prior=PRIORS[0], seed=2027)
    assert found.unconverged < 0.05 * simulations
    assert_uniform(found, 0.01 / len(CASES))
