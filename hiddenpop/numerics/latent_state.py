"""Where a run of latent-class ladders stands, as arrays that can be written to a file and read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hiddenpop.arrays import Counts, Floats
from hiddenpop.numerics.latent_class import Classes


class Keeper(Protocol):
    """Keeps the arrays of a part of a run."""

    def load(self, part: str) -> dict[str, Any] | None:
        """The arrays, or None."""

    def store(self, part: str, arrays: Mapping[str, Any]) -> None:
        """Write the arrays."""


@dataclass
class Run:
    """Chains in progress; the one record here that changes.

    Attributes
    ----------
    ladders, generators : one of each for every chain
    exchanged : (C, R - 1, 2) exchanges tried and made
    kept : (C, S, 3 + F) draws of the present round
    parts : (C, R, m) people whom each rung sees, everybody on the first
    thin : sweeps between two draws
    slices : parts of the round that are done; -1 before the end of the warm-up
    """

    ladders: list[Classes]
    generators: list[np.random.Generator]
    exchanged: Floats
    kept: Floats
    parts: Counts
    thin: int
    slices: int = -1

    def to_arrays(self) -> dict[str, Any]:
        """Everything that is needed to go on, the random numbers included."""
        arrays: dict[str, Any] = {
            "exchanged": self.exchanged,
            "kept": self.kept,
            "parts": self.parts,
            "numbers": np.array([self.thin, self.slices]),
            "generators": np.array([json.dumps(each.bit_generator.state) for each in self.generators]),
        }
        for number, ladder in enumerate(self.ladders):
            arrays |= {f"{name}-{number}": values for name, values in ladder._asdict().items()}
        return arrays

    def go_on_from(self, arrays: Mapping[str, Any]) -> None:
        """Take over the state that `to_arrays` gave."""
        self.exchanged[:], self.kept[:], self.parts[:] = arrays["exchanged"], arrays["kept"], arrays["parts"]
        self.thin, self.slices = (int(number) for number in arrays["numbers"])
        for number, ladder in enumerate(self.ladders):
            self.generators[number].bit_generator.state = json.loads(str(arrays["generators"][number]))
            for name, values in ladder._asdict().items():
                values[:] = arrays[f"{name}-{number}"]
