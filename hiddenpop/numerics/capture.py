"""Capture-recapture models from name to summary: fit, refuse what has no estimate, and say what was fitted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log, sqrt

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks
from hiddenpop.errors import ConvergenceError
from hiddenpop.numerics.capture_fit import MeanFit, MeanModel, fit_means, score
from hiddenpop.numerics.capture_models import (
    BY_BEHAVIOUR,
    NORMAL,
    Cells,
    columns,
    group,
    log_linear,
    mixture,
    reaction,
)
from hiddenpop.numerics.capture_refusals import (
    no_maximum_found,
    not_unique,
    refuse_growth,
    refuse_too_few,
    without_maximum,
)
from hiddenpop.numerics.existence import facial_set
from hiddenpop.numerics.intervals import refuse_unbounded

SHIFTS = (0.0, -1.0, 1.0)


@dataclass(frozen=True, slots=True)
class CaptureFit:
    """A fitted capture-recapture model.

    Attributes
    ----------
    model : name
    terms : names of the columns, those left out not included
    coefficients, standard_errors : by term; empty where the intercept is at minus infinity
    left_out : terms that the model bounds at zero and the data would put below it: `eta_j` of Chao's bound, the
        variance of the normal mixture
    minus_infinity : `("intercept",)` where the likelihood is largest with nobody hidden, else empty
    se : standard error of the population size, `se^2 = n0 + n0^2 var(log n0)`; None with nobody hidden
    deviance, df : over the histories that can occur
    loglik : Poisson log-likelihood, with the log-factorials
    aic, bic : n of the BIC is people
    goodness_of_fit : chi-square p-value of the deviance; None when df is 0 or the table is too sparse for it
    exists, identifiable : does a finite maximum exist, and is it unique?
    population_uncorrected, se_uncorrected : maximum likelihood, where `bias_corrected` was asked for
    population_multinomial : maximiser of the multinomial likelihood, where the profile interval was asked for
    """

    model: str
    terms: tuple[str, ...]
    coefficients: dict[str, float]
    standard_errors: dict[str, float]
    left_out: tuple[str, ...]
    minus_infinity: tuple[str, ...]
    se: float | None
    deviance: float
    df: int
    loglik: float
    aic: float
    bic: float
    goodness_of_fit: float | None
    exists: bool
    identifiable: bool
    population_uncorrected: float | None = None
    se_uncorrected: float | None = None
    population_multinomial: float | None = None


@dataclass(frozen=True)
class Fitted:
    """A model met with data.

    Attributes
    ----------
    cells : the table as the model sees it
    model : what was fitted
    fit : its maximum
    left_out : terms set to zero
    nobody_hidden : the likelihood is largest at the limit where nobody is hidden; `model` and `fit` are then those of
        the histories that keep a positive mean, and `fit.hidden` means nothing
    """

    cells: Cells
    model: MeanModel
    fit: MeanFit
    left_out: tuple[str, ...] = ()
    nobody_hidden: bool = False

    @property
    def hidden(self) -> float:
        return 0.0 if self.nobody_hidden else self.fit.hidden

    @property
    def se(self) -> float | None:
        return None if self.nobody_hidden else standard_error(self.fit)


def standard_error(fit: MeanFit) -> float:
    """Of the population: the Poisson variation of the hidden number, and the error of the parameters."""
    return sqrt(fit.hidden + fit.hidden**2 * fit.log_hidden_variance)


def fit_capture(model: str, lists: tuple[str, ...], histories: Masks, counts: Counts) -> Fitted:
    """The maximum-likelihood fit of a capture model by its name, as in `"Mth Darroch"`.

    Parameters
    ----------
    model : str
    lists : K names, in the order of the occasions
    histories, counts : (m,) observed histories and people

    Raises
    ------
    OptionError
        If the model needs every history and there are more than 14 lists.
    NotEstimableError
        If no finite, unique estimate exists, or it is negative or known only up to factors of thousands.
    ConvergenceError
        If it exists and was not reached.
    """
    cells = group(model, lists, histories, counts)
    if cells.mixing == NORMAL:
        found = _fit_normal(cells)
    elif cells.base == "Mtb":
        found = _fit_time_and_behaviour(cells)
    else:
        found = fit_log_linear(cells)
    if cells.base in BY_BEHAVIOUR:
        refuse_growth(cells, found.fit)
    if not found.nobody_hidden:
        error = max(found.fit.log_hidden_variance, 0.0) ** 0.5
        refuse_unbounded(f"The model {cells.model}", error, found.model.names[0])
    return found


def fit_log_linear(cells: Cells) -> Fitted:
    """The fit of a log-linear capture model, certified, at its limit, or refused."""
    model, fit, left_out = fit_bounded(cells)
    if fit is not None and fit.certified:
        return Fitted(cells, model, fit, left_out)
    return _at_the_limit(cells, {n: column for n, column in columns(cells).items() if n not in left_out}, left_out)


def fit_bounded(cells: Cells, first: int = 1) -> tuple[MeanModel, MeanFit | None, tuple[str, ...]]:
    """Newton's method, and for Chao's bound again without the first negative eta until none is left.

    With `first` 0 the people of row 0, the hidden ones, are taken as given.
    """
    terms = columns(cells)
    left_out: list[str] = []
    while True:
        model, fit, negative = _fit_terms(cells, terms, first)
        if negative is None:
            return model, fit, tuple(left_out)
        left_out.append(negative)
        del terms[negative]


def _fit_terms(cells: Cells, terms: dict[str, Floats], first: int) -> tuple[MeanModel, MeanFit | None, str | None]:
    """The fit of these terms, and the first eta that the data put below zero.

    Where nobody is on j lists or more, eta_j is at minus infinity: it takes those histories and all later eta with it.
    """
    most = cells.size[cells.counts > 0.0].max()
    beyond = [
        name for name, column in terms.items() if name.startswith("eta_") and not column[cells.size <= most].any()
    ]
    model = log_linear(cells, {name: column for name, column in terms.items() if name not in beyond})
    if beyond:
        model = replace(model, number=model.number * (terms[beyond[0]] == 0.0))
    fit = fit_means(model, cells.counts, first=first)
    values = [] if fit is None else zip(model.names, fit.theta, strict=True)
    negative = [name for name, value in values if name.startswith("eta_") and value < 0.0]
    return model, fit, (negative + beyond + [None])[0]


def _at_the_limit(cells: Cells, terms: dict[str, Floats], left_out: tuple[str, ...]) -> Fitted:
    """What becomes of a log-linear model whose fit proves nothing: refused, or an estimate with nobody hidden.

    Where no finite maximum exists, the likelihood grows along a direction in which some histories run to mean zero. If
    there is one such direction and it takes the intercept, the log of the hidden number, to minus infinity, then the
    fitted number of hidden people has a limit, zero; in any other case there is no estimate.
    """
    names = list(terms)
    matrix = np.column_stack([terms[name] / np.abs(terms[name]).max() for name in names])[1:]
    loose = _null_space(matrix)
    if loose.size:
        raise not_unique(cells, _moving(names, loose))
    face = facial_set(matrix, cells.counts[1:] > 0.0)
    if face.all():
        raise ConvergenceError(
            f"The fit of {cells.model} did not converge although the estimate exists.", hint="Use another model."
        )
    away = _null_space(matrix[face])
    direction = away[0] * -np.sign((matrix[~face] @ away[0]).sum())
    if len(away) > 1 or direction[0] > -1e-9 or cells.base in BY_BEHAVIOUR:
        raise without_maximum(cells, _moving(names, away), face)
    kept = {name: column for name, column in terms.items() if name != _moving(names, away)[-1]}
    model = log_linear(cells, kept)
    model = MeanModel(model.names, model.number * np.concatenate([[1.0], face]), model.predict, model.start)
    fit = fit_means(model, cells.counts)
    if fit is None:
        raise ConvergenceError(f"The fit of {cells.model} did not converge at its limit.", hint="Use another model.")
    return Fitted(cells, model, fit, left_out, nobody_hidden=True)


def _null_space(matrix: Floats) -> Floats:
    """(q, p) directions in which the columns cancel."""
    missing = max(0, matrix.shape[1] - matrix.shape[0])
    _, singular, right = np.linalg.svd(np.pad(matrix, ((0, missing), (0, 0))), full_matrices=False)
    return np.asarray(right[int((singular > 1e-9 * singular[0]).sum()) :])


def _moving(names: list[str], directions: Floats) -> list[str]:
    """The terms that take part in any of the directions (q, p)."""
    return [name for name, size in zip(names, np.abs(directions).max(axis=0), strict=True) if size > 1e-9]


def _fit_normal(cells: Cells) -> Fitted:
    """The normal mixture; without its variance where the likelihood falls as people begin to differ."""
    alike = fit_log_linear(cells)
    model = mixture(cells, alike.fit.theta[1:])
    refuse_too_few(cells, model.names)
    if alike.nobody_hidden:
        return alike
    nearly = model.start.copy()
    nearly[0], nearly[-1] = log(cells.counts.sum() + alike.hidden), log(1e-6)
    if score(model, cells.counts, 1, nearly)[-1] <= 0.0:
        return replace(alike, left_out=("variance",))
    fit = fit_means(model, cells.counts)
    if fit is None:
        raise no_maximum_found(cells)
    return Fitted(cells, model, fit)


def _fit_time_and_behaviour(cells: Cells) -> Fitted:
    """The best of three searches, begun with the chance of being caught again lower, equal and higher."""
    alike = fit_log_linear(cells)
    models = [reaction(cells, np.append(alike.fit.theta[1:], shift)) for shift in SHIFTS]
    refuse_too_few(cells, models[0].names)
    fits = [(model, fit) for model in models if (fit := fit_means(model, cells.counts)) is not None]
    if not fits:
        raise no_maximum_found(cells)
    model, fit = max(fits, key=lambda pair: pair[1].value)
    return Fitted(cells, model, fit)


def summarise(found: Fitted) -> CaptureFit:
    """Everything worth printing about a fit."""
    from scipy.special import gammaincc, gammaln

    cells, names = found.cells, found.model.names
    log_means = found.fit.log_means[cells.place]
    loglik = float(cells.people @ log_means - cells.people.sum() - gammaln(cells.people + 1.0).sum())
    deviance = max(0.0, 2.0 * float(cells.people @ (np.log(cells.people) - log_means)))
    df = int(found.model.number[1:].sum()) - len(names)
    size = len(names) + found.nobody_hidden
    errors = np.sqrt(np.diagonal(found.fit.covariance))
    finite = [] if found.nobody_hidden else list(enumerate(names))
    return CaptureFit(
        model=cells.model,
        terms=tuple(n for n in columns(cells) if n not in found.left_out) if found.nobody_hidden else names,
        coefficients={name: float(found.fit.theta[i]) for i, name in finite},
        standard_errors={name: float(errors[i]) for i, name in finite},
        left_out=found.left_out,
        minus_infinity=("intercept",) if found.nobody_hidden else (),
        se=found.se,
        deviance=deviance,
        df=df,
        loglik=loglik,
        aic=-2.0 * loglik + 2.0 * size,
        bic=-2.0 * loglik + size * log(cells.people.sum()),
        goodness_of_fit=float(gammaincc(df / 2.0, deviance / 2.0)) if df > 0 and _judgeable(found) else None,
        exists=not found.nobody_hidden,
        identifiable=True,
    )


def _judgeable(found: Fitted) -> bool:
    """Can the deviance be judged by chi-square? Yes if four of five fitted means are 1 or more."""
    number = found.model.number[1:]
    return bool(number[found.fit.log_means[1:] >= 0.0].sum() >= 0.8 * number.sum())
