"""Does the (extended) maximum-likelihood estimate exist, and is it unique? Exact answers from the support alone.

Fienberg and Rinaldo (2012, doi 10.1214/12-AOS986): the MLE exists iff the sufficient statistics lie in the relative
interior of the cone spanned by the columns of the design. That depends only on which histories were observed, so the
linear programme is posed for their indicator, is well scaled for any counts, and has an answer of zeros and ones: the
cells of the *facial set*, those that can have a positive mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hiddenpop.arrays import Floats, Masks
from hiddenpop.errors import NotEstimableError
from hiddenpop.numerics.problem import Problem

MAX_CELLS = 1 << 14


@dataclass(frozen=True)
class Existence:
    """Answer for one model on one support.

    Attributes
    ----------
    exists : bool, every observable cell that no removed term excludes can have a positive mean
    identifiable : bool, the design on those cells has full column rank
    cells : masks of cells whose mean is driven to zero
    terms : masks of terms without a finite or unique coefficient
    """

    exists: bool
    identifiable: bool
    cells: tuple[int, ...]
    terms: tuple[int, ...]


def design(problem: Problem, cells: Masks) -> Floats:
    """(cells, p) zero-one matrix: does the cell contain the term?"""
    inside = (cells[:, None] & problem.terms[None, :]) == problem.terms[None, :]
    return np.asarray(inside, dtype=float)


def observable_cells(problem: Problem) -> Masks:
    """Masks of all histories but the empty one that no removed term excludes.

    Raises
    ------
    NotEstimableError
        If there are so many that existence cannot be settled.
    """
    if problem.n_cells > MAX_CELLS:
        raise NotEstimableError(
            "Whether the estimate exists could not be settled: the fit does not prove it, and "
            f"{problem.n_cells:,} possible histories are too many for the linear programme.",
            hint="Merge or drop lists, or use a simpler model.",
            exists=None,
        )
    cells = np.arange(1, 1 << problem.n_lists, dtype=np.int64)
    keep = np.ones(cells.size, dtype=bool)
    for term in problem.removed:
        keep &= (cells & term) != term
    return cells[keep]


def facial_set(matrix: Floats, support: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells that can have a positive mean.

    Maximises the number of cells at one, `sum(y)` with `0 <= y <= 1`, over `A'(y + z) = t A's`, `z, t >= 0`, where `s`
    is the indicator of the support. Scaling makes every cell of the face reach one and all others stay at zero.

    Parameters
    ----------
    matrix : (cells, p) design
    support : (cells,) was anybody observed there?
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack

    m = matrix.shape[0]
    cone = csr_array(matrix.T)
    target = csr_array((matrix.T @ support.astype(float))[:, None])
    result = linprog(
        c=np.concatenate([-np.ones(m), np.zeros(m + 1)]),
        A_eq=hstack([cone, cone, -target]),
        b_eq=np.zeros(matrix.shape[1]),
        bounds=[(0, 1)] * m + [(0, None)] * (m + 1),
        method="highs",
    )
    if result.status != 0:
        raise NotEstimableError(
            f"Whether the estimate exists could not be settled: the linear programme failed ({result.message}).",
            hint="Try a simpler model.",
            exists=None,
        )
    return np.asarray(result.x[:m] > 0.5) | support


def check_existence(problem: Problem) -> Existence:
    """Settle existence (linear programme) and identifiability (rank) of a model for the observed support."""
    cells = observable_cells(problem)
    matrix = design(problem, cells)
    support = np.isin(cells, problem.histories)
    face = facial_set(matrix, support)
    loose = _null_terms(matrix[face])
    return Existence(
        exists=bool(face.all()),
        identifiable=not _null_terms(matrix).any(),
        cells=tuple(int(c) for c in cells[~face]),
        terms=tuple(int(t) for t in problem.terms[loose]),
    )


def is_identifiable(problem: Problem) -> bool:
    """Has the design full column rank on the cells that no removed term excludes?"""
    matrix = design(problem, observable_cells(problem))
    return bool(np.linalg.matrix_rank(matrix) == matrix.shape[1])


def _null_terms(matrix: Floats) -> NDArray[np.bool_]:
    """(p,) which columns take part in a linear dependence of the columns?"""
    _, singular, right = np.linalg.svd(matrix, full_matrices=True)
    rank = int((singular > 1e-9 * singular[0]).sum())
    return np.asarray((np.abs(right[rank:]) > 1e-9).any(axis=0))
