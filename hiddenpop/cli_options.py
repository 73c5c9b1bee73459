"""Arguments and options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TableArgument = Annotated[
    str,
    typer.Argument(metavar="TABLE", help="A shipped table (see `hiddenpop datasets`) or a .csv, .parquet, .xlsx file."),
]
Lists = Annotated[str | None, typer.Option("--lists", help="Columns that are lists: a,b,c.", show_default=False)]
Count = Annotated[str | None, typer.Option("--count", help="Column that counts people.", show_default=False)]
Strata = Annotated[str | None, typer.Option("--strata", help="Columns that are strata: sex,age.", show_default=False)]
Where = Annotated[
    list[str] | None, typer.Option("--where", help="Only this stratum: COLUMN=VALUE. Repeatable.", show_default=False)
]
Level = Annotated[float, typer.Option("--level", help="Level of the intervals.")]
Seed = Annotated[
    int | None, typer.Option("--seed", help="Seed of random draws; recorded either way.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 if a check failed.")]
Sampling = Annotated[bool, typer.Option("--sampling", help="Also methods whose chains take minutes.")]
Out = Annotated[Path | None, typer.Option("-o", "--output", help="Also write the JSON to a file.", show_default=False)]
By = Annotated[
    str | None, typer.Option("--by", help="Also one estimate per value of a stratum column.", show_default=False)
]
Headline = Annotated[
    str | None,
    typer.Option("--method", help="Method of the headline; by a fixed rule if left out.", show_default=False),
]
Options = Annotated[
    list[str] | None, typer.Option("--option", help="Option of the method: NAME=VALUE. Repeatable.", show_default=False)
]
Threshold = Annotated[
    float | None, typer.Option("--threshold", help="People: when is the number so small?", show_default=False)
]
Override = Annotated[
    str | None,
    typer.Option("--override", help="A verdict other than the rules give; needs --reason.", show_default=False),
]
Reason = Annotated[str, typer.Option("--reason", help="Why the verdict is overridden.", show_default=False)]
