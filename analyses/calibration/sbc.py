"""Simulation-based calibration of the Bayesian methods: `python analyses/calibration/sbc.py [METHOD ...]`.

Writes `sbc.csv` beside this file, and its table into `README.md`; rows of methods that are not named stay as they are.
"""

import csv
import sys
from itertools import product
from os import cpu_count
from pathlib import Path
from time import perf_counter

from written import write_table

from hiddenpop.checks.calibration import calibrate

TABLE = Path(__file__).with_name("sbc.csv")
SEED = 2026
PRIORS = ("negbin(size=2,mean=500)", "1/N(max=2000)")
PLAN = {"graphical": (1000, 4), "latent-class": (1000, 4), "loglinear-bayes": (200, 3)}  # simulations, lists


def rows_of(method: str, prior: str) -> list[dict[str, object]]:
    """One row for each quantity."""
    start, (simulations, n_lists) = perf_counter(), PLAN[method]
    workers = cpu_count() or 1
    found = calibrate(method, simulations=simulations, n_lists=n_lists, prior=prior, seed=SEED, workers=workers)
    seconds = round(perf_counter() - start)
    return [
        {
            "method": method,
            "prior": prior,
            "lists": n_lists,
            "quantity": quantity,
            "simulations": found.simulations,
            "refused": found.refused,
            "unconverged": found.unconverged,
            "chi_square_p": f"{found.chi_square[quantity]:.4f}",
            "ecdf_p": f"{found.ecdf[quantity]:.4f}",
            "seed": found.seed,
            "seconds": seconds,
        }
        for quantity in found.ranks
    ]


def main() -> None:
    """Calibrate the methods named, or all."""
    rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())) if TABLE.exists() else []
    for method, prior in product(sys.argv[1:] or PLAN, PRIORS):
        found = rows_of(method, prior)
        rows = [row for row in rows if (row["method"], row["prior"]) != (method, prior)] + found
        write_table(TABLE, rows)
        print(*(", ".join(f"{name} {value}" for name, value in row.items()) for row in found), sep="\n", flush=True)


if __name__ == "__main__":
    main()
