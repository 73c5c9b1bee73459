"""Counts known only up to bands, drawn within the latent-class sampler; compiled.

With a rate L ~ Gamma(N + extra) the numbers of people with each history are independent Poisson numbers, of mean L odds
times the chance of the history, whatever conjugate prior N has. So a count in a band is a Poisson number cut to it.
"""

from __future__ import annotations

import numpy as np

from hiddenpop.arrays import Counts, Floats
from hiddenpop.numerics.compiled import compiled
from hiddenpop.numerics.latent_class import HIDDEN, Classes, People, weigh
from hiddenpop.numerics.latent_draws import Priors


@compiled
def _cut_poisson(generator: np.random.Generator, log_mean: float, low: int, high: int) -> int:
    """A Poisson number between two limits, both included."""
    weights = np.empty(high - low + 1)
    log_weight, top = 0.0, 0.0
    for i in range(weights.size):
        if i:
            log_weight += log_mean - np.log(low + i)
        weights[i] = log_weight
        top = max(top, log_weight)
    left = generator.random() * np.exp(weights - top).sum()
    number = 0
    while number < weights.size - 1 and left >= np.exp(weights[number] - top):
        left -= np.exp(weights[number] - top)
        number += 1
    return low + number


@compiled
def fill_bands(
    generator: np.random.Generator,
    people: People,
    low: Counts,
    high: Counts,
    classes: Classes,
    priors: Priors,
    chances: Floats,
) -> None:
    """Draw the counts of `people` that are known up to bands, given classes and hidden people."""
    total = people.counts.sum() + classes.numbers[HIDDEN] + priors.extra
    log_rate = np.log(generator.standard_gamma(total)) + np.log(priors.odds)
    base = np.empty(chances.size)
    for k in range(chances.size):
        base[k] = classes.log_share[k] + classes.log_off[k].sum()
    for h in range(low.size):
        if low[h] < high[h]:
            top = weigh(people, classes, h, base, chances)
            log_mean = log_rate + top + np.log(np.exp(chances - top).sum())
            people.counts[h] = _cut_poisson(generator, log_mean, low[h], high[h])
