"""The text on methods, made from what was run: nothing stands in it that was not done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hiddenpop.banded import BandedTable
from hiddenpop.captures import CaptureTable
from hiddenpop.checks.headline import COMPLETED, RULE
from hiddenpop.provenance import versions
from hiddenpop.registry import find_method
from hiddenpop.result import Estimate
from hiddenpop.sightings import SightingCounts

if TYPE_CHECKING:
    from hiddenpop.report.document import Report
    from hiddenpop.report.figures import Figures

INTERVALS = {
    "log-normal": "symmetric on the logarithm of the number of people on no list",
    "logit": "symmetric on the logit of the share that is known, with a correction for small counts",
    "profile": "made of all numbers that the likelihood does not rule out",
    "wald": "symmetric about the estimate",
    "credible": "between percentiles of the posterior",
    "combined": "put together from estimates of several tables or strata",
    "bootstrap": "between percentiles of bootstrap tables, on each of which the whole method was repeated",
    "bounds": "made of bounds, not of a probability",
}
FITTED = ("loglinear", "loglinear-search", "loglinear-stepwise", "loglinear-strata", "loglinear-covariates")
EXISTENCE = "Fienberg and Rinaldo (2012) Annals of Statistics 40:996, doi 10.1214/12-AOS986"
SENSITIVITY = (
    "Aleshin-Guendel, Sadinle and Wakefield (2024) arXiv 2101.09304",
    "Gerritse, van der Heijden and Bakker (2015) Journal of Official Statistics 31:357, doi 10.1515/jos-2015-0022",
)
CHOOSING = ("loglinear-search", "loglinear-stepwise", "loglinear-average", "graphical")
HIDDEN_LISTS = "Binette and Steorts (2022) Journal of the Royal Statistical Society A, arXiv 2112.01594"
LINKAGE = "Fellegi and Sunter (1969) Journal of the American Statistical Association 64:1183"
TREND = "Cruyff, van Dijk and van der Heijden (2017) Chance 30:41, doi 10.1080/09332480.2017.1383112"
INDICATOR = "United Nations Statistics Division, metadata of SDG indicator 16.2.2"


def methods_text(report: Report, figures: Figures) -> list[str]:
    """Paragraphs, in the order of the work."""
    return [*_data(report, figures), *_headline(report), *_doubt(report), *_figures(figures), _program(report)]


def references(report: Report, figures: Figures) -> list[str]:
    """What was used, each once."""
    found: list[str] = []
    if isinstance(report.headline, Estimate):
        found.append(find_method(report.headline.method).reference)
    if _fitted(report):
        found.append(EXISTENCE)
    if report.examination.sensitivity:
        found += SENSITIVITY
    if report.examination.validation:
        found.append(HIDDEN_LISTS)
    if figures.linked:
        found.append(LINKAGE)
    if figures.trend:
        found.append(TREND)
    if figures.publication:
        found.append(INDICATOR)
    return list(dict.fromkeys(found))


def _fitted(report: Report) -> bool:
    """Was a log-linear model fitted by maximum likelihood?"""
    return any(one.method in FITTED for one in report.estimates)


def _data(report: Report, figures: Figures) -> Iterator[str]:
    data = report.data
    if isinstance(data, CaptureTable):
        yield (
            f"People were counted by the exact combination of lists they are on: {data.observed:,} people on "
            f"{data.n_lists} lists. The estimate is of a closed population: nobody enters or leaves it in the period, "
            "records of one person are recognised as such, and everybody has some chance to be on a list."
        )
    if figures.linked:
        yield (
            "Records were linked by the probability that they are of one person (Fellegi and Sunter 1969). Links were "
            f"drawn {figures.linked} times. The headline, and figures by category and period, put the tables that "
            "follow together, so that doubt about links is in their intervals; people known are means there. The "
            "lists, the checks and the other methods are of the table whose links are more likely than not."
        )
    if isinstance(data, BandedTable) and report.by_rule:
        yield (
            f"Counts are known up to bands: {COMPLETED} tables that could be behind the bands were drawn, and their "
            "estimates combined."
        )


def _headline(report: Report) -> Iterator[str]:
    headline = report.headline
    yield _choice(report)
    if not isinstance(headline, Estimate):
        return
    yield f"The headline is by {headline.method}. {find_method(headline.method).summary}."
    if headline.interval is not None:
        how = INTERVALS[headline.interval.kind]
        yield f"Its interval, at {100 * headline.interval.level:g} %, is {how}."
    if headline.method in CHOOSING:
        yield "The interval includes doubt about which lists depend on each other, among the models looked at."
    yield "Intervals describe sampling variation within each model. They do not describe doubt about the model."


def _choice(report: Report) -> str:
    """How the method of the headline came about."""
    if not report.by_rule:
        return "The method of the headline was chosen by those who made this report."
    if isinstance(report.data, SightingCounts):
        return "The method of the headline is fixed in advance: for sightings Chao's lower bound."
    if isinstance(report.data, BandedTable):
        return (
            "The method of the headline is fixed in advance: for two lists Chapman's estimate; for more, the "
            "log-linear model that lets every two lists depend on each other, shrunk towards a dependence that all "
            "share."
        )
    many = isinstance(report.headline, Estimate) and report.headline.method == "loglinear"
    return f"{RULE} With more than ten lists the model is not shrunk." if many else RULE


def _doubt(report: Report) -> Iterator[str]:
    found, made = report.examination, sum(isinstance(one, Estimate) for one in report.estimates)
    refused = len(report.estimates) - made
    yield f"Estimates from the same data, by method and options: {made}; methods without one: {refused}."
    if _fitted(report):
        yield (
            "A log-linear model without a prior has an estimate only if one exists and is unique; that was established "
            "before anything was reported (Fienberg and Rinaldo 2012), and models without one were refused."
        )
    if found.sensitivity:
        gamma = found.sensitivity.gamma
        yield (
            f"What no data can test, {found.sensitivity.unknown}, was varied from {1.0 / gamma:g} to {gamma:g} "
            "(Aleshin-Guendel and others 2024; Gerritse and others 2015)."
        )
    if found.validation and found.validation.consistency and found.validation.consistency.lists:
        n = len(found.validation.consistency.lists)
        yield f"{n} lists were hidden one by one and estimated from the others (Binette and Steorts 2022)."
    if found.validation and found.validation.recoveries:
        tables = sum(one.found.tables for one in found.validation.recoveries)
        yield f"The method was run on {tables} tables drawn from models fitted to these data."
    if report.verdict.by_rule is not None:
        yield f"By the rules the verdict is {report.verdict.by_rule}; those who made this report set another."
    else:
        yield "The verdict follows from these checks by rules that are stated in the documentation of the program."


def _figures(figures: Figures) -> Iterator[str]:
    if figures.publication:
        method = figures.publication.provenance["method"]
        yield (
            f"Figures by category are by {method}; totals are sums of the same draws. Small counts of known people, "
            "those from which they could be worked out, and what was estimated there, were hidden after the "
            "estimation, never before."
        )
    if figures.trend:
        yield (
            "Changes of known people were separated into changes of people and of the chance to be known, draw by draw "
            f"(Cruyff and others 2017), by {figures.trend.found.total.method}."
        )


def _program(report: Report) -> str:
    seeds = [e.provenance.seed for e in report.estimates if isinstance(e, Estimate) and e.provenance.seed is not None]
    version = versions()["hiddenpop"]
    return f"Computed with hiddenpop {version}" + (f", seed {seeds[0]}." if seeds else ".")
