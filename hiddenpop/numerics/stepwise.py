"""Forward choice of pairwise interactions by the Poisson tail of the overlap (Chan, Silverman and Vincent 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import exp
from typing import TYPE_CHECKING

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks, superset_sums
from hiddenpop.errors import NotEstimableError
from hiddenpop.numerics.existence import check_existence
from hiddenpop.numerics.problem import pose
from hiddenpop.numerics.terms import close_terms

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Step:
    """One pair added: its mask, the Poisson tail that chose it, and the population after it."""

    pair: int
    p_value: float
    population: float


@dataclass(frozen=True)
class State:
    """A fitted model on the way: pairs in it, coefficients by term, Z of the fitted means, hidden people."""

    pairs: tuple[int, ...]
    beta: dict[int, float]
    sums: Floats
    hidden: float


class Stepwise:
    """Forward selection on one support of histories; answers on existence are shared between tables.

    Parameters
    ----------
    histories : (m,) masks that may be observed
    n_lists : int, 3 to 12
    threshold : float, a pair enters while its Poisson tail is below it
    """

    def __init__(self, histories: Masks, n_lists: int, threshold: float) -> None:
        self.histories = histories
        self.n_lists = n_lists
        self.threshold = threshold
        self.pairs = [1 << i | 1 << j for i, j in combinations(range(n_lists), 2)]
        self.known: dict[tuple[tuple[int, ...], bytes], bool] = {}

    def run(self, counts: Counts) -> tuple[float, tuple[Step, ...]]:
        """`(population, path)` for people (m,) on the histories.

        Raises
        ------
        NotEstimableError
            If even independent lists have no estimate.
        """
        dense = np.zeros(1 << self.n_lists)
        dense[self.histories] = counts
        overlaps = superset_sums(dense)
        state = self._fit((), {}, overlaps, counts)
        if state is None:
            raise NotEstimableError(
                "Without any dependence between lists no maximum-likelihood estimate exists.",
                hint="Run the checks: some lists share nobody.",
            )
        people, path = float(overlaps[0]), []
        while step := self._next(state, overlaps, counts):
            state, pair, p_value = step
            path.append(Step(pair, p_value, people + state.hidden))
        return people + state.hidden, tuple(path)

    def _next(self, state: State, overlaps: Floats, counts: Counts) -> tuple[State, int, float] | None:
        """The pair with the smallest tail whose model has an estimate; the first in order among equals."""
        absent = [pair for pair in self.pairs if pair not in state.pairs]
        tails = poisson_tails(overlaps[absent], state.sums[absent])
        for k in np.argsort(tails, kind="stable"):
            if not tails[k] < self.threshold:
                return None
            found = self._fit((*state.pairs, absent[k]), state.beta, overlaps, counts)
            if found is not None:
                return found, absent[k], float(tails[k])
        return None

    def _fit(self, pairs: tuple[int, ...], start: dict[int, float], overlaps: Floats, counts: Counts) -> State | None:
        """The extended MLE, or None where it does not exist or is not unique."""
        from hiddenpop.numerics.compiled import allowed_cells
        from hiddenpop.numerics.kernel import EXISTS, EXISTS_NOT, fit

        terms = [0, *(1 << i for i in range(self.n_lists)), *pairs]
        removed = np.array([t for t in terms if overlaps[t] == 0], dtype=np.int64)
        kept = np.array([t for t in terms if overlaps[t] > 0], dtype=np.int64)
        share = np.clip(overlaps[kept] / (2.0 * overlaps[0]), 1e-12, 1.0 - 1e-12)
        lone = np.bitwise_count(kept) == 1
        first = np.where(lone, np.log(share / (1.0 - share)), 0.0)
        beta = np.array([start.get(int(t), b) for t, b in zip(kept, first, strict=True)])
        sums = np.empty(overlaps.size)
        allowed = allowed_cells(removed, overlaps.size)
        seen = np.zeros(overlaps.size)
        seen[self.histories] = counts
        _, exists, _ = fit(kept, overlaps, allowed, seen, beta, sums)
        if exists == EXISTS_NOT or (exists != EXISTS and not self._exists(pairs, counts)):
            return None
        return State(pairs, dict(zip(kept.tolist(), beta.tolist(), strict=True)), sums, exp(beta[0]))

    def _exists(self, pairs: tuple[int, ...], counts: Counts) -> bool:
        """The linear programme's answer, remembered per model and support."""
        seen = counts > 0
        key = (tuple(sorted(pairs)), seen.tobytes())
        if key not in self.known:
            problem = pose(close_terms(pairs, self.n_lists), self.n_lists, self.histories[seen], counts[seen])
            answer = check_existence(problem)
            self.known[key] = answer.exists and answer.identifiable
        return self.known[key]


def poisson_tails(observed: Floats, fitted: Floats) -> NDArray[np.float64]:
    """`min(P(X <= n*), P(X >= n*))` for X Poisson with the fitted overlap; shapes (m,)."""
    from scipy.special import pdtr, pdtrc

    at_least = np.where(observed > 0, pdtrc(np.maximum(observed - 1.0, 0.0), fitted), 1.0)
    return np.asarray(np.minimum(pdtr(observed, fitted), at_least))
