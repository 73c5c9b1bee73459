"""Every method on the shipped tables whose true size is known: `python analyses/known_truth/known_truth.py`.

Writes `known_truth.csv` beside this file, its tables into `README.md`, and `known_truth.svg`. The slowest row takes
minutes; `known_truth.py show` only writes README and picture again, from the CSV file.
"""

import csv
import sys
from os import cpu_count
from pathlib import Path

import hiddenpop as hp
from hiddenpop.datasets import entries
from hiddenpop.registry import attempt_quietly
from hiddenpop.report.plots import as_svg, new_figure

HERE = Path(__file__).parent
TABLE = HERE / "known_truth.csv"
SEED = 2026
EVERY_PAIR = "loglinear, all pairs"
HEADLINE = "headline"
COLUMNS = (
    "data", "truth", "method", "outcome", "population", "low", "high", "holds", "verdict", "band_low", "band_high",
    "reason",
)  # fmt: skip
Row = dict[str, str]


def truths() -> dict[str, int]:
    """Every shipped table that has a true size, as its catalogue entry says."""
    return {name: entry["true_population"] for name, entry in entries().items() if entry.get("true_population")}


def contenders() -> list[str]:
    """Every registered method with its defaults, and the model in which every two lists depend on each other."""
    return [*hp.METHODS, EVERY_PAIR]


def run(name: str, contender: str) -> Row:
    """One row: what a method says about a table."""
    data, method, options = hp.load(name), contender, {}
    if contender == EVERY_PAIR:
        method, options = "loglinear", {"interactions": "all", "interval": "profile"}
    found = attempt_quietly(data, method, seed=SEED, **options)
    row = describe(name, contender, found)
    return row if hp.METHODS[method].applies(data) else row | {"outcome": "other data"}


def run_headline(name: str, tables: int = 100) -> Row:
    """The row of the headline, with the verdict that a report gives it; `tables` as in `hiddenpop.examine`."""
    data = hp.load(name)
    found = hp.choose_headline(data, seed=SEED)
    row = describe(name, HEADLINE, found)
    if isinstance(found, hp.Refusal):
        return row | {"verdict": "do-not-publish"}
    others = hp.compare(data, seed=SEED)
    held = hp.examine(data, found, others, tables=tables, seed=SEED, jobs=cpu_count() or 1)
    decided = hp.verdict([*hp.check(data), *held.checks], found)
    band = {} if held.band is None else {"band_low": f"{held.band[0]:.0f}", "band_high": f"{held.band[1]:.0f}"}
    return row | band | {"verdict": decided.level, "reason": found.method}


def describe(name: str, contender: str, found: hp.Estimate | hp.Refusal) -> Row:
    """What came out, against the truth."""
    truth = truths()[name]
    row = dict.fromkeys(COLUMNS, "") | {"data": name, "truth": str(truth), "method": contender}
    if isinstance(found, hp.Refusal):
        return row | {"outcome": "refused", "reason": found.error.message}
    row |= {"outcome": "estimate", "population": f"{found.population:.1f}"}
    limits = found.interval
    if limits is None:
        reason = next((check.message for check in found.checks if check.name == "no-interval"), "it gives none.")
        return row | {"outcome": "no interval", "reason": reason}
    held = limits.low <= truth and (limits.high is None or truth <= limits.high)
    high = "" if limits.high is None else f"{limits.high:.1f}"
    return row | {"low": f"{limits.low:.1f}", "high": high, "holds": "yes" if held else "no"}


def whole(number: str) -> str:
    """A number of people for a reader; empty where there is none."""
    return f"{float(number):,.0f}" if number else ""


def span(row: Row, low: str = "low", high: str = "high") -> str:
    """Two limits for a reader."""
    return f"{whole(row[low])} to {whole(row[high])}" if row[low] and row[high] else "none"


def show_headlines(rows: list[Row]) -> list[str]:
    """The table of headlines."""
    lines = [
        "| table | truth | headline | estimate | 95 % interval | holds the truth | sensitivity band | verdict |",
        "|---|--:|---|--:|---|---|---|---|",
    ]
    for row in rows:
        if row["method"] == HEADLINE:
            band = span(row, "band_low", "band_high")
            cells = [row["data"], row["truth"], row["reason"], whole(row["population"]), span(row), row["holds"]]
            lines.append("| " + " | ".join([*cells, band, f"`{row['verdict']}`"]) + " |")
    return lines


def show_methods(rows: list[Row], name: str) -> list[str]:
    """The table of one data set: smallest estimate first, refusals last."""
    mine = [row for row in rows if row["data"] == name and row["method"] != HEADLINE and row["outcome"] != "other data"]
    given = [row for row in mine if row["holds"]]
    truth, observed = mine[0]["truth"], hp.load(name).observed
    held = sum(row["holds"] == "yes" for row in given)
    lines = [f"### {name}: {truth} in truth, {observed} known", ""]
    lines += [f"{held} of {len(given)} intervals hold the truth.", ""]
    lines += ["| method | estimate | 95 % interval | holds the truth |", "|---|--:|---|---|"]
    for row in sorted(mine, key=lambda row: float(row["population"] or "inf")):
        holds = row["holds"] or ("refused: " if row["outcome"] == "refused" else "no interval: ") + row["reason"]
        lines.append(f"| {row['method']} | {whole(row['population'])} | {span(row)} | {holds} |")
    return [*lines, ""]


def write_readme(rows: list[Row]) -> None:
    """Write the tables between their marks."""
    parts = {"headlines": show_headlines(rows)}
    parts["methods"] = [line for name in truths() for line in show_methods(rows, name)]
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    for part, lines in parts.items():
        begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
        head, tail = text.split(begin)[0], text.split(end)[1]
        text = "\n".join([head + begin, *lines, end + tail])
    readme.write_text(text, encoding="utf-8")


def draw(rows: list[Row]) -> str:
    """Every interval over the truth, as SVG; those that miss it stand out."""
    shown = [row for name in truths() for row in rows if row["data"] == name and row["holds"]]
    figure, axes = new_figure(7.4, 0.6 + 0.2 * len(shown))
    for y, row in enumerate(shown):
        low, middle, high = (float(row[what] or "1e9") / float(row["truth"]) for what in ("low", "population", "high"))
        colour = "#1f4e5f" if row["holds"] == "yes" else "#b5432a"
        axes.plot([low, high], [y, y], color=colour, lw=1.6)
        axes.plot(middle, y, "o", color=colour, ms=4.5)
    axes.axvline(1.0, color="#8a949b", lw=0.9, zorder=0)
    axes.set_xscale("log")
    axes.set_xticks([0.5, 1, 2, 4], ["half", "truth", "double", "four times"])
    axes.set_xlim(0.3, 8.0)
    axes.minorticks_off()
    axes.set_yticks(range(len(shown)), [f"{row['data']}: {row['method']}" for row in shown], fontsize=7)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    return as_svg(figure)


def main() -> None:
    """Run what is asked, and write it."""
    if sys.argv[1:] == ["show"]:
        rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    else:
        rows = []
        for name in truths():
            for row in [*(run(name, one) for one in contenders()), run_headline(name)]:
                rows.append(row)
                print(*(f"{key} {value}" for key, value in row.items() if value), sep=", ", flush=True)
        with TABLE.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    write_readme(rows)
    (HERE / "known_truth.svg").write_text(draw(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
