"""A report in HTML taken apart again: headings, paragraphs, tables and figures, for other kinds of documents.

The HTML is our own, so a short reader is enough; whatever stands in it stands in every document made from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal

Kind = Literal["title", "heading", "lead", "paragraph", "note", "item", "verdict", "caption", "table", "figure"]

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)
SILENT = ("style", "script", "title")
KINDS: dict[str, Kind] = {
    "h1": "title", "h2": "heading", "p": "paragraph", "li": "item", "figcaption": "caption",
}  # fmt: skip
CLASSES: dict[str, Kind] = {"headline": "lead", "meta": "note", "note": "note"}


@dataclass(frozen=True)
class Cell:
    """Of a table.

    Attributes
    ----------
    text : str
    number : is it set to the right
    head : does it stand in the first row
    """

    text: str
    number: bool = False
    head: bool = False


@dataclass(frozen=True)
class Block:
    """A part of a report.

    Attributes
    ----------
    kind : str
    text : what it says
    rows : of a table
    svg : of a figure
    """

    kind: Kind
    text: str = ""
    rows: tuple[tuple[Cell, ...], ...] = ()
    svg: str = ""


def read_blocks(html: str) -> list[Block]:
    """The parts of a report, in order."""
    figures = SVG.findall(html)
    reader = _Reader(figures)
    reader.feed(SVG.sub("<img>", html))
    reader.close()
    return reader.blocks


class _Reader(HTMLParser):
    """Collects blocks; texts between blocks, as in a verdict, become paragraphs of their own."""

    def __init__(self, figures: list[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._figures = iter(figures)
        self._kind: Kind | None = None
        self._text: list[str] = []
        self._silent = 0
        self._rows: list[tuple[Cell, ...]] = []
        self._row: list[Cell] = []
        self._cell: tuple[bool, bool] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = (dict(attrs).get("class") or "").split()
        if tag in SILENT:
            self._silent += 1
        elif tag == "img":
            self.blocks.append(Block("figure", svg=next(self._figures)))
        elif tag in ("td", "th"):
            self._cell, self._text = ("n" in names, tag == "th"), []
        elif tag in KINDS and self._cell is None:
            self._flush()
            self._kind = next((CLASSES[name] for name in names if name in CLASSES), KINDS[tag])
        elif tag == "section":
            self._flush()
            self._kind = "verdict"

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self._silent -= 1
        elif tag in ("td", "th") and self._cell is not None:
            number, head = self._cell
            self._row.append(Cell(self._said(), number, head))
            self._cell = None
        elif tag == "tr":
            self._rows.append(tuple(self._row))
            self._row = []
        elif tag == "table":
            self.blocks.append(Block("table", rows=tuple(row for row in self._rows if row)))
            self._rows = []
        elif tag in KINDS or tag in ("section", "ul"):
            self._flush()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._text.append(data)

    def _said(self) -> str:
        text = " ".join("".join(self._text).split())
        self._text = []
        return text

    def _flush(self) -> None:
        if text := self._said():
            self.blocks.append(Block(self._kind or "paragraph", text))
        self._kind = None
