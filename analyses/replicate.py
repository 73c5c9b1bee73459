"""Rerun an analysis and write down what came out: `python analyses/replicate.py NAME [PART OF AN ENTRY'S NAME]`.

Reads `NAME/analysis.toml`, writes `NAME/expected.json`, and the table of `NAME/README.md` between its two marks. Where
the publication printed a number, ours must agree: point estimates to the printed digit, simulated numbers within three
Monte Carlo standard deviations of the difference (both sides are simulated). A number that does not agree needs a line
`differs` in the analysis that says why; without it the test of the analysis fails.
"""

import json
import sys
import tomllib
import warnings
from math import sqrt
from pathlib import Path
from statistics import stdev
from typing import Any

import numpy as np

import hiddenpop as hp
from hiddenpop.numerics.resampling import Resamples, limits_sd

HERE = Path(__file__).parent
BEGIN, END = "<!-- our numbers: begin -->", "<!-- our numbers: end -->"
RTOL = 1e-7


def entries(analysis: dict[str, Any]) -> list[dict[str, Any]]:
    """The estimates of an analysis, with what they share filled in."""
    shared = {key: analysis[key] for key in ("table", "method", "level", "seed", "seeds") if key in analysis}
    return [{"seeds": 1, **shared, "options": {}, **entry} for entry in analysis["estimate"]]


def numbers(entry: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Run one entry: quantity -> (value, Monte Carlo standard deviation).

    That of a bootstrap is found by drawing from the replicates again, that of chains from their effective draws.
    """
    table, given = hp.load(entry["table"]), {**entry["options"], "level": entry["level"], "seed": entry["seed"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimate = hp.estimate(table, entry["method"], **given)
    fit, sd = estimate.fit, (0.0, 0.0)
    if hasattr(fit, "ess"):
        return of_chains(estimate)
    found = {"population": (estimate.population, 0.0)}
    if estimate.draws is not None and hasattr(fit, "acceleration"):
        resamples = Resamples(estimate.population, estimate.draws, fit.acceleration, fit.ties)
        sd = limits_sd(resamples, given.get("interval", "bca"), entry["level"])
    if estimate.interval is not None:
        found |= {"low": (estimate.interval.low, sd[0]), "high": (estimate.interval.high, sd[1])}
    if hasattr(fit, "criterion_value"):
        found["criterion"] = (fit.criterion_value, 0.0)
    for top, times in (getattr(fit, "ranks", None) or {}).items():
        share = times / fit.replicates
        found[f"top_{top}"] = (float(times), sqrt(fit.replicates * share * (1.0 - share)))
    return found


def of_chains(estimate: hp.Estimate) -> dict[str, tuple[float, float]]:
    """Median and limits, with the standard deviation that so many effective draws leave."""
    tail, found = (1.0 - estimate.interval.level) / 2.0, {}
    for name, share in (("population", 0.5), ("low", tail), ("high", 1.0 - tail)):
        error = sqrt(share * (1.0 - share) / estimate.fit.ess)
        low, middle, high = np.quantile(estimate.draws, np.clip([share - error, share, share + error], 0.0, 1.0))
        found[name] = (float(middle), float(high - low) / 2.0)
    return found


def precise(entry: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """The same, with the standard deviation between runs where the entry asks for several `seeds`."""
    runs = [numbers({**entry, "seed": entry["seed"] + more}) for more in range(entry["seeds"])]
    if len(runs) == 1:
        return runs[0]
    return {q: (value, stdev(run[q][0] for run in runs)) for q, (value, _) in runs[0].items()}


def agrees(row: dict[str, Any]) -> bool:
    """Is our number the printed one, as far as rounding and simulation allow?"""
    room = row.get("rounded", 1) / 2 + 3.0 * sqrt(2.0) * row["sd"]
    return bool(abs(row["value"] - row["printed"]) <= room)


def rows_of(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """What `expected.json` says of an entry."""
    printed, rows = entry.get("printed", {}), []
    for quantity, (value, sd) in precise(entry).items():
        if quantity.startswith("top_") and quantity not in printed:
            continue
        row = {"name": entry["name"], "quantity": quantity, "value": value, "rtol": RTOL, "sd": round(sd, 3)}
        if hp.METHODS[entry["method"]].sampling:  # chains differ between machines: Monte Carlo error decides
            row["atol"] = round(4.0 * sqrt(2.0) * sd, 3)
        if quantity in printed:
            row |= {"printed": printed[quantity], "rounded": entry.get("rounded", 1)}
            if not agrees(row):
                row["differs"] = entry.get("differs", "not explained")
        rows.append(row)
    return rows


def shown(rows: list[dict[str, Any]], quantity: str) -> str:
    """One cell: our number, its Monte Carlo standard deviation, the printed number."""
    row = next((r for r in rows if r["quantity"] == quantity), None)
    if row is None:
        return ""
    text = f"{row['value']:,.2f}" if quantity == "criterion" else f"{row['value']:,.0f}"
    if row["sd"]:
        text += f" ± {row['sd']:,.0f}"
    if "printed" in row:
        text += f" ({row['printed']:,}{', differs' if 'differs' in row else ''})"
    return text


def table_of(rows: list[dict[str, Any]]) -> str:
    """All rows as Markdown tables: estimates with limits, then ranks."""
    names = list(dict.fromkeys(r["name"] for r in rows))
    by_name = {name: [r for r in rows if r["name"] == name] for name in names}
    columns = [q for q in ("population", "low", "high", "criterion") if any(r["quantity"] == q for r in rows)]
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "--:|" * len(columns)]
    lines += [f"| {n} | " + " | ".join(shown(by_name[n], q) for q in columns) + " |" for n in names]
    tops = [q for q in dict.fromkeys(r["quantity"] for r in rows) if q.startswith("top_")]
    if tops:
        lines += ["", "| | " + " | ".join(q.replace("_", " ") for q in tops) + " |", "|---|" + "--:|" * len(tops)]
        ranked = [n for n in names if any(r["quantity"] in tops for r in by_name[n])]
        lines += [f"| {n} | " + " | ".join(shown(by_name[n], q) for q in tops) + " |" for n in ranked]
    return "\n".join(lines)


def main(name: str, part: str = "") -> None:
    """Rerun one analysis, or those of its entries whose names contain the part given."""
    folder = HERE / name
    analysis = tomllib.loads((folder / "analysis.toml").read_text(encoding="utf-8"))
    path, rows = folder / "expected.json", []
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    for entry in entries(analysis):
        if part not in entry["name"]:
            rows += [row for row in before if row["name"] == entry["name"]]
            continue
        rows += [{**row, **({"slow": True} if entry.get("slow") else {})} for row in rows_of(entry)]
        print(entry["name"], [(r["quantity"], round(r["value"], 2)) for r in rows if r["name"] == entry["name"]])
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    readme = (folder / "README.md").read_text(encoding="utf-8")
    head, tail = readme.split(BEGIN)[0], readme.split(END)[1]
    (folder / "README.md").write_text(f"{head}{BEGIN}\n{table_of(rows)}\n{END}{tail}", encoding="utf-8")
    for row in rows:
        if "differs" in row:
            print("differs:", row)


if __name__ == "__main__":
    main(*sys.argv[1:])
