"""100 million records to a table, and the ratio to a bare GROUP BY: `python tests/benchmarks/registers.py [RECORDS]`.

No assertions: machines differ and are noisy. Both read the same Parquet file with the same memory, each in a process of
its own, three times in turn.
"""

import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb

RECORDS = 100_000_000
MAKE = """
COPY (
  SELECT hash(i * 7919) % {people} AS person, 'list_' || (hash(i) % 5 + 1) AS agency,
         CASE WHEN p % 3 = 0 THEN 'F' ELSE 'M' END AS sex, 'region ' || (p % 10) AS region,
         DATE '2024-01-01' + CAST(hash(i + 1) % 366 AS INTEGER) AS found
  FROM (SELECT range AS i, CAST(hash(range * 7919) % {people} AS BIGINT) AS p FROM range({records}))
) TO '{path}' (FORMAT parquet)
"""
BARE = """
SELECT history, sex, region, count(*) FROM (
  SELECT bit_or(1 << CAST(right(agency, 1) AS INTEGER)) AS history, min(sex) AS sex, min(region) AS region
  FROM read_parquet('{path}') GROUP BY person
) GROUP BY ALL
"""
TOML = """
strata = ["sex", "region"]
memory = "3GB"
[categories.sex]
female = ["F"]
male = ["M"]
[[registers]]
list_column = "agency"
source = "records.parquet"
person = "person"
columns = {sex = "sex", region = "region"}
"""
RUN_BARE = """
import duckdb, sys, tempfile
with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
    connection.execute("SET memory_limit = '3GB'"); connection.execute(f"SET temp_directory = '{folder}'")
    connection.execute("SET preserve_insertion_order = false")
    print(len(connection.execute(sys.argv[1]).fetchall()))
"""
RUN_OURS = "import sys, hiddenpop as hp; print(hp.read_registers(sys.argv[1]).table.observed)"
TIMED = """
import resource, subprocess, sys, time
begin = time.perf_counter()
subprocess.run([sys.executable, "-c", sys.argv[1], sys.argv[2]], check=True)
print(time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6)
"""


def timed(code, argument):
    """`(seconds, GB at most)` of a program."""
    done = subprocess.run([sys.executable, "-c", TIMED, code, argument], check=True, capture_output=True, text=True)
    seconds, memory = done.stdout.split()[-2:]
    return float(seconds), float(memory)


def main():
    """Make the file, run both in turn, and print medians."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    with TemporaryDirectory() as folder:
        path = Path(folder) / "records.parquet"
        duckdb.sql(MAKE.format(records=records, people=records * 2 // 5, path=path))
        (Path(folder) / "intake.toml").write_text(TOML)
        runs = [
            (timed(RUN_BARE, BARE.format(path=path)), timed(RUN_OURS, str(path.with_name("intake.toml"))))
            for _ in range(3)
        ]
    bare, ours = (median(run[i][0] for run in runs) for i in (0, 1))
    print(
        f"{records:,} records: bare {bare:.1f} s, ours {ours:.1f} s, ratio {median(b[0] / a[0] for a, b in runs):.2f}"
    )
    print(f"memory: bare {max(run[0][1] for run in runs):.2f} GB, ours {max(run[1][1] for run in runs):.2f} GB")


if __name__ == "__main__":
    main()
