"""Chances of the capture histories of known people, by covariates: a multinomial logit, fitted by Newton's method.

`log P(history h | known, x) = offset_h + sum over terms t of S[h, t] beta_t . z + constant`, with one row of covariates
`z` per stratum. With terms that say which lists (and which pairs) a history has, this is the conditional likelihood of
Huggins and Alho; with one term per history it leaves the chances free.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiddenpop.arrays import Flags, Floats
from hiddenpop.errors import ConvergenceError
from hiddenpop.numerics.scaling import unit_diagonal

MOST_STEPS = 200
MOST_HALVINGS = 40
NEAR = 1e-16  # squared length of a step, in standard errors
ROUNDING = 1e-13
SINGULAR = 1e-14  # relative eigenvalue of the information that a step leaves out
FLAT = 1e-10  # smallest eigenvalue of information that counts, with a unit diagonal


@dataclass(frozen=True, eq=False)
class LogitProblem:
    """What is fitted.

    Attributes
    ----------
    z : (G, q) covariates of strata, best with orthonormal columns
    counts : (G, H) people
    terms : (H, T) statistics of histories
    free : (T, q) bool, which terms depend on which columns
    offset : (H,) logarithms of chances
    ridge : float, zero or more; half of it times the spread of the log-chances over histories is taken off
    """

    z: Floats
    counts: Floats
    terms: Floats
    free: Flags
    offset: Floats
    ridge: float = 0.0

    @property
    def people(self) -> Floats:
        return np.asarray(self.counts.sum(axis=1), dtype=float)

    def penalty(self) -> Floats:
        """(p, p)"""
        centred = self.terms - self.terms.mean(axis=0)
        full = np.kron(centred.T @ centred, np.eye(self.z.shape[1]))
        return self.ridge * self._among_free(full)

    def coefficients(self, values: Floats) -> Floats:
        """(T, q) with the free ones in their places, zero elsewhere."""
        beta = np.zeros(self.free.shape)
        beta[self.free] = values
        return beta

    def logs(self, values: Floats) -> Floats:
        """(G, H) log-chances, not yet summing to one."""
        return self.offset + self.z @ self.coefficients(values).T @ self.terms.T

    def score(self, chances: Floats) -> Floats:
        """(p,) of the log-likelihood."""
        rest = self.counts - self.people[:, None] * chances
        return np.asarray((self.terms.T @ rest.T @ self.z)[self.free])

    def information(self, chances: Floats) -> Floats:
        """(p, p) expected: covariances of the statistics, summed over known people."""
        n_terms, q = self.free.shape
        means, people = chances @ self.terms, self.people[:, None]
        out = np.empty((n_terms, q, n_terms, q))
        for t in range(n_terms):
            spread = people * ((chances * self.terms[:, t]) @ self.terms - means[:, t, None] * means)
            for a in range(q):
                out[t, a] = spread.T @ (self.z * self.z[:, a, None])
        return self._among_free(out.reshape(n_terms * q, n_terms * q))

    def _among_free(self, full: Floats) -> Floats:
        chosen = self.free.ravel()
        return full[np.ix_(chosen, chosen)]


@dataclass(frozen=True, eq=False)
class LogitFit:
    """A fit.

    Attributes
    ----------
    values : (p,) free coefficients
    information : (p, p)
    chances : (G, H) of each history among the known people of a stratum
    log_likelihood : float, of the histories of people given that they are known
    exists : bool, a finite, unique maximum is proved
    """

    values: Floats
    information: Floats
    chances: Floats
    log_likelihood: float
    exists: bool


def orthonormal(design: Floats, people: Floats) -> tuple[Floats, Floats]:
    """`(z, r)` with `design = z r`, and columns of `z` of mean square one over the people (G,) of the strata."""
    root = np.sqrt(people / people.sum())[:, None]
    q, r = np.linalg.qr(design * root)
    turned = np.where(np.diagonal(r) < 0.0, -1.0, 1.0)
    return q * turned / root, r * turned[:, None]


def fit_history_logit(problem: LogitProblem) -> LogitFit:
    """Fit.

    Raises
    ------
    ConvergenceError
        If Newton's method finds no way up.
    """
    penalty = problem.penalty()
    values = np.zeros(len(penalty))
    chances, height = _look(problem, penalty, values)
    for _ in range(MOST_STEPS):
        score = problem.score(chances) - penalty @ values
        move = _step(problem.information(chances) + penalty, score)
        decrement = float(score @ move)
        for _ in range(MOST_HALVINGS):
            tried, new = _look(problem, penalty, values + move)
            if new >= height - ROUNDING * abs(height):
                break
            move = move / 2.0
        else:
            raise ConvergenceError("The likelihood has no largest value that could be reached.", hint="Simplify.")
        values, chances, height = values + move, tried, new
        if decrement < NEAR:
            break
    information = problem.information(chances) + penalty
    likelihood = height + 0.5 * float(values @ penalty @ values)
    return LogitFit(values, information, chances, likelihood, _proved(decrement, information, problem))


def _look(problem: LogitProblem, penalty: Floats, values: Floats) -> tuple[Floats, float]:
    """`(chances, penalised log-likelihood)`."""
    eta = problem.logs(values)
    eta -= eta.max(axis=1, keepdims=True)
    logs = eta - np.log(np.exp(eta).sum(axis=1, keepdims=True))
    return np.exp(logs), float((problem.counts * logs).sum() - 0.5 * values @ penalty @ values)


def _step(information: Floats, score: Floats) -> Floats:
    scale, scaled = unit_diagonal(information)
    return scale * np.asarray(np.linalg.lstsq(scaled, scale * score, rcond=SINGULAR)[0])


def _proved(decrement: float, information: Floats, problem: LogitProblem) -> bool:
    """A step this small against the least information proves a maximum, by self-concordance (Bach 2010)."""
    if np.linalg.eigvalsh(unit_diagonal(information)[1])[0] < FLAT:
        return False
    least = float(np.linalg.eigvalsh(information)[0])
    reach = 2.0 * np.linalg.norm(problem.z, axis=1).max() * np.linalg.norm(problem.terms, axis=1).max()
    return bool(least > 0.0 and 2.0 * reach * max(decrement, 0.0) ** 0.5 <= least**0.5)
