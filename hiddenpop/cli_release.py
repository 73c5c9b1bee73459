"""Commands about releases: run a whole analysis, verify it bit for bit, and say what made two of them different."""

from __future__ import annotations

from json import loads
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from hiddenpop import cli_io as io
from hiddenpop.cli_options import AsJson
from hiddenpop.errors import OptionError
from hiddenpop.release import diff_releases, run_analysis, verify_release
from hiddenpop.release.run import RELEASE
from hiddenpop.result import plain

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
    folder = run_analysis(analysis, output or analysis.with_suffix(""), tell=_tell)
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


def _tell(line: str) -> None:
    typer.echo(line, err=True)
