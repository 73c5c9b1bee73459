"""From registers without a common key to a capture table, and to others as likely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hiddenpop.arrays import Counts
from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.errors import DataError, OptionError
from hiddenpop.intake.linkage.comparisons import BEGINS, BORN_DAY, BORN_YEAR, NAMES
from hiddenpop.intake.linkage.draws import Pairs
from hiddenpop.intake.linkage.model import Engine, score_pairs
from hiddenpop.intake.linkage.spelling import romanise, sound
from hiddenpop.intake.registers.engine import name, open_engine
from hiddenpop.intake.registers.queries import Queries
from hiddenpop.intake.registers.sources import store
from hiddenpop.intake.registers.tabulate import Account, accounts_of, ask, describe, prepare
from hiddenpop.options import check_seed
from hiddenpop.result import Check, plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pandas import DataFrame

    from hiddenpop.intake.registers.description import Description

LEAST = 0.001
DOUBT = 0.05


@dataclass(frozen=True)
class LinkedRegisters:
    """Registers whose records have been put together.

    Attributes
    ----------
    table : CaptureTable, with pairs above the threshold linked
    replicates : tuple of CaptureTable, each with links drawn by their probability; `estimate_replicates` takes them
    accounts : tuple of Account, of `table`
    pairs : int, pairs of records that may be of one person
    precision, recall : float, expected of the pairs linked in `table`, if the model of linkage is right; recall among
        the pairs that were looked at
    records : DataFrame of the records that count: `list, record, person`; not in `to_dict`
    """

    table: CaptureTable
    replicates: tuple[CaptureTable, ...]
    accounts: tuple[Account, ...]
    pairs: int
    precision: float
    recall: float
    records: DataFrame = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without records."""
        return {
            "accounts": [plain(one) for one in self.accounts],
            "observed": self.table.observed,
            "counts": self.table.to_counts(),
            "replicates": [one.to_counts() for one in self.replicates],
            "pairs": self.pairs,
            "precision": self.precision,
            "recall": self.recall,
            "checks": [check.to_dict() for check in self.table.checks],
        }

    def __str__(self) -> str:
        low, high = min(one.observed for one in self.replicates), max(one.observed for one in self.replicates)
        lines = [
            f"{self.table.observed:,} people on {self.table.n_lists} lists ({low:,} to {high:,} in "
            f"{len(self.replicates)} replicates); expected precision {self.precision:.1%}, recall {self.recall:.1%}"
        ]
        return "\n".join([*lines, *(f"  {one}" for one in self.accounts)])


def link_registers(
    source: str | Path | Description,
    *,
    threshold: float = 0.5,
    replicates: int = 20,
    engine: Engine = "duckdb",
    root: str | Path | None = None,
    seed: int = 0,
) -> LinkedRegisters:
    """Put the records of registers together by names, dates of birth and whatever else they share.

    Use where no number is common to the registers. Do not use the table of the threshold alone: the replicates carry
    the doubt about links into the interval (`estimate_replicates`).

    Parameters
    ----------
    source : path of a TOML file whose registers have `identity` in place of `person`, or Description
    threshold : float, 0 to 1, probability from which a pair is linked in `table`
    replicates : int, 2 or more
    engine : "duckdb", or "spark" where a Spark session can be had
    root : folder that holds all files; the folder of the TOML file if None
    seed : int

    Returns
    -------
    LinkedRegisters

    Raises
    ------
    DataError
        With all faults of the description.
    ConvergenceError
        If too few records agree to learn from.
    MissingExtraError
        If Splink is not installed.

    Notes
    -----
    Names are written in Latin letters and compared as they stand, by sound, turned round and by similarity; Splink
    learns the Fellegi-Sunter model without training data. Links of a replicate are drawn with the probabilities of the
    pairs, links that hang together by the same random number.

    References
    ----------
    Fellegi and Sunter (1969), doi 10.1080/01621459.1969.10501049. Linacre et al. (2022), Splink, doi
    10.23889/ijpds.v7i3.1794.
    """
    check_seed(seed)
    if not 0.0 < threshold < 1.0 or replicates < 2:
        raise OptionError(
            f"threshold={threshold}, replicates={replicates} are out of range.", hint="Use 0.5, and 20 replicates."
        )
    description, folder = describe(source, root)
    _check(description)
    with open_engine(description.memory, encrypted=True) as connection:
        queries = prepare(connection, description, folder)
        reasons = ask(connection, queries.reasons())
        frame = _read(connection, queries)
        fields = [*_safe(queries.fields).values(), *(f"sound_{one}" for one in NAMES if one in queries.fields)]
        fields += [BORN_YEAR, BORN_DAY] if "born" in queries.fields else []
        fields += [BEGINS] if "given" in queries.fields else []
        if engine == "spark":
            taken = connection.execute(f"SELECT unique_id, {', '.join(fields)} FROM records ORDER BY unique_id").df()
            found = score_pairs(taken, len(frame), engine, fields, LEAST, seed)
        else:
            found = score_pairs(connection, len(frame), engine, fields, LEAST, seed)
    return _Linked(queries, reasons, frame, found).finish(threshold, replicates, seed)


def _check(description: Description) -> None:
    fields = {tuple(sorted(one.identity)) for one in description.registers}
    if () in fields:
        raise DataError("A register has no identity to link by.", hint="Use read_registers (`hiddenpop table`).")
    if len(fields) > 1:
        raise DataError("Registers have different fields of identity.", hint="Give those that all of them have.")


def _safe(fields: Sequence[str]) -> dict[str, str]:
    """Field -> a name that needs no quotation marks in any engine."""
    return {one: one if one in (*NAMES, "born") else f"field_{i}" for i, one in enumerate(fields)}


def _read(connection: DuckDBPyConnection, queries: Queries) -> DataFrame:
    """The table `records` of the engine, names made ready; what linkage does not need comes back, in the same order."""
    names = [one for one in NAMES if one in queries.fields]
    order = ", ".join(["place", "list", "record", *map(name, queries.fields)])
    connection.execute(
        f"CREATE TABLE taken AS SELECT row_number() OVER (ORDER BY {order}) - 1 AS unique_id, * "
        f"FROM ({queries.identities()})"
    )
    written = {row[0] for one in names for row in connection.execute(f"SELECT DISTINCT {one} FROM taken").fetchall()}
    roman = {one: romanise(one) for one in written if one}
    rows = ((one, latin, sound(latin)) for one, latin in roman.items() if latin)
    store(connection, "spelling", ("written", "roman", "sound"), rows, "names")
    told = [f"{one}_s.roman AS {one}, {one}_s.sound AS sound_{one}" for one in names]
    told += [f"{name(one)} AS {safe}" for one, safe in _safe(queries.fields).items() if one not in names]
    if "born" in queries.fields:
        told += [f"left(born, 4) AS {BORN_YEAR}", f"CAST(born AS DATE) - DATE '1900-01-01' AS {BORN_DAY}"]
    told += [f"left(given_s.sound, 2) AS {BEGINS}"] if "given" in queries.fields else []
    joins = " ".join(f"LEFT JOIN spelling AS {one}_s ON taken.{one} = {one}_s.written" for one in names)
    connection.execute(f"CREATE TABLE records AS SELECT unique_id, {', '.join(told)} FROM taken {joins}")
    strata = [f"s_{i}" for i in range(len(queries.description.strata))]
    kept = ", ".join(["list", "place", "record", *strata])
    found: DataFrame = connection.execute(f"SELECT {kept} FROM taken ORDER BY unique_id").df()
    return found


class _Linked:
    """Records, and the pairs of them that may be of one person."""

    def __init__(
        self, queries: Queries, reasons: Sequence[tuple[Any, ...]], frame: DataFrame, pairs: DataFrame
    ) -> None:
        self.queries, self.reasons, self.frame = queries, reasons, frame
        self.list = frame["list"].to_numpy(np.int64)
        left, right = pairs["left"].to_numpy(np.int64), pairs["right"].to_numpy(np.int64)
        self.pairs = Pairs(self.list, left, right, pairs["odds"].to_numpy(float))

    def finish(self, threshold: float, replicates: int, seed: int) -> LinkedRegisters:
        """The table at the threshold, and those drawn."""
        probability = self.pairs.probability
        linked = probability >= threshold
        people = self.pairs.cluster(linked)
        tables = tuple(self._table(one, ()) for one in self.pairs.draw(replicates, np.random.default_rng(seed)))
        on = [np.unique(people[self.list == place]).size for place in range(len(self.queries.lists))]
        checks = [self._doubt(tables, int(people.max()) + 1)]
        expected, chosen = float(probability.sum()), float(probability[linked].sum())
        return LinkedRegisters(
            self._table(people, checks),
            tables,
            accounts_of(self.queries.lists, self.reasons, on),
            int(linked.size),
            chosen / max(int(linked.sum()), 1),
            chosen / expected if expected else 1.0,
            self.frame[["record"]].assign(list=[self.queries.lists[i] for i in self.list], person=people),
        )

    def _doubt(self, tables: Sequence[CaptureTable], observed: int) -> Check:
        counts = [one.observed for one in tables]
        spread = (max(counts) - min(counts)) / observed
        message = (
            f"Depending on which doubtful links hold, {min(counts):,} to {max(counts):,} different people are known."
        )
        return Check("doubtful-links", round(spread, 4), spread <= DOUBT, message)

    def _table(self, people: Counts, checks: Sequence[Check]) -> CaptureTable:
        """The table of a clustering; a person's stratum is that of the first register that knows."""
        number = int(people.max()) + 1
        history = np.zeros(number, dtype=np.int64)
        np.bitwise_or.at(history, people, np.int64(1) << self.list)
        strata = self.queries.description.strata
        codes = np.stack([history, *self._strata(people, number)])
        cells, counts = np.unique(codes, axis=1, return_counts=True)
        keys = [
            tuple(self._category(s, code) for s, code in zip(strata, column[1:], strict=True)) for column in cells.T
        ]
        return build_table(
            self.queries.lists, cells[0], counts, strata=strata, keys=keys, checks=checks, duplicates_expected=True,
            source=self.queries.description.title,
        )  # fmt: skip

    def _strata(self, people: Counts, number: int) -> Iterator[Counts]:
        """Code of each stratum of each person, -1 where nobody knows."""
        place = self.frame["place"].to_numpy(np.int64)
        for i in range(len(self.queries.description.strata)):
            code = self.frame[f"s_{i}"].astype(float).to_numpy()
            known = np.isfinite(code)
            size = 1 + len(self.queries.names[self.queries.description.strata[i]])
            found = np.full(number, np.iinfo(np.int64).max)
            np.minimum.at(found, people[known], place[known] * size + code[known].astype(np.int64))
            yield np.where(found < np.iinfo(np.int64).max, found % size, -1)

    def _category(self, stratum: str, code: int) -> str:
        return self.queries.description.unknown if code < 0 else self.queries.names[stratum][code]
