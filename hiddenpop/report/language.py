"""Reports in other languages: a catalogue of our own sentences, applied where a report shows them.

What is computed stays in English, so that files of results read the same everywhere. A language is one file,
`languages/<code>.toml`, of `"English" = "translation"` in tables; `{names}` stand for what differs from report to
report, and what `{said...}` stands for is translated in its turn.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from hiddenpop.errors import UnknownNameError

Code = Literal["en", "es"]
CODES: tuple[Code, ...] = get_args(Code)
WORDS = re.compile(r"[^\W\d_]")
NAME = re.compile(r"\{(\w+)\}")
SENTENCES = re.compile(r"(?<=[.!?]) (?=[A-Z0-9])")
WITHIN_A_SENTENCE = r"(?:(?![.!?] [A-Z0-9]).)+?"
MODEL_OR_NUMBER = re.compile(r"\[[^\]]*\]|\d{1,3}(?:,\d{3})+")
NARROW = "\u202f"
AGAIN = "said"


class Language:
    """Says in one language what is written in English.

    Parameters
    ----------
    code : "en" or "es"

    Attributes
    ----------
    code : str
    missing : sentences that the catalogue does not have, and that were left in English

    Raises
    ------
    UnknownNameError
    """

    def __init__(self, code: str = "en") -> None:
        if code not in CODES:
            raise UnknownNameError.among("language", code, CODES)
        self.code = code
        self.missing: list[str] = []

    def say(self, text: str) -> str:
        """The text in this language; markup stays markup."""
        if self.code == "en":
            return text
        if not WORDS.search(text):
            return type(text)(self.number(text))
        plain = " ".join(text.split())
        found = self._translate(plain)
        if found is None:
            parts = [(part, self._translate(part)) for part in SENTENCES.split(plain)]
            self.missing += [part for part, said in parts if said is None]
            found = " ".join(part if said is None else said for part, said in parts)
        return type(text)(self.number(found))

    def number(self, text: str) -> str:
        """Thousands set apart as the language does it; models of lists, such as `[12,345]`, stay as they are."""
        if self.code == "en":
            return text
        return MODEL_OR_NUMBER.sub(lambda match: _regroup(match[0]), text)

    def _translate(self, text: str) -> str | None:
        exact, patterns = _catalogue(self.code)
        if text in exact:
            return exact[text]
        for pattern, said in patterns:
            if found := pattern.fullmatch(text):
                return NAME.sub(lambda name: self._part(name[1], found[name[1]]), said)
        return None

    def _part(self, name: str, value: str) -> str:
        return self.say(value) if name.startswith(AGAIN) else value


def _regroup(text: str) -> str:
    """A number by the rule of the Spanish academy: no comma, groups set apart from five digits on."""
    if text.startswith("["):
        return text
    return text.replace(",", NARROW if len(text) > len("1,000") else "")


@cache
def _catalogue(code: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Sentences without and with names; of those with names the longest first, which say most exactly what is meant."""
    tables = tomllib.loads(files("hiddenpop.report").joinpath(f"languages/{code}.toml").read_text(encoding="utf-8"))
    pairs = {english: said for table in tables.values() for english, said in table.items()}
    named = sorted((english for english in pairs if NAME.search(english)), key=lambda one: -len(NAME.sub("", one)))
    patterns = [(_pattern(english), pairs[english]) for english in named]
    return {english: said for english, said in pairs.items() if not NAME.search(english)}, patterns


def _pattern(english: str) -> re.Pattern[str]:
    """What begins with a name must not take the sentences before it for that name."""
    first, *parts = NAME.split(english)
    found = re.escape(first)
    for i, part in enumerate(parts):
        value = ".+?" if i or first else WITHIN_A_SENTENCE
        found += re.escape(part) if i % 2 else f"(?P<{part}>{value})"
    return re.compile(found, re.DOTALL)
