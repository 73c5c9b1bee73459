"""How many people are on no list? Multiple-systems estimation of hidden populations."""

from hiddenpop.captures import CaptureTable
from hiddenpop.checks import check, verdict
from hiddenpop.datasets import catalogue, load
from hiddenpop.errors import (
    ConvergenceError,
    ConvergenceWarning,
    DataError,
    HiddenpopError,
    NotEstimableError,
    OptionError,
    SparseOverlapWarning,
    UnknownNameError,
)
from hiddenpop.estimators import chao, chapman, lincoln_petersen, loglinear, sample_coverage, zelterman
from hiddenpop.intake import read_captures
from hiddenpop.overlap import overlap
from hiddenpop.registry import METHODS, compare, estimate, estimate_by
from hiddenpop.report import plot_estimates, plot_overlaps, write_report
from hiddenpop.result import Check, Estimate, Interval, Refusal, frame
from hiddenpop.sightings import SightingCounts
