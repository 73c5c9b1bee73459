"""A million records of five lists linked: `python tests/benchmarks/linkage.py [PEOPLE] [clean or dirty]`.

No assertions: machines differ and are noisy.
"""

import resource
import sys
from tempfile import TemporaryDirectory
from time import perf_counter

import hiddenpop as hp

PEOPLE = 680_000  # a million records
LISTS = ("police", "shelter", "ngo", "border", "hotline")
FLAWS = {
    "clean": hp.Flaws(typo=0.02, spelling=0.05, swapped=0.005, no_birth=0.01, wrong_birth=0.01, twins=0.002),
    "dirty": hp.Flaws(),
}


def main():
    """Link, and print time, memory, precision and recall."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE
    kind = sys.argv[2] if len(sys.argv) > 2 else "clean"
    design = hp.Design(population=people, probabilities=(0.25, 0.3, 0.35, 0.3, 0.25))
    made = hp.make_registers(design, LISTS, flaws=FLAWS[kind], seed=1)
    with TemporaryDirectory() as folder:
        path = made.write(folder, key=False)
        path.write_text('memory = "5GB"\n' + path.read_text(encoding="utf-8"), encoding="utf-8")
        begin = perf_counter()
        found = hp.link_registers(path, seed=1)
        seconds = perf_counter() - begin
    missed, false = made.faults(found.records)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{kind}: {len(found.records):,} records, {seconds / 60:.1f} min, {memory:.1f} GB at most (with making them)")
    print(f"precision {1 - false:.4f}, recall {1 - missed:.4f}; {found.pairs:,} pairs")
    print(str(found).splitlines()[0])


if __name__ == "__main__":
    main()
