"""Records that went astray: expected tables under errors of linkage, and the table that explains the one observed.

A cause is a `Spread`: for each history, the people that one person with it is expected to look like. A table that a
cause has acted on is linear in the true one, `E[o] = sum over h of c(h) spread(h)`; `undo` solves for c >= 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np

from hiddenpop.arrays import Floats, members
from hiddenpop.errors import NotEstimableError, OptionError

Expected = Mapping[int, float]  # history (mask, not empty) -> expected people
Spread = Callable[[int], dict[int, float]]

MOST_RECORDS = 14  # of one person: a cluster of k records breaks into 2^(k-1) kinds
REFUTED = 3.0  # Poisson standard deviations between a history's people and the best explanation of them


def break_links(share: float) -> Spread:
    """Every record of a person but the first, in the order of the lists, leaves with this chance and stands alone.

    For two lists, those on both are `1 - share` linked people and `share` pairs of strangers.

    Parameters
    ----------
    share : float in [0, 1)
    """

    def spread(history: int) -> dict[int, float]:
        first, *later = [1 << position for position in members(history)]
        if len(later) >= MOST_RECORDS:
            raise OptionError(
                f"Somebody is on {len(later) + 1} lists: too many for a model of their links.", hint="Merge lists."
            )
        kept = {first: 1.0}
        for bit in later:
            apart = {mask: share * weight for mask, weight in kept.items()}
            kept = {mask | bit: (1.0 - share) * weight for mask, weight in kept.items()} | apart
        found = defaultdict(float, kept)
        for bit in later:
            found[bit] += share
        return dict(found) if share else {history: 1.0}

    return spread


def apply(spread: Spread, people: Expected) -> dict[int, float]:
    """The expected table after a cause has acted."""
    found: defaultdict[int, float] = defaultdict(float)
    for history, number in people.items():
        for seen, weight in spread(history).items():
            found[seen] += weight * number
    return dict(found)


def undo(spread: Spread, people: Expected) -> dict[int, float] | None:
    """The table, nowhere negative, that a cause turned into this one; None where no table explains it.

    Least squares in units of the Poisson standard deviation of each history; exact wherever the exact solution is not
    negative. A table that misses some history by more than three of these refutes the cause: there are fewer people
    alone, say, than so many lost links would have left.

    Parameters
    ----------
    spread : a cause that leaves some of the people with each history with it
    people : the table observed, or expected
    """
    from scipy.optimize import nnls

    columns = [history for history, number in people.items() if number > 0.0]
    spreads = [spread(history) for history in columns]
    rows = sorted({seen for one in spreads for seen in one})
    place = {seen: row for row, seen in enumerate(rows)}
    matrix = np.zeros((len(rows), len(columns)))
    for column, one in enumerate(spreads):
        for seen, weight in one.items():
            matrix[place[seen], column] = weight
    wanted = np.array([people.get(seen, 0.0) for seen in rows])
    sd = np.sqrt(np.maximum(wanted, 1.0))
    solution, _ = nnls(matrix / sd[:, None], wanted / sd)
    if (np.abs(matrix @ solution - wanted) > REFUTED * sd).any():
        return None
    return {history: float(number) for history, number in zip(columns, solution, strict=True) if number > 0.0}


def correct_links(people: Expected, precision: float, recall: float) -> dict[int, float] | None:
    """The table without errors of linkage: false links cut, then missed links made good.

    `sum c(h) B(1 - recall)(h) = sum o(h) B(1 - precision)(h)`, B = `break_links`: a link that is false with chance
    `1 - precision` is cut, and the person it had added is alone. For two lists `n11 = L precision / recall`.

    Parameters
    ----------
    people : the table as linked
    precision : float in (0, 1], share of links, later record to earlier ones, that are true
    recall : float in (0, 1], chance that a later record of a person was linked
    """
    cut = apply(break_links(1.0 - precision), people)
    return cut if recall == 1.0 else undo(break_links(1.0 - recall), cut)


def draw_broken(generator: np.random.Generator, people: Mapping[int, int], share: float) -> dict[int, int]:
    """A table after `break_links(share)`, record by record; histories without people are left out."""
    found: defaultdict[int, int] = defaultdict(int)
    for history, number in people.items():
        first, *later = [1 << position for position in members(history)]
        kept = {first: number}
        for bit in later:
            apart = {mask: int(generator.binomial(count, share)) for mask, count in kept.items()}
            found[bit] += sum(apart.values())
            kept = {mask | bit: count - apart[mask] for mask, count in kept.items()} | apart
        for mask, count in kept.items():
            found[mask] += count
    return {mask: count for mask, count in found.items() if count}


def draw_links(
    generator: np.random.Generator, people: Mapping[int, int], precision: float, recall: float
) -> dict[int, float] | None:
    """`correct_links`, with what is random in it at known rates: which links are false, and which matches were missed.

    Links are cut at random, missed ones made good; then matches are missed at random again, and made good again.
    """
    found = correct_links(draw_broken(generator, people, 1.0 - precision), 1.0, recall)
    if found is None or recall == 1.0:
        return found
    return correct_links(draw_broken(generator, round_people(found, generator.random()), 1.0 - recall), 1.0, recall)


def round_people(people: Expected, offset: float = 0.5) -> dict[int, int]:
    """Whole people, with totals kept: rounded sums up to each history, less the sums before it.

    In the order of the number of lists; so the people on two lists, say, or on three, keep their number to within one,
    which largest remainders do not promise. The mean over all offsets in [0, 1) is the number itself.
    """
    order, sums = _sums(people)
    upto = np.floor(np.append(0.0, sums) + offset).astype(np.int64)
    return {history: int(number) for history, number in zip(order, np.diff(upto), strict=True) if number}


def even_offsets(people: Expected, most: int) -> list[tuple[float, float]]:
    """(weight, offset) of at most so many roundings whose weighted mean is the table of fractions.

    Exactly so if the offsets at which some sum jumps are no more than that; otherwise nearly, at even offsets.
    """
    jumps = np.unique(np.round(-_sums(people)[1] % 1.0, 9) % 1.0)
    edges = np.unique(np.concatenate([[0.0], jumps, [1.0]]))
    if edges.size - 1 > most:
        edges = np.linspace(0.0, 1.0, most + 1)
    return [(float(high - low), float(low + high) / 2.0) for low, high in pairwise(edges)]


def _sums(people: Expected) -> tuple[list[int], Floats]:
    order = sorted(people, key=lambda history: (history.bit_count(), history))
    return order, np.round(np.cumsum([people[history] for history in order]), 9)


def petersen_linked(first: float, second: float, links: float, precision: float, recall: float) -> float:
    """`n1 n2 R / (L P)`: two independent lists, links of known precision P and recall R.

    Raises
    ------
    OptionError
        If a rate is not in (0, 1].
    NotEstimableError
        If there are no links.
    """
    check_rates(precision=precision, recall=recall)
    if links <= 0.0:
        raise NotEstimableError("No record is linked: two lists without links say nothing.", hint="Check the linkage.")
    return first * second * recall / (links * precision)


def ding_fienberg(first: float, second: float, links: float, recall: float, false_rate: float) -> float:
    """`n1 n2 (a - b) / (L - b n1)`: a record of list 1 is linked with chance a = `recall` if its match is on list 2.

    With chance b = `false_rate` it is linked although it has none. Ding and Fienberg (1994), Survey Methodology 20:149.

    Raises
    ------
    OptionError
        If recall is not in (0, 1] or the false rate not in [0, recall).
    NotEstimableError
        If these rates cannot give so many links: false links alone would be more, or true matches more than records.
    """
    return petersen_linked(first, second, links, precision_of(first, links, recall, false_rate), recall)


def precision_of(first: float, links: float, recall: float, false_rate: float) -> float:
    """Share of true links if a `false_rate` of the unmatched records of list 1 is linked; see `ding_fienberg`."""
    check_rates(recall=recall)
    if not 0.0 <= false_rate < recall:
        raise OptionError(
            f"A false rate of {false_rate:g} is not between 0 and the recall of {recall:g}.",
            hint="It is the share of records without a match that were linked all the same.",
        )
    matches = (links - false_rate * first) / (recall - false_rate)
    if not 0.0 < matches <= first:
        raise NotEstimableError(
            f"{links:,.0f} links of {first:,.0f} records cannot come from a recall of {recall:g} and a false rate of "
            f"{false_rate:g}: {matches:,.0f} records would have a match.",
            hint="Audit the links again.",
        )
    return recall * matches / links


def check_rates(**rates: float) -> None:
    """Refuse a rate that is not in (0, 1]."""
    for name, rate in rates.items():
        if not 0.0 < rate <= 1.0:
            raise OptionError(f"{name}={rate!r} is not above 0 and up to 1.", hint="Write 0.95 for 95 %.")
