"""Log-linear models of counts that are known only up to bands, such as `<5`, `10-19` or multiples of five.

A count between `low` and `high` has the likelihood of a Poisson number to lie there. Its log-likelihood is concave in
the logarithm of the mean, because a Poisson number cut to a band varies less than its mean; Newton's method finds the
maximum.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks
from hiddenpop.errors import ConvergenceError
from hiddenpop.numerics.scaling import unit_diagonal
from hiddenpop.numerics.terms import sort_key, term_name, write_model

MOST_STEPS = 200
MOST_HALVINGS = 40
NEAR = 1e-14  # squared length of a step, in standard errors
FLAT = 1e-9  # smallest eigenvalue of information that counts, with a unit diagonal
ROUNDING = 1e-12


@dataclass(frozen=True)
class Banding:
    """How counts were put into bands.

    Attributes
    ----------
    bands : (low, high) of counts that are hidden; those in none are shown
    rounding : counts are multiples of this, the nearest; 1 for none
    """

    bands: tuple[tuple[int, int], ...] = ()
    rounding: int = 1

    def apply(self, counts: Counts) -> tuple[Counts, Counts]:
        """`(low, high)` of what is shown of counts."""
        if self.rounding > 1:
            shown = (counts + self.rounding // 2) // self.rounding * self.rounding
            half = self.rounding // 2
            return np.maximum(shown - half, 0), shown + (self.rounding - 1 - half)
        low, high = counts.copy(), counts.copy()
        for first, last in sorted(self.bands, key=lambda band: band[0] - band[1]):
            inside = (counts >= first) & (counts <= last)
            low[inside], high[inside] = first, last
        return low, high


@dataclass(frozen=True, eq=False)
class BandedFit:
    """A fit.

    Attributes
    ----------
    terms : (p) masks, the empty one first
    removed : masks of terms at minus infinity: nobody can be on all their lists
    cells : (m,) histories that can have people
    beta : (p,) coefficients
    covariance : (p, p)
    means : (m,) of the cells
    known, spread : (m,) expected count of each cell within its band, and its variance
    log_likelihood : float
    """

    terms: tuple[int, ...]
    removed: tuple[int, ...]
    cells: Masks
    beta: Floats
    covariance: Floats
    means: Floats
    known: Floats
    spread: Floats
    log_likelihood: float

    @property
    def hidden(self) -> float:
        """People on no list."""
        return float(np.exp(self.beta[0]))

    @property
    def population(self) -> float:
        return float(self.known.sum()) + self.hidden

    def design(self) -> Floats:
        """(m, p)"""
        return _design(self.cells, self.terms)

    def variance(self) -> float:
        """Of the population: coefficients, counts within bands given the means, and hidden people given theirs."""
        return self.variance_of_means() + float(self.spread.sum()) + self.hidden

    def variance_of_means(self) -> float:
        """The part that the coefficients leave open, of hidden people and of those in bands."""
        slope = self.spread @ self.design()
        slope[0] += self.hidden
        return float(slope @ self.covariance @ slope)


def fit_banded_model(terms: Sequence[int], low: Counts, high: Counts) -> BandedFit:
    """A log-linear model of all 2^K - 1 histories, in order, whose counts lie between two limits.

    Parameters
    ----------
    terms : masks of a hierarchical model, the empty one first
    low, high : (2^K - 1,) limits of the counts

    Raises
    ------
    ConvergenceError
        If there is no finite, unique maximum.
    """
    cells = np.arange(1, low.size + 1)
    removed = tuple(term for term in terms if not high[(cells & term) == term].any())
    possible = np.array([not any((cell & term) == term for term in removed) for cell in cells])
    kept = tuple(term for term in terms if term not in removed)
    cells = cells[possible]
    beta, covariance, known, spread, height = fit_banded(_design(cells, kept), low[possible], high[possible])
    means = np.exp(_design(cells, kept) @ beta)
    return BandedFit(kept, removed, cells, beta, covariance, means, known, spread, height)


def _design(cells: Masks, terms: Sequence[int]) -> Floats:
    return np.array([(cells & term) == term for term in terms]).T.astype(float)


@dataclass(frozen=True, slots=True)
class BandedLoglinearFit:
    """A fitted log-linear model of banded counts.

    Attributes
    ----------
    model : canonical bracket text over positions
    terms : names of all terms, those at minus infinity included
    coefficients, standard_errors : term -> log-linear coefficient; finite terms only
    minus_infinity : terms whose lists can share nobody
    known : expected number of people on a list, given the bands
    se : standard error of the population
    loglik : log-probability of the bands
    aic : terms at minus infinity count as parameters
    replicates, failed : of the bootstrap; 0 without
    exists, identifiable : True, or the estimator would have refused
    """

    model: str
    terms: tuple[str, ...]
    coefficients: dict[str, float]
    standard_errors: dict[str, float]
    minus_infinity: tuple[str, ...]
    known: float
    se: float
    loglik: float
    aic: float
    replicates: int = 0
    failed: int = 0
    exists: bool = True
    identifiable: bool = True


def summarise_banded(fit: BandedFit, lists: Sequence[str], places: Sequence[int]) -> BandedLoglinearFit:
    """Everything worth printing about a fit; `places` are the positions of the lists in the model text."""
    every = sorted([*fit.terms, *fit.removed], key=sort_key)
    names = [term_name(term, lists) for term in fit.terms]
    errors = np.sqrt(np.diagonal(fit.covariance)).tolist()
    return BandedLoglinearFit(
        model=write_model(every, places),
        terms=tuple(term_name(term, lists) for term in every),
        coefficients=dict(zip(names, fit.beta.tolist(), strict=True)),
        standard_errors=dict(zip(names, errors, strict=True)),
        minus_infinity=tuple(term_name(term, lists) for term in sorted(fit.removed, key=sort_key)),
        known=float(fit.known.sum()),
        se=fit.variance() ** 0.5,
        loglik=fit.log_likelihood,
        aic=2.0 * len(every) - 2.0 * fit.log_likelihood,
    )


def resample_banded(
    terms: Sequence[int], fit: BandedFit, size: int, banding: Banding, replicates: int, seed: int | None
) -> Floats:
    """(B,) populations found again in tables drawn from a fit and put into bands as the data were; NaN where none is.

    Parameters
    ----------
    terms : of the model
    fit : on the data
    size : 2^K - 1
    """
    generator = np.random.default_rng(seed)
    found = np.full(replicates, np.nan)
    for place in range(replicates):
        counts = np.zeros(size, dtype=np.int64)
        counts[fit.cells - 1] = generator.poisson(fit.means)
        with suppress(ConvergenceError):
            found[place] = fit_banded_model(terms, *banding.apply(counts)).population
    return found


def within(means: Floats, low: Counts, high: Counts) -> tuple[Floats, Floats, Floats]:
    """`(log-chance, mean, variance)` of Poisson numbers to lie between `low` and `high`, and there; all (m,)."""
    from scipy.special import gammaln

    wide = int((high - low).max(initial=0)) + 1
    values = low[:, None] + np.arange(wide)
    logs = values * np.log(means)[:, None] - means[:, None] - gammaln(values + 1.0)
    logs = np.where(values <= high[:, None], logs, -np.inf)
    top = logs.max(axis=1)
    shares = np.exp(logs - top[:, None])
    total = shares.sum(axis=1)
    shares /= total[:, None]
    mean = (shares * values).sum(axis=1)
    return top + np.log(total), mean, (shares * (values - mean[:, None]) ** 2).sum(axis=1)


def fit_banded(design: Floats, low: Counts, high: Counts) -> tuple[Floats, Floats, Floats, Floats, float]:
    """`(coefficients, covariance, expected counts, their variances, log-likelihood)` at the largest likelihood.

    Parameters
    ----------
    design : (m, p), the intercept first
    low, high : (m,) limits of the counts, both included

    Raises
    ------
    ConvergenceError
        If there is no finite, unique maximum.
    """
    middle = (low + high) / 2.0 + 0.5
    beta = np.linalg.lstsq(design * np.sqrt(middle)[:, None], np.sqrt(middle) * np.log(middle), rcond=None)[0]
    height, known, spread = _look(design, beta, low, high)
    for _ in range(MOST_STEPS):
        means = np.exp(design @ beta)
        information = (design * (means - spread)[:, None]).T @ design
        score = design.T @ (known - means)
        scale, scaled = unit_diagonal(information)
        move = scale * np.linalg.lstsq(scaled, scale * score, rcond=FLAT)[0]
        if score @ move < NEAR:
            if np.linalg.eigvalsh(scaled)[0] < FLAT or not _finite(design, beta):
                break
            covariance = scale[:, None] * np.linalg.inv(scaled) * scale
            return beta, covariance, known, spread, height
        for _ in range(MOST_HALVINGS):
            tried = _look(design, beta + move, low, high)
            if tried[0] >= height - ROUNDING * abs(height):
                break
            move = move / 2.0
        else:
            break
        beta, (height, known, spread) = beta + move, tried
    raise ConvergenceError("The likelihood of the bands has no largest value that could be reached.", hint="Simplify.")


def _finite(design: Floats, beta: Floats) -> bool:
    """Has no mean run away to zero?"""
    return bool(np.abs(design @ beta).max() < 30.0)


def _look(design: Floats, beta: Floats, low: Counts, high: Counts) -> tuple[float, Floats, Floats]:
    with np.errstate(over="ignore", invalid="ignore"):
        chance, known, spread = within(np.exp(np.minimum(design @ beta, 300.0)), low, high)
    height = float(chance.sum())
    return (height if np.isfinite(height) else -np.inf), known, spread


def draw_within(means: Floats, low: Counts, high: Counts, generator: np.random.Generator) -> Counts:
    """(m,) Poisson numbers between their limits."""
    from scipy.special import gammaln

    wide = int((high - low).max(initial=0)) + 1
    values = low[:, None] + np.arange(wide)
    logs = values * np.log(means)[:, None] - gammaln(values + 1.0)
    logs = np.where(values <= high[:, None], logs, -np.inf)
    shares = np.cumsum(np.exp(logs - logs.max(axis=1, keepdims=True)), axis=1)
    pick = generator.random(means.size) * shares[:, -1]
    return np.asarray(low + (shares < pick[:, None]).sum(axis=1))
