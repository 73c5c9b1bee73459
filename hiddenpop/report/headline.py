"""Which estimate stands in the headline, by a rule that does not look at the answers."""

from __future__ import annotations

from hiddenpop.captures import CaptureTable
from hiddenpop.registry import Data, attempt
from hiddenpop.result import Estimate, Refusal

RULE = (
    "The headline is fixed by rule, not chosen among the answers: for two lists Chapman's estimate; for more, the "
    "log-linear model that lets every two lists depend on each other, so that no dependence is left out by choice; and "
    "where that model has no estimate, or an upper limit more than ten times the lower, Chao's lower bound."
)


def choose_headline(data: Data, *, level: float) -> Estimate | Refusal:
    """Chapman for two lists; all pairs for more; Chao's lower bound where that says too little, and for sightings."""
    if isinstance(data, CaptureTable) and data.n_lists == 2:
        return attempt(data, "chapman", level=level)
    if isinstance(data, CaptureTable):
        every_pair = attempt(data, "loglinear", interactions="all", level=level)
        if isinstance(every_pair, Estimate) and not _says_too_little(every_pair):
            return every_pair
    return attempt(data, "chao", level=level)


def _says_too_little(estimate: Estimate) -> bool:
    return any(c.name in ("interval-width", "no-upper-limit") for c in estimate.failed)
