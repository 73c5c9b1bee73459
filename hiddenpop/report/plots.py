"""Figures: estimates side by side, the gap, and who is on which lists. Each returns a matplotlib Figure."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, filterwarnings

import numpy as np

from hiddenpop.arrays import popcount
from hiddenpop.captures import CaptureTable
from hiddenpop.overlap import overlap
from hiddenpop.report.text import Say, label
from hiddenpop.result import Estimate, Refusal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, ACCENT, SOFT = "#1b2631", "#8a949e", "#0b5f8a", "#c9dbe6"
MOST_HISTORIES = 24
WIDEST_NAME = 30


def plot_estimates(results: Sequence[Estimate | Refusal], *, highlight: int | None = None, say: Say = str) -> Figure:
    """A forest plot: one line per result, its interval, and the people already known as a dashed line.

    Parameters
    ----------
    results : estimates and refusals, drawn from top to bottom
    highlight : position of the result to draw in colour
    say : puts our words into another language
    """
    figure, axes = new_figure(7.4, 0.9 + 0.36 * max(len(results), 2))
    estimates = [r for r in results if isinstance(r, Estimate)]
    if estimates:
        _scale(axes, estimates, say)
    for row, result in enumerate(results):
        if isinstance(result, Refusal):
            axes.annotate(
                say("no estimate"), (0.02, row), xycoords=("axes fraction", "data"), color=MUTED, va="center",
                fontsize=8.5,
            )  # fmt: skip
            continue
        colour = ACCENT if row == highlight else INK
        if result.interval is not None:
            high = result.interval.high if result.interval.high is not None else axes.get_xlim()[1]
            axes.plot([result.interval.low, high], [row, row], color=colour, lw=2.4 if row == highlight else 1.4)
        axes.plot(result.population, row, "o", color=colour, ms=6)
    if estimates:
        axes.axvline(estimates[0].observed, color=MUTED, ls="--", lw=1)
        axes.annotate(
            say(f"{estimates[0].observed:,} known"), (estimates[0].observed, 1.0), xycoords=("data", "axes fraction"),
            xytext=(4, 2), textcoords="offset points", color=MUTED, fontsize=8,
        )  # fmt: skip
    names = [label(r, say) for r in results]
    axes.set_yticks(range(len(results)), [_name(n, 52) for n in names])
    axes.set_ylim(len(results) - 0.4, -0.6)
    axes.set_xlabel(say("people"))
    return figure


def plot_estimate(estimate: Estimate, say: Say = str) -> Figure:
    """One estimate: known people against the estimated total, with its interval."""
    figure, axes = new_figure(7.4, 1.15)
    axes.barh(0, estimate.observed, color=ACCENT, height=0.5)
    axes.barh(0, estimate.hidden, left=estimate.observed, color=SOFT, height=0.5)
    if estimate.interval is not None and estimate.interval.high is not None:
        axes.plot([estimate.interval.low, estimate.interval.high], [0, 0], color=INK, lw=1.4, marker="|", ms=10)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(thousands(say))
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(say("people: known (dark), on no list (light), interval of the total (line)"))
    return figure


def plot_overlaps(table: CaptureTable, say: Say = str) -> Figure:
    """An UpSet-style plot: people by the exact set of lists they are on, largest first, and the size of each list."""
    table = table.pooled()
    order = np.argsort(-table.counts, kind="stable")[:MOST_HISTORIES]
    masks, counts = table.histories[order], table.counts[order]
    k = table.n_lists
    figure, top, sizes, matrix = _upset_axes(masks.size, k)

    top.bar(range(masks.size), counts, color=[ACCENT if p > 1 else MUTED for p in popcount(masks)], width=0.62)
    for x, count in enumerate(counts):
        top.annotate(
            say(f"{count:,}"), (x, count), ha="center", va="bottom", fontsize=7, rotation=90 if count > 999 else 0
        )
    top.margins(y=0.16)
    top.set_ylabel(say("people"))
    hidden = table.histories.size - masks.size
    if hidden > 0:
        said = f"{hidden} smaller combinations not shown" if hidden > 1 else "1 smaller combination not shown"
        top.set_title(say(said), fontsize=8, color=MUTED, loc="right")

    found = overlap(table)
    sizes.barh(range(k), found.sizes, color=SOFT)
    for y, size in enumerate(found.sizes):
        sizes.annotate(say(f"{size:,}") + " ", (0, y), ha="right", va="center", fontsize=7.5)
    sizes.invert_xaxis()
    sizes.set_yticks([])
    sizes.set_xticks([])
    sizes.set_title(say("people on the list"), fontsize=8, color=MUTED)

    for x, mask in enumerate(masks):
        inside = [i for i in range(k) if mask >> i & 1]
        matrix.plot([x] * k, range(k), "o", color="#e3e7ea", ms=5)
        matrix.plot([x] * len(inside), inside, "-o", color=INK, ms=5, lw=1.2)
    matrix.set_yticks(range(k), [_name(n) for n in table.lists])
    matrix.set_ylim(k - 0.5, -0.5)
    matrix.set_xticks([])
    return figure


def as_svg(figure: Figure) -> str:
    """The figure as an SVG element to place inside a page; the same figure gives the same text."""
    from matplotlib import rc_context

    out = StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "hiddenpop"}), catch_warnings():
        filterwarnings("ignore", message="Glyph")
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of the house, width and height in inches, that no window keeps open."""
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    pyplot.close(figure)
    _quiet(axes)
    return figure, axes


def _upset_axes(n_histories: int, n_lists: int) -> tuple[Figure, Axes, Axes, Axes]:
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(max(5.6, 2.6 + 0.27 * n_histories), 2.2 + 0.26 * n_lists), layout="constrained")
    grid = figure.add_gridspec(
        2, 2, height_ratios=(2.0, 0.26 * n_lists + 0.2), width_ratios=(1.1, max(3.0, 0.27 * n_histories))
    )
    matrix = figure.add_subplot(grid[1, 1])
    top = figure.add_subplot(grid[0, 1], sharex=matrix)
    sizes = figure.add_subplot(grid[1, 0], sharey=None)
    sizes.set_ylim(n_lists - 0.5, -0.5)
    pyplot.close(figure)
    for axes in (matrix, top, sizes):
        _quiet(axes)
    top.tick_params(labelbottom=False)
    for axes in (matrix, sizes):
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(length=0)
    return figure, top, sizes, matrix


def _quiet(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, colors=INK)
    axes.xaxis.label.set_fontsize(8.5)
    axes.yaxis.label.set_fontsize(8.5)


def _scale(axes: Axes, estimates: Sequence[Estimate], say: Say) -> None:
    """From the people known to the largest upper limit; logarithmic when that spans more than a factor of 20."""
    from matplotlib.ticker import LogLocator, NullFormatter

    highs = [e.interval.high if e.interval and e.interval.high else e.population for e in estimates]
    low, high = estimates[0].observed, max(highs)
    if high > 20 * low:
        axes.set_xscale("log")
        axes.set_xlim(low * 0.8, high * 1.25)
        axes.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0), numticks=12))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(max(0.0, low - 0.08 * (high - low)), high + 0.05 * (high - low) + 1)
    axes.xaxis.set_major_formatter(thousands(say))


def thousands(say: Say) -> Any:
    """A formatter of whole people: 12,500."""
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: say(f"{value:,.0f}"))


def _name(text: str, most: int = WIDEST_NAME) -> str:
    """A name as a label: cut to a readable length, and never read as a formula."""
    short = text if len(text) <= most else text[: most - 1] + "…"
    return short.replace("$", r"\$")
