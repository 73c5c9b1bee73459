"""The report as PDF and DOCX, made from the parts of its HTML."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hiddenpop.errors import MissingExtraError
from hiddenpop.output import TIMELESS, drop_times, write_whole
from hiddenpop.report.blocks import Block, Cell, read_blocks

WIDTH_CM = 16.0
WORD = 20  # letters of a word that is not broken
LONG = 30  # letters, from which a column of a table takes what room there is
STYLE = """
#set document(title: {title}, date: none)
#set page(paper: "a4", margin: (x: 2.4cm, y: 2.2cm), numbering: "1")
#set text(font: ("Libertinus Serif", "New Computer Modern"), size: 10pt, lang: {language})
#set par(justify: false, leading: 0.62em)
#show heading.where(level: 1): it => block(above: 0em, below: 0.6em, text(17pt, it.body))
#show heading.where(level: 2): it => block(above: 1.6em, below: 0.7em, text(12.5pt, it.body))
#set table(stroke: (x, y) => (bottom: 0.4pt + luma(190)), inset: (x: 3pt, y: 3.2pt))
#show table.cell: set text(8.2pt)
"""


def write_document(html: str, path: str | Path) -> None:
    """Write a report as its ending says: .pdf (Typst), .docx (python-docx), HTML else.

    Parameters
    ----------
    html : the report, as `render` gives it
    path : where to write; the file appears whole or not at all, readable by its owner only

    Raises
    ------
    MissingExtraError
        If the extra `office` is not installed.
    OptionError
        If the file cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (".pdf", ".docx"):
        write_whole(path, html)
        return
    blocks = read_blocks(html)
    language = "es" if '<html lang="es"' in html else "en"
    write_whole(path, lambda part: (_write_pdf if ending == ".pdf" else _write_docx)(blocks, language, part))


def _missing() -> MissingExtraError:
    return MissingExtraError("Reports in PDF and DOCX need the extra office.", hint="pip install 'hiddenpop[office]'")


def _quoted(text: str) -> str:
    """A Typst string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _write_pdf(blocks: list[Block], language: str, path: Path) -> None:
    try:
        import typst
    except ImportError as error:
        raise _missing() from error
    with TemporaryDirectory() as folder:
        source = Path(folder) / "report.typ"
        source.write_text(_typeset(blocks, language, Path(folder)), encoding="utf-8")
        path.write_bytes(typst.compile(str(source)))


def _typeset(blocks: list[Block], language: str, folder: Path) -> str:
    """The report in Typst; every text is a string, so that nothing in it is markup. Figures are files in the folder."""
    title = next((block.text for block in blocks if block.kind == "title"), "")
    lines = [STYLE.replace("{title}", _quoted(title)).replace("{language}", _quoted(language))]
    for number, block in enumerate(blocks):
        text = f"#{_quoted(block.text)}"
        if block.kind == "figure":
            (folder / f"figure{number}.svg").write_text(block.svg, encoding="utf-8")
            lines.append(f'#block(sticky: true, align(center, image("figure{number}.svg", width: 92%)))')
        elif block.kind == "table":
            lines.append(_typeset_table(block.rows))
        else:
            lines.append(TYPESET[block.kind].replace("@", text))
    return "\n\n".join(lines)


TYPESET = {
    "title": "= @",
    "heading": "== @",
    "lead": "#block(above: 1em, below: 0.8em, text(15pt, weight: \"bold\")[@])",
    "paragraph": "@",
    "note": "#text(8.8pt, fill: luma(90))[@]",
    "item": "- @",
    "verdict": "#block(inset: (left: 8pt, y: 5pt), stroke: (left: 3pt + rgb(\"#8a5a00\")), text(weight: \"bold\")[@])",
    "caption": "#align(center, text(8.8pt, fill: luma(90))[@])",
}  # fmt: skip


def _typeset_table(rows: tuple[tuple[Cell, ...], ...]) -> str:
    longest = _longest(rows)
    width = len(longest)
    widest = longest.index(max(longest))
    wide = max(longest) > LONG
    columns = ", ".join("1fr" if wide and i == widest else "auto" for i in range(width))
    cells = []
    for row in rows:
        for cell in (*row, *[Cell("")] * (width - len(row))):
            weight = "bold" if cell.head else "regular"
            said = f'text(weight: "{weight}")[#{_quoted(cell.text)}]'
            cells.append(f"align({'right' if cell.number else 'left'}, {said})")
    return f"#table(columns: ({columns}), {', '.join(cells)})"


def _longest(rows: tuple[tuple[Cell, ...], ...]) -> list[int]:
    """Letters of the longest text in each column."""
    width = max(map(len, rows))
    return [max((len(row[i].text) for row in rows if i < len(row)), default=0) for i in range(width)]


def _write_docx(blocks: list[Block], language: str, path: Path) -> None:
    try:
        import docx
        from docx.shared import Cm, Pt
    except ImportError as error:
        raise _missing() from error
    document = docx.Document()
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21.0), Cm(29.7)
    page.left_margin = page.right_margin = Cm((21.0 - WIDTH_CM) / 2.0)
    page.top_margin = page.bottom_margin = Cm(2.2)
    document.styles["Normal"].font.size = Pt(10.5)
    pictures = _rasters(block.svg for block in blocks if block.kind == "figure")
    for block in blocks:
        if block.kind == "figure":
            document.add_picture(next(pictures), width=Cm(WIDTH_CM))
            document.paragraphs[-1].paragraph_format.keep_with_next = True
        elif block.kind == "table":
            _add_table(document, block.rows)
        else:
            _add_text(document, block)
    properties = document.core_properties
    properties.created = properties.modified = TIMELESS
    properties.title = next((block.text for block in blocks if block.kind == "title"), "")
    properties.author, properties.language = "hiddenpop", language
    document.save(str(path))
    drop_times(path)


def _add_text(document: Any, block: Block) -> None:
    from docx.shared import Pt, RGBColor

    if block.kind in ("title", "heading"):
        document.add_heading(block.text, level=0 if block.kind == "title" else 1)
        return
    paragraph = document.add_paragraph(style="List Bullet" if block.kind == "item" else None)
    run = paragraph.add_run(block.text)
    run.bold = block.kind in ("lead", "verdict")
    if block.kind == "lead":
        run.font.size = Pt(16)
    if block.kind in ("note", "caption"):
        run.font.size, run.font.color.rgb = Pt(9), RGBColor(0x5D, 0x69, 0x74)


def _add_table(document: Any, rows: tuple[tuple[Cell, ...], ...]) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Cm, Pt

    longest = _longest(rows)
    words = [max((len(word) for row in rows if i < len(row) for word in row[i].text.split()), default=0)
             for i in range(len(longest))]  # fmt: skip
    room = [max(min(word, WORD) + 3, min(letters, LONG)) for word, letters in zip(words, longest, strict=True)]
    headed = any(cell.head for cell in rows[0])
    style = "Light List Accent 1" if headed else "Table Grid"
    table = document.add_table(rows=len(rows), cols=len(longest), style=style)
    table.autofit = False
    for column, share in zip(table.columns, room, strict=True):
        column.width = Cm(WIDTH_CM * share / sum(room))  # sets every cell too
    for row, cells in zip(table.rows, rows, strict=True):
        for place, cell in zip(row.cells, cells, strict=False):
            paragraph = place.paragraphs[0]
            run = paragraph.add_run(cell.text)
            run.font.size, run.bold = Pt(8), cell.head
            if cell.number:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_paragraph()


def _rasters(figures: Iterable[str]) -> Any:
    """Pictures in PNG, which every word processor shows."""
    from io import BytesIO

    try:
        import typst
    except ImportError as error:
        raise _missing() from error
    page = '#set page(width: auto, height: auto, margin: 2pt)\n#image("figure.svg", width: 16cm)'
    for svg in figures:
        with TemporaryDirectory() as folder:
            (Path(folder) / "figure.svg").write_text(svg, encoding="utf-8")
            (Path(folder) / "figure.typ").write_text(page, encoding="utf-8")
            yield BytesIO(typst.compile(str(Path(folder) / "figure.typ"), format="png", ppi=200))
