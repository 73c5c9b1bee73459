"""National figures: the gap between known and all people, its change over time, tables that reveal nobody."""

from hiddenpop.national.gap import gap_figures
from hiddenpop.national.trend import Change, Contribution, Trend, decompose, trend

__all__ = ["Change", "Contribution", "Trend", "decompose", "gap_figures", "trend"]
