"""Log-linear models of lists and covariates together, where a list does not record every covariate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import prod, sqrt
from typing import Any

import numpy as np

from hiddenpop.arrays import members
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import DataError, OptionError, some_of
from hiddenpop.numerics.composite import CompositeFit, fit_told_apart, hidden_variance, misfit
from hiddenpop.numerics.covariate_model import (
    NOT_KNOWN,
    KnownInPart,
    PosedCovariates,
    default_terms,
    pose_covariates,
)
from hiddenpop.numerics.intervals import chao_log, refuse_unbounded
from hiddenpop.numerics.terms import close_terms, generators, read_model, term_name
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval, fit_check, width_check

MOST_CELLS = 1 << 15
SLOW = 30  # steps of Fisher scoring, from which the terms are nearly impossible to tell apart


@dataclass(frozen=True, slots=True)
class LoglinearCovariatesFit:
    """A fitted model of lists and covariates.

    Attributes
    ----------
    model : largest terms, in brackets
    coefficients, standard_errors : term -> log-linear coefficient (treatment coding, first value as reference)
    recorded : {covariate: lists that record it}
    strata : one record for each combination of covariates: `stratum, population, hidden`
    se : standard error of the population
    deviance, df : of the counts that can be seen
    goodness_of_fit : chi-square p-value of the deviance; None if df is 0
    steps : of Fisher scoring
    """

    model: str
    coefficients: Mapping[str, float]
    standard_errors: Mapping[str, float]
    recorded: Mapping[str, tuple[str, ...]]
    strata: tuple[Mapping[str, Any], ...]
    se: float
    deviance: float
    df: int
    goodness_of_fit: float | None
    steps: int


@register(
    "loglinear-covariates",
    summary="Log-linear model of lists and covariates, of which some lists record only some",
    family="log-linear",
    lists=(2, 8),
    stratified=True,
    reference="van der Heijden, Whittaker, Cruyff, Bakker and van der Vliet (2012) Annals of Applied Statistics 6:831, "
    "doi 10.1214/12-AOAS536",
)
def loglinear_covariates(
    table: CaptureTable, *, model: str | None = None, missing: str = "(missing),unknown", level: float = 0.95
) -> Estimate:
    """Estimate a population by lists and covariates, where what one agency records another does not.

    Use when people differ in what only some lists know: sex known to the police, country of birth to the shelter.
    Do not use when a covariate goes unrecorded because of its value, or has numbers instead of a few categories.

    Parameters
    ----------
    table : CaptureTable
        2 to 8 lists; its stratum columns are the covariates, with one of the values `missing` where not recorded.
    model : str, optional
        In brackets, over names of lists and covariates, as in `"[police:country,shelter:sex,sex:country]"`. None:
        covariates depend on each other, a list on each covariate that another list records, and of three lists or more
        every two on each other.
    missing : str, values that stand for "not recorded", with commas between them
    level : float in (0, 1)

    Returns
    -------
    Estimate
        `fit` is a `LoglinearCovariatesFit`, with the population of every combination of covariates.

    Raises
    ------
    NotEstimableError
        If the counts cannot tell the terms apart (`details` names them), have no largest likelihood, or leave log n0
        with a standard error above 5.
    DataError
        If the table has no strata, or nobody's value of a covariate is known.
    OptionError
        If the model cannot be read, or there are too many lists and values.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    Poisson log-linear model of the full table of histories and covariates; of a person known in part the sum of the
    cells that agree is seen. For two lists and a covariate each, recorded by one of them: `b_x = n11x. / n1.x.`,
    `a_y = n11.y / n.1.y`, `N = sum of n11xy / (a_y b_x)`.

    - Assumptions: closed population; perfect matching; dependence as the model says; whether a covariate is recorded
      depends on the lists a person is on, not on its value.
    - Interval: `n + n0 C^(-+1)` as in `chao`, with `se^2 = n0 + g' V g`.
    - Computation: Fisher scoring of the likelihood of what is seen; EM has the same answer.

    References
    ----------
    van der Heijden, Whittaker, Cruyff, Bakker and van der Vliet (2012), doi 10.1214/12-AOAS536. Zwane and van der
    Heijden (2007), doi 10.1002/sim.2577.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> import pandas as pd
    >>> rows = [("1", "0", "f", None, 90), ("1", "0", "m", None, 160), ("0", "1", None, "home", 70),
    ...         ("0", "1", None, "abroad", 120), ("1", "1", "f", "home", 30), ("1", "1", "f", "abroad", 20),
    ...         ("1", "1", "m", "home", 25), ("1", "1", "m", "abroad", 40)]
    >>> cases = pd.DataFrame(rows, columns=["police", "shelter", "sex", "country", "n"])
    >>> table = hp.read_captures(cases, lists=["police", "shelter"], count="n", strata=["sex", "country"])
    >>> est = hp.loglinear_covariates(table)
    >>> est.fit.model, round(est.population), [round(s["population"]) for s in est.fit.strata]
    ('[police:country,shelter:sex,sex:country]', 971, [168, 191, 415, 197])

    *Checked against*: the closed form of two lists, an EM algorithm and simulated populations, in
    tests/estimators/test_loglinear_covariates.py.
    """
    people, labels = _read_people(table, {value.strip() for value in missing.split(",")})
    variables = (*table.lists, *table.strata)
    chosen = _read_terms(model, variables, people, default_terms(people))
    posed = pose_covariates(people, chosen)
    names = [_term(mask, values, variables, labels) for mask, values in zip(posed.terms, posed.values, strict=True)]
    fit = fit_told_apart(
        posed.problem, posed.counts, posed.start, names,
        loose="Let a list depend only on covariates that another list records.",
        none="Use fewer terms, or merge values that few people have.",
    )  # fmt: skip
    hidden = float(posed.by_combination(fit.full, hidden=True).sum())
    se = sqrt(hidden_variance(posed.problem, fit))
    refuse_unbounded("The model", se / hidden)
    limits = Interval(*chao_log(table.observed, hidden, se, level), level, "log-normal")
    record = _record(table, people, labels, posed, fit, names, _written(chosen, variables), se)
    checks = (*_doubts(record, table), width_check(limits))
    return Estimate("loglinear-covariates", table.observed + hidden, limits, table.observed, checks, fit=record)


def _read_people(table: CaptureTable, missing: set[str]) -> tuple[KnownInPart, list[tuple[str, ...]]]:
    """People by what is known of them, and the values of each covariate."""
    columns = list(zip(*table.labels, strict=True))
    labels = [tuple(sorted(set(column) - missing)) for column in columns]
    empty = [name for name, values in zip(table.strata, labels, strict=True) if not values]
    if empty:
        raise DataError(f"{some_of(empty)}: not recorded for anybody.", hint="Leave these columns out.")
    if prod(map(len, labels)) << table.n_lists > MOST_CELLS:
        raise OptionError(
            f"{table.n_lists} lists and {prod(map(len, labels)):,} combinations of covariates are too many.",
            hint="Merge lists or values, or band numbers.",
        )
    coded = np.array(
        [[values.index(v) if v not in missing else NOT_KNOWN for v, values in zip(label, labels, strict=True)]
         for label in table.labels]
    )  # fmt: skip
    levels = tuple(map(len, labels))
    return KnownInPart(table.histories, coded[table.stratum], table.counts, levels, table.n_lists), labels


def _read_terms(
    model: str | None, variables: tuple[str, ...], people: KnownInPart, default: list[int]
) -> tuple[int, ...]:
    """Terms over lists and then covariates; a model of ours leaves no main effect out."""
    twice = sorted({name for name in variables if variables.count(name) > 1})
    if twice:
        raise DataError(f"{some_of(twice)}: the name of a list and of a covariate.", hint="Rename the column.")
    wanted = default if model is None else read_model(model, variables)
    single = sum(1 << (people.n_lists + c) for c, size in enumerate(people.levels) if size == 1)
    return tuple(term for term in close_terms(wanted, len(variables)) if not term & single)


def _written(terms: tuple[int, ...], variables: tuple[str, ...]) -> str:
    """The largest terms in brackets, by name."""
    return f"[{','.join(term_name(term, variables) for term in generators(terms))}]"


def _term(mask: int, values: tuple[int, ...], variables: tuple[str, ...], labels: list[tuple[str, ...]]) -> str:
    """A term in words: lists and `covariate=value`, with colons between them."""
    n_lists = len(variables) - len(labels)
    covariates = [f"{variables[n_lists + c]}={labels[c][v]}" for c, v in enumerate(values) if v != NOT_KNOWN]
    return ":".join([*(variables[i] for i in members(mask) if i < n_lists), *covariates]) or "intercept"


def _record(
    table: CaptureTable,
    people: KnownInPart,
    labels: list[tuple[str, ...]],
    posed: PosedCovariates,
    fit: CompositeFit,
    names: list[str],
    model: str,
    se: float,
) -> LoglinearCovariatesFit:
    deviance, df, p_value = misfit(posed.counts, fit)
    whole, hidden = (posed.by_combination(fit.full, hidden=only).tolist() for only in (False, True))
    return LoglinearCovariatesFit(
        model=model,
        coefficients=dict(zip(names, fit.beta.tolist(), strict=True)),
        standard_errors=dict(zip(names, np.sqrt(np.diagonal(fit.covariance)).tolist(), strict=True)),
        recorded={
            name: tuple(table.lists[j] for j in sorted(lists))
            for name, lists in zip(table.strata, people.recorded(), strict=True)
        },
        strata=tuple(
            {"stratum": dict(zip(table.strata, label, strict=True)), "population": a, "hidden": b}
            for label, a, b in zip(product(*labels), whole, hidden, strict=True)
        ),
        se=se,
        deviance=deviance,
        df=df,
        goodness_of_fit=p_value,
        steps=fit.steps,
    )


def _doubts(record: LoglinearCovariatesFit, table: CaptureTable) -> list[Check]:
    """What a reader should know about this fit."""
    gaps = [name for name, lists in record.recorded.items() if len(lists) < table.n_lists]
    checks = []
    if gaps:
        told = "; ".join(f"{name} by {', '.join(record.recorded[name]) or 'no list alone'}" for name in gaps)
        message = f"Recorded by some lists only: {told}. What the others would have recorded is taken from the model."
        checks.append(Check("covariates-unrecorded", len(gaps), None, message))
    if not any(_pairs(term, table.lists) for term in record.coefficients):
        message = "Among people with the same covariates the lists are taken as independent, which nothing here tests."
        checks.append(Check("independence-assumed", None, None, message))
    checks += fit_check(record.deviance, record.df, record.goodness_of_fit)
    message = f"The fit took {record.steps} steps"
    slow = record.steps > SLOW
    message += ": the terms are nearly impossible to tell apart." if slow else "."
    return [*checks, Check("slow-convergence", record.steps, not slow, message)]


def _pairs(term: str, lists: tuple[str, ...]) -> bool:
    return sum(part in lists for part in term.split(":")) > 1
