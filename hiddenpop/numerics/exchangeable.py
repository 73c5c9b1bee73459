"""Means that are alike but not the same: normal, with unknown mean and spread, by quadrature over the spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hiddenpop.arrays import Floats

SPREAD_SCALE = 1.0  # of the half-normal prior of the spread
POINTS = 800
WIDEST = 5.0


@dataclass(frozen=True)
class Exchangeable:
    """Draws of S.

    Attributes
    ----------
    members : (S, G) means of the G members
    new : (S,) mean of a member of which nothing is known
    spread : (S,) standard deviation between members
    """

    members: Floats
    new: Floats
    spread: Floats


def exchange(values: Floats, errors: Floats, draws: int, generator: np.random.Generator) -> Exchangeable:
    """Draw from the posterior of normal means.

    Parameters
    ----------
    values, errors : (G,) estimates and their standard errors, above zero; two or more
    draws : int
    generator : of random numbers

    Notes
    -----
    `y_g ~ N(theta_g, s_g^2)`, `theta_g ~ N(mu, tau^2)`, mu flat, tau half-normal with scale 1. Given tau all is normal;
    tau is drawn from its marginal posterior on a grid of midpoints.

    References
    ----------
    Gelman and others (2013), Bayesian Data Analysis, section 5.4.
    """
    spreads = (np.arange(POINTS) + 0.5) * WIDEST / POINTS
    weights = 1.0 / (errors**2 + spreads[:, None] ** 2)
    whole = weights.sum(axis=1)
    middles = weights @ values / whole
    log_posterior = (
        -0.5 * (spreads / SPREAD_SCALE) ** 2
        + 0.5 * np.log(weights).sum(axis=1)
        - 0.5 * np.log(whole)
        - 0.5 * (weights * (values - middles[:, None]) ** 2).sum(axis=1)
    )
    chances = np.exp(log_posterior - log_posterior.max())
    place = generator.choice(POINTS, size=draws, p=chances / chances.sum())
    spread = spreads[place]
    mean = middles[place] + generator.standard_normal(draws) / np.sqrt(whole[place])
    share = spread[:, None] ** 2 * weights[place]  # of its own value in what is thought of a member
    middle = share * values + (1.0 - share) * mean[:, None]
    members = middle + generator.standard_normal(middle.shape) * np.sqrt(share) * errors
    return Exchangeable(members, mean + spread * generator.standard_normal(draws), spread)
