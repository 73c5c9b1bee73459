"""A release: a whole analysis in one folder, that can be run again, checked bit for bit, and compared with another."""

from hiddenpop.release.compare import Difference, diff_releases, verify_release
from hiddenpop.release.countries import CountrySheet, compare_countries, read_countries, write_countries
from hiddenpop.release.run import run_analysis

__all__ = [
    "CountrySheet",
    "Difference",
    "compare_countries",
    "diff_releases",
    "read_countries",
    "run_analysis",
    "verify_release",
    "write_countries",
]
