"""How fields of two records are compared: what counts as the same, and what as nearly so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

NAMES = ("given", "surname")
SOUNDS = ("sound_given", "sound_surname")
BORN_YEAR, BEGINS = "born_year", "sound_begins"  # made of the others: year of birth, begin of the sound of a given name
CLOSE = 0.88  # Jaro-Winkler similarity of spellings of one name


def comparisons(fields: Sequence[str]) -> Iterator[Any]:
    """How every field is compared, level by level, as Splink takes it."""
    import splink.comparison_library as cl

    names = [name for name in NAMES if name in fields]
    if len(names) == 2:
        yield _both_names()
    else:
        yield cl.NameComparison(names[0])
    if "born" in fields:
        yield cl.DateOfBirthComparison("born", input_is_string=True)
    for field in others_of(fields):
        yield cl.ExactMatch(field)


def others_of(fields: Sequence[str]) -> list[str]:
    """Fields that are compared as they stand."""
    return [field for field in fields if field not in (*NAMES, *SOUNDS, "born", BORN_YEAR, BEGINS)]


def _both_names() -> Any:
    """Given name and surname together: as they stand, by sound, turned round, nearly alike, or one of them."""
    import splink.comparison_level_library as cll
    import splink.comparison_library as cl

    def same(column: str) -> Any:
        return cll.ExactMatchLevel(column)

    def close(name: str) -> Any:
        return cll.Or(cll.JaroWinklerLevel(name, CLOSE), same(f"sound_{name}"))

    levels = {
        "as they stand": cll.And(same("given"), same("surname")),
        "by sound": cll.And(same("sound_given"), same("sound_surname")),
        "turned round": cll.ColumnsReversedLevel("sound_given", "sound_surname", symmetrical=True),
        "nearly alike": cll.And(close("given"), close("surname")),
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
