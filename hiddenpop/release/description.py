"""The description of an analysis: a small TOML file, checked as a whole before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from hiddenpop.intake.described import read_described
from hiddenpop.intake.linkage.model import Engine
from hiddenpop.report.language import Code

Value = bool | int | float | str | list[tuple[str, str]]


def _of_the_method(options: dict[str, Value]) -> dict[str, Value]:
    taken = sorted(RESERVED & set(options))
    if taken:
        raise ValueError(f"{', '.join(taken)}: no options of a method; level and seed stand in [estimate]")
    return options


RESERVED = {"level", "seed", "method", "by", "tables"}
Options = Annotated[dict[str, Value], AfterValidator(_of_the_method)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(_Part):
    """Where the capture table comes from.

    Attributes
    ----------
    table : name of a table that ships, or a file beside the description
    registers : description of registers, in place of a table
    lists, count, strata : as `read_captures` takes them
    rounding : counts were rounded to multiples of this
    where : stratum column -> values that are kept
    """

    table: str | None = None
    registers: str | None = None
    lists: tuple[str, ...] | None = None
    count: str | None = None
    strata: tuple[str, ...] | None = None
    rounding: int | None = None
    where: dict[str, str | list[str]] = {}

    @model_validator(mode="after")
    def _one_source(self) -> Data:
        if (self.table is None) == (self.registers is None):
            raise ValueError("give either table or registers")
        if self.registers is not None and (self.lists or self.count or self.strata or self.rounding):
            raise ValueError("lists, count, strata and rounding are of a table, not of registers")
        return self


class Linkage(_Part):
    """Records are put together by likeness, not by a key; doubt about links reaches all intervals.

    Attributes
    ----------
    threshold, replicates, engine : as `link_registers` takes them
    """

    threshold: float = Field(0.5, gt=0.0, lt=1.0)
    replicates: int = Field(20, ge=2)
    engine: Engine = "duckdb"


class Estimation(_Part):
    """How the headline is made.

    Attributes
    ----------
    method : id; the documented rule if left out
    options : of the method
    level : of all intervals
    seed : of all random numbers
    """

    method: str | None = None
    options: Options = {}
    level: float = Field(0.95, gt=0.0, lt=1.0)
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _options_of_a_method(self) -> Estimation:
        if self.options and self.method is None:
            raise ValueError("options belong to a method: name it")
        return self


class Strata(_Part):
    """Estimates of strata that add up, and the publication table made of them.

    Attributes
    ----------
    by : stratum columns
    method, options : of each stratum
    threshold : smallest count of detected people that is shown
    earlier : folders of releases of the same people, which together with this one must not tell a hidden count
    denominators : file with the stratum columns and `people`
    per : inhabitants that a rate is for
    """

    by: tuple[str, ...] = Field(min_length=1)
    method: str = "loglinear-shrinkage"
    options: Options = {}
    threshold: int = Field(5, ge=2)
    earlier: tuple[str, ...] = ()
    denominators: str | None = None
    per: int = Field(100_000, ge=1)

    @field_validator("by")
    @classmethod
    def _each_once(cls, by: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(by)) < len(by):
            raise ValueError("a column is named twice")
        return by


class Change(_Part):
    """The change between periods.

    Attributes
    ----------
    by : stratum column of periods
    method, options : as `hiddenpop.trend` takes them
    """

    by: str
    method: str | None = None
    options: Options = {}


class Report(_Part):
    """The report.

    Attributes
    ----------
    formats : html always, docx and pdf as asked
    language : en or es; results stay in English
    """

    formats: tuple[Literal["html", "docx", "pdf"], ...] = ("html",)
    language: Code = "en"


class Analysis(_Part):
    """A whole analysis.

    Attributes
    ----------
    title : str
    date : text that stands on the report; nothing of the clock ever does
    data, linkage, estimate, strata, trend, report : the parts
    """

    title: str = ""
    date: str = ""
    data: Data
    linkage: Linkage | None = None
    estimate: Estimation = Field(default_factory=lambda: Estimation.model_validate({}))
    strata: Strata | None = None
    trend: Change | None = None
    report: Report = Report()

    @model_validator(mode="after")
    def _linkage_of_records(self) -> Analysis:
        if self.linkage is not None and self.data.registers is None:
            raise ValueError("linkage needs registers, not a table")
        return self


def read_analysis(path: str | Path) -> Analysis:
    """Read and check a description; all faults in one message.

    Raises
    ------
    DataError
    """
    return read_described(Path(path), Analysis, "See the README for an example.")
