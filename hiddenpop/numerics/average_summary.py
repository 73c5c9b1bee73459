"""What an average over models says, in words and plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hiddenpop.numerics.average import Average, ModelPrior, prior_sd
from hiddenpop.numerics.intervals import QUANTILES
from hiddenpop.numerics.terms import sort_key, term_name, write_model


@dataclass(frozen=True, slots=True)
class AverageFit:
    """The models averaged and what they say.

    Attributes
    ----------
    weights : bayes, bic, aic or aicc
    models : the 100 heaviest, one mapping each: `model` (canonical bracket text over positions), `weight`, `population`
        (bayes: people seen and the expected hidden number at the posterior mode; else the maximum-likelihood estimate)
    n_models, n_estimable : models averaged, and of those with an estimate that could matter
    quantiles : share -> population
    interactions : one mapping each: `term`, `lists` in it, `probability` of being in the model; with bayes also the
        `mean` and `sd` of its coefficient (a log odds ratio for two lists) where it is, and its `prior_sd`, else None
    effective_draws : independent posterior draws that the weighted ones are worth; None without bayes
    prior_sensitivity : other prior -> population under it: half and twice the interaction_sd, the other model_prior;
        empty without bayes
    max_order, interaction_sd, model_prior : as used
    """

    weights: str
    models: tuple[Mapping[str, Any], ...]
    n_models: int
    n_estimable: int
    quantiles: Mapping[str, float]
    interactions: tuple[Mapping[str, Any], ...]
    effective_draws: float | None
    prior_sensitivity: Mapping[str, float]
    max_order: int
    interaction_sd: float | None
    model_prior: ModelPrior


def summarise(
    average: Average,
    lists: Sequence[str],
    places: Sequence[int],
    weights: str,
    interaction_sd: float,
    max_order: int,
    model_prior: ModelPrior,
    sensitivity: Mapping[str, float],
) -> AverageFit:
    """Everything worth printing; `sensitivity` maps other priors to hidden numbers."""
    people = average.candidates.people
    used = interaction_sd if weights == "bayes" else None
    return AverageFit(
        weights=weights,
        models=_heaviest(average, places),
        n_models=len(average.weight),
        n_estimable=int(average.estimable.sum()),
        quantiles={f"{q:g}": people + average.mixture.quantile(q) for q in QUANTILES},
        interactions=_interactions(average, lists, used),
        effective_draws=average.effective,
        prior_sensitivity={prior: people + hidden for prior, hidden in sensitivity.items()},
        max_order=max_order,
        interaction_sd=used,
        model_prior=model_prior,
    )


def _heaviest(average: Average, places: Sequence[int]) -> tuple[dict[str, Any], ...]:
    c = average.candidates
    return tuple(
        {
            "model": write_model(c.given[c.models[row] != 0].tolist(), places),
            "weight": float(average.weight[row]),
            "population": float(c.people + average.hidden[row]),
        }
        for row in average.heaviest()
    )


def _interactions(average: Average, lists: Sequence[str], interaction_sd: float | None) -> tuple[dict[str, Any], ...]:
    """What is known about every interaction, by order, then by the order of the lists in the table."""
    c, probability = average.candidates, average.probability
    rows = np.flatnonzero(c.order > 1).tolist()
    prior = None if interaction_sd is None else prior_sd(c.order, interaction_sd)
    return tuple(
        {
            "term": term_name(int(c.given[row]), lists),
            "lists": int(c.order[row]),
            "probability": min(1.0, float(probability[row])),
            "mean": None if average.mean is None else float(average.mean[row]),
            "sd": None if average.sd is None else float(average.sd[row]),
            "prior_sd": None if prior is None else float(prior[row]),
        }
        for row in sorted(rows, key=lambda row: sort_key(int(c.given[row])))
    )
