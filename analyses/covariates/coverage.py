"""Do methods with covariates hold the truth where the analysis without them fails?

`python analyses/covariates/coverage.py [TABLES]` draws tables of known populations, whose people have a number and a
sex on which their chances depend, and writes `coverage.csv` and the table in `README.md`.
"""

import csv
import sys
from os import cpu_count
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

import hiddenpop as hp
from hiddenpop.registry import attempt_quietly

HERE = Path(__file__).parent
TABLE = HERE / "coverage.csv"
BASE, SLOPE = (-0.8, -1.0, -0.6), (1.0, 0.8, 0.9)
TABLES = 200

# name: people, lists, bend of the log odds over the number, odds ratio of the first two lists
SCENARIOS = {
    "straight, 3,000": (3000, 2, 0.0, 1.0),
    "straight, 10,000": (10_000, 2, 0.0, 1.0),
    "curved, 3,000": (3000, 2, 0.4, 1.0),
    "curved, 10,000": (10_000, 2, 0.4, 1.0),
    "three lists, two tied, 10,000": (10_000, 3, 0.4, np.e),
}
METHODS = {
    "without covariates": ("loglinear", {}),
    "huggins-alho": ("huggins-alho", {}),
    "huggins-alho, squares": ("huggins-alho", {"formula": "x + I(x**2) + sex"}),
    "doubly-robust": ("doubly-robust", {"seed": 1}),
    "doubly-robust, tmle": ("doubly-robust", {"seed": 1, "variant": "tmle"}),
}
TIED = {
    "without covariates": ("loglinear", {"interactions": "all"}),
    "huggins-alho": ("huggins-alho", {"interactions": "all"}),
    "huggins-alho, squares": ("huggins-alho", {"formula": "x + I(x**2) + sex", "interactions": "all"}),
}
COLUMNS = ("scenario", "seed", "method", "population", "low", "high", "holds")


def draw(scenario: str, seed: int) -> hp.CaptureTable:
    """The people on a list, with what is known of them."""
    people, lists, bend, ratio = SCENARIOS[scenario]
    rng = np.random.default_rng(seed)
    x, male = rng.normal(size=people), rng.integers(0, 2, people)
    on = np.zeros((people, lists), dtype=int)
    for j in range(lists):
        odds = BASE[j] + SLOPE[j] * x + bend * (x**2 - 1.0) + 0.5 * male * (j != 1)
        odds += np.log(ratio) * (on[:, 0] - 0.5) * (j == 1)
        on[:, j] = rng.random(people) < 1.0 / (1.0 + np.exp(-odds))
    frame = pd.DataFrame(on, columns=[f"list_{j + 1}" for j in range(lists)])
    frame["x"], frame["sex"] = x.round(3), np.where(male, "m", "f")
    return hp.read_captures(frame[on.any(axis=1)], lists=list(frame.columns[:lists]), strata=["x", "sex"])


def run(scenario: str, seed: int) -> list[dict[str, str]]:
    """What every method says about one table."""
    table, (people, lists, *_) = draw(scenario, seed), SCENARIOS[scenario]
    rows = []
    for name, (method, options) in (METHODS | (TIED if lists > 2 else {})).items():
        row = dict.fromkeys(COLUMNS, "") | {"scenario": scenario, "seed": str(seed), "method": name}
        found = attempt_quietly(table, method, **options)
        if isinstance(found, hp.Estimate):
            limits = found.interval
            held = limits.low <= people <= limits.high
            row |= {"population": f"{found.population:.1f}", "low": f"{limits.low:.1f}", "high": f"{limits.high:.1f}"}
            row["holds"] = str(int(held))
        rows.append(row)
    return rows


def summarise(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """By scenario and method: tables with an estimate, median over the truth, share of intervals that hold it."""
    found = []
    for scenario, (people, *_) in SCENARIOS.items():
        for method in METHODS:
            own = [r for r in rows if (r["scenario"], r["method"]) == (scenario, method)]
            made = [r for r in own if r["population"]]
            found.append(
                {
                    "scenario": scenario,
                    "method": method,
                    "tables": str(len(own)),
                    "refused": str(len(own) - len(made)),
                    "median": f"{np.median([float(r['population']) for r in made]) / people:.3f}",
                    "coverage": f"{np.mean([int(r['holds']) for r in made]):.3f}",
                    "width": f"{np.median([float(r['high']) / float(r['low']) for r in made]):.2f}",
                }
            )
    return found


def write_summary(summary: list[dict[str, str]]) -> None:
    """The table of the README."""
    path = HERE / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition("<!-- summary: begin -->\n")
    _, mark, after = rest.partition("<!-- summary: end -->")
    lines = [" | ".join(summary[0]), " | ".join("---" for _ in summary[0]), *(" | ".join(r.values()) for r in summary)]
    table = "".join(f"| {line} |\n" for line in lines)
    path.write_text(f"{before}<!-- summary: begin -->\n{table}{mark}{after}", encoding="utf-8")


def main() -> None:
    """Run all scenarios and sum up."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else TABLES
    work = [(scenario, seed) for scenario in SCENARIOS for seed in range(number)]
    parts = Parallel(n_jobs=cpu_count())(delayed(run)(*each) for each in work)
    rows = [row for part in parts for row in part]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    write_summary(summarise(rows))


if __name__ == "__main__":
    main()
