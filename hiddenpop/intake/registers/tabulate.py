"""From registers to a capture table: who is on which list, and what became of every record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hiddenpop.arrays import MAX_LISTS
from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.errors import DataError
from hiddenpop.intake.registers.categories import code_columns
from hiddenpop.intake.registers.engine import open_engine
from hiddenpop.intake.registers.queries import Queries
from hiddenpop.intake.registers.sources import open_source, unreadable
from hiddenpop.result import Check, plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from hiddenpop.intake.registers.description import Description

AGAIN = "of a person who is on the list already"
DISAGREE = 0.01


@dataclass(frozen=True)
class Account:
    """What became of the records of one list.

    Attributes
    ----------
    list : str
    records : int, read
    dropped : reason -> records left out
    people : int, on the list
    """

    list: str
    records: int
    dropped: Mapping[str, int]
    people: int

    def __str__(self) -> str:
        gone = "; ".join(f"{number:,} {reason}" for reason, number in self.dropped.items())
        return f"{self.list}: {self.records:,} records, {self.people:,} people" + (f" ({gone})" if gone else "")


@dataclass(frozen=True)
class RegisterTable:
    """A capture table made of registers.

    Attributes
    ----------
    table : CaptureTable
    accounts : tuple of Account, one for each list
    """

    table: CaptureTable
    accounts: tuple[Account, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the table as its cells."""
        return {
            "accounts": [plain(one) for one in self.accounts],
            "observed": self.table.observed,
            "counts": self.table.to_counts(),
            "checks": [check.to_dict() for check in self.table.checks],
        }

    def __str__(self) -> str:
        return "\n".join([str(self.table).split("\n")[0], *(f"  {one}" for one in self.accounts)])


def read_registers(source: str | Path | Description, *, root: str | Path | None = None) -> RegisterTable:
    """A capture table from registers that a TOML file describes.

    Use when every register has a key that is the same for the same person in all of them (a number, or a hash made of
    it); use `link_registers` first where there is none.

    Parameters
    ----------
    source : path of a TOML file, or Description
    root : folder that holds all files named in it; the folder of the TOML file if None

    Returns
    -------
    RegisterTable
        Every record is counted: read = people on the list + left out, by reason.

    Raises
    ------
    DataError
        With all faults of the description, or all values that are no category.

    Notes
    -----
    DuckDB reads the files; memory is bounded. What does not fit goes to a folder that only its owner can read and
    that is removed at the end; keys are there as numbers made with a secret of the run.
    """
    description, folder = describe(source, root)
    if any(one.identity for one in description.registers):
        raise DataError("A register has no person key.", hint="Use link_registers (`hiddenpop link`), or give person.")
    with open_engine(description.memory, encrypted=False) as connection:
        queries = prepare(connection, description, folder)
        return build(queries, ask(connection, queries.reasons()), ask(connection, queries.cells()))


def describe(source: str | Path | Description, root: str | Path | None) -> tuple[Description, Path]:
    """The description, and the folder that holds its files."""
    from hiddenpop.intake.registers.description import Description, read_description

    if isinstance(source, Description):
        return source, Path(root or ".")
    return read_description(Path(source)), Path(root or Path(source).parent)


def prepare(connection: DuckDBPyConnection, description: Description, root: Path) -> Queries:
    """Open the sources, code their categories, and make ready what is asked of them."""
    registers = description.registers
    sources = [
        open_source(connection, one.source, one.named_columns(), root, f"source_{place}")
        for place, one in enumerate(registers)
    ]
    kinds = []
    for one in registers:
        own = {"list": one.list_column, "status": one.status}
        coded = {field: column for field, column in one.identity.items() if field in description.categories}
        kinds.append({kind: column for kind, column in own.items() if column} | coded | one.columns)
    names, codings = code_columns(connection, description, sources, kinds)
    named = [one.list for one in registers if one.list]
    lists = [*named, *(found for found in names.get("list", []) if found not in named)]
    if len(lists) > MAX_LISTS:
        raise DataError(f"{len(lists)} lists are too many (at most {MAX_LISTS}).", hint="Check list_column.")
    return Queries(description, sources, names, codings, lists)


def ask(connection: DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """The rows of an answer; errors of the engine become ours.

    Raises
    ------
    DataError
    """
    import duckdb

    try:
        return list(connection.execute(query).fetchall())
    except duckdb.OutOfMemoryException:
        raise DataError("The memory is too small for these registers.", hint='Set memory = "4GB".') from None
    except duckdb.Error as error:
        raise unreadable(error, "A register") from None


def build(queries: Queries, reasons: list[tuple[Any, ...]], cells: list[tuple[Any, ...]]) -> RegisterTable:
    """The table and the accounts from the answers to `Queries.reasons` and `Queries.cells`."""
    strata, unknown = queries.description.strata, queries.description.unknown
    width = 1 + len(strata)
    masks, counts = [row[0] for row in cells], [row[width] for row in cells]
    keys = [
        tuple(unknown if code is None else queries.names[s][code] for s, code in zip(strata, row[1:width], strict=True))
        for row in cells
    ]
    on = [
        sum(n for mask, n in zip(masks, counts, strict=True) if mask >> place & 1)
        for place in range(len(queries.lists))
    ]
    accounts = accounts_of(queries.lists, reasons, on)
    dropped = _dropped(accounts)
    if not cells:
        raise DataError(f"No record is left. {dropped.message}", hint="Check the description.")
    title = queries.description.title or ", ".join(dict.fromkeys(source.label for source in queries.sources))
    table = build_table(
        queries.lists, masks, counts, strata=strata, keys=keys, source=title, duplicates_expected=True,
        checks=[dropped, *_disagreements(strata, cells, sum(counts))],
    )  # fmt: skip
    return RegisterTable(table, accounts)


def accounts_of(lists: Sequence[str], reasons: Sequence[tuple[Any, ...]], people: Sequence[int]) -> tuple[Account, ...]:
    """What became of the records of each list, from the answer to `Queries.reasons` and the people on it."""
    accounts = []
    for place, listed in enumerate(lists):
        accounts.append(_account(listed, {reason: n for found, reason, n in reasons if found == place}, people[place]))
    if nowhere := {reason: n for found, reason, n in reasons if found is None}:
        accounts.append(_account("(no list)", nowhere, 0))
    return tuple(accounts)


def _account(listed: str, rows: dict[str | None, int], people: int) -> Account:
    kept = rows.get(None, 0)
    dropped = {reason: n for reason, n in rows.items() if reason is not None}
    if kept > people:
        dropped[AGAIN] = kept - people
    ordered = dict(sorted(dropped.items(), key=lambda item: -item[1]))
    return Account(listed, sum(rows.values()), ordered, people)


def _dropped(accounts: Sequence[Account]) -> Check:
    """How many records were left out, and why."""
    reasons: dict[str, int] = {}
    for one in accounts:
        for reason, number in one.dropped.items():
            reasons[reason] = reasons.get(reason, 0) + number
    records, gone = sum(one.records for one in accounts), sum(reasons.values())
    told = "; ".join(f"{number:,} {reason}" for reason, number in reasons.items())
    return Check("records-left-out", gone, None, f"Of {records:,} records {gone:,} were left out: {told or 'none'}.")


def _disagreements(strata: Sequence[str], cells: Sequence[tuple[Any, ...]], people: int) -> list[Check]:
    """People whose stratum differs between registers: the first register that knows was taken."""
    checks = []
    for i, stratum in enumerate(strata):
        number = sum(row[2 + len(strata) + i] for row in cells)
        if number:
            message = (
                f"Registers disagree about {stratum} of {number:,} people: the first register that knows was taken."
            )
            checks.append(Check(f"disagree-about-{stratum}", number, number <= DISAGREE * people, message))
    return checks
