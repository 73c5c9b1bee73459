"""Commands about trust in a number: what would have to be true for it to change."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from hiddenpop import cli_io as io
from hiddenpop.captures import CaptureTable
from hiddenpop.checks.identifying import Kind
from hiddenpop.checks.sensitivity import GRID, IntervalName, Sensitivity
from hiddenpop.checks.sensitivity import sensitivity as analyse
from hiddenpop.cli_options import AsJson, Count, Level, Lists, Out, Seed, Strata, Strict, TableArgument, Where
from hiddenpop.errors import DataError, NotEstimableError, OptionError
from hiddenpop.options import check_seed


def sensitivity(
    table: TableArgument,
    kind: Annotated[
        Kind | None,
        typer.Option("--kind", help="Whose value is not known; the dependence that matters most if left out."),
    ] = None,
    term: Annotated[str | None, typer.Option("--term", help="Lists that depend: a,b.", show_default=False)] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Free terms, as in [12,23]; all pairs.", show_default=False)
    ] = None,
    values: Annotated[
        str | None, typer.Option("--values", help="Of the parameter: 0.5,1,2.", show_default=False)
    ] = None,
    gamma: Annotated[float, typer.Option("--gamma", help="The band is over 1/gamma to gamma.")] = 2.0,
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="People: when is the number so small?", show_default=False)
    ] = None,
    elicited: Annotated[
        str | None,
        typer.Option("--elicited", help="Belief: median,upper (not exceeded with .95).", show_default=False),
    ] = None,
    interval: Annotated[IntervalName, typer.Option("--interval", help="Of log-linear models.")] = "profile",
    lists: Lists = None, count: Count = None, strata: Strata = None, where: Where = None,
    level: Level = 0.95, seed: Seed = None, output: Out = None, as_json: AsJson = False, strict: Strict = False,
) -> None:  # fmt: skip
    """Show the number as a function of the assumption that no data can test."""
    check_seed(seed)
    data = io.read_table(table, lists, count, strata, where or (), quiet=as_json)
    if not isinstance(data, CaptureTable) or data.n_lists < 2:
        raise DataError("An assumption about two lists needs two lists.", hint="Give a table of two lists or more.")
    options: dict[str, Any] = {
        "model": model,
        "values": _numbers(values, "values") if values else GRID,
        "gamma": gamma,
        "threshold": threshold,
        "elicited": _numbers(elicited, "elicited", 2) if elicited else None,
        "interval": interval,
        "level": level,
    }
    found = _analyse(data, kind, [name.strip() for name in term.split(",")] if term else [], options)
    document = [one.to_dict() for one in found]
    io.write_json(output, document, table)
    if as_json:
        io.print_json(document)
        return
    for one in found:
        _print(one)


def _analyse(data: CaptureTable, kind: Kind | None, term: list[str], options: dict[str, Any]) -> list[Sensitivity]:
    """One analysis, or several: `marginal` without lists takes every pair; nothing at all adds the highest order."""
    if kind == "marginal" and not term and data.n_lists > 2:
        return [analyse(data, kind, term=pair, **options) for pair in combinations(data.lists, 2)]
    found = [analyse(data, kind, term=term, **options)]
    if kind is None and not term and options["model"] is None and data.n_lists > 2:
        with suppress(NotEstimableError):
            found.append(analyse(data, "highest-order", **options))
    return found


def _numbers(text: str, name: str, size: int | None = None) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not found or (size and len(found) != size):
        raise OptionError(f"--{name} {text!r} is not {size or 'a list of'} numbers.", hint="Write 0.5,1,2 or 1,2.")
    return found


def _print(found: Sensitivity) -> None:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in (found.parameter.replace("_", " "), "people", "low", "high"):
        shown.add_column(column, justify="right")
    for point in found.curve:
        numbers = ["-" if v is None else f"{v:,.0f}" for v in (point.population, point.low, point.high)]
        shown.add_row(f"{point.value:.3g}", *numbers)
    io.console().print(Text(f"{found.kind}: {found.term}", style="bold"))
    io.console().print(shown)
    for sentence in found.sentences:
        io.console().print(Text(sentence), soft_wrap=True)
