"""Have chains met, and how many independent draws are they worth? (Vehtari and others 2021, doi 10.1214/20-BA1221)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiddenpop.arrays import Floats

MOST_RHAT, LEAST_ESS = 1.01, 400.0


@dataclass(frozen=True, slots=True)
class Convergence:
    """Of one quantity over all chains.

    Attributes
    ----------
    rhat : the larger of the rank-normalised split R-hat of the draws and of their distances from the median
    ess_bulk, ess_tail : effective draws for the centre, and for the 5 % and 95 % quantiles
    """

    rhat: float
    ess_bulk: float
    ess_tail: float

    @property
    def met(self) -> bool:
        """May a result be believed: R-hat of at most 1.01, and 400 effective draws or more?"""
        return self.rhat <= MOST_RHAT and min(self.ess_bulk, self.ess_tail) >= LEAST_ESS


def diagnose(draws: Floats) -> Convergence:
    """Diagnose draws (C, S) of C chains; infinite R-hat where a chain does not move."""
    halves = _split(np.asarray(draws, dtype=float))
    folded = np.abs(halves - np.median(halves))
    rhat = max(_rhat(_normal_scores(halves)), _rhat(_normal_scores(folded)))
    tails = [_ess((halves <= np.quantile(halves, q)).astype(float)) for q in (0.05, 0.95)]
    return Convergence(rhat, _ess(_normal_scores(halves)), min(tails))


def _split(draws: Floats) -> Floats:
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, -half:]])


def _normal_scores(draws: Floats) -> Floats:
    from scipy.special import ndtri
    from scipy.stats import rankdata

    ranks = rankdata(draws, method="average").reshape(draws.shape)
    return np.asarray(ndtri((ranks - 0.375) / (draws.size + 0.25)))


def _rhat(draws: Floats) -> float:
    size = draws.shape[1]
    within = float(draws.var(axis=1, ddof=1).mean())
    between = float(draws.mean(axis=1).var(ddof=1))
    if (np.ptp(draws, axis=1) == 0.0).all():
        return 1.0 if np.ptp(draws) == 0.0 else float("inf")
    return float(np.sqrt((size - 1) / size + between / within))


def _ess(draws: Floats) -> float:
    """Effective draws by Geyer's initial monotone sequence over all chains."""
    chains, size = draws.shape
    centred = draws - draws.mean(axis=1, keepdims=True)
    padded = np.fft.rfft(centred, n=2 * size, axis=1)
    covariance = np.fft.irfft(np.abs(padded) ** 2, axis=1)[:, :size] / size
    within = float(covariance[:, 0].mean()) * size / (size - 1)
    total = within * (size - 1) / size + (float(draws.mean(axis=1).var(ddof=1)) if chains > 1 else 0.0)
    if total <= 0.0:
        return float(draws.size)
    rho = 1.0 - (within - covariance.mean(axis=0)) / total
    rho[0] = 1.0
    pairs = rho[: 2 * (size // 2)].reshape(-1, 2).sum(axis=1)
    last = int(np.argmax(pairs <= 0.0)) if (pairs <= 0.0).any() else pairs.size
    kept = np.minimum.accumulate(pairs[:last])
    tail = max(float(rho[2 * last]), 0.0) if 2 * last < size else 0.0
    tau = -1.0 + 2.0 * float(kept.sum()) + tail
    return float(draws.size / max(tau, 1.0 / np.log10(draws.size)))
