"""Hierarchical log-linear models as sets of masks: their terms, their parts, and the bracket notation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations

from hiddenpop.arrays import history_text, mask_of, members
from hiddenpop.errors import OptionError, UnknownNameError

MAX_TERMS = 4096


def sort_key(mask: int) -> tuple[int, tuple[int, ...]]:
    """Order of terms: by number of lists, then lexicographically by position."""
    positions = tuple(members(mask))
    return len(positions), positions


def close_terms(generators: Iterable[int], n_lists: int) -> tuple[int, ...]:
    """All terms of the smallest hierarchical model with these generators and every main effect.

    Parameters
    ----------
    generators : iterable of masks
    n_lists : int

    Returns
    -------
    tuple of masks, the empty one (intercept) first, then by order and position.

    Raises
    ------
    OptionError
        If the model has more than 4,096 terms.
    """
    terms = {0} | {1 << i for i in range(n_lists)}
    for generator in generators:
        if len(terms) + 2 ** generator.bit_count() > 2 * MAX_TERMS:
            raise OptionError(f"The model has more than {MAX_TERMS} terms.", hint="Leave out high-order interactions.")
        subset = generator
        while subset:
            terms.add(subset)
            subset = (subset - 1) & generator
    if len(terms) > MAX_TERMS:
        raise OptionError(f"The model has {len(terms)} terms, more than {MAX_TERMS}.", hint="Leave out interactions.")
    return tuple(sorted(terms, key=sort_key))


def terms_of_size(n_lists: int, size: int) -> list[int]:
    """Masks of all sets of so many lists."""
    return [mask_of(chosen) for chosen in combinations(range(n_lists), size)]


def generators(terms: Iterable[int]) -> tuple[int, ...]:
    """The maximal terms of a hierarchical model: highest order first, then lexicographic, lone lists last."""
    kept = [t for t in terms if t]
    known = set(kept)
    union = 0
    for term in kept:
        union |= term
    maximal = [t for t in kept if not any((t | 1 << i) in known for i in members(union & ~t))]
    return tuple(sorted(maximal, key=lambda t: (-t.bit_count(), tuple(members(t)))))


def components(terms: Iterable[int], n_lists: int) -> tuple[int, ...]:
    """Groups of lists that the model's terms tie together; lists in different groups are modelled as independent."""
    groups = [1 << i for i in range(n_lists)]
    for term in terms:
        if term.bit_count() > 1:
            tied = [g for g in groups if g & term]
            groups = [g for g in groups if not g & term]
            groups.append(sum(tied))
    return tuple(sorted(groups, key=lambda g: g & -g))


def write_model(terms: Iterable[int], places: Sequence[int]) -> str:
    """Canonical bracket text over positions: `[15,2,3,4]`.

    Parameters
    ----------
    terms : masks of a hierarchical model
    places : position (from 0) of each list in the text; with more than nine lists positions are joined by colons, and a
        lone position of two digits ends in one (`[1:12,3,10:]`), since `[10]` could be read digit by digit
    """
    wide = max(places, default=0) > 8
    moved = [mask_of(places[i] for i in members(term)) for term in terms]
    return "[" + ",".join(_write_term(g, wide=wide) for g in generators(moved)) + "]"


def _write_term(mask: int, *, wide: bool) -> str:
    positions = [str(i + 1) for i in members(mask)]
    if not wide:
        return "".join(positions)
    lone_two_digits = len(positions) == 1 and len(positions[0]) > 1
    return ":".join(positions) + (":" if lone_two_digits else "")


def term_name(mask: int, lists: Sequence[str]) -> str:
    """A term in words: list names joined by colons; the empty term is `intercept`."""
    return ":".join(lists[i] for i in members(mask)) or "intercept"


def cell_name(mask: int, lists: Sequence[str]) -> str:
    """A capture history in words: its text and the lists it stands for."""
    return f"{history_text(mask, len(lists))} ({', '.join(lists[i] for i in members(mask)) or 'on no list'})"


def read_model(text: str, lists: Sequence[str]) -> tuple[int, ...]:
    """Parse bracket notation over list names or 1-based positions into generator masks.

    Parameters
    ----------
    text : str
        `[12,3]`, `[1:12,3]`, `[police:ngo,nca]`, `['a, b':ngo]`.
    lists : sequence of str
        Names of the lists, in the order that positions count.

    Raises
    ------
    OptionError
        If brackets or quotes do not match, a position is outside 1..K, or a bare number is both a name and a position.
    """
    body = text.strip()
    if not (body.startswith("[") and body.endswith("]")):
        raise OptionError(
            f"The model {text!r} is not in bracket notation.",
            hint="Write it like [12,3] or [police:ngo,nca]; every list that is not named enters alone.",
        )
    items = split_items(body[1:-1], text)
    return tuple(_read_item(item, lists, text) for item in items if item)


Token = tuple[str, bool]  # text, whether it was quoted
TOKEN = re.compile(
    r"""\s*(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<mark>[,:])|(?P<word>[^,:\[\]'"\s][^,:\[\]]*))"""
)


def split_items(body: str, text: str) -> list[list[Token | None]]:
    """Comma-separated items, each a list of tokens; None stands for a colon.

    Raises
    ------
    OptionError
        If a quote is not closed, or a bracket stands outside quotes.
    """
    items: list[list[Token | None]] = [[]]
    place = 0
    while body[place:].strip():
        found = TOKEN.match(body, place)
        if found is None:
            raise OptionError(
                f"A quote or bracket of {text!r} does not match.", hint="Close it; quote names that hold it."
            )
        place = found.end()
        quoted = found["single"] if found["single"] is not None else found["double"]
        if found["mark"] == ",":
            items.append([])
        elif found["mark"] == ":":
            items[-1].append(None)
        else:
            items[-1].append((quoted, True) if quoted is not None else (found["word"].strip(), False))
    return items


def _read_item(item: list[Token | None], lists: Sequence[str], text: str) -> int:
    mask = 0
    colons = None in item
    for token in item:
        if token is not None:
            part = _read_token(*token, colons=colons, lists=lists, text=text)
            if mask & part:
                raise OptionError(f"The model {text!r} names a list twice in one term.", hint="Name it once.")
            mask |= part
    if mask == 0:
        raise OptionError(f"The model {text!r} has an empty term.", hint="Remove the stray colon.")
    return mask


def read_pair(pair: tuple[str, str], lists: Sequence[str]) -> int:
    """The mask of an interaction given as two list names or positions."""
    return _read_item([(pair[0], False), None, (pair[1], False)], lists, f"{pair[0]}:{pair[1]}")


def _read_token(word: str, quoted: bool, *, colons: bool, lists: Sequence[str], text: str) -> int:
    digits = word.isascii() and word.isdigit() and not quoted
    positions = ([int(word)] if colons else [int(d) for d in word]) if digits else []
    valid = bool(positions) and all(1 <= p <= len(lists) for p in positions) and len(set(positions)) == len(positions)
    if digits and not valid and 10 <= int(word) <= len(lists):
        positions, valid = [int(word)], True
    by_position = sum({1 << (p - 1) for p in positions}) if valid else 0
    if word in lists:
        by_name = 1 << list(lists).index(word)
        if valid and by_position != by_name:
            raise OptionError(
                f"In the model {text!r}, {word} is both the name of a list and a position.",
                hint=f"Quote names: ['{word}'].",
            )
        return by_name
    if valid:
        return by_position
    if not digits:
        raise UnknownNameError.among("list", word, lists)
    raise OptionError(
        f"In the model {text!r}, {word!r} is not a position from 1 to {len(lists)}, nor a list.",
        hint=f"Lists: {', '.join(lists)}. Positions from 10 on are joined by colons, as in [1:12,3].",
        details={"token": word},
    )
