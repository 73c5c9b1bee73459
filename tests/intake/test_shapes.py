"""Every shape users have ends in the same table."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

import hiddenpop as hp

COUNTS = {"100": 54, "010": 46, "001": 90, "110": 15, "101": 19, "011": 6, "111": 4}
NAMES = ("police", "ngo", "shelter")
TABLE = hp.CaptureTable.from_counts(COUNTS, NAMES)


def aggregated():
    return pd.DataFrame([[*map(int, h), n] for h, n in COUNTS.items()], columns=[*NAMES, "count"])


def people():
    return pd.DataFrame([[int(x) for x in h] for h, n in COUNTS.items() for _ in range(n)], columns=list(NAMES))


def long():
    rows = [(f"p{i}", NAMES[j]) for i, row in enumerate(people().to_numpy()) for j in range(3) if row[j]]
    return pd.DataFrame(rows, columns=["person", "list"])


def histories():
    return pd.DataFrame({"history": list(COUNTS), "count": list(COUNTS.values())})


def write(frame, path, **kwargs):
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, **kwargs)
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return path


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "frame"])
@pytest.mark.parametrize("make", [aggregated, people, long, histories])
def test_shape_and_file_kind(make, ending, tmp_path):
    source = make() if ending == "frame" else write(make(), tmp_path / f"cases.{ending}")
    read = hp.read_captures(source, lists=NAMES if make is histories else None)
    if make is long:
        read = read.reorder(*NAMES)
    assert read == TABLE
    assert read.reading


@pytest.mark.parametrize(
    ("yes", "no"), [(True, False), ("yes", "no"), ("TRUE", "FALSE"), ("Y", "n"), ("1.0", "0.0"), ("ja", "nein")]
)
def test_memberships_in_words(yes, no, tmp_path):
    words = people().map(lambda x: yes if x else no)
    assert hp.read_captures(write(words, tmp_path / "cases.csv")) == TABLE
    assert hp.read_captures(words) == TABLE


def test_strata_are_text_columns_and_nothing_is_guessed_when_named():
    frame = aggregated().assign(sex=["f", "m", "f", "m", "f", "m", "f"], year=2013)
    with pytest.raises(hp.DataError, match="'year' holds numbers"):
        hp.read_captures(frame)
    named = hp.read_captures(frame, lists=NAMES, count="count", strata=["sex"])
    assert named.strata == ("sex",)
    assert named.labels == (("f",), ("m",))
    assert named.pooled() == TABLE
    assert hp.read_captures(frame.drop(columns="year")) == named
    assert any("left out" in fact and "year" in fact for fact in named.reading)


def test_a_hidden_count_column_is_not_passed_over():
    frame = aggregated().rename(columns={"count": "n"})
    with pytest.raises(hp.DataError, match="looks like a count"):
        hp.read_captures(frame, lists=NAMES)
    assert hp.read_captures(frame, lists=NAMES, count="n") == TABLE


def test_rows_that_all_differ_raise_the_question_of_a_missing_count():
    read = hp.read_captures(aggregated().drop(columns="count"))
    assert read.observed == 7
    assert "no-count-column" in [c.name for c in read.checks if c.passed is False]


@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le", "utf-16-be"])
def test_delimiters_and_encodings(sep, encoding, tmp_path):
    frame = aggregated().rename(columns={"police": "Polizei Süd"})
    path = write(frame, tmp_path / "cases.csv", sep=sep, encoding=encoding)
    assert hp.read_captures(path).lists == ("Polizei Süd", "ngo", "shelter")
    assert hp.read_captures(path).observed == 234


@pytest.mark.parametrize("mark", [".", " ", "\u00a0", "\u202f", "'", ","])
def test_thousands_marks(mark, tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text(f"a;b;count\n1;0;1{mark}234\n0;1;12{mark}000{mark}500\n1;1;20\n", encoding="utf-8")
    read = hp.read_captures(path)
    assert read.observed == 1234 + 12_000_500 + 20
    assert any("between thousands" in fact for fact in read.reading)


@pytest.mark.parametrize("text", ["12", "12.0", "12,00", "1.2e1", "+12"])
def test_whole_numbers_in_other_clothes(text, tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text(f"a;b;count\n1;0;{text}\n0;1;7\n1;1;2\n")
    assert hp.read_captures(path).observed == 21


def test_a_workbook_with_titles_notes_and_a_second_sheet(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.title = "Data"
    sheet.append(["Victims identified, 2013"])
    sheet.append([])
    sheet.append(["Source: three agencies", None, "draft"])
    sheet.append([*NAMES, "count", None])
    for history, n in COUNTS.items():
        sheet.append([*map(int, history), n])
    notes = book.create_sheet("Notes")
    notes.append(["Confidential"])
    path = tmp_path / "cases.xlsx"
    book.save(path)
    read = hp.read_captures(path)
    assert read == TABLE
    assert any("3 rows above the header" in fact for fact in read.reading)
    book.copy_worksheet(sheet)
    book.save(path)
    with pytest.raises(hp.DataError, match="2 sheets"):
        hp.read_captures(path)
    assert hp.read_captures(f"{path}#Data") == TABLE
    with pytest.raises(hp.UnknownNameError, match="Did you mean 'Data'"):
        hp.read_captures(f"{path}#Dat")


def test_titles_above_a_text_table(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text("Victims, 2013\n\n" + aggregated().to_csv(index=False, sep=";"))
    assert hp.read_captures(path) == TABLE


def test_histories_that_lost_their_zeros_are_refused():
    with pytest.raises(hp.DataError, match="holds numbers"):
        hp.read_captures(histories().assign(history=lambda f: f.history.astype(int)))


def test_capture_frequencies(tmp_path):
    wanted = hp.load("geckos")
    path = tmp_path / "geckos.csv"
    path.write_text("times,count\n1,33\n2,26\n3,9\n4,2\n")
    assert hp.read_captures(path) == hp.SightingCounts(wanted.frequencies, "geckos.csv", hp.read_captures(path).reading)
    assert (
        hp.read_captures(pd.DataFrame({"f1": [33], "f2": [26], "f3": [9], "f4": [2]})).frequencies == wanted.frequencies
    )
    contacts = pd.DataFrame({"contacts": np.repeat([1, 2, 3, 4], [33, 26, 9, 2])})
    assert hp.read_captures(contacts).frequencies == wanted.frequencies
    assert hp.read_captures(pd.DataFrame({"times": [0, 1, 2], "count": [9, 5, 1]})).checks[0].name == "never-seen"
    with pytest.raises(hp.DataError, match="negative"):
        hp.read_captures(pd.DataFrame({"times": [1, 2], "count": [5, -1]}))


def test_long_tables_name_their_faults_and_their_lists():
    frame = long()
    with pytest.raises(hp.DataError, match="'shelter' is not one of the lists named"):
        hp.read_captures(frame, lists=["police", "ngo"])
    frame.loc[3, "person"] = None
    with pytest.raises(hp.DataError, match="row 4: person or list is missing"):
        hp.read_captures(frame)
    dated = long().assign(date="2013-04-01")
    assert hp.read_captures(dated).reorder(*NAMES) == TABLE


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(hp.UnknownNameError, match="Did you mean 'police'"):
        hp.read_captures(aggregated(), lists=["polise", "ngo"])
    with pytest.raises(hp.UnknownNameError, match="'count'"):
        hp.read_captures(aggregated(), lists=NAMES, count="cuont")
    with pytest.raises(hp.DataError, match="Cannot read a list"):
        hp.read_captures([1, 2])


def write_large(path, row, size):
    """A file of `size` bytes made of `row(i)` for i in 0, 1, ..."""
    with path.open("w") as file:
        file.write(",".join((*NAMES, "region", "case")) + "\n")
        i = 0
        while file.tell() < size:
            file.write("".join(row(i + j) for j in range(7000)))
            i += 7000
    return path


@pytest.mark.slow
@pytest.mark.parametrize("numbered", [False, True])
def test_two_hundred_megabytes_in_bounded_memory(numbered, tmp_path):
    code = (
        "import sys, re, hiddenpop as hp; "
        "read = hp.read_captures(sys.argv[1], lists=['police', 'ngo', 'shelter']); "
        "most = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]; "  # not its parent's
        "print(read.observed, int(most) // 1024)"
    )
    histories = [",".join(h) for h in COUNTS]
    path = write_large(
        tmp_path / "large.csv",
        lambda i: f"{histories[i % 7]},region {i % 5},{f'case {i}' if numbered else 'case'}\n",
        200_000_000,
    )
    out = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout
    people, megabytes = map(int, out.split())
    assert people > 5_000_000
    assert megabytes < 400
