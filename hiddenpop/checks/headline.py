"""Which estimate stands in the headline, by a rule that does not look at the answers, and what it claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hiddenpop.banded import BandedTable
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import HiddenpopError, MissingExtraError, OptionError, UnknownNameError
from hiddenpop.registry import Data, attempt, find_method
from hiddenpop.replicates import attempt_all, estimate_replicates
from hiddenpop.result import Check, Estimate, Refusal

RULE = (
    "The method of the headline is fixed in advance: for two lists Chapman's estimate; for more, the log-linear model "
    "that lets every two lists depend on each other, shrunk towards a dependence that all share, which a study of "
    "simulated tables chose on one half of its scenarios and confirmed on the other. Only where that says too little "
    "(an upper limit more than ten times the lower), Chao's lower bound is taken. Dependence of three or more lists at "
    "once, and differences between people beyond the pairs, are assumed away; dependence of all lists at once no data "
    "can test."
)
SHRINKAGE: Mapping[str, Any] = {"shared_sd": 0.5, "scatter": 0.25}
EVERY_PAIR: Mapping[str, Any] = {"interactions": "all", "interval": "profile"}
CLAIMS: Mapping[str, Mapping[str, Any]] = {"loglinear-shrinkage": SHRINKAGE, "loglinear": EVERY_PAIR}
MISTAKES = (OptionError, UnknownNameError, MissingExtraError)  # of who asks, not of the data
COMPLETED = 20  # tables that stand for one whose counts are known up to bands
TOO_LITTLE = ("interval-width", "no-upper-limit", "people-per-dependence")
SELECTING = ("loglinear-search", "loglinear-stepwise", "loglinear-average", "graphical", "bayes-threshold")


def choose_headline(
    data: Data, *, level: float = 0.95, seed: int | None = None, replicates: Sequence[CaptureTable] = ()
) -> Estimate | Refusal:
    """The estimate of the headline: two lists, more, or sightings, each by its own rule.

    Chapman for two lists; `loglinear-shrinkage` for three to ten; the log-linear model of all pairs for more; Chao's
    lower bound where these say too little, and for sightings. Of counts known up to bands, twenty tables that could be
    behind them.

    Parameters
    ----------
    data : CaptureTable, BandedTable or SightingCounts
    level : float in (0, 1)
    seed : int, of the values drawn from a posterior; the estimate and its limits do not depend on it
    replicates : tables that could each be the data, such as draws of a linkage; the estimate is of them all
    """
    found = _by_rule(data, level, seed)
    if not replicates or isinstance(found, Refusal):
        return found
    told = found.provenance
    return find_headline(
        data, method=found.method, options=told.options, level=level, seed=told.seed, replicates=replicates
    )


def find_headline(
    data: Data,
    *,
    method: str | None = None,
    options: Mapping[str, Any] | None = None,
    level: float = 0.95,
    seed: int | None = None,
    replicates: Sequence[CaptureTable] = (),
) -> Estimate | Refusal:
    """The estimate of the headline by the method that is asked for, or by the rule of `choose_headline`.

    Parameters
    ----------
    data, level, seed, replicates : as in `choose_headline`
    method, options : None takes the rule

    Raises
    ------
    OptionError, UnknownNameError, MissingExtraError
        If the call is at fault and not the data, which is no refusal.
    """
    if method is None:
        return choose_headline(data, level=level, seed=seed, replicates=replicates)
    common = {"level": level, "seed": seed}
    known = find_method(method).options
    given = {name: value for name, value in common.items() if name in known} | dict(options or {})
    found = attempt_all(replicates or (data,), method, **given)
    if isinstance(found, Refusal) and isinstance(found.error, MISTAKES):
        raise found.error
    return found


def _by_rule(data: Data, level: float, seed: int | None) -> Estimate | Refusal:
    """Of one table."""
    if isinstance(data, BandedTable):
        return _of_bands(data, level, seed)
    if not isinstance(data, CaptureTable):
        return attempt(data, "chao", level=level)
    if data.n_lists == 2:
        return attempt(data, "chapman", level=level)
    if data.n_lists <= (find_method("loglinear-shrinkage").lists[1] or 0):
        found = attempt(data, "loglinear-shrinkage", **SHRINKAGE, level=level, seed=seed)
    else:
        found = attempt(data, "loglinear", **EVERY_PAIR, level=level)
    if isinstance(found, Estimate) and not any(check.name in TOO_LITTLE for check in found.failed):
        return found
    return attempt(data, "chao", by_list=True, level=level)


def _of_bands(data: BandedTable, level: float, seed: int | None) -> Estimate | Refusal:
    """The headline of tables that could be behind the bands, put together."""
    method, options = ("chapman", {}) if data.n_lists == 2 else ("loglinear-shrinkage", dict(SHRINKAGE))
    try:
        tables = data.complete(COMPLETED, seed=seed or 0)
        if data.n_lists > 2:
            options["seed"] = seed or 0
        return estimate_replicates(tables, method, level=level, **options)
    except HiddenpopError as error:
        return Refusal(method, error)


def claim_check(estimate: Estimate) -> Check:
    """Has coverage of this very interval been measured, for truths in which every two lists may depend?"""
    given = estimate.provenance.options
    claimed = CLAIMS.get(estimate.method)
    combined = estimate.interval is not None and estimate.interval.kind == "combined"
    if claimed is not None and not combined and all(given.get(name) == value for name, value in claimed.items()):
        message = (
            "On simulated tables in which any two lists may depend on each other, intervals made like this one held "
            "the truth as often as they say (analyses/calibration)."
        )
        return Check("claimed-coverage", None, True, message)
    if estimate.method in SELECTING and given.get("model_prior") != "pairs":
        message = (
            "This method keeps only dependences that single pairs of lists show. Where many are too weak to be seen, "
            "intervals like this one mostly missed the truth of simulated tables (analyses/calibration)."
        )
    else:
        message = (
            "How often intervals like this one contain the truth has not been shown for truths in which any two lists "
            "may depend on each other, so the number is not called publishable."
        )
    return Check("claimed-coverage", None, False, message)
