"""A table as a CSV file and, the same, in the README beside it."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path


def write_table(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows to the CSV file, and to the README between the two marks that name the file."""
    columns = list(rows[0])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    readme = path.with_name("README.md")
    text = readme.read_text(encoding="utf-8")
    begin, end = f"<!-- {path.name}: begin -->", f"<!-- {path.name}: end -->"
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(row[name]) for name in columns) + " |" for row in rows]
    head, tail = text.split(begin)[0], text.split(end)[1]
    readme.write_text("\n".join([head + begin, *lines, end + tail]), encoding="utf-8")
