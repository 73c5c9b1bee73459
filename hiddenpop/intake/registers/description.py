"""The description of registers: a small TOML file, checked as a whole before anything is read."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hiddenpop.intake.described import read_described


def _several(value: Any) -> Any:
    """One name may stand for a list of one."""
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_several)]
Categories = dict[str, dict[str, Names]]


class Register(BaseModel):
    """One register, or one table that holds several lists.

    Attributes
    ----------
    source : file or table: `police.csv`, `cases.parquet`, `book.xlsx#Sheet`, `a.duckdb::table`, `a.sqlite::table`,
        `postgresql://host/database::table`
    list : name of the list, if all rows belong to one
    list_column : column that names the list of each row
    person : columns whose values together are the same for the same person, and for nobody else
    identity : field -> column, for linkage where there is no `person`: `given`, `surname` and `born` are compared as
        and dates, whatever else is given (sex, region, a telephone number) as it stands
    record : column that numbers the records, to tell them from one another after linkage
    date, date_format : column that places a record in the period; format of all dates as in `%d/%m/%Y`, ISO if left out
    status : column that says how sure it is that the person belongs
    referred_from : column that names the list that sent the person, if any
    only : column -> values; rows that have others are not part of the register
    columns : stratum -> column
    categories : stratum -> category -> how this register writes it; in place of those of the description
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(min_length=1)
    list: str | None = Field(None, min_length=1)
    list_column: str | None = Field(None, min_length=1)
    person: Names = ()
    identity: dict[str, str] = {}
    record: str | None = None
    date: str | None = None
    date_format: str | None = None
    status: str | None = None
    referred_from: str | None = None
    only: dict[str, Names] = {}
    columns: dict[str, str] = {}
    categories: Categories = {}

    @model_validator(mode="after")
    def _one_way_to_name_lists(self) -> Register:
        if (self.list is None) == (self.list_column is None):
            raise ValueError("give either list, the name, or list_column, the column that holds the names")
        if not self.person and not self.identity:
            raise ValueError("give person, the columns that are the same for the same person, or identity, for linkage")
        if self.identity and not {"given", "surname"} & set(self.identity):
            raise ValueError("identity needs given or surname")
        return self

    def named_columns(self) -> tuple[str, ...]:
        """Columns of the source that are read, each once."""
        given = (self.list_column, self.record, self.date, self.status, self.referred_from)
        found = [*self.person, *self.identity.values(), *(name for name in given if name), *self.only]
        found += self.columns.values()
        return tuple(dict.fromkeys(found))


class Description(BaseModel):
    """What the registers are and which records count.

    Attributes
    ----------
    title : str
    period : first and last day; records of other days are left out
    strata : names of the strata
    counted : statuses that count
    unknown : category of people whose stratum no register knows
    referrals : "keep", or "strip" records of people whom another list sent
    categories : stratum (or `status`) -> category -> how registers write it
    memory : most memory of the engine, as in "2GB"; larger data are put on disk, encrypted
    registers : in order: where they disagree about a person's stratum, the first that knows it is right
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    period: tuple[date, date] | None = None
    strata: Names = ()
    counted: Names = ("confirmed", "presumed")
    unknown: str = Field("unknown", min_length=1)
    referrals: Literal["keep", "strip"] = "keep"
    categories: Categories = {}
    memory: str = Field("2GB", pattern=r"^\d+(\.\d+)? ?(MB|GB)$")
    registers: tuple[Register, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Description:
        faults = []
        if self.period and self.period[0] > self.period[1]:
            faults.append("the period ends before it begins")
        names = [one.list for one in self.registers if one.list]
        faults += [f"the list {name!r} is described twice" for name in sorted({n for n in names if names.count(n) > 1})]
        for place, one in enumerate(self.registers, start=1):
            if self.period and one.date is None:
                faults.append(f"register {place} has no date, so that its records cannot be placed in the period")
            faults += [
                f"register {place} has a column for {s!r}, which is no stratum"
                for s in one.columns
                if s not in self.strata
            ]
        known = {stratum for one in self.registers for stratum in one.columns}
        faults += [f"no register has a column for the stratum {s!r}" for s in self.strata if s not in known]
        if faults:
            raise ValueError("; ".join(faults))
        return self


def read_description(path: Path) -> Description:
    """The description in a TOML file.

    Raises
    ------
    DataError
        With all faults of the file.
    """
    return read_described(
        path,
        Description,
        "See `hiddenpop table --help` and the docstrings of hiddenpop.intake.registers.description.",
    )
