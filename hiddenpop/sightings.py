"""`SightingCounts`: one list, and how often each person was seen on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from json import dumps
from types import MappingProxyType
from typing import Any

from hiddenpop.door import MAX_PEOPLE
from hiddenpop.errors import DataError
from hiddenpop.result import Check


@dataclass(frozen=True)
class SightingCounts:
    """Capture frequencies: `frequencies[j]` people were seen exactly j times. Made by `from_frequencies`.

    Attributes
    ----------
    frequencies : mapping from times seen (>= 1) to people (> 0), ascending
    source : str, name of the data set or file
    reading : what was inferred when the data were read
    checks : what happened at the door
    """

    frequencies: Mapping[int, int]
    source: str = ""
    reading: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()

    @classmethod
    def from_frequencies(
        cls, frequencies: Mapping[int, int], *, source: str = "", reading: tuple[str, ...] = ()
    ) -> SightingCounts:
        """From `{1: 43, 2: 16, ...}`: people seen exactly once, twice, ...; people seen zero times are left out."""
        pairs = list(frequencies.items())
        wrong = [f"{j}: {f}" for j, f in pairs if not (_whole(j) and _whole(f))]
        if wrong:
            raise DataError(
                f"Times and people must be whole numbers, zero or more; got {'; '.join(wrong[:10])}.",
                hint="Correct these numbers.",
            )
        never = int(frequencies.get(0, 0))
        checks: tuple[Check, ...] = ()
        if never:
            message = f"{never:,} people seen zero times were left out: they are not part of the observed total."
            checks = (Check("never-seen", never, False, message),)
        seen = {int(j): int(f) for j, f in sorted(frequencies.items()) if j > 0 and f > 0}
        if not seen:
            raise DataError("Nobody was seen: all frequencies are zero.", hint="Check the count column.")
        if sum(seen.values()) >= MAX_PEOPLE:
            raise DataError(f"{sum(seen.values()):.3g} people are too many to count exactly.", hint="Check the counts.")
        return cls(seen, source, reading, checks)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frequencies", MappingProxyType(dict(self.frequencies)))

    @property
    def observed(self) -> int:
        """Distinct people seen at least once, n."""
        return sum(self.frequencies.values())

    @property
    def repeated(self) -> int:
        """People seen twice or more."""
        return self.observed - self.frequencies.get(1, 0)

    @property
    def digest(self) -> str:
        """SHA-256 of the frequencies."""
        return sha256(dumps(["sightings", sorted(self.frequencies.items())]).encode()).hexdigest()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __str__(self) -> str:
        often = {1: "once", 2: "twice"}
        told = ", ".join(f"{f:,} people {often.get(j, f'{j} times')}" for j, f in list(self.frequencies.items())[:4])
        more = ", ..." if len(self.frequencies) > 4 else ""
        return f"{self.observed:,} people on one list; seen: {told}{more}"


def _whole(value: Any) -> bool:
    """Is it a whole number, zero or more?"""
    try:
        return bool(value >= 0 and int(value) == value)
    except (TypeError, ValueError, OverflowError):
        return False
