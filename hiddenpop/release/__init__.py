"""A release: a whole analysis in one folder, that can be run again, checked bit for bit, and compared with another."""

from hiddenpop.release.compare import Difference, diff_releases, verify_release
from hiddenpop.release.run import run_analysis

__all__ = ["Difference", "diff_releases", "run_analysis", "verify_release"]
