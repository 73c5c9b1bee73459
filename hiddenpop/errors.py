"""Every error and warning that hiddenpop raises on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any


def some_of(names: Sequence[str], mark: str = ", ", most: int = 5) -> str:
    """The first of many names, and how many more there are."""
    return mark.join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


class HiddenpopError(Exception):
    """Base of all deliberate errors: one message, an optional hint on what to do, and machine-readable details.

    Parameters
    ----------
    message : str
        What is wrong, with the value that was met and where it stands.
    hint : str
        What to do next; empty when there is nothing to advise.
    details : mapping, optional
        Facts for programs (plain JSON values).
    """

    def __init__(self, message: str, *, hint: str = "", details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def to_dict(self) -> dict[str, Any]:
        """The error as plain JSON values: type, message, hint, details."""
        return {
            "type": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            "details": self.details,
        }


class DataError(HiddenpopError, ValueError):
    """The data given cannot be used as they are."""


class OptionError(HiddenpopError, ValueError):
    """An option has a value outside its range, or options contradict one another."""


class UnknownNameError(HiddenpopError, KeyError):
    """A list, data set, method, option or stratum of that name does not exist."""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
        """Build the error for `name`, offering the nearest of the `known` names."""
        names = [str(k) for k in known]
        near = get_close_matches(name, names, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(repr(n) for n in near)}?" if near else f"Known: {', '.join(names)}."
        return cls(f"There is no {kind} {name!r}.", hint=hint, details={"name": name, "near": near})


class NotEstimableError(HiddenpopError):
    """The data do not determine an estimate by this method, so none is given.

    `details` carries `exists`, `identifiable` (true, false or null when not established), and the `terms` and `cells`
    responsible.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        exists: bool | None = False,
        identifiable: bool | None = None,
        terms: Iterable[str] = (),
        cells: Iterable[str] = (),
    ) -> None:
        details = {"exists": exists, "identifiable": identifiable, "terms": list(terms), "cells": list(cells)}
        super().__init__(message, hint=hint, details=details)


class ConvergenceError(HiddenpopError):
    """An iteration did not reach its answer, so none is given."""


class MissingExtraError(HiddenpopError, ImportError):
    """A method needs a library that comes with an extra, and the extra is not installed."""


class SparseOverlapWarning(UserWarning):
    """So few people are on two lists that the estimate rests on very little."""
