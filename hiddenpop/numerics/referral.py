"""Lists that pass people to one another: what referral does to a table of histories."""

from __future__ import annotations

from collections.abc import Mapping

from hiddenpop.numerics.linkage_error import Spread

Passed = Mapping[tuple[int, int], float]  # (sender, receiver), positions -> share of people passed on


def refer_people(passed: Passed) -> Spread:
    """Each sender passes a share of its people, whom the receiver does not have, to the receiver; one after the other.

    Parameters
    ----------
    passed : shares in [0, 1)
    """

    def spread(history: int) -> dict[int, float]:
        found = {history: 1.0}
        for (sender, receiver), share in passed.items():
            for mask, weight in list(found.items()):
                if mask >> sender & 1 and not mask >> receiver & 1 and share:
                    found[mask] = (1.0 - share) * weight
                    found[mask | 1 << receiver] = found.get(mask | 1 << receiver, 0.0) + share * weight
        return found

    return spread


def petersen_referred(first: float, second: float, share: float) -> float:
    """Limit of Lincoln-Petersen over the truth if list 1 passes this share of its people to list 2.

    `(p2 + p1 (1 - p2) r) / (p2 + (1 - p2) r)`, with chances p1, p2 in (0, 1) of independent lists: r in [0, 1).
    """
    return (second + first * (1.0 - second) * share) / (second + (1.0 - second) * share)
