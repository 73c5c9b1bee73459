"""Draw the picture of the README: `python analyses/uk_2013/picture.py [file.svg]`."""

import sys
from pathlib import Path

import hiddenpop as hp
from hiddenpop.report.plots import as_svg

table = hp.load("uk_2013")
results = [
    hp.loglinear(table, interactions="all", interval="profile"),
    hp.loglinear(table, interactions=[("local_authority", "ngo"), ("ngo", "police")]),
    *hp.compare(table, seed=7),
]
target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "estimates.svg"
target.write_text(as_svg(hp.plot_estimates(results, highlight=0)), encoding="utf-8")
