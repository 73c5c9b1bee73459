"""Does the sensitivity band hold truths that no data can tell apart? `python analyses/calibration/bands.py`.

Truths outside the class that the headline claims, up to five lists, from `acceptance.toml`. `strongest` is the true
interaction of three or more lists farthest from 1 (a ratio of odds ratios, of ratios and so on). Where it lies outside
1/2 to 2 the band is computed for a `gamma` that lets it in, too. Writes `bands.csv`, and its table into `README.md`.
"""

from itertools import combinations
from math import exp, log, sqrt
from os import cpu_count
from pathlib import Path
from statistics import median
from zlib import crc32

import numpy as np
from joblib import Parallel, delayed
from study import RULES
from written import write_table

from hiddenpop.arrays import mask_of
from hiddenpop.checks.examination import widen_limits
from hiddenpop.checks.headline import choose_headline
from hiddenpop.checks.sensitivity import sensitivity
from hiddenpop.design import Design
from hiddenpop.errors import HiddenpopError
from hiddenpop.result import Estimate

TABLE = Path(__file__).with_name("bands.csv")
TABLES = 200
GAMMA = 2.0


def strongest_interaction(design: Design) -> float:
    """Log of the interaction of three lists or more that is farthest from 0, by inclusion and exclusion."""
    logs = np.log(design.cells.sum(axis=0))
    found = [
        sum(
            (-1) ** (size - part) * sum(logs[mask_of(some)] for some in combinations(who, part))
            for part in range(size + 1)
        )
        for size in range(3, design.n_lists + 1)
        for who in combinations(range(design.n_lists), size)
    ]
    return float(max(found, key=abs))


def try_one(design: Design, seed: np.random.SeedSequence, gammas: list[float]) -> list[tuple[bool, bool | None, float]]:
    """Of one table and each gamma: holds the interval the truth, holds the band (None: no band), its factor."""
    truth, table = design.population, design.draw(np.random.default_rng(seed))
    headline = choose_headline(table, seed=1)
    if not isinstance(headline, Estimate) or headline.interval is None:
        return [(False, None, 0.0)] * len(gammas)
    held = headline.interval.low <= truth <= (headline.interval.high or np.inf)
    found = []
    for gamma in gammas:
        try:
            band = widen_limits(headline, sensitivity(table, values=(1.0,), gamma=gamma))
        except HiddenpopError:
            band = None
        found.append((held, band and band[0] <= truth <= band[1], band[1] / band[0] if band else 0.0))
    return found


def rows_of(scenario: dict[str, object]) -> list[dict[str, object]]:
    """One row for each gamma."""
    design = Design.from_dict(scenario["design"])
    true = strongest_interaction(design)
    gammas = [GAMMA] + [exp(abs(true)) * 1.001] * (abs(true) > log(GAMMA))
    seeds = np.random.SeedSequence((RULES["seed"], crc32(str(scenario["id"]).encode()), 1)).spawn(TABLES)
    done = Parallel(n_jobs=cpu_count())(delayed(try_one)(design, seed, gammas) for seed in seeds)
    rows = []
    for place, gamma in enumerate(gammas):
        own = [one[place] for one in done]
        bands = [held for _, held, _ in own if held is not None]
        share = sum(bands) / len(bands) if bands else float("nan")
        rows.append(
            {
                "scenario": scenario["id"],
                "truth": scenario["kind"],
                "lists": design.n_lists,
                "strongest": f"{exp(true):.2f}",
                "gamma": f"{gamma:.2f}",
                "tables": TABLES,
                "no_band": TABLES - len(bands),
                "interval_coverage": f"{sum(held for held, _, _ in own) / TABLES:.3f}",
                "band_coverage": f"{share:.3f}",
                "error": f"{sqrt(share * (1 - share) / max(len(bands), 1)):.3f}",
                "band_factor": f"{median(f for _, held, f in own if held is not None):.2f}" if bands else "",
            }
        )
    return rows


def main() -> None:
    """All scenarios outside the claim, up to five lists."""
    outside = [one for one in RULES["scenario"] if one["kind"] in RULES["claims"]["outside"]]
    rows: list[dict[str, object]] = []
    for scenario in outside:
        rows += rows_of(scenario)
        print(*rows[-1].values(), flush=True)
    write_table(TABLE, rows)


if __name__ == "__main__":
    main()
