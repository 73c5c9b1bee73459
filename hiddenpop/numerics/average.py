"""Average over hierarchical log-linear models: posterior weights, and the hidden number under all of them together.

Random numbers would make the answer depend on the order of the lists. So every computation is done with the lists in
one canonical order, the one with the largest counts read as a word; the same table gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from os import cpu_count
from typing import Literal

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks, mask_of, members, popcount, superset_sums
from hiddenpop.errors import ConvergenceError
from hiddenpop.numerics.average_mixture import Mixture, mix_points
from hiddenpop.numerics.models import Members, build_space, enumerate_models

ModelPrior = Literal["uniform", "pairs"]

CHUNK = 512
HEAVY = 100
PAIRS = 16_000
PAIRS_HEAVY = 32
FREEDOM = 20.0


@dataclass(frozen=True)
class Candidates:
    """Models met with a table, its lists in canonical order.

    Attributes
    ----------
    terms : (T,) masks, lists in canonical order, the empty one first
    given : (T,) the same terms, lists in the order given
    models : (m, T) members
    seen, overlaps : (2^K,) people with each history, and on all lists of each set
    log_prior : (m,) of the models
    """

    terms: Masks
    given: Masks
    models: Members
    seen: Floats
    overlaps: Floats
    log_prior: Floats

    @property
    def people(self) -> float:
        return float(self.overlaps[0])

    @property
    def order(self) -> Counts:
        """(T,) number of lists in each term."""
        return popcount(self.terms)


@dataclass(frozen=True)
class Average:
    """Weighted models and what they say together.

    Attributes
    ----------
    candidates : Candidates
    weight : (m,) posterior probabilities of the models, zero for those without an estimate
    hidden : (m,) expected hidden people at the mode of each
    mixture : Mixture, of the hidden number
    effective : float or None, independent draws from the posterior that the weighted ones are worth
    mean, sd : (T,) or None, of the coefficients given that they are in the model
    estimable : (m,) has the model an estimate?
    """

    candidates: Candidates
    weight: Floats
    hidden: Floats
    mixture: Mixture
    effective: float | None
    mean: Floats | None
    sd: Floats | None
    estimable: Members

    @property
    def probability(self) -> Floats:
        """(T,) posterior probability that a term is in the model."""
        return np.asarray(self.weight @ self.candidates.models)

    def heaviest(self, most: int = HEAVY) -> list[int]:
        """Rows of the heaviest models, heaviest first."""
        order = np.argsort(-self.weight, kind="stable")[:most]
        return [int(row) for row in order if self.weight[row] > 0.0]


def canonical_order(seen: Floats, n_lists: int) -> tuple[int, ...]:
    """The order of the lists in which the counts by history (2^K,) are lexicographically largest; up to six lists."""
    orders = list(permutations(range(n_lists)))
    words = np.array([seen[_moved(order)] for order in orders])
    return orders[int(np.lexsort(-words.T[::-1])[0])]


@cache
def _moved(order: tuple[int, ...]) -> Masks:
    """(2^K,) masks over the lists as given, of all sets of lists counted in `order`."""
    return np.array([mask_of(order[i] for i in members(x)) for x in range(1 << len(order))], dtype=np.int64)


def build_candidates(
    n_lists: int, max_order: int, histories: Masks, counts: Counts, model_prior: ModelPrior
) -> Candidates:
    """All hierarchical models with interactions of up to `max_order` lists.

    Parameters
    ----------
    n_lists : int, at most five, or six with `max_order` 2
    histories, counts : (m,) observed histories and people
    model_prior : every model alike, or every model with the interactions of all pairs and no other
    """
    seen = np.zeros(1 << n_lists)
    seen[histories] = counts
    given = _moved(canonical_order(seen, n_lists))
    space = build_space(n_lists, max_order)
    models = enumerate_models(n_lists, max_order)
    if model_prior == "pairs":
        models = models[models[:, popcount(space.terms) == 2].all(axis=1)]
    log_prior = np.full(len(models), -np.log(len(models)))
    return Candidates(space.terms, given[space.terms], models, seen[given], superset_sums(seen[given]), log_prior)


def prior_sd(order: Counts, interaction_sd: float) -> Floats:
    """Prior standard deviations: `interaction_sd / (j - 1)` for terms of j lists, infinite for main effects."""
    return np.where(order > 1, interaction_sd / np.maximum(order - 1, 1), np.inf)


def fit_posterior(
    candidates: Candidates, interaction_sd: float, generator: np.random.Generator, pairs: int = PAIRS
) -> Average:
    """The posterior of all models: modes, then weighted draws around them.

    Every model gets draws in proportion to its Laplace weight, but never none, and the heaviest at least 64. So every
    weight is corrected, and nothing is left to the chance of which models are drawn.

    Raises
    ------
    ConvergenceError
        If the mode of a model was not reached.
    """
    from hiddenpop.numerics.laplace import draw_around, fit_modes

    c = candidates
    precision = prior_sd(c.order, interaction_sd) ** -2.0
    start = _start(c)
    parts = [slice(i, i + CHUNK) for i in range(0, len(c.models), CHUNK)]
    found = _parallel(lambda part: fit_modes(c.terms, c.models[part], c.overlaps, precision, start), parts)
    numbers, modes = (np.concatenate(a) for a in zip(*found, strict=True))
    evidence = numbers[:, 0] + c.log_prior
    if not np.isfinite(evidence).all():
        raise ConvergenceError(
            f"The posterior mode was not reached in {(~np.isfinite(evidence)).sum()} of {evidence.size} models.",
            hint="Use a smaller max_order, or leave out lists with very few people.",
        )
    number = _allocate(evidence, pairs)
    each = number * (c.models.sum(axis=1, dtype=np.int64) - 1)
    stretch = np.sqrt(FREEDOM / generator.chisquare(FREEDOM, number.sum()))
    normals = generator.standard_normal(int(each.sum()))
    normal, pair = np.append(0, np.cumsum(each)), np.append(0, np.cumsum(number))

    def draw(part: slice) -> tuple[Floats, Floats]:
        return draw_around(
            c.terms, c.models[part], c.overlaps, precision, modes[part], evidence[part], number[part],
            normals[normal[part.start] : normal[part.stop]], stretch[pair[part.start] : pair[part.stop]], FREEDOM,
        )  # fmt: skip

    found = _parallel(draw, list(_even_parts(pair)))
    drawn, betas = (np.concatenate(a) for a in zip(*found, strict=True))
    model = np.repeat(np.arange(len(c.models)), 2 * number)
    weight = np.exp(drawn[:, 0] - drawn[:, 0].max())
    weight /= weight.sum()
    posterior = np.asarray(np.bincount(model, weight, len(c.models)), dtype=float)
    mean, sd = _moments(weight, betas, np.asarray(posterior @ c.models, dtype=float))
    return Average(
        candidates=c,
        weight=posterior,
        hidden=c.people / np.exp(numbers[:, 1]),
        mixture=mix_points(np.log(c.people) - drawn[:, 1], weight, c.people),
        effective=float(1.0 / (weight @ weight)),
        mean=mean,
        sd=sd,
        estimable=np.ones(len(c.models), dtype=np.int8),
    )


def _start(c: Candidates) -> Floats:
    """Independent lists in a population twice as large as the people seen; shape (T,)."""
    share = c.overlaps[c.terms] / (2.0 * c.people)
    with np.errstate(divide="ignore"):
        return np.where(c.order == 1, np.log(share / (1.0 - share)), 0.0)


def _allocate(evidence: Floats, pairs: int) -> Counts:
    """(m,) pairs of draws of each model, at least one."""
    weight = np.exp(evidence - evidence.max())
    number = np.ceil(pairs * weight / weight.sum()).astype(np.int64)
    heavy = np.argsort(-weight, kind="stable")[:HEAVY]
    number[heavy] = np.maximum(number[heavy], PAIRS_HEAVY)
    return np.asarray(np.maximum(number, 1))


def _even_parts(pair: Counts) -> Iterator[slice]:
    """Stretches of models with about as many draws each; `pair` are the cumulated numbers, zero first."""
    begin = 0
    while begin < pair.size - 1:
        end = max(begin + 1, int(np.searchsorted(pair, pair[begin] + 4 * CHUNK)))
        yield slice(begin, min(end, pair.size - 1))
        begin = end


def _parallel(work: Callable[[slice], tuple[Floats, Floats]], parts: list[slice]) -> list[tuple[Floats, Floats]]:
    """The work of fixed parts, so that the answer does not depend on the number of processors."""
    with ThreadPoolExecutor(cpu_count()) as pool:
        return list(pool.map(work, parts))


def _moments(weight: Floats, betas: Floats, probability: Floats) -> tuple[Floats, Floats]:
    """(T,) posterior mean and standard deviation of the coefficients, given that they are in the model."""
    inside = np.maximum(probability, 1e-300)
    mean = weight @ betas / inside
    return mean, np.sqrt(np.maximum(weight @ betas**2 / inside - mean**2, 0.0))
