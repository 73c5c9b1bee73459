"""Declared populations: margins and odds ratios as declared, published large-sample biases, records that go astray."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.arrays import popcount
from hiddenpop.design import Design, Group, list_sizes
from hiddenpop.errors import OptionError
from hiddenpop.numerics.populations import add_erroneous, add_false_links, lose_links

LAST_DIGIT = 0.007  # printed to two digits, some rounded up and some down: -0.2647 stands as -0.27, -0.1529 as -0.15


def lincoln_petersen(design):
    """Its limit over the population, from the chances of the histories of the first two lists."""
    cells = design.cells.sum(axis=0)
    histories = np.arange(cells.size)
    first, second = (histories & 1) == 1, (histories & 2) == 2
    return cells[first].sum() * cells[second].sum() / cells[first & second].sum()


def no_highest_order(design):
    """Limit of the estimate without interaction of all lists, over the population."""
    cells = design.cells.sum(axis=0)
    odd = popcount(np.arange(cells.size)) % 2 == 1
    odd_product, even_product = np.log(cells[odd]).sum(), np.log(cells[1:][~odd[1:]]).sum()
    return 1.0 - cells[0] + np.exp(odd_product - even_product)


def test_list_sizes_and_odds_ratios_are_as_declared():
    declared = {"1:2": 2.0, "pairs": 1.5, "2:3:4": 0.5}
    design = Design(population=1000, probabilities=(0.1, 0.2, 0.3, 0.05), odds_ratios=declared)
    cells = design.cells[0]
    assert cells.sum() == pytest.approx(1.0)
    assert list_sizes(design) == pytest.approx([100, 200, 300, 50])
    assert cells[0b0011] * cells[0] / (cells[0b0001] * cells[0b0010]) == pytest.approx(3.0)
    assert cells[0b1001] * cells[0] / (cells[0b0001] * cells[0b1000]) == pytest.approx(1.5)
    with_third = cells[0b1110] * cells[0b1000] / (cells[0b1010] * cells[0b1100])
    assert with_third / 1.5 == pytest.approx(0.5)


def test_a_group_has_odds_ratios_of_its_own():
    groups = [Group(0.5, (0.1, 0.2, 0.3), "a"), Group(0.5, (0.1, 0.2, 0.3), "b", {"1:2": 5.0})]
    design = Design(population=1000, classes=groups, odds_ratios={"1:2": 2.0, "1:3": 3.0})
    first, second = design.cells
    for cells, odds_ratio in ((first, 2.0), (second, 5.0)):
        assert cells[0b011] * cells[0] / (cells[0b001] * cells[0b010]) == pytest.approx(odds_ratio)
        assert cells[0b101] * cells[0] / (cells[0b001] * cells[0b100]) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("chances", "odds_ratio", "limit"),
    [((0.05, 0.05), 0.25, 3.70), ((0.1, 0.1), 2.0, 0.59), ((0.2, 0.2), 10.0, 0.36), ((0.3, 0.3), 1.5, 0.83),
     ((0.5, 0.5), 4.0, 0.75), ((0.8, 0.8), 2.0, 0.97), ((0.1, 0.5), 0.25, 2.27), ((0.1, 0.5), 4.0, 0.64)],
)  # fmt: skip
def test_two_dependent_lists_mislead_as_published(chances, odds_ratio, limit):
    design = Design(population=1000, probabilities=chances, odds_ratios={"1:2": odds_ratio})
    assert lincoln_petersen(design) == pytest.approx(limit, abs=0.0051)


@pytest.mark.parametrize(
    ("mean", "precision", "lists", "bias"),
    [(0.1, 5, 2, -0.60), (0.1, 5, 3, -0.33), (0.1, 10, 4, -0.11), (0.1, 20, 3, -0.08), (0.2, 10, 3, -0.06),
     (0.2, 5, 5, -0.05), (0.3, 10, 2, -0.18)],
)  # fmt: skip
def test_beta_heterogeneity_biases_as_published(mean, precision, lists, bias):
    design = Design(population=1000, probabilities=(mean,) * lists, precision=precision)
    assert list_sizes(design) == pytest.approx([1000 * mean] * lists, rel=2e-3)
    assert no_highest_order(design) - 1.0 == pytest.approx(bias, abs=LAST_DIGIT)


@pytest.mark.parametrize(
    ("shares", "chances", "biases"),
    [((0.5, 0.5), (0.05, 0.2), (-0.27, -0.17, -0.08, 0.0)), ((0.8, 0.2), (0.02, 0.3), (-0.69, -0.60, -0.43, -0.03)),
     ((0.5, 0.5), (0.1, 0.4), (-0.27, -0.15, -0.02, 0.14))],
)  # fmt: skip
def test_two_classes_bias_as_published(shares, chances, biases):
    for lists, bias in zip((2, 3, 4, 5), biases, strict=True):
        groups = [Group(share, (p,) * lists) for share, p in zip(shares, chances, strict=True)]
        found = no_highest_order(Design(population=1000, classes=groups)) - 1.0
        assert found == pytest.approx(bias, abs=LAST_DIGIT)


@pytest.mark.parametrize(("share", "limit"), [(0.05, 0.721), (0.1, 0.574), (0.2, 0.421), (0.5, 0.264)])
def test_referral_misleads_two_lists_as_published_and_a_third_absorbs_it(share, limit):
    design = Design(population=1000, probabilities=(0.1, 0.1, 0.1), referral={"1:2": share})
    assert lincoln_petersen(design) == pytest.approx(limit, abs=6e-4)
    cells = design.cells[0]
    histories = np.arange(8)
    joint = np.bincount(histories & 3, weights=cells * (histories >> 2 & 1 == 1)) / cells[histories >> 2 & 1 == 1].sum()
    assert joint == pytest.approx(np.bincount(histories & 3, weights=cells), rel=1e-12)


def test_people_there_for_a_part_of_the_period_are_on_fewer_lists():
    stays = Design(population=1000, probabilities=(0.2, 0.2))
    leaves = Design(population=1000, probabilities=(0.2, 0.2), turnover=0.5)
    ratio = list_sizes(leaves) / list_sizes(stays)
    exact = (0.5 * 0.2 + 0.5 * (1.0 + 0.2 / np.log(0.8))) / 0.2
    assert ratio == pytest.approx([exact, exact], abs=1e-3)
    assert lincoln_petersen(leaves) < 0.97


def test_groups_with_labels_become_strata_and_others_do_not():
    groups = [Group(0.7, (0.2, 0.3, 0.1), "women"), Group(0.3, (0.1, 0.0, 0.2), "men")]
    table = Design(population=20_000, classes=groups).draw(1)
    assert table.strata == ("group",)
    assert {label for (label,) in table.labels} == {"women", "men"}
    men = table.histories[table.stratum == table.labels.index(("men",))]
    assert not (men & 0b010).any()
    hidden = [Group(g.share, g.probabilities) for g in groups]
    assert Design(population=20_000, classes=hidden).draw(1).strata == ()


def test_draws_agree_with_what_is_expected():
    design = Design(population=100_000, probabilities=(0.1, 0.2, 0.3), odds_ratios={"pairs": 2.0})
    table, expected = design.draw(3), design.expected()
    assert table.observed == pytest.approx(design.listed, rel=0.02)
    assert table.counts == pytest.approx(expected.counts, rel=0.1)  # 3.8 standard deviations of the rarest history
    assert (design.draw(3).counts == table.counts).all()
    assert not np.array_equal(design.draw(4).counts, table.counts)


@pytest.mark.parametrize(
    "more",
    [{}, {"odds_ratios": {"1:2": 2.0}}, {"referral": {"1:2": 0.5}}, {"missed_links": 0.2}, {"false_links": 0.1},
     {"erroneous": (0.1, 0.1, 0.1)}, {"precision": 5.0}, {"turnover": 0.3}, {"probabilities": (0.1,) * 30}],
)  # fmt: skip
def test_same_seed_same_table(more):
    design = Design(**{"population": 900, "probabilities": (0.2, 0.3, 0.1), **more})
    assert design.draw(4) == design.draw(4)
    assert design.draw(4) != design.draw(5)


def test_dependence_shows_in_the_fit():
    design = Design(population=200_000, probabilities=(0.2, 0.3, 0.25), odds_ratios={"1:2": 3.0})
    fit = hp.loglinear(design.draw(2), model="[12,3]").fit
    assert fit.coefficients["list_1:list_2"] == pytest.approx(1.0986, abs=0.05)


def test_referral_adds_overlap_and_missed_links_remove_it():
    plain, referred, unlinked = (
        Design(population=20_000, probabilities=(0.2, 0.2), **more).draw(3).members("list_1", "list_2")
        for more in ({}, {"referral": {"1:2": 0.5}}, {"missed_links": 0.5})
    )
    assert unlinked < plain < referred


def test_many_lists_are_drawn_person_by_person():
    groups = [Group(0.75, (0.05,) * 15 + (0.3,), "few"), Group(0.25, (0.02,) * 15 + (0.0,), "fewer")]
    design = Design(population=40_000, classes=groups, precision=3.0)
    table = design.draw(1)
    assert table.observed == pytest.approx(design.listed, rel=0.02)
    assert table.members("list_16") == pytest.approx(9000, abs=4 * np.sqrt(9000 * 0.7))
    assert table.members("list_1") == pytest.approx(1500 + 200, abs=4 * np.sqrt(1700))
    assert not (table.histories[table.stratum == table.labels.index(("fewer",))] >> 15 & 1).any()
    dense, wide = (Design(population=40_000, probabilities=(0.1,) * k, precision=3.0) for k in (12, 13))
    assert dense.draw(2).observed == pytest.approx(dense.listed, rel=0.02)
    assert wide.draw(2).observed == pytest.approx(wide.listed, rel=0.02)
    assert 0.0 < wide.listed - dense.listed < 0.02 * 40_000  # ranks are shared: the thirteenth list adds few people
    with pytest.raises(OptionError, match="too many to compute"):
        design.expected()


def test_lost_links_split_people_and_keep_records():
    counts = np.array([0, 100, 100, 1000, 0, 0, 0, 1000])
    lost = lose_links(np.random.default_rng(1), counts, 0.2)
    records = np.array([0, 1, 1, 2, 1, 2, 2, 3])
    assert lost @ records == counts @ records
    assert lost.sum() - counts.sum() == pytest.approx(0.2 * 3000, rel=0.15)  # 4.1 standard deviations
    assert lost[0b111] == pytest.approx(640, abs=60)
    assert (lose_links(np.random.default_rng(1), counts, 0.0) == counts).all()


def test_false_links_join_people_and_keep_records():
    counts = np.array([0, 1000, 1000, 10])
    linked = add_false_links(np.random.default_rng(1), counts, 0.1)
    assert linked @ np.array([0, 1, 1, 2]) == counts @ np.array([0, 1, 1, 2])
    assert linked[3] - counts[3] == pytest.approx(100, abs=35)


def test_erroneous_records_are_on_one_list():
    counts = np.array([0, 500, 300, 500])
    added = add_erroneous(np.random.default_rng(1), counts, np.array([0.2, 0.0]))
    assert added[1] - 500 == pytest.approx(200, abs=60)
    assert (added[2:] == counts[2:]).all()


def test_errors_of_linkage_reach_the_table():
    plain = Design(population=20_000, probabilities=(0.2, 0.2, 0.2))
    missed = Design(population=20_000, probabilities=(0.2, 0.2, 0.2), missed_links=0.3)
    joined = Design(population=20_000, probabilities=(0.2, 0.2, 0.2), false_links=0.1)
    wrong = Design(population=20_000, probabilities=(0.2, 0.2, 0.2), erroneous=(0.2, 0.2, 0.2))
    n = plain.draw(1)
    assert missed.draw(1).repeated < 0.85 * n.repeated
    assert joined.draw(1).repeated > 1.05 * n.repeated
    assert wrong.draw(1).observed > 1.05 * n.observed


@pytest.mark.parametrize(
    "wrong",
    [{"population": 0}, {"probabilities": ()}, {"probabilities": (0.1, 1.0)}, {"probabilities": (0.1,)},
     {"odds_ratios": {"1:9": 2.0}}, {"odds_ratios": {"1": 2.0}}, {"odds_ratios": {"a:b": 2.0}},
     {"odds_ratios": {"1:2": 0.0}}, {"referral": {"1:2": 1.0}}, {"missed_links": -0.1}, {"erroneous": (0.1,)},
     {"classes": [Group(0.5, (0.1, 0.1))]}, {"precision": -1.0}, {"probabilities": (0.1,) * 63},
     {"probabilities": (0.1,) * 20, "missed_links": 0.1},
     {"probabilities": (0.1,) * 20, "odds_ratios": {"pairs": 2.0}}],
)  # fmt: skip
def test_what_is_no_population_is_refused(wrong):
    with pytest.raises(OptionError):
        _ = Design(**{"population": 100, "probabilities": (0.1, 0.2, 0.3), **wrong}).cells


def test_a_design_is_read_from_plain_values():
    values = {"population": 100, "classes": [{"share": 1.0, "probabilities": [0.1, 0.2], "label": "all"}]}
    assert Design.from_dict(values).groups == (Group(1.0, (0.1, 0.2), "all"),)
    with pytest.raises(OptionError, match="probabilitys"):
        Design.from_dict({"population": 100, "probabilitys": [0.1]})
    with pytest.raises(OptionError, match="'name'"):
        Design.from_dict({"population": 100, "classes": [{"share": 1.0, "probabilities": [0.1, 0.2], "name": "all"}]})
    for wrong in (
        {"probabilities": [0.1, 0.2]},
        {"population": "many", "probabilities": [0.1, 0.2]},
        {"population": 10, "probabilities": 0.1},
        {"population": 10, "classes": [{"share": 1.0}]},
        {"population": 10, "classes": 3},
    ):
        with pytest.raises(OptionError, match="no design"):
            Design.from_dict(wrong)
