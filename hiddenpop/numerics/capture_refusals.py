"""Why a capture model has no estimate, in words: which terms and histories are responsible, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

import numpy as np
from numpy.typing import NDArray

from hiddenpop.errors import NotEstimableError, some_of
from hiddenpop.numerics.capture_fit import MeanFit
from hiddenpop.numerics.capture_models import Cells, columns, first_capture, series
from hiddenpop.numerics.terms import cell_name


def refuse_too_few(cells: Cells, terms: Sequence[str]) -> None:
    """More parameters than different means cannot be told apart."""
    if len(terms) > cells.rows.size - 1:
        raise not_unique(cells, terms)


def not_unique(cells: Cells, terms: Sequence[str]) -> NotEstimableError:
    """The lists do not determine these terms."""
    return NotEstimableError(
        f"The model {cells.model} is not determined by {len(cells.lists)} lists: they cannot tell "
        f"{some_of(terms, most=4)} apart.",
        hint="Use a simpler model, such as M0 or Mt.",
        exists=None,
        identifiable=False,
        terms=terms,
    )


def without_maximum(cells: Cells, terms: Sequence[str], face: NDArray[np.bool_]) -> NotEstimableError:
    """The likelihood grows without end; `face` marks the rows that keep a positive mean."""
    empty = [_row_name(cells, int(mask)) for mask in cells.rows[1:][~face]]
    return NotEstimableError(
        f"For the model {cells.model} no maximum-likelihood estimate exists: fitted numbers of "
        f"{some_of(empty, most=4)} run to zero.",
        hint="Use a simpler model, or merge lists that share few people.",
        exists=False,
        identifiable=True,
        terms=terms,
        cells=empty,
    )


def _row_name(cells: Cells, mask: int) -> str:
    return f"f{mask.bit_count()}" if cells.base in ("M0", "Mh") else cell_name(mask, cells.lists)


def no_maximum_found(cells: Cells) -> NotEstimableError:
    """The search of a model that is not log-linear ended nowhere."""
    return NotEstimableError(
        f"For the model {cells.model} no maximum of the likelihood was found: it keeps growing, or is flat, towards "
        "the edge of what the parameters can be.",
        hint="Use a simpler model, such as Mt or Mh Chao (LB).",
        exists=None,
        identifiable=None,
        terms=cells.lists,
    )


def refuse_growth(cells: Cells, fit: MeanFit) -> None:
    """Under Mb and Mbh first captures must become fewer, or the people still to be caught have no sum."""
    rest = series(fit.theta)
    if rest > 0.0:
        return
    k = len(cells.lists)
    linear = np.array([column[0] for column in columns(cells).values()]) @ fit.theta
    people = cells.counts.sum() + exp(min(float(linear), 700.0)) / (rest or 1e-300)
    firsts = np.bincount(first_capture(cells.rows[1:], k), weights=cells.counts[1:], minlength=k)
    raise NotEstimableError(
        f"Under {cells.model} people not seen before must become fewer from list to list; here they are "
        f"{', '.join(f'{u:,.0f}' for u in firsts)}, and the formula gives {people:,.0f} people.",
        hint="These models need occasions in the order of time; for other lists use Mt or the method loglinear.",
        exists=False,
        identifiable=True,
        terms=["before", "recaptures"],
    )
