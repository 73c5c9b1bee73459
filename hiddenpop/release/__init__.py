"""A release: a whole analysis in one folder, that can be run again, checked bit for bit, and compared with another."""

from hiddenpop.release.compare import Difference, diff_releases, verify_release
from hiddenpop.release.description import Analysis, read_analysis
from hiddenpop.release.run import run_analysis

__all__ = ["Analysis", "Difference", "diff_releases", "read_analysis", "run_analysis", "verify_release"]
