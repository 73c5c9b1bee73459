"""Table 5: Kosovo, only the neighbours of the best model compete: `python .../neighbourhood.py`.

Neighbours of degree 1 differ from the best model by one term, those of degree 2 by two; among them the first so many by
BIC compete in each replicate.
"""

from dataclasses import replace
from math import inf

import numpy as np

import hiddenpop as hp
from hiddenpop.numerics.resampling import bca_limits, limits_sd
from hiddenpop.numerics.search import enumerate_task, neighbours
from hiddenpop.numerics.selection import search_models

PRINTED = {(1, 5): "7,900 to 17,400", (2, 5): "8,000 to 13,500", (2, 10): "8,000 to 17,700"}


def main() -> None:
    """Print our limits beside the printed ones."""
    table = hp.load("kosovo_1999")
    found = search_models(table.histories, table.counts, table.lists, 3, "bic", "auto", strict=True, until=inf)
    ring = found.found.rows[:1]
    for degree in (1, 2):
        ring = np.unique(np.concatenate([ring, *(neighbours(found.space, row) for row in ring)]), axis=0)
        near = replace(found, found=enumerate_task(found.task, ring))
        for top in (5, 10):
            if top <= len(near.found.rows):
                resamples = near.repeat(table.histories, table.counts, 1000, 1, top, inf).resamples()
                low, high = bca_limits(resamples, 0.95)
                below, above = limits_sd(resamples, "bca", 0.95)
                ours = f"{low:,.0f} ± {below:,.0f} to {high:,.0f} ± {above:,.0f}"
                print(f"degree {degree}, top {top:2}: {ours}; printed {PRINTED.get((degree, top), 'nothing')}")


if __name__ == "__main__":
    main()
