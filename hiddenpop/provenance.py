"""Where a number comes from: data, method, options, seed and versions. Nothing changes between runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from types import MappingProxyType
from typing import Any

LIBRARIES = ("hiddenpop", "numpy", "scipy", "pandas", "numba")
EXTRAS = ("pymc", "nutpie")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What is needed to compute an estimate again.

    Attributes
    ----------
    source : str, name of the data set or file
    digest : str, SHA-256 of the data (lists, strata, histories, counts), whatever file they came from
    method, options, level, seed : the call
    reading : tuple of str, what was inferred when the data were read
    versions : library -> version
    """

    source: str = ""
    digest: str = ""
    method: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    level: float | None = None
    seed: int | None = None
    reading: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reading", tuple(self.reading))
        for name in ("options", "versions"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return found | {
            "options": dict(self.options),
            "reading": list(self.reading),
            "versions": dict(self.versions),
        }


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that compute, those of an extra where they are installed."""
    found = {"python": python_version()}
    for library in (*LIBRARIES, *EXTRAS):
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            if library in LIBRARIES:
                found[library] = "not installed"
    return found
