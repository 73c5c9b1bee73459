"""Diagnostics of chains against ArviZ's, as printed by arviz 0.23.4 for the same draws."""

import numpy as np
import pytest

from hiddenpop.numerics.convergence import diagnose


def chains(phi, seed=1):
    generator = np.random.default_rng(seed)
    draws, noise = np.zeros((4, 1000)), generator.standard_normal((4, 1000))
    for i in range(1, 1000):
        draws[:, i] = phi * draws[:, i - 1] + noise[:, i]
    return draws


@pytest.mark.parametrize(
    ("phi", "change", "rhat", "bulk", "tail"),
    [
        (0.0, np.exp, 1.0009061443531553, 4040.3027012512075, 3404.13834597156),
        (0.0, np.round, 1.0009444778134735, 4147.975722473746, 3907.4934472164846),
        (0.5, np.exp, 1.004150028491981, 1365.666378122539, 2239.7923146169765),
        (0.95, np.round, 1.05721195133278, 74.83118361586945, 169.0418215517982),
    ],
)
def test_as_arviz(phi, change, rhat, bulk, tail):
    found = diagnose(change(chains(phi)))
    assert found.rhat == pytest.approx(rhat, rel=1e-9)
    assert found.ess_bulk == pytest.approx(bulk, rel=1e-9)
    assert found.ess_tail == pytest.approx(tail, rel=1e-9)


def test_chains_apart_have_not_met():
    draws = chains(0.2)
    draws[0] += 5.0
    assert diagnose(draws).rhat > 1.5
    assert diagnose(draws).ess_bulk < 20


def test_a_chain_that_stands_still():
    assert diagnose(np.repeat(np.arange(4.0)[:, None], 100, axis=1)).rhat == float("inf")
    assert diagnose(np.ones((4, 100))).rhat == 1.0
