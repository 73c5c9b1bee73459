"""The best log-linear model of all, certified, with an interval that repeats the whole search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Literal

from hiddenpop.bootstrap import bootstrap_interval, check_replicates, stability_checks
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import OptionError
from hiddenpop.numerics.models import MOST_ENUMERATED
from hiddenpop.numerics.selection import MAX_LISTS, Searched, compile_search, search_models
from hiddenpop.numerics.spread import Split, find_split, ranges
from hiddenpop.numerics.terms import term_name, write_model
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate

SHOWN = 100
WIDE_RANGE = 1.5
SPLITS = 0.5

Criterion = Literal["bic", "aic", "aicc"]
Range = Mapping[str, tuple[float, float] | None]


@dataclass(frozen=True, slots=True)
class ModelSearch:
    """The models, the best of them, and how steady the choice is.

    Attributes
    ----------
    model, criterion, criterion_value, max_order : the best model and what it was chosen by
    n_candidate : hierarchical models with every main effect up to that order; None where the number is not known
    n_estimable : those that have an estimate; None unless all were fitted
    models : best 100, each `model`, `population`, `criterion`
    range : smallest and largest population within 2, 6 and 10 of the best criterion; None where not all were found
    split : the term that divides the answers: `term, explained, with, without`; None where none does
    search : `exhaustive`, `exact` (branch and bound) or `downhill`
    nodes, fits : sets of models divided, and models fitted
    bound_gap : criterion of the best model less the proven lower bound of all; 0 is a certificate, None: not proven
    starts : for downhill searches, one mapping per start
    intervals, replicates, failed, acceleration, ties : as in `StepwiseFit`
    curve : interval by the number of top models admitted, `top, low, high`
    ranks : in how many replicates the best model is in the top 1, 5, 10, 50, 100 of the original ranking
    replicate_search : what was done in each replicate, in words
    """

    model: str
    criterion: str
    criterion_value: float
    max_order: int
    n_candidate: int | None
    n_estimable: int | None
    models: tuple[Mapping[str, Any], ...]
    range: Range
    split: Mapping[str, Any] | None
    search: str
    nodes: int
    fits: int
    bound_gap: float | None
    starts: tuple[Mapping[str, Any], ...] = ()
    intervals: Mapping[str, tuple[float, float]] | None = None
    replicates: int = 0
    failed: int = 0
    acceleration: float = 0.0
    ties: float = 0.0
    curve: tuple[Mapping[str, Any], ...] = ()
    ranks: Mapping[str, int] | None = None
    replicate_search: str = "no replicates were asked for"


@register(
    "loglinear-search",
    summary="Best log-linear model of all, certified; the interval repeats the whole search",
    family="log-linear",
    lists=(2, MAX_LISTS),
    reference="Silverman, Chan & Vincent (2024) Statistics and Computing 34:44, doi 10.1007/s11222-023-10346-9",
)
def loglinear_search(
    table: CaptureTable,
    *,
    criterion: Criterion = "bic",
    max_order: int | None = None,
    search: Literal["auto", "exhaustive", "exact", "downhill"] = "auto",
    replicates: int = 1000,
    interval: Literal["bca", "percentile"] = "bca",
    top: int | None = None,
    budget: float = 120.0,
    existence: Literal["strict", "facial"] = "strict",
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate a population by the best of all hierarchical log-linear models.

    Use when nobody knows which lists depend on one another and the answer must not hang on a choice by hand. Do not use
    the estimate without its interval, nor where many weak dependences act together: then even an interval that repeats
    the search is too narrow (.30 instead of .95 in simulations with all odds ratios 1.5).

    Parameters
    ----------
    table : CaptureTable
        2 to 12 lists.
    criterion : {"bic", "aic", "aicc"}
        Terms at minus infinity count as parameters; n is people.
    max_order : int, optional
        Most lists in an interaction; K - 1 if None.
    search : {"auto", "exhaustive", "exact", "downhill"}
        Every model is fitted (up to five lists); branch and bound, which finds the same best model; or steps to the
        best neighbour, which can end in a local optimum. "auto": exhaustive up to five lists, else exact.
    replicates : int
        Bootstrap replicates, each with the whole search repeated; 0 for the point only, else 100 to 100,000.
    interval : {"bca", "percentile"}
    top : int, optional
        In the replicates only so many of the best models compete (1 to 100); None: all models.
    budget : float, seconds
        For everything but compilation. A search that does not end is refused; replicates that do not end leave no
        interval.
    existence : {"strict", "facial"}
        Only models whose extended maximum-likelihood estimate exists, or also those whose facial set determines N.
    level : float in (0, 1)
    seed : int, optional
        None draws fresh entropy and records it.

    Returns
    -------
    Estimate
        `draws` are the replicates that have an estimate; `fit` is a `ModelSearch`.

    Raises
    ------
    NotEstimableError
        If no model has an estimate, or that of the best model is determined only up to factors of thousands.
    ConvergenceError
        If the budget ends before the best model is certified.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    `n_x ~ Poisson(mu_x)`, `log mu_x = sum of beta_A over terms A inside x`; the model minimises `-2 loglik + penalty`,
    `p log n` (BIC), `2p` (AIC), `2p + 2p(p+1)/(n-p-1)` (AICc). Ties go to the smaller population.

    - Assumptions: closed population; perfect matching; everybody alike; the true dependences among the models.
    - Certificate: branch and bound rejects a set of models only if its largest model, whatever its number of terms,
      cannot reach the best criterion; the bound holds also where that model has no estimate.
    - Interval: multinomial bootstrap of the observed histories with the whole search in each replicate; BCa with the
      jackknife over people, ties by half, or percentiles (type 8).

    References
    ----------
    Silverman, Chan and Vincent (2024), doi 10.1007/s11222-023-10346-9. Fienberg and Rinaldo (2012), doi
    10.1214/12-AOS986. Efron (1987), doi 10.1080/01621459.1987.10478410.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> est = hp.loglinear_search(hp.load("kosovo_1999"), replicates=0)
    >>> est.fit.model, round(est.population, 2), est.fit.n_estimable
    ('[123,14,34]', 10356.52, 113)

    *Checked against*: `loglinear-search` rows in tests/reference/values.csv and all model tables in tests/reference.
    """
    check_replicates(replicates)
    order = _order(max_order, table.n_lists)
    if top is not None and not 1 <= top <= SHOWN:
        raise OptionError(f"top={top} is not between 1 and {SHOWN}.", hint="Leave it out to admit every model.")
    if not budget > 0:
        raise OptionError(f"budget={budget} is not a number of seconds above 0.", hint="Use 120.")
    if replicates or search in ("exact", "downhill") or table.n_lists > MOST_ENUMERATED:
        compile_search()
    until = monotonic() + budget
    done = search_models(
        table.histories, table.counts, table.lists, order, criterion, search, strict=existence == "strict", until=until
    )
    record, checks = _record(done, table, criterion, order)
    estimate = Estimate("loglinear-search", table.observed + float(done.found.hidden[0]), None, table.observed)
    repeated = done.repeat(table.histories, table.counts, replicates, seed, top, until) if replicates else None
    if repeated is None:
        limits, _, more = bootstrap_interval(None, interval, level)
        return replace(estimate, interval=limits, checks=(*checks, *more), fit=record)
    limits, intervals, more = bootstrap_interval(repeated.resamples(), interval, level)
    if repeated.unfinished:
        limits, intervals = None, {}
        message = f"The budget of {budget:g} seconds ended before {repeated.unfinished} of the searches: no interval."
        more = [Check("no-interval", repeated.unfinished, False, message)]
    found = repeated.resamples()
    record = replace(
        record,
        intervals=intervals,
        replicates=replicates,
        failed=found.failed,
        acceleration=found.acceleration,
        ties=found.ties,
        curve=repeated.curve(interval, level),
        ranks=repeated.ranks(),
        replicate_search=repeated.words(),
    )
    checks = [*checks, *more, *stability_checks(record.ranks, replicates)]
    return replace(estimate, interval=limits, checks=tuple(checks), draws=found.good, fit=record)


def _order(max_order: int | None, n_lists: int) -> int:
    if max_order is None:
        return max(1, n_lists - 1)
    if not 1 <= max_order < max(2, n_lists):
        raise OptionError(
            f"max_order={max_order} is not between 1 and {max(1, n_lists - 1)}.",
            hint="An interaction of all lists at once cannot be estimated: nobody on no list was counted.",
        )
    return max_order


def _record(done: Searched, table: CaptureTable, criterion: str, order: int) -> tuple[ModelSearch, list[Check]]:
    found, space, n = done.found, done.space, table.observed

    def text(i: int) -> str:
        return write_model(space.terms[found.rows[i] != 0].tolist(), table.places)

    models: tuple[dict[str, Any], ...] = tuple(
        {"model": text(i), "population": n + float(found.hidden[i]), "criterion": float(found.criterion[i])}
        for i in range(min(SHOWN, len(found.rows)))
    )
    spread = {w: (n + r[0], n + r[1]) if r else None for w, r in ranges(found).items()}
    split = find_split(found, space)
    record = ModelSearch(
        model=models[0]["model"],
        criterion=criterion,
        criterion_value=models[0]["criterion"],
        max_order=order,
        n_candidate=done.n_candidate,
        n_estimable=done.n_estimable,
        models=models,
        range=spread,
        split=_split(split, table) if split else None,
        search=done.search,
        nodes=done.nodes,
        fits=done.fits,
        bound_gap=done.bound_gap,
        starts=tuple(
            {"start": name, "population": n + hidden, "criterion": value} for name, hidden, value in done.starts
        ),
    )
    return record, [*_range_check(spread, criterion), *_split_check(record.split), *_starts_check(record)]


def _split(split: Split, table: CaptureTable) -> dict[str, Any]:
    sides = {"with": split.having, "without": split.lacking}
    ends = {name: [table.observed + low, table.observed + high] for name, (low, high) in sides.items()}
    return {"term": term_name(split.term, table.lists), "explained": split.explained, **ends}


def _range_check(spread: Range, criterion: str) -> list[Check]:
    width = next((w for w in ("6", "2") if spread[w]), None)
    ends = spread[width] if width else None
    if ends is None:
        return []
    factor = ends[1] / ends[0]
    message = (
        f"Models within {width} {criterion.upper()} units of the best give {ends[0]:,.0f} to {ends[1]:,.0f} people"
    )
    message += "." if factor <= WIDE_RANGE else ": the data do not say which is right."
    return [Check("model-range", round(factor, 3), factor <= WIDE_RANGE, message)]


def _split_check(split: Mapping[str, Any] | None) -> list[Check]:
    if split is None or split["explained"] < SPLITS:
        return []
    having, lacking = (f"{split[s][0]:,.0f} to {split[s][1]:,.0f}" for s in ("with", "without"))
    message = f"The answers part at {split['term']}: with it {having} people, without it {lacking}."
    return [Check("splitting-term", split["term"], None, message)]


def _starts_check(record: ModelSearch) -> list[Check]:
    if record.search != "downhill":
        return []
    ends = sorted({round(s["criterion"], 6) for s in record.starts})
    agree = len(ends) == 1
    message = "A downhill search can end in a local optimum; " + (
        "every start ends in the same model, which proves nothing."
        if agree
        else "here " + ", ".join(f"from {s['start']} it ends at {s['population']:,.0f}" for s in record.starts) + "."
    )
    return [Check("starts-agree", len(ends), None if agree else False, message)]
