"""What is worth printing about a log-linear model of lists in strata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hiddenpop.numerics.composite import CompositeFit, misfit
from hiddenpop.numerics.strata_model import PosedStrata, StrataModel, Term
from hiddenpop.numerics.terms import term_name


@dataclass(frozen=True, slots=True)
class LoglinearStrataFit:
    """A fitted model of lists in strata.

    Attributes
    ----------
    coefficients, standard_errors : term -> log-linear coefficient (treatment coding, first stratum as reference)
    minus_infinity : terms that nobody shows where they could be shown
    absent : stratum -> lists that do not run there
    strata : one record each: `stratum, observed, population`
    se : standard error of the population
    deviance, df : of the counts that can be seen
    goodness_of_fit : chi-square p-value of the deviance; None if df is 0
    replicates, failed : of the bootstrap; 0 without
    trace : draws of the population of every stratum; not written to JSON
    """

    coefficients: Mapping[str, float]
    standard_errors: Mapping[str, float]
    minus_infinity: tuple[str, ...]
    absent: Mapping[str, tuple[str, ...]]
    strata: tuple[Mapping[str, Any], ...]
    se: float
    deviance: float
    df: int
    goodness_of_fit: float | None
    replicates: int
    failed: int
    trace: Any = field(default=None, metadata={"unwritten": True})


def stratum_term(term: Term, lists: Sequence[str], labels: Sequence[tuple[str, ...]]) -> str:
    """A term in words: lists joined by colons, and the stratum."""
    mask, s = term
    parts = [term_name(mask, lists)] if mask or s < 0 else []
    return " in ".join([*parts, ", ".join(labels[s])] if s >= 0 else parts)


def summarise(
    model: StrataModel,
    posed: PosedStrata,
    fit: CompositeFit,
    *,
    lists: Sequence[str],
    strata: Sequence[str],
    labels: Sequence[tuple[str, ...]],
    se: float,
    bootstrap: tuple[int, int],
) -> LoglinearStrataFit:
    """Names for numbers; `bootstrap` are replicates and those that failed."""
    names = [stratum_term(term, lists, labels) for term in posed.terms]
    seen = posed.collect(fit.full)
    deviance, df, p_value = misfit(posed.counts, fit)
    return LoglinearStrataFit(
        coefficients=dict(zip(names, fit.beta.tolist(), strict=True)),
        standard_errors=dict(zip(names, np.sqrt(np.diagonal(fit.covariance)).tolist(), strict=True)),
        minus_infinity=tuple(stratum_term(term, lists, labels) for term in posed.removed),
        absent={
            ", ".join(label): tuple(name for name, on in zip(lists, row, strict=True) if not on)
            for label, row in zip(labels, model.runs, strict=True)
            if not row.all()
        },
        strata=tuple(
            {"stratum": dict(zip(strata, label, strict=True)), "observed": round(sum(row[1:])), "population": sum(row)}
            for label, row in zip(labels, seen.tolist(), strict=True)
        ),
        se=se,
        deviance=deviance,
        df=df,
        goodness_of_fit=p_value,
        replicates=bootstrap[0],
        failed=bootstrap[1],
    )
