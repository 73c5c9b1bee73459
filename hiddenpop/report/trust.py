"""What a report says about trust: sensitivity, the range of models, and validation on the data themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hiddenpop.checks import Examination
from hiddenpop.checks.ladders import Ladder, Rung
from hiddenpop.report.plots import as_svg
from hiddenpop.report.text import Say
from hiddenpop.report.trust_plots import plot_models, plot_sensitivity, plot_trajectory
from hiddenpop.result import Estimate, Refusal

WIDTHS = ("2", "6", "10")


def describe_trust(found: Examination, estimates: Sequence[Estimate | Refusal], say: Say) -> dict[str, Any]:
    """Values of the template's sections on trust; empty ones leave their section out."""
    search = next((e for e in estimates if isinstance(e, Estimate) and e.method == "loglinear-search"), None)
    varied, checked = found.sensitivity, found.validation
    return {
        "examined": found.checks,
        "sensitivity": varied,
        "sensitivity_plot": as_svg(plot_sensitivity(varied, say)) if varied else "",
        "search": search,
        "model_ranges": [(w, search.fit.range[w]) for w in WIDTHS if search.fit.range[w]] if search else [],
        "models_plot": as_svg(plot_models(search, say)) if search else "",
        "validation": checked,
        "ladders": [row for one in found.ladders for row in one.rows if _one_fault(one, row)],
        "trajectory_plot": as_svg(plot_trajectory(checked.stages, say)) if checked else "",
    }


def _one_fault(ladder: Ladder, row: Rung) -> bool:
    """Links that are missed and false links are shown one at a time."""
    return row.share > 0.0 and (ladder.name != "linkage" or 1.0 in row.rates.values())
