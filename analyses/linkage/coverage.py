"""Does doubt about links reach the interval? `python analyses/linkage/coverage.py [REGISTERS]`.

Registers of a known population are made with flawed names and dates, linked by Splink, and the population estimated
from the table of likely links alone, and from the replicates. Writes `coverage.csv` and the table in `README.md`.
"""

import csv
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import hiddenpop as hp

HERE = Path(__file__).parent
TABLE = HERE / "coverage.csv"
POPULATION, CHANCES = 3000, (0.2, 0.25, 0.3)
FLAWS = hp.Flaws(typo=0.08, spelling=0.25, no_birth=0.06, wrong_birth=0.04, twins=0.002)
THRESHOLD = 0.85  # of the table; the replicates know none
METHOD, OPTIONS = "loglinear", {"interval": "profile"}
COLUMNS = ("seed", "missed", "false", "observed", "key", "naive", "naive_holds", "combined", "low", "high", "holds")


def run(seed: int) -> dict[str, float]:
    """One set of registers."""
    design = hp.Design(population=POPULATION, probabilities=CHANCES)
    made = hp.make_registers(design, flaws=FLAWS, seed=seed)
    with TemporaryDirectory() as folder:
        key = hp.estimate(hp.read_registers(made.write(folder)).table, METHOD, **OPTIONS)
        linked = hp.link_registers(made.write(folder, key=False), threshold=THRESHOLD, replicates=20, seed=seed)
    naive = hp.estimate(linked.table, METHOD, **OPTIONS)
    found = hp.estimate_replicates(linked.replicates, METHOD, **OPTIONS)
    missed, false = made.faults(linked.records)
    return {
        "seed": seed,
        "missed": round(missed, 4),
        "false": round(false, 4),
        "observed": linked.table.observed,
        "key": round(key.population, 1),
        "naive": round(naive.population, 1),
        "naive_holds": int(naive.interval.low <= POPULATION <= naive.interval.high),
        "combined": round(found.population, 1),
        "low": round(found.interval.low, 1),
        "high": round(found.interval.high, 1),
        "holds": int(found.interval.low <= POPULATION <= found.interval.high),
    }


def main() -> None:
    """Run what is missing and sum up."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rows = list(csv.DictReader(TABLE.open(encoding="utf-8"))) if TABLE.exists() else []
    for seed in range(len(rows), number):
        rows.append({name: str(value) for name, value in run(seed).items()})
        with TABLE.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    write_summary(summarise(rows))


def summarise(rows: list[dict[str, str]]) -> dict[str, float]:
    """Means of the shares, coverage of both intervals, median of estimates over the truth."""

    def column(name: str) -> np.ndarray:
        return np.array([float(row[name]) for row in rows])

    return {
        "registers": len(rows),
        "missed": round(float(column("missed").mean()), 4),
        "false": round(float(column("false").mean()), 4),
        "coverage": round(float(column("holds").mean()), 3),
        "naive_coverage": round(float(column("naive_holds").mean()), 3),
        "median": round(float(np.median(column("combined"))) / POPULATION, 4),
        "naive_median": round(float(np.median(column("naive"))) / POPULATION, 4),
        "key_median": round(float(np.median(column("key"))) / POPULATION, 4),
    }


def write_summary(summary: dict[str, float]) -> None:
    """Write the summary into the README, and print it."""
    begin, end = "<!-- summary: begin -->", "<!-- summary: end -->"
    readme = HERE / "README.md"
    head, tail = readme.read_text(encoding="utf-8").split(begin)[0], readme.read_text(encoding="utf-8").split(end)[1]
    lines = [f"| {' | '.join(summary)} |", "|" + "---|" * len(summary), f"| {' | '.join(map(str, summary.values()))} |"]
    readme.write_text("\n".join([head + begin, *lines, end + tail]), encoding="utf-8")
    print(lines[-1])


if __name__ == "__main__":
    main()
