"""Options of estimators: their declared types, the check of a value, and the reading of a value given as text."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np

from hiddenpop.errors import OptionError
from hiddenpop.numerics.terms import split_items

Pairs = Sequence[tuple[str, str]]
TwoLists = tuple[str, str]


MOST_LEVEL = 1.0 - 1e-9
FEWEST_DRAWS, MOST_DRAWS = 100, 100_000


def plain_scalar(value: Any) -> Any:
    """A numpy number as a Python one; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def check_value(name: str, value: Any, annotation: Any) -> None:
    """Refuse a value that is none of the declared types, or outside a `Literal`."""
    if name == "level":
        check_level(value)
    elif name == "seed":
        check_seed(value)
    elif not any(_is(value, kind) for kind in _alternatives(annotation, none=True)):
        expected = " or ".join(_describe(kind) for kind in _alternatives(annotation))
        raise OptionError(f"{name}={value!r} cannot be used.", hint=f"Expected {expected}.")


def check_level(level: Any) -> None:
    """Refuse a confidence level that is not a number between 0 and 1."""
    if isinstance(level, bool) or not isinstance(level, (int, float)) or not 0.0 < level <= MOST_LEVEL:
        raise OptionError(f"level={level!r} is not between 0 and 1.", hint="Write 0.95 for 95 %.")


def check_draws(draws: int) -> None:
    """Refuse a number of posterior draws that is too small to show a distribution, or absurd."""
    if not FEWEST_DRAWS <= draws <= MOST_DRAWS:
        raise OptionError(f"draws={draws} is not between {FEWEST_DRAWS} and {MOST_DRAWS:,}.", hint="Use 4000.")


def check_seed(seed: Any) -> None:
    """Refuse a seed that is neither None nor a whole number, zero or more."""
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
        raise OptionError(f"seed={seed!r} is not a whole number, zero or more.", hint="Write a number such as 7.")


def _is(value: Any, kind: Any) -> bool:
    """Is the value of that declared type?"""
    if kind is NoneType:
        return value is None
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if kind == Pairs:
        return isinstance(value, (list, tuple)) and all(_is(pair, TwoLists) for pair in value)
    if kind == TwoLists:
        return isinstance(value, (list, tuple)) and len(value) == 2 and all(isinstance(v, str) for v in value)
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(kind, type) and isinstance(value, kind)


def read_option(name: str, annotation: Any, text: str) -> Any:
    """The value of an option given as text, by the type declared for it; nothing is ever evaluated.

    Parameters
    ----------
    name : str
    annotation : the declared type; the alternatives of a union are tried in turn
    text : str; pairs are written `a:b,b:c`, two lists `a,b`

    Raises
    ------
    OptionError
        If no alternative can read it.
    """
    for kind in _alternatives(annotation):
        try:
            return _reader(kind)(text.strip())
        except (ValueError, KeyError):
            continue
    expected = " or ".join(_describe(kind) for kind in _alternatives(annotation))
    raise OptionError(f"{name}={text!r} cannot be read.", hint=f"Expected {expected}.")


def _alternatives(annotation: Any, *, none: bool = False) -> list[Any]:
    """The types a union admits, with or without None."""
    if get_origin(annotation) in (Union, UnionType):
        return [a for a in get_args(annotation) if none or a is not NoneType]
    return [annotation]


def _reader(kind: Any) -> Callable[[str], Any]:
    if get_origin(kind) is Literal:
        return {str(choice): choice for choice in get_args(kind)}.__getitem__
    readers: dict[Any, Callable[[str], Any]] = {bool: _read_bool, int: int, float: float, str: str}
    readers |= {Pairs: _read_pairs, TwoLists: _read_two}
    return readers[kind]


def _read_bool(text: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]


def _read_pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    for item in split_items(text, text):
        first, second = (token[0] for token in item if token)
        if None not in item:
            raise ValueError(text)
        pairs.append((first, second))
    return pairs


def _read_two(text: str) -> tuple[str, str]:
    first, second = (name.strip() for name in next(csv.reader([text], skipinitialspace=True)))
    return first, second


def _describe(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    names: dict[Any, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    names |= {Pairs: "pairs of lists such as a:b,b:c", TwoLists: "two lists such as a,b"}
    return names.get(kind, "a frozen distribution of scipy.stats")
