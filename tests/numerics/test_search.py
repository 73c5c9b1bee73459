"""Branch and bound against fitting every model, and both against the design-matrix judge."""

from time import monotonic

import numpy as np
import pytest
from numerics import judge
from numerics.test_poisson import random_table

from hiddenpop.errors import ConvergenceError
from hiddenpop.numerics.existence import check_existence
from hiddenpop.numerics.facial import Judge, fit_on_face
from hiddenpop.numerics.models import build_space, count_models, enumerate_models
from hiddenpop.numerics.problem import pose
from hiddenpop.numerics.search import Rule, build_task, descend, enumerate_task, explore_task, neighbours
from hiddenpop.numerics.selection import search_models
from hiddenpop.numerics.stores import Stores


def task_of(k, counts, criterion="bic", order=None, strict=True):
    histories = np.array(sorted(counts), dtype=np.int64)
    people = np.array([counts[h] for h in histories], dtype=np.int64)
    space = build_space(k, order or k - 1)
    return build_task(space, histories, people, criterion, Judge(strict)), histories, people


@pytest.mark.parametrize(("order", "number"), [(1, 1), (2, 1024), (3, 6212), (4, 6893)])
def test_five_lists_have_so_many_models(order, number):
    rows = enumerate_models(5, order)
    space = build_space(5, order)
    assert len(rows) == number == count_models(5, order) == len(np.unique(rows, axis=0))
    inside = np.append(np.ones((1, len(rows)), bool), rows.T != 0, axis=0)
    for term in range(space.terms.size):
        for facet in space.facets[term]:
            assert (inside[facet + 1] | ~inside[term + 1]).all()


@pytest.mark.parametrize(("k", "number"), [(3, 8), (4, 113)])
def test_numbers_of_models_of_fewer_lists(k, number):
    assert count_models(k, k - 1) == number
    assert count_models(6, 5) == 7_785_061
    assert count_models(6, 2) == 32768


@pytest.mark.parametrize("criterion", ["bic", "aic", "aicc"])
def test_branch_and_bound_finds_what_enumeration_finds(criterion):
    generator = np.random.default_rng(3)
    compared = none = 0
    for _ in range(120):
        k = int(generator.integers(2, 6))
        counts = random_table(generator, k)
        task, _, _ = task_of(k, counts, criterion)
        every = enumerate_task(task, enumerate_models(k, k - 1))
        best = explore_task(task)
        assert best.complete
        if not len(every.rows):
            assert not len(best.rows)
            none += 1
            continue
        assert best.criterion[0] == pytest.approx(every.criterion[0], rel=1e-9)
        assert best.hidden[0] == pytest.approx(every.hidden[0], rel=1e-6)
        near = explore_task(task, Rule(20, 500, 6.0))
        wanted = every.criterion[every.criterion < near.limit - 1e-6]
        assert near.criterion[near.criterion < near.limit - 1e-6] == pytest.approx(wanted, rel=1e-8)
        assert near.limit >= best.criterion[0] + 6.0 - 1e-6 or len(near.rows) >= 500
        compared += 1
    assert compared > 60
    assert none > 0


def test_every_verdict_of_an_enumeration_is_that_of_the_linear_programme():
    generator = np.random.default_rng(5)
    refused = 0
    for _ in range(12):
        counts = random_table(generator, 4)
        task, histories, people = task_of(4, counts)
        rows = enumerate_models(4, 3)
        ours = {row.tobytes() for row in enumerate_task(task, rows).rows}
        for row in rows:
            answer = check_existence(pose(task.space.terms[row != 0].tolist(), 4, histories, people))
            assert (row.tobytes() in ours) == (answer.exists and answer.identifiable)
            refused += not (answer.exists and answer.identifiable)
    assert refused > 100


def test_terms_are_barred_only_where_the_linear_programme_refuses_every_model_with_them():
    generator = np.random.default_rng(8)
    barred = 0
    for _ in range(40):
        task, histories, people = task_of(4, random_table(generator, 4))
        for term in np.flatnonzero(task.possible == 0).tolist():
            below = (task.space.terms & task.space.terms[term]) == task.space.terms
            smallest = below | (np.arange(task.space.terms.size) < task.space.first)
            answer = check_existence(pose(task.space.terms[smallest].tolist(), 4, histories, people))
            assert not answer.exists
            barred += term >= task.space.first
    assert barred > 20


def test_a_list_inside_another_bars_their_dependence():
    task, _, _ = task_of(3, {0b001: 5, 0b011: 4, 0b100: 6, 0b101: 2})
    names = dict(zip(task.space.terms.tolist(), task.possible.tolist(), strict=True))
    assert names == {0: 1, 0b001: 1, 0b010: 1, 0b100: 1, 0b011: 0, 0b101: 0, 0b110: 1}


def test_six_lists_are_certified_by_the_bound_and_not_by_luck(uk):
    """Against every model of the best model's neighbourhood of radius three, and with the lists turned round."""
    done = search_models(uk.histories, uk.counts, uk.lists, 5, "bic", "exact", strict=True, until=monotonic() + 60)
    task = done.task
    ring = {done.found.rows[0].tobytes(): done.found.rows[0]}
    for _ in range(3):
        ring |= {n.tobytes(): n for row in list(ring.values()) for n in neighbours(task.space, row)}
    around = enumerate_task(task, np.array(list(ring.values())))
    assert len(ring) > 600
    assert around.criterion[0] == pytest.approx(done.found.criterion[0], rel=1e-10)
    turned = uk.reorder(*reversed(uk.lists))
    other = search_models(
        turned.histories, turned.counts, turned.lists, 5, "bic", "exact", strict=True, until=monotonic() + 60
    )
    assert other.found.criterion[:50] == pytest.approx(done.found.criterion[:50], rel=1e-9)
    assert other.found.hidden[0] == pytest.approx(done.found.hidden[0], rel=1e-8)


def test_a_downhill_search_ends_where_no_neighbour_is_better(uk):
    task, _, _ = task_of(6, dict(zip(uk.histories.tolist(), uk.counts.tolist(), strict=True)))
    end = descend(task, task.space.independence)
    around = enumerate_task(task, neighbours(task.space, end.rows[0]))
    assert around.criterion[0] > end.criterion[0]


def test_a_search_that_cannot_end_says_how_far_it_came(uk):
    with pytest.raises(ConvergenceError, match="budget ended") as caught:
        search_models(uk.histories, uk.counts, uk.lists, 5, "bic", "exact", strict=True, until=monotonic() - 1)
    assert set(caught.value.details) == {"best", "bound"}


def test_the_fit_on_the_facial_set_is_the_limit_of_ordinary_fits():
    """Adding ever fewer people to the empty cells of the face's complement leads to the same number."""
    generator = np.random.default_rng(8)
    found = 0
    for _ in range(60):
        counts = random_table(generator, 4)
        task, histories, people = task_of(4, counts)
        for row in enumerate_models(4, 3)[::3]:
            terms = task.space.terms[row != 0].tolist()
            problem = pose(terms, 4, histories, people)
            answer = check_existence(problem)
            if answer.exists:
                continue
            face = fit_on_face(problem, answer)
            if face is None:
                continue
            cells = [c for c in judge.cells(4) if not any(c & t == t for t in problem.removed)]
            smoothed = {c: counts.get(c, 0) + 1e-7 for c in cells}
            kept = [t for t in terms if t not in problem.removed]
            x = np.array([[float(c & t == t) for t in kept] for c in cells])
            if np.linalg.matrix_rank(x) < len(kept):
                continue
            beta = _newton(x, np.array([smoothed[c] for c in cells]))
            assert face.hidden == pytest.approx(np.exp(beta[0]), rel=1e-3)
            found += 1
        if found > 20:
            return
    assert found > 5


def _newton(x, y):
    beta = np.linalg.lstsq(x, np.log(y), rcond=None)[0]
    for _ in range(200):
        mu = np.exp(x @ beta)
        step = np.linalg.lstsq((x.T * mu) @ x, x.T @ (y - mu), rcond=1e-15)[0]
        beta = beta + step * min(1.0, 1.0 / max(1e-9, np.abs(x @ step).max()))
    return beta


@pytest.mark.parametrize("size", [10, 300, 2000])
def test_more_room_is_made_for_whatever_a_node_can_find(size):
    places = 512 + size
    found = np.zeros((places, size), np.int8), np.zeros((places, 3)), np.zeros(places, np.int8)
    store = Stores((), found, np.array([0, places // 2 - 10, 0, 0, 0]), np.array([np.inf, np.inf]))
    kept = int(store.whole[1])
    store.enlarge_found()
    assert store.whole[1] == kept
    assert kept + size <= len(store.found[0])
