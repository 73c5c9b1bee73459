import numpy as np
import pytest
from numerics import judge

from hiddenpop.arrays import history_mask
from hiddenpop.errors import OptionError
from hiddenpop.numerics.existence import check_existence
from hiddenpop.numerics.poisson import fit_poisson, fitted_log_means
from hiddenpop.numerics.problem import pose
from hiddenpop.numerics.terms import close_terms


def random_model(generator, k):
    n_pairs = generator.integers(0, k * (k - 1) // 2 + 1)
    sizes = generator.choice([2, 2, 2, 3], size=n_pairs)
    return [sum(1 << int(i) for i in generator.choice(k, size=min(s, k), replace=False)) for s in sizes]


def random_table(generator, k):
    scale = generator.choice([0.6, 3.0, 40.0])
    counts = {m: int(generator.poisson(scale * generator.gamma(0.6))) for m in range(1, 1 << k)}
    for i in range(k):
        counts[1 << i] = counts[1 << i] + 1
    return {m: c for m, c in counts.items() if c}


def problem_of(model, k, counts):
    histories = np.array(sorted(counts), dtype=np.int64)
    people = np.array([counts[h] for h in histories.tolist()], dtype=np.int64)
    return pose(close_terms(model, k), k, histories, people)


def test_agrees_with_the_design_matrix_on_random_tables_and_models():
    generator = np.random.default_rng(5)
    compared = refused = 0
    for _ in range(1500):
        k = int(generator.integers(2, 6))
        model, counts = random_model(generator, k), random_table(generator, k)
        problem = problem_of(model, k, counts)
        fit = fit_poisson(problem)
        if fit is None or not fit.certified:
            answer = check_existence(problem)
            assert not (answer.exists and answer.identifiable), (model, counts)
            refused += 1
            continue
        beta, hidden, covariance, _ = judge.fit(close_terms(model, k), k, counts)
        order = [list(problem.terms).index(t) for t in beta]
        assert fit.hidden == pytest.approx(hidden, rel=1e-9)
        np.testing.assert_allclose(fit.beta[order], list(beta.values()), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(fit.covariance[np.ix_(order, order)], covariance, rtol=1e-6, atol=1e-9)
        compared += 1
    assert compared > 500
    assert refused > 50


def test_a_certificate_is_never_given_where_no_estimate_exists():
    generator = np.random.default_rng(6)
    certified = 0
    for _ in range(400):
        k = int(generator.integers(3, 5))
        problem = problem_of(random_model(generator, k), k, random_table(generator, k))
        fit = fit_poisson(problem)
        if fit is not None and fit.certified:
            answer = check_existence(problem)
            assert answer.exists
            assert answer.identifiable
            certified += 1
    assert certified > 100


def test_thirty_lists_cost_nothing():
    generator = np.random.default_rng(1)
    captured = generator.random((3000, 30)) < 0.08
    captured = captured[captured.any(axis=1)]
    masks, counts = np.unique(captured @ (np.int64(1) << np.arange(30)), return_counts=True)
    fit = fit_poisson(pose(close_terms([0b11, 0b110], 30), 30, masks.astype(np.int64), counts.astype(np.int64)))
    assert fit is not None
    assert fit.certified
    assert pytest.approx(captured.shape[0] + fit.hidden, rel=0.05) == 3000


def test_independent_lists_solve_the_product_equation():
    counts = {1: 40, 2: 25, 4: 30, 3: 9, 5: 8, 6: 7, 7: 2}
    fit = fit_poisson(problem_of([], 3, counts))
    n = sum(counts.values())
    total = n + fit.hidden
    sizes = [sum(c for m, c in counts.items() if m >> i & 1) for i in range(3)]
    assert np.prod([1 - s / total for s in sizes]) == pytest.approx(1 - n / total, rel=1e-12)


def test_cells_with_a_removed_term_have_mean_zero():
    counts = {1: 40, 2: 30, 4: 20, 3: 6, 6: 5}
    problem = problem_of([0b101, 0b110], 3, counts)
    assert problem.removed == (0b101,)
    means = fitted_log_means(fit_poisson(problem), np.array([5, 7, 6]))
    assert means[0] == means[1] == -np.inf
    assert np.isfinite(means[2])


def test_too_many_lists_tied_together_are_refused():
    with pytest.raises(OptionError, match="ties 25 lists together"):
        pose(close_terms([1 | 1 << i for i in range(1, 25)], 25), 25, np.array([2**25 - 1]), np.array([5]))


def test_history_text_round_trip():
    assert history_mask("0110") == 0b0110
