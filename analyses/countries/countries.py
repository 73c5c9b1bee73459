"""Do pooled figures of countries hold, and what do the other countries know of one?

`python analyses/countries/countries.py [ROUNDS]` draws rounds of twelve countries of known population and sums up in
`simulated.csv`; it runs the sheet on the published tables of trafficking that ship, and writes `published.csv`; both
stand in `README.md`.
"""

import csv
import sys
from os import cpu_count
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed

import hiddenpop as hp
from hiddenpop.checks import find_headline
from hiddenpop.national.transport import Figure, poolable

HERE = Path(__file__).parent
ROUNDS, COUNTRIES, LISTS = 100, 12, 3
POSTERIORS = "pooled with its prior"
PUBLISHED = ("uk_2013", "netherlands_2010_2015", "new_orleans", "western_us")

# name: sd of log odds to be listed between countries, sd of log populations, smallest population, log odds ratio of all
# three lists at once, the same in every country
SCENARIOS = {
    "alike, small": (0.2, 0.5, 600, 0.0),
    "alike, large": (0.2, 0.5, 6000, 0.0),
    "unlike, large": (0.8, 0.5, 6000, 0.0),
    "alike, large, all err alike": (0.2, 0.5, 6000, 0.7),
}
COLUMNS = ("scenario", "round", "country", "truth", "known", "figure", "population", "low", "high", "holds")


def draw(scenario: str, rng: np.random.Generator) -> tuple[hp.CaptureTable, int]:
    """A country's table, and how many people there are; every two lists may depend, differently in every country."""
    unlike, spread, smallest, triple = SCENARIOS[scenario]
    people = int(smallest * np.exp(abs(spread * rng.standard_normal())))
    level = unlike * rng.standard_normal() - 1.6
    cells = np.arange(2**LISTS)
    on = cells[:, None] >> np.arange(LISTS) & 1
    odds = on @ (level + 0.3 * rng.standard_normal(LISTS)) + triple * on.all(axis=1)
    for j in range(LISTS):
        for k in range(j):
            odds = odds + rng.normal(0.3, 0.25) * on[:, j] * on[:, k]
    chances = np.exp(odds - odds.max())
    counts = rng.multinomial(people, chances / chances.sum())
    rows = {f"{cell:0{LISTS}b}"[::-1]: int(counts[cell]) for cell in cells[1:]}
    return hp.CaptureTable.from_counts(rows), people


def run(scenario: str, place: int) -> list[dict[str, str]]:
    """Own, pooled and predicted figures of one round."""
    rng = np.random.default_rng([2026, list(SCENARIOS).index(scenario), place])
    drawn = {f"country {i + 1}": draw(scenario, rng) for i in range(COUNTRIES)}
    found = {name: find_headline(table, seed=place) for name, (table, _) in drawn.items()}
    speaking = {name: one for name, (table, _) in drawn.items() if (one := poolable(table, found[name])) is not None}
    silent = {name: table.observed for name, (table, _) in drawn.items() if name not in speaking}
    pooled = hp.pool_countries(speaking, silent, seed=place)
    own = {name: one for name, one in found.items() if isinstance(one, hp.Estimate) and one.interval.high is not None}
    posteriors = hp.pool_countries(own, seed=place).pooled
    rows = []
    for name, (table, people) in drawn.items():
        figures = {"predicted": pooled.predicted[name]}
        if name in own:
            figures["own"] = limits_of(own[name].population, own[name].interval)
            figures[POSTERIORS] = posteriors[name]
        if name in speaking:
            figures["pooled"] = pooled.pooled[name]
        for figure, value in figures.items():
            holds = str(int(value.low <= people <= value.high))
            numbers = [f"{x:.0f}" for x in (value.population, value.low, value.high)]
            told = [scenario, str(place), name, str(people), str(table.observed), figure, *numbers, holds]
            rows.append(dict(zip(COLUMNS, told, strict=True)))
    return rows


def limits_of(population: float, limits: hp.Interval) -> Figure:
    """An interval as a figure."""
    return Figure(population, limits.low, limits.high)


def summarise(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """By scenario and figure: how many there are, error, share of intervals that hold the truth, width."""
    found = []
    for scenario in SCENARIOS:
        for figure in ("own", "pooled", POSTERIORS, "predicted"):
            part = [r for r in rows if (r["scenario"], r["figure"]) == (scenario, figure)]
            errors = np.log([float(r["population"]) / float(r["truth"]) for r in part])
            widths = [float(r["high"]) / float(r["low"]) for r in part]
            told = {"scenario": scenario, "figure": figure, "figures": f"{len(part):,}"}
            told |= {"error": f"{np.sqrt(np.mean(errors**2)):.3f}", "bias": f"{np.median(errors):+.3f}"}
            coverage = np.mean([int(r["holds"]) for r in part])
            found.append(told | {"coverage": f"{coverage:.3f}", "width": f"{np.median(widths):.2f}"})
    return found


def published() -> list[dict[str, str]]:
    """The sheet of the tables that ship, and its notes."""
    found = hp.compare_countries({name: hp.load(name) for name in PUBLISHED}, seed=1)
    rows = found.rows.drop(columns=["method", "reason"])
    texts = rows.map(lambda value: value if isinstance(value, str) else "" if value != value else f"{value:,.4g}")
    whole = [name for name in rows if rows[name].dtype.kind in "fi" and name != "error"]
    texts[whole] = rows[whole].map(lambda value: "" if value != value else f"{value:,.0f}")
    return [*texts.to_dict("records"), *({"country": check.message} for check in found.checks)]


def put(name: str, lines: list[str]) -> None:
    """Lines between two marks of the README."""
    path = HERE / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(f"<!-- {name}: begin -->\n")
    _, mark, after = rest.partition(f"<!-- {name}: end -->")
    text = "".join(f"{line}\n" for line in lines)
    path.write_text(f"{before}<!-- {name}: begin -->\n{text}{mark}{after}", encoding="utf-8")


def as_table(rows: list[dict[str, str]]) -> list[str]:
    """Rows as a table of Markdown."""
    lines = [" | ".join(rows[0]), " | ".join("---" for _ in rows[0]), *(" | ".join(row.values()) for row in rows)]
    return [f"| {line} |" for line in lines]


def write(name: str, rows: list[dict[str, str]]) -> None:
    """A CSV file beside this one."""
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Run everything and sum up."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    work = [(scenario, place) for scenario in SCENARIOS for place in range(rounds)]
    rows = [row for part in Parallel(n_jobs=cpu_count())(delayed(run)(*each) for each in work) for row in part]
    summary = summarise(rows)
    write("simulated.csv", summary)
    put("simulated", as_table(summary))
    sheet = published()
    countries = [row for row in sheet if len(row) > 1]
    write("published.csv", countries)
    put("published", [*as_table(countries), "", *(f"- {row['country']}" for row in sheet if len(row) == 1)])


if __name__ == "__main__":
    main()
