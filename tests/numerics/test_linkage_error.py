"""Errors of linkage and referral in tables of expected people: closed forms, published limits, an independent judge."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.arrays import popcount
from hiddenpop.captures import build_table
from hiddenpop.design import Design
from hiddenpop.errors import NotEstimableError, OptionError
from hiddenpop.numerics.linkage_error import (
    apply,
    break_links,
    correct_links,
    ding_fienberg,
    draw_broken,
    draw_links,
    even_offsets,
    petersen_linked,
    precision_of,
    round_people,
    undo,
)
from hiddenpop.numerics.populations import lose_links
from hiddenpop.numerics.referral import petersen_referred, refer_people
from hiddenpop.numerics.trimming import first_flat, trim_counts

MANY = 10**9


def expected(*chances, **design):
    """History -> expected people of a large population."""
    cells = Design(population=MANY, probabilities=chances, **design).cells.sum(axis=0)
    return {history: MANY * float(cells[history]) for history in range(1, cells.size)}


def table_of(people):
    size = max(people).bit_length()
    histories = sorted(people)
    return build_table([f"list_{i}" for i in range(size)], histories, [round(people[h]) for h in histories])


def ratio(people, **model):
    return hp.loglinear(table_of(people), **model).population / MANY


def any_table(seed, size):
    generator = np.random.default_rng(seed)
    return {history: float(generator.integers(40, 400)) for history in range(1, 1 << size)}


@pytest.mark.parametrize(
    ("precision", "recall", "printed"),
    [(0.99, 0.95, 1.042), (0.95, 0.85, 1.118), (0.9, 0.8, 1.125), (0.8, 0.99, 0.808)],
)
def test_two_lists_mislead_by_precision_over_recall(precision, recall, printed):
    population, first, second = 10_000.0, 2_000.0, 3_000.0
    links = first * second / population * recall / precision
    assert petersen_linked(first, second, links, 1.0, 1.0) / population == pytest.approx(printed, abs=0.00051)
    assert petersen_linked(first, second, links, precision, recall) == pytest.approx(population, rel=1e-12)


def test_the_form_of_ding_and_fienberg_undoes_its_own_mechanism():
    population, first, second, recall, false_rate = 10_000.0, 2_000.0, 3_000.0, 0.95, 0.01
    both = first * second / population
    links = recall * both + false_rate * (first - both)
    assert ding_fienberg(first, second, links, recall, false_rate) == pytest.approx(population, rel=1e-12)
    assert precision_of(first, links, recall, false_rate) == pytest.approx(recall * both / links)
    assert ding_fienberg(first, second, links, recall, 0.0) != pytest.approx(population, rel=1e-3)


def test_audited_corrections_as_published():
    """Published: naive 1.042, corrected 1.008 (sd .049), Ding and Fienberg 1.004; audits of 300 links, 200 known pairs.

    The population and the lists behind these are not stated. Here N = 2,000 and chances .4 and .3, which give nearly
    that sd; the means agree to .0105, which is three Monte Carlo sd of 200 published runs.
    """
    generator, runs, population = np.random.default_rng(11), 4000, 2000
    both = generator.binomial(population, 0.12, runs)
    first = both + generator.binomial(population - both, 0.28 / 0.88)
    second = both + generator.binomial(population - first, 0.3)
    true = generator.binomial(both, 0.95)
    false_rate = 0.95 * 0.3 * (1 / 0.99 - 1) / 0.7  # of the records without a match, so that .99 of the links are true
    links = true + generator.binomial(first - both, false_rate)
    right, found = generator.binomial(300, 0.99, runs) / 300, generator.binomial(200, 0.95, runs) / 200
    rows = list(zip(first, second, links, right, found, strict=True))
    naive = np.array([petersen_linked(*row[:3], 1.0, 1.0) for row in rows]) / population
    corrected = np.array([petersen_linked(*row) for row in rows]) / population
    by_rates = np.array([ding_fienberg(*row[:3], row[4], false_rate) for row in rows]) / population
    assert naive.mean() == pytest.approx(1.042, abs=0.0105)
    assert corrected.mean() == pytest.approx(1.008, abs=0.0105)
    assert by_rates.mean() == pytest.approx(1.004, abs=0.0105)
    assert corrected.std() == pytest.approx(0.049, rel=0.1)


@pytest.mark.parametrize(
    ("share", "independent", "pairs"),
    [(0.02, 1.02, 1.022), (0.05, 1.055, 1.058), (0.1, 1.115, 1.122), (0.2, 1.26, 1.276)],
)
def test_missed_links_of_three_lists_as_published(share, independent, pairs):
    linked = apply(break_links(share), expected(0.1, 0.1, 0.1))
    digits = 0.0051 if independent in (1.02, 1.26) else 0.00051
    assert ratio(linked) == pytest.approx(independent, abs=digits)
    assert ratio(linked, interactions="all") == pytest.approx(pairs, abs=0.00051)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_broken_links_are_those_of_simulated_records(size):
    """Mean of 400 simulated tables, within four of its Monte Carlo standard deviations; and our own draws of them."""
    people = any_table(1, size)
    counts = np.array([0, *people.values()], dtype=np.int64)
    generator = np.random.default_rng(3)
    wanted = apply(break_links(0.15), people)
    wanted = np.array([wanted.get(history, 0.0) for history in range(counts.size)])
    whole = {history: int(number) for history, number in people.items()}
    judge = np.array([lose_links(generator, counts, 0.15) for _ in range(400)])
    ours = [draw_broken(generator, whole, 0.15) for _ in range(400)]
    ours = np.array([[one.get(history, 0) for history in range(counts.size)] for one in ours])
    for drawn in (judge, ours):
        assert (np.abs(drawn.mean(axis=0) - wanted) <= 4.0 * drawn.std(axis=0) / 20.0 + 1e-9).all()
    assert ours.std(axis=0) == pytest.approx(judge.std(axis=0), rel=0.2)  # four standard deviations of a ratio of sd


@pytest.mark.parametrize("size", [2, 3, 5])
def test_what_a_cause_did_is_undone(size):
    people = any_table(size, size)
    for cause in (break_links(0.2), refer_people({(0, 1): 0.3, (1, 0): 0.1}), break_links(0.0)):
        acted = apply(cause, people)
        found = undo(cause, acted)
        assert {h: found[h] for h in people} == pytest.approx(people, rel=1e-7)
    assert undo(break_links(0.2), people) != pytest.approx(people, rel=1e-2)


def test_lists_keep_their_size():
    people = any_table(7, 4)
    people |= dict.fromkeys((1, 2, 4, 8), 2000.0)
    corrected = correct_links(people, 0.93, 0.85)
    for bit in (1, 2, 4, 8):
        size, was = (sum(n for h, n in table.items() if h & bit) for table in (corrected, people))
        assert size == pytest.approx(was, rel=1e-9)


def test_corrected_links_of_two_lists_are_the_closed_form():
    people = {1: 300.0, 2: 200.0, 3: 100.0}
    corrected = correct_links(people, 0.9, 0.8)
    both = 100.0 * 0.9 / 0.8
    assert corrected == pytest.approx({1: 400.0 - both, 2: 300.0 - both, 3: both})
    assert correct_links(any_table(2, 4), 0.9, 0.9) == pytest.approx(any_table(2, 4), rel=1e-7)


def test_drawn_links_are_right_on_average_and_vary_as_links_do():
    """Two lists: 100 links of 90 expected to be true; 1,000 draws, within four Monte Carlo standard deviations."""
    generator = np.random.default_rng(13)
    drawn = np.array([draw_links(generator, {1: 900, 2: 800, 3: 100}, 0.9, 0.8)[3] for _ in range(1000)])
    assert drawn.mean() == pytest.approx(100 * 0.9 / 0.8, abs=4.0 * drawn.std() / np.sqrt(1000))
    cut, missed = 100 * 0.9 * 0.1 / 0.8**2, 112.5 * 0.8 * 0.2 / 0.8**2
    assert drawn.std() == pytest.approx(np.sqrt(cut + missed), rel=4.0 / np.sqrt(2000))


def test_links_that_the_data_exclude():
    assert correct_links({1: 20.0, 2: 200.0, 3: 100.0}, 1.0, 0.5) is None
    close = correct_links({1: 20.0, 2: 200.0, 3: 100.0}, 1.0, 0.82)  # 22 lost links, 20 people alone: within chance
    assert close is not None
    assert min(close.values()) >= 0.0
    assert 1 not in close


def test_rounding_keeps_totals_and_is_right_on_average():
    generator = np.random.default_rng(5)
    people = {history: float(x) for history, x in zip(range(1, 32), generator.gamma(0.5, 4.0, 31), strict=True)}
    whole = round_people(people)
    for lists in range(1, 6):
        had = sum(n for h, n in people.items() if h.bit_count() == lists)
        assert abs(sum(n for h, n in whole.items() if h.bit_count() == lists) - had) < 1.0
    assert abs(sum(whole.values()) - sum(people.values())) <= 0.5
    offsets = even_offsets(people, 100)
    mean = {h: sum(w * round_people(people, u).get(h, 0) for w, u in offsets) for h in people}
    assert mean == pytest.approx(people, abs=1e-6)
    assert sum(weight for weight, _ in offsets) == pytest.approx(1.0)
    assert len(even_offsets(people, 4)) == 4
    assert round_people({1: 3.0, 2: 5.0}, 0.01) == {1: 3, 2: 5}


@pytest.mark.parametrize(("share", "printed"), [(0.05, 0.721), (0.1, 0.574), (0.2, 0.421), (0.5, 0.264)])
def test_referral_between_two_lists_as_published(share, printed):
    assert petersen_referred(0.1, 0.1, share) == pytest.approx(printed, abs=0.00051)
    referred = apply(refer_people({(0, 1): share}), expected(0.1, 0.1))
    assert ratio(referred) == pytest.approx(petersen_referred(0.1, 0.1, share), rel=1e-6)
    design = Design(population=MANY, probabilities=(0.1, 0.1), referral={"1:2": share})
    assert referred == pytest.approx({h: MANY * design.cells[0][h] for h in (1, 2, 3)}, rel=1e-12)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_an_interaction_absorbs_referral_where_a_third_list_is_independent(share):
    referred = apply(refer_people({(0, 1): share}), expected(0.1, 0.1, 0.1))
    assert ratio(referred, model="[12,3]") == pytest.approx(1.0, abs=0.0005)
    assert ratio(referred) < 0.9


def test_counts_left_after_trimming_and_where_they_are_flat():
    matched = [0] * 50 + [1, 0] * 100
    left = trim_counts(matched, [0, 50, 150])
    assert left.tolist() == [[250, 100], [200, 100], [100, 50]]
    assert first_flat(left, 2.0) == 1
    assert first_flat(trim_counts([1, 0] * 100, [0, 50, 100]), 2.0) == 0


@pytest.mark.parametrize("rates", [(0.0, 0.9), (1.1, 0.9), (0.9, -0.1), (float("nan"), 0.9)])
def test_rates_out_of_range_are_refused(rates):
    with pytest.raises(OptionError, match=r"Write 0\.95") as caught:
        petersen_linked(100, 100, 10, *rates)
    assert caught.value.hint


def test_impossible_links_are_refused():
    with pytest.raises(NotEstimableError, match="No record is linked"):
        petersen_linked(100, 100, 0, 0.9, 0.9)
    with pytest.raises(OptionError, match="false rate"):
        ding_fienberg(100, 100, 10, 0.5, 0.6)
    for links in (4, 99):  # fewer than false links alone; more than all records would give
        with pytest.raises(NotEstimableError, match="Audit the links again"):
            ding_fienberg(100, 100, links, 0.9, 0.05)
    with pytest.raises(OptionError, match="Merge lists"):
        break_links(0.1)((1 << 20) - 1)


def test_histories_are_those_of_the_package():
    assert popcount(np.array(list(break_links(0.5)(0b1101)))).max() == 3
    assert break_links(0.5)(0b101) == pytest.approx({0b101: 0.5, 0b001: 0.5, 0b100: 0.5})
