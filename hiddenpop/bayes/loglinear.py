"""A log-linear model in PyMC, sampled in coordinates in which its posterior is nearly round."""

from __future__ import annotations

from typing import Any

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.bayes.sampling import SamplerOptions, require, sample
from hiddenpop.numerics.loglinear_posterior import LoglinearPosterior, find_coordinates


def sample_loglinear(
    posed: LoglinearPosterior, options: SamplerOptions, seed: np.random.SeedSequence
) -> tuple[Floats, int]:
    """`(coefficients (C, S, p), divergences)`.

    The sampler moves in z, where beta = mode + scale z: main effects and interactions, whose posterior is a narrow
    ridge, become nearly independent of one another, and a draw costs about seven evaluations of the gradient.
    """
    mode, scale = find_coordinates(posed)
    found = sample(build_model(posed, mode, scale), {"z": np.zeros(mode.size)}, options, seed)
    return mode + found.values["z"] @ scale.T, found.divergences


def build_model(posed: LoglinearPosterior, mode: Floats, scale: Floats) -> Any:
    """The PyMC model in z; it keeps no other variable, since all of them follow from z."""
    pymc = require("pymc")
    with pymc.Model() as model:
        z = pymc.Flat("z", shape=mode.size)
        beta = mode + pymc.math.dot(scale, z)
        pymc.Potential("prior", -0.5 * pymc.math.sum(posed.precision * (beta - posed.mean) ** 2))
        pymc.Potential("histories", log_likelihood(posed, pymc.math.dot(posed.design, beta)))
    return model


def log_likelihood(posed: LoglinearPosterior, eta: Any) -> Any:
    """Log-likelihood of the histories seen, hidden people summed out, as a PyTensor expression of eta (m,)."""
    tensor = require("pytensor.tensor")
    people = posed.counts.sum()
    log_odds = tensor.logsumexp(eta)
    reached = log_odds if posed.odds == 1.0 else tensor.logaddexp(log_odds, np.log1p(-posed.odds))
    value = tensor.dot(posed.counts, eta) - (people + posed.extra) * reached
    if posed.extra:
        value += posed.extra * tensor.softplus(log_odds)
    if np.isfinite(posed.most):
        share = tensor.exp(reached - tensor.softplus(log_odds))
        value += tensor.log(tensor.betainc(people + posed.extra, posed.most + 1.0, share))
    return value
