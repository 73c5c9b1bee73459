"""Posteriors by PyMC, and the way to ArviZ: the only room that imports either, and only inside functions."""

from hiddenpop.bayes.arviz import to_arviz

__all__ = ["to_arviz"]
