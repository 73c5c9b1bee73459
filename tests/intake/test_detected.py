"""The UNODC table in both layouts."""

import pandas as pd
import pytest

import hiddenpop as hp

EXTRACT = pd.DataFrame(
    [("XAA", "Aland", "2019", "Total", "Total", "1,372"), ("XAA", "Aland", "2019", "Total", "0 to 17 years", "<5"),
     ("XBB", "Beland", "2020", "Female", "Total", "17"), ("XBB", "Beland", "2020", "Female", "Total", "17")],
    columns=["iso3", "country", "year", "sex", "age", "value"],
)  # fmt: skip


def portal(frame):
    """The same rows as the data portal writes them, among others."""
    rows = frame.rename(
        columns=dict(zip(EXTRACT.columns, ["Iso3_code", "Country", "Year", "Sex", "Age", "VALUE"], strict=True))
    ).assign(**{
        "Region": "Somewhere", "Subregion": "Nearby", "Indicator": "Detected trafficking victims", "Dimension": "Total",
        "Category": "Total", "Unit of measurement": "Counts", "Source": "GLOTIP",
    })  # fmt: skip
    other = rows.iloc[:1].assign(VALUE="9", Dimension="by form of exploitation", Category="Forced labour")
    persons = rows.iloc[:1].assign(VALUE="8", Indicator="Persons prosecuted for trafficking")
    rates = rows.iloc[:1].assign(VALUE="0.5", **{"Unit of measurement": "Rate per 100,000 population"})
    order = ["Iso3_code", "Country", "Region", "Subregion", "Indicator", "Dimension", "Category", "Sex", "Age", "Year",
             "Unit of measurement", "VALUE", "Source"]  # fmt: skip
    return pd.concat([rows, other, persons, rates])[order]


@pytest.mark.parametrize("layout", [lambda frame: frame, portal], ids=["extract", "portal"])
@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_both_layouts_say_the_same(tmp_path, layout, ending):
    path = tmp_path / f"victims.{ending}"
    frame = layout(EXTRACT)
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_excel(path, index=False)
    found = hp.read_detected(path)
    assert found.to_dict("records") == [
        {"iso3": "XAA", "country": "Aland", "year": 2019, "sex": "Total", "age": "Total", "low": 1372, "high": 1372},
        {"iso3": "XAA", "country": "Aland", "year": 2019, "sex": "Total", "age": "0 to 17 years", "low": 0, "high": 4},
        {"iso3": "XBB", "country": "Beland", "year": 2020, "sex": "Female", "age": "Total", "low": 17, "high": 17},
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.drop(columns="sex"), "no column sex"),
        (lambda f: f.assign(value=["many", "<5", "17", "x"]), "row 1: value 'many'; row 4: value 'x'|row 2.*row 5"),
        (lambda f: f.assign(value=["1", "<5", "17", "18"]), "different counts of XBB 2020 Female Total"),
        (lambda f: portal(f).assign(Indicator="Persons convicted"), "no rows of detected victims"),
    ],
)
def test_faults(tmp_path, change, says):
    path = tmp_path / "victims.csv"
    change(EXTRACT).to_csv(path, index=False)
    with pytest.raises(hp.DataError, match=says):
        hp.read_detected(path)
