"""Descriptions in TOML: read, checked as a whole, and refused with every fault in one message."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hiddenpop.errors import DataError

MOST_BYTES = 1_000_000
Described = TypeVar("Described", bound=BaseModel)


def read_described(path: Path, kind: type[Described], see: str) -> Described:
    """What a TOML file describes.

    Parameters
    ----------
    path : of the file
    kind : pydantic model of the description
    see : where a reader finds out more, as in "See `hiddenpop table --help`."

    Raises
    ------
    DataError
        With all faults of the file.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path.name} is too large for a description.", hint="Give the TOML file, not the data.")
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"{path.name!r} cannot be read: {error.strerror}.", hint="Give the path of a TOML file."
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8 text"
        raise DataError(f"{path.name} is not a TOML file: {why}.", hint=see) from None
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_input=False)
        inside = [fault["loc"] for fault in found]
        faults = [  # a list is not too short for what was refused in it
            f"{_place(fault['loc'])}{_message(fault)}"
            for fault in found
            if fault["type"] != "too_short" or not any(_within(loc, fault["loc"]) for loc in inside)
        ]
        number = f"{len(faults)} fault{'s' * (len(faults) > 1)}"
        raise DataError(
            f"{path.name} has {number}: {'; '.join(faults)}.", hint=see, details={"faults": faults}
        ) from None


def _within(one: tuple[int | str, ...], whole: tuple[int | str, ...]) -> bool:
    return len(one) > len(whole) and one[: len(whole)] == whole


def _place(parts: tuple[int | str, ...]) -> str:
    """Where in the file; parts of a list count from 1."""
    text = ".".join(str(part + 1) if isinstance(part, int) else part for part in parts)
    return f"{text}: " if text else ""


def _message(fault: Any) -> str:
    text = str(fault["msg"]).removeprefix("Value error, ")
    return {"Extra inputs are not permitted": "there is no such setting"}.get(text, text[:1].lower() + text[1:])
