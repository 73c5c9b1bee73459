"""Commands that take records: from registers to a capture table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from hiddenpop import cli_io as io
from hiddenpop.cli_options import AsJson, Strict
from hiddenpop.intake import read_registers, write_captures


def table(
    description: Annotated[
        Path, typer.Argument(metavar="INTAKE.TOML", help="What the registers are and which records count.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the table: .parquet or .csv.", show_default=False)
    ] = None,
    root: Annotated[
        Path | None, typer.Option("--root", help="Folder of all sources; that of INTAKE.TOML.", show_default=False)
    ] = None,
    as_json: AsJson = False, strict: Strict = False,
) -> None:  # fmt: skip
    """Make a capture table from registers, and tell what became of every record."""
    found = read_registers(description, root=root)
    if output is not None:
        write_captures(found.table, output, str(description))
    if as_json:
        io.print_json(found.to_dict())
    else:
        io.console().print(Text(str(found)), soft_wrap=True)
        io.print_checks(found.table.checks)
        if output is not None:
            io.console().print(Text(f"written: {output}"))
    io.finish(found.table.checks, strict=strict)
