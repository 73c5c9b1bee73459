"""Figures about trust: the number as a function of an assumption, of the model, and of how much is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hiddenpop.checks.sensitivity import Sensitivity
from hiddenpop.checks.trajectory import Stage
from hiddenpop.report.plots import ACCENT, INK, MUTED, SOFT, new_figure, thousands
from hiddenpop.report.text import Say
from hiddenpop.result import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TICKS = (0.25, 0.5, 1.0, 2.0, 4.0)


def plot_sensitivity(found: Sensitivity, say: Say = str) -> Figure:
    """The population over values of what no data can test, with its interval; the values allowed are shaded."""
    figure, axes = new_figure(7.4, 2.9)
    points = np.array([(p.value, p.population) for p in found.curve if p.population is not None]).T
    limits = [(p.value, p.low, p.high) for p in found.curve if p.low is not None and p.high is not None]
    axes.axvspan(1.0 / found.gamma, found.gamma, color="#f2f4f6", lw=0)
    if limits:
        values, low, high = np.array(limits).T
        axes.fill_between(values, low, high, color=SOFT, lw=0)
    axes.plot(*points, color=ACCENT, lw=2)
    axes.axvline(1.0, color=MUTED, lw=1, ls="--")
    if found.threshold:
        axes.axhline(found.threshold, color=INK, lw=1, ls=":")
        axes.annotate(
            say(f"{found.threshold:,.0f}"), (0.0, found.threshold), xycoords=("axes fraction", "data"), xytext=(3, 3),
            textcoords="offset points", fontsize=8, color=INK,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(TICKS, [f"{value:g}" for value in TICKS])
    axes.minorticks_off()
    axes.set_xlabel(say(found.unknown.removeprefix("the ")))
    axes.set_ylabel(say("people"))
    _log_people(axes, say)
    return figure


def plot_models(search: Estimate, say: Say = str) -> Figure:
    """Every model listed by a search: how much worse than the best, and the people it gives."""
    figure, axes = new_figure(7.4, 2.6)
    best = search.fit.criterion_value
    rows = search.fit.models
    axes.plot([r["population"] for r in rows], [r["criterion"] - best for r in rows], "o", color=MUTED, ms=4)
    axes.plot([rows[0]["population"]], [0.0], "o", color=ACCENT, ms=7)
    axes.invert_yaxis()
    axes.set_xlabel(say("people"))
    axes.set_ylabel(say(f"{search.fit.criterion.upper()} above the best"))
    axes.xaxis.set_major_formatter(thousands(say))
    return figure


def plot_trajectory(stages: Sequence[Stage], say: Say = str) -> Figure:
    """Population per person known, from a quarter of the people known to twice as many."""
    figure, axes = new_figure(7.4, 2.4)
    given = [s for s in stages if s.ratio is not None]
    for stage in given:
        if stage.low is not None and stage.high is not None:
            ends = [stage.low / stage.observed, stage.high / stage.observed]
            axes.plot([stage.share] * 2, ends, color=ACCENT if stage.share == 1.0 else MUTED, lw=1.4)
    axes.plot([s.share for s in given], [s.ratio or 0.0 for s in given], "-o", color=INK, ms=4, lw=1)
    axes.set_xticks([s.share for s in stages], [say(f"{s.observed:,}") for s in stages])
    axes.set_xlabel(say("people known"))
    axes.set_ylabel(say("population per person known"))
    axes.set_ylim(bottom=0)
    return figure


def _log_people(axes: object, say: Say) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    axes.yaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0), numticks=12))  # type: ignore[attr-defined]
    axes.yaxis.set_minor_locator(NullLocator())  # type: ignore[attr-defined]
    axes.yaxis.set_major_formatter(thousands(say))  # type: ignore[attr-defined]
