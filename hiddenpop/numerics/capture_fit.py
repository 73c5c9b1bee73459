"""Maximum likelihood when every log mean is a smooth function of the parameters: one solver for all capture models.

Row 0 of a model is the history of the hidden people. An ordinary fit leaves it out; for the profile likelihood of a
trial population N it holds N - n people. The first parameter shifts every log mean, so the fitted means of the rows in
use always add up to their counts and the Poisson and the multinomial likelihood have the same maximiser.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log

import numpy as np

from hiddenpop.arrays import Floats

Predict = Callable[[Floats], tuple[Floats, Floats]]

MAX_STEPS = 500
SPREAD = 1e8


@dataclass(frozen=True)
class MeanModel:
    """A model of the mean number of people with each history.

    Attributes
    ----------
    names : (p) names of the parameters; the first shifts all log means
    number : (rows,) how many histories a row stands for, all of the same mean; row 0 is the hidden people's
    predict : parameters (p,) -> log mean of one history per row (rows,) and its derivatives (rows, p)
    start : (p,) where the search begins
    curved : are the log means of the people seen other than linear in the parameters?
    """

    names: tuple[str, ...]
    number: Floats
    predict: Predict
    start: Floats
    curved: bool = False


@dataclass(frozen=True)
class MeanFit:
    """A stationary point of the likelihood.

    Attributes
    ----------
    theta : (p,) parameters
    log_means : (rows,) log mean of one history per row, row 0 included
    covariance : (p, p) inverse of the observed information, which in log-linear models is the expected one too
    hidden : float, fitted number of hidden people
    log_hidden_variance : float, by the delta method
    decrement : float, Newton's squared decrement at the last step
    spread : float, largest variance of a fitted log mean
    value : float, `sum of counts times log mean, less means`
    """

    theta: Floats
    log_means: Floats
    covariance: Floats
    hidden: float
    log_hidden_variance: float
    decrement: float
    spread: float
    value: float

    @property
    def certified(self) -> bool:
        """Does the fit of a log-linear model prove that a finite, unique maximum exists?

        The log-likelihood is generalised self-concordant: its third derivative along h is bounded by the second times
        the largest `|a(x)' h|`, which in the metric of the information is at most the standard error of a log mean. So
        `spread * decrement <= 1/4` suffices (Bach 2010, Electronic Journal of Statistics 4, proposition 2).
        """
        return self.spread <= SPREAD and self.spread * abs(self.decrement) <= 0.25


@dataclass(frozen=True)
class _Point:
    theta: Floats
    value: float
    log_means: Floats
    slopes: Floats
    means: Floats


def _evaluate(model: MeanModel, counts: Floats, first: int, theta: Floats) -> _Point:
    """The likelihood of rows `first` onwards, with the first parameter maximised out."""
    log_means, slopes = model.predict(theta)
    means = model.number[first:] * np.exp(log_means[first:])
    shift = log(counts[first:].sum() / means.sum())
    theta = theta.copy()
    theta[0] += shift
    log_means = log_means + shift
    used = counts[first:] > 0.0
    value = float(counts[first:][used] @ log_means[first:][used]) - float(counts[first:].sum())
    return _Point(theta, value, log_means, slopes, means * exp(shift))


def _attempt(model: MeanModel, counts: Floats, first: int, theta: Floats) -> _Point | None:
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            return _evaluate(model, counts, first, theta)
    except (FloatingPointError, OverflowError, ValueError):
        return None


def _invert(information: Floats) -> Floats | None:
    """The inverse, in units in which the diagonal is one; None where it is singular to precision."""
    diagonal = np.diagonal(information)
    if not (np.isfinite(diagonal).all() and (diagonal > 0.0).all()):
        return None
    scale = np.sqrt(np.outer(diagonal, diagonal))
    try:
        inverse = np.linalg.inv(information / scale) / scale
    except np.linalg.LinAlgError:
        return None
    return np.asarray((inverse + inverse.T) / 2.0)


def fit_means(model: MeanModel, counts: Floats, *, first: int = 1, start: Floats | None = None) -> MeanFit | None:
    """Fisher scoring with step halving; for log-linear models this is Newton's method.

    Parameters
    ----------
    model : MeanModel
    counts : (rows,) people, not necessarily whole numbers; row 0 is not looked at when `first` is 1
    first : 1 leaves the hidden people out, 0 takes their number as given
    start : (p,), instead of the model's own

    Returns
    -------
    MeanFit or None
        None where the information is singular or the search does not settle.
    """
    point = _attempt(model, counts, first, model.start if start is None else start)
    settled = 0
    for _ in range(MAX_STEPS):
        if point is None:
            return None
        slopes = point.slopes[first:]
        covariance = _invert((slopes * point.means[:, None]).T @ slopes)
        if covariance is None:
            return None
        gradient = slopes.T @ (counts[first:] - point.means)
        step = covariance @ gradient
        decrement = float(gradient @ step)
        settled = settled + 1 if abs(decrement) <= 1e-14 * counts[first:].sum() else 0
        if settled == 3:
            return _summary(model, counts, first, point, covariance, decrement)
        point = _halve(model, counts, first, point, step, decrement)
    return None


def _halve(model: MeanModel, counts: Floats, first: int, point: _Point, step: Floats, decrement: float) -> _Point:
    """The next point: the step, halved until the likelihood does not fall."""
    size = 1.0
    slack = 1e-12 * (1.0 + abs(point.value))
    while size > 1e-12:
        found = _attempt(model, counts, first, point.theta + size * step)
        if found is not None and found.value >= point.value + 1e-4 * size * decrement - slack:
            return found
        size /= 2.0
    return point


def score(model: MeanModel, counts: Floats, first: int, theta: Floats) -> Floats:
    """(p,) gradient of the log-likelihood of rows `first` onwards."""
    log_means, slopes = model.predict(theta)
    left = counts[first:] - model.number[first:] * np.exp(log_means[first:])
    return np.asarray(slopes[first:].T @ left)


def observed_information(model: MeanModel, counts: Floats, first: int, theta: Floats) -> Floats:
    """(p, p) minus the second derivatives of the log-likelihood, by central differences of its gradient."""
    moves = 1e-5 * np.eye(theta.size)
    rows = [score(model, counts, first, theta - m) - score(model, counts, first, theta + m) for m in moves]
    second = np.array(rows) / 2e-5
    return np.asarray((second + second.T) / 2.0)


def _summary(
    model: MeanModel, counts: Floats, first: int, point: _Point, expected: Floats, decrement: float
) -> MeanFit | None:
    covariance: Floats | None = expected
    if model.curved and first:
        covariance = _invert(observed_information(model, counts, first, point.theta))
    if covariance is None or (np.diagonal(covariance) <= 0.0).any():
        return None  # a saddle, or flat
    variances = np.einsum("rp,pq,rq->r", point.slopes, covariance, point.slopes)
    with np.errstate(over="ignore"):
        hidden = float(np.exp(point.log_means[0]))
    return MeanFit(
        theta=point.theta,
        log_means=point.log_means,
        covariance=covariance,
        hidden=hidden,
        log_hidden_variance=float(variances[0]),
        decrement=decrement,
        spread=float(variances[first:].max()),
        value=point.value,
    )
