"""How far a long computation is: one line on standard error for a person who watches, nothing where it is piped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tick = Callable[[float, str], None]


@contextmanager
def progress(label: str) -> Iterator[Tick]:
    """A function of the share done, from 0 to 1, and a few words on what is going on."""
    if not sys.stderr.isatty():
        yield lambda share, note: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(label, total=1.0, note="")
        yield lambda share, note: shown.update(task, completed=share, note=note)
