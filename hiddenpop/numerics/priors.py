"""Prior distributions of a population, by name or frozen: what their logarithm is, up to a constant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from hiddenpop.arrays import Floats
from hiddenpop.errors import OptionError

FORMS = "1/N, flat, lognormal(median=20000,upper=50000,share=0.95) or negbin(size=2,mean=20000)"
KEYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "1/N": ((), ("max",)),
    "flat": ((), ("max",)),
    "lognormal": (("median", "upper"), ("share",)),
    "negbin": (("size", "mean"), ()),
}


@runtime_checkable
class FrozenPrior(Protocol):
    """A frozen distribution of scipy.stats, on the population."""

    def logcdf(self, x: Any) -> Any:
        """Logarithm of the distribution function."""

    def rvs(self, size: Any = None, random_state: Any = None) -> Any:
        """Random numbers."""


@dataclass(frozen=True)
class PopulationPrior:
    """A prior of the population N.

    Attributes
    ----------
    name : str
    log_mass : function of N (m,) that returns the logarithm of its probability, up to a constant
    proper : does it add up to one over all N?
    """

    name: str
    log_mass: Callable[[Floats], Floats]
    proper: bool


def read_prior(given: str | FrozenPrior) -> PopulationPrior:
    """A prior from its name, such as `1/N`, `flat(max=100000)`, `lognormal(median=20000,upper=50000)`, or a frozen one.

    `lognormal` is elicited: the median, and the number that N does not exceed with probability `share` (.95).

    Raises
    ------
    OptionError
    """
    if not isinstance(given, str):
        log_mass = getattr(given, "logpmf", None) or getattr(given, "logpdf", None)
        if log_mass is None:
            raise OptionError(f"prior={given!r} has neither logpmf nor logpdf.", hint=f"Use {FORMS}.")
        return PopulationPrior("frozen", log_mass, True)
    kind, numbers = _parse(given)
    if kind in ("1/N", "flat"):
        power, most = float(kind == "1/N"), numbers.get("max", np.inf)
        return PopulationPrior(given, lambda n: np.where(n <= most, -power * np.log(n), -np.inf), bool(most < np.inf))
    if kind == "lognormal":
        return _lognormal(given, numbers["median"], numbers["upper"], numbers.get("share", 0.95))
    return _negative_binomial(given, numbers["size"], numbers["mean"])


def _parse(text: str) -> tuple[str, dict[str, float]]:
    match = re.fullmatch(r"\s*([\w/]+)\s*(?:\((.*)\))?\s*", text)
    if not match or match[1] not in KEYS:
        raise OptionError(f"prior={text!r} is not known.", hint=f"Use {FORMS}.")
    needed, allowed = KEYS[match[1]]
    try:
        pairs = (item.split("=") for item in (match[2] or "").split(",") if item.strip())
        numbers = {key.strip(): float(value) for key, value in pairs}
    except ValueError:
        raise OptionError(f"prior={text!r} cannot be read.", hint=f"Use {FORMS}.") from None
    if not set(needed) <= set(numbers) <= {*needed, *allowed} or not all(0.0 < v < np.inf for v in numbers.values()):
        raise OptionError(
            f"prior={text!r} needs {' and '.join(needed) or 'nothing'}, all positive.", hint=f"Use {FORMS}."
        )
    return match[1], numbers


def _lognormal(name: str, median: float, upper: float, share: float) -> PopulationPrior:
    from scipy.special import ndtri

    if upper <= median or not 0.5 < share < 1.0:
        raise OptionError(
            f"prior={name!r}: upper must be above the median, and share between 0.5 and 1.", hint=f"Use {FORMS}."
        )
    sd = float(np.log(upper / median) / ndtri(share))
    return PopulationPrior(name, lambda n: -np.log(n) - 0.5 * (np.log(n / median) / sd) ** 2, True)


def _negative_binomial(name: str, size: float, mean: float) -> PopulationPrior:
    from scipy.special import gammaln

    log_share = float(np.log(mean / (mean + size)))
    return PopulationPrior(name, lambda n: gammaln(n + size) - gammaln(n + 1.0) + n * log_share, True)


def read_conjugate(given: str) -> tuple[float, float, float]:
    """`(extra, odds, most)` of a prior `1/N`, `flat` or `negbin`, with which n0 stays negative binomial given p0.

    Then `p(n0 | n, p0)` is proportional to `Gamma(n + n0 + extra) / n0! (odds p0)^n0`, for N = n + n0 up to `most`.

    Raises
    ------
    OptionError
        For every other prior.
    """
    kind, numbers = _parse(given)
    if kind == "lognormal":
        raise OptionError(f"prior={given!r} cannot be used here.", hint="Use 1/N, flat or negbin(size=2,mean=20000).")
    if kind == "negbin":
        return numbers["size"], numbers["mean"] / (numbers["mean"] + numbers["size"]), float("inf")
    return float(kind == "flat"), 1.0, numbers.get("max", float("inf"))
