"""Which assumption is meant: lists, a term and a model become something that can be fixed at a value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf, log
from typing import Literal

from hiddenpop.arrays import mask_of
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import ConvergenceError, NotEstimableError, OptionError
from hiddenpop.numerics.assumptions import Assumption, Consequence, FixedTerm, MarginalPair
from hiddenpop.numerics.terms import close_terms, read_model, term_name, terms_of_size

Kind = Literal["highest-order", "conditional", "marginal"]
Posed = tuple[str, float, Assumption]  # name of the term, sign of its logarithm as the parameter has it, assumption


def _fixed(table: CaptureTable, term: int, free: Iterable[int]) -> FixedTerm:
    """Terms of the model without the fixed one and what contains it."""
    terms = tuple(t for t in close_terms(free, table.n_lists) if t & term != term)
    return FixedTerm(terms, term, table.histories, table.counts, table.lists)


def _free(table: CaptureTable, model: str | None) -> tuple[int, ...]:
    """Generators of the model: as given, or all pairs, or independence of two lists."""
    if model is not None:
        return read_model(model, table.lists)
    return tuple(terms_of_size(table.n_lists, 2))


def list_rivals(table: CaptureTable, model: str | None) -> list[Posed]:
    """The pair of two lists, or every three of more."""
    terms = terms_of_size(table.n_lists, min(3, table.n_lists))
    return [(term_name(t, table.lists), 1.0, _fixed(table, t, _free(table, model))) for t in terms]


def most_influential(rivals: Sequence[Posed], gamma: float, level: float) -> Posed:
    """The one whose value, from 1/gamma to gamma, moves the population most."""

    def moves(rival: Posed) -> float:
        ends = [try_at(rival[2], 1.0, level, False, end) for end in (-log(gamma), log(gamma))]
        least, most = sorted(inf if one is None else one.population for one in ends)
        return most / least if least < inf else inf

    return max(rivals, key=moves) if len(rivals) > 1 else rivals[0]


def pose_assumption(table: CaptureTable, kind: Kind, term: Sequence[str], model: str | None) -> Posed:
    """Name of the term, sign of its logarithm as the parameter has it, and the assumption."""
    if kind == "highest-order":
        if term or model is not None:
            raise OptionError("The highest-order interaction is of all lists, all others free.", hint="Leave them out.")
        everyone = (1 << table.n_lists) - 1
        sign = 1.0 if table.n_lists % 2 else -1.0
        return (
            term_name(everyone, table.lists),
            sign,
            _fixed(table, everyone, terms_of_size(table.n_lists, table.n_lists - 1)),
        )
    positions = [table.position(name) for name in term] or ([0, 1] if table.n_lists == 2 else [])
    if len(set(positions)) < max(2, len(positions)) or (kind == "marginal" and len(positions) != 2):
        raise OptionError(
            f"A {kind} odds ratio needs {'two' if kind == 'marginal' else 'two or more'} different lists.",
            hint=f"Name them, as in {table.lists[0]},{table.lists[1]}.",
        )
    mask = mask_of(positions)
    name = term_name(mask, table.lists)
    if kind == "conditional":
        return name, 1.0, _fixed(table, mask, _free(table, model))
    if model is not None:
        raise OptionError("A marginal odds ratio leaves the other lists aside: it has no model.")
    first, second = (table.histories >> position & 1 == 1 for position in positions)
    only_a, only_b, both = (int(table.counts[who].sum()) for who in (first & ~second, second & ~first, first & second))
    names = (table.lists[positions[0]], table.lists[positions[1]])
    return name, 1.0, MarginalPair(names, only_a, only_b, both, table.observed - only_a - only_b - both)


def try_at(assumption: Assumption, sign: float, level: float, profile: bool, log_value: float) -> Consequence | None:
    """What follows from `exp(log_value)` of the parameter; None where nothing does."""
    try:
        return assumption.at(sign * log_value, level, profile=profile)
    except (NotEstimableError, ConvergenceError):
        return None
