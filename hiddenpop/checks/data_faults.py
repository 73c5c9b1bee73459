"""Ladders of data quality: the number if records were wrongly linked, or their people are out of scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hiddenpop.captures import CaptureTable
from hiddenpop.checks.ladders import (
    REPLICATES,
    ROUNDINGS,
    SHARES,
    Audit,
    Ladder,
    Remake,
    Rung,
    check_replicates,
    check_share,
    draw_audit,
    in_words,
    read_audit,
)
from hiddenpop.numerics.linkage_error import Expected, check_rates, correct_links, draw_links, round_people
from hiddenpop.result import Estimate

BOX = (1.0, 0.95, 0.9)
EVERY = "every list"


def linkage_ladder(
    table: CaptureTable,
    estimate: Estimate,
    *,
    precision: Sequence[float] = BOX,
    recall: Sequence[float] = BOX,
    audited_links: Audit | None = None,
    audited_pairs: Audit | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    roundings: int = ROUNDINGS,
) -> Ladder:
    """The number if some links are false and some true matches were missed.

    Use beside every number from linked lists. Each row costs `roundings` estimates by the estimate's own method with
    its own options, an audit `replicates` more: lower both for a method that takes seconds.

    Parameters
    ----------
    table : CaptureTable
        Strata are added up.
    estimate : Estimate, of the table
    precision : floats in (0, 1]
        Share of links that are true.
    recall : floats in (0, 1]
        Share of true matches that were linked; of more than two lists, the chance that a second or later record of a
        person joined the earlier ones. All pairs of the two are rows.
    audited_links : (true, looked at), optional
        Declared links looked at, and how many were true.
    audited_pairs : (linked, known), optional
        Pairs of records known to be of one person, and how many the linkage had found. What is not audited is taken to
        be without error.
    replicates : int, 20 or more, draws of the audit
    seed : int
    roundings : int
        Corrected tables have fractions of people; each is rounded in up to so many ways whose mean is the table, and
        the number is the geometric mean.

    Returns
    -------
    Ladder
        Rates are `precision` and `recall`. A row is without number if the data exclude it (fewer people stand alone
        than the lost links would have left) or the method refuses.

    Raises
    ------
    OptionError
        If a rate is not in (0, 1], or an audit found nothing right.
    DataError
        If the estimate is not of this table.

    Notes
    -----
    Two lists: `N = n1 n2 R / (L P)`. More: `sum over h of c(h) B(1 - R)(h) = sum of o(h) B(1 - P)(h)`, c >= 0, by least
    squares in Poisson standard deviations; B(s) breaks every record but the first off with chance s.

    - Assumptions: a lost record stands alone; a falsely linked one has no true match; both happen to all records alike,
      in the order of the lists (for two lists the order is irrelevant); otherwise what the method assumes.
    - The limits of a row are the method's own, as if its table had been seen. With an audit, every replicate draws the
      rates from Beta(right + 1/2, wrong + 1/2), and at random which links are false and which matches were missed; see
      `Remake.audited` for the interval.
    - The check passes where the number moves by less than a factor of 1.25; see `judge`.
    - Ding and Fienberg's false-link rate becomes a precision by `numerics.linkage_error.precision_of`.

    References
    ----------
    Ding and Fienberg (1994), Survey Methodology 20:149. Di Consiglio and Tuoto (2015), Journal of Official
    Statistics 31:415.

    Examples
    --------
    >>> import hiddenpop as hp
    >>> from hiddenpop.checks.data_faults import linkage_ladder
    >>> table = hp.CaptureTable.from_counts({"10": 900, "01": 900, "11": 100})
    >>> for sentence in linkage_ladder(table, hp.lincoln_petersen(table)).checks[0].message.split("; "):
    ...     print(sentence)
    If one in ten true matches was missed, the number falls from 10,000 to 9,000
    if one in ten links is false, it rises to 11,111.
    """
    for p in precision:
        check_rates(precision=p)
    for r in recall:
        check_rates(recall=r)
    remake = Remake.of(table, estimate, roundings)
    people = remake.people
    rows = [
        remake.climb(_linked(p, r), correct_links(people, p, r))
        for p in dict.fromkeys(precision)
        for r in dict.fromkeys(recall)
    ]
    if audited_links is None and audited_pairs is None:
        return remake.ladder("linkage", rows, None)
    check_replicates(replicates)
    rates = [
        1.0 if audit is None else read_audit(name, audit)
        for name, audit in (("links", audited_links), ("pairs", audited_pairs))
    ]

    def draw(generator: np.random.Generator) -> Expected | None:
        drawn = [draw_audit(generator, audit) for audit in (audited_links, audited_pairs)]
        return draw_links(generator, round_people(people), *drawn)

    known = remake.climb(_linked(*rates), correct_links(people, *rates))
    return remake.ladder("linkage", rows, remake.audited(known, draw, replicates, seed))


def _linked(precision: float, recall: float) -> Rung:
    said = [in_words(1.0 - recall, "true matches", "was missed", "were missed")] if recall < 1.0 else []
    said += [in_words(1.0 - precision, "links", "is false", "are false")] if precision < 1.0 else []
    share = 1.0 - min(precision, recall)
    return Rung(" and ".join(said) or "every link is right", {"precision": precision, "recall": recall}, share)


def overcoverage_ladder(
    table: CaptureTable,
    estimate: Estimate,
    shares: Sequence[float] = SHARES,
    *,
    audit: Mapping[str, Audit] | None = None,
    replicates: int = REPLICATES,
    seed: int = 0,
    roundings: int = ROUNDINGS,
) -> Ladder:
    """The number if some people on the lists do not belong to the population.

    Parameters
    ----------
    table : CaptureTable
        Strata are added up.
    estimate : Estimate, of the table
    shares : floats in [0, 1)
        Share of a list's people who are out of scope: of each list alone, and of every list.
    audit : list -> (in scope, looked at), optional
        People drawn from the list, whichever other lists they are on. Lists that are not named are taken as they are.
    replicates, seed, roundings : as in `linkage_ladder`

    Returns
    -------
    Ladder
        Rates are the share out of scope by list. A row is without number if fewer people are on that list alone.

    Raises
    ------
    OptionError
        If a share is not in [0, 1), or an audit found nobody in scope.
    UnknownNameError
        If there is no such list.
    DataError
        If the estimate is not of this table.

    Notes
    -----
    The people on list j alone become `e_j n_j` fewer. For two lists the limit is `N (1 - e1)(1 - e2)`.

    - Assumptions: whoever is out of scope is on that list alone (out-of-scope people whom several lists share are not
      seen by this ladder); otherwise what the method assumes.
    - The check passes where the number moves by less than a factor of 1.25 with up to one in ten of the people out of
      scope, or with the audited shares; see `judge`. With three lists, all pairs dependent and one in ten out of scope
      on every list it is 1.38: models with dependences amplify over-coverage.

    """
    for share in shares:
        check_share(share)
    remake = Remake.of(table, estimate, roundings)
    lists = remake.table.lists
    rows = []
    for share in dict.fromkeys(shares):
        for where in lists if share else ():
            rows.append(_beyond(remake, {where: share}))
        rows.append(_beyond(remake, dict.fromkeys(lists, share)))
    if not audit:
        return remake.ladder("over-coverage", rows, None)
    check_replicates(replicates)
    wrong = {lists[remake.table.position(name)]: 1.0 - read_audit(name, found) for name, found in audit.items()}

    def draw(generator: np.random.Generator) -> Expected | None:
        return _in_scope(remake, {name: 1.0 - draw_audit(generator, found) for name, found in audit.items()})

    known = remake.audited(_beyond(remake, wrong), draw, replicates, seed)
    return remake.ladder("over-coverage", rows, known)


def _beyond(remake: Remake, wrong: Mapping[str, float]) -> Rung:
    lists = remake.table.lists
    same = len(set(wrong.values())) == 1 and len(wrong) == len(lists)
    named = {EVERY: next(iter(wrong.values()))} if same else wrong
    said = [
        in_words(share, f"people on {name}", "does not belong there", "do not belong there")
        for name, share in named.items()
        if share
    ]
    rung = Rung(" and ".join(said) or "everybody belongs there", dict(wrong), max(wrong.values()))
    return remake.climb(rung, _in_scope(remake, wrong))


def _in_scope(remake: Remake, wrong: Mapping[str, float]) -> Expected | None:
    people = remake.people
    for name, share in wrong.items():
        alone = 1 << remake.table.position(name)
        people[alone] = people.get(alone, 0.0) - share * remake.table.members(name)
    return people if min(people.values()) >= 0.0 else None
