"""Writing a file whole or not at all, for its owner only, and never over the data it was made from."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from hiddenpop.errors import OptionError

TIMELESS = datetime(2000, 1, 1)
MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


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


def write_whole(path: Path, content: str | Callable[[Path], object], source: str = "") -> None:
    """Write into a private folder beside the target, then rename: nothing half-written stands under the final name.

    Parameters
    ----------
    path : where to write; only the owner may read what is written
    content : text, or a function that writes a file
    source : the file the data come from, if they come from one
    """
    check_target(path, source)
    path = path.resolve()
    try:
        with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as private:
            part = Path(private) / path.name
            if isinstance(content, str):
                part.write_text(content, encoding="utf-8", errors="replace")
            else:
                content(part)
            part.chmod(0o600)
            os.replace(part, path)
    except OSError as error:
        raise OptionError(f"{str(path)!r} cannot be written: {error.strerror}.", hint="Write elsewhere.") from error


def drop_times(path: Path) -> None:
    """An office document without the time of its making, so that the same content gives the same bytes."""
    with ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    with ZipFile(path, "w", ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            if name == "docProps/core.xml":
                content = MOMENT.sub(TIMELESS.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), content)
            packed.writestr(ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content, ZIP_DEFLATED)
