import pytest

import hiddenpop as hp
from hiddenpop import simulate


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: simulate.independent(900, (0.2, 0.3), seed=seed),
        lambda seed: simulate.dependent(900, (0.2, 0.3, 0.1), {(0, 1): 2.0}, seed=seed),
        lambda seed: simulate.heterogeneous(900, [(0.1, 0.2), (0.5, 0.4)], (0.6, 0.4), seed=seed),
        lambda seed: simulate.referral(900, (0.2, 0.3), 0.5, seed=seed),
        lambda seed: simulate.missed_links(900, (0.2, 0.3), 0.2, seed=seed),
    ],
)
def test_same_seed_same_table(make):
    assert make(4) == make(4)
    assert make(4) != make(5)


def test_dependence_shows_in_the_fit():
    table = simulate.dependent(200_000, (0.2, 0.3, 0.25), {(0, 1): 3.0}, seed=2)
    fit = hp.loglinear(table, model="[12,3]").fit
    assert fit.coefficients["list_1:list_2"] == pytest.approx(1.0986, abs=0.05)


def test_referral_adds_overlap_and_missed_links_remove_it():
    plain = simulate.independent(20_000, (0.2, 0.2), seed=3).members("list_1", "list_2")
    assert simulate.referral(20_000, (0.2, 0.2), 0.5, seed=3).members("list_1", "list_2") > plain
    assert simulate.missed_links(20_000, (0.2, 0.2), 0.5, seed=3).members("list_1", "list_2") < plain


def test_probabilities_must_be_probabilities():
    with pytest.raises(hp.OptionError, match="between 0 and 1"):
        simulate.independent(10, (0.0, 0.5), seed=1)
    with pytest.raises(hp.OptionError, match="between 0 and 1"):
        simulate.dependent(10, (1.2, 0.5), {}, seed=1)
