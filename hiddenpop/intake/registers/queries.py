"""The questions put to the engine: the records of registers, what becomes of them, and the cells of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING

from hiddenpop.intake.registers.categories import Coding
from hiddenpop.intake.registers.engine import name, text
from hiddenpop.intake.registers.sources import Source

if TYPE_CHECKING:
    from hiddenpop.intake.registers.description import Description, Register

SEPARATOR = "chr(31)"
NAMES = ("given", "surname")


@dataclass(frozen=True)
class Queries:
    """What the questions are made from.

    Attributes
    ----------
    description : Description
    sources : one for each register
    names : kind (a stratum, `status`, `list`) -> categories in the order of their codes
    codings : of each register: kind -> Coding
    lists : names; a list is its position
    secret : str, of this run
    """

    description: Description
    sources: Sequence[Source]
    names: Mapping[str, Sequence[str]]
    codings: Sequence[Mapping[str, Coding]]
    lists: Sequence[str]
    secret: str = field(default_factory=partial(token_hex, 16), repr=False)

    def reasons(self) -> str:
        """`(list, reason or null, records)`, most records first; equal numbers always in the same order."""
        parts = (f"SELECT list, reason, count(*) AS n FROM ({one}) GROUP BY ALL" for one in self._every())
        return f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY n DESC, reason DESC, list"

    def cells(self) -> str:
        """`(history, code of each stratum, people, people about whose stratum registers disagree, for each)`."""
        strata = range(len(self.description.strata))
        size = 1 + max((len(self.names[s]) for s in self.description.strata), default=0)
        codes = [f"s_{i}" for i in strata]
        records = " UNION ALL ".join(
            f"SELECT {', '.join([self._masked, 'list', 'place', *codes])} FROM ({one}) WHERE reason IS NULL"
            for one in self._every()
        )
        found = [f"min(place * {size} + s_{i}) % {size} AS s_{i}, min(s_{i}) <> max(s_{i}) AS d_{i}" for i in strata]
        history = "bit_or(CAST(1 AS BIGINT) << list) AS history"
        people = f"SELECT {', '.join([history, *found])} FROM ({records}) GROUP BY key"
        told = ["history", *codes, "count(*)", *(f"count(*) FILTER (WHERE d_{i})" for i in strata)]
        return f"SELECT {', '.join(told)} FROM ({people}) GROUP BY {', '.join(['history', *codes])}"

    @property
    def _masked(self) -> str:
        """A key that says nothing, as it may be put on disk: a number of 64 bits made with a secret of this run.

        Two of 40 million people have the same with a chance of 1 in 23,000.
        """
        return f"hash(key, {text(self.secret)}) AS key"

    def identities(self) -> str:
        """The records that count: list, register, identity, strata as codes."""
        fields = [name(one) for one in self.fields]
        told = ", ".join(["list", "place", *fields, "record", *(f"s_{i}" for i in range(len(self.description.strata)))])
        return " UNION ALL ".join(f"SELECT {told} FROM ({one}) WHERE reason IS NULL" for one in self._every())

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of linkage, which all registers have."""
        return tuple(self.description.registers[0].identity)

    def _every(self) -> list[str]:
        return [self._records(place) for place in range(len(self.sources))]

    def _records(self, place: int) -> str:
        """The records of a register: list, key, strata as codes, and why a record is left out."""
        register, source, codings = self.description.registers[place], self.sources[place], self.codings[place]
        if register.list:
            listed = str(self.lists.index(register.list))
        else:
            positions = ", ".join(str(self.lists.index(found)) for found in self.names["list"])
            listed = f"([{positions}])[1 + {_code('list')}]"
        strata = [
            f"{_code(stratum)} AS s_{i}" if stratum in codings else f"CAST(NULL AS INTEGER) AS s_{i}"
            for i, stratum in enumerate(self.description.strata)
        ]
        who = [f"{value} AS {name(one)}" for one, value in self._identity(register, source, codings).items()]
        told = [f"{listed} AS list", *(who or [f"{self._key(register, source)} AS key"]), *strata, f"{place} AS place"]
        joins = " ".join(_join(kind, coding) for kind, coding in codings.items())
        only = " AND ".join(
            f"trim(CAST(r.{name(column)} AS VARCHAR)) IN ({', '.join(map(text, values))})"
            for column, values in register.only.items()
        )
        query = f"SELECT {', '.join(told)}, {self._reason(register, source)} AS reason FROM {source.sql} AS r {joins}"
        return f"{query} WHERE {only}" if only else query

    def _key(self, register: Register, source: Source) -> str:
        """What is the same for the same person: a value of the engine's type if all registers have it, else text."""
        pairs = zip(self.description.registers, self.sources, strict=True)
        alike = len({tuple(of.types[column] for column in one.person) for one, of in pairs}) == 1
        if len(register.person) == 1 and alike and source.types[register.person[0]] != "VARCHAR":
            return f"r.{name(register.person[0])}"
        return f" || {SEPARATOR} || ".join(_plain(column, source) for column in register.person)

    def _identity(self, register: Register, source: Source, codings: Mapping[str, Coding]) -> dict[str, str]:
        """Field of linkage -> what it is: text, a date as text, or the code of a category."""
        found = {}
        for one, column in register.identity.items():
            if one == "born":
                found[one] = f"CAST({_day(register, column, source)} AS VARCHAR)"
            elif one in codings:
                found[one] = f"CAST({_code(one)} AS VARCHAR)"
            else:
                found[one] = f"lower({_plain(column, source)})"
        if found:
            found["record"] = _plain(register.record, source) if register.record else "CAST(NULL AS VARCHAR)"
        return found

    def _reason(self, register: Register, source: Source) -> str:
        """Why a record is left out, the first reason that holds; null where it counts."""
        rules = []
        if register.list_column:
            rules.append((f"{_code('list')} IS NULL", text("without a list")))
        if register.identity:
            names = [_plain(register.identity[one], source) for one in NAMES if one in register.identity]
            rules.append((f"coalesce({', '.join(names)}) IS NULL", text("without a name")))
        else:
            rules.append((f"({self._key(register, source)}) IS NULL", text("without a person key")))
        if register.status:
            statuses = self.names["status"]
            wanted = {status.casefold() for status in self.description.counted}
            counted = [str(i) for i, status in enumerate(statuses) if status.casefold() in wanted]
            told = ", ".join(text(f"of status {status}") for status in statuses)
            code = _code("status")
            rules.append((f"{code} IS NULL", text("without a status")))
            rules.append((f"{code} NOT IN ({', '.join(counted) or '-1'})", f"([{told}])[1 + {code}]"))
        if self.description.period and register.date:
            day, (first, last) = _day(register, register.date, source), self.description.period
            rules.append((f"{day} IS NULL", text("without a readable date")))
            rules.append((f"{day} NOT BETWEEN {_date(first)} AND {_date(last)}", text("outside the period")))
        if self.description.referrals == "strip" and register.referred_from:
            others = ", ".join(text(one.casefold()) for one in self.lists if one != register.list)
            sender = f"lower(trim(CAST(r.{name(register.referred_from)} AS VARCHAR)))"
            rules.append((f"{sender} IN ({others or 'NULL'})", text("referred from another list")))
        return "CASE " + " ".join(f"WHEN {when} THEN {then}" for when, then in rules) + " END"


def _join(kind: str, coding: Coding) -> str:
    alias = name(f"code {kind}")
    return f"LEFT JOIN {name(coding.table)} AS {alias} ON CAST(r.{name(coding.column)} AS VARCHAR) = {alias}.value"


def _code(kind: str) -> str:
    return f"{name(f'code {kind}')}.code"


def _plain(column: str, source: Source) -> str:
    """A value as text, null where there is nothing."""
    raw = f"r.{name(column)}" if source.types[column] == "VARCHAR" else f"CAST(r.{name(column)} AS VARCHAR)"
    return f"nullif(trim({raw}), '')"


def _day(register: Register, column: str, source: Source) -> str:
    if source.types[column] != "VARCHAR":
        return f"CAST(r.{name(column)} AS DATE)"
    if register.date_format:
        return f"CAST(try_strptime(trim(r.{name(column)}), {text(register.date_format)}) AS DATE)"
    return f"try_cast(trim(r.{name(column)}) AS DATE)"


def _date(day: date) -> str:
    return f"DATE {text(day.isoformat())}"
