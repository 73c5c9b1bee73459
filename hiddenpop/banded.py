"""`BandedTable`: overlapping lists whose counts are known only up to bands: suppressed, rounded or grouped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from hiddenpop.arrays import Counts, Masks, frozen, history_mask, memberships
from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.errors import ConvergenceError, DataError, NotEstimableError
from hiddenpop.numerics.banded import BandedFit, Banding, draw_within, fit_banded_model
from hiddenpop.result import Check

MOST_LISTS, WIDEST = 10, 10_000


@dataclass(frozen=True, eq=False)
class BandedTable:
    """People by history, each count between two limits. Made by `from_bands`, `from_rounded` or `read_captures`.

    Attributes
    ----------
    most : CaptureTable with the upper limits as counts
    width : CaptureTable of the same cells, with the number of values in each band as counts
    banding : how counts were put into bands, for the bootstrap
    """

    most: CaptureTable
    width: CaptureTable
    banding: Banding

    @classmethod
    def from_bands(
        cls, bands: Mapping[str, int | tuple[int, int]], lists: Sequence[str] | None = None, *, source: str = ""
    ) -> BandedTable:
        """From `{"10": 54, "01": (10, 19), "11": (1, 4)}`: exact counts, and limits that are both possible."""
        limits = {text: band if isinstance(band, tuple) else (band, band) for text, band in bands.items()}
        texts = list(limits)
        if not texts or len({len(text) for text in texts}) != 1:
            raise DataError("Histories must be texts of one length.", hint='Write {"10": 54, "11": (1, 4)}.')
        names = tuple(lists) if lists is not None else tuple(f"list_{i + 1}" for i in range(len(texts[0])))
        return build_banded(
            names,
            [history_mask(text) for text in texts],
            [low for low, _ in limits.values()],
            [high for _, high in limits.values()],
            source=source,
        )

    @classmethod
    def from_counts(cls, table: CaptureTable) -> BandedTable:
        """From a table without strata, whose counts are exact."""
        plain = table.pooled()
        return build_banded(
            plain.lists, plain.histories, plain.counts, plain.counts, source=plain.source, reading=plain.reading,
            checks=plain.checks, given_lists=plain.given_lists,
        )  # fmt: skip

    @classmethod
    def from_rounded(cls, table: CaptureTable, base: int) -> BandedTable:
        """From counts rounded to the nearest multiple of `base`; histories not given may have a few people."""
        if table.strata and len(table.labels) > 1:
            raise DataError("The table has strata.", hint="Round one stratum at a time: see select and split.")
        if not 2 <= base <= WIDEST or (table.counts % base).any():
            raise DataError(f"Not all counts are multiples of {base}.", hint="Give the base that was used.")
        shown = table.pooled().to_matrix()[0, 1:]
        banding = Banding(rounding=base)
        low, high = banding.apply(shown)
        return build_banded(
            table.lists, np.arange(1, shown.size + 1), low, high, source=table.source, reading=table.reading,
            checks=table.checks, banding=banding,
        )  # fmt: skip

    @property
    def lists(self) -> tuple[str, ...]:
        return self.most.lists

    @property
    def given_lists(self) -> tuple[str, ...]:
        return self.most.given_lists

    @property
    def n_lists(self) -> int:
        return self.most.n_lists

    @property
    def places(self) -> tuple[int, ...]:
        return self.most.places

    @property
    def strata(self) -> tuple[str, ...]:
        return self.most.strata

    @property
    def labels(self) -> tuple[tuple[str, ...], ...]:
        return self.most.labels

    @property
    def histories(self) -> Masks:
        return self.most.histories

    @property
    def high(self) -> Counts:
        return self.most.counts

    @property
    def low(self) -> Counts:
        return frozen(self.most.counts - self.width.counts + 1)

    @property
    def source(self) -> str:
        return self.most.source

    @property
    def reading(self) -> tuple[str, ...]:
        return self.most.reading

    @property
    def checks(self) -> tuple[Check, ...]:
        """What happened at the door, and how much of the table is in bands."""
        wide = self.width.counts > 1
        message = (
            f"{wide.sum()} of {wide.size} counts are known up to bands: between {self.low.sum():,} and "
            f"{self.high.sum():,} people are on a list."
        )
        return (*self.most.checks, Check("banded-counts", int(wide.sum()), None, message))

    @property
    def observed(self) -> int:
        """People on a list, at least."""
        return int(self.low.sum())

    @property
    def repeated(self) -> int:
        """People on two lists or more, at most."""
        return int(self.high[memberships(self.histories, self.n_lists).sum(axis=1) > 1].sum())

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""
        return sha256(f"{self.most.digest}{self.width.digest}{self.banding}".encode()).hexdigest()

    def select(self, /, **where: str | Iterable[str]) -> BandedTable:
        """The strata with the values given, as `CaptureTable.select`."""
        return BandedTable(self.most.select(**where), self.width.select(**where), self.banding)

    def split(self, *columns: str) -> dict[tuple[str, ...], BandedTable]:
        """One table per combination of values of the stratum columns."""
        wide = self.width.split(*columns)
        return {
            label: BandedTable(part, wide[label], self.banding) for label, part in self.most.split(*columns).items()
        }

    def reorder(self, *names: str) -> BandedTable:
        """The same table with its lists in the order given."""
        return BandedTable(self.most.reorder(*names), self.width.reorder(*names), self.banding)

    def pooled(self) -> BandedTable:
        """The same table: bands of several strata cannot be pooled, which `limits` refuses."""
        return self

    def limits(self) -> tuple[Counts, Counts]:
        """`(low, high)` of all 2^K - 1 histories in order, zero where nobody can be.

        Raises
        ------
        DataError
            If there are several strata, or more than ten lists.
        """
        if len(self.labels) > 1:
            raise DataError(
                f"Bands of {len(self.labels)} strata do not add up to a band.",
                hint="Estimate the strata one by one (--by, or hiddenpop.estimate_strata), or select one.",
            )
        if self.n_lists > MOST_LISTS:
            raise DataError(f"{self.n_lists} lists are too many for bands.", hint=f"Keep {MOST_LISTS} or fewer.")
        low, high = np.zeros((2, (1 << self.n_lists) - 1), dtype=np.int64)
        low[self.histories - 1], high[self.histories - 1] = self.low, self.high
        return low, high

    def __str__(self) -> str:
        return (
            f"{self.low.sum():,} to {self.high.sum():,} people on {self.n_lists} lists; "
            f"{(self.width.counts > 1).sum()} of {self.width.counts.size} counts in bands"
        )

    __repr__ = __str__

    def complete(self, tables: int = 20, *, seed: int = 0) -> list[CaptureTable]:
        """Tables that could be behind the bands, for methods that need counts (`hiddenpop.estimate_replicates`).

        Counts are drawn within their bands from the log-linear model of all pairs, its coefficients drawn first; from
        independent lists where that model has no estimate.

        Parameters
        ----------
        tables : int, 2 or more
        seed : int
        """
        low, high = self.limits()
        singles = [0, *(1 << i for i in range(self.n_lists))]
        pairs = [1 << i | 1 << j for i in range(self.n_lists) for j in range(i)] if self.n_lists > 2 else []
        try:
            fit = fit_bands(self, [*singles, *pairs])
        except NotEstimableError:
            fit = fit_bands(self, singles)
        place, design = fit.cells - 1, fit.design()
        generator = np.random.default_rng(seed)
        told: dict[str, Any] = {"source": self.source, "reading": self.reading, "checks": self.checks}
        drawn = []
        for beta in generator.multivariate_normal(fit.beta, fit.covariance, size=tables):
            means = np.exp(np.clip(design @ beta, -50.0, 50.0))
            counts = draw_within(means, low[place], high[place], generator)
            drawn.append(build_table(self.lists, fit.cells, counts, given_lists=self.given_lists, **told))
        return drawn


def fit_bands(table: BandedTable, terms: Sequence[int]) -> BandedFit:
    """The log-linear model with these terms (masks, the empty one first).

    Raises
    ------
    NotEstimableError
        If the bands do not determine the coefficients.
    DataError
        As `BandedTable.limits`.
    """
    try:
        return fit_banded_model(terms, *table.limits())
    except ConvergenceError as error:
        raise NotEstimableError(
            "The bands do not determine the model: terms may lie at minus infinity.",
            hint="Leave out interactions of lists that share hardly anybody, or ask for the counts.",
            exists=False,
        ) from error


def build_banded(
    lists: Sequence[str],
    histories: Any,
    low: Any,
    high: Any,
    *,
    banding: Banding | None = None,
    **told: Any,
) -> BandedTable:
    """A banded table from cells; arguments as in `build_table`, with two limits for each count.

    Raises
    ------
    DataError
        If limits are no whole numbers in order, a band is wider than 10,000, or a history is given twice.
    """
    least, most = (np.asarray(values) for values in (low, high))
    upper = build_table(lists, histories, most, duplicates_expected=True, **told)
    wrong = (least < 0) | (least != np.floor(least)) | (least > most) | (most - least >= WIDEST)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f"{least[place]} to {most[place]} is no band.",
            hint=f"Bands are two whole numbers, the lower first, fewer than {WIDEST:,} apart.",
        )
    keys = told.pop("keys", None)
    rows = np.flatnonzero(most > 0)
    wide = build_table(
        lists, np.asarray(histories)[rows], (most - least + 1)[rows],
        keys=None if keys is None else [keys[i] for i in rows], duplicates_expected=True, **told,
    )  # fmt: skip
    if upper.counts.size != rows.size:
        raise DataError("A history is given twice, and bands cannot be added up.", hint="Give every history once.")
    if banding is None:
        banding = Banding(tuple(sorted({(int(a), int(b)) for a, b in zip(least, most, strict=True) if a < b})))
    return BandedTable(upper, wide, banding)
