"""Writing a file whole or not at all, and never over the data it was made from."""

from __future__ import annotations

import os
from pathlib import Path

from hiddenpop.errors import OptionError


def check_target(path: Path, source: str = "") -> None:
    """Refuse to write into a folder that does not exist, or over a folder, a device or the data.

    Parameters
    ----------
    path : where to write
    source : the file the data come from, if they come from one

    Raises
    ------
    OptionError
    """
    where = repr(str(path))
    if not path.parent.is_dir():
        raise OptionError(
            f"{where} cannot be written: its folder does not exist.", hint="Create it, or write elsewhere."
        )
    if path.exists() and not path.is_file():
        raise OptionError(f"{where} cannot be written: it is not a file.", hint="Name a file.")
    if path.exists() and source and Path(source).exists() and path.samefile(source):
        raise OptionError(f"Writing to {where} would overwrite the data.", hint="Write to another file.")


def write_whole(path: Path, text: str, source: str = "") -> None:
    """Write beside the target, then rename: nothing half-written ever stands under the final name."""
    check_target(path, source)
    path = path.resolve()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", errors="replace")
        os.replace(part, path)
    except OSError as error:
        raise OptionError(f"{str(path)!r} cannot be written: {error.strerror}.", hint="Write elsewhere.") from error
    finally:
        part.unlink(missing_ok=True)
