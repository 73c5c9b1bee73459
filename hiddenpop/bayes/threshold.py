"""Bayesian thresholding: fit all interactions, keep those whose posterior is separated from zero, and fit again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.bayes.loglinear import sample_loglinear
from hiddenpop.bayes.sampling import SamplerOptions
from hiddenpop.captures import CaptureTable
from hiddenpop.chains import check_met, summarise_population
from hiddenpop.errors import NotEstimableError
from hiddenpop.numerics.existence import check_existence
from hiddenpop.numerics.loglinear_posterior import (
    LoglinearPosterior,
    build_design,
    count_cells,
    log_found,
    possible_histories,
)
from hiddenpop.numerics.problem import overlap_counts, pose
from hiddenpop.numerics.terms import term_name, write_model


class Fitted(NamedTuple):
    """One fit.

    Attributes
    ----------
    terms : masks of the p terms with a finite coefficient, main effects first
    beta : (C, S, p) coefficients
    empty : masks of interactions at minus infinity
    population : (C, S)
    divergences : int
    """

    terms: tuple[int, ...]
    beta: Floats
    empty: tuple[int, ...]
    population: Floats
    divergences: int


class Choice(NamedTuple):
    """What was kept.

    Attributes
    ----------
    kept : masks of interactions, those at minus infinity included
    ratios : mask -> |posterior mean| / posterior standard deviation, where it was judged
    last : the fit of what was kept
    divergences : in all fits
    """

    kept: tuple[int, ...]
    ratios: dict[int, float]
    last: Fitted
    divergences: int


@dataclass(frozen=True)
class Fitter:
    """Fits models to one table, all with the same prior and chains.

    Attributes
    ----------
    table : lists that somebody is on
    prior_sd : of interactions; infinite is flat
    options : how to sample
    seed : int
    allow_unconverged : go on although chains have not met
    """

    table: CaptureTable
    prior_sd: float
    options: SamplerOptions
    seed: int
    allow_unconverged: bool

    def fit(self, interactions: Sequence[int]) -> Fitted:
        """All main effects and these interactions.

        Raises
        ------
        NotEstimableError
            If the prior is flat and the posterior does not exist: the maximum-likelihood estimate then does not either.
        ConvergenceError
            If the chains have not met.
        """
        table, n = self.table, float(self.table.observed)
        terms = np.array([*(1 << i for i in range(table.n_lists)), *interactions], dtype=np.int64)
        if np.isinf(self.prior_sd):
            self._require_existence([0, *terms.tolist()])
        shared = overlap_counts(terms.tolist(), table.histories, table.counts)
        alone = (shared == 0) & np.isinf(self.prior_sd)
        empty, terms = terms[alone], terms[~alone]
        cells = possible_histories(table.n_lists, empty)
        posed = LoglinearPosterior(
            build_design(cells, terms),
            count_cells(cells, table.histories, table.counts),
            np.zeros(terms.size),
            np.where(np.arange(terms.size) < table.n_lists, 0.0, self.prior_sd**-2.0),
        )
        options = replace(self.options, label=f"bayes-threshold, {len(interactions)} interactions")
        if options.saved:
            options = replace(options, saved=options.saved.part(terms.tolist()))
        for_chains, for_intercept = np.random.SeedSequence([self.seed, *interactions]).spawn(2)
        beta, divergences = sample_loglinear(posed, options, for_chains)
        found = log_found(posed.design, beta)
        intercepts = np.random.default_rng(for_intercept).standard_gamma(n, found.shape) * np.exp(-found)
        hint = f"warmup={4 * options.warmup}, draws={4 * options.draws}"
        check_met(summarise_population(n + intercepts), hint, allow_unconverged=self.allow_unconverged)
        return Fitted(tuple(terms.tolist()), beta, tuple(empty.tolist()), n + intercepts, divergences)

    def _require_existence(self, terms: list[int]) -> None:
        table = self.table
        answer = check_existence(pose(terms, table.n_lists, table.histories, table.counts))
        if not (answer.exists and answer.identifiable):
            raise NotEstimableError(
                "Under a flat prior the posterior does not exist for the model with all interactions asked for, "
                f"{write_model(terms, range(table.n_lists))}.",
                hint="Give interactions a proper prior, such as prior_sd=1.",
                exists=answer.exists,
                identifiable=answer.identifiable,
                terms=[term_name(t, table.lists) for t in answer.terms],
            )


def choose_interactions(fitter: Fitter, threshold: float, max_order: int) -> Choice:
    """Judge all pairs, then interactions of three lists whose pairs were all kept, and fit what remains.

    Interactions of lists that share nobody are kept. Where the model with interactions of three lists has no posterior,
    the pairs are the answer.
    """
    pairs = _groups(fitter.table.n_lists, 2)
    kept, ratios, last, divergences = _judge(fitter, (), pairs, threshold)
    finite = set(kept) & set(last.terms)
    triples = [t for t in _groups(fitter.table.n_lists, 3) if all(p in finite for p in pairs if p & t == p)]
    if max_order == 2 or not triples:
        return Choice(kept, ratios, last, divergences)
    try:
        wider = _judge(fitter, kept, triples, threshold)
    except NotEstimableError:
        return Choice(kept, ratios, last, divergences)
    return wider._replace(ratios=ratios | wider.ratios, divergences=divergences + wider.divergences)


def _groups(n_lists: int, size: int) -> list[int]:
    return [sum(1 << i for i in group) for group in combinations(range(n_lists), size)]


def _judge(fitter: Fitter, certain: tuple[int, ...], judged: list[int], threshold: float) -> Choice:
    """Fit the certain and the judged interactions, drop those of small ratio, and fit again."""
    first = fitter.fit([*certain, *judged])
    flat = first.beta.reshape(-1, len(first.terms))
    ratio = dict(zip(first.terms, np.abs(flat.mean(axis=0)) / flat.std(axis=0), strict=True))
    ratios = {t: float(ratio[t]) for t in judged if t in ratio}
    kept = (*certain, *(t for t in judged if ratios.get(t, np.inf) >= threshold))
    if len(kept) == len(certain) + len(judged):
        return Choice(kept, ratios, first, first.divergences)
    last = fitter.fit(kept)
    return Choice(kept, ratios, last, first.divergences + last.divergences)
