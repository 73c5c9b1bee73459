"""A million records of five lists linked: `python tests/benchmarks/linkage.py [PEOPLE] [clean or dirty]`.

No assertions: machines differ and are noisy.
"""

import resource
import sys
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

import hiddenpop as hp

PEOPLE = 680_000  # a million records
LISTS = ("police", "shelter", "ngo", "border", "hotline")
FLAWS = {
    "clean": hp.Flaws(typo=0.02, spelling=0.05, swapped=0.005, no_birth=0.01, wrong_birth=0.01, twins=0.002),
    "dirty": hp.Flaws(),
}
IDENTITY = '{given = "given", surname = "surname", born = "born", sex = "sex", region = "region"}'


def pairs(*keys):
    """Pairs of records that agree in all keys."""
    counts = np.unique(np.stack(keys), axis=1, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())


def main():
    """Link, and print time, memory, precision and recall."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    kind = sys.argv[2] if len(sys.argv) > 2 else "clean"
    design = hp.Design(population=people, probabilities=(0.25, 0.3, 0.35, 0.3, 0.25))
    made = hp.make_registers(design, LISTS, flaws=FLAWS[kind], seed=1)
    real = {name: frame["person"].to_numpy() for name, frame in made.registers.items()}
    cases = {name: frame["case"].astype(str).to_numpy() for name, frame in made.registers.items()}
    with TemporaryDirectory() as folder:
        path = made.write(folder)
        text = path.read_text(encoding="utf-8").replace('person = "key"', f'record = "case"\nidentity = {IDENTITY}')
        path.write_text('memory = "5GB"\n' + text, encoding="utf-8")
        del made
        begin = perf_counter()
        found = hp.link_registers(path, seed=1)
        seconds = perf_counter() - begin
    truth = {name: dict(zip(cases[name].tolist(), real[name].tolist(), strict=True)) for name in LISTS}
    rows = found.records[["list", "record"]].itertuples(index=False)
    person = np.array([truth[row.list][row.record] for row in rows])
    linked = found.records["person"].to_numpy()
    both = pairs(person, linked)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{kind}: {len(linked):,} records, {seconds / 60:.1f} min, {memory:.1f} GB at most (with making them)")
    print(f"precision {both / pairs(linked):.4f}, recall {both / pairs(person):.4f}; {found.pairs:,} pairs")
    print(str(found).splitlines()[0])


if __name__ == "__main__":
    main()
