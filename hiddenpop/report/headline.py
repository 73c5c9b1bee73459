"""Which estimate stands in the headline, by a rule that does not look at the answers."""

from __future__ import annotations

from hiddenpop.captures import CaptureTable
from hiddenpop.registry import Data, attempt
from hiddenpop.result import Estimate, Refusal

RULE = (
    "The method of the headline is fixed in advance: for two lists Chapman's estimate; for more, the log-linear model "
    "that lets every two lists depend on each other. Only where that model has no estimate, fewer than five people on "
    "two lists for each dependence, or an upper limit more than ten times the lower, Chao's lower bound is taken. "
    "Dependence of three or more lists at once, and differences between people beyond the pairs, are assumed away; "
    "dependence of all lists at once no data can test."
)


def choose_headline(data: Data, *, level: float) -> Estimate | Refusal:
    """Chapman for two lists; all pairs for more; Chao's lower bound where that says too little, and for sightings."""
    if isinstance(data, CaptureTable) and data.n_lists == 2:
        return attempt(data, "chapman", level=level)
    if isinstance(data, CaptureTable):
        every_pair = attempt(data, "loglinear", interactions="all", interval="profile", level=level)
        if isinstance(every_pair, Estimate) and not _says_too_little(every_pair):
            return every_pair
        return attempt(data, "chao", by_list=True, level=level)
    return attempt(data, "chao", level=level)


def _says_too_little(estimate: Estimate) -> bool:
    return any(c.name in ("interval-width", "no-upper-limit", "people-per-dependence") for c in estimate.failed)
