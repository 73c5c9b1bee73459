"""Detected victims of trafficking in the countries of the COMMIT process, of GLO.ACT, and in all that reported twice.

`python analyses/detection_gap/detection_gap.py FILE` reads the file of the UNODC data portal (or an extract of it) and
writes `figures.csv`, the few sums that are used here; without FILE only the tables of `README.md` are written again.
"""

import csv
import sys
from pathlib import Path

from pandas import DataFrame

from hiddenpop.intake.detected import read_detected

HERE = Path(__file__).parent
FIGURES = HERE / "figures.csv"
MEKONG = ("KHM", "CHN", "LAO", "MMR", "THA", "VNM")
GLOACT = ("BLR", "BRA", "COL", "EGY", "KGZ", "LAO", "MLI", "MAR", "NPL", "NER", "PAK", "ZAF", "UKR")
CHILD, ADULT, ALL = "0 to 17 years", "18 years or over", "Total"
BEFORE, AFTER = 2019, 2020
SINCE = 2014
COLUMNS = ("group", "year", "countries", "low", "high", "children_low", "children_high", "adults_low", "adults_high")


def collect(rows: DataFrame) -> list[dict[str, str]]:
    """The figures: each country of both groups by year, and the countries that reported in both years together."""
    rows = rows[rows["sex"] == ALL]
    figures = []
    for code in dict.fromkeys((*MEKONG, *GLOACT)):
        own = rows[(rows["iso3"] == code) & (rows["year"] >= SINCE)]
        figures += [_figure(code, int(year), part) for year, part in own.groupby("year")]
    totals = rows[rows["age"] == ALL]
    reported = [set(totals[totals["year"] == year]["iso3"]) for year in (BEFORE, AFTER)]
    both = reported[0] & reported[1]
    low = totals[totals["iso3"].isin(both)].pivot_table("low", "iso3", "year", "sum")
    moved = str((low[AFTER] - low[BEFORE]).abs().idxmax())
    for name, chosen in (
        ("all that reported in both years", both),
        (f"all of these but {moved}, which moved most", both - {moved}),
        ("COMMIT, reported in both years", both & set(MEKONG)),
        ("GLO.ACT, reported in both years", both & set(GLOACT)),
    ):
        for year in (BEFORE, AFTER):
            figures.append(_figure(name, year, rows[rows["iso3"].isin(chosen) & (rows["year"] == year)]))
    return figures


def _figure(group: str, year: int, part: DataFrame) -> dict[str, str]:
    """Sums of limits; empty where nobody gives a number. Ages are summed over countries that give both."""
    totals = part[part["age"] == ALL]
    ages = {age: part[part["age"] == age].set_index("iso3")[["low", "high"]] for age in (CHILD, ADULT)}
    shared = ages[CHILD].index.intersection(ages[ADULT].index)
    row = dict.fromkeys(COLUMNS, "") | {"group": group, "year": str(year), "countries": str(part["iso3"].nunique())}
    if len(totals):
        row |= {"low": str(totals["low"].sum()), "high": str(totals["high"].sum())}
    for name, age in (("children", CHILD), ("adults", ADULT)):
        if len(shared):
            sums = ages[age].loc[shared].sum()
            row |= {f"{name}_low": str(sums["low"]), f"{name}_high": str(sums["high"])}
    return row


def between(low: float, high: float, text: str = "{:,.0f}") -> str:
    """A number, or the two that it lies between."""
    return text.format(low) if text.format(low) == text.format(high) else f"{text.format(low)} to {text.format(high)}"


def total(row: dict[str, str]) -> str:
    """All victims, whatever their age."""
    return between(int(row["low"]), int(row["high"])) if row["low"] else "not given"


def children(row: dict[str, str]) -> str:
    """Share of children among those of known age, at its extremes."""
    if not row["children_low"]:
        return "not given"
    young, old = [[int(row[f"{name}_{end}"]) for end in ("low", "high")] for name in ("children", "adults")]
    if young[1] + old[1] == 0:
        return "nobody"
    low = young[0] / max(young[0] + old[1], 1)
    high = young[1] / max(young[1] + old[0], 1)
    return between(100.0 * low, 100.0 * high, "{:.0f} %")


def change(before: dict[str, str], after: dict[str, str]) -> str:
    """Change of the sums, at its extremes."""
    low = int(after["low"]) / int(before["high"]) - 1.0
    high = int(after["high"]) / int(before["low"]) - 1.0
    return between(100.0 * low, 100.0 * high, "{:+.0f} %")


def tables(figures: list[dict[str, str]]) -> dict[str, str]:
    """The tables of the README, by the name of their place."""
    by = {(row["group"], int(row["year"])): row for row in figures}
    years = sorted({year for group, year in by if group in MEKONG + GLOACT})
    found = {}
    for name, codes in (("commit", MEKONG), ("gloact", GLOACT)):
        head = (
            f"| country | {' | '.join(map(str, years))} | children, last year given |\n|{'---|' * (len(years) + 2)}\n"
        )
        body = ""
        for code in codes:
            cells = [total(by[code, year]) if (code, year) in by else "" for year in years]
            aged = [by[code, year] for year in years if (code, year) in by and by[code, year]["children_low"]]
            last = f"{children(aged[-1])} ({aged[-1]['year']})" if aged else "not given"
            body += f"| {code} | {' | '.join(cells)} | {last} |\n"
        found[name] = head + body
    lines = (
        f"| countries | number | {BEFORE} | {AFTER} | change | children {BEFORE} | children {AFTER} |\n|{'---|' * 7}\n"
    )
    for group in dict.fromkeys(row["group"] for row in figures if row["group"] not in MEKONG + GLOACT):
        one, other = by[group, BEFORE], by[group, AFTER]
        cells = [group, one["countries"], total(one), total(other), change(one, other), children(one), children(other)]
        lines += f"| {' | '.join(cells)} |\n"
    return found | {"both": lines}


def write_readme(figures: list[dict[str, str]]) -> None:
    """Put the tables into their places."""
    path = HERE / "README.md"
    text = path.read_text(encoding="utf-8")
    for name, table in tables(figures).items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        before, _, rest = text.partition(begin)
        text = before + begin + table + end + rest.partition(end)[2]
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Figures from the file, if one is given; then the tables."""
    if len(sys.argv) > 1:
        figures = collect(read_detected(sys.argv[1]))
        with FIGURES.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(figures)
    with FIGURES.open(encoding="utf-8") as file:
        write_readme(list(csv.DictReader(file)))


if __name__ == "__main__":
    main()
