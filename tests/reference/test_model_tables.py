"""All hierarchical models (3-4 lists) or the best 100 (5 lists, order 3 or less), as sets: same models, N and BIC.

The tables were made with MultipleSystemsEstimation 1.2.0 in R 4.2.2, run as a black box.
"""

import csv
from pathlib import Path

import pytest

import hiddenpop as hp

TABLES = sorted((Path(__file__).parent / "model_tables").glob("*.csv"))


@pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")
@pytest.mark.parametrize("search", ["exhaustive", "exact"])
@pytest.mark.parametrize("path", TABLES, ids=lambda p: p.stem)
def test_models_with_an_estimate_are_the_same(path, search):
    table = hp.load(path.stem)
    with path.open(encoding="utf-8") as file:
        wanted = {r["model"]: (float(r["population"]), float(r["bic"])) for r in csv.DictReader(file)}
    found = hp.loglinear_search(table, max_order=min(3, table.n_lists - 1), search=search, replicates=0).fit
    ours = {m["model"]: (m["population"], m["criterion"]) for m in found.models}
    assert len(ours) >= min(len(wanted), 100)
    shared = set(ours) & set(wanted)
    ends = max(bic for _, bic in wanted.values()) if len(wanted) == 100 else float("inf")
    last = min(ends, found.models[-1]["criterion"])
    assert {m for m, (_, bic) in ours.items() if bic < last - 1e-6} == {
        m for m, (_, bic) in wanted.items() if bic < last - 1e-6
    }
    for model in shared:
        assert ours[model] == pytest.approx(wanted[model], rel=1e-6), model
