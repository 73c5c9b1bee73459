import numpy as np
import pytest
from numerics import judge
from numerics.test_poisson import problem_of, random_model, random_table

from hiddenpop.arrays import superset_sums
from hiddenpop.numerics import compiled, kernel
from hiddenpop.numerics.existence import check_existence
from hiddenpop.numerics.terms import close_terms


def fit(model, k, counts):
    dense = np.zeros(1 << k)
    for mask, people in counts.items():
        dense[mask] = people
    overlaps = superset_sums(dense)
    terms = np.array(close_terms(model, k), dtype=np.int64)
    kept, removed = terms[overlaps[terms] > 0], terms[overlaps[terms] == 0]
    beta = np.where(np.bitwise_count(kept) == 1, -1.0, 0.0)
    sums = np.empty(1 << k)
    allowed = compiled.allowed_cells(removed, 1 << k)
    _, exists, variance = kernel.fit(kept, overlaps, allowed, dense, beta, sums)
    return exists, dict(zip(kept.tolist(), beta.tolist(), strict=True)), variance, sums


def test_agrees_with_the_design_matrix_and_never_certifies_what_does_not_exist():
    generator = np.random.default_rng(9)
    compared = refused = unknown = 0
    for _ in range(2500):
        k = int(generator.integers(2, 7))
        model, counts = random_model(generator, k), random_table(generator, k)
        exists, beta, variance, sums = fit(model, k, counts)
        if exists != kernel.EXISTS:
            answer = check_existence(problem_of(model, k, counts))
            assert not (answer.exists and answer.identifiable), (model, counts)
            assert exists == kernel.UNKNOWN or not answer.exists, (model, counts)
            refused += exists == kernel.EXISTS_NOT
            unknown += exists == kernel.UNKNOWN
            continue
        wanted, hidden, covariance, _ = judge.fit(close_terms(model, k), k, counts)
        assert np.exp(beta[0]) == pytest.approx(hidden, rel=1e-9)
        assert {t: pytest.approx(b, rel=1e-8, abs=1e-8) for t, b in wanted.items()} == beta
        assert variance == pytest.approx(covariance[0, 0], rel=1e-6)
        assert sums[0] == pytest.approx(sum(counts.values()) + hidden, rel=1e-9)
        compared += 1
    assert compared > 800
    assert refused > 100


@pytest.mark.parametrize("k", [1, 4, 7])
def test_transforms_are_the_plain_sums(k):
    values = np.random.default_rng(k).random(1 << k)
    for transform, inside in (
        (compiled.subset_sums, lambda a, b: a & b == a),
        (compiled.superset_sums, lambda a, b: a & b == b),
    ):
        out = values.copy()
        transform(out)
        for x in range(1 << k):
            assert out[x] == pytest.approx(sum(values[a] for a in range(1 << k) if inside(a, x)))


def test_the_ceiling_holds_from_any_start():
    """However bad the start and however early the stop: the supremum never lies above the ceiling."""
    generator = np.random.default_rng(21)
    stopped = 0
    for _ in range(1500):
        k = int(generator.integers(2, 6))
        model, counts = random_model(generator, k), random_table(generator, k)
        dense = np.zeros(1 << k)
        for mask, people in counts.items():
            dense[mask] = people
        overlaps = superset_sums(dense)
        terms = np.array(close_terms(model, k), dtype=np.int64)
        kept, removed = terms[overlaps[terms] > 0], terms[overlaps[terms] == 0]
        allowed, sums = compiled.allowed_cells(removed, 1 << k), np.empty(1 << k)
        beta = np.where(np.bitwise_count(kept) == 1, -1.0, 0.0)
        supremum, _, _ = kernel.fit(kept, overlaps, allowed, dense, beta, sums)
        start = generator.normal(scale=10.0 ** generator.uniform(-1, 1.6), size=kept.size)
        value, ceiling, _, _ = kernel.climb(kept, overlaps, allowed, dense, start, sums, np.inf, -np.inf, 0.5)
        assert value <= supremum + 1e-6
        assert ceiling >= supremum - 1e-6
        stopped += ceiling - value > 1e-6
    assert stopped > 300
