"""A release as it stands in its folder: what it says of itself, and whether that is still true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import file_digest
from json import JSONDecodeError, loads
from pathlib import Path
from typing import Any

from hiddenpop.errors import DataError, OptionError

RELEASE = "release.json"
PARTS: Mapping[str, type] = {
    "key": str, "description": str, "analysis": dict, "inputs": dict, "data": str, "lists": list, "strata": list,
    "versions": dict, "files": dict,
}  # fmt: skip


def read_release(folder: Path) -> dict[str, Any]:
    """What a release says of itself.

    Raises
    ------
    DataError
        If the folder is no release, or its `release.json` was broken.
    """
    try:
        found = loads((folder / RELEASE).read_text(encoding="utf-8"))
        if not isinstance(found, dict) or any(not isinstance(found.get(name), kind) for name, kind in PARTS.items()):
            raise KeyError(RELEASE)
    except (OSError, UnicodeDecodeError, JSONDecodeError, KeyError) as error:
        raise DataError(f"{str(folder)!r} is no release.", hint="Give a folder that `hiddenpop run` made.") from error
    return found


def digest_file(path: Path) -> str:
    """SHA-256 of a file, which may be larger than memory."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def changed_files(folder: Path, told: Mapping[str, Any]) -> dict[str, str]:
    """Files that are not what was released: name -> `changed` or `removed`."""
    found = {}
    for name, digest in told["files"].items():
        file = folder / name
        if not file.is_file():
            found[name] = "removed"
        elif digest_file(file) != digest:
            found[name] = "changed"
    return found


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Hold a lock on a release; it goes with the process, even a killed one.

    Raises
    ------
    OptionError
        If another process is making the same release.
    """
    try:
        import fcntl
    except ImportError:  # where there are no such locks, two at once are not kept apart
        yield
        return
    path = target.with_name(f".{target.name}.lock")
    with path.open("w") as file:
        path.chmod(0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OptionError(
                f"Another process is making {str(target)!r}.", hint="Wait for it, or name another folder."
            ) from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
