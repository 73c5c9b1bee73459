"""How many people are on no list? Multiple-systems estimation of hidden populations."""

from hiddenpop.bayes import to_arviz
from hiddenpop.captures import CaptureTable
from hiddenpop.checks import Consistency, Sensitivity, Verdict, check, internal_consistency, sensitivity, verdict
from hiddenpop.datasets import catalogue, load
from hiddenpop.design import Design, Group
from hiddenpop.errors import (
    ConvergenceError,
    DataError,
    HiddenpopError,
    MissingExtraError,
    NotEstimableError,
    OptionError,
    SparseOverlapWarning,
    UnknownNameError,
)
from hiddenpop.estimators import (
    bayes_threshold,
    capture_model,
    chao,
    chapman,
    graphical,
    latent_class,
    lincoln_petersen,
    loglinear,
    loglinear_average,
    loglinear_bayes,
    loglinear_search,
    loglinear_shrinkage,
    loglinear_stepwise,
    partial_pooling,
    sample_coverage,
    zelterman,
)
from hiddenpop.intake import read_captures
from hiddenpop.overlap import Overlap, overlap
from hiddenpop.provenance import Provenance
from hiddenpop.registry import METHODS, compare, estimate, estimate_by
from hiddenpop.report import plot_estimate, plot_estimates, plot_overlaps, write_report
from hiddenpop.result import Check, Estimate, Interval, Refusal, frame
from hiddenpop.sightings import SightingCounts

__all__ = [
    "METHODS",
    "CaptureTable",
    "Check",
    "Consistency",
    "ConvergenceError",
    "DataError",
    "Design",
    "Estimate",
    "Group",
    "HiddenpopError",
    "Interval",
    "MissingExtraError",
    "NotEstimableError",
    "OptionError",
    "Overlap",
    "Provenance",
    "Refusal",
    "Sensitivity",
    "SightingCounts",
    "SparseOverlapWarning",
    "UnknownNameError",
    "Verdict",
    "bayes_threshold",
    "capture_model",
    "catalogue",
    "chao",
    "chapman",
    "check",
    "compare",
    "estimate",
    "estimate_by",
    "frame",
    "graphical",
    "internal_consistency",
    "latent_class",
    "lincoln_petersen",
    "load",
    "loglinear",
    "loglinear_average",
    "loglinear_bayes",
    "loglinear_search",
    "loglinear_shrinkage",
    "loglinear_stepwise",
    "overlap",
    "partial_pooling",
    "plot_estimate",
    "plot_estimates",
    "plot_overlaps",
    "read_captures",
    "sample_coverage",
    "sensitivity",
    "to_arviz",
    "verdict",
    "write_report",
    "zelterman",
]
