import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import gammaln

from hiddenpop.numerics.intervals import normal_quantile
from hiddenpop.numerics.poisson import fit_poisson
from hiddenpop.numerics.problem import pose
from hiddenpop.numerics.profile import profile_interval
from hiddenpop.numerics.terms import close_terms


def brute_force(model, k, counts, total):
    """The profile log-likelihood at one N by direct maximisation over cell probabilities of the full table."""
    terms = [t for t in close_terms(model, k) if t]
    x = np.array([[float(c & t == t) for t in terms] for c in range(1 << k)])
    y = np.array([total - sum(counts.values())] + [counts.get(c, 0) for c in range(1, 1 << k)])

    def negative(beta):
        eta = x @ beta
        top = eta.max()
        return -(y @ eta - y.sum() * (top + np.log(np.exp(eta - top).sum())))

    best = minimize(negative, np.full(len(terms), -1.0), method="BFGS", options={"gtol": 1e-9}).fun
    return gammaln(total + 1) - gammaln(y[0] + 1) - best


@pytest.mark.parametrize("model", [[], [0b011], [0b011, 0b110]])
def test_limits_lie_where_the_brute_force_likelihood_has_fallen(model):
    counts = {1: 40, 2: 55, 4: 63, 3: 21, 5: 17, 6: 18, 7: 12}
    histories = np.array(sorted(counts))
    fit = fit_poisson(pose(close_terms(model, 3), 3, histories, np.array([counts[h] for h in histories])))
    found = profile_interval(fit, 0.95)
    top = brute_force(model, 3, counts, found.population)
    drop = normal_quantile(0.95) ** 2 / 2
    assert brute_force(model, 3, counts, found.low) == pytest.approx(top - drop, abs=1e-5)
    assert brute_force(model, 3, counts, found.high) == pytest.approx(top - drop, abs=1e-5)
    for nearby in (0.98, 1.02):
        assert brute_force(model, 3, counts, found.population * nearby) < top
    assert found.population < sum(counts.values()) + fit.hidden


def test_no_upper_limit_beyond_a_billion_times_the_people_seen():
    counts = {1: 30, 2: 30, 4: 30, 3: 1}  # one shared person: the likelihood falls only like log N
    histories = np.array(sorted(counts))
    fit = fit_poisson(pose(close_terms([], 3), 3, histories, np.array([counts[h] for h in histories])))
    found = profile_interval(fit, 0.95)
    fallen = brute_force([], 3, counts, found.population) - brute_force([], 3, counts, found.high)
    assert fallen == pytest.approx(normal_quantile(0.95) ** 2 / 2, abs=1e-5)
    assert profile_interval(fit, 1 - 1e-10).high is None
