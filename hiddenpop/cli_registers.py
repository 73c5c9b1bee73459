"""Commands that take records: from registers to a capture table, by a key or by linkage."""

from __future__ import annotations

from os import cpu_count
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from hiddenpop import cli_io as io
from hiddenpop.cli_options import AsJson, Level, Options, Seed, Strict
from hiddenpop.intake import link_registers, read_registers, write_captures
from hiddenpop.intake.linkage.model import Engine
from hiddenpop.options import check_seed
from hiddenpop.replicates import estimate_replicates

Described = Annotated[
    Path, typer.Argument(metavar="INTAKE.TOML", help="What the registers are and which records count.")
]
TableFile = Annotated[
    Path | None, typer.Option("-o", "--output", help="Write the table: .parquet or .csv.", show_default=False)
]
Root = Annotated[
    Path | None, typer.Option("--root", help="Folder of all sources; that of INTAKE.TOML.", show_default=False)
]


def table(
    description: Described,
    output: TableFile = None,
    root: Root = None,
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


def link(
    description: Described,
    method: Annotated[
        str | None, typer.Option("--method", help="Estimate from the replicates by it.", show_default=False)
    ] = None,
    option: Options = None,
    threshold: Annotated[float, typer.Option("--threshold", help="Probability from which the table links.")] = 0.5,
    replicates: Annotated[int, typer.Option("--replicates", help="Tables with links drawn.")] = 20,
    engine: Annotated[Engine, typer.Option("--engine", help="Where the records are compared.")] = "duckdb",
    output: TableFile = None,
    root: Root = None,
    level: Level = 0.95, seed: Seed = None, as_json: AsJson = False, strict: Strict = False,
) -> None:  # fmt: skip
    """Put records together that are likely of one person, and let the doubt about links reach the interval."""
    options = io.read_options_if_named(method, option or (), level)
    check_seed(seed)
    found = link_registers(
        description, threshold=threshold, replicates=replicates, engine=engine, root=root, seed=seed or 0
    )
    checks = list(found.table.checks)
    document: dict[str, Any] = {"linkage": found.to_dict(), "estimate": None}
    estimate = None
    if method:
        estimate = estimate_replicates(found.replicates, method, jobs=cpu_count() or 1, **options)
        document["estimate"] = estimate.to_dict()
        checks += estimate.checks
    if output is not None:
        write_captures(found.table, output, str(description))
    if as_json:
        io.print_json(document)
    else:
        io.console().print(Text(str(found)), soft_wrap=True)
        if estimate is not None:
            io.console().print(Text(str(estimate).split("\n")[0], style="bold"), soft_wrap=True)
        io.print_checks(checks)
        if output is not None:
            io.console().print(Text(f"written: {output}"))
    io.finish(checks, strict=strict)
