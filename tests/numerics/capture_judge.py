"""Plain judges of the capture models: every history on its own, nothing grouped, nothing clever."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, gammaln

import hiddenpop as hp


def complete(table):
    """`(histories (2^K, K), people)`, the empty history first and without people."""
    k = table.n_lists
    people = np.zeros(1 << k)
    people[table.histories] = table.counts
    return np.arange(1 << k)[:, None] >> np.arange(k) & 1, people


def design(model, x):
    base, _, mixing = model.partition(" ")
    size, k = x.sum(axis=1), x.shape[1]
    before = np.where(size > 0, x.argmax(axis=1), k)
    named = {"M0": [size], "Mh": [size], "Mt": list(x.T), "Mth": list(x.T), "Mb": [before, size - 1]}
    named["Mbh"] = [*named["Mb"], before > 0]
    more = {"": [], "Poisson2": [2.0**size - 1], "Darroch": [size**2 / 2], "Gamma3.5": [-np.log1p(size / 3.5)]}
    return np.column_stack([np.ones(len(x)), *named[base], *more[mixing]]).astype(float)


def newton(a, y):
    """Poisson regression by plain Newton with halving: coefficients and covariance."""
    beta = np.linalg.lstsq(a, np.log(y + 0.1), rcond=None)[0]

    def loglik(b):
        return y @ (a @ b) - np.exp(np.minimum(a @ b, 500)).sum()

    for _ in range(200):
        mu = np.exp(a @ beta)
        step = np.linalg.solve(a.T @ (mu[:, None] * a), a.T @ (y - mu))
        while loglik(beta + step) < loglik(beta) - 1e-10 and np.abs(step).max() > 1e-13:
            step = step / 2
        beta = beta + step
    return beta, np.linalg.inv(a.T @ (np.exp(a @ beta)[:, None] * a))


def chances(model, x, theta):
    """Probability of every history, one occasion after another, from logits of the chances."""
    caught = np.zeros(len(x), dtype=bool)
    out = np.ones(len(x))
    for i in range(x.shape[1]):
        logit = {"Mb": theta[0], "Mbh": theta[2 if model == "Mbh" and i == 0 else 0], "Mtb": theta[i % len(theta)]}[
            model
        ]
        p = expit(np.where(caught, logit + theta[-1] if model == "Mtb" else theta[1], logit))
        out *= np.where(x[:, i] == 1, p, 1 - p)
        caught |= x[:, i] == 1
    return out


def normal_chances(x, b, s, nodes=20):
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    p = expit(b[:, None] + s * z)
    each = np.where(x[:, :, None] == 1, p, 1 - p).prod(axis=1)
    return each @ (w / w.sum())


def conditional(probabilities, people):
    """Minus the log-likelihood of the people seen, given that they were seen."""
    return -(people[1:] @ np.log(probabilities[1:])) + people.sum() * np.log1p(-probabilities[0])


def judge(model, table):
    """Direct maximisation over the chances of capture; `(population, parameters, minus log-likelihood)`."""
    x, y = complete(table)
    k = table.n_lists
    if "Normal" in model:
        lists = 1 if model.startswith("Mh ") else k

        def likelihood(t):
            return normal_chances(x, np.broadcast_to(t[:-1], (k,)), t[-1])

        start = np.append(np.full(lists, -1.0), 0.8)
    else:
        size = {"Mb": 2, "Mbh": 3, "Mtb": k + 1}[model]

        def likelihood(t):
            return chances(model, x, t)

        start = np.full(size, -0.5)
    best = minimize(lambda t: conditional(likelihood(t), y), start, method="BFGS", options={"gtol": 1e-7})
    best = minimize(
        lambda t: conditional(likelihood(t), y), best.x, method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 20000, "maxfev": 20000},
    )  # fmt: skip
    return y.sum() / (1 - likelihood(best.x)[0]), best.x, lambda t: conditional(likelihood(t), y)


def second_differences(function, at, width=1e-3):
    moves = width * np.eye(at.size)
    return np.array(
        [
            [
                (function(at + a + b) - function(at + a - b) - function(at - a + b) + function(at - a - b))
                / (4 * width**2)
                for b in moves
            ]
            for a in moves
        ]
    )


def reacting(population, opening, first, again, k, seed):
    """People whose chance of being caught changes from `first` (`opening` on the first occasion) to `again`."""
    rng = np.random.default_rng(seed)
    x, seen = np.zeros((population, k), dtype=int), np.zeros(population, dtype=bool)
    for i in range(k):
        p = np.where(seen, again, first if i else opening)
        x[:, i] = rng.random(population) < p
        seen |= x[:, i] == 1
    return hp.CaptureTable.from_records(x[seen], [f"day_{i + 1}" for i in range(k)])


def falls_to(model, table, population):
    """The profile log-likelihood of N by direct maximisation."""
    x, y = complete(table)
    y[0] = population - y.sum()

    def negative(t):
        if model in ("Mb", "Mbh", "Mtb"):
            p = chances(model, x, t)
        else:
            eta = design(model, x)[:, 1:] @ t
            p = np.exp(eta - eta.max())
            p /= p.sum()
        return -(y @ np.log(np.maximum(p, 1e-300)))

    size = 7 if model == "Mtb" else 2
    best = minimize(negative, np.zeros(size), method="BFGS", options={"gtol": 1e-8})
    return gammaln(population + 1) - gammaln(y[0] + 1) - best.fun
