"""The seam to ArviZ: what it is given, and what it makes of it."""

import matplotlib as mpl
import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.bayes.sampling import require
from hiddenpop.result import Estimate

mpl.use("Agg")
az = require("arviz")


@pytest.fixture(scope="module")
def latent():
    return hp.latent_class(hp.load("korea"), seed=1)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # ArviZ against the newest matplotlib
def test_summary_plots_and_files(latent, tmp_path):
    found = hp.to_arviz(latent)
    posterior = found["posterior"]
    assert dict(posterior.sizes) == {"chain": 4, "draw": 1000}
    assert set(posterior.data_vars) == {"population", "alpha", "missed"}
    assert np.median(posterior["population"]) == latent.population
    assert found["observed_data"]["observed"].item() == latent.observed
    table = az.summary(found, var_names=["population"])
    assert table.loc["population", "r_hat"] == pytest.approx(latent.fit.rhat, abs=0.006)
    assert table.loc["population", "ess_bulk"] == pytest.approx(latent.fit.ess_bulk, rel=0.02)
    assert az.plot_trace(found, var_names=["population"]) is not None
    plot_density = getattr(az, "plot_posterior", None) or az.plot_dist  # its name in ArviZ 1
    assert plot_density(found, var_names=["population"]) is not None
    file = tmp_path / "korea.nc"
    found.to_netcdf(str(file))
    again = az.from_netcdf(str(file))
    assert (again["posterior"]["population"].values == posterior["population"].values).all()
    assert again["posterior"].attrs["method"] == "latent-class"


def test_an_estimate_read_from_json_keeps_its_population(latent):
    again = hp.to_arviz(Estimate.from_dict(latent.to_dict()))
    assert (again["posterior"]["population"].values == hp.to_arviz(latent)["posterior"]["population"].values).all()


def test_independent_draws_are_dealt_to_four_chains():
    exact = hp.graphical(hp.load("korea"), seed=1)
    found = hp.to_arviz(exact)
    assert found["posterior"]["population"].shape == (4, exact.draws.size // 4)


def test_an_estimate_without_draws_is_refused():
    with pytest.raises(hp.DataError, match="has no posterior draws"):
        hp.to_arviz(hp.loglinear(hp.load("korea")))
