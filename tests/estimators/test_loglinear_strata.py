"""`loglinear-strata`: known populations given back, an EM algorithm as a judge, intervals that hold the truth."""

import numpy as np
import pytest

import hiddenpop as hp
from hiddenpop.captures import build_table
from hiddenpop.numerics.composite import fit_composite, loose_terms
from hiddenpop.numerics.strata_model import StrataModel, pose_strata_model

AB, AC, BC = 3, 5, 6
RUNS = np.array([[1, 1, 1], [1, 1, 0]], dtype=bool)  # C runs in the first stratum only


def people(*strata):
    """(S, 8) expected people by stratum and history, from `(population, chances, log odds ratios by mask)`."""
    rows = []
    history = np.arange(8)
    for population, chances, ratios in strata:
        logits = np.log(np.array(chances) / (1 - np.array(chances)))
        eta = (history[:, None] >> np.arange(3) & 1) @ logits
        eta += sum(value * (history & mask == mask) for mask, value in ratios.items())
        rows.append(population * np.exp(eta) / np.exp(eta).sum())
    return np.array(rows)


def seen(full, runs=RUNS):
    """What the lists that run see of it."""
    found = np.zeros_like(full)
    for s, row in enumerate(runs):
        kept = int(row @ (1 << np.arange(3)))
        np.add.at(found[s], np.arange(8) & kept, full[s])
    found[:, 0] = 0
    return found


def table_of(counts):
    stratum, history = np.nonzero(counts)
    return build_table(
        ("A", "B", "C"), history.tolist(), counts[stratum, history].tolist(), strata=("region",),
        keys=[(("north", "south")[s],) for s in stratum],
    )  # fmt: skip


DEPENDENT = people((60_000, (0.1, 0.15, 0.2), {AB: 0.7}), (40_000, (0.1, 0.15, 0.2), {AB: 0.7}))
UNLIKE = people((60_000, (0.1, 0.15, 0.2), {}), (40_000, (0.3, 0.05, 0.2), {}))
EVERYTHING = people(
    (60_000, (0.1, 0.15, 0.2), {AB: 0.7, AC: 0.3, BC: -0.4}), (40_000, (0.2, 0.1, 0.2), {AB: 0.7, AC: 0.3, BC: -0.4})
)


@pytest.mark.parametrize(
    ("full", "pairs", "varying"),
    [
        (DEPENDENT, (AB,), ()), (UNLIKE, (), (0, 1)), (DEPENDENT, (AB, AC, BC), ()), (UNLIKE, (AB, AC, BC), (0, 1)),
        (EVERYTHING, (AB, AC, BC), (0, 1, 2)),
    ],
)  # fmt: skip
def test_expected_counts_give_the_population_back(full, pairs, varying):
    posed = pose_strata_model(StrataModel(RUNS, pairs, varying), seen(full))
    assert loose_terms(posed.problem, posed.start).size == 0
    fit = fit_composite(posed.problem, posed.counts, posed.start)
    assert posed.counts.sum() + posed.hidden(fit.full).sum() == pytest.approx(100_000, rel=1e-9)
    assert posed.collect(fit.full).sum(axis=1) == pytest.approx([60_000, 40_000], rel=1e-9)


def test_who_ignores_where_lists_run_is_wrong_where_people_differ():
    """Strata pooled as if C ran everywhere, with and without dependence."""
    pooled = build_table(("A", "B", "C"), list(range(1, 8)), np.rint(seen(UNLIKE).sum(axis=0)[1:]).astype(int).tolist())
    for interactions in (None, "all"):
        assert abs(hp.loglinear(pooled, interactions=interactions).population / 100_000 - 1) > 0.1
    found = hp.loglinear_strata(table_of(np.rint(seen(UNLIKE)).astype(int)), interactions="none")
    assert found.population == pytest.approx(100_000, rel=1e-3)


def em(problem, counts, steps=4000):
    """Split every count over its cells in proportion to their means, fit the full table, and again."""
    full = np.full(problem.seen_as.size, counts.sum() / problem.seen_as.size)
    beta = np.zeros(problem.design.shape[1])
    beta[0] = np.log(full[0])
    for _ in range(steps):
        completed = full.copy()
        for o, count in enumerate(counts):
            cells = problem.seen_as == o
            completed[cells] *= count / full[cells].sum()
        for _ in range(3):
            means = np.exp(problem.design @ beta)
            score = problem.design.T @ (completed - means)
            beta = beta + np.linalg.solve(problem.design.T @ (means[:, None] * problem.design), score)
        full = np.exp(problem.design @ beta)
    return full


@pytest.mark.parametrize(("pairs", "varying"), [((AB,), ()), ((), (0, 1)), ((AB, AC, BC), (0, 1))])
def test_em_comes_to_the_same_answer(pairs, varying):
    counts = np.random.default_rng(4).poisson(seen(EVERYTHING) / 20)
    posed = pose_strata_model(StrataModel(RUNS, pairs, varying), counts)
    fit = fit_composite(posed.problem, posed.counts, posed.start)
    judge = em(posed.problem, posed.counts)
    assert posed.hidden(judge).sum() == pytest.approx(posed.hidden(fit.full).sum(), rel=1e-5)


def test_with_all_lists_everywhere_it_is_the_loglinear_model():
    """Strata that differ in size only: their sum is what the model says of all together."""
    counts = np.rint(people((5000, (0.2, 0.3, 0.25), {AB: 0.5}))[0]).astype(int)
    counts[0] = 0
    both = table_of(np.stack([counts, counts * 2]))
    pooled = hp.loglinear(both, interactions="all")
    found = hp.loglinear_strata(both, by_stratum="none")
    assert found.population == pytest.approx(pooled.population, rel=1e-9)
    assert found.fit.se == pytest.approx(pooled.fit.se, rel=1e-6)
    assert [s["population"] for s in found.fit.strata] == pytest.approx(
        [found.population / 3, 2 * found.population / 3]
    )


def test_two_lists_and_a_late_list():
    """Two lists with the same chances everywhere: one table, and Lincoln-Petersen the answer."""
    counts = np.array([[0, 80, 120, 20], [0, 40, 60, 10]])
    stratum, history = np.nonzero(counts)
    table = build_table(
        ("A", "B"), history.tolist(), counts[stratum, history].tolist(), strata=("year",),
        keys=[(("2023", "2024")[s],) for s in stratum],
    )  # fmt: skip
    found = hp.loglinear_strata(table, interactions="none", by_stratum="none")
    assert found.population == pytest.approx(150 * 210 / 30)
    late = table_of(np.array([[0, 80, 120, 20, 100, 15, 20, 5], [0, 90, 110, 25, 0, 0, 0, 0]]))
    with_late = hp.loglinear_strata(late)
    assert with_late.fit.absent == {"south": ("C",)}
    assert "lists-absent" in [check.name for check in with_late.checks]
    assert sum(s["population"] for s in with_late.fit.strata) == pytest.approx(with_late.population)


def test_what_is_absent_can_be_declared():
    counts = np.rint(seen(DEPENDENT) / 50).astype(int)
    table = table_of(counts)
    found = hp.loglinear_strata(table)
    declared = hp.loglinear_strata(table, absent=[("C", "south")])
    assert declared.population == found.population
    assert hp.loglinear_strata(table, absent="none").fit.minus_infinity == ("C in south",)
    other, model = table_of(np.rint(seen(UNLIKE) / 50).astype(int)), {"interactions": "none", "by_stratum": "A,B"}
    right, wrong = (hp.loglinear_strata(other, absent=absent, **model).population for absent in ("empty", "none"))
    assert right == pytest.approx(2000, rel=0.01)
    assert abs(wrong / 2000 - 1) > 0.1
    with pytest.raises(hp.DataError, match=r"people are on C in north"):
        hp.loglinear_strata(table, absent=[("C", "north")])
    with pytest.raises(hp.UnknownNameError, match="'west'"):
        hp.loglinear_strata(table, absent=[("C", "west")])
    with pytest.raises(hp.UnknownNameError, match="'D'"):
        hp.loglinear_strata(table, absent=[("D", "north")])
    with pytest.raises(hp.UnknownNameError, match="'D'"):
        hp.loglinear_strata(table, by_stratum="A,D")


def test_what_the_counts_cannot_tell_is_refused_by_name():
    """One list alone in the south: its share there and the people there cannot both be found."""
    counts = np.array([[0, 80, 120, 20, 100, 15, 20, 5], [0, 90, 0, 0, 0, 0, 0, 0]])
    with pytest.raises(hp.NotEstimableError) as refused:
        hp.loglinear_strata(table_of(counts), interactions="none")
    assert refused.value.details["identifiable"] is False
    assert "A in south" in refused.value.details["terms"]
    found = hp.loglinear_strata(table_of(counts), interactions="none", by_stratum="none")
    assert found.population > found.observed


def test_lists_that_never_run_together():
    north = hp.Design(population=4000, probabilities=(0.2, 0.3, 0.25)).draw(1)
    histories = [*north.histories.tolist(), *(2 * north.histories).tolist()]
    regions = [("north",)] * north.histories.size + [("south",)] * north.histories.size
    table = build_table("ABCD", histories, [*north.counts, *north.counts], strata=("region",), keys=regions)
    found = hp.loglinear_strata(table, by_stratum="none")
    check = next(c for c in found.checks if c.name == "lists-never-together")
    assert not check.passed
    assert "A:D" in check.message
    with pytest.raises(hp.NotEstimableError, match="run together nowhere"):
        hp.loglinear_strata(table, interactions=[("A", "D")])


def test_a_pair_that_nobody_shares_is_at_minus_infinity():
    counts = np.array([[0, 80, 120, 0, 100, 15, 20, 0], [0, 90, 110, 0, 0, 0, 0, 0]])
    found = hp.loglinear_strata(table_of(counts), interactions=[("A", "B")], by_stratum="none")
    assert found.fit.minus_infinity == ("A:B",)


def test_options_out_of_range():
    table = table_of(np.rint(seen(DEPENDENT) / 50).astype(int))
    with pytest.raises(hp.OptionError, match="replicates=10"):
        hp.loglinear_strata(table, replicates=10)


@pytest.mark.slow
@pytest.mark.parametrize("interval", ["log-normal", "bootstrap"])
@pytest.mark.parametrize(
    ("full", "options"),
    [
        (DEPENDENT / 20, {"interactions": [("A", "B")]}), (UNLIKE / 20, {"interactions": "none"}),
        (EVERYTHING / 20, {}),
        (DEPENDENT / 200, {"interactions": [("A", "B")], "by_stratum": "none"}),
    ],
)  # fmt: skip
def test_intervals_hold_the_truth(interval, full, options):
    generator, truth, held = np.random.default_rng(8), round(full.sum()), 0
    for _ in range(100):
        drawn = seen(generator.multinomial(truth, (full / full.sum()).ravel()).reshape(full.shape))
        limits = hp.loglinear_strata(table_of(drawn), interval=interval, replicates=200, seed=1, **options).interval
        held += limits.low <= truth <= limits.high
    assert held >= 88
