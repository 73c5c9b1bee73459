"""Commands about releases: run a whole analysis, verify it, compare two of them, and put countries side by side."""

from __future__ import annotations

from json import loads
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from hiddenpop import cli_io as io
from hiddenpop.cli_options import AsJson, Level, Seed, Strict
from hiddenpop.errors import OptionError
from hiddenpop.national.gap import read_denominators
from hiddenpop.output import check_target
from hiddenpop.release import (
    compare_countries,
    diff_releases,
    read_countries,
    run_analysis,
    verify_release,
    write_countries,
)
from hiddenpop.release.kept import RELEASE
from hiddenpop.result import Estimate, plain

Release = Annotated[Path, typer.Argument(metavar="RELEASE", help="A folder that `hiddenpop run` made.")]


def run(
    analysis: Annotated[Path, typer.Argument(metavar="ANALYSIS.TOML", help="What the analysis is.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder to make; that of ANALYSIS.TOML without its ending.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run a whole analysis into one folder: table, estimates, checks, publication table, report, provenance.

    An interrupted run goes on where it was, with the same result.
    """
    if analysis.suffix != ".toml":
        raise OptionError(f"{str(analysis)!r} is no description of an analysis.", hint="Give a file ending in .toml.")
    folder = output or analysis.with_suffix("")
    run_analysis(analysis, folder, tell=_tell)
    if as_json:
        io.print_json(loads((folder / RELEASE).read_text(encoding="utf-8")))
    else:
        io.console().print(Text(f"written: {folder}"), soft_wrap=True)


def verify(
    release: Release,
    analysis: Annotated[
        Path | None, typer.Option("--analysis", help="Its description, if it was moved.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run an analysis again, and say of every file whether it comes out the same, bit for bit."""
    folder = release.parent if release.name == RELEASE else release
    checks = verify_release(folder, analysis, tell=_tell)
    if as_json:
        io.print_json({"checks": [check.to_dict() for check in checks]})
    else:
        io.print_checks(checks)
    io.finish(checks, strict=True)


def diff(before: Release, after: Release, as_json: AsJson = False) -> None:
    """Compare two releases: their headlines, and which of data, method, seed and versions makes the difference."""
    found = diff_releases(before, after)
    if as_json:
        io.print_json(plain(found))
    else:
        io.console().print(Text(str(found)), soft_wrap=True)


def countries(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="One table for each country, called after it.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the sheet: .xlsx or .csv.")] = None,
    inhabitants: Annotated[
        Path | None, typer.Option("--inhabitants", help="CSV of country and people, for rates.", show_default=False)
    ] = None,
    level: Level = 0.95, seed: Seed = None, as_json: AsJson = False, strict: Strict = False,
) -> None:  # fmt: skip
    """Estimate every country of a folder by the same rules: one comparable sheet, with verdicts and pooled figures.

    Every country is also predicted from the others, and the error told.
    """
    if output is not None:
        check_target(output)
        if folder.is_dir() and output.parent.resolve() == folder.resolve():
            raise OptionError("The sheet would stand among the countries.", hint="Write it into another folder.")
    base = None if inhabitants is None else read_denominators(inhabitants, ("country",))
    tables, faults = read_countries(folder, but=() if inhabitants is None else (inhabitants,))
    found = compare_countries(tables, base, faults=faults, level=level, seed=seed or 0, tell=_tell)
    if output is not None:
        write_countries(found, output)
    if as_json:
        io.print_json(found.to_dict())
    else:
        for line in str(found).split("\n"):
            io.console().print(Text(line), soft_wrap=True)
        io.print_checks(found.checks)
        if output is not None:
            io.console().print(Text(f"written: {output}"), soft_wrap=True)
    if not any(report.headline for report in found.reports.values() if isinstance(report.headline, Estimate)):
        raise typer.Exit(2)
    io.finish(found.checks, strict=strict)


def _tell(line: str) -> None:
    typer.echo(line, err=True)
