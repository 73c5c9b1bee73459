"""The plain judge: Poisson regression on an explicit design matrix, Newton with step halving, nothing clever."""

from itertools import product

import numpy as np

from hiddenpop.arrays import mask_of


def cells(n_lists):
    return [mask_of(i for i, x in enumerate(h) if x) for h in product((0, 1), repeat=n_lists) if any(h)]


def fit(terms, n_lists, counts):
    """`(coefficients by term, hidden, covariance, deviance)`; counts is {mask: people}; removed terms are left out."""
    overlap = {t: sum(c for m, c in counts.items() if m & t == t) for t in terms}
    kept = [t for t in terms if overlap[t] > 0]
    rows = [c for c in cells(n_lists) if not any(c & t == t for t in terms if overlap[t] == 0)]
    x = np.array([[float(c & t == t) for t in kept] for c in rows])
    y = np.array([float(counts.get(c, 0)) for c in rows])
    eta = np.log(y + 0.5)
    beta = np.linalg.lstsq(x, eta, rcond=None)[0]

    def loglik(b):
        return float(y @ (x @ b) - np.exp(x @ b).sum())

    for _ in range(500):
        mu = np.exp(x @ beta)
        information = x.T @ (mu[:, None] * x)
        step = np.linalg.solve(information, x.T @ (y - mu))
        size = 1.0
        while loglik(beta + size * step) < loglik(beta) - 1e-9 and size > 1e-8:
            size /= 2
        beta = beta + size * step
        if np.abs(step).max() < 1e-12:
            break
    mu = np.exp(x @ beta)
    covariance = np.linalg.inv(x.T @ (mu[:, None] * x))
    positive = y > 0
    deviance = 2 * (y[positive] * np.log(y[positive] / mu[positive])).sum() - 2 * (y - mu).sum()
    return dict(zip(kept, beta, strict=True)), float(np.exp(beta[0])), covariance, float(deviance)
