"""The capture models as mean models: which histories share a mean, and which columns the log mean is made of.

Histories with the same mean form one row, represented by one of them: the number of captures decides under M0 and Mh,
the position of the first capture as well under Mb and Mbh, the history itself under Mt, Mth and Mtb. So only the last
three need all 2^K histories. Row 0 is the history of the hidden people.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb, log

import numpy as np

from hiddenpop.arrays import Counts, Floats, Masks, memberships, popcount
from hiddenpop.errors import OptionError
from hiddenpop.numerics.capture_fit import MeanModel, Predict
from hiddenpop.numerics.capture_mixture import normal_mixture, reaction_to_capture

MOST_HISTORIES = 14
MOST_DOUBLINGS = 30
BY_BEHAVIOUR = ("Mb", "Mbh")
BY_HISTORY = ("Mt", "Mth", "Mtb")
CHAO = "Chao (LB)"
TERMS = ("intercept", "heterogeneity", "log_population", "log_variance", "shift")
NORMAL = "Normal"

HETEROGENEITY: dict[str, Callable[[Floats], Floats]] = {
    "Poisson2": lambda k: 2.0**k - 1.0,
    "Darroch": lambda k: k**2 / 2.0,
    "Gamma3.5": lambda k: np.log(3.5) - np.log(3.5 + k),
}


@dataclass(frozen=True)
class Cells:
    """A table as one model sees it.

    Attributes
    ----------
    model, base, mixing : str, as in `"Mth Darroch"`, `"Mth"`, `"Darroch"`
    lists : names; with "list " before each where one has the name of a term
    rows : (rows,) representing histories, ascending; row 0 is the empty one
    number : (rows,) histories in each row
    counts : (rows,) people
    place : (m,) row of each observed history
    people : (m,) people with it
    """

    model: str
    base: str
    mixing: str
    lists: tuple[str, ...]
    rows: Masks
    number: Floats
    counts: Floats
    place: Masks
    people: Floats

    @property
    def size(self) -> Floats:
        """(rows,) captures."""
        return popcount(self.rows).astype(float)

    @property
    def indicators(self) -> Floats:
        """(rows, K) zero-one: caught at the occasion?"""
        return memberships(self.rows, len(self.lists)).astype(float)


def first_capture(histories: Masks, n_lists: int) -> Counts:
    """Occasions before the first capture; K for the empty history."""
    return np.where(histories == 0, n_lists, popcount((histories & -histories) - 1)).astype(np.int64)


def group(model: str, lists: tuple[str, ...], histories: Masks, counts: Counts) -> Cells:
    """Sort the histories (m,) of a table into the rows of a model.

    Raises
    ------
    OptionError
        If there are more lists than the model can take: 14 where it needs all histories, 30 for Poisson2.
    """
    base, _, mixing = model.partition(" ")
    k = len(lists)
    if mixing == "Poisson2" and k > MOST_DOUBLINGS:
        raise OptionError(
            f"The model {model} doubles its term with every list; {k} lists are too many (at most {MOST_DOUBLINGS}).",
            hint="Use Darroch or Chao (LB) instead of Poisson2.",
        )
    if base in BY_HISTORY:
        if k > MOST_HISTORIES:
            raise OptionError(
                f"The model {model} looks at every possible history; {k} lists have too many (at most "
                f"{MOST_HISTORIES} lists).",
                hint="Use model=M0, Mh or Mb, the method loglinear (whose default is Mt), or merge lists.",
            )
        rows, place = np.arange(1 << k, dtype=np.int64), histories
    elif base in BY_BEHAVIOUR:
        runs = [((1 << size) - 1) << first for first in range(k) for size in range(1, k - first + 1)]
        rows = np.array([0, *sorted(runs)], dtype=np.int64)
        run = ((np.int64(1) << popcount(histories)) - 1) << first_capture(histories, k)
        place = np.searchsorted(rows, run)
    else:
        rows = np.array([(1 << size) - 1 for size in range(k + 1)], dtype=np.int64)
        place = popcount(histories)
    if any(name in TERMS or name.startswith("eta_") for name in lists):
        lists = tuple(f"list {name}" for name in lists)
    people = counts.astype(float)
    total = np.bincount(place, weights=people, minlength=rows.size).astype(float)
    return Cells(model, base, mixing, lists, rows, _number(base, rows, k), total, place, people)


def _number(base: str, rows: Masks, k: int) -> Floats:
    """Histories in each row."""
    if base in BY_HISTORY:
        return np.ones(rows.size)
    sizes = popcount(rows)
    if base in BY_BEHAVIOUR:
        later = [comb(k - 1 - int(a), int(s) - 1) for a, s in zip(first_capture(rows, k)[1:], sizes[1:], strict=True)]
        return np.array([1, *later], dtype=float)
    return np.array([comb(k, int(s)) for s in sizes], dtype=float)


def columns(cells: Cells) -> dict[str, Floats]:
    """The columns of a log-linear capture model, each (rows,)."""
    k, size = len(cells.lists), cells.size
    found = {"intercept": np.ones(size.size)} | _base_columns(cells)
    if cells.mixing == CHAO:
        found |= {f"eta_{j}": np.maximum(size - j + 1.0, 0.0) for j in range(3, k + 1)}
    elif cells.mixing in HETEROGENEITY:
        found["heterogeneity"] = HETEROGENEITY[cells.mixing](size)
    return found


def _base_columns(cells: Cells) -> dict[str, Floats]:
    if cells.base in ("M0", "Mh"):
        return {"captures": cells.size}
    if cells.base in BY_HISTORY:
        return dict(zip(cells.lists, cells.indicators.T, strict=True))
    before = first_capture(cells.rows, len(cells.lists)).astype(float)
    found = {"before": before, "recaptures": np.maximum(cells.size - 1.0, 0.0)}
    return found | ({"missed_first": np.minimum(before, 1.0)} if cells.base == "Mbh" else {})


def log_linear(cells: Cells, terms: dict[str, Floats]) -> MeanModel:
    """The log-linear model with these columns; under Mb and Mbh the hidden people are a geometric series."""
    matrix = np.column_stack(list(terms.values()))
    caught = ("captures", "recaptures") if cells.base not in BY_HISTORY else cells.lists
    predict: Predict = lambda theta: (matrix @ theta, matrix)  # noqa: E731
    if cells.base in BY_BEHAVIOUR:
        predict = _with_series(matrix)
    start = np.array([_crude_logit(cells, column) if name in caught else 0.0 for name, column in terms.items()])
    return MeanModel(tuple(terms), cells.number, predict, start)


def _crude_logit(cells: Cells, column: Floats) -> float:
    """Logit of the share caught, in a population twice as large as the people seen."""
    share = (float(cells.counts @ column) + 0.5) / (2.0 * cells.counts.sum() * column.max() + 1.0)
    return log(share / (1.0 - share))


def _with_series(matrix: Floats) -> Predict:
    """First captures fall by `exp(b_before) / (1 + exp(b_recaptures))` an occasion; the hidden people are the rest.

    The mean of row 0 is their sum from occasion K + 1 on, `exp(linear part) / s`, `s = 1 + e^recaptures - e^before`;
    where s is not positive the series has no sum and the log mean is not a number.
    """

    def predict(theta: Floats) -> tuple[Floats, Floats]:
        log_means, slopes = matrix @ theta, matrix.copy()
        rest = series(theta)
        log_means[0] -= np.log(rest) if rest > 0.0 else np.nan
        slopes[0, 1] += np.exp(theta[1]) / rest
        slopes[0, 2] -= np.exp(theta[2]) / rest
        return log_means, slopes

    return predict


def series(theta: Floats) -> float:
    """`1 + e^recaptures - e^before` of Mb and Mbh."""
    return float(1.0 + np.exp(theta[2]) - np.exp(theta[1]))


def mixture(cells: Cells, logits: Floats) -> MeanModel:
    """Mh Normal and Mth Normal, started at these logits and a variance of one."""
    lists = np.column_stack(list(_base_columns(cells).values()))
    names = ("log_population", *_base_columns(cells), "log_variance")
    start = np.concatenate([[0.0], logits, [0.0]])
    return MeanModel(names, cells.number, normal_mixture(lists, cells.size), start, curved=True)


def reaction(cells: Cells, start: Floats) -> MeanModel:
    """Mb, Mbh and Mtb by the chances of a first capture and of a capture after it, started at these effects."""
    inside, k = cells.indicators, len(cells.lists)
    after = (np.cumsum(inside, axis=1) - inside > 0.0).astype(float)
    if cells.base == "Mtb":
        effects = dict(zip(cells.lists, np.eye(k)[:, None] + 0.0 * after, strict=True)) | {"shift": after}
    else:
        opening = np.zeros_like(after) + (np.arange(k) == 0) * (cells.base == "Mbh")
        effects = {"first": 1.0 - after - opening, "again": after}
        effects |= {"opening": opening} if cells.base == "Mbh" else {}
    predict = reaction_to_capture(inside, np.stack(list(effects.values()), axis=2))
    return MeanModel(("log_population", *effects), cells.number, predict, np.concatenate([[0.0], start]), curved=True)
