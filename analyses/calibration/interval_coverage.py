"""Coverage of methods without a proper prior to simulate from: `python analyses/calibration/interval_coverage.py`.

Writes `interval_coverage.csv` beside this file, and its table into `README.md`, a row as soon as it is done; arguments
name the methods to run again, and rows of the others stay as they are.
"""

import csv
import sys
from os import cpu_count
from pathlib import Path

from written import write_table

from hiddenpop.checks.coverage import Contender, measure_coverage
from hiddenpop.design import Design, Group

TABLE = Path(__file__).with_name("interval_coverage.csv")
SEED = 2026
SHORT = {"chains": 2, "draws": 500}
PROBABILITIES = (0.15, 0.2, 0.1, 0.2)
STRATA = (("north", 0.4, 1.0), ("east", 0.3, 1.0), ("south", 0.2, 0.7), ("west", 0.1, 1.3))


def strata(odds_ratios: tuple[float, ...]) -> Design:
    """Four strata of 1,600 to 400 people and three lists; one dependence, of this strength in each."""
    return Design(
        population=4000,
        classes=[
            Group(share, (0.2 * factor, 0.25, 0.3), name, {"1:2": ratio})
            for (name, share, factor), ratio in zip(STRATA, odds_ratios, strict=True)
        ],
    )


def four_lists(**odds_ratios: float) -> Design:
    """Four lists of 3,000 people."""
    named = {name.replace("_", ":").lstrip(":"): ratio for name, ratio in odds_ratios.items()}
    return Design(population=3000, probabilities=PROBABILITIES, odds_ratios=named)


PLAN: dict[str, tuple[int, dict[str, object], dict[str, Design]]] = {
    "bayes-threshold": (
        40,
        SHORT,
        {
            "independent": four_lists(),
            "two pairs with odds ratio 3": four_lists(_1_2=3.0, _3_4=3.0),
            "every pair with odds ratio 1.3": four_lists(pairs=1.3),
        },
    ),
    "partial-pooling": (
        40,
        {**SHORT, "side_by_side": False},
        {
            "strata alike, one pair with odds ratio 2": strata((2.0, 2.0, 2.0, 2.0)),
            "strata unlike, one pair with odds ratio 1 to 4": strata((1.0, 2.0, 3.0, 4.0)),
        },
    ),
}


def main() -> None:
    """Run the methods named, or all."""
    rows: list[dict[str, object]] = []
    if TABLE.exists():
        rows.extend(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    for method in sys.argv[1:] or PLAN:
        tables, options, designs = PLAN[method]
        for name, design in designs.items():
            jobs = cpu_count() or 1
            (found,) = measure_coverage(design, [Contender(method, options)], tables=tables, seed=SEED, jobs=jobs)
            row: dict[str, object] = {
                "method": method,
                "truth": name,
                "population": design.population,
                "tables": tables,
                "refused": found.refused,
                "covered": found.covered,
                "interval_coverage": f"{found.interval_coverage:.3f}",
                "error": f"{found.error:.3f}",
                "bias": f"{found.bias:.3f}",
                "relative_width": f"{found.relative_width:.2f}",
                "seed": SEED,
                "seconds": round(found.seconds),
            }
            rows = [one for one in rows if (one["method"], one["truth"]) != (method, name)] + [row]
            write_table(TABLE, rows)
            print(*(f"{column} {value}" for column, value in row.items()), sep=", ", flush=True)


if __name__ == "__main__":
    main()
