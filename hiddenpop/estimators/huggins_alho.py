"""Huggins and Alho: chances of being listed that depend on covariates, and people weighted by them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.captures import CaptureTable
from hiddenpop.covariates import Covariates, read_covariates
from hiddenpop.errors import ConvergenceError, NotEstimableError, OptionError, some_of
from hiddenpop.numerics.history_logit import LogitFit, LogitProblem, fit_history_logit, orthonormal
from hiddenpop.numerics.intervals import chao_log, refuse_unbounded
from hiddenpop.numerics.terms import read_pair, term_name, terms_of_size
from hiddenpop.numerics.weighting import Weighting, weight_people
from hiddenpop.options import Pairs
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval, width_check

MOST_CELLS = 1 << 24
LOOSE = 0.3  # of the least certain direction, from which a coefficient belongs to it
MOST_STRATA = 100
SIMPLER = "Use a simpler formula or fewer interactions, or merge values that few people have."
RARE = 0.05  # chance of being known, below which a person stands for twenty


@dataclass(frozen=True, slots=True)
class HugginsAlhoFit:
    """What `huggins-alho` found.

    Attributes
    ----------
    formula : str
    coefficients : {list or pair: {part of the formula: {"value", "se"}}}, log odds
    se : float, of the population
    log_likelihood, aic : of the histories of people given that they are known
    least_chance : float, smallest chance of being known among known people
    chances : {list: mean chance over the population}
    without_covariates : float or None, the population if everybody were alike
    strata : [{"stratum", "observed", "chance", "population"}], the 100 largest
    """

    formula: str
    coefficients: dict[str, dict[str, dict[str, float]]]
    se: float
    log_likelihood: float
    aic: float
    least_chance: float
    chances: dict[str, float]
    without_covariates: float | None
    strata: list[dict[str, object]]


@register(
    "huggins-alho",
    summary="Chances of being listed by covariates, and each known person weighted by the inverse of theirs",
    family="covariates",
    lists=(2, 10),
    covariates=True,
    reference="Huggins (1989) Biometrika 76:133, doi 10.1093/biomet/76.1.133; Alho (1990) Biometrics 46:623, "
    "doi 10.2307/2532083",
)
def huggins_alho(
    table: CaptureTable,
    *,
    formula: str | None = None,
    interactions: Literal["none", "all"] | Pairs = "none",
    level: float = 0.95,
) -> Estimate:
    """Estimate a population whose people are listed with chances that depend on what is known of them.

    Use when lists reach men and women, ages or regions differently: without covariates such a population looks
    smaller than it is. Do not use when what drives the chances is not recorded, or lists also depend on each other
    within a group (give `interactions` then, or use `doubly-robust` with three lists).

    Parameters
    ----------
    table : CaptureTable
        2 to 10 lists; its stratum columns are the covariates. Without strata everybody is alike.
    formula : str, optional
        As in `"sex + age"` or `"C(region) * log(age)"`, the same for every list. None takes every stratum column that
        varies: texts, and numbers of up to 10 values, as categories, other numbers as numbers.
    interactions : "none", "all", or pairs of list names
        Pairs of three lists or more that depend on each other within a group, alike in all groups.
    level : float in (0, 1)

    Returns
    -------
    Estimate
        `fit` is a `HugginsAlhoFit`.

    Raises
    ------
    NotEstimableError
        If the likelihood has no finite, unique maximum (`details` names what is loose), or leaves log n0 with a
        standard error above 5.
    OptionError
        If the formula or a pair cannot be read, or there are too many strata and lists.
    DataError
        If a number that the formula needs is missing for some people.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    `logit p_j(x) = beta_j . x`, and `P(history | known, x) = product of chances / pi(x)`, with `pi` the chance of being
    on any list. `N = sum over known people of 1 / pi(x)`. With interactions: the log-linear model within `x`.

    - Assumptions: closed population; perfect matching; lists independent given the covariates, apart from the
      interactions; nobody without a chance.
    - Interval: `n + n0 C^(-+1)` as in `chao`, with `se^2 = sum (1 - pi) / pi^2 + g' I^-1 g`, `g = dN / dbeta`.
    - Computation: Newton's method with orthonormal covariates, so that their scale and coding change nothing.

    References
    ----------
    Huggins (1989), doi 10.1093/biomet/76.1.133. Alho (1990), doi 10.2307/2532083. Tilling and Sterne (1999), doi
    10.1093/oxfordjournals.aje.a009829.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> table = hp.load("bangladesh_pwid")
    >>> est = hp.huggins_alho(table)
    >>> print(est)
    7,788 people (95% log-normal 7,474 to 8,138); 3,131 on no list
    >>> round(est.fit.without_covariates)
    7644

    *Checked against*: the formulas of two lists without covariates, simulated populations, and a second implementation
    in tests/estimators/test_huggins_alho.py.
    """
    covariates = read_covariates(table, formula)
    names, problem, triangle = _pose(table, covariates, interactions)
    fit = _fit(problem, names, covariates.names)
    found = weight_people(problem, fit)
    hidden = float(found.hidden.sum())
    refuse_unbounded("The formula", found.se / hidden, hint=SIMPLER)
    limits = Interval(*chao_log(table.observed, hidden, found.se, level), level, "log-normal")
    record = _record(table, covariates, names, problem, triangle, fit, found)
    checks = (*covariates.checks, *_doubts(record), width_check(limits))
    return Estimate("huggins-alho", table.observed + hidden, limits, table.observed, checks, fit=record)


def _pose(
    table: CaptureTable, covariates: Covariates, interactions: Literal["none", "all"] | Pairs
) -> tuple[list[str], LogitProblem, Floats]:
    """Names of the terms, the problem, and the triangle that turns its coefficients back to the covariates as given."""
    if len(table.labels) << table.n_lists > MOST_CELLS:
        raise OptionError(
            f"{len(table.labels):,} strata of {table.n_lists} lists are too many.", hint="Merge lists, or band numbers."
        )
    masks = [1 << i for i in range(table.n_lists)]
    if interactions == "all":
        masks += terms_of_size(table.n_lists, 2)
    elif interactions != "none":
        masks += sorted({read_pair((a, b), table.lists) for a, b in interactions})
    if len(masks) > table.n_lists and table.n_lists < 3:
        raise OptionError("Two lists cannot show how they depend on each other.", hint="Leave interactions out.")
    counts = table.to_matrix()[:, 1:].astype(float)
    histories = np.arange(1, 1 << table.n_lists)
    terms = np.array([(histories & mask) == mask for mask in masks]).T.astype(float)
    z, triangle = orthonormal(covariates.design, counts.sum(axis=1))
    free = np.ones((len(masks), z.shape[1]), dtype=bool)
    free[table.n_lists :, 1:] = False
    names = [term_name(mask, table.lists) for mask in masks]
    return names, LogitProblem(z, counts, terms, free, np.zeros(histories.size)), triangle


def _fit(problem: LogitProblem, terms: list[str], columns: tuple[str, ...]) -> LogitFit:
    """The fit, or a refusal that names the coefficients that run away or cannot be told apart."""
    try:
        fit = fit_history_logit(problem)
    except ConvergenceError as error:
        raise NotEstimableError(error.message, hint=SIMPLER, exists=False) from error
    if fit.exists:
        return fit
    loosest = np.abs(np.linalg.eigh(fit.information)[1][:, 0])
    places = np.argwhere(problem.free)[loosest > LOOSE * loosest.max()]
    names = [terms[t] if columns[a] == "Intercept" else f"{terms[t]} by {columns[a]}" for t, a in places]
    raise NotEstimableError(
        f"The overlaps of the lists do not determine the chances: {some_of(names)}.",
        hint=SIMPLER,
        exists=False,
        terms=names,
    )


def _record(
    table: CaptureTable,
    covariates: Covariates,
    terms: list[str],
    problem: LogitProblem,
    triangle: Floats,
    fit: LogitFit,
    found: Weighting,
) -> HugginsAlhoFit:
    back = np.linalg.inv(triangle)
    beta = problem.coefficients(fit.values) @ back.T
    spread = np.linalg.inv(fit.information)
    coefficients = {}
    for t, term in enumerate(terms):
        own = np.flatnonzero(problem.free[t])
        inside = np.flatnonzero(np.argwhere(problem.free)[:, 0] == t)
        se = np.sqrt(np.diagonal(back[:, own] @ spread[np.ix_(inside, inside)] @ back[:, own].T))
        coefficients[term] = {covariates.names[a]: {"value": float(beta[t, a]), "se": float(se[a])} for a in own}
    people = problem.people
    largest = np.argsort(-people, kind="stable")[:MOST_STRATA]
    strata = [
        {
            "stratum": dict(zip(table.strata, table.labels[g], strict=True)),
            "observed": int(people[g]),
            "chance": float(found.chance[g]),
            "population": float(people[g] + found.hidden[g]),
        }
        for g in sorted(largest)
    ]
    return HugginsAlhoFit(
        formula=covariates.formula,
        coefficients=coefficients,
        se=found.se,
        log_likelihood=fit.log_likelihood,
        aic=2.0 * fit.values.size - 2.0 * fit.log_likelihood,
        least_chance=float(found.chance.min()),
        chances={name: float(found.on_list[i]) for i, name in enumerate(table.lists)},
        without_covariates=_alike(problem),
        strata=strata if table.strata else [],
    )


def _alike(problem: LogitProblem) -> float | None:
    """The population if everybody were alike, or None where that has no estimate."""
    pooled = replace(
        problem, z=np.ones((1, 1)), counts=problem.counts.sum(axis=0, keepdims=True), free=problem.free[:, :1]
    )
    fit = fit_history_logit(pooled)
    return float(pooled.people.sum() + weight_people(pooled, fit).hidden.sum()) if fit.exists else None


def _doubts(record: HugginsAlhoFit) -> list[Check]:
    """What a reader should know about this fit."""
    checks = []
    if not any(":" in term for term in record.coefficients):
        message = "Among people with the same covariates the lists are taken as independent, which nothing here tests."
        checks.append(Check("independence-assumed", None, None, message))
    rare = record.least_chance >= RARE
    message = f"The least likely of the known people had a chance of {record.least_chance:.2g} to become known"
    message += "." if rare else f": each stands for {1.0 / record.least_chance:,.0f} people."
    checks.append(Check("least-chance", record.least_chance, rare, message))
    if record.strata and record.without_covariates is not None:
        message = f"If everybody were alike the estimate would be {record.without_covariates:,.0f}."
        checks.append(Check("without-covariates", record.without_covariates, None, message))
    return checks
