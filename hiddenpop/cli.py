"""The command line: `hiddenpop run | table | methods | check | estimate | compare | report | ...`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import replace
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any
from warnings import simplefilter

import typer
from rich.table import Table
from rich.text import Text

import hiddenpop.estimators  # noqa: F401  (registers the methods)
from hiddenpop import cli_io as io
from hiddenpop.checks import check as check_data
from hiddenpop.checks import verdict as reach_verdict
from hiddenpop.cli_options import (
    AsJson,
    By,
    Count,
    Headline,
    Level,
    Lists,
    Options,
    Out,
    Override,
    Reason,
    Sampling,
    Seed,
    Strata,
    Strict,
    TableArgument,
    Threshold,
    Where,
)  # fmt: skip
from hiddenpop.cli_registers import link
from hiddenpop.cli_registers import table as make_table
from hiddenpop.cli_release import countries, diff, run, verify
from hiddenpop.cli_trust import plan, sensitivity, validate
from hiddenpop.datasets import entries
from hiddenpop.errors import HiddenpopError, OptionError, SparseOverlapWarning
from hiddenpop.intake import split_sheet
from hiddenpop.options import check_level, check_seed
from hiddenpop.output import check_target
from hiddenpop.provenance import versions
from hiddenpop.registry import METHODS, attempt, estimate_by
from hiddenpop.registry import compare as compare_methods
from hiddenpop.registry import estimate as estimate_by_id
from hiddenpop.report.language import Code
from hiddenpop.report.text import label
from hiddenpop.result import Check, Estimate, Refusal
from hiddenpop.sightings import SightingCounts
from hiddenpop.strata import total_of

app = typer.Typer(
    name="hiddenpop",
    help="How many people are on no list? Multiple-systems estimation of hidden populations.",
    epilog="Example: hiddenpop report uk_2013 -o uk_2013.html",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hiddenpop {versions()['hiddenpop']}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command(epilog="Example: hiddenpop datasets")
def datasets(as_json: AsJson = False) -> None:
    """List the published tables that ship with hiddenpop."""
    rows = [{"name": name, "n_lists": len(e["lists"]), **e} for name, e in entries().items()]
    if as_json:
        io.print_json(rows)
        return
    _print_table(
        ("name", "lists", "people", "what"),
        [(r["name"], r["n_lists"] or "–", f"{r['observed']:,}", r["title"]) for r in rows],
    )


@app.command(epilog="Example: hiddenpop methods --lists 3")
def methods(
    lists: Annotated[
        int | None, typer.Option("--lists", min=1, help="Only methods for so many lists.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the estimators, their options and references."""
    chosen = [
        m for m in METHODS.values()
        if lists is None or (m.lists[0] <= lists <= (m.lists[1] or lists))
    ]  # fmt: skip
    if as_json:
        io.print_json([m.to_dict() for m in chosen])
        return
    rows = [(m.id, m.summary + (f" (needs hiddenpop[{m.extra}])" if m.extra else ""), m) for m in chosen]
    _print_table(("method", "summary", "options"), [(id, summary, ", ".join(m.options)) for id, summary, m in rows])


@app.command(epilog="Example: hiddenpop check cases.csv --lists police,ngo,shelter --count n")
def check(
    table: TableArgument, lists: Lists = None, count: Count = None, strata: Strata = None, where: Where = None,
    level: Level = 0.95, seed: Seed = None, output: Out = None, as_json: AsJson = False, strict: Strict = False,
) -> None:  # fmt: skip
    """Check whether a table can carry an estimate, and how far it may be published."""
    data = io.read_table(table, lists, count, strata, where or (), quiet=as_json)
    check_level(level)
    check_seed(seed)
    found = check_data(data)
    reached = reach_verdict(found)
    document = {"checks": [c.to_dict() for c in found], "verdict": reached.to_dict()}
    io.write_json(output, document, table)
    if as_json:
        io.print_json(document)
    else:
        io.console().print(Text(str(data).split("\n")[0], style="bold"))
        io.print_checks(found)
        io.print_verdict(reached)
    io.finish(found, strict=strict)


@app.command(epilog="Example: hiddenpop estimate uk_2013 --method loglinear --option 'model=[12,23,4,5,6]'")
def estimate(
    table: TableArgument,
    method: Annotated[str, typer.Option("--method", help="Id of a method (see `hiddenpop methods`).")],
    lists: Lists = None, count: Count = None, strata: Strata = None, where: Where = None,
    by: By = None,
    option: Options = None, level: Level = 0.95, seed: Seed = None, output: Out = None, as_json: AsJson = False,
    strict: Strict = False,
) -> None:  # fmt: skip
    """Estimate a population by one method."""
    options = io.read_options(method, option or (), level, seed)
    data = io.read_table(table, lists, count, strata, where or (), quiet=as_json)
    if by is None:
        results: list[Estimate | Refusal] = [estimate_by_id(data, method, **options)]
        document: Any = results[0].to_dict()
    else:
        if isinstance(data, SightingCounts):
            raise OptionError("--by needs a table with strata.", hint="Leave it out.")
        parts = estimate_by(data, method, by, **options)
        total, together = attempt(data, method, **options), total_of([by], parts, seed=seed or 0)
        if isinstance(total, Estimate) and isinstance(together, Estimate):
            message = f"Estimated one by one, the strata add up to {str(together).splitlines()[0]}."
            note = Check("sum-of-strata", together.population, None, message)
            total = replace(total, checks=(*total.checks, note))
        document = {
            "total": total.to_dict(),
            "strata": [{"stratum": {by: value}, **part.to_dict()} for (value,), part in parts.items()],
        }
        results = [total, together, *parts.values()]
    io.write_json(output, document, table)
    if as_json:
        io.print_json(document)
    else:
        names = [label(results[0])]
        if by:
            names = ["all together", "sum of strata", *(f"{by} = {value}" for (value,) in parts)]
        for name, result in zip(names, results, strict=True):
            io.console().print(Text.assemble((f"{name}: ", "bold"), str(result)), soft_wrap=True)
    _require_one(results)
    io.finish(_checks(results), strict=strict)


@app.command(epilog="Example: hiddenpop compare netherlands_2010_2015 --seed 7")
def compare(
    table: TableArgument, lists: Lists = None, count: Count = None, strata: Strata = None, where: Where = None,
    level: Level = 0.95, seed: Seed = None, sampling: Sampling = False, output: Out = None, as_json: AsJson = False,
    strict: Strict = False,
) -> None:  # fmt: skip
    """Estimate by every method that applies, refusals included."""
    data = io.read_table(table, lists, count, strata, where or (), quiet=as_json)
    results = compare_methods(data, level=level, seed=seed, sampling=sampling)
    document = [r.to_dict() for r in results]
    io.write_json(output, document, table)
    if as_json:
        io.print_json(document)
    else:
        io.console().print(Text(str(data), style="bold"), soft_wrap=True)
        io.print_results(results)
    _require_one(results)
    io.finish(_checks(results), strict=strict)


@app.command(epilog="Example: hiddenpop report uk_2013 -o uk_2013.html")
def report(
    table: TableArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .html, .pdf or .docx.")],
    lists: Lists = None, count: Count = None, strata: Strata = None, where: Where = None,
    method: Headline = None,
    option: Options = None, level: Level = 0.95, seed: Seed = None,
    threshold: Threshold = None, override: Override = None, reason: Reason = "",
    language: Annotated[Code, typer.Option("--language", help="Of the report: en or es.")] = "en",
    as_json: AsJson = False, strict: Strict = False,
) -> None:  # fmt: skip
    """Write a report: headline, verdict, every method, data, methods and provenance in one HTML, PDF or DOCX file."""
    from hiddenpop.report import write_report

    options = io.read_options_if_named(method, option or ())
    check_target(output, str(split_sheet(table)[0]))
    data = io.read_table(table, lists, count, strata, where or (), quiet=as_json)
    command = shlex.join(["hiddenpop", *sys.argv[1:]])
    made = write_report(
        data, output, method=method, options=options, level=level, seed=seed, threshold=threshold,
        override=io.read_override(override, reason), language=language, command=command,
    )  # fmt: skip
    if as_json:
        io.print_json(made.to_dict())
    else:
        io.console().print(Text(str(made.headline)), soft_wrap=True)
        io.print_verdict(made.verdict)
        io.console().print(Text(f"written: {output}"), soft_wrap=True)
    _require_one([made.headline])
    io.finish([*made.checks, *_checks([made.headline])], strict=strict)


app.command(epilog="Example: hiddenpop table intake.toml -o table.parquet")(make_table)
app.command(epilog="Example: hiddenpop link intake.toml --method loglinear-shrinkage")(link)
app.command(epilog="Example: hiddenpop run analysis.toml -o release_2026")(run)
app.command(epilog="Example: hiddenpop verify release_2026")(verify)
app.command(epilog="Example: hiddenpop diff release_2025 release_2026")(diff)
app.command(epilog="Example: hiddenpop countries mekong -o mekong.xlsx")(countries)
app.command(epilog="Example: hiddenpop sensitivity kosovo_1999 --kind highest-order")(sensitivity)
app.command(epilog="Example: hiddenpop plan uk_2013")(plan)
app.command(epilog="Example: hiddenpop validate uk_2013 --method loglinear-shrinkage")(validate)


def _require_one(results: Iterable[Estimate | Refusal]) -> None:
    """Exit code 2 when no estimate could be given at all."""
    if not any(isinstance(r, Estimate) for r in results):
        raise typer.Exit(2)


def _checks(results: Iterable[Estimate | Refusal]) -> list[Check]:
    return [c for r in results if isinstance(r, Estimate) for c in r.checks]


def _print_table(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(str(cell)) for cell in row))
    io.console().print(shown)


def main() -> None:
    """Run the command line; every deliberate error and every usage error ends in one message and exit code 2."""
    simplefilter("ignore", SparseOverlapWarning)  # the estimate carries a check that says it
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()
    except (HiddenpopError, typer.TyperException) as error:
        io.fail(error, as_json="--json" in sys.argv)
    except typer.Abort:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        sys.stderr.write(f"Error: the output cannot be written: {error.strerror}.\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    sys.exit(code or 0)
