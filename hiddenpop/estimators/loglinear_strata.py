"""Log-linear models of lists that do not run in every stratum, region or year."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Literal

import numpy as np

from hiddenpop.arrays import Counts, Flags, members, memberships
from hiddenpop.captures import CaptureTable
from hiddenpop.chains import Trace
from hiddenpop.errors import DataError, NotEstimableError, OptionError, UnknownNameError, some_of
from hiddenpop.numerics.composite import fit_told_apart, hidden_variance
from hiddenpop.numerics.intervals import chao_log, refuse_unbounded
from hiddenpop.numerics.resampling import Resamples, percentile_limits
from hiddenpop.numerics.strata_model import (
    StrataModel,
    draw_strata,
    pose_strata_model,
    resample_strata,
)
from hiddenpop.numerics.strata_summary import LoglinearStrataFit, stratum_term, summarise
from hiddenpop.numerics.terms import read_pair, term_name, terms_of_size
from hiddenpop.options import Pairs
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval, fit_check, width_check

MOST_CELLS = 1 << 15
DRAWS = 4000
FAILED = 0.05


@register(
    "loglinear-strata",
    summary="Log-linear model of strata, years or regions in some of which a list does not run",
    family="log-linear",
    lists=(2, 10),
    stratified=True,
    reference="Zwane, van der Pal-de Bruin and van der Heijden (2004) Statistics in Medicine 23:2267, "
    "doi 10.1002/sim.1818",
)
def loglinear_strata(
    table: CaptureTable,
    *,
    interactions: Literal["all", "none"] | Pairs = "all",
    by_stratum: Literal["all", "none"] | str = "all",
    absent: Literal["empty", "none"] | Pairs = "empty",
    interval: Literal["log-normal", "bootstrap"] = "log-normal",
    replicates: int = 1000,
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate the population of all strata together where some lists do not run in some of them.

    Use when a list covers only some regions, or starts, stops or comes late. Do not use when a list that does not run
    somewhere would depend on the others differently there: what is seen elsewhere is taken to hold.

    Parameters
    ----------
    table : CaptureTable
        2 to 10 lists and two strata or more.
    interactions : "all", "none", or pairs of list names
        Which lists may depend on each other, alike in all strata.
    by_stratum : "all", "none", or list names such as `"police,ngo"`
        Lists that find different shares in different strata, among those where they run.
    absent : "empty", "none", or pairs such as `[("police", "north")]`
        Where a list does not run. "empty": wherever nobody is on it. A stratum of several columns is written with
        `", "` between them.
    interval : {"log-normal", "bootstrap"}
    replicates : int, 100 or more, tables of the parametric bootstrap
    level : float in (0, 1)
    seed : int, optional
        Of the bootstrap, and of the draws that `estimate_strata` adds up. None draws fresh entropy and records it.

    Returns
    -------
    Estimate
        `fit` is a `LoglinearStrataFit`, with the population of every stratum.

    Raises
    ------
    NotEstimableError
        If the counts cannot tell the terms apart (`details` names them), have no largest likelihood, or leave log n0
        with a standard error above 5.
    DataError
        If there are no strata, or somebody is on a list where it is said not to run.
    OptionError
        If an option is out of range or names what is not there, or there are too many lists and strata.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    `log mu(history, stratum) = intercept + stratum + lists + pairs + lists by stratum`. Where a list does not run, only
    the sum over it is seen; people on none of the lists that run are hidden. The likelihood is that of what is seen.

    - Assumptions: closed population; perfect matching; only pairwise dependence, the same in all strata, also of lists
      where they do not run; within a stratum everybody alike.
    - Interval: `n + n0 C^(-+1)` as in `chao`, with `se^2 = n0 + g' V g`, or quantiles of populations found again in
      tables drawn from the fit. Both held 93 % to 98 % of known truths
      (tests/estimators/test_loglinear_strata.py).
    - Computation: Fisher scoring; EM has the same answer.

    References
    ----------
    Zwane, van der Pal-de Bruin and van der Heijden (2004), doi 10.1002/sim.1818. Thompson and Baker (1981), doi
    10.2307/2346381.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> table = hp.load("spina_bifida_ny")
    >>> est = hp.loglinear_strata(table, by_stratum="none")
    >>> print(est)
    756 people (95% log-normal 664 to 1,041); 135 on no list
    >>> [(s["stratum"]["ethnicity"], round(s["population"])) for s in est.fit.strata]
    [('afro-american', 44), ('caucasian', 710), ('other', 3)]

    *Checked against*: expected counts of known populations to 1e-9, and an EM algorithm, in
    tests/estimators/test_loglinear_strata.py.
    """
    if replicates < 100:
        raise OptionError(f"replicates={replicates} is fewer than 100.", hint="Use 1000.")
    if len(table.labels) << table.n_lists > MOST_CELLS:
        raise OptionError(
            f"{len(table.labels)} strata of {table.n_lists} lists are too many.", hint="Merge lists or strata."
        )
    people = table.to_matrix()
    model, checks = _read_model(table, people, interactions, by_stratum, absent)
    posed = pose_strata_model(model, people)
    names = [stratum_term(term, table.lists, table.labels) for term in posed.terms]
    fit = fit_told_apart(
        posed.problem, posed.counts, posed.start, names,
        loose="Use fewer interactions, or fewer lists in by_stratum.",
        none="Use fewer interactions, fewer lists in by_stratum, or merge small strata.",
    )  # fmt: skip
    hidden = posed.hidden(fit.full)
    population, se = table.observed + float(hidden.sum()), sqrt(hidden_variance(posed.problem, fit))
    refuse_unbounded("The model", se / hidden.sum())
    if interval == "bootstrap":
        found = resample_strata(model, posed, fit.full, replicates, seed)
        resamples = Resamples(population, found.sum(axis=1), 0.0, 0.0)
        found = found[np.isfinite(found).all(axis=1)]
        low, high = percentile_limits(resamples, level)
        failed = resamples.failed
        limits = Interval(max(table.observed, min(low, population)), max(high, population), level, "bootstrap")
    else:
        replicates = failed = 0
        found = draw_strata(posed, fit, people, DRAWS, seed)
        limits = Interval(*chao_log(table.observed, float(hidden.sum()), se, level), level, "log-normal")
    record = summarise(
        model,
        posed,
        fit,
        lists=table.lists,
        strata=table.strata,
        labels=table.labels,
        se=se,
        bootstrap=(replicates, failed),
    )
    record = replace(record, trace=Trace({"stratum_population": found[None]}, {"stratum_population": ("stratum",)}))
    return Estimate(
        "loglinear-strata", population, limits, table.observed, (*checks, *_doubts(record, limits)), fit=record
    )


def _read_model(
    table: CaptureTable,
    people: Counts,
    interactions: Literal["all", "none"] | Pairs,
    by_stratum: str,
    absent: Literal["empty", "none"] | Pairs,
) -> tuple[StrataModel, list[Check]]:
    """The model over the lists of the table, and what is to be said about it."""
    runs = _runs(table, people, absent)
    pairs = terms_of_size(table.n_lists, 2)
    if interactions == "none":
        pairs = []
    elif interactions != "all":
        pairs = sorted({read_pair((a, b), table.lists) for a, b in interactions})
    apart = [pair for pair in pairs if not runs[:, list(members(pair))].all(axis=1).any()]
    names = [term_name(pair, table.lists) for pair in apart]
    checks = []
    if apart and interactions != "all":
        raise NotEstimableError(
            f"{some_of(names)}: these lists run together nowhere, so nothing shows how they depend on each other.",
            hint="Leave the pair out.",
            exists=True,
            identifiable=False,
            terms=names,
        )
    if apart:
        message = (
            f"{some_of(names)}: these lists run together nowhere. They are taken as independent, which nothing tests."
        )
        checks.append(Check("lists-never-together", len(apart), False, message))
    varying = {"all": list(table.lists), "none": []}.get(by_stratum)
    if varying is None:
        varying = [name.strip() for name in by_stratum.split(",")]
    places = tuple(sorted({table.position(name) for name in varying}))
    return StrataModel(runs, tuple(pair for pair in pairs if pair not in apart), places), checks


def _runs(table: CaptureTable, people: Counts, absent: Literal["empty", "none"] | Pairs) -> Flags:
    """(S, K): does the list run in the stratum?"""
    on = memberships(np.arange(people.shape[1]), table.n_lists)
    here: Flags = people @ on > 0
    if absent == "empty":
        return here
    runs = np.ones_like(here)
    if absent == "none":
        return runs
    labels = [", ".join(label) for label in table.labels]
    for name, label in absent:
        if label not in labels:
            raise UnknownNameError.among("stratum", label, labels)
        place = labels.index(label), table.position(name)
        if here[place]:
            raise DataError(
                f"{people[place[0]] @ on[:, place[1]]:,} people are on {name} in {label}, where it is said not to run.",
                hint="Correct the table, or leave this out of absent.",
            )
        runs[place] = False
    return runs


def _doubts(record: LoglinearStrataFit, limits: Interval) -> list[Check]:
    """What a reader should know about this fit."""
    checks = []
    if record.absent:
        places = [f"{', '.join(lists)} in {label}" for label, lists in record.absent.items()]
        message = (
            f"Lists that do not run: {some_of(places)}. There they are taken to depend on the others as elsewhere."
        )
        checks.append(Check("lists-absent", len(places), None, message))
    if not any(":" in name for name in record.coefficients):
        message = "The lists are taken as independent of one another, which nothing in this model tests."
        checks.append(Check("independence-assumed", None, None, message))
    checks += fit_check(record.deviance, record.df, record.goodness_of_fit)
    if record.failed > FAILED * record.replicates:
        message = f"{record.failed} of {record.replicates} replicates have no estimate: the interval leaves them out."
        checks.append(Check("failed-replicates", record.failed, False, message))
    return [*checks, width_check(limits)]
