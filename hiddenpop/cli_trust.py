"""Commands about trust in a number: what would have to be true for it to change."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import combinations
from os import cpu_count
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from hiddenpop import cli_io as io
from hiddenpop.captures import CaptureTable
from hiddenpop.checks.growth import NEW
from hiddenpop.checks.identifying import Kind
from hiddenpop.checks.planner import plan as make_plan
from hiddenpop.checks.sensitivity import GRID, IntervalName, Sensitivity
from hiddenpop.checks.sensitivity import sensitivity as analyse
from hiddenpop.checks.validation import Validation
from hiddenpop.checks.validation import validate as validate_method
from hiddenpop.cli_options import (
    AsJson,
    Count,
    Headline,
    Level,
    Lists,
    Options,
    Out,
    Seed,
    Strata,
    Strict,
    TableArgument,
    Threshold,
    Where,
)  # fmt: skip
from hiddenpop.design import PAIRS, Design
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
    threshold: Threshold = None,
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
    data = io.read_table(table, lists, count, strata, where or (), quiet=as_json, whole=True)
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


def plan(
    table: Annotated[
        str | None,
        typer.Argument(metavar="[TABLE]", help="With the lists as they are; or declare them.", show_default=False),
    ] = None,
    population: Annotated[
        int | None,
        typer.Option("--population", min=1, help="People there; the headline if left out.", show_default=False),
    ] = None,
    capture: Annotated[
        str | None, typer.Option("--capture", help="Declared: share on each list: 0.1,0.2.", show_default=False)
    ] = None,
    pairs: Annotated[float, typer.Option("--pairs", help="Declared: odds ratio of every two lists.")] = 1.0,
    precision: Annotated[float, typer.Option("--precision", help="Wanted: limits this far from the estimate.")] = 0.3,
    tables: Annotated[int, typer.Option("--tables", min=0, help="Simulated for each way; 0 for none.")] = 100,
    lists: Lists = None, count: Count = None, strata: Strata = None, where: Where = None,
    level: Level = 0.95, seed: Seed = None, output: Out = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show what would bring the interval to plus or minus 30 %: larger lists, one more list, more areas or years."""
    check_seed(seed)
    if (table is None) == (capture is None) or (table is None and population is None):
        raise OptionError(
            "A plan starts from a table, or from --population and --capture.",
            hint="Write `hiddenpop plan cases.csv`, or `hiddenpop plan --population 5000 --capture 0.1,0.1`.",
        )
    data: Any
    if table is None:
        chances = _numbers(capture or "", "capture")
        data, population = Design(population=population or 0, probabilities=chances, odds_ratios={PAIRS: pairs}), None
    else:
        data = io.read_table(table, lists, count, strata, where or (), quiet=as_json, whole=True)
        if not isinstance(data, CaptureTable):
            raise DataError("A plan is about lists, not sightings of one list.", hint="Give a table of two lists.")
    found = make_plan(
        data, population=population, precision=precision, level=level, tables=tables, seed=seed or 0,
        jobs=cpu_count() or 1,
    )  # fmt: skip
    document = found.to_dict()
    io.write_json(output, document, table or "")
    if as_json:
        io.print_json(document)
        return
    io.console().print(Text(found.sentence), soft_wrap=True)
    rows = [
        (
            way.name,
            "-" if way.factor is None else f"{way.factor:.1%} on it" if way.name == NEW else f"x {way.factor:.3g}",
            *map(_number, (way.listed, way.linked, way.population, way.low, way.high)),
            "-" if way.reached is None else f"{way.reached:.0%}",
        )
        for way in (found.now, *found.ways)
    ]
    _print_rows(("what grows", "by", "known", "on two lists", "people", "low", "high", "tables as narrow"), rows)


def validate(
    table: TableArgument,
    method: Headline = None, option: Options = None,
    tables: Annotated[int, typer.Option("--tables", min=20, help="Drawn from each model fitted to the data.")] = 200,
    lists: Lists = None, count: Count = None, strata: Strata = None, where: Where = None,
    level: Level = 0.95, seed: Seed = None, output: Out = None, as_json: AsJson = False, strict: Strict = False,
) -> None:  # fmt: skip
    """Judge a method by what is known: lists hidden and found again, data that accrue, tables with known truth."""
    options = io.read_options_if_named(method, option or ())
    check_seed(seed)
    data = io.read_table(table, lists, count, strata, where or (), quiet=as_json, whole=True)
    if not isinstance(data, CaptureTable):
        raise DataError("Validation takes lists, not sightings of one list.", hint="Give a table of two lists or more.")
    found = validate_method(
        data, method, tables=tables, level=level, seed=seed or 0, jobs=cpu_count() or 1, **options
    )  # fmt: skip
    document = found.to_dict()
    io.write_json(output, document, table)
    if as_json:
        io.print_json(document)
    else:
        _print_validation(found)
    io.finish(found.checks, strict=strict)


def _print_validation(found: Validation) -> None:
    out = io.console()
    out.print(Text(str(found.estimate).split("\n")[0], style="bold"), soft_wrap=True)
    if found.consistency and found.consistency.lists:
        rows = [
            (one.name, f"{one.size:,}", _number(one.population), _number(one.low), _number(one.high), _yes(one.covered))
            for one in found.consistency.lists
        ]
        _print_rows(("hidden list", "people on it", "estimated", "low", "high", "holds it"), rows)
    stages = [
        (f"{s.observed:,}", *map(_number, (s.population, s.low, s.high)), f"{s.ratio:.2f}" if s.ratio else "-")
        for s in found.stages
    ]
    _print_rows(("people known", "people", "low", "high", "per person known"), stages)
    recoveries = [
        (r.model, f"{r.population:,}", str(r.found.tables), f"{r.found.interval_coverage:.0%}", f"{r.found.bias:+.0%}")
        for r in found.recoveries
    ]
    if recoveries:
        _print_rows(("truth", "people", "tables", "intervals that hold it", "median error"), recoveries)
    io.print_checks(found.checks)


def _print_rows(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        shown.add_column(column, justify="right" if place else "left")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    io.console().print(shown)
    io.console().print()


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _yes(value: bool | None) -> str:
    return "-" if value is None else "yes" if value else "no"


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
    io.console().print(Text(f"{found.kind}: {found.term}", style="bold"))
    rows = [
        (f"{point.value:.3g}", *(_number(v) for v in (point.population, point.low, point.high)))
        for point in found.curve
    ]
    _print_rows((found.parameter.replace("_", " "), "people", "low", "high"), rows)
    for sentence in found.sentences:
        io.console().print(Text(sentence), soft_wrap=True)
