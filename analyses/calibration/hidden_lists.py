"""Known lists of four slavery tables, hidden and estimated: `python analyses/calibration/hidden_lists.py [METHOD ...]`.

Writes `hidden_lists.csv` beside this file, and its table into `README.md`; arguments name the methods to run again.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from written import write_table

import hiddenpop as hp

TABLE = Path(__file__).with_name("hidden_lists.csv")
SEED = 2026
TABLES = ("uk_2013", "netherlands_2010_2015", "new_orleans", "western_us")
METHODS: dict[str, dict[str, object]] = {
    "loglinear": {},
    "loglinear-stepwise": {},
    "loglinear-search": {"replicates": 200, "budget": 30.0},
    "loglinear-average": {},
    "loglinear-shrinkage": {},
    "graphical": {},
    "latent-class": {},
}
PUBLISHED = {"loglinear": "0.88", "loglinear-stepwise": "0.90", "graphical": "0.80", "latent-class": "0.60"}


def main() -> None:
    """Run the methods named, or all."""
    rows: list[dict[str, object]] = []
    if TABLE.exists():
        rows.extend(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    for method in sys.argv[1:] or METHODS:
        found = [hp.internal_consistency(hp.load(name), method, seed=SEED, **METHODS[method]) for name in TABLES]
        lists = [one for each in found for one in each.lists]
        errors = [one.log_error for one in lists if one.log_error is not None]
        covered = [one.covered for one in lists if one.covered is not None]
        row: dict[str, object] = {
            "method": method,
            "hidden": len(lists),
            "refused": len(lists) - len(covered),
            "covered": sum(covered),
            "interval_coverage": f"{np.mean(covered):.2f}",
            "published": PUBLISHED.get(method, ""),
            "median_log_error": f"{np.median(errors):.3f}",
            "root_mean_square": f"{np.sqrt(np.mean(np.square(errors))):.3f}",
            "seed": SEED,
        }
        rows = [one for one in rows if one["method"] != method] + [row]
        write_table(TABLE, rows)
        print(*(f"{column} {value}" for column, value in row.items()), sep=", ", flush=True)


if __name__ == "__main__":
    main()
