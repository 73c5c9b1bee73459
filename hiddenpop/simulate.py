"""Capture tables with a known population: what an estimator should find, and what should mislead it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from hiddenpop.arrays import history_text
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import OptionError

Matrix = NDArray[np.bool_]


def independent(population: int, probabilities: Sequence[float], *, seed: int) -> CaptureTable:
    """Independent lists: each person is on list j with `probabilities[j]`.

    Parameters
    ----------
    population : int, people, known to the caller
    probabilities : K floats in (0, 1)
    seed : int
    """
    return _table(_captured(np.random.default_rng(seed), population, np.asarray(probabilities, dtype=float)))


def dependent(
    population: int, probabilities: Sequence[float], odds_ratios: Mapping[tuple[int, int], float], *, seed: int
) -> CaptureTable:
    """Lists with pairwise dependence: a log-linear model without higher interactions.

    Parameters
    ----------
    population : int
    probabilities : K floats in (0, 1), of each list among people on none of the others
    odds_ratios : {(i, j): odds ratio} over 0-based positions
    seed : int
    """
    p = np.asarray(probabilities, dtype=float)
    _check(p)
    cells = np.array([[mask >> j & 1 for j in range(p.size)] for mask in range(1 << p.size)], dtype=float)
    log_weight = cells @ np.log(p / (1.0 - p))
    for (i, j), ratio in odds_ratios.items():
        log_weight += np.log(ratio) * cells[:, i] * cells[:, j]
    weight = np.exp(log_weight)
    counts = np.random.default_rng(seed).multinomial(population, weight / weight.sum())
    named = {history_text(mask, p.size): int(counts[mask]) for mask in range(1, 1 << p.size)}
    return CaptureTable.from_counts(named, source="simulated")


def heterogeneous(
    population: int, classes: Sequence[Sequence[float]], shares: Sequence[float], *, seed: int
) -> CaptureTable:
    """Latent classes: people of class c are on list j with `classes[c][j]`, independently.

    Parameters
    ----------
    population : int
    classes : (C, K) floats in (0, 1)
    shares : C floats, proportions of the classes
    seed : int
    """
    generator = np.random.default_rng(seed)
    belongs = generator.choice(len(shares), size=population, p=np.asarray(shares) / np.sum(shares))
    return _table(_captured(generator, population, np.asarray(classes, dtype=float)[belongs]))


def referral(
    population: int, probabilities: Sequence[float], share: float, *, from_list: int = 0, to_list: int = 1, seed: int
) -> CaptureTable:
    """Independent lists, but one refers a share of its people to another (0-based positions)."""
    generator = np.random.default_rng(seed)
    captured = _captured(generator, population, np.asarray(probabilities, dtype=float))
    captured[:, to_list] |= captured[:, from_list] & (generator.random(population) < share)
    return _table(captured)


def missed_links(population: int, probabilities: Sequence[float], share: float, *, seed: int) -> CaptureTable:
    """Independent lists whose second and later records of a person fail to be linked with probability `share`.

    A record that is not linked looks like another person.
    """
    generator = np.random.default_rng(seed)
    captured = _captured(generator, population, np.asarray(probabilities, dtype=float))
    later = captured & (np.cumsum(captured, axis=1) > 1)
    lost = later & (generator.random(captured.shape) < share)
    rows, columns = np.nonzero(lost)
    alone = np.zeros((rows.size, captured.shape[1]), dtype=bool)
    alone[np.arange(rows.size), columns] = True
    return _table(np.vstack([captured & ~lost, alone]))


def all_pairs(n_lists: int, odds_ratio: float) -> dict[tuple[int, int], float]:
    """The same odds ratio for every pair of lists, for `dependent`."""
    return dict.fromkeys(combinations(range(n_lists), 2), odds_ratio)


def _captured(generator: np.random.Generator, population: int, probabilities: NDArray[np.float64]) -> Matrix:
    _check(probabilities)
    return generator.random((population, probabilities.shape[-1])) < probabilities


def _check(probabilities: NDArray[np.float64]) -> None:
    if ((probabilities <= 0.0) | (probabilities >= 1.0)).any():
        raise OptionError("Capture probabilities must lie between 0 and 1.")


def _table(captured: Matrix) -> CaptureTable:
    seen = captured[captured.any(axis=1)]
    return CaptureTable.from_records(seen, [f"list_{j + 1}" for j in range(captured.shape[1])], source="simulated")
