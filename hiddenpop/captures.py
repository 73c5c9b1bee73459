"""`CaptureTable`: overlapping lists as observed histories (bit masks) with counts, optionally by stratum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from json import dumps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from hiddenpop.arrays import Counts, Masks, frozen, history_mask, history_text, popcount
from hiddenpop.door import admit
from hiddenpop.errors import DataError, UnknownNameError
from hiddenpop.result import Check


@dataclass(frozen=True, eq=False)
class CaptureTable:
    """People by the set of lists they are on. Made by `from_counts`, `from_records` or `read_captures`.

    Attributes
    ----------
    lists : tuple of K str
    histories : (m,) int masks, none zero; bit i is list i
    counts : (m,) positive int, people
    stratum : (m,) int, row of `labels`
    strata : names of the stratum columns, empty when there are none
    labels : one tuple of stratum values per stratum
    source : str, name of the data set or file
    reading : what was inferred when the data were read
    checks : what happened at the door (lists nobody is on, duplicates, ...)
    given_lists : the lists as given, with those nobody is on; positions in model notation count these
    """

    lists: tuple[str, ...]
    histories: Masks
    counts: Counts
    stratum: Counts
    strata: tuple[str, ...] = ()
    labels: tuple[tuple[str, ...], ...] = ((),)
    source: str = ""
    reading: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    given_lists: tuple[str, ...] = ()

    @classmethod
    def from_counts(
        cls, counts: Mapping[str, int], lists: Sequence[str] | None = None, *, source: str = "", **kwargs: Any
    ) -> CaptureTable:
        """A table from `{"100": 54, "010": 463, ...}`; histories that are not given are zero.

        Parameters
        ----------
        counts : mapping from history text (first list leftmost) to people
        lists : names; `list_1, list_2, ...` if None
        """
        if not isinstance(counts, Mapping):
            raise DataError(f"Counts must be a mapping of histories to people, not {type(counts).__name__}.")
        texts = [str(text) for text in counts]
        lengths = {len(t) for t in texts}
        if len(lengths) != 1 or any(set(t) - {"0", "1"} for t in texts):
            raise DataError(
                f"Histories must be texts of 0 and 1, all of one length; got {texts[:5]}.",
                hint='Write them like {"10": 54, "01": 463, "11": 15}.',
            )
        k = lengths.pop()
        names = tuple(lists) if lists is not None else tuple(f"list_{i + 1}" for i in range(k))
        if len(names) != k:
            raise DataError(f"{len(names)} lists are named but the histories have {k} places.", hint="Name every list.")
        return build_table(names, [history_mask(t) for t in texts], list(counts.values()), source=source, **kwargs)

    @classmethod
    def from_records(cls, records: ArrayLike, lists: Sequence[str], *, source: str = "") -> CaptureTable:
        """A table from one row per person and one 0/1 column per list, shape (n, K)."""
        matrix = np.asarray(records)
        if matrix.ndim != 2 or matrix.shape[1] != len(lists) or not np.isin(matrix, (0, 1)).all():
            raise DataError(
                f"Records must be a table of 0 and 1 with {len(lists)} columns; got shape {matrix.shape}.",
                hint="One row per person, one column per list.",
            )
        weights = np.int64(1) << np.arange(len(lists), dtype=np.int64)
        masks, counts = np.unique(matrix.astype(np.int64) @ weights, return_counts=True)
        return build_table(lists, masks, counts, source=source)

    @property
    def observed(self) -> int:
        """Distinct people on at least one list, n."""
        return int(self.counts.sum())

    @property
    def n_lists(self) -> int:
        return len(self.lists)

    @property
    def frequencies(self) -> dict[int, int]:
        """People on exactly j lists, for j = 1..K."""
        sizes = np.bincount(popcount(self.histories), weights=self.counts, minlength=self.n_lists + 1)
        return {j: int(sizes[j]) for j in range(1, self.n_lists + 1)}

    @property
    def repeated(self) -> int:
        """People on two lists or more."""
        return self.observed - self.frequencies[1]

    def members(self, *names: str) -> int:
        """People on all of the named lists."""
        mask = sum(1 << self.position(name) for name in dict.fromkeys(names))
        return int(self.counts[(self.histories & mask) == mask].sum())

    @property
    def places(self) -> tuple[int, ...]:
        """Positions of the lists among those given, from 0: what positions in model notation count."""
        return tuple(self.given_lists.index(name) for name in self.lists)

    def position(self, name: str) -> int:
        """Position of a list, from 0."""
        if name not in self.lists:
            raise UnknownNameError.among("list", name, self.lists)
        return self.lists.index(name)

    def to_counts(self) -> dict[str, int]:
        """`{history text: people}` over all strata."""
        pooled = self.pooled()
        return {
            history_text(int(h), self.n_lists): int(c) for h, c in zip(pooled.histories, pooled.counts, strict=True)
        }

    def to_matrix(self) -> Counts:
        """(G, 2^K) people by stratum and history."""
        matrix = np.zeros((len(self.labels), 1 << self.n_lists), dtype=np.int64)
        matrix[self.stratum, self.histories] = self.counts
        return matrix

    @property
    def digest(self) -> str:
        """SHA-256 of the content: lists, strata, histories and counts."""
        rows = sorted(
            [list(self.labels[s]), int(h), int(c)]
            for s, h, c in zip(self.stratum, self.histories, self.counts, strict=True)
        )
        return sha256(dumps([self.lists, self.strata, rows], ensure_ascii=False).encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CaptureTable) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __str__(self) -> str:
        seen = f"{np.unique(self.histories).size} of {2**self.n_lists - 1:,} histories seen"
        text = f"{self.observed:,} people on {self.n_lists} lists; {seen}"
        if self.strata:
            text += f"; {len(self.labels)} strata by {', '.join(self.strata)}"
        return "\n".join([text] + [f"  ! {c.message}" for c in self.checks if c.passed is False])

    __repr__ = __str__

    def pooled(self) -> CaptureTable:
        """The same people without strata, with a check that says so."""
        if not self.strata:
            return self
        names, n = ", ".join(self.strata), len(self.labels)
        message = f"{n} strata ({names}) were pooled." if n > 1 else f"There is one stratum ({names})."
        return self._rebuilt(self.lists, self.histories, checks=(Check("pooled-strata", n, None, message),))

    def reorder(self, *names: str) -> CaptureTable:
        """The same table with its lists in the order given; every list must be named once."""
        if sorted(names) != sorted(self.lists):
            raise DataError(f"Give each list once; got {list(names)}.", hint=f"Lists: {', '.join(self.lists)}.")
        return self._moved({name: {name} for name in names})

    def drop(self, *names: str) -> CaptureTable:
        """The table without some lists; people on no other list leave it."""
        gone = {self.lists[self.position(name)] for name in names}
        return self._moved({name: {name} for name in self.lists if name not in gone})

    def keep(self, *names: str) -> CaptureTable:
        """The table with only the lists named; people on none of them leave it, with a check that says how many."""
        wanted = {self.lists[self.position(name)] for name in names}
        part = self.drop(*(name for name in self.lists if name not in wanted))
        lost = self.observed - part.observed
        message = f"{lost:,} of {self.observed:,} known people are on none of the lists used ({', '.join(part.lists)})."
        return replace(part, checks=(*part.checks, Check("lists-left-out", lost, None, message))) if lost else part

    def merge(self, *names: str, into: str) -> CaptureTable:
        """The table with some lists joined into one, at the place of the first: on it is who was on any of them."""
        joined = {self.lists[self.position(name)] for name in names}
        if not joined or (into in self.lists and into not in joined):
            what = f"{into!r} is another list of the table" if joined else "no list is named"
            raise DataError(f"The lists cannot be merged: {what}.", hint="Name the lists to merge and a new name.")
        first = min(self.position(name) for name in joined)
        return self._moved(
            {
                (into if i == first else name): (joined if i == first else {name})
                for i, name in enumerate(self.lists)
                if i == first or name not in joined
            }
        )

    def select(self, /, **where: str | Iterable[str]) -> CaptureTable:
        """The strata with the values given, as in `select(sex="Female", age=["Young"])`."""
        keep = np.ones(len(self.labels), dtype=bool)
        for column, values in where.items():
            place = self.column(column)
            wanted = {values} if isinstance(values, str) else set(values)
            known = sorted({label[place] for label in self.labels})
            for value in wanted:
                if value not in known:
                    raise UnknownNameError.among(f"value of {column}", value, known)
            keep &= [label[place] in wanted for label in self.labels]
        if not (rows := keep[self.stratum]).any():
            raise DataError(f"Nobody is in the selection {where}.", hint="Select other strata.")
        part = self._rebuilt(self.lists, self.histories, rows=rows, strata=self.strata)
        chosen = "; ".join(f"{c} = {v if isinstance(v, str) else ', '.join(v)}" for c, v in where.items())
        return replace(part, reading=(*part.reading, f"only {chosen}"))

    def split(self, *columns: str) -> dict[tuple[str, ...], CaptureTable]:
        """One table per combination of values of the stratum columns (all of them if none is named)."""
        names = columns or self.strata
        places = [self.column(c) for c in names]
        values = sorted({tuple(label[p] for p in places) for label in self.labels})
        return {value: self.select(**dict(zip(names, value, strict=True))) for value in values}

    def column(self, name: str) -> int:
        """Position of a stratum column, from 0."""
        if name not in self.strata:
            raise UnknownNameError.among("stratum column", name, self.strata or ("(the table has no strata)",))
        return self.strata.index(name)

    def _moved(self, parts: Mapping[str, set[str]]) -> CaptureTable:
        """A table whose lists are unions of the present ones."""
        moved = np.zeros_like(self.histories)
        for i, old in enumerate(parts.values()):
            mask = sum(1 << self.position(name) for name in old)
            moved |= ((self.histories & mask) != 0).astype(np.int64) << i
        return self._rebuilt(tuple(parts), moved, rows=moved != 0, strata=self.strata, given_lists=())

    def _rebuilt(
        self, lists: Sequence[str], histories: Masks, *, rows: Any = ..., checks: tuple[Check, ...] = (), **kwargs: Any
    ) -> CaptureTable:
        strata = kwargs.pop("strata", ())
        return build_table(
            lists,
            histories[rows],
            self.counts[rows],
            strata=strata,
            keys=[self.labels[s] for s in self.stratum[rows]] if strata else None,
            source=self.source,
            reading=self.reading,
            checks=self.checks + checks,
            given_lists=kwargs.pop("given_lists", self.given_lists),
            duplicates_expected=True,
        )


def build_table(
    lists: Sequence[str],
    histories: ArrayLike,
    counts: ArrayLike,
    *,
    strata: Sequence[str] = (),
    keys: Sequence[tuple[str, ...]] | None = None,
    source: str = "",
    reading: Sequence[str] = (),
    checks: Sequence[Check] = (),
    given_lists: Sequence[str] = (),
    duplicates_expected: bool = False,
) -> CaptureTable:
    """A table from cells; `door.admit` says what is refused and what is tidied.

    Parameters
    ----------
    lists : K names
    histories : (m,) masks
    counts : (m,) people
    strata : names of the stratum columns
    keys : (m) tuples of stratum values, when there are strata
    source, reading, checks : carried into the table
    given_lists : the lists as first given, if this is a part of another table
    duplicates_expected : leave out the check on equal histories
    """
    tidy = admit(lists, histories, counts, keys if strata else None, duplicates_expected=duplicates_expected)
    return CaptureTable(
        lists=tidy.lists,
        histories=frozen(tidy.histories),
        counts=frozen(tidy.counts),
        strata=tuple(strata),
        labels=tidy.labels,
        stratum=frozen(tidy.stratum),
        source=source,
        reading=tuple(reading),
        checks=tuple(dict.fromkeys([*checks, *tidy.checks])),
        given_lists=tuple(given_lists) or tuple(str(name) for name in lists),
    )
