"""Pictures and documents: the only room that draws or writes reports."""

from hiddenpop.report.document import check_target, write_report
from hiddenpop.report.plots import plot_estimate, plot_estimates, plot_overlaps

__all__ = ["check_target", "plot_estimate", "plot_estimates", "plot_overlaps", "write_report"]
