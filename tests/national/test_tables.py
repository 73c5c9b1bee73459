"""Publication tables: nothing adds up to a secret, and other programs read what is written."""

import stat

import numpy as np
import pandas as pd
import pytest

import hiddenpop as hp
from hiddenpop.captures import build_table

CELLS = {
    ("female", "child"): (60, 40, 3), ("female", "adult"): (500, 300, 40), ("male", "child"): (2, 1, 1),
    ("male", "adult"): (90, 80, 9), ("female", "=1+1"): (70, 50, 8), ("male", "=1+1"): (30, 60, 7),
}  # fmt: skip
INHABITANTS = dict.fromkeys(CELLS, 500_000.0)


def estimate():
    """Two lists by sex and age; four boys are known, and one category would be a formula."""
    histories, counts, keys = [], [], []
    for label, cells in CELLS.items():
        histories += [1, 2, 3]
        counts += cells
        keys += [label] * 3
    table = build_table(("police", "shelter"), histories, counts, strata=("sex", "age"), keys=keys, source="made-up")
    return hp.estimate_strata(table, "chapman", seed=1)


FOUND = estimate()
TABLE = hp.publication_table(FOUND, INHABITANTS)


def test_every_total_is_there_once_and_is_the_sum_of_its_parts():
    rows = hp.publication_table(FOUND, INHABITANTS, threshold=2).rows
    assert len(rows) == 3 * 4
    assert not rows.duplicated(["sex", "age"]).any()
    inner = rows[(rows["sex"] != "total") & (rows["age"] != "total")]
    whole = rows[(rows["sex"] == "total") & (rows["age"] == "total")].iloc[0]
    assert inner["population"].sum() == pytest.approx(whole["population"])
    women = rows[(rows["sex"] == "female") & (rows["age"] == "total")].iloc[0]
    assert women["population"] == pytest.approx(inner[inner["sex"] == "female"]["population"].sum())
    assert women["rate"] == pytest.approx(women["population"] / 15.0)
    assert (rows["population_low"] <= rows["population"]).all()


def test_small_counts_are_hidden_with_all_that_tells_them():
    rows = TABLE.rows.set_index(["sex", "age"])
    assert rows.loc[("male", "child"), "hidden_count"]
    assert rows["hidden_count"].sum() >= 4
    away = rows[rows["hidden_count"]]
    assert away.drop(columns="hidden_count").isna().all().all(), "a lower limit may be the very count"
    assert rows[~rows["hidden_count"]].notna().all().all()
    assert [bounds for bounds in hp.attack([TABLE.release]) if bounds.recovered] == []
    assert np.array_equal(FOUND.draws, estimate().draws), "the fit is never touched"


def test_a_second_release_keeps_the_secrets_of_the_first():
    coarse = hp.publication_table(FOUND.group("age"))
    fine = hp.publication_table(FOUND, earlier=[coarse.release])
    assert [bounds for bounds in hp.attack([coarse.release, fine.release]) if bounds.recovered] == []


def test_the_workbook_opens_in_a_second_library(tmp_path):
    path = tmp_path / "table.xlsx"
    hp.write_publication(TABLE, path)
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    sheets = pd.read_excel(path, sheet_name=None, engine="calamine")
    assert list(sheets) == ["Table", "Notes", "Provenance"]
    first = sheets["Table"]
    assert first.columns[:5].tolist() == ["sex", "age", "Detected", "Detected, rate", "Estimated, from"]
    seen = first[first["Detected"] != "c"]
    assert all(isinstance(value, int | float) for value in seen["Detected"])
    assert (first["Detected"] == "c").sum() == TABLE.rows["hidden_count"].sum()
    shown = TABLE.rows["population"].dropna().to_numpy()
    assert first["Estimated"].replace("c", np.nan).dropna().to_numpy(dtype=float) == pytest.approx(shown)
    assert "'=1+1" in set(first["age"])
    assert "hidden" in " ".join(map(str, sheets["Notes"].to_numpy().ravel()))


def test_csv_is_read_back(tmp_path):
    path = tmp_path / "table.csv"
    hp.write_publication(TABLE, path)
    again = pd.read_csv(path)
    assert (again["observed"] == "c").sum() == TABLE.rows["hidden_count"].sum()
    shown = TABLE.rows["population"].dropna().to_numpy()
    assert again["population"].replace("c", np.nan).dropna().to_numpy(dtype=float) == pytest.approx(shown)
    with pytest.raises(hp.DataError, match=r"not written as \.txt"):
        hp.write_publication(TABLE, tmp_path / "table.txt")


def plain():
    """The same without the category that would be a formula."""
    labels = [label for label in FOUND.labels if "=1+1" not in label]
    parts = {label: FOUND.parts[FOUND.labels.index(label)] for label in labels}
    return hp.publication_table(hp.add_up(("sex", "age"), parts, seed=1), INHABITANTS)


def test_sdmx_is_read_back_by_its_own_library(tmp_path):
    from pysdmx.io import read_sdmx

    frame = hp.sdmx_frame(plain(), "826", dimensions={"SEX": "sex", "AGE": "age"}, period="2024")
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    (read,) = read_sdmx(path, validate=False).data
    assert read.structure == "Dataflow=IAEG-SDGs:DF_SDG_GLH(1.12)"
    assert len(read.data) == len(frame) == 9 * 2
    assert set(read.data["SERIES"]) == {"VC_HTF_DETV", "VC_HTF_DETVR"}
    assert set(read.data["SEX"]) == {"F", "M", "_T"}
    assert set(read.data["AGE"]) == {"Y0T17", "Y_GE18", "_T"}
    away = frame[frame["OBS_STATUS"] == "Q"]
    assert away["OBS_VALUE"].isna().all()
    assert len(away) == 2 * plain().rows["hidden_count"].sum()


def test_sdmx_refuses_what_has_no_code():
    with pytest.raises(hp.DataError, match="'=1\\+1' has no code of AGE"):
        hp.sdmx_frame(TABLE, "826", dimensions={"SEX": "sex", "AGE": "age"}, period="2024")
    with pytest.raises(hp.DataError, match="period is missing"):
        hp.sdmx_frame(plain(), "826", dimensions={"SEX": "sex", "AGE": "age"})
    assert set(hp.sdmx_frame(plain(), "826", dimensions={"SEX": "sex"}, period="2024")["AGE"]) == {"_T"}


def test_an_estimate_without_strata_is_no_table():
    with pytest.raises(hp.DataError, match="no strata"):
        hp.publication_table(FOUND.group())
