"""Terms that no model with an estimate can contain: nobody has some possible history of their lists.

Let y be a history of the lists of t that is possible, and nobody have it. The indicator of y is a combination of the
terms inside t, never negative, zero for everyone seen, positive for a history that the model allows: so the
likelihood of every hierarchical model that contains t grows for ever in that direction (Fienberg and Rinaldo 2012,
doi 10.1214/12-AOS986). The history of all the lists of t is no such y: if nobody is on all of them, the extended
estimate leaves it out.
"""

from __future__ import annotations

import numpy as np

from hiddenpop.arrays import Floats, Masks
from hiddenpop.numerics.compiled import compiled
from hiddenpop.numerics.models import Members


@compiled
def barred_terms(terms: Masks, overlaps: Floats, seen: Floats) -> Members:
    """(T,) one for every term that proves, by itself, that a model with it has no estimate.

    Parameters
    ----------
    terms : (T,) masks
    overlaps, seen : (2^K,) people on all lists of each set, people with each history
    """
    barred = np.zeros(terms.size, dtype=np.int8)
    met = np.empty(overlaps.size, dtype=np.int64)
    met[:] = -1
    lists = 0
    for x in range(overlaps.size):
        if x & (x - 1) == 0 and overlaps[x] > 0.0:
            lists |= x
    for i in range(terms.size):
        term = terms[i]
        for x in range(1, seen.size):
            if seen[x] > 0.0:
                met[x & term] = i
        part = term
        while part > 0:
            part = (part - 1) & term
            possible = overlaps[part] > 0.0 if part else (lists & ~term) != 0
            if possible and met[part] != i:
                barred[i] = 1
    return barred
