"""A log-linear model from terms to a summary: fit, refuse what has no estimate, and say what was fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log, sqrt

import numpy as np

from hiddenpop.arrays import Counts, Masks, members
from hiddenpop.errors import ConvergenceError, NotEstimableError, some_of
from hiddenpop.numerics.existence import MAX_CELLS, Existence, check_existence, observable_cells
from hiddenpop.numerics.facial import Reached, hint_of_face
from hiddenpop.numerics.poisson import PoissonFit, fit_poisson, fitted_log_means, fitted_overlaps
from hiddenpop.numerics.problem import overlap_counts, pose
from hiddenpop.numerics.terms import cell_name, sort_key, term_name, write_model


@dataclass(frozen=True, slots=True)
class LoglinearFit:
    """A fitted log-linear model.

    Attributes
    ----------
    model : canonical bracket text over positions
    terms : names of all terms of the hierarchical model, those at minus infinity included
    coefficients : term -> log-linear coefficient (treatment coding); finite terms only
    standard_errors : term -> standard error of the coefficient
    minus_infinity : terms whose lists share nobody
    se : standard error of the population size
    deviance, df : residual deviance over the histories that can occur, and its degrees of freedom
    loglik : Poisson log-likelihood, with the log-factorials
    aic, bic : terms at minus infinity count as parameters; n of the BIC is people
    goodness_of_fit : chi-square p-value of the deviance; None when df is 0 or the table is too sparse for it
    exists, identifiable : True, or the estimator would have refused
    population_multinomial : maximiser of the multinomial likelihood; None unless the profile interval was asked for
    """

    model: str
    terms: tuple[str, ...]
    coefficients: dict[str, float]
    standard_errors: dict[str, float]
    minus_infinity: tuple[str, ...]
    se: float
    deviance: float
    df: int
    loglik: float
    aic: float
    bic: float
    goodness_of_fit: float | None
    exists: bool
    identifiable: bool
    population_multinomial: float | None = None


def fit_loglinear(
    terms: Sequence[int],
    histories: Masks,
    counts: Counts,
    lists: Sequence[str],
    fixed: Mapping[int, float] | None = None,
) -> PoissonFit:
    """The extended maximum-likelihood fit.

    Parameters
    ----------
    terms : masks of a hierarchical model, the empty one included
    histories, counts : (m,) observed histories and people
    lists : names, for messages
    fixed : mask -> value of terms that are known, not fitted

    Raises
    ------
    NotEstimableError
        If the estimate does not exist or is not unique.
    ConvergenceError
        If it exists and was not reached.
    """
    problem = pose(terms, len(lists), histories, counts, fixed)
    fit = fit_poisson(problem)
    if fit is not None and fit.certified:
        return fit
    answer = check_existence(problem)
    if not (answer.exists and answer.identifiable):
        raise _refusal(answer, lists, write_model(terms, range(len(lists))), hint_of_face(problem, answer))
    if fit is None:
        raise ConvergenceError(
            f"The fit of {write_model(terms, range(len(lists)))} did not converge although the estimate exists.",
            hint="Use a simpler model.",
        )
    return fit


def _refusal(answer: Existence, lists: Sequence[str], model: str, face: Reached | None) -> NotEstimableError:
    cells = [cell_name(c, lists) for c in answer.cells]
    terms = [term_name(t, lists) for t in sorted(answer.terms, key=sort_key)]
    if not answer.exists:
        what = f"no maximum-likelihood estimate exists: fitted numbers of {some_of(cells, most=4)} run to zero"
    else:
        what = f"the estimate is not unique: too few histories are left to tell {some_of(terms, most=4)} apart"
    return NotEstimableError(
        f"For the model {model} {what}.",
        hint="Use a simpler model, or merge lists that share few people." + _on_face(face),
        exists=answer.exists,
        identifiable=answer.identifiable,
        terms=terms,
        cells=cells,
    )


def _on_face(face: Reached | None) -> str:
    if face is None:
        return ""
    return (
        f" The histories that can have a positive mean do determine the number on no list, {face.hidden:,.0f}: "
        'loglinear-search takes such models with existence="facial".'
    )


@dataclass(frozen=True, slots=True)
class PairResidual:
    """People on two lists against the fitted number; `p_value` is that of the score test of their interaction."""

    pair: tuple[str, str]
    observed: int
    fitted: float
    p_value: float


def pair_residuals(fit: PoissonFit, lists: Sequence[str]) -> list[PairResidual]:
    """Every two lists whose interaction is not in the model, in order of position.

    Score test (Rao): `u^2 / v`, `u` the observed less the fitted overlap, `v` its variance given the fitted terms.
    """
    from scipy.special import chdtrc

    problem = fit.problem
    in_model = {*problem.terms.tolist(), *problem.removed}
    pairs = [1 << i | 1 << j for i, j in combinations(range(problem.n_lists), 2)]
    pairs = [pair for pair in pairs if pair not in in_model]
    masks = np.array(pairs, dtype=np.int64)
    fitted = fitted_overlaps(fit, masks)
    cross = fitted_overlaps(fit, masks[:, None] | problem.terms[None, :])
    variance = fitted - np.einsum("it,ts,is->i", cross, fit.covariance, cross)
    observed = overlap_counts(pairs, problem.histories, problem.counts)
    score = np.where(variance > 1e-9 * fitted, (observed - fitted) ** 2 / np.maximum(variance, 1e-300), 0.0)
    return [
        PairResidual((lists[i], lists[j]), int(observed[k]), float(fitted[k]), float(chdtrc(1.0, score[k])))
        for k, (i, j) in enumerate(tuple(members(pair)) for pair in pairs)
    ]


def _judgeable(fit: PoissonFit) -> bool:
    """Can the deviance be judged by chi-square? Yes if four of five fitted means are 1 or more."""
    problem = fit.problem
    if problem.n_cells > MAX_CELLS:
        return False
    means = fitted_log_means(fit, observable_cells(problem))
    return bool((means >= 0.0).mean() >= 0.8)


def summarise(fit: PoissonFit, lists: Sequence[str], places: Sequence[int]) -> LoglinearFit:
    """Everything worth printing about a fit; `places` are the positions of the lists in the model text."""
    from scipy.special import gammaincc, gammaln

    problem = fit.problem
    log_means = fitted_log_means(fit, problem.histories)
    counts = problem.counts.astype(float)
    loglik = float(counts @ log_means) - problem.people - float(gammaln(counts + 1.0).sum())
    deviance = max(0.0, 2.0 * float(counts @ (np.log(counts) - log_means)))
    size = problem.terms.size + len(problem.removed)
    df = problem.n_cells - problem.terms.size
    order = sorted(range(problem.terms.size), key=lambda i: sort_key(int(problem.terms[i])))
    names = {i: term_name(int(problem.terms[i]), lists) for i in order}
    every = sorted([*problem.terms.tolist(), *problem.removed], key=sort_key)
    errors = np.sqrt(np.diagonal(fit.covariance))
    return LoglinearFit(
        model=write_model(every, places),
        terms=tuple(term_name(t, lists) for t in every),
        coefficients={names[i]: float(fit.beta[i]) for i in order},
        standard_errors={names[i]: float(errors[i]) for i in order},
        minus_infinity=tuple(term_name(t, lists) for t in sorted(problem.removed, key=sort_key)),
        se=sqrt(fit.hidden + fit.hidden**2 * fit.log_hidden_variance),
        deviance=deviance,
        df=df,
        loglik=loglik,
        aic=-2.0 * loglik + 2.0 * size,
        bic=-2.0 * loglik + size * log(problem.people),
        goodness_of_fit=float(gammaincc(df / 2.0, deviance / 2.0)) if df > 0 and _judgeable(fit) else None,
        exists=True,
        identifiable=True,
    )
