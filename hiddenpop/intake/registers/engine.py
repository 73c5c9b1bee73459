"""The embedded engine: DuckDB with bounded memory; what does not fit goes to a private folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def open_engine(memory: str, *, encrypted: bool) -> Iterator[DuckDBPyConnection]:
    """A connection that forgets everything when it is closed; `memory` as in "2GB".

    Encryption of what goes to disk takes as long as the work itself: it is for names, not for keys that say nothing.
    """
    import duckdb

    folder = mkdtemp(prefix="hiddenpop-")  # readable by its owner only
    try:
        with duckdb.connect() as connection:
            for setting in (
                f"memory_limit = {text(memory)}",
                f"temp_directory = {text(folder)}",
                f"temp_file_encryption = {str(encrypted).lower()}",
                "force_mbedtls_unsafe = 'true'",
                "preserve_insertion_order = false",
                "autoinstall_known_extensions = false",
                "allow_community_extensions = false",
            ):
                connection.execute(f"SET {setting}")
            with suppress(duckdb.Error):  # in a notebook without ipywidgets there is none to switch off
                connection.execute("SET enable_progress_bar = false")
            yield connection
    finally:
        rmtree(folder, ignore_errors=True)


def name(identifier: str) -> str:
    """An identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text literal."""
    return "'" + value.replace("'", "''") + "'"
