"""All pairwise interactions, shrunk towards a value they share: the posterior by weighted draws.

Log odds ratios of pairs are `Normal(m, t^2)`, `m ~ Normal(0, shared_sd^2)`, `t` half-t with three degrees of freedom.
m integrates out: given t the pairs are normal with covariance `t^2 I + shared_sd^2 1 1'`. t lies on a grid. Main
effects are flat, the population has the prior 1/N and integrates out, as in `numerics.laplace`. Draws come from t
distributions around the modes for each t; their weight is the exact posterior, t summed out, over the density of all
proposals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks
from hiddenpop.errors import ConvergenceError
from hiddenpop.numerics.average_mixture import Mixture, mix_points
from hiddenpop.numerics.loglinear_posterior import build_design, build_terms

GRID = 8
REACH = (0.1, 6.0)  # of the grid, in units of the scale
FREEDOM = 20.0
DRAWS = 12  # powers of two
FEWEST_DRAWS = 64
MOST_STEPS = 100
NEAR = 1e-8
OVERLAP_POINTS = 4001


@dataclass(frozen=True)
class Shrinkage:
    """What was found.

    Attributes
    ----------
    mixture : Mixture, of the hidden number
    effective : float, independent draws that the weighted ones are worth
    mean, sd : (P,) log odds ratios of the pairs, in the order of `pairs`
    pairs : (P,) masks
    shared, shared_spread : mean and standard deviation of the average log odds ratio of all pairs
    scatter : (GRID, 2) values of t, and their posterior probabilities
    others : factor -> the hidden number with both scales of the prior multiplied by it
    """

    mixture: Mixture
    effective: float
    mean: Floats
    sd: Floats
    pairs: Masks
    shared: float
    shared_spread: float
    scatter: Floats
    others: Mapping[float, Mixture]


@dataclass(frozen=True)
class _Prior:
    """Normal prior of the pairs given t: precision `a I - b 1 1'`, and its log determinant."""

    main: int
    a: float
    b: float
    log_determinant: float

    def matrix(self, size: int) -> Floats:
        """(p, p) precision, zero for main effects."""
        precision = np.zeros((size, size))
        precision[self.main :, self.main :] = self.a * np.eye(size - self.main) - self.b
        return precision

    def log_density(self, beta: Floats) -> Floats:
        """Of coefficients (..., p), without the powers of 2 pi."""
        pairs = beta[..., self.main :]
        quadratic = self.a * (pairs**2).sum(axis=-1) - self.b * pairs.sum(axis=-1) ** 2
        return np.asarray(0.5 * self.log_determinant - 0.5 * quadratic)


def _prior(main: int, pairs: int, t: float, shared_sd: float) -> _Prior:
    ratio = shared_sd**2 / t**2
    return _Prior(
        main, t**-2.0, t**-2.0 * ratio / (1.0 + pairs * ratio), -2.0 * pairs * np.log(t) - np.log1p(pairs * ratio)
    )


def scatter_grid(scale: float) -> tuple[Floats, Floats]:
    """`(values, prior probabilities)` (GRID,) of t: half-t, three degrees of freedom, even in log t."""
    values = scale * np.geomspace(*REACH, GRID)
    density = values * (1.0 + (values / scale) ** 2 / 3.0) ** -2.0
    return values, density / density.sum()


def shared_overlap(mean: float, sd: float, pairs: int, shared_sd: float, scale: float) -> float:
    """Share of prior and posterior of the average log odds ratio that lies in both, 0 to 1; the posterior as normal."""
    values, mass = scatter_grid(scale)
    spread = np.sqrt(shared_sd**2 + values**2 / pairs)
    reach = 8.0 * max(sd, spread.max()) + abs(mean)
    at = np.linspace(-reach, reach, OVERLAP_POINTS)
    before = (mass * np.exp(-0.5 * (at[:, None] / spread) ** 2) / spread).sum(axis=1)
    after = np.exp(-0.5 * ((at - mean) / sd) ** 2) / sd
    return float(np.minimum(before, after).sum() * (at[1] - at[0]) / np.sqrt(2.0 * np.pi))


def fit_shrinkage(
    n_lists: int, histories: Masks, counts: Counts, shared_sd: float, scale: float, factors: Sequence[float] = ()
) -> Shrinkage:
    """The posterior of the hidden number and of the log odds ratios.

    Parameters
    ----------
    n_lists : int, 3 to 10
    histories, counts : (m,) observed histories and people
    shared_sd : prior standard deviation of the value that all pairs share
    scale : of the half-t prior of the standard deviation around it
    factors : multiples of both scales under which the hidden number is wanted too, by other weights of the same draws

    Raises
    ------
    ConvergenceError
        If a posterior mode was not reached.
    """
    terms = build_terms(n_lists, 2)
    cells = np.arange(1, 1 << n_lists)
    design = build_design(cells, terms)
    seen = np.zeros(cells.size)
    seen[histories - 1] = counts
    people = float(seen.sum())
    values, priors, log_mass = _grid(n_lists, terms.size, shared_sd, scale)
    modes, factors_of, evidence = _find_modes(design, seen, priors)
    draws, component = _draw(modes, factors_of, _softmax(evidence + log_mass))
    log_found, likelihood = _likelihood(design, seen, draws)
    part = np.log(np.bincount(component, minlength=GRID) / component.size)
    proposal = _log_sum(np.stack([_log_t(draws, m, f) for m, f in zip(modes, factors_of, strict=True)]) + part[:, None])

    def mix(weight: Floats) -> Mixture:
        return mix_points(np.log(people) - log_found, weight, people)

    def weigh(factor: float) -> tuple[Floats, Floats]:
        """Weights of the draws, and the log prior density of each with each t, under multiples of the scales."""
        _, others, mass = _grid(n_lists, terms.size, factor * shared_sd, factor * scale)
        given = np.stack([prior.log_density(draws) for prior in others]) + mass[:, None]
        return _softmax(likelihood + _log_sum(given) - proposal), given

    weight, given = weigh(1.0)
    pairs = draws[:, n_lists:]
    mean, average = weight @ pairs, pairs.mean(axis=1)
    shared = float(weight @ average)
    return Shrinkage(
        mix(weight),
        float(1.0 / (weight @ weight)),
        mean,
        np.sqrt(weight @ (pairs - mean) ** 2),
        terms[n_lists:],
        shared,
        float(np.sqrt(weight @ (average - shared) ** 2)),
        np.column_stack([values, np.exp(given - _log_sum(given)) @ weight]),
        {factor: mix(weigh(factor)[0]) for factor in factors},
    )


def _grid(n_lists: int, size: int, shared_sd: float, scale: float) -> tuple[Floats, list[_Prior], Floats]:
    """`(values of t, prior given each, log prior probability of each)`."""
    values, mass = scatter_grid(scale)
    return values, [_prior(n_lists, size - n_lists, t, shared_sd) for t in values], np.log(mass)


def _find_modes(design: Floats, seen: Floats, priors: Sequence[_Prior]) -> tuple[list[Floats], list[Floats], Floats]:
    """Modes, Cholesky factors and log Laplace integrals for all t, from the widest prior down."""
    main = priors[0].main
    beta = np.zeros(design.shape[1])
    beta[:main] = np.log(np.maximum(design[:, :main].T @ seen, 0.5) / (2.0 * seen.sum()))
    found = []
    for prior in reversed(priors):
        found.append(_find_mode(design, seen, prior, beta))
        beta = found[-1][0]
    found.reverse()
    return (
        [mode for mode, _, _ in found],
        [factor for _, factor, _ in found],
        np.array([value for _, _, value in found]),
    )


def _likelihood(design: Floats, seen: Floats, beta: Floats) -> tuple[Floats, Floats]:
    """`(log W, log-likelihood)` of coefficients (..., p): histories given that a person is on a list."""
    eta = beta @ design.T
    top = eta.max(axis=-1)
    log_found = top + np.log(np.exp(eta - top[..., None]).sum(axis=-1))
    return log_found, eta @ seen - seen.sum() * log_found


def _find_mode(design: Floats, seen: Floats, prior: _Prior, beta: Floats) -> tuple[Floats, Floats, float]:
    """`(mode, Cholesky factor of the information, log of the Laplace integral)`; the log posterior is concave."""
    people, precision = seen.sum(), prior.matrix(beta.size)

    def height(at: Floats) -> float:
        return float(_likelihood(design, seen, at)[1] + prior.log_density(at))

    value = height(beta)
    for _ in range(MOST_STEPS):
        eta = design @ beta
        chance = np.exp(eta - eta.max())
        chance /= chance.sum()
        centre = design.T @ chance
        gradient = design.T @ seen - people * centre - precision @ beta
        information = people * ((design.T * chance) @ design - np.outer(centre, centre)) + precision
        factor = _factor(information)
        step = np.linalg.solve(factor.T, np.linalg.solve(factor, gradient))
        gain = float(gradient @ step)
        if gain < NEAR:
            return beta, factor, value - float(np.log(np.diag(factor)).sum())
        length = min(1.0, 4.0 / float(np.abs(step).max()))
        while length > NEAR and height(beta + length * step) < value:
            length /= 2.0
        beta = beta + length * step
        value = height(beta)
    raise ConvergenceError(
        "The mode of the posterior was not reached.", hint="Leave out lists with very few people, or merge lists."
    )


def _factor(information: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.cholesky(information))
    except np.linalg.LinAlgError as error:
        raise ConvergenceError(
            "The information about the coefficients is singular: the posterior has no mode.",
            hint="Leave out lists that nearly everybody is on, or that nearly nobody is on.",
        ) from error


def _draw(modes: list[Floats], factors: list[Floats], share: Floats) -> tuple[Floats, Counts]:
    """`(draws (m, p), component (m,))`, from a scrambled Sobol sequence: the same answer every time."""
    from scipy.special import chdtri, ndtri
    from scipy.stats.qmc import Sobol

    size = modes[0].size
    number = np.maximum(np.floor(share * 2**DRAWS), FEWEST_DRAWS).astype(int)
    total = int(number.sum())
    uniform = Sobol(size + 1, rng=np.random.default_rng(0)).random_base2(int(np.ceil(np.log2(total))))[:total]
    uniform = np.clip(uniform, 1e-12, 1.0 - 1e-12)
    stretch = np.sqrt(FREEDOM / chdtri(FREEDOM, uniform[:, -1]))
    normals = ndtri(uniform[:, :-1]) * stretch[:, None]
    component = np.random.default_rng(0).permutation(np.repeat(np.arange(number.size), number))
    draws = np.empty((total, size))
    for g, (mode, factor) in enumerate(zip(modes, factors, strict=True)):
        rows = component == g
        draws[rows] = mode + np.linalg.solve(factor.T, normals[rows].T).T
    return draws, component


def _log_t(draws: Floats, mode: Floats, factor: Floats) -> Floats:
    """Log-density, without constants that all components share."""
    distance = (((draws - mode) @ factor) ** 2).sum(axis=1)
    return np.asarray(np.log(np.diag(factor)).sum() - 0.5 * (FREEDOM + mode.size) * np.log1p(distance / FREEDOM))


def _log_sum(values: Floats) -> Floats:
    top = values.max(axis=0)
    return np.asarray(top + np.log(np.exp(values - top).sum(axis=0)))


def _softmax(values: Floats) -> Floats:
    weight = np.exp(values - values.max())
    return np.asarray(weight / weight.sum())
