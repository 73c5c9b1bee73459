"""Registers to a table: every record is counted, whatever the source; what is doubtful is said or refused."""

import sqlite3
from collections import Counter

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hiddenpop as hp
from hiddenpop.intake.writing import tabulate_cells

TOML = """
title = "Two registers"
period = [2023-01-01, 2023-12-31]
strata = ["sex"]
{more}
[categories.sex]
female = ["F", "woman"]
male = ["M", "man"]
[[registers]]
list = "police"
source = "{police}"
person = "who"
date = "found"
status = "state"
columns = {{sex = "sex"}}
[[registers]]
list = "ngo"
source = "{ngo}"
person = "id"
date = "seen"
referred_from = "sent_by"
columns = {{sex = "gender"}}
"""
POLICE = pd.DataFrame(
    [
        ("p1", "F", "2023-03-01", "confirmed"),
        ("p2", "m", "2023-03-05", "presumed"),
        ("p2", "m", "2023-03-06", "Presumed"),
        ("p3", None, "2023-04-01", "rejected"),
        (None, "F", "2023-04-01", "confirmed"),
        ("p4", "F", "2024-04-01", "confirmed"),
        ("p5", "F", "31/12/2023", "confirmed"),
        (" p6 ", "F", "2023-01-01", None),
        ("p7", None, "2023-01-01", "presumed"),
    ],
    columns=["who", "sex", "found", "state"],
)
NGO = pd.DataFrame(
    [("p1", "woman", "2023-05-01", None), ("p2", "woman", "2023-05-01", "Police"), ("p7", "man", "2023-05-01", None),
     ("p9", "man", "2023-12-31", None)],
    columns=["id", "gender", "seen", "sent_by"],
)  # fmt: skip


def describe(folder, police="police.csv", ngo="ngo.csv", more=""):
    path = folder / "intake.toml"
    path.write_text(TOML.format(police=police, ngo=ngo, more=more), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path):
    POLICE.to_csv(tmp_path / "police.csv", index=False)
    NGO.to_csv(tmp_path / "ngo.csv", index=False)
    return tmp_path


def test_every_record_has_an_account(folder):
    found = hp.read_registers(describe(folder))
    police, ngo = found.accounts
    assert (police.records, police.people) == (9, 3)
    assert police.dropped == {
        "without a person key": 1, "of status rejected": 1, "without a status": 1, "outside the period": 1,
        "without a readable date": 1, "of a person who is on the list already": 1,
    }  # fmt: skip
    assert (ngo.records, ngo.people, ngo.dropped) == (4, 4, {})
    assert found.table.to_counts() == {"11": 3, "01": 1}
    assert {key[0]: part.observed for key, part in found.table.split().items()} == {"female": 1, "male": 3}
    disagree = next(c for c in found.table.checks if c.name == "disagree-about-sex")
    assert disagree.value == 1
    assert "police: 9 records, 3 people" in str(found)


def test_referrals_can_be_stripped(folder):
    found = hp.read_registers(describe(folder, more='referrals = "strip"'))
    assert found.accounts[1].dropped == {"referred from another list": 1}
    assert found.table.to_counts() == {"10": 1, "11": 2, "01": 1}


def as_latin(folder):
    POLICE.assign(remark="Müller").to_csv(folder / "police.csv", index=False, sep=";", encoding="latin-1")
    return "police.csv"


def as_parquet(folder):
    POLICE.to_parquet(folder / "police.parquet")
    return "police.parquet"


def as_workbook(folder):
    with pd.ExcelWriter(folder / "police.xlsx") as book:
        POLICE.to_excel(book, sheet_name="cases", index=False)
        pd.DataFrame({"note": ["x", "y", "z"], "other": [1, 2, 3]}).to_excel(book, sheet_name="notes", index=False)
    return "police.xlsx#cases"


def as_sqlite(folder):
    with sqlite3.connect(folder / "police.sqlite") as database:
        POLICE.to_sql('the "cases"', database, index=False)
    return 'police.sqlite::the \\"cases\\"'


def as_duckdb(folder):
    with duckdb.connect(folder / "police.duckdb") as database:
        database.register("frame", POLICE.assign(found=pd.to_datetime(POLICE.found, errors="coerce")))
        database.execute("CREATE TABLE cases AS SELECT who, sex, CAST(found AS DATE) AS found, state FROM frame")
    return "police.duckdb::cases"


@pytest.mark.parametrize("write", [as_latin, as_parquet, as_workbook, as_sqlite, as_duckdb])
def test_every_kind_of_source_gives_the_same_table(folder, write):
    expected = hp.read_registers(describe(folder))
    found = hp.read_registers(describe(folder, police=write(folder)))
    assert found.table == expected.table
    assert found.accounts == expected.accounts


def test_one_table_may_hold_all_lists(folder):
    both = pd.concat([
        POLICE.rename(columns={"who": "id", "found": "day"}).assign(agency="police"),
        NGO.rename(columns={"gender": "sex", "seen": "day"}).assign(agency="ngo", state="confirmed"),
        pd.DataFrame({"id": ["p1"], "day": ["2023-01-01"], "state": ["confirmed"]}),
    ])  # fmt: skip
    both.to_csv(folder / "all.csv", index=False)
    path = folder / "intake.toml"
    path.write_text(
        'period = [2023-01-01, 2023-12-31]\n[[registers]]\nlist_column = "agency"\nsource = "all.csv"\nperson = "id"\n'
        'date = "day"\nstatus = "state"\n',
        encoding="utf-8",
    )
    found = hp.read_registers(path)
    assert found.table.reorder("police", "ngo").to_counts() == {"11": 3, "01": 1}
    assert {one.list: one.dropped for one in found.accounts}["(no list)"] == {"without a list": 1}


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d", " a", "", None]),
        st.sampled_from(["F", "m", "woman", "", None]),
        st.sampled_from(["2023-01-01", "2023-06-30", "2022-12-31", "soon", None]),
        st.sampled_from(["confirmed", "Presumed", "rejected", "", None]),
    ),
    min_size=1, max_size=25,
)  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(police=ROWS, ngo=ROWS)
def test_in_is_out_and_dropped(tmp_path_factory, police, ngo):
    """The same by a loop over records."""
    folder = tmp_path_factory.mktemp("registers")
    pd.DataFrame(police, columns=POLICE.columns).to_parquet(folder / "police.parquet")
    frame = pd.DataFrame(ngo, columns=["id", "gender", "seen", "sent_by"]).assign(sent_by=None)
    frame.astype("object").to_parquet(folder / "ngo.parquet")
    lists, first = {}, {}
    for place, rows in enumerate((police, ngo)):
        on = Counter()
        for who, sex, day, status in rows:
            key = (who or "").strip()
            counted = place == 1 or (status or "").casefold() in ("confirmed", "presumed")
            if key and counted and day and day.startswith("2023"):
                on[key] += 1
                if sex:
                    first.setdefault(key, {}).setdefault(place, set()).add("male" if sex == "m" else "female")
        lists[place] = on
    if not lists[0] and not lists[1]:
        with pytest.raises(hp.DataError, match="No record is left"):
            hp.read_registers(describe(folder, "police.parquet", "ngo.parquet"))
        return
    found = hp.read_registers(describe(folder, "police.parquet", "ngo.parquet"))
    for place, account in enumerate(found.accounts):
        assert account.people == len(lists[place])
        assert account.records == len((police, ngo)[place])
        assert account.records == account.people + sum(account.dropped.values())
        again = sum(lists[place].values()) - len(lists[place])
        assert account.dropped.get("of a person who is on the list already", 0) == again
    expected = Counter()
    for key in {*lists[0], *lists[1]}:
        known = first.get(key, {})
        sex = min(known[min(known)]) if known else "unknown"
        expected[sex, "".join("1" if key in lists[place] else "0" for place in (0, 1) if lists[place])] += 1
    cells = tabulate_cells(found.table).to_dict("records")
    names = [name for name in ("police", "ngo") if name in found.table.lists]
    assert expected == {(row["sex"], "".join(str(row[name]) for name in names)): row["count"] for row in cells}


def test_all_faults_of_a_description_at_once(folder):
    path = describe(folder, more='memory = "lots"\nstrat = ["x"]')
    text = path.read_text().replace('person = "who"\n', "").replace('list = "ngo"\n', "")
    path.write_text(text)
    with pytest.raises(hp.DataError) as refused:
        hp.read_registers(path)
    assert len(refused.value.details["faults"]) == 4
    for part in ("strat: there is no such setting", "registers.1: give person", "memory", "give either list"):
        assert part in refused.value.message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2023-12-31", "2022-12-31", "ends before it begins"),
        ('list = "ngo"', 'list = "police"', "'police' is described twice"),
        ('date = "seen"\n', "", "register 2 has no date"),
        ('columns = {sex = "sex"}', 'columns = {sex = "sex", age = "age"}', "'age', which is no stratum"),
        ('strata = ["sex"]', 'strata = ["sex", "age"]', "no register has a column for the stratum 'age'"),
        ('person = "who"', 'person = "whom"', "'whom'"),
        ("police.csv", "polices.csv", "There is no file 'polices.csv'"),
        ("police.csv", "../police.csv", "lies outside the folder"),
        ("police.csv", "/etc/passwd", "lies outside the folder"),
        ("police.csv", "police.doc", "There is no file"),
        ('female = ["F", "woman"]', 'female = ["woman"]', "no category"),
        ("[categories.sex]", "[categories.sex", "is not a TOML file"),
        ("police.csv", "postgresql://me:secret@127.0.0.1/db::cases", "A password stands in the source"),
    ],
)
def test_faults(folder, old, new, message):
    path = describe(folder)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(hp.HiddenpopError, match=message) as refused:
        hp.read_registers(path)
    assert "secret" not in str(refused.value)


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "police.csv"
    (folder / "police.csv").rename(elsewhere)
    (folder / "police.csv").symlink_to(elsewhere)
    with pytest.raises(hp.DataError, match="lies outside"):
        hp.read_registers(describe(folder))


def test_a_damaged_register_is_refused_by_line(folder):
    with (folder / "police.csv").open("a") as file:
        file.write("p10,F,2023-01-01,confirmed,too,many\n")
    with pytest.raises(hp.DataError, match=r"cannot be read from line \d+") as refused:
        hp.read_registers(describe(folder))
    assert "p10" not in str(refused.value)


def test_what_is_written_is_read_again(folder, tmp_path):
    table = hp.read_registers(describe(folder)).table
    for name in ("t.csv", "t.parquet"):
        hp.write_captures(table, tmp_path / name)
        again = hp.read_captures(tmp_path / name, lists=table.lists, count="count", strata=["sex"])
        assert again == table
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    with pytest.raises(hp.OptionError, match="not written as"):
        hp.write_captures(table, tmp_path / "t.doc")


def test_formulas_do_not_reach_a_spreadsheet(tmp_path):
    table = hp.CaptureTable.from_counts({"10": 3, "01": 4, "11": 2}, ["=cmd()", "b"])
    hp.write_captures(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().startswith("'=cmd(),b,count")


def test_made_registers_have_a_known_number(tmp_path):
    design = hp.Design(population=20_000, probabilities=(0.1, 0.15, 0.2))
    made = hp.make_registers(design, seed=1)
    found = hp.read_registers(made.write(tmp_path))
    for name, account in zip(made.registers, found.accounts, strict=True):
        records = made.registers[name]
        belongs = records[(records.status != "rejected") & records.found.str.startswith("2024")]
        assert account.people == belongs.person.nunique()
        assert account.records == len(records)
    limits = hp.loglinear(found.table, interval="profile").interval
    assert limits.low <= 20_000 <= limits.high
    assert "person" not in (tmp_path / "police.csv").read_text().split("\n")[0]


def test_made_registers_show_the_flaws_that_were_asked_for():
    design = hp.Design(population=5000, probabilities=(0.4, 0.4))
    clean = hp.make_registers(design, ["a", "b"], flaws=hp.Flaws.none(), seed=2)
    records = clean.registers["a"]
    assert records.key.is_unique
    assert (records.born != "").all()
    flawed = hp.make_registers(design, ["a", "b"], flaws=hp.Flaws(no_birth=0.2, repeated=0.1), seed=2).registers["a"]
    assert (flawed.born == "").mean() == pytest.approx(0.2, abs=0.03)
    assert flawed.key.duplicated().mean() == pytest.approx(0.1 / 1.16, abs=0.03)
    both = clean.registers["a"].merge(clean.registers["b"], on="person")
    assert (both.surname_x == both.surname_y).all()
    with pytest.raises(hp.OptionError, match="typo"):
        hp.Flaws(typo=0.9)
