"""Linkage: one name in many spellings, pairs with honest probabilities, replicates that carry the doubt."""

import json
import os
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.intake.linkage.comparisons import comparisons
from hiddenpop.intake.linkage.draws import Pairs
from hiddenpop.intake.linkage.spelling import romanise, sound

CLEAN = hp.Flaws(typo=0.02, spelling=0.05, swapped=0.005, no_birth=0.01, wrong_birth=0.01, twins=0.002)


@pytest.mark.parametrize(
    ("written", "roman"),
    [
        ("Nguyễn Thị", "nguyen thi"),
        ("Шевченко", "shevchenko"),
        ("O'Brien-Smith ", "obrien smith"),
        ("محمد", "mhmd"),
    ],
)
def test_names_in_latin_letters(written, roman):
    assert romanise(written) == roman


@pytest.mark.parametrize(
    "spellings",
    [
        ("Mohammed", "Muhammad", "Mohamad", "محمد"), ("Shevchenko", "Schewtschenko", "Шевченко", "Sevcenko"),
        ("Nguyen", "Nguyễn"), ("Jose Luis", "José-Luis"), ("Khalid", "Halid", "خالد"),
        ("Fatima Yusuf", "Fatimah Yusuf"), ("Aisha Noor", "Aishah Noor"), ("Bich", "Bích"),
        ("Natalia", "Natalya", "Наталья"), ("Xiaoming", "Xiao Ming", "晓明"), ("Suleiman", "Soliman", "سليمان"),
    ],
)  # fmt: skip
def test_spellings_of_a_name_sound_alike(spellings):
    assert len({sound(romanise(one)) for one in spellings}) == 1


def test_different_names_sound_different():
    names = ["Fatima", "Natalia", "Andrei", "Guadalupe", "Prasert", "Mustafa", "Bondarenko", "Hernandez"]
    assert len({sound(romanise(one)) for one in names}) == len(names)


def level_of(compared, left, right):
    """Place of the level at which two records agree, missing values first."""
    columns = ", ".join(f"? AS {name}_{side}" for side in "lr" for name in left)
    levels = compared.get_comparison("duckdb").as_dict()["comparison_levels"]
    cases = " ".join(f"WHEN {one['sql_condition']} THEN {i}" for i, one in enumerate(levels[:-1]))
    query = f"SELECT CASE {cases} ELSE {len(levels) - 1} END FROM (SELECT {columns})"
    return duckdb.execute(query, [*left.values(), *right.values()]).fetchone()[0]


@pytest.mark.parametrize(
    ("other", "level"),
    [
        (None, 0), ("1989-03-09", 1), ("1987-03-09", 2), ("1989-09-03", 2), ("1989-03-10", 2), ("1990-03-09", 2),
        ("1989-04-02", 3), ("1989-11-21", 4), ("1995-11-21", 5), ("1920-11-21", 6),
    ],
)  # fmt: skip
def test_slips_in_a_date_of_birth(other, level):
    def record(born):
        day = None if born is None else date.fromisoformat(born).toordinal()
        return {"born": born, "born_year": born and born[:4], "born_day": day}

    _, born = comparisons(["given", "born"])
    assert level_of(born, record("1989-03-09"), record(other)) == level


@pytest.mark.parametrize(
    ("other", "level"),
    [
        (("mykola maria", "zhuk"), 1), (("mikola maria", "shuk"), 2), (("zhuk", "mykola maria"), 3),
        (("mykola marta", "zhuk"), 4), (("nikolay maria", "zhuk"), 5), (("mykola maria", "bondarenko"), 6),
        (("iryna dmytro", "zhuk"), 7), (("iryna dmytro", "bondarenko"), 8),
    ],
)  # fmt: skip
def test_names_written_another_way(other, level):
    def record(given, surname):
        names = {"given": given, "surname": surname}
        return names | {f"sound_{name}": sound(romanise(written)) for name, written in names.items()}

    (names,) = comparisons(["given", "surname"])
    assert level_of(names, record("mykola maria", "zhuk"), record(*other)) == level


def pairs_of(lists, pairs, odds):
    left, right = np.array(pairs).T
    return Pairs(np.array(lists), left, right, np.array(odds, dtype=float))


def test_pairs_that_share_a_person_and_a_list_exclude_one_another():
    """Record 0 of list 0 has two candidates on list 1: together they have a probability of at most 1."""
    lists = [0, 1, 1, *[0] * 50, *[1] * 50]
    sure = [(3 + i, 53 + i) for i in range(50)]
    pairs = pairs_of(lists, [(0, 1), (0, 2), *sure], [1e5, 1e5, *[1e9] * 50])
    first, second, *rest = pairs.probability
    assert first == pytest.approx(second)
    assert 0.4 < first < 0.5
    assert min(rest) > 0.999
    drawn = list(pairs.draw(500, np.random.default_rng(1)))
    together = np.array([[people[0] == people[1], people[0] == people[2]] for people in drawn])
    assert not together.all(axis=1).any(), "never both"
    assert together.mean(axis=0) == pytest.approx([first, second], abs=0.07)


def test_entries_made_twice_are_no_rivals():
    """Records 1 and 2 of list 1 are one person: both belong to record 0."""
    lists = [0, 1, 1, *[0] * 50, *[1] * 50]
    sure = [(3 + i, 53 + i) for i in range(50)]
    pairs = pairs_of(lists, [(0, 1), (0, 2), (1, 2), *sure], [1e8, 1e8, 1e8, *[1e9] * 50])
    assert pairs.probability.min() > 0.99
    people = pairs.cluster(pairs.probability > 0.5)
    assert people[0] == people[1] == people[2]


def test_improbable_pairs_make_nothing_hang_together():
    """A chain of 20,000 pairs with 2 % each: people scatter nearly as if pairs were drawn one by one."""
    lists = np.tile([0, 1], 10_001)
    left = np.arange(20_000)
    chain = Pairs(lists, left, left + 1, np.ones(left.size))
    vars(chain)["_once"] = np.full(left.size, 0.02)
    drawn = np.array([people[left] == people[left + 1] for people in chain.draw(200, np.random.default_rng(1))])
    assert drawn.sum(axis=1).std() < 1.5 * np.sqrt(20_000 * 0.02 * 0.98)
    assert drawn.mean() == pytest.approx(0.02, rel=0.03)
    assert not (drawn[:, 1:] & drawn[:, :-1]).any(), "rivals"


def test_links_of_one_person_come_together():
    """Record 0 belongs to records 1 and 2, or to 3 and 4, or to neither: never to 1 and 4."""
    lists = [0, 1, 2, 1, 2, *[0] * 50, *[1] * 50, *[2] * 50]
    sure = [(a + i, b + i) for a, b in ((5, 55), (55, 105)) for i in range(50)]
    pairs = pairs_of(lists, [(0, 1), (0, 4), (0, 2), (0, 3), (1, 2), (3, 4), *sure], [1e3] * 4 + [1e12] * 102)
    drawn = np.array([people[:5] for people in pairs.draw(500, np.random.default_rng(1))])
    assert (drawn[:, 1] == drawn[:, 2]).all()
    assert (drawn[:, 3] == drawn[:, 4]).all()
    assert (drawn[:, 1] != drawn[:, 3]).all()
    assert (drawn[:, 0] == drawn[:, 1]).mean() == pytest.approx(pairs.probability[0], abs=0.07)
    assert 0.2 < pairs.probability[0] < 0.5


def test_nobody_to_link_is_no_trouble():
    nothing = Pairs(np.array([0, 1]), np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    assert nothing.probability.size == 0
    assert [len(set(people)) for people in nothing.draw(2, np.random.default_rng(0))] == [2, 2]


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    design = hp.Design(population=6000, probabilities=(0.2, 0.25, 0.3))
    made = hp.make_registers(design, flaws=CLEAN, seed=3)
    return made, hp.link_registers(made.write(tmp_path_factory.mktemp("made"), key=False), replicates=10, seed=1)


def test_clean_registers_are_linked(linked):
    made, found = linked
    missed, false = made.faults(found.records)
    assert missed <= 0.03
    assert false <= 0.03
    assert found.recall == pytest.approx(1 - missed, abs=0.02)
    assert found.precision == pytest.approx(1 - false, abs=0.02)


def test_every_record_has_an_account_after_linkage(linked):
    made, found = linked
    for account, (name, frame) in zip(found.accounts, made.registers.items(), strict=True):
        assert account.list == name
        assert account.records == len(frame) == account.people + sum(account.dropped.values())


def test_replicates_reach_the_interval(linked):
    _, found = linked
    assert len(found.replicates) == 10
    assert len({one.observed for one in found.replicates}) > 1
    estimate = hp.estimate_replicates(found.replicates, "loglinear", interval="profile")
    assert estimate.interval.low <= 6000 <= estimate.interval.high
    assert estimate.fit.between > 0


def test_the_same_seed_links_the_same(linked, tmp_path):
    made, found = linked
    again = hp.link_registers(made.write(tmp_path, key=False), replicates=10, seed=1)
    assert again.table == found.table
    assert [one.digest for one in again.replicates] == [one.digest for one in found.replicates]


def test_no_name_is_let_out(tmp_path, monkeypatch, capfd, caplog):
    """Canary names in every record: in no message, output, or file that is left, and in no error."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    for name in ("temporary", "data", "out"):
        (tmp_path / name).mkdir()
    made = hp.make_registers(hp.Design(population=1500, probabilities=(0.3, 0.3, 0.3)), seed=4)
    for frame in made.registers.values():
        frame["given"] = "Canaria" + frame["given"]
        frame["surname"] = frame["surname"] + "kanarien"
    path = made.write(tmp_path / "data", key=False)
    seen = []
    original = os.unlink

    def keep(file, *args, **kwargs):
        content = Path(file)
        if content.is_file():
            seen.append(content.read_bytes())
        return original(file, *args, **kwargs)

    monkeypatch.setattr(os, "unlink", keep)
    found = hp.link_registers(path, replicates=3, seed=1)
    hp.write_captures(found.table, tmp_path / "out" / "table.csv")
    hp.write_captures(found.table, tmp_path / "out" / "table.parquet")
    estimate = hp.estimate_replicates(found.replicates, "loglinear")
    told = [
        str(found),
        repr(found),
        json.dumps(found.to_dict()),
        str(estimate),
        json.dumps(estimate.to_dict()),
        caplog.text,
    ]
    told += list(capfd.readouterr())
    (tmp_path / "data" / "police.csv").write_text("case,given,surname\n1,Canaria,kanarien\n")
    with pytest.raises(hp.HiddenpopError) as refused:
        hp.link_registers(path)
    told += [str(refused.value), json.dumps(refused.value.to_dict())]
    left = [
        file.read_bytes()
        for folder in ("temporary", "out")
        for file in (tmp_path / folder).rglob("*")
        if file.is_file()
    ]
    for content in [*(text.encode() for text in told), *left, *seen]:
        assert b"canaria" not in content.lower()
        assert b"kanarien" not in content.lower()
    assert not list((tmp_path / "temporary").iterdir())


def test_registers_need_the_same_fields(linked, tmp_path):
    path = linked[0].write(tmp_path, key=False)
    text = path.read_text()
    path.write_text(text.replace(', born = "born"', "", 1))
    with pytest.raises(hp.DataError, match="different fields"):
        hp.link_registers(path)
    path.write_text(text.replace('given = "given", surname = "surname", ', ""))
    with pytest.raises(hp.DataError, match="identity needs given or surname"):
        hp.link_registers(path)
    path.write_text(text)
    with pytest.raises(hp.DataError, match="no person key"):
        hp.read_registers(path)
    with pytest.raises(hp.OptionError, match="out of range"):
        hp.link_registers(path, threshold=1.0)
