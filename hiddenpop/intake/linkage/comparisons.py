"""How fields of two records are compared: what counts as the same, and what as nearly so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

NAMES = ("given", "surname")
SOUNDS = ("sound_given", "sound_surname")
BORN_YEAR, BORN_DAY = "born_year", "born_day"  # of `born`; days are counted
BEGINS = "sound_begins"  # the begin of the sound of a given name
CLOSE = 0.88  # Jaro-Winkler similarity of spellings of one name
OTHER_LETTERS = 3  # one in so many may differ where a name is written another way
NEAR = (31, 366, 3653)  # days between dates of birth


def comparisons(fields: Sequence[str]) -> Iterator[Any]:
    """How every field is compared, level by level, as Splink takes it."""
    import splink.comparison_library as cl

    names = [name for name in NAMES if name in fields]
    if len(names) == 2:
        yield _both_names()
    else:
        yield cl.NameComparison(names[0])
    if "born" in fields:
        yield _births()
    for field in others_of(fields):
        yield cl.ExactMatch(field)


def others_of(fields: Sequence[str]) -> list[str]:
    """Fields that are compared as they stand."""
    return [field for field in fields if field not in (*NAMES, *SOUNDS, "born", BORN_YEAR, BORN_DAY, BEGINS)]


def _both_names() -> Any:
    """Given name and surname together: as they stand, by sound, turned round, nearly alike, alike, or one of them."""
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    def same(column: str) -> Any:
        return cll.ExactMatchLevel(column)

    def close(name: str) -> Any:
        return cll.Or(cll.JaroWinklerLevel(name, CLOSE), same(f"sound_{name}"))

    def alike(name: str) -> Any:
        longer = f"greatest(length({name}_l), length({name}_r))"
        return cll.Or(close(name), cll.CustomLevel(f"levenshtein({name}_l, {name}_r) * {OTHER_LETTERS} <= {longer}"))

    levels = {
        "as they stand": cll.And(same("given"), same("surname")),
        "by sound": cll.And(same("sound_given"), same("sound_surname")),
        "turned round": cll.ColumnsReversedLevel("sound_given", "sound_surname", symmetrical=True),
        "nearly alike": cll.And(close("given"), close("surname")),
        "alike": cll.And(alike("given"), alike("surname")),
        "given name": cll.Or(same("given"), same("sound_given")),
        "surname": cll.Or(same("surname"), same("sound_surname")),
    }
    return cl.CustomComparison(
        output_column_name="names",
        comparison_levels=[
            cll.Or(cll.NullLevel("given"), cll.NullLevel("surname")).configure(is_null_level=True),
            *(level.configure(label_for_charts=label) for label, level in levels.items()),
            cll.ElseLevel(),
        ],
    )


def _births() -> Any:
    """Dates of birth: the same, with one slip, near one another, or neither.

    Slips are a digit, day and month turned round, a day more or less, and a year more or less.
    """
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    swapped = "substr(born_l, 6, 2) = substr(born_r, 9, 2) AND substr(born_l, 9, 2) = substr(born_r, 6, 2)"
    turned = f"{BORN_YEAR}_l = {BORN_YEAR}_r AND {swapped}"
    days = f"abs({BORN_DAY}_l - {BORN_DAY}_r)"
    slips = (cll.LevenshteinLevel("born", 1), cll.CustomLevel(turned), cll.CustomLevel(f"{days} IN (1, 365, 366)"))
    return cl.CustomComparison(
        output_column_name="born",
        comparison_levels=[
            cll.NullLevel("born"),
            cll.ExactMatchLevel("born"),
            cll.Or(*slips),
            *(cll.CustomLevel(f"{days} <= {number}") for number in NEAR),
            cll.ElseLevel(),
        ],
    )
