"""Keys that agencies can exchange: digests of names and dates with a secret that only they share."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from hiddenpop.errors import OptionError, UnknownNameError
from hiddenpop.intake.linkage.spelling import romanise

if TYPE_CHECKING:
    from pandas import DataFrame, Series

FEWEST_BYTES = 16
NAME_LIKE = ("name", "given", "surname")


def hash_identity(records: DataFrame, columns: Sequence[str], secret: bytes) -> Series[str]:
    """A key for every record: the same for the same values of the columns, and nothing without the secret.

    Use where agencies may not show each other names: each makes its keys with the same secret and hands out those in
    place of names (`person = "key"` in the description). Do not use where names are spelled in several ways: one letter
    makes another key, and the people that are missed make the number too large; `link_registers` is for that.

    Parameters
    ----------
    records : DataFrame
    columns : those that identify; names (columns called so) are written in small Latin letters first, others as they
        stand, without blanks around them and with capitals made small
    secret : bytes, 16 or more, known to the agencies only

    Returns
    -------
    Series of 64 hexadecimal digits, missing where a column is

    Raises
    ------
    OptionError
        If the secret is shorter, or no column is named.
    UnknownNameError
        If a column does not exist.

    Notes
    -----
    HMAC-SHA256 over the values, each with its length before it. Whoever has the secret can find out by trial whose key
    it is: the one who links must not have it.

    Examples
    --------
    >>> import pandas as pd
    >>> records = pd.DataFrame({"surname": ["Nguyễn", " nguyen", "Tran"], "born": ["1990-02-01"] * 3})
    >>> keys = hash_identity(records, ["surname", "born"], b"sixteen bytes or more")
    >>> keys[0] == keys[1], keys[0] == keys[2], len(keys[0])
    (True, False, 64)
    """
    import pandas as pd

    if len(secret) < FEWEST_BYTES or not columns:
        raise OptionError(
            f"A secret of {FEWEST_BYTES} bytes or more and a column are needed.", hint="Use secrets.token_bytes(32)."
        )
    for column in columns:
        if column not in records.columns:
            raise UnknownNameError.among("column", column, list(records.columns))
    plain = [
        records[column].astype("string").map(romanise if _is_name(column) else _plain, na_action="ignore")
        for column in columns
    ]
    rows = zip(*plain, strict=True)
    keys = [_digest(row, secret) if all(isinstance(v, str) and v for v in row) else None for row in rows]
    return pd.Series(keys, index=records.index, dtype="string", name="key")


def _is_name(column: str) -> bool:
    return any(part in column.casefold() for part in NAME_LIKE)


def _plain(value: str) -> str:
    return value.strip().casefold()


def _digest(values: Sequence[str], secret: bytes) -> str:
    message = b"".join(len(part).to_bytes(4, "big") + part for part in (value.encode() for value in values))
    return hmac.new(secret, message, sha256).hexdigest()
