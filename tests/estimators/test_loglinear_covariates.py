"""`loglinear-covariates`: the published closed form, EM as a judge, passive covariates, intervals that hold."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

import hiddenpop as hp
from hiddenpop.numerics.composite import fit_composite, hidden_variance
from hiddenpop.numerics.covariate_model import KnownInPart, default_terms, pose_covariates
from hiddenpop.numerics.terms import close_terms

A, B, X, Y = 1, 2, 4, 8
STANDARD, ALTERNATIVE = close_terms([A | Y, B | X, X | Y], 4), close_terms([A | X, B | Y, X | Y], 4)
SHARES = np.array([[0.24, 0.16], [0.24, 0.36]])  # of the population by X and Y
CHANCE_A, CHANCE_B = (0.15, 0.1), (0.1, 0.25)


def full_table(size, kind):
    """(4, 2, 2) expected people by history, X and Y; lists depend on the other's covariate or on their own."""
    full = np.empty((4, 2, 2))
    for x, y in product((0, 1), repeat=2):
        a, b = (CHANCE_A[y], CHANCE_B[x]) if kind == "standard" else (CHANCE_A[x], CHANCE_B[y])
        full[:, x, y] = size * SHARES[x, y] * np.array([(1 - a) * (1 - b), a * (1 - b), (1 - a) * b, a * b])
    return full


def seen(full):
    """What list A (X only) and list B (Y only) record of it."""
    cells = [(1, (x, -1), full[1, x].sum()) for x in (0, 1)]
    cells += [(2, (-1, y), full[2, :, y].sum()) for y in (0, 1)]
    cells += [(3, (x, y), full[3, x, y]) for x, y in product((0, 1), repeat=2)]
    histories, values, counts = zip(*cells, strict=True)
    return KnownInPart(np.array(histories), np.array(values), np.array(counts), (2, 2), 2)


def fitted(people, terms):
    posed = pose_covariates(people, terms)
    return posed, fit_composite(posed.problem, posed.counts, posed.start)


@pytest.mark.parametrize(("kind", "terms"), [("standard", STANDARD), ("alternative", ALTERNATIVE)])
def test_each_model_gives_the_population_back_under_its_own_truth(kind, terms):
    _, fit = fitted(seen(full_table(1e5, kind)), terms)
    assert fit.full.sum() == pytest.approx(1e5, rel=1e-9)


def test_the_standard_model_is_the_published_closed_form():
    """Under the other's truth it gives the printed 101,657."""
    full = full_table(1e5, "alternative")
    both, on_a, on_b = full[3], full[1] + full[3], full[2] + full[3]
    b, a = both.sum(axis=1) / on_a.sum(axis=1), both.sum(axis=0) / on_b.sum(axis=0)
    closed = (both / np.outer(b, a)).sum()
    assert int(closed) == 101_657
    assert fitted(seen(full), STANDARD)[1].full.sum() == pytest.approx(closed, rel=1e-9)
    lincoln_petersen = on_a.sum() * on_b.sum() / both.sum()
    assert abs(lincoln_petersen / 1e5 - 1.0) > 0.015


def test_the_default_lets_lists_depend_on_what_others_record():
    assert set(close_terms(default_terms(seen(full_table(1e5, "standard"))), 4)) == set(STANDARD)


def em(posed, steps):
    """Split every count over its cells in proportion to their means, fit the full table by scaling, and again."""
    problem = posed.problem
    beta = posed.start.copy()
    for _ in range(steps):
        full, sums = problem.means(beta)
        share = np.r_[posed.counts / sums, 1.0]  # the last place, -1, is what nobody sees
        whole = full * share[problem.seen_as]
        for _ in range(3):
            now = np.exp(problem.design @ beta + problem.offset)
            beta = beta + np.linalg.solve(
                problem.design.T @ (problem.design * now[:, None]), problem.design.T @ (whole - now)
            )
    return np.exp(problem.design @ beta + problem.offset)


def test_em_has_the_same_answer():
    full = full_table(4000, "standard")
    people = seen(np.random.default_rng(4).poisson(full).astype(float))
    posed, fit = fitted(people, STANDARD)
    assert em(posed, 4000).sum() == pytest.approx(fit.full.sum(), rel=1e-6)


def records(seed, size, *, gaps=0.0, kind="standard"):
    """People of a population on two lists; A records sex, B country, and each forgets it for a share of its people."""
    rng = np.random.default_rng(seed)
    cells = full_table(1.0, kind)
    drawn = np.array(list(np.ndindex(cells.shape)))[rng.choice(cells.size, size, p=cells.ravel() / cells.sum())]
    on = drawn[:, :1] >> np.arange(2) & 1
    kept = rng.random((size, 2)) >= gaps
    frame = pd.DataFrame(on, columns=["a", "b"])
    frame["sex"] = np.where(on[:, 0] & kept[:, 0], np.array(["f", "m"])[drawn[:, 1]], None)
    frame["country"] = np.where(on[:, 1] & kept[:, 1], np.array(["home", "abroad"])[drawn[:, 2]], None)
    return hp.read_captures(frame[on.any(axis=1)], lists=["a", "b"], strata=["sex", "country"])


@pytest.mark.parametrize("gaps", [0.0, 0.3])
def test_intervals_hold_the_truth(gaps):
    found = [hp.loglinear_covariates(records(seed, 20_000, gaps=gaps)) for seed in range(60)]
    assert np.median([f.population for f in found]) == pytest.approx(20_000, rel=0.03)
    assert sum(f.interval.low <= 20_000 <= f.interval.high for f in found) >= 52  # 57 expected, sd 1.7


def test_the_naive_analysis_fails_where_lists_and_covariates_are_tied():
    """People whose covariates are both known are those on both lists: to keep only them leaves nothing to estimate."""
    tables = [records(seed, 200_000) for seed in range(4)]
    naive = np.mean([hp.lincoln_petersen(table).population for table in tables])
    ours = np.mean([hp.loglinear_covariates(table).population for table in tables])
    assert abs(ours / 200_000 - 1.0) < 0.01 < abs(naive / 200_000 - 1.0)


def with_covariate(counts, name, values, seed):
    rng = np.random.default_rng(seed)
    rows = [(*map(int, history), n) for history, n in counts.items()]
    parts = []
    for *on, n in rows:
        split = rng.multinomial(n, np.full(len(values), 1.0 / len(values)))
        parts += [(*on, value, int(part)) for value, part in zip(values, split, strict=True) if part]
    lists = [f"list_{i + 1}" for i in range(len(rows[0]) - 1)]
    frame = pd.DataFrame(parts, columns=[*lists, name, "n"])
    return hp.read_captures(frame, lists=lists, count="n", strata=[name])


def test_a_passive_covariate_changes_nothing():
    """A covariate that no two lists share a path over: the published test of invariance, to 1e-8."""
    counts = {"100": 400, "010": 350, "001": 300, "110": 90, "101": 80, "011": 70, "111": 30}
    table = with_covariate(counts, "colour", ["red", "blue", "green"], 3)
    model = "[list_1:list_2,list_1:list_3,list_2:list_3,list_1:colour]"
    plain = hp.loglinear(table, interactions="all")
    found = hp.loglinear_covariates(table, model=model)
    assert found.population == pytest.approx(plain.population, rel=1e-8)


def test_covariates_known_of_all_are_a_model_of_strata():
    table = hp.load("bangladesh_pwid")
    parts = [hp.lincoln_petersen(part) for part in table.split("district").values()]
    found = hp.loglinear_covariates(table)
    assert found.population == pytest.approx(sum(part.population for part in parts), rel=1e-9)
    assert [s["population"] for s in found.fit.strata] == pytest.approx([p.population for p in parts], rel=1e-8)
    variance = sum(part.fit.se**2 for part in parts)
    assert found.fit.se**2 == pytest.approx(variance, rel=0.02)


def test_variance_without_covariates_known_is_that_of_two_lists():
    people = seen(full_table(50_000, "standard"))
    posed, fit = fitted(people, close_terms([X, Y], 4))
    n1 = people.counts[(people.histories & 1) > 0].sum()
    n2 = people.counts[(people.histories & 2) > 0].sum()
    m = people.counts[people.histories == 3].sum()
    assert fit.full.sum() == pytest.approx(n1 * n2 / m, rel=1e-9)
    assert hidden_variance(posed.problem, fit) == pytest.approx(n1 * n2 * (n1 - m) * (n2 - m) / m**3, rel=1e-6)


def test_terms_that_cannot_be_told_apart_are_named():
    table = records(1, 20_000)
    with pytest.raises(hp.NotEstimableError, match="cannot tell these terms apart") as caught:
        hp.loglinear_covariates(table, model="[a:sex,a:country,b:sex,b:country,sex:country]")
    assert "a:sex=m" in caught.value.details["terms"]


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"model": "[a:sx]"}, hp.UnknownNameError, "'sex'"),
        ({"missing": "f,m,(missing)"}, hp.DataError, "not recorded for anybody"),
    ],
)
def test_faults(change, error, says):
    with pytest.raises(error, match=says):
        hp.loglinear_covariates(records(1, 20_000), **change)
