"""Populations of simulations: chances of all histories, and what happens to records on their way into a table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks, memberships

RANKS = 512  # people of different rank
CLOSE = 1e-12
MOST_ROUNDS = 10_000


def spread_beta(chances: Floats, precision: float) -> Floats:
    """(RANKS, K) chances of people of evenly spread ranks: quantiles of beta laws with these means.

    Parameters
    ----------
    chances : (K,) means
    precision : a + b of every beta law
    """
    from scipy.special import betaincinv

    rank = (np.arange(RANKS) + 0.5) / RANKS
    usable = np.clip(chances, CLOSE, 1.0 - CLOSE)
    spread = betaincinv(usable * precision, (1.0 - usable) * precision, rank[:, None])
    return np.where(chances > 0.0, np.clip(spread, 0.0, 1.0 - CLOSE), 0.0)


def spread_presence(chances: Floats, partly: float) -> Floats:
    """(m', K) chances of people of whom a share is there for a part of the period, uniform on (0, 1)."""
    places = max(1, round(RANKS * partly))
    there = np.append((np.arange(places) + 0.5) / places, np.ones(max(1, round(places * (1.0 / partly - 1.0)))))
    spread = 1.0 - (1.0 - chances[:, None, :]) ** there[None, :, None]
    return np.asarray(spread.reshape(-1, chances.shape[1]))


def balance_margins(chances: Floats, odds_ratios: Mapping[int, float]) -> Floats:
    """(m, 2^K) chances of histories with these list sizes and these conditional odds ratios, by proportional fitting.

    Parameters
    ----------
    chances : (m, K) chance of each list
    odds_ratios : mask of two lists or more -> what its presence multiplies the weight of a history by
    """
    size = chances.shape[1]
    histories = np.arange(1 << size)
    on = memberships(histories, size).astype(bool)
    cells = np.where(on, chances[:, None, :], 1.0 - chances[:, None, :]).prod(axis=2)
    for mask, ratio in odds_ratios.items():
        cells[:, (histories & mask) == mask] *= ratio
    for _ in range(MOST_ROUNDS):
        worst = 0.0
        for j in range(size):
            total = cells.sum(axis=1)
            inside = cells[:, on[:, j]].sum(axis=1)
            worst = max(worst, float(np.abs(inside / total - chances[:, j]).max()))
            with np.errstate(divide="ignore", invalid="ignore"):
                up = np.where(inside > 0.0, chances[:, j] / inside, 0.0)
            cells[:, on[:, j]] *= up[:, None]
            cells[:, ~on[:, j]] *= ((1.0 - chances[:, j]) / (total - inside))[:, None]
        if worst < CLOSE:
            break
    return np.asarray(cells)


def draw_people(generator: np.random.Generator, people: int, chances: Floats) -> Masks:
    """(people,) histories of people whose lists are independent, each of a kind of its own.

    Parameters
    ----------
    chances : (m, K) chances of m kinds of people, equally likely
    """
    kinds = generator.integers(len(chances), size=people)
    on = generator.random((people, chances.shape[1])) < chances[kinds]
    return np.asarray(on @ (np.int64(1) << np.arange(chances.shape[1])))


def refer(cells: Floats, sender: int, receiver: int, share: float) -> Floats:
    """Chances of histories (..., 2^K) after list `sender` has passed a share of its people to list `receiver`."""
    histories = np.arange(cells.shape[-1])
    passed = (histories >> sender & 1 == 1) & (histories >> receiver & 1 == 0)
    moved = cells.copy()
    moved[..., passed] -= share * cells[..., passed]
    moved[..., histories[passed] | 1 << receiver] += share * cells[..., passed]
    return moved


def add_erroneous(generator: np.random.Generator, counts: Counts, shares: Floats) -> Counts:
    """Counts (2^K,) with people outside the population, on one list each: Poisson, `shares` of the lists' sizes."""
    histories = np.arange(counts.size)
    added = counts.copy()
    for j, share in enumerate(shares):
        added[1 << j] += generator.poisson(share * counts[(histories >> j & 1) == 1].sum())
    return added


def lose_links(generator: np.random.Generator, counts: Counts, share: float) -> Counts:
    """Counts (2^K,) when every record of a person but the first is lost from the person with a chance `share`.

    A record that is lost from its person is a person of its own.
    """
    kept = np.zeros_like(counts)
    size = int(np.log2(counts.size))
    for history in np.flatnonzero(counts):
        later = [j for j in range(size) if history >> j & 1][1:]
        lost = generator.random((counts[history], len(later))) < share
        bits = np.array([1 << j for j in later], dtype=np.int64)
        np.add.at(kept, history - (lost @ bits if later else np.zeros(counts[history], dtype=np.int64)), 1)
        for bit, number in zip(bits, lost.sum(axis=0), strict=True):
            kept[bit] += number
    return kept


def add_false_links(generator: np.random.Generator, counts: Counts, share: float) -> Counts:
    """Counts (2^K,) when a share of the people on one list is wrongly taken for somebody on one other list."""
    linked = counts.copy()
    single = 1 << np.arange(int(np.log2(counts.size)))
    wrong = generator.binomial(linked[single], share / 2.0)
    people = generator.permutation(np.repeat(np.arange(single.size), wrong))
    for j in people:
        others = linked[single].astype(float)
        others[j] = 0.0
        if linked[single[j]] == 0 or others.sum() == 0.0:
            continue
        other = generator.choice(single.size, p=others / others.sum())
        linked[single[j]] -= 1
        linked[single[other]] -= 1
        linked[single[j] | single[other]] += 1
    return linked
