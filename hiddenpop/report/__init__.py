"""Pictures and documents: the only room that draws or writes reports."""

from hiddenpop.report.document import write_report
from hiddenpop.report.plots import plot_estimate, plot_estimates, plot_overlaps

__all__ = ["plot_estimate", "plot_estimates", "plot_overlaps", "write_report"]
