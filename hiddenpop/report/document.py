"""The report: one self-contained HTML file, and the same content as plain values."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from os import cpu_count
from pathlib import Path
from typing import Any

from hiddenpop.captures import CaptureTable
from hiddenpop.checks import Examination, Verdict, check, examine, find_headline, verdict
from hiddenpop.checks.verdict import Level, check_override
from hiddenpop.datasets import entries
from hiddenpop.options import check_level, check_seed
from hiddenpop.output import check_target
from hiddenpop.overlap import overlap
from hiddenpop.provenance import versions
from hiddenpop.registry import PATIENCE, Data, compare, find_method
from hiddenpop.report.documents import write_document
from hiddenpop.report.figures import Figures, describe_figures
from hiddenpop.report.language import Code, Language
from hiddenpop.report.methods_text import methods_text, references
from hiddenpop.report.plots import as_svg, plot_estimate, plot_estimates, plot_overlaps
from hiddenpop.report.text import Say, band_sentence, gap_sentence, label, option_text, sentence, whole
from hiddenpop.report.trust import describe_trust
from hiddenpop.result import Check, Estimate, Refusal

NOTHING_BESIDE = Figures()
VERDICTS = {
    "publishable": "May be published with its interval",
    "indicative": "Indicative: publish the range and its reasons, not a single number",
    "lower-bound-only": "Lower bound only: publish no more than a floor",
    "do-not-publish": "Do not publish a number from these data",
}


@dataclass(frozen=True)
class Report:
    """What a report says.

    Attributes
    ----------
    data : CaptureTable or SightingCounts
    headline : Estimate or Refusal
    verdict : Verdict
    estimates : every method that applies, the headline first
    checks : of the data
    examination : what was held against the headline
    by_rule : was the headline chosen by the rule
    """

    data: Data
    headline: Estimate | Refusal
    verdict: Verdict
    estimates: Sequence[Estimate | Refusal]
    checks: Sequence[Check]
    examination: Examination
    by_rule: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `headline` is None where no estimate can be given."""
        return {
            "headline": self.headline.to_dict() if isinstance(self.headline, Estimate) else None,
            "verdict": self.verdict.to_dict(),
            "estimates": [e.to_dict() for e in self.estimates],
            "checks": [c.to_dict() for c in self.checks],
            "examination": self.examination.to_dict(),
        }


def build_report(
    data: Data,
    *,
    method: str | None = None,
    options: Mapping[str, Any] | None = None,
    level: float = 0.95,
    seed: int | None = None,
    threshold: float | None = None,
    override: tuple[Level, str] | None = None,
    patience: float = PATIENCE,
    replicates: Sequence[CaptureTable] = (),
) -> Report:
    """Compute what a report says.

    Parameters
    ----------
    data : CaptureTable or SightingCounts
    method, options : the headline; None takes the rule of `choose_headline`
    level : float in (0, 1)
    seed : int, for the methods that draw random numbers
    threshold : people, for the break-even value; half of the estimate if left out
    override : (level, reason), another verdict than the rules give
    patience : seconds for each search; what is cut short depends on the machine
    replicates : tables that could each be the data, such as draws of a linkage; the headline is of them all
    """
    check_level(level)
    check_seed(seed)
    if override is not None:
        check_override(override)
    headline = find_headline(data, method=method, options=options, level=level, seed=seed, replicates=replicates)
    checks = check(data)
    others = [r for r in compare(data, level=level, seed=seed, patience=patience) if not _same(r, headline)]
    if isinstance(headline, Refusal):
        decided = verdict(checks)
        decided = Verdict("do-not-publish", (headline.error.message, *decided.reasons))
        return Report(data, headline, decided, [headline, *others], checks, Examination(()), method is None)
    found = examine(data, headline, others, threshold=threshold, seed=seed or 0, jobs=cpu_count() or 1)
    decided = verdict([*checks, *found.checks], headline, override=override)
    return Report(data, headline, decided, [headline, *others], checks, found, method is None)


def _same(one: Estimate | Refusal, other: Estimate | Refusal) -> bool:
    if isinstance(one, Estimate) and isinstance(other, Estimate):
        return one.method == other.method and one.provenance.options == other.provenance.options
    return isinstance(one, Refusal) and isinstance(other, Refusal) and one.method == other.method


def write_report(
    data: Data,
    path: str | Path,
    *,
    method: str | None = None,
    options: Mapping[str, Any] | None = None,
    level: float = 0.95,
    seed: int | None = None,
    threshold: float | None = None,
    override: tuple[Level, str] | None = None,
    language: Code = "en",
    command: str = "",
) -> Report:
    """Write a report as one self-contained HTML file, PDF or DOCX, and return what it says.

    Parameters
    ----------
    data : CaptureTable or SightingCounts
    path : .html, .pdf or .docx (extra `office`); the file appears whole or not at all
    method, options : the headline; None takes the documented rule
    level : float in (0, 1)
    seed : int, for the methods that draw random numbers; None draws one and records it
    threshold : people, for the break-even value of the assumption that no data can test; half of the estimate if left
        out
    override : (level, reason), another verdict than the rules give; both stand in the report
    language : "en" or "es"; results and names of checks stay in English
    command : the command that made the report, printed in it

    Examples
    --------
    >>> import hiddenpop as hp
    >>> report = hp.write_report(hp.load("uk_2013"), "uk_2013.html", seed=7)  # doctest: +SKIP
    """
    check_target(Path(path))
    Language(language)
    report = build_report(
        data, method=method, options=options, level=level, seed=seed, threshold=threshold, override=override
    )
    write_document(render(report, command=command, language=language), path)
    return report


def render(
    report: Report,
    *,
    command: str = "",
    title: str = "",
    dated: str | None = None,
    language: Code = "en",
    figures: Figures = NOTHING_BESIDE,
) -> str:
    """The report as HTML.

    Parameters
    ----------
    report : Report
    command : the command that made it, printed in it
    title : in place of the name of the data
    dated : text in place of today's date
    language : "en" or "es"
    figures : what a whole analysis has beside the headline
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    spoken = Language(language)
    environment = Environment(
        loader=PackageLoader("hiddenpop", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "option": option_text,
        "method_label": lambda result: label(result, spoken.say),
        "say": spoken.say,
        "number": lambda value: whole(value, spoken),
    }
    content = _content(report, command, spoken) | describe_figures(figures)
    content["small_counts"] = figures.threshold if _shows_small(report.data, figures.threshold) else 0
    content |= {"methods_text": methods_text(report, figures), "references": references(report, figures)}
    return environment.get_template("report.html.j2").render(
        content | ({"title": title} if title else {}) | ({} if dated is None else {"today": dated})
    )


def _shows_small(data: Data, threshold: int) -> bool:
    """Are there counts of combinations of lists that a table of the release would hide?"""
    if not isinstance(data, CaptureTable):
        return False
    counts = data.pooled().counts
    return bool(((counts > 0) & (counts < threshold)).any())


def _content(report: Report, command: str, spoken: Language) -> dict[str, Any]:
    data, headline, say = report.data, report.headline, spoken.say
    entry = entries().get(data.source, {})
    table = data if isinstance(data, CaptureTable) else None
    bound = report.verdict.level == "lower-bound-only"
    made = [e for e in report.estimates if isinstance(e, Estimate)]
    return {
        "language": spoken.code,
        "title": entry.get("title") or data.source or say("Capture table"),
        "entry": entry,
        "today": date.today().isoformat(),
        "data": data,
        **_headline(headline, say, bound=bound),
        **describe_trust(report.examination, report.estimates, say),
        "band_sentence": "" if bound else band_sentence(report.examination),
        "verdict": report.verdict,
        "verdict_text": VERDICTS[report.verdict.level],
        "estimates": made,
        "refusals": [e for e in report.estimates if isinstance(e, Refusal)],
        "methods": {e.method: find_method(e.method) for e in report.estimates},
        "checks": report.checks,
        "overlap": overlap(table) if table else None,
        "overlap_plot": as_svg(plot_overlaps(table, say)) if table else "",
        "forest_plot": as_svg(plot_estimates(report.estimates, highlight=0, say=say)) if made else "",
        "versions": versions(),
        "seed": next((e.provenance.seed for e in made if e.provenance.seed is not None), None),
        "command": command or f"hiddenpop report {shlex.quote(data.source)}",
    }


def _headline(headline: Estimate | Refusal, say: Say, *, bound: bool) -> dict[str, Any]:
    if isinstance(headline, Refusal):
        return {"headline": None, "refusal": headline, "sentence": "", "gap_sentence": "", "gap_plot": ""}
    return {
        "headline": headline,
        "refusal": None,
        "sentence": sentence(headline, bound=bound),
        "gap_sentence": "" if bound else gap_sentence(headline),
        "gap_plot": "" if bound else as_svg(plot_estimate(headline, say)),
    }
