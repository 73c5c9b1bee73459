"""A folder in which a long run keeps what is finished, so that it can go on after an interruption."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.errors import OptionError
from hiddenpop.provenance import versions


@dataclass(frozen=True)
class Saved:
    """Parts of one run: files named after what was asked for, so that another question never reads them.

    Attributes
    ----------
    folder : where the files are
    key : digest of the data, the options, the seed and the versions
    """

    folder: Path
    key: str

    def part(self, *details: Any) -> Saved:
        """The same folder for one step of the run."""
        return replace(self, key=sha256(repr((self.key, details)).encode()).hexdigest()[:16])

    def load(self, part: str) -> dict[str, Floats] | None:
        """The arrays of a part, or None where there is none that can be read."""
        try:
            with self._path(part).open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}
        except (OSError, ValueError, EOFError, BadZipFile):
            return None

    def store(self, part: str, arrays: Mapping[str, Any]) -> None:
        """Write the arrays of a part, whole or not at all, readable by their owner alone."""
        path = self._path(part)
        draft = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
                np.savez(stream, **arrays)
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)

    def _path(self, part: str) -> Path:
        return self.folder / f"{self.key}-{part}.npz"


def open_saved(folder: str | None, method: str, digest: str, question: Mapping[str, Any]) -> Saved | None:
    """The parts that were finished of the same question: method, data, options and seed, by the same versions.

    Raises
    ------
    OptionError
        If the folder cannot be made or written to.
    """
    if folder is None:
        return None
    path = Path(folder)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"resume={folder!r} cannot be used: {error.strerror}.", hint="Name a folder.") from error
    if not os.access(path, os.W_OK):
        raise OptionError(f"resume={folder!r} cannot be written to.", hint="Name another folder.")
    text = dumps([method, digest, dict(question), dict(versions())], sort_keys=True)
    return Saved(path, sha256(text.encode()).hexdigest()[:16])
