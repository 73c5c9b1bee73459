"""Coverage of every method: `study.py [WORK ...] [METHOD ...] [OPTION=VALUE ...] [SCENARIO or HALF ...]`.

WORK is `single`, `resampled` or `chains`; what is not named is run whole.

Writes `coverage.csv` beside this file, one row for each scenario and contender, as soon as a scenario is done; rows
that are there are not run again, so an interrupted run goes on where it stopped.
"""

import csv
import sys
import tomllib
from dataclasses import asdict
from os import cpu_count
from pathlib import Path
from zlib import crc32

from hiddenpop.checks.coverage import Contender, measure_coverage
from hiddenpop.design import Design
from hiddenpop.registry import METHODS

HERE = Path(__file__).parent
RULES = tomllib.loads((HERE / "acceptance.toml").read_text(encoding="utf-8"))
TABLE = HERE / "coverage.csv"
DIGITS = 4
SHORT = {"chains": 2, "draws": 500, "allow_unconverged": False}

CANDIDATES = tuple(Contender(one["method"], one["options"]) for one in RULES["choice"]["candidates"])
SINGLE = (
    *CANDIDATES,
    Contender("loglinear"),
    Contender("loglinear", {"interactions": "all"}),
    Contender("loglinear-average", {"weights": "bic"}),
    Contender("chao"),
    Contender("chao", {"by_list": True}),
    Contender("zelterman"),
    Contender("sample-coverage"),
    Contender("capture-model", {"model": "Mt"}),
    Contender("capture-model", {"model": "Mth Chao (LB)"}),
    Contender("chapman", {"lists": ("list_1", "list_2")}),
    Contender("lincoln-petersen", {"lists": ("list_1", "list_2")}),
)
RESAMPLED = tuple(
    Contender(method, {"replicates": RULES["tables"]["replicates"], **options})
    for method, options in (
        ("loglinear-search", {}),
        ("loglinear-search", {"max_order": 2}),
        ("loglinear-stepwise", {}),
    )
)
CHAINS = tuple(Contender(method, SHORT) for method in ("latent-class", "loglinear-bayes", "bayes-threshold"))


def contenders_of(work: str, scenario: dict[str, object]) -> tuple[Contender, ...]:
    """What is to be run on a scenario."""
    if work == "single":
        return SINGLE
    if work == "chains":
        return CHAINS
    few = Design.from_dict(scenario["design"]).n_lists <= 4
    return RESAMPLED if few or scenario["id"] == RULES["tables"]["five_list_resampled"] else ()


def read_rows() -> list[dict[str, str]]:
    """The rows of `coverage.csv`, none if there is no such file."""
    return list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())) if TABLE.exists() else []


def write_rows(rows: list[dict[str, str]]) -> None:
    """Write all rows, in the order of scenarios."""
    rows.sort(key=lambda row: row["scenario"])
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def run(work: str, scenario: dict[str, object], methods: list[str], options: list[str]) -> None:
    """Run what is missing of a scenario, and keep it."""
    rows = read_rows()
    done = {row["contender"] for row in rows if row["scenario"] == scenario["id"]}
    wanted = [one for one in contenders_of(work, scenario) if not methods or one.method in methods]
    wanted = [one for one in wanted if set(options) <= set(one.label.split())]
    missing = [one for one in wanted if one.label not in done]
    if not missing:
        return
    found = measure_coverage(
        Design.from_dict(scenario["design"]),
        missing,
        tables=RULES["tables"][work],
        seed=(RULES["seed"], crc32(str(scenario["id"]).encode())),
        level=RULES["level"],
        jobs=cpu_count() or 1,
    )
    named = {"scenario": scenario["id"], "half": scenario["half"], "kind": scenario["kind"]}
    for one in found:
        values = {name: round(v, DIGITS) if isinstance(v, float) else v for name, v in asdict(one).items()}
        rows.append({name: str(value) for name, value in (named | values).items()})
        print(scenario["id"], one.contender, one.interval_coverage, one.relative_width, one.refused, flush=True)
    write_rows(rows)


def main() -> None:
    """Run the works, methods and scenarios named, or all."""
    words = sys.argv[1:]
    works = [word for word in words if word in RULES["tables"]] or ["single", "resampled", "chains"]
    methods = [word for word in words if word in METHODS]
    options = [word for word in words if "=" in word]
    named = [word for word in words if word not in [*works, *methods, *options]]
    first = RULES["tables"]["chains_first"]
    for work in works:
        scenarios = [one for one in RULES["scenario"] if not named or {one["id"], one["half"]} & set(named)]
        if work == "chains":
            scenarios.sort(key=lambda one: one["id"] not in first)
        for scenario in scenarios:
            run(work, scenario, methods, options)


if __name__ == "__main__":
    main()
