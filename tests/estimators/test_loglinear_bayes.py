"""`loglinear-bayes` against importance sampling, and what it refuses."""

import numpy as np
import pytest
from scipy.stats import multivariate_t

import hiddenpop as hp
from hiddenpop.bayes import sampling
from hiddenpop.bayes.loglinear import sample_loglinear
from hiddenpop.numerics.convergence import diagnose
from hiddenpop.numerics.loglinear_posterior import (
    LoglinearPosterior,
    build_design,
    build_terms,
    count_cells,
    find_coordinates,
    log_found,
    log_prior_and_likelihood,
    possible_histories,
)

pytestmark = pytest.mark.mcmc


def weighted_quantiles(values, weights, shares):
    order = np.argsort(values)
    return np.interp(shares, np.cumsum(weights[order]) / weights.sum(), values[order])


def judge(table, sd=1.5, draws=200_000):
    """Quantiles of N by importance sampling from a t distribution around the mode."""
    cells, k = possible_histories(table.n_lists), table.n_lists
    terms = build_terms(k, 2)
    precision = np.r_[np.full(k, 3.0), np.full(terms.size - k, sd)] ** -2.0
    mean = np.r_[np.full(k, -2.0), np.zeros(terms.size - k)]
    counts = count_cells(cells, table.histories, table.counts)
    posed = LoglinearPosterior(build_design(cells, terms), counts, mean, precision)
    mode, scale = find_coordinates(posed)
    proposal = multivariate_t(mode, scale @ scale.T, df=5, seed=np.random.default_rng(8))
    beta = proposal.rvs(draws)
    eta = beta @ posed.design.T
    value = eta @ counts - counts.sum() * np.log(np.exp(eta).sum(axis=1)) - 0.5 * (beta - mean) ** 2 @ precision
    weight = value - proposal.logpdf(beta)
    weight = np.exp(weight - weight.max())
    hidden = np.random.default_rng(9).negative_binomial(
        counts.sum(), 1.0 - 1.0 / (1.0 + np.exp(log_found(posed.design, beta)))
    )
    return counts.sum() + weighted_quantiles(hidden, weight, [0.025, 0.25, 0.5, 0.75, 0.975])


def test_quantiles_are_those_of_importance_sampling():
    table = hp.load("kosovo_1999")
    found = hp.loglinear_bayes(table, seed=2)
    draws = np.sort(found.draws)
    for share, expected in zip([0.025, 0.25, 0.5, 0.75, 0.975], judge(table), strict=True):
        spread = 4.0 * np.sqrt(share * (1.0 - share) / found.fit.ess)
        low, high = np.quantile(draws, np.clip([share - spread, share + spread], 0.0, 1.0))
        assert low <= expected <= high, share
    assert found.fit.divergences == 0
    assert found.fit.overlap < 0.2
    assert set(found.fit.interactions) == {
        ":".join(sorted((a, b))) for i, a in enumerate(table.lists) for b in table.lists[i + 1 :]
    }
    written = found.to_dict()["fit"]
    assert "trace" not in written
    assert {"rhat", "ess", "divergences", "interactions"} <= set(written)


def test_the_prior_comes_back_without_data():
    cells, terms = possible_histories(3), build_terms(3, 2)
    mean, sd = np.array([-2.0] * 3 + [0.0] * 3), np.array([3.0] * 3 + [1.5] * 3)
    nobody = LoglinearPosterior(build_design(cells, terms), np.zeros(cells.size), mean, sd**-2.0)
    options = sampling.SamplerOptions(4, 500, 300)
    beta, _ = sample_loglinear(nobody, options, np.random.SeedSequence(3))
    for i in range(6):
        effective = diagnose(beta[..., i]).ess_bulk
        assert beta[..., i].mean() == pytest.approx(mean[i], abs=5.0 * sd[i] / np.sqrt(effective))
        assert beta[..., i].std() == pytest.approx(sd[i], rel=5.0 / np.sqrt(effective))


def test_an_interrupted_run_goes_on_and_gives_the_same_answer(tmp_path, monkeypatch):
    table, options = hp.load("korea"), {"seed": 5, "draws": 300, "warmup": 200}
    whole = hp.loglinear_bayes(table, **options)
    run, calls = sampling._run, []

    def interrupted(*arguments):
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return run(*arguments)

    monkeypatch.setattr(sampling, "_run", interrupted)
    monkeypatch.setattr(sampling.os, "cpu_count", lambda: 2)
    with pytest.raises(KeyboardInterrupt):
        hp.loglinear_bayes(table, resume=str(tmp_path), **options)
    assert len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr(sampling, "_run", run)
    again = hp.loglinear_bayes(table, resume=str(tmp_path), **options)
    assert again.to_dict() == whole.to_dict()
    assert len(list(tmp_path.iterdir())) == 4
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_order": 1}, "max_order=1 is not 2 or 3"),
        ({"max_order": 3}, "max_order=3 is not 2 or 3, below the 3 lists"),
        ({"interaction_sd": 0.0}, "interaction_sd=0.0 is not a positive number"),
        ({"prior": "1/N(max=100)"}, "max is below the 123 people seen"),
        ({"prior": "lognormal(median=1,upper=2)"}, "cannot be used here"),
        ({"chains": 1}, "chains=1 is not between"),
        ({"draws": 10}, "draws=10 is not between"),
        ({"warmup": 10}, "warmup=10 is not between"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(hp.OptionError, match=message.replace("(", r"\(").replace(")", r"\)")):
        hp.loglinear_bayes(hp.load("korea"), **options)


def test_without_pymc_it_says_what_to_install(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sampling, "import_module", missing)
    with pytest.raises(hp.MissingExtraError, match=r"needs pymc, which is not installed.*hiddenpop\[bayes\]"):
        hp.loglinear_bayes(hp.load("korea"))


def test_the_prior_density_is_part_of_the_density():
    posed = LoglinearPosterior(np.eye(2), np.zeros(2), np.array([1.0, -1.0]), np.array([4.0, 0.25]))
    assert log_prior_and_likelihood(posed, np.array([2.0, 1.0])) == pytest.approx(-2.0 - 0.5)
