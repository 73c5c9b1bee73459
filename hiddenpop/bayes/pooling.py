"""Strata whose interactions are pooled in part, not at all, or fully, in PyMC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.bayes.sampling import SamplerOptions, require, sample
from hiddenpop.numerics.loglinear_posterior import MAIN_MEAN, MAIN_SD, draw_hidden_people
from hiddenpop.numerics.pooling import (
    Coordinates,
    Strata,
    draw_main_effects,
    find_strata_coordinates,
    log_found_in_strata,
)

Pooling = Literal["partial", "none", "full"]
IMPOSSIBLE = -1e6


@dataclass(frozen=True)
class PooledDraws:
    """Draws.

    Attributes
    ----------
    population, missed : (C, S, G) of each stratum; missed is the chance to be on no list
    interactions : (C, S, G, P)
    shared : (C, S, P) what the interactions of the strata scatter around; empty without pooling
    between_sd : (C, S) how widely they scatter; empty unless pooled in part
    divergences : int
    """

    population: Floats
    missed: Floats
    interactions: Floats
    shared: Floats
    between_sd: Floats
    divergences: int


@dataclass(frozen=True)
class PoolingPriors:
    """Prior standard deviations: of the shared interactions, and the scale of how much strata differ."""

    interaction_sd: float
    between_scale: float


def sample_strata(
    strata: Strata, pooling: Pooling, priors: PoolingPriors, options: SamplerOptions, seed: np.random.SeedSequence
) -> PooledDraws:
    """Draw the populations of all strata, hidden people exactly given the coefficients."""
    for_chains, for_hidden = seed.spawn(2)
    coordinates = find_strata_coordinates(strata, priors.interaction_sd)
    model = build_model(strata, coordinates, pooling, priors)
    found = sample(model, _start(strata, pooling, coordinates, priors), options, for_chains)
    values = found.values
    interactions = _interactions(strata, pooling, values)
    main = coordinates.main_effects(values["z"], interactions)
    log_odds = log_found_in_strata(strata, main, interactions)
    people = strata.counts.sum(axis=1)
    generator = np.random.default_rng(for_hidden)
    hidden = [draw_hidden_people(generator, n, log_odds[..., g], 0.0, 1.0, np.inf) for g, n in enumerate(people)]
    nothing = np.empty((options.chains, options.draws, 0))
    return PooledDraws(
        people + np.stack(hidden, axis=-1),
        1.0 / (1.0 + np.exp(log_odds)),
        interactions,
        values.get("shared", nothing),
        np.exp(values.get("log_between_sd", nothing)),
        found.divergences,
    )


def _interactions(strata: Strata, pooling: Pooling, values: dict[str, Floats]) -> Floats:
    groups = strata.counts.shape[0]
    if pooling == "none":
        return values["own"]
    shared = np.repeat(values["shared"][:, :, None, :], groups, axis=2)
    if pooling == "full":
        return shared
    return np.asarray(shared + np.exp(values["log_between_sd"])[..., None, None] * values["deviation"])


def _start(strata: Strata, pooling: Pooling, coordinates: Coordinates, priors: PoolingPriors) -> dict[str, Floats]:
    (groups, size), lists = coordinates.centre.shape, strata.main.shape[1]
    start: dict[str, Floats] = {"z": np.zeros((groups, lists))}
    weight = strata.counts.sum(axis=1)
    if pooling == "none":
        return start | {"own": coordinates.centre}
    start["shared"] = weight @ coordinates.centre / weight.sum()
    if pooling == "partial":
        start |= {"deviation": np.zeros((groups, size)), "log_between_sd": np.log(np.array(priors.between_scale / 2.0))}
    return start


def build_model(strata: Strata, coordinates: Coordinates, pooling: Pooling, priors: PoolingPriors) -> Any:
    """The PyMC model: main effects free in every stratum, interactions as `pooling` says."""
    pymc, tensor = require("pymc"), require("pytensor.tensor")
    (groups, size), lists = coordinates.centre.shape, strata.main.shape[1]
    with pymc.Model() as model:
        z = pymc.Flat("z", shape=(groups, lists))
        if pooling == "none":
            interactions = pymc.Normal("own", 0.0, priors.interaction_sd, shape=(groups, size))
        else:
            interactions = pymc.Normal("shared", 0.0, priors.interaction_sd, shape=size)
        if pooling == "partial":
            log_between = pymc.Flat("log_between_sd")
            deviation = pymc.Normal("deviation", shape=(groups, size))
            interactions = interactions + tensor.exp(log_between) * deviation
            # half-normal, with the Jacobian of the logarithm
            pymc.Potential("between", log_between - 0.5 * (tensor.exp(log_between) / priors.between_scale) ** 2)
        moved = interactions - coordinates.centre
        main = coordinates.mode + (coordinates.scale * z[:, None, :]).sum(axis=2)
        main = main + (coordinates.slope * moved[:, None, :]).sum(axis=2)
        pymc.Potential("main", -0.5 * (((main - MAIN_MEAN) / MAIN_SD) ** 2).sum())
        inner = tensor.dot(interactions, strata.pairs.T) + tensor.dot(main, strata.main.T)
        eta = tensor.switch(strata.possible, inner, IMPOSSIBLE)
        found = tensor.logsumexp(eta, axis=1)
        pymc.Potential("histories", (strata.counts * eta).sum() - (strata.counts.sum(axis=1) * found).sum())
    return model


def predict_stratum(
    strata: Strata, g: int, priors: PoolingPriors, options: SamplerOptions, seed: np.random.SeedSequence
) -> tuple[Floats, Floats]:
    """A stratum whose interactions are drawn as the other strata say, and the total of the others without it.

    Returns
    -------
    predicted : (C S,) population of the stratum, whose own lists say only how large they are
    rest : (C S,) population of all other strata
    """
    for_others, for_own = seed.spawn(2)
    others = sample_strata(strata.without(g), "partial", priors, options, for_others)
    generator = np.random.default_rng(for_own)
    shared = others.shared.reshape(-1, others.shared.shape[-1])
    own = shared + others.between_sd.reshape(-1, 1) * generator.standard_normal(shared.shape)
    main = draw_main_effects(strata, g, own, generator)
    alone = Strata(strata.main, strata.pairs, strata.counts[[g]], strata.possible[[g]])
    log_odds = log_found_in_strata(alone, main[:, None, :], own[:, None, :])[:, 0]
    people = float(strata.counts[g].sum())
    predicted = people + draw_hidden_people(generator, people, log_odds, 0.0, 1.0, np.inf)
    return predicted, others.population.sum(axis=-1).ravel()
