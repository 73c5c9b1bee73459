"""Who is on how many lists, and on which two: the tables to look at before any estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hiddenpop.arrays import Counts, frozen, memberships
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import DataError, NotEstimableError

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class Overlap:
    """Overlaps of K lists.

    Attributes
    ----------
    lists : K names
    pairs : (K, K) int, people on both lists; the diagonal holds the list sizes
    only : (K,) int, people on that list and no other
    frequencies : mapping j -> people on exactly j lists
    """

    lists: tuple[str, ...]
    pairs: Counts
    only: Counts
    frequencies: dict[int, int]

    @property
    def sizes(self) -> Counts:
        """(K,) people on each list."""
        return np.diagonal(self.pairs)

    @property
    def repeated(self) -> int:
        """People on two lists or more."""
        return sum(f for j, f in self.frequencies.items() if j >= 2)

    def to_frame(self) -> DataFrame:
        """One row per list: size, people on no other list, and people shared with each list."""
        from pandas import DataFrame

        shared = DataFrame(self.pairs, index=list(self.lists), columns=list(self.lists))
        shared.insert(0, "only", self.only)
        shared.insert(0, "size", self.sizes)
        return shared

    def __str__(self) -> str:
        on = ", ".join(f"{f:,} on {j}" for j, f in self.frequencies.items() if f)
        return f"{self.to_frame().to_string()}\npeople by number of lists: {on}"

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


def overlap(table: CaptureTable) -> Overlap:
    """List sizes, overlaps of every two lists, people per number of lists (strata pooled)."""
    if not isinstance(table, CaptureTable):
        raise DataError(f"A {type(table).__name__} has no overlapping lists.", hint="Give a CaptureTable.")
    k = table.n_lists
    member = memberships(table.histories, k)
    lone = table.histories[:, None] == (np.int64(1) << np.arange(k))
    return Overlap(
        lists=table.lists,
        pairs=frozen((member * table.counts[:, None]).T @ member),
        only=frozen((lone * table.counts[:, None]).sum(axis=0)),
        frequencies=table.frequencies,
    )


def refuse_uninformative(table: CaptureTable) -> None:
    """Refuse tables for which the posterior of main effects with a flat prior is none.

    Raises
    ------
    NotEstimableError
        If nobody is on two lists, or everybody is on one list.
    """
    if table.repeated == 0:
        raise NotEstimableError(
            "Nobody is on two lists: any answer would repeat the prior, not the data.",
            hint="Check how records are matched.",
            terms=["intercept"],
        )
    for name in table.lists:
        if table.members(name) == table.observed:
            raise NotEstimableError(
                f"Everybody known is on the list {name}: the other lists say nothing about people who are not on it.",
                hint="Leave out that list, or add one that found other people.",
                terms=[name],
            )
