import pytest

import hiddenpop as hp


def test_messages_come_with_a_hint_and_details():
    error = hp.NotEstimableError("No.", hint="Try this.", terms=["a:b"], cells=["11"])
    assert str(error) == "No. Try this."
    assert error.to_dict() == {
        "type": "NotEstimableError",
        "message": "No.",
        "hint": "Try this.",
        "details": {"exists": False, "identifiable": None, "terms": ["a:b"], "cells": ["11"]},
    }
    assert isinstance(error, hp.HiddenpopError)


def test_kinds_are_also_the_builtin_kinds():
    assert issubclass(hp.DataError, ValueError)
    assert issubclass(hp.OptionError, ValueError)
    assert issubclass(hp.UnknownNameError, KeyError)
    assert str(hp.UnknownNameError("There is no x.")) == "There is no x."


def test_a_sparse_overlap_warns_and_fails_a_check():
    table = hp.CaptureTable.from_counts({"10": 60, "01": 50, "11": 4})
    with pytest.warns(hp.SparseOverlapWarning, match="Only 4 of 114 people"):
        found = hp.chapman(table)
    assert "sparse-overlap" in [c.name for c in found.failed]


@pytest.mark.filterwarnings("ignore::hiddenpop.SparseOverlapWarning")
def test_refusals_name_cells_and_terms():
    table = hp.load("artificial_3")
    with pytest.raises(hp.NotEstimableError, match="no maximum-likelihood estimate exists") as caught:
        hp.loglinear(table, model="[12,3]")
    details = caught.value.details
    assert details["exists"] is False
    assert details["identifiable"] is True
    assert details["cells"] == ["101 (list_a, list_c)", "011 (list_b, list_c)", "111 (list_a, list_b, list_c)"]
    assert "list_a:list_b" in details["terms"]
    with pytest.raises(hp.NotEstimableError, match="not unique") as caught:
        hp.loglinear(table, model="[12,13,23]")
    assert caught.value.details["exists"] is True
    assert caught.value.details["identifiable"] is False
    assert hp.loglinear(table, model="[13,2]").fit.minus_infinity == ("list_a:list_c",)
