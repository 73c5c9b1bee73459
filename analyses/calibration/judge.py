"""The choice of the headline by `acceptance.toml` from the rows of `coverage.csv`: `analyses/calibration/judge.py`.

Writes `judged.csv` (each candidate on each half, with the criteria it misses), `classes.csv` (coverage by class of
truths, before and after), both into `README.md`, and `coverage.svg`.
"""

from collections.abc import Iterable
from math import exp, log, sqrt
from pathlib import Path
from statistics import median

from study import CANDIDATES, RULES, read_rows
from written import write_table

HERE = Path(__file__).parent
CRITERIA, CLAIMS, LEVEL = RULES["criteria"], RULES["claims"], RULES["level"]
HALVES = ("choose", "confirm")
INDEPENDENCE = "loglinear"
SEARCH = f"loglinear-search replicates={RULES['tables']['replicates']}"
ALL_PAIRS = "loglinear interactions=all interval=profile"
Row = dict[str, str]


def floor(nominal: float, tables: int) -> float:
    """A required share less two Monte Carlo standard deviations at the nominal share."""
    return nominal - 2.0 * sqrt(LEVEL * (1.0 - LEVEL) / tables)


def kept_or_refused(row: Row) -> float:
    """Share of tables whose interval holds the truth, or that have none."""
    return (int(row["covered"]) + int(row["refused"])) / int(row["tables"])


def misses(row: Row) -> list[str]:
    """Criteria that a candidate misses on one scenario."""
    if row["kind"] in CLAIMS["sparse"]:
        low = kept_or_refused(row) < floor(CRITERIA["covered_or_refused"], int(row["tables"]))
        return ["covered_or_refused"] if low else []
    if row["kind"] not in CLAIMS["inside"]:
        return []
    given = int(row["tables"]) - int(row["refused"])
    found = {
        "coverage": not given or float(row["interval_coverage"]) < floor(CRITERIA["coverage"], given),
        "width": not float(row["relative_width"]) <= CRITERIA["width"],
        "refused": float(row["refused_estimable"]) >= CRITERIA["refused"],
    }
    return [name for name, missed in found.items() if missed]


def judge(rows: Iterable[Row], half: str, contender: str) -> dict[str, object]:
    """One candidate on one half."""
    own = [row for row in rows if row["half"] == half and row["contender"] == contender]
    wanted = [one["id"] for one in RULES["scenario"] if one["half"] == half and judged_by(one["kind"])]
    own = [row for row in own if row["scenario"] in wanted]
    inside = [row for row in own if row["kind"] in CLAIMS["inside"]]
    narrow = [float(row["relative_width"]) for row in own if row["kind"] == "independent"]
    missed = [f"{name} {row['scenario']}" for row in own for name in misses(row)]
    complete = len(own) == len(wanted)
    return {
        "half": half,
        "contender": contender,
        "scenarios": f"{len(own)} of {len(wanted)}",
        "lowest_coverage": min((float(row["interval_coverage"]) for row in inside), default=""),
        "widest": max((float(row["relative_width"]) for row in inside), default=""),
        "sparse": min((round(kept_or_refused(r), 4) for r in own if r["kind"] in CLAIMS["sparse"]), default=""),
        "independent_width": round(median(narrow), 3) if complete else "",
        "mean_width": round(exp(sum(log(float(r["relative_width"])) for r in inside) / len(inside)), 4)
        if complete
        else "",
        "missed": ", ".join(missed),
    }


def judged_by(kind: str) -> bool:
    """Do the criteria speak of truths of this kind?"""
    return kind in CLAIMS["inside"] or kind in CLAIMS["sparse"]


def choose(judged: list[dict[str, object]]) -> str:
    """The candidate of the rule: complete, nothing missed, the smallest mean width; `narrow` decides between them.

    Raises
    ------
    SystemExit
        If a candidate that misses nothing so far has not been run on every scenario.
    """
    first = [one for one in judged if one["half"] == "choose" and not one["missed"]]
    open_ones = [str(one["contender"]) for one in first if one["mean_width"] == ""]
    if open_ones:
        raise SystemExit(f"No choice yet, scenarios are missing: {', '.join(open_ones)}.")
    narrow = [one for one in first if float(str(one["independent_width"])) <= CRITERIA["narrow"]]
    return str(min(narrow or first, key=lambda one: float(str(one["mean_width"])))["contender"])


def by_class(rows: Iterable[Row], contenders: Iterable[str]) -> list[dict[str, object]]:
    """Coverage by class of truths and half."""
    every, found = list(rows), []
    for half in HALVES:
        for kind in [*CLAIMS["inside"], *CLAIMS["sparse"], *CLAIMS["outside"]]:
            for contender in contenders:
                own = [r for r in every if (r["half"], r["kind"], r["contender"]) == (half, kind, contender)]
                given = [r for r in own if r["interval_coverage"] != "nan"]
                if not given:
                    continue
                coverage = [float(row["interval_coverage"]) for row in given]
                found.append(
                    {
                        "half": half,
                        "truth": kind,
                        "contender": contender,
                        "scenarios": len(own),
                        "lowest_coverage": min(coverage),
                        "highest_coverage": max(coverage),
                        "refused": round(sum(int(r["refused"]) for r in own) / sum(int(r["tables"]) for r in own), 3),
                        "relative_width": round(median(float(row["relative_width"]) for row in given), 3),
                    }
                )
    return found


def main() -> None:
    """Judge, choose, and write tables and figure."""
    rows = read_rows()
    judged = [judge(rows, half, one.label) for half in HALVES for one in CANDIDATES]
    judged = [one for one in judged if not str(one["scenarios"]).startswith("0 ")]
    write_table(HERE / "judged.csv", judged)
    chosen = choose(judged)
    contenders = [INDEPENDENCE, SEARCH, ALL_PAIRS, chosen]
    write_table(HERE / "classes.csv", by_class(rows, contenders))
    draw(rows, contenders).savefig(HERE / "coverage.svg", metadata={"Date": None})
    print(f"Chosen: {chosen}")
    for one in judged:
        if one["contender"] == chosen:
            print(f"{one['half']}: {one['scenarios']} scenarios, missed: {one['missed'] or 'nothing'}")


def draw(rows: list[Row], contenders: list[str]):  # type: ignore[no-untyped-def]
    """Coverage of every scenario, one row each, grouped by class of truths."""
    from hiddenpop.report.plots import ACCENT, INK, MUTED, new_figure

    order = [*CLAIMS["inside"], *CLAIMS["sparse"], *CLAIMS["outside"]]
    scenarios = sorted(RULES["scenario"], key=lambda one: (order.index(one["kind"]), one["id"]))
    places = {one["id"]: -place for place, one in enumerate(scenarios)}
    figure, axes = new_figure(7.4, 0.19 * len(places) + 0.9)
    marks = zip(contenders, ("x", "s", "o", "D"), (MUTED, "#b3541e", INK, ACCENT), strict=True)
    for contender, mark, colour in marks:
        own = [row for row in rows if row["contender"] == contender and row["interval_coverage"] != "nan"]
        at = [float(row["interval_coverage"]) for row in own], [places[row["scenario"]] for row in own]
        filled = colour if contender == contenders[-1] else "none"
        axes.plot(*at, mark, color=colour, ms=4.5, mfc=filled, mew=1, label=contender)
    axes.axvline(LEVEL, color=MUTED, lw=1)
    axes.set_yticks(list(places.values()), [f"{one['kind']}  {one['id']}" for one in scenarios], fontsize=7)
    axes.set_xlabel("share of 95 % intervals that hold the truth")
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, fontsize=7, frameon=False)
    return figure


if __name__ == "__main__":
    main()
