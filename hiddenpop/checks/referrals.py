"""The ladder of referral: the number if some captures are not captures, but people that another list passed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

from hiddenpop.arrays import history_mask, history_text
from hiddenpop.captures import CaptureTable, build_table
from hiddenpop.checks.ladders import ROUNDINGS, SHARES, Ladder, Remake, Rung, check_share, in_words
from hiddenpop.errors import DataError, OptionError
from hiddenpop.numerics.linkage_error import undo
from hiddenpop.numerics.referral import refer_people
from hiddenpop.result import Estimate

Recorded = Mapping[tuple[str, str, str], int]  # (history, from, to) -> people
Passed = Mapping[tuple[str, str], float]  # (from, to) -> share


def referral_ladder(
    table: CaptureTable,
    estimate: Estimate,
    shares: Sequence[float] = SHARES,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    recorded: Recorded | None = None,
    passed: Passed | None = None,
    roundings: int = ROUNDINGS,
) -> Ladder:
    """The number as if nobody had been referred from list to list, beside the number as it is.

    Use whenever an organisation whose list is used refers people to another. Every row costs `roundings` estimates.

    Parameters
    ----------
    table : CaptureTable
        Strata are added up.
    estimate : Estimate, of the table
    shares : floats in [0, 1)
        Share of the sender's people, among those whom the receiver does not find by itself, who are passed on.
    pairs : (from, to) names, optional
        Pairs that the rows are about, one at a time; all ordered pairs if left out.
    recorded : (history, from, to) -> people, optional
        Referrals that the records show (see `strip_referrals`); becomes `known`.
    passed : (from, to) -> share, optional
        Shares that are known otherwise, all at once, one after the other; becomes `known`. Not beside `recorded`.
    roundings : int, as in `linkage_ladder`

    Returns
    -------
    Ladder
        Rates are shares, by `from > to`, or people recorded. A row is without number if the data exclude it: the lists
        have fewer people in common than so many referrals would have made.

    Raises
    ------
    OptionError
        If a share is not in [0, 1), a list refers to itself, or both `recorded` and `passed` are given.
    UnknownNameError
        If there is no such list.
    DataError
        If the estimate is not of this table, or referrals are recorded that the table does not have.

    Notes
    -----
    `E[o] = c` with a share of the people on `from` and not on `to` moved to both. For two lists the limit of
    Lincoln-Petersen over the truth is `numerics.referral.petersen_referred`. With a third list that neither refers nor
    is referred to, an interaction of the two absorbs one-way referral: the ladder then does not move the number.

    - Assumptions: who is referred does not depend on the other lists; otherwise what the method assumes.
    - The check passes where the number moves by less than a factor of 1.25 as found, or with up to one in ten passed on
      between any two lists; see `judge`.

    References
    ----------
    Jones et al. (2014), American Journal of Epidemiology 179:1383.
    """
    for share in (*shares, *(passed or {}).values()):
        check_share(share)
    if recorded and passed:
        raise OptionError("Referrals are given twice, as people and as shares.", hint="Give one of the two.")
    remake = Remake.of(table, estimate, roundings)
    several = list(pairs) if pairs is not None else list(permutations(remake.table.lists, 2))
    rows = [_passed(remake, {pair: share}) for share in dict.fromkeys(shares) if share for pair in several]
    rows = [remake.climb(Rung("nobody was passed on", {}, 0.0), remake.people), *rows]
    known = _passed(remake, passed) if passed else _recorded(remake, recorded) if recorded else None
    return remake.ladder("referral", rows, known)


def _passed(remake: Remake, passed: Passed) -> Rung:
    place = remake.table.position
    positions = {(place(a), place(b)): share for (a, b), share in passed.items()}
    if any(a == b for a, b in positions):
        raise OptionError("A list does not refer people to itself.", hint="Name two lists: from, to.")
    said = [in_words(share, f"people on {a}", "was", "were") + f" passed on to {b}" for (a, b), share in passed.items()]
    rates = {f"{a} > {b}": share for (a, b), share in passed.items()}
    return remake.climb(
        Rung(" and ".join(said), rates, max(passed.values())), undo(refer_people(positions), remake.people)
    )


def _recorded(remake: Remake, recorded: Recorded) -> Rung:
    stripped = strip_referrals(remake.table, recorded)
    people = {history_mask(text): float(number) for text, number in stripped.to_counts().items()}
    rates: dict[str, float] = {}
    for (_, sender, receiver), number in recorded.items():
        rates[f"{sender} > {receiver}"] = rates.get(f"{sender} > {receiver}", 0.0) + number
    number = sum(recorded.values())
    said = f"{number:,} recorded referrals are not counted as captures"
    return remake.climb(Rung(said, rates, number / remake.table.observed), people)


def strip_referrals(table: CaptureTable, recorded: Mapping[tuple[str, str, str], int]) -> CaptureTable:
    """The table as if nobody had been referred: a referred person is not on the list that received the referral.

    Parameters
    ----------
    table : CaptureTable
        Strata are added up.
    recorded : (history, from, to) -> people
        History as text, first list leftmost, as the table has it. Give each person once.

    Raises
    ------
    UnknownNameError
        If there is no such list.
    DataError
        If the history does not hold both lists, or has fewer people.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> from hiddenpop.checks.referrals import strip_referrals
    >>> table = hp.CaptureTable.from_counts({"10": 90, "01": 50, "11": 30}, ["police", "ngo"])
    >>> strip_referrals(table, {("11", "police", "ngo"): 20}).to_counts()
    {'10': 110, '01': 50, '11': 10}
    """
    pooled = table.pooled()
    left = dict(zip(pooled.histories.tolist(), pooled.counts.tolist(), strict=True))
    people = dict(left)
    for (text, sender, receiver), number in recorded.items():
        history = _held(pooled, text, sender, receiver)
        if number != int(number) or not 0 <= number <= left.get(history, 0):
            raise DataError(
                f"{number} people with history {text} are said to be referred, of {left.get(history, 0)}.",
                hint="Give whole numbers, and each person once.",
            )
        left[history] = left.get(history, 0) - int(number)
        people[history] = people.get(history, 0) - int(number)
        kept = history & ~(1 << pooled.position(receiver))
        people[kept] = people.get(kept, 0) + int(number)
    return build_table(
        pooled.lists,
        list(people),
        list(people.values()),
        source=pooled.source,
        reading=(*pooled.reading, "without recorded referrals"),
        checks=pooled.checks,
        given_lists=pooled.given_lists,
    )


def _held(table: CaptureTable, text: str, sender: str, receiver: str) -> int:
    both = 1 << table.position(sender) | 1 << table.position(receiver)
    if len(text) != table.n_lists or set(text) - {"0", "1"} or sender == receiver or history_mask(text) & both != both:
        raise DataError(
            f"Nobody with history {text!r} can have been referred from {sender} to {receiver}.",
            hint=f"Write a history that holds both lists, such as {history_text(both, table.n_lists)}.",
        )
    return history_mask(text)
