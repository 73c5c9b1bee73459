"""The No-U-Turn sampler of PyMC: chains by seed, in groups that can be kept, and nothing printed."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from multiprocessing import current_process
from types import ModuleType
from typing import Any, Literal

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.errors import MissingExtraError
from hiddenpop.progress import Tick, progress
from hiddenpop.saved import Saved

Sampler = Literal["pymc", "nutpie"]
DIVERGING = "diverging"


@dataclass(frozen=True)
class SamplerOptions:
    """How to sample.

    Attributes
    ----------
    chains, draws, warmup : numbers; draws and warmup are of each chain
    target_accept : float, mean acceptance that steps are tuned to
    sampler : `pymc` or `nutpie`
    saved : where finished chains are kept, if anywhere
    label : what the progress line says
    """

    chains: int
    draws: int
    warmup: int
    target_accept: float = 0.8
    sampler: Sampler = "pymc"
    saved: Saved | None = None
    label: str = "sampling"


@dataclass(frozen=True)
class Sampled:
    """Draws.

    Attributes
    ----------
    values : name of a variable -> (C, S, ...) draws
    divergences : int, steps after warm-up that went astray
    """

    values: dict[str, Floats]
    divergences: int


def require(name: str) -> ModuleType:
    """PyMC, PyTensor or ArviZ, whose warnings about their own future are not the user's concern.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        with quiet():
            return import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"This needs {error.name}, which is not installed.", hint="pip install 'hiddenpop[bayes]'"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings and no log lines of the libraries: what matters of them is checked and said by ours."""
    loggers = [logging.getLogger(name) for name in ("pymc", "pytensor", "nutpie")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def sample(model: Any, start: dict[str, Floats], options: SamplerOptions, seed: np.random.SeedSequence) -> Sampled:
    """Draw from a PyMC model.

    Every chain has its own seed, so the answer does not depend on the number of processors, on which chains were kept
    by an earlier run, or on their order.

    Parameters
    ----------
    model : pymc.Model
    start : variable -> first value
    options : how to sample
    seed : of all chains
    """
    chains: list[dict[str, Floats]] = []
    keeps = options.saved is not None and options.sampler == "pymc"
    size = (os.cpu_count() or 1) if keeps else options.chains
    with progress(options.label) as tick:
        for first in range(0, options.chains, size):
            group = range(first, min(first + size, options.chains))
            tick(first / options.chains, f"chains {first + 1} to {group[-1] + 1}")
            chains += _load(options.saved, group) or _run(model, start, options, seed, group, tick)
            if options.saved:
                for number in group:
                    options.saved.store(f"chain-{number}", chains[number])
    names = [name for name in chains[0] if name != DIVERGING]
    values = {name: np.stack([chain[name] for chain in chains]) for name in names}
    return Sampled(values, int(sum(chain[DIVERGING].sum() for chain in chains)))


def _processes() -> int:
    """Processes for chains: as many as processors, but one where this process is itself one of several."""
    return (os.cpu_count() or 1) if current_process().name == "MainProcess" else 1


def _load(saved: Saved | None, group: range) -> list[dict[str, Floats]]:
    """The chains of a group if all of them were finished, else none."""
    found = [saved.load(f"chain-{number}") for number in group] if saved else []
    return [chain for chain in found if chain] if all(found) else []


def _run(
    model: Any,
    start: dict[str, Floats],
    options: SamplerOptions,
    seed: np.random.SeedSequence,
    group: range,
    tick: Tick,
) -> list[dict[str, Floats]]:
    """Run chains of these numbers side by side; the random numbers of a chain depend on its number alone."""
    pymc = require("pymc")
    own = np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key, n_children_spawned=group[0])
    arguments: dict[str, Any] = {
        "draws": options.draws,
        "tune": options.warmup,
        "chains": len(group),
        "cores": min(len(group), _processes()),
        "target_accept": options.target_accept,
        "model": model,
        "nuts_sampler": options.sampler,
        "random_seed": np.random.default_rng(own),
        "progressbar": False,
        "compute_convergence_checks": False,
    }
    if options.sampler == "pymc":
        steps, done = len(group) * (options.draws + options.warmup), count(1)

        def callback(**_: Any) -> None:
            number = next(done)
            if number % 100 == 0:
                share = (group[0] + len(group) * number / steps) / options.chains
                tick(share, f"chains {group[0] + 1} to {group[-1] + 1}")

        arguments |= {"init": "adapt_diag", "initvals": start, "callback": callback}
    with quiet():
        found = pymc.sample(**arguments)
    names = [variable.name for variable in model.free_RVs]
    posterior, diverging = found["posterior"], found["sample_stats"]["diverging"].values
    return [
        {name: np.asarray(posterior[name].values[c]) for name in names} | {DIVERGING: diverging[c].astype(float)}
        for c in range(len(group))
    ]
