"""Models whose fit proves nothing: the linear programme's answer, remembered, and the fit on the facial set."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, log

import numpy as np

from hiddenpop.arrays import Counts, Masks
from hiddenpop.errors import NotEstimableError
from hiddenpop.numerics.existence import Existence, check_existence, design, is_identifiable, observable_cells
from hiddenpop.numerics.poisson import PoissonFit, fit_poisson, fitted_log_means
from hiddenpop.numerics.problem import Problem, pose

MAX_STEPS = 100
IN_SPAN = 1e-8


@dataclass(frozen=True, slots=True)
class Reached:
    """The supremum of a likelihood: `sum n log mu`, exp(intercept), variance of its logarithm, cells with mean zero."""

    loglik: float
    hidden: float
    variance: float
    cells: tuple[int, ...] = ()


def fit_on_face(problem: Problem, answer: Existence) -> Reached | None:
    """The fit restricted to the facial set; None where the number of hidden people is not determined there.

    It is determined if and only if the row of the empty history, (1, 0, ..., 0), lies in the row space of the design
    on the cells that can have a positive mean (Fienberg and Rinaldo 2012, doi 10.1214/12-AOS986).
    """
    cells = observable_cells(problem)
    cells = cells[~np.isin(cells, answer.cells)]
    matrix = design(problem, cells)
    empty = np.zeros(matrix.shape[1])
    empty[0] = 1.0
    inverse = np.linalg.pinv(matrix)
    if np.abs(empty @ inverse @ matrix - empty).max() > IN_SPAN:
        return None
    counts = np.zeros(cells.size)
    counts[np.searchsorted(cells, problem.histories)] = problem.counts
    beta = inverse @ np.log(counts + 0.5)
    for _ in range(MAX_STEPS):
        means = np.exp(matrix @ beta)
        root = np.sqrt(means)[:, None] * matrix
        step = np.linalg.lstsq(root.T @ root, matrix.T @ (counts - means), rcond=1e-13)[0]
        gain = float(step @ (matrix.T @ (counts - means)))
        beta = beta + step * min(1.0, 2.0 / max(1e-12, np.abs(matrix @ step).max()))
        if gain <= 1e-18 * problem.people:
            covariance = np.linalg.pinv(root.T @ root, rcond=1e-13, hermitian=True)
            loglik = float(counts @ (matrix @ beta))
            return Reached(loglik, exp(beta[0]), float(covariance[0, 0]), answer.cells)
    return None


def reached(fit: PoissonFit) -> Reached:
    """What a search needs of a fit by `numerics.poisson`."""
    log_means = fitted_log_means(fit, fit.problem.histories)
    return Reached(float(fit.problem.counts @ log_means), fit.hidden, fit.log_hidden_variance)


@dataclass
class Judge:
    """Settles models whose fit proves neither that a maximum exists nor that none does.

    Attributes
    ----------
    strict : refuse models whose maximum does not exist; else take them where the facial set determines N
    known : answers by model and support, shared between tables
    asked : number of linear programmes solved
    """

    strict: bool = True
    known: dict[tuple[bytes, bytes], Existence] = field(default_factory=dict)
    asked: int = 0

    def existence(self, problem: Problem, terms: Masks) -> Existence:
        """The linear programme's answer for a model on the support of the problem's table."""
        key = (terms.tobytes(), problem.histories.tobytes())
        if key not in self.known:
            self.known[key] = check_existence(problem)
            self.asked += 1
        return self.known[key]

    def settle(self, terms: Masks, n_lists: int, histories: Masks, counts: Counts) -> Reached | None:
        """The fit of a model by other means than the kernel's; None where there is no estimate."""
        problem = pose(terms.tolist(), n_lists, histories, counts)
        if self.strict and not is_identifiable(problem):
            return None
        answer = self.existence(problem, terms)
        if answer.exists and answer.identifiable:
            fit = fit_poisson(problem)
            return None if fit is None else reached(fit)
        return None if self.strict else fit_on_face(problem, answer)


def hint_of_face(problem: Problem, answer: Existence) -> Reached | None:
    """The estimate on the facial set of a model that is refused; None where there is none."""
    try:
        return fit_on_face(problem, answer)
    except (NotEstimableError, np.linalg.LinAlgError):
        return None


def kernel_value(found: Reached, people: float) -> float:
    """The log-likelihood in the units of the kernel: `sum n log mu - n log n`."""
    return found.loglik - people * log(people)
