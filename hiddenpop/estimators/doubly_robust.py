"""Doubly robust: lists that are independent given covariates, with an estimate that forgives errors in the chances."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from hiddenpop.arrays import Counts, mask_of
from hiddenpop.captures import CaptureTable
from hiddenpop.covariates import read_covariates
from hiddenpop.errors import NotEstimableError, OptionError, some_of
from hiddenpop.numerics.doubly_robust import (
    cross_fitted,
    one_step,
    plug_in,
    split_people,
    targeted,
    within,
)
from hiddenpop.numerics.history_logit import orthonormal
from hiddenpop.numerics.intervals import chao_log, refuse_unbounded, wald
from hiddenpop.numerics.terms import cell_name
from hiddenpop.options import TwoLists
from hiddenpop.registry import register
from hiddenpop.result import Check, Estimate, Interval, width_check

MOST_CELLS = 1 << 22
FOLD = 50  # people of a fold, at least
FEW = 500  # known people, below which the method has not been tried
SIMPLER = "Use a simpler formula, or two lists that share more people."
CLIPPED, LARGE = 0.01, 0.05
VARIANTS = {"one-step": one_step, "tmle": targeted, "plug-in": plug_in}


@dataclass(frozen=True, slots=True)
class DoublyRobustFit:
    """What `doubly-robust` found.

    Attributes
    ----------
    formula, variant : str
    among : lists without highest-order interaction (two lists: independent) given the covariates
    folds : int, 1 where all people were used for everything
    se : float, of the population
    plug_in : float, the population without the correction
    largest_influence : float, share of the population that the most influential person brings
    clipped : float, share of known people whose chance was raised to the margin
    margin : float
    """

    formula: str
    variant: str
    among: tuple[str, ...]
    folds: int
    se: float
    plug_in: float
    largest_influence: float
    clipped: float
    margin: float


@register(
    "doubly-robust",
    summary="Lists independent given covariates, corrected so that errors in the chances largely cancel",
    family="covariates",
    lists=(2, 5),
    covariates=True,
    reference="Das, Kennedy and Jewell (2024) JRSS B 86:66, doi 10.1093/jrsssb/qkad150",
)
def doubly_robust(
    table: CaptureTable,
    *,
    lists: TwoLists | None = None,
    among: str = "all",
    formula: str | None = None,
    variant: Literal["one-step", "tmle", "plug-in"] = "one-step",
    folds: int = 5,
    margin: float = 0.005,
    interval: Literal["log-normal", "wald"] = "log-normal",
    level: float = 0.95,
    seed: int | None = None,
) -> Estimate:
    """Estimate a population from lists that are independent given what is known of the people.

    Use when chances depend on covariates in ways that no simple formula holds, with hundreds of people on two lists.
    Do not use when fewer than about 500 people are known, or what makes lists depend on each other is not recorded.

    Parameters
    ----------
    table : CaptureTable
        2 to 5 lists; its stratum columns are the covariates.
    lists : (str, str), optional
        Two lists to use; people on neither leave the table.
    among : "all", or list names such as `"police,ngo"`
        Lists that have no highest-order interaction given the covariates among people on none of the other lists: two
        lists are independent there, of three any two may depend on each other.
    formula : str, optional
        What chances of histories depend on, as in `"sex * poly(age, 2)"`. None takes every stratum column that varies,
        and squares of numbers of more than 10 values where these help to predict histories (AIC).
    variant : {"one-step", "tmle", "plug-in"}
    folds : int, 1 to 50
        Chances for the people of a fold are learned from the others; 1: from everybody. Fewer where a fold would have
        less than 50 people, and 1 without covariates.
    margin : float in (0, 0.5), least chance that is divided by
    interval : {"log-normal", "wald"}
    level : float in (0, 1)
    seed : int, optional
        Of the folds. None draws fresh entropy and records it.

    Returns
    -------
    Estimate
        `fit` is a `DoublyRobustFit`.

    Raises
    ------
    NotEstimableError
        If nobody has a history that is needed, or the estimate leaves log n0 with a standard error above 5.
    OptionError
        If an option is out of range or names what is not there, or there are too many strata and lists.
    DataError
        If a number that the formula needs is missing for some people.

    Warns
    -----
    SparseOverlapWarning
        If fewer than ten people were seen twice or more.

    Notes
    -----
    With `q_h(x)` the chance of history h among the known, hidden people per known one are `r(x) = prod q_h(x)^s_h`,
    `s_h` = +1 for an odd number of lists and -1 for an even one: `q_10 q_01 / q_11` for two lists. One step:
    `N = n + sum over people of r s_h / q_h`. TMLE: the chances are tilted until that correction vanishes.

    - Assumptions: closed population; perfect matching; no highest-order interaction of the lists given the covariates;
      every kind of person has some chance of every history.
    - Interval: `n + n0 C^(-+1)` as in `chao`, or `N +- z se`, with `se^2 = n var(phi) + n (N/n)(N/n - 1)`. Without
      covariates this is `n1 n2 (n1 - m)(n2 - m) / m^3`.
    - Computation: chances by a multinomial logit with a slight ridge towards the overall shares; `var(phi)` is the
      larger of what is seen and what the chances let expect, as rare people of great influence may be missing.

    References
    ----------
    Das, Kennedy and Jewell (2024), doi 10.1093/jrsssb/qkad150. More lists: Dulce Rubio and Kennedy (2024), arXiv
    2407.03539.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> table = hp.CaptureTable.from_counts({"10": 250, "01": 250, "11": 250})
    >>> est = hp.doubly_robust(table)
    >>> round(est.population), round(est.fit.se, 1)
    (1000, 31.6)

    *Checked against*: closed forms of two lists, and simulated populations, in tests/estimators/test_doubly_robust.py.
    """
    if not 1 <= folds <= 50:
        raise OptionError(f"folds={folds} is not between 1 and 50.", hint="Use 5.")
    if not 0.0 < margin < 0.5:
        raise OptionError(f"margin={margin} is not between 0 and 0.5.", hint="Use 0.005.")
    if len(table.labels) << table.n_lists > MOST_CELLS:
        raise OptionError(
            f"{len(table.labels):,} strata of {table.n_lists} lists are too many.",
            hint="Name two lists or band numbers.",
        )
    table = table.reorder(*sorted(table.lists))  # so that their order does not move people between folds
    chosen = _chosen(table, among)
    counts, signs = within(table.to_matrix(), mask_of(table.position(name) for name in chosen))
    _refuse_gaps(counts, chosen)
    covariates = read_covariates(table, formula, squares=True)
    folds = 1 if covariates.design.shape[1] == 1 else max(1, min(folds, table.observed // FOLD))
    z, _ = orthonormal(covariates.design, counts.sum(axis=1).astype(float))
    parts = split_people(counts, folds, seed or 0)
    chances = cross_fitted(z, parts, covariates.nested).reshape(-1, signs.size)
    parts = parts.reshape(chances.shape)
    found = VARIANTS[variant](chances, parts, signs, margin)
    plain = plug_in(chances, parts, signs, margin)
    population = table.observed * found.ratio
    hidden = population - table.observed
    refuse_unbounded("The correction by rare people", found.se / hidden if hidden > 0.0 else inf, hint=SIMPLER)
    if interval == "wald":
        limits = Interval(*wald(table.observed, population, found.se, level), level, "wald")
    else:
        limits = Interval(*chao_log(table.observed, hidden, found.se, level), level, "log-normal")
    record = DoublyRobustFit(
        formula=covariates.formula,
        variant=variant,
        among=chosen,
        folds=folds,
        se=found.se,
        plug_in=table.observed * plain.ratio,
        largest_influence=found.largest,
        clipped=found.clipped,
        margin=margin,
    )
    checks = (*covariates.checks, *_doubts(table, record), width_check(limits))
    return Estimate("doubly-robust", population, limits, table.observed, checks, fit=record)


def _chosen(table: CaptureTable, among: str) -> tuple[str, ...]:
    """The lists named, in the order of the table."""
    names = table.lists if among == "all" else [name.strip() for name in among.split(",")]
    places = {table.position(name) for name in names}
    if len(places) < 2:
        raise OptionError(f"among={among!r} names fewer than two lists.", hint="Name two lists or more, or all.")
    return tuple(table.lists[i] for i in sorted(places))


def _refuse_gaps(counts: Counts, lists: tuple[str, ...]) -> None:
    """Every history that is multiplied or divided by needs people."""
    empty = [cell_name(h + 1, lists) for h in range((1 << len(lists)) - 1) if not counts[:, h].any()]
    if empty:
        raise NotEstimableError(
            f"Nobody has the history {some_of(empty, ' or ')}.",
            hint="Name two lists that share more people, as in lists=a,b.",
            exists=False,
            cells=empty,
        )


def _doubts(table: CaptureTable, record: DoublyRobustFit) -> list[Check]:
    """What a reader should know about this estimate."""
    lists = " and ".join(record.among) if len(record.among) == 2 else ", ".join(record.among)
    given = "given the covariates" if table.strata else "for everybody, as there are no covariates"
    what = "are taken as independent" if len(record.among) == 2 else "are taken to have no interaction of all of them"
    checks = [Check("independence-assumed", None, None, f"{lists} {what} {given}, which nothing here tests.")]
    if table.observed < FEW:
        message = f"{table.observed} people are known: the method has been tried with {FEW} or more."
        checks.append(Check("few-people", table.observed, False, message))
    clipped, largest = record.clipped, record.largest_influence
    message = f"{100 * clipped:.1f} % of people have a history with a chance below {record.margin:g}, which was raised."
    checks.append(Check("clipped-chances", clipped, clipped <= CLIPPED, message))
    message = f"The most influential person brings {100 * largest:.1f} % of the population."
    checks.append(Check("largest-influence", largest, largest <= LARGE, message))
    return checks
