"""Formulas over stratum columns: what is read, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import hiddenpop as hp
from hiddenpop.covariates import read_covariates


def table(**columns):
    size = len(next(iter(columns.values())))
    frame = pd.DataFrame({"a": [1] * size, "b": [i % 2 for i in range(size)], **columns})
    return hp.read_captures(frame, lists=["a", "b"], strata=list(columns))


AGES = table(age=[15, 22, 31, 40, 15, 22], sex=["f", "m", "f", "m", "m", "f"])


def test_numbers_are_numbers_and_it_is_said():
    found = read_covariates(AGES, "age + sex")
    assert found.names == ("Intercept", "age", "sex[T.m]")
    assert sorted(set(found.design[:, 1])) == [15, 22, 31, 40]
    assert [c.name for c in found.checks] == ["covariates-as-numbers"]
    assert "C(age)" in found.checks[0].message


def test_without_a_formula_short_codes_are_categories():
    found = read_covariates(AGES, None)
    assert found.formula == "C(age) + sex"
    assert not found.checks


def test_without_a_formula_long_numbers_are_numbers():
    many = table(age=list(range(20)), same=["x"] * 20)
    assert read_covariates(many, None).formula == "age"
    squared = read_covariates(many, None, squares=True)
    assert squared.formula == "age + I(age ** 2)"
    assert squared.nested == (2, 3)


def test_a_table_without_strata_has_an_intercept():
    found = read_covariates(hp.load("korea"), None)
    assert found.names == ("Intercept",)
    assert np.array_equal(found.design, [[1.0]])


def test_names_that_are_no_words_are_quoted():
    odd = table(**{"age group": ["x", "y", "x", "y"]})
    assert read_covariates(odd, None).names == ("Intercept", "age group[T.y]")
    assert read_covariates(odd, "`age group`").names == ("Intercept", "age group[T.y]")


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "{__import__('os').system('true')}",
        "age.__class__",
        "eval('age')",
        "I(age.__class__)",
        "C(age, [x for x in 'ab'])",
        "I((lambda: 1)())",
    ],
)
def test_nothing_but_functions_of_columns_is_evaluated(text):
    with pytest.raises((hp.OptionError, hp.UnknownNameError)):
        read_covariates(AGES, text)


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("age +", hp.OptionError, "cannot be read"),
        ("sex ~ age", hp.OptionError, "more than one side"),
        ("agee", hp.UnknownNameError, "'age'"),
        ("log(age - 15)", hp.OptionError, "no finite numbers"),
        ("C(age, 3, 4, 5, 6, 7)", hp.OptionError, "cannot be worked out"),
        ("age + I(2 * age)", hp.NotEstimableError, "follow from the others"),
        ("0 + age", hp.OptionError, "intercept"),
    ],
)
def test_formulas_that_cannot_be_used(text, error, says):
    with pytest.raises(error, match=says):
        read_covariates(AGES, text)


def test_a_missing_number_is_refused():
    gap = table(age=[15, None, 31, 40])
    with pytest.raises(hp.DataError, match="missing for some"):
        read_covariates(gap, "age")
