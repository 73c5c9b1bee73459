"""One name in many spellings and scripts: Latin letters, and a key of how it sounds."""

from __future__ import annotations

import re

from hiddenpop.errors import MissingExtraError

SOUNDS = (
    (r"(?<=[^cdgkpstz ])h\b", ""),  # silent at the end of a word
    (r"[^a-z]", ""),
    (r"schtsch|shch|tsch|tch", "c"),
    (r"sch|sh|hs|zh|x|z", "s"),
    (r"ph", "f"),
    (r"th|dh", "t"),
    (r"kh", "h"),
    (r"ch|ck|qu|q|c", "k"),
    (r"g(?=[ei])|j", "g"),
    (r"[aeiouyw]", ""),
    (r"v", ""),
    (r"(.)\1+", r"\1"),
    (r"(?<=.)h$", ""),
)  # fmt: skip


def romanise(text: str) -> str:
    """A name in small Latin letters, words apart: `Nguyễn Thị` as `nguyen thi`, `Шевченко` as `shevchenko`.

    Raises
    ------
    MissingExtraError
        If AnyAscii is not installed.
    """
    if not text.isascii():
        try:
            from anyascii import anyascii
        except ImportError as error:
            raise MissingExtraError(
                "Names in other scripts need AnyAscii.", hint="Install it: pip install 'hiddenpop[linkage]'."
            ) from error
        text = anyascii(text)
    return " ".join(re.sub(r"[^a-z]+", " ", text.replace("'", "").lower()).split())


def sound(romanised: str) -> str:
    """A key that spellings of one name share: its consonants, those that clerks confuse as one; `-` if none is left."""
    key = romanised
    for pattern, instead in SOUNDS:
        key = re.sub(pattern, instead, key)
    return key or romanised[:1] or "-"
