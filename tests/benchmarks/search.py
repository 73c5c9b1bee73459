"""Times, memory and ratios to the NumPy judge in the same run: `python tests/benchmarks/search.py`.

No assertions: machines differ and are noisy. The judge fits one model on a design matrix; the ratio says how many times
longer it would take for as many fits. A replicate is taken to need as many fits as the data themselves.
"""

import resource
import sys
import warnings
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent.parent))
warnings.simplefilter("ignore")

from numerics import judge

import hiddenpop as hp
from hiddenpop.numerics.terms import close_terms, read_model

WORK = [
    ("all models, one by one", "uk_2013_5list", {"search": "exhaustive", "replicates": 0}),
    ("best and 100 best", "uk_2013", {"replicates": 0}),
    ("best and 100 best", "netherlands_2010_2015", {"replicates": 0}),
    ("best and 100 best", "new_orleans", {"replicates": 0}),
    ("1,000 replicates", "kosovo_1999", {}),
    ("1,000 replicates", "uk_2013_5list", {}),
    ("1,000 replicates", "uk_2013", {}),
    ("1,000 replicates", "netherlands_2010_2015", {}),
    ("1,000 replicates, pairs", "new_orleans", {"max_order": 2, "budget": 600.0}),
]


def judged(table, model):
    """Seconds the judge takes for one model: the best of five."""
    counts = dict(zip(table.histories.tolist(), table.counts.tolist(), strict=True))
    terms = close_terms(read_model(model, table.lists), table.n_lists)
    times = []
    for _ in range(5):
        begin = perf_counter()
        judge.fit(terms, table.n_lists, counts)
        times.append(perf_counter() - begin)
    return min(times)


def main():
    for name in ("kosovo_1999", "uk_2013_5list", "uk_2013"):
        hp.loglinear_search(hp.load(name), replicates=100, seed=1)  # compile
    print(f"{'work':26}{'table':24}{'seconds':>9}{'fits':>10}{'judge, s a fit':>16}{'ratio':>8}{'peak MB':>9}")
    for what, name, options in WORK:
        table = hp.load(name)
        begin = perf_counter()
        fit = hp.loglinear_search(table, seed=1, **options).fit
        seconds = perf_counter() - begin
        each = judged(table, fit.model)
        fits = fit.fits * max(1, fit.replicates)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{what:26}{name:24}{seconds:9.2f}{fits:9,}{each:16.5f}{fits * each / seconds:8.0f}{peak:9.0f}", flush=True
        )


if __name__ == "__main__":
    main()
