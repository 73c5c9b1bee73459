"""What the commands share: reading TABLE, reading options, printing for people or for programs, and exit codes."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hiddenpop.banded import BandedTable
from hiddenpop.checks import Verdict
from hiddenpop.datasets import entries, load
from hiddenpop.errors import DataError, HiddenpopError, OptionError, UnknownNameError
from hiddenpop.intake import read_captures, split_sheet
from hiddenpop.options import read_option
from hiddenpop.output import write_whole
from hiddenpop.registry import COMMON, Data, find_method
from hiddenpop.report.text import label
from hiddenpop.result import Check, Estimate, Refusal, plain
from hiddenpop.sightings import SightingCounts

MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", "dim")}
PLAIN_MARKS = {True: ("+", "green"), False: ("!", "red"), None: ("-", "dim")}
LEVEL_STYLE = {"publishable": "green", "indicative": "yellow", "lower-bound-only": "yellow", "do-not-publish": "red"}


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(*, stderr: bool = False) -> Console:
    """A console that colours only what a person sees, and does not fold lines that go to a file."""
    shown = _Console(stderr=stderr, highlight=False)
    return shown if shown.is_terminal else _Console(stderr=stderr, highlight=False, width=200)


def read_table(
    source: str, lists: str | None, count: str | None, strata: str | None, where: Sequence[str], *, quiet: bool,
    whole: bool = False,
) -> Data:  # fmt: skip
    """TABLE as given on the command line, a shipped name or a file; says what was inferred unless `quiet`.

    With `whole`, counts in bands are refused.
    """
    exists = split_sheet(source)[0].exists()
    if not exists and source in entries():
        if lists or count or strata:
            raise OptionError(
                f"{source!r} ships with hiddenpop, so --lists, --count and --strata do not apply.",
                hint="Leave them out.",
            )
        data: Data = load(source)
    elif not exists:
        near = get_close_matches(source, entries(), n=3, cutoff=0.5)
        raise UnknownNameError(
            f"{source!r} is neither a file nor a table that ships with hiddenpop.",
            hint=f"Did you mean {' or '.join(near)}?" if near else "`hiddenpop datasets` lists the tables that ship.",
            details={"name": source, "near": near},
        )
    else:
        data = read_captures(source, lists=_names(lists), count=count, strata=_names(strata))
    if whole and isinstance(data, BandedTable):
        raise DataError("This command needs counts, not bands.", hint="Use estimate or report, or ask for the counts.")
    if where:
        if isinstance(data, SightingCounts):
            raise OptionError("--where selects strata; sighting counts have none.", hint="Leave it out.")
        data = data.select(**_conditions(where))
    if not quiet:
        _say_reading(data)
    return data


def _names(text: str | None) -> list[str] | None:
    """`a,b,c` as names; one that holds a comma is put into double quotes."""
    if text is None:
        return None
    try:
        return [name.strip() for name in next(csv.reader([text], skipinitialspace=True, strict=True))]
    except csv.Error as error:
        raise OptionError(f"The names {text!r} cannot be read: {error}.", hint="Separate names by commas.") from error


def _conditions(where: Sequence[str]) -> dict[str, list[str]]:
    """`["sex=Female", "sex=Male"]` as `{"sex": ["Female", "Male"]}`."""
    found: dict[str, list[str]] = {}
    for condition in where:
        column, equals, value = condition.partition("=")
        if not equals:
            raise OptionError(f"--where {condition!r} is not COLUMN=VALUE.", hint="Write --where sex=Female.")
        found.setdefault(column.strip(), []).append(value.strip())
    return found


def read_options(method: str, given: Sequence[str], level: float | None, seed: int | None) -> dict[str, Any]:
    """`--option k=v` by the types that the method declares, with level and seed where the method has them."""
    known = find_method(method).options
    options: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            raise OptionError(f"--option {text!r} is not NAME=VALUE.", hint="Write --option 'model=[12,3]'.")
        if name in options:
            raise OptionError(f"--option {name} is given twice.", hint="Give it once.")
        if name in COMMON:
            raise OptionError(f"--option {name} is not read.", hint=f"Write --{name} {value}.")
        options[name] = read_option(name, known[name][0], value) if name in known else value
    if level is not None:
        options["level"] = level
    if seed is not None:
        options["seed"] = seed
    return options


def read_options_if_named(method: str | None, given: Sequence[str], level: float | None = None) -> dict[str, Any]:
    """As `read_options`, for commands that can do without a method."""
    if method is None:
        if given:
            raise OptionError("--option needs --method.", hint="Name the method.")
        return {}
    return read_options(method, given, level, None)


def print_json(value: Any) -> None:
    """One JSON document on standard output, and nothing else."""
    sys.stdout.write(_json(value, ascii_only=not _unicode()))


def write_json(path: Path | None, value: Any, source: str) -> None:
    """The JSON document as a file, when one was asked for; never over the data in `source`."""
    if path is not None:
        write_whole(path, _json(value, ascii_only=False), str(split_sheet(source)[0]))


def _json(value: Any, *, ascii_only: bool) -> str:
    text = json.dumps(plain(value), ensure_ascii=ascii_only, indent=2, allow_nan=False)
    return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def _unicode() -> bool:
    """Can standard output show any letter?"""
    return (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16")


def _say_reading(data: Data) -> None:
    """What was inferred when the data were read, on standard error."""
    out = console(stderr=True)
    for fact in data.reading:
        out.print(Text(f"read: {fact}", style="dim"))


def print_checks(checks: Iterable[Check]) -> None:
    """One line per check."""
    out = console()
    for check in checks:
        mark, style = (MARKS if _unicode() else PLAIN_MARKS)[check.passed]
        out.print(Text.assemble((f"{mark} ", style), (f"{check.name}: ", "bold"), check.message), soft_wrap=True)


def print_verdict(reached: Verdict) -> None:
    """The level, and its reasons one by one."""
    console().print(Text.assemble("verdict: ", (reached.level, LEVEL_STYLE[reached.level])))
    for reason in reached.reasons:
        console().print(Text(f"  - {reason}"), soft_wrap=True)


def read_override(level: str | None, reason: str) -> tuple[Any, str] | None:
    """`--override` and `--reason`, which go together; the verdict itself refuses what it does not know."""
    if level is None and reason:
        raise OptionError("--reason needs --override.", hint="Name the level of the verdict.")
    return None if level is None else (level, reason)


def print_results(results: Sequence[Estimate | Refusal]) -> None:
    """A table of results: numbers, then the reasons of refusals."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for name, justify in (("method", "left"), ("people", "right"), ("low", "right"), ("high", "right")):
        shown.add_column(name, justify=justify)  # type: ignore[arg-type]
    shown.add_column("interval")
    shown.add_column("doubts", overflow="fold")
    for result in results:
        if isinstance(result, Refusal):
            shown.add_row(result.method, "–", "", "", "", Text(f"no estimate: {result.error.message}"))
            continue
        interval = result.interval
        low, high = (f"{interval.low:,.0f}", _high(interval.high)) if interval else ("–", "–")
        kind = f"{100 * interval.level:g}% {interval.kind}" if interval else "none"
        doubts = ", ".join(c.name for c in result.failed)
        shown.add_row(Text(label(result)), f"{result.population:,.0f}", low, high, kind, Text(doubts))
    console().print(shown)


def _high(value: float | None) -> str:
    return "no limit" if value is None else f"{value:,.0f}"


def finish(checks: Iterable[Check], *, strict: bool) -> None:
    """Exit code 1 when a check failed and --strict was given."""
    if strict and any(check.passed is False for check in checks):
        raise typer.Exit(1)


def fail(error: Exception, *, as_json: bool) -> NoReturn:
    """Say what is wrong, without a traceback, and exit with 2."""
    if isinstance(error, HiddenpopError):
        found = error.to_dict()
    else:
        message = error.format_message() if isinstance(error, typer.TyperException) else str(error)
        found = {"type": "UsageError", "message": message, "hint": "See --help.", "details": {}}
    if as_json:
        print_json({"error": found})
    elif found["message"]:
        out = console(stderr=True)
        out.print(Text.assemble(("Error: ", "bold red"), found["message"]), soft_wrap=True)
        if found["hint"]:
            out.print(Text(found["hint"]), soft_wrap=True)
    sys.exit(2)
