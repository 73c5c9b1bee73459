"""Capture models that are not log-linear: normal differences between people, and reactions to a capture."""

from __future__ import annotations

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.numerics.capture_fit import Predict

NODES = 20


def normal_mixture(lists: Floats, size: Floats) -> Predict:
    """People differ by a normal amount in the logit of being caught: `logit p_i(u) = b_i + s u`, u ~ N(0, 1).

    Parameters are log N, b (columns of `lists`) and log s^2. The integral over u is a Gauss-Hermite sum of 20 nodes: a
    history of k captures has mean `N exp(sum of its b) sum_j w_j exp(k s u_j) / prod_i (1 + exp(b_i + s u_j))`.

    Parameters
    ----------
    lists : (rows, q) how often each b enters: list indicators, or the number of captures
    size : (rows,) number of captures
    """
    nodes, weights = np.polynomial.hermite.hermgauss(NODES)
    nodes, log_weights = np.sqrt(2.0) * nodes, np.log(weights / np.sqrt(np.pi))
    occasions = lists.max(axis=0)

    def predict(theta: Floats) -> tuple[Floats, Floats]:
        b, s = theta[1:-1], np.exp(theta[-1] / 2.0)
        logits = b[:, None] + s * nodes
        caught = occasions[:, None] * _expit(logits)
        joint = log_weights - occasions @ np.logaddexp(0.0, logits) + s * size[:, None] * nodes
        top = joint.max(axis=1)
        posterior = np.exp(joint - top[:, None])
        total = posterior.sum(axis=1)
        posterior /= total[:, None]
        log_means = theta[0] + lists @ b + top + np.log(total)
        surprise = size[:, None] - caught.sum(axis=0)
        of_variance = (posterior * nodes * surprise).sum(axis=1) * s / 2.0
        return log_means, np.column_stack([np.ones(size.size), lists - posterior @ caught.T, of_variance])

    return predict


def reaction_to_capture(inside: Floats, effects: Floats) -> Predict:
    """The logit of being caught depends on the occasion and on whether the person was caught before.

    Parameters are log N and the effects b: a person with history x is caught at occasion i with `logit = sum of
    effects[x, i] b`. With N given this is a logistic regression, whose likelihood has one maximum.

    Parameters
    ----------
    inside : (rows, K) zero-one: caught at the occasion?
    effects : (rows, K, q)
    """

    def predict(theta: Floats) -> tuple[Floats, Floats]:
        logits = effects @ theta[1:]
        log_means = theta[0] + (inside * logits - np.logaddexp(0.0, logits)).sum(axis=1)
        slopes = np.einsum("rk,rkq->rq", inside - _expit(logits), effects)
        return log_means, np.column_stack([np.ones(inside.shape[0]), slopes])

    return predict


def _expit(logits: Floats) -> Floats:
    return np.asarray(np.exp(-np.logaddexp(0.0, -logits)))
