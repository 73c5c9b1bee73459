"""What made the headline of one release another: data, method and seed changed one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hiddenpop.checks import find_headline
from hiddenpop.errors import DataError
from hiddenpop.intake import read_captures
from hiddenpop.intake.writing import COUNT
from hiddenpop.registry import Data
from hiddenpop.result import Estimate

TABLE = "table.csv"
ALIKE = 1e-6


@dataclass(frozen=True)
class Step:
    """The headline before and after one thing changed.

    Attributes
    ----------
    cause : data, method (with level), seed, or versions, which is what the others leave unexplained
    before, after : people
    """

    cause: str
    before: float
    after: float

    def __str__(self) -> str:
        if abs(self.after / self.before - 1.0) < ALIKE:
            return f"by {self.cause}: nothing"
        return f"by {self.cause}: {self.before:,.0f} -> {self.after:,.0f} ({self.after / self.before - 1.0:+.1%})"


def attribute(
    folders: tuple[Path, Path], told: tuple[Mapping[str, Any], Mapping[str, Any]], headlines: tuple[float, float]
) -> tuple[Step, ...]:
    """Change data, then method, then seed from those of the first release to those of the second.

    Parameters
    ----------
    folders, told, headlines : of both releases: where they are, what they say of themselves, people in the headline

    Returns
    -------
    tuple of Step
        The changes multiply up to the whole.

    Raises
    ------
    DataError
        If the table is not in both as it was, or links were drawn, or a step has no estimate.
    """
    tables = [_read(folder / TABLE, one) for folder, one in zip(folders, told, strict=True)]
    first, second = (one["analysis"]["estimate"] for one in told)
    stages = [
        ("data", tables[0], first),
        ("data", tables[1], first),
        ("method", tables[1], second | {"seed": first["seed"]}),
        ("seed", tables[1], second),
    ]
    found = [find_headline(table, **asked) for _, table, asked in stages]
    people = [one.population for one in found if isinstance(one, Estimate)]
    if len(people) < len(stages):
        raise DataError("With some of the changes there is no estimate.")
    steps = [Step(cause, a, b) for (cause, *_), a, b in zip(stages[1:], people, people[1:], strict=False)]
    left = headlines[1] / headlines[0] / (people[-1] / people[0])
    return (*steps, Step("versions and machine", headlines[1] / left, headlines[1]))


def _read(path: Path, told: Mapping[str, Any]) -> Data:
    """The table of a release, if it is what the release was made from."""
    if told["analysis"].get("linkage") is not None:
        raise DataError("Links were drawn, and the tables of the draws are not kept.")
    if not path.is_file():
        raise DataError(f"{str(path)!r} is not there.")
    table = read_captures(path, told["lists"], COUNT, told["strata"])
    if table.digest != told["data"]:
        raise DataError(f"{str(path)!r} is not what the release was made from, or has names that look like formulas.")
    return table
