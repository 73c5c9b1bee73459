"""Covariates: the stratum columns of a table as the design matrix of a formula."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.captures import CaptureTable
from hiddenpop.errors import DataError, NotEstimableError, OptionError, UnknownNameError, some_of
from hiddenpop.result import Check

if TYPE_CHECKING:
    from formulaic import Formula
    from pandas import DataFrame

CATEGORIES = 10  # a column of numbers with more values than this enters a formula of our own as a number
FUNCTIONS = ("C", "I", "bs", "center", "cr", "cs", "exp", "log", "log10", "poly", "scale", "sqrt")
PLAIN = (
    ast.Expression, ast.Name, ast.Load, ast.Constant, ast.Call, ast.keyword, ast.BinOp, ast.UnaryOp, ast.List,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.USub,
)  # fmt: skip
MISSING = re.compile(r"^(\(missing\)|na|nan|none|null|)$", re.IGNORECASE)
SAME = 1e-10  # of a column, left over by those before it, from which it says something of its own


@dataclass(frozen=True, eq=False)
class Covariates:
    """What is known of the people of each stratum.

    Attributes
    ----------
    formula : str, as it was read
    names : q names of columns
    design : (G, q) one row per stratum
    nested : numbers of leading columns that make a design of their own; the last is q
    checks : what was taken as a number
    """

    formula: str
    names: tuple[str, ...]
    design: Floats
    nested: tuple[int, ...]
    checks: tuple[Check, ...]


def read_covariates(table: CaptureTable, formula: str | None, *, squares: bool = False) -> Covariates:
    """The design matrix of a formula over the stratum columns.

    Parameters
    ----------
    table : CaptureTable, G strata
    formula : such as `"sex + age"`, with the intercept implied; None takes every stratum column that varies
    squares : bool, without a formula: numbers enter with their squares too, in a larger design of two nested ones

    Raises
    ------
    OptionError
        If the formula cannot be read, or asks for more than columns and functions of them.
    UnknownNameError
        If it names no stratum column.
    DataError
        If a number is missing in some strata.
    NotEstimableError
        If a column of the design is a combination of others.
    """
    frame = _frame(table)
    text = formula if formula is not None else _own_formula(frame, squares)
    parsed = _parse(text)
    used = dict.fromkeys(name for term in parsed for factor in term.factors for name in _columns(factor.expr, table))
    _check_complete(frame, list(used))
    try:
        with np.errstate(all="ignore"):
            matrix = parsed.get_model_matrix(frame, context={}, na_action="raise")
        design = np.asarray(matrix, dtype=float)
    except Exception as error:  # whatever a function of a formula raises about these columns
        raise OptionError(f"The formula {text!r} cannot be worked out.", hint=_first_line(error)) from error
    if not np.isfinite(design).all() or not design.shape[1]:
        raise OptionError(f"The formula {text!r} gives no finite numbers.", hint="Check logarithms and divisions.")
    names = tuple(str(name) for name in matrix.columns)
    if names[0] != "Intercept":
        raise OptionError(f"The formula {text!r} leaves the intercept out.", hint="Leave out 0 and -1.")
    _check_rank(design, names)
    numbers = [name for name in used if name in frame and frame[name].dtype.kind == "f" and f"C({name})" not in text]
    message = f"{some_of(numbers)}: taken as numbers. If these are codes, write C({numbers[0] if numbers else ''})."
    checks = (Check("covariates-as-numbers", len(numbers), None, message),) if numbers else ()
    plain = sum("**" not in name for name in names) if formula is None else len(names)
    return Covariates(text, names, design, tuple(dict.fromkeys((plain, len(names)))), checks)


def _frame(table: CaptureTable) -> DataFrame:
    """One row per stratum; a column in which whatever is not missing is a number holds numbers."""
    from pandas import DataFrame

    columns: dict[str, list[str] | Floats] = {}
    for place, name in enumerate(table.strata):
        values = [label[place] for label in table.labels]
        columns[name] = _numbers(values)
    return DataFrame(columns, index=range(len(table.labels)))


def _numbers(values: list[str]) -> list[str] | Floats:
    present = [value for value in values if not MISSING.match(value)]
    try:
        numbers = {value: float(value) for value in present}
    except ValueError:
        return values
    if not numbers or not all(isfinite(number) for number in numbers.values()):
        return values
    return np.array([numbers.get(value, np.nan) for value in values])


def _own_formula(frame: DataFrame, squares: bool) -> str:
    """Every column that varies: texts and short codes as categories, other numbers as numbers."""
    terms, powers = [], []
    for name in frame.columns:
        number = frame[name].dtype.kind == "f"
        if frame[name].nunique(dropna=False) < 2:
            continue
        quoted = name if name.isidentifier() else f"`{name}`"
        if not number:
            terms.append(quoted)
        elif frame[name].nunique(dropna=False) <= CATEGORIES:
            terms.append(f"C({quoted})")
        else:
            terms.append(quoted)
            powers += [f"I({quoted} ** 2)"] * squares
    return " + ".join(terms + powers) or "1"


def _parse(text: str) -> Formula:
    from formulaic import Formula, SimpleFormula
    from formulaic.errors import FormulaicError

    try:
        parsed = Formula(text)
    except (FormulaicError, SyntaxError, ValueError) as error:
        raise OptionError(f"The formula {text!r} cannot be read.", hint=_first_line(error)) from error
    if not isinstance(parsed, SimpleFormula):
        raise OptionError(
            f"The formula {text!r} has more than one side.", hint="Write only what chances depend on, as in sex + age."
        )
    return parsed


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _columns(expression: str, table: CaptureTable) -> Iterator[str]:
    """Names of stratum columns in a factor of a formula; anything but arithmetic and known functions is refused."""
    if expression in table.strata or expression.replace(".", "").isdigit():
        yield from [expression] * (expression in table.strata)
        return
    try:
        tree = ast.parse(expression.replace("`", ""), mode="eval")
    except SyntaxError:
        raise UnknownNameError.among("stratum column", expression, table.strata or ("(none)",)) from None
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, PLAIN) or (id(node) in called and getattr(node, "id", None) not in FUNCTIONS):
            raise OptionError(
                f"The formula may not contain {expression!r}.", hint=f"Functions that may: {', '.join(FUNCTIONS)}."
            )
        if isinstance(node, ast.Name) and id(node) not in called:
            yield table.strata[table.column(node.id)]


def _check_complete(frame: DataFrame, used: list[str]) -> None:
    """Refuse numbers that are missing somewhere: a category can be missing, a number cannot."""
    gaps = [name for name in used if frame[name].isna().any()]
    if gaps:
        raise DataError(
            f"{some_of(gaps)}: numbers are missing for some people.",
            hint="Put the numbers into bands, of which missing is one, or leave the column out of the formula.",
        )


def _check_rank(design: Floats, names: tuple[str, ...]) -> None:
    """Refuse a design one of whose columns follows from those before it."""
    scaled = design / np.where(norms := np.linalg.norm(design, axis=0), norms, 1.0)
    left = np.abs(np.diagonal(np.linalg.qr(scaled, mode="r")))
    rest = np.r_[left, np.zeros(len(names) - left.size)]
    loose = [name for name, size in zip(names, rest, strict=True) if size < SAME]
    if loose:
        raise NotEstimableError(
            f"{some_of(loose)}: these parts of the formula follow from the others.",
            hint="Leave them out, or put more people into each value.",
            exists=True,
            identifiable=False,
            terms=loose,
        )
