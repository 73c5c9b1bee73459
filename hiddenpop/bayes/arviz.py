"""The one way from an estimate to ArviZ, whichever of its two forms is installed."""

from __future__ import annotations

from typing import Any

import numpy as np

from hiddenpop.bayes.sampling import quiet, require
from hiddenpop.chains import Trace
from hiddenpop.errors import DataError
from hiddenpop.result import Estimate

INDEPENDENT_CHAINS = 4


def to_arviz(estimate: Estimate) -> Any:
    """The posterior draws of an estimate, as ArviZ takes them.

    `arviz.summary`, `arviz.plot_trace`, `arviz.plot_posterior` and `to_netcdf` work on the result. Draws that are
    independent (`graphical` with up to seven lists) are dealt to four chains.

    Parameters
    ----------
    estimate : Estimate of a Bayesian method; read from JSON it has the population alone

    Returns
    -------
    arviz.InferenceData, or xarray.DataTree with ArviZ 1 or newer
        Group `posterior`: `population`, and what the method also draws, with dimensions `chain` and `draw`. Group
        `observed_data`: `observed`, the people on any list.

    Raises
    ------
    DataError
        If the estimate has no posterior draws.
    MissingExtraError
        If ArviZ is not installed.
    """
    trace = _trace(estimate)
    arviz = require("arviz")
    posterior = {name: np.asarray(values) for name, values in trace.variables.items()}
    groups = {"posterior": posterior, "observed_data": {"observed": np.array([estimate.observed])}}
    dims = {name: list(names) for name, names in trace.dims.items()}
    coords = {name: list(labels) for name, labels in trace.coords.items()}
    attributes = {
        "method": estimate.method,
        "seed": str(estimate.provenance.seed),
        "source": estimate.provenance.source,
    }
    with quiet():
        if int(arviz.__version__.split(".")[0]) < 1:
            found = arviz.from_dict(**groups, dims=dims, coords=coords)
        else:
            found = arviz.from_dict(groups, dims=dims, coords=coords)
    found["posterior"].attrs.update(attributes)
    return found


def _trace(estimate: Estimate) -> Trace:
    trace = getattr(estimate.fit, "trace", None)
    if isinstance(trace, Trace):
        return trace
    if estimate.draws is None or estimate.interval is None or estimate.interval.kind != "credible":
        raise DataError(
            f"The estimate by {estimate.method} has no posterior draws.",
            hint="Use a Bayesian method, such as graphical or latent-class.",
        )
    fit = estimate.fit if isinstance(estimate.fit, dict) else {}
    chains = len(fit.get("per_chain", ())) or INDEPENDENT_CHAINS
    draws = np.asarray(estimate.draws, dtype=float)
    return Trace({"population": draws[: chains * (draws.size // chains)].reshape(chains, -1)})
