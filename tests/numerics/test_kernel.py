import numpy as np
import pytest
from numerics import judge
from numerics.test_poisson import problem_of, random_model, random_table

from hiddenpop.arrays import superset_sums
from hiddenpop.numerics import kernel
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
    certified, _, variance = kernel.fit(kept, overlaps, kernel.allowed_cells(removed, 1 << k), beta, sums)
    return certified, dict(zip(kept.tolist(), beta.tolist(), strict=True)), variance, sums


def test_agrees_with_the_design_matrix_and_never_certifies_what_does_not_exist():
    generator = np.random.default_rng(9)
    compared = refused = 0
    for _ in range(2500):
        k = int(generator.integers(2, 7))
        model, counts = random_model(generator, k), random_table(generator, k)
        certified, beta, variance, sums = fit(model, k, counts)
        if not certified:
            answer = check_existence(problem_of(model, k, counts))
            assert not (answer.exists and answer.identifiable), (model, counts)
            refused += 1
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
        (kernel.subset_sums, lambda a, b: a & b == a),
        (kernel.superset_sums, lambda a, b: a & b == b),
    ):
        out = values.copy()
        transform(out)
        for x in range(1 << k):
            assert out[x] == pytest.approx(sum(values[a] for a in range(1 << k) if inside(a, x)))
