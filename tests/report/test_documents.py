"""PDF and DOCX say what the HTML says, and come out the same every time."""

import re
import subprocess
import sys
import zipfile

import pytest

import hiddenpop as hp
from hiddenpop.report.blocks import read_blocks
from hiddenpop.report.document import build_report, render
from hiddenpop.report.documents import write_document

REPORT = build_report(hp.load("korea"), seed=1)
HTML = render(REPORT, title='Korea & "friends" #1 <b>', dated="2026")


def said(blocks):
    """Every text of a report in order, cells of tables too."""
    for block in blocks:
        yield from [cell.text for row in block.rows for cell in row] or [block.text]


def test_nothing_of_the_html_is_lost():
    text = re.sub(r"<(style|script|title|svg).*?</\1>", " ", HTML, flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", text)
    for entity, letter in (("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&#34;", '"'), ("&#39;", "'")):
        words = words.replace(entity, letter)
    blocks = read_blocks(HTML)
    assert "".join("".join(said(blocks)).split()) == "".join(words.replace("<!doctype html>", "").split())
    assert HTML.count("<svg") == sum(block.kind == "figure" for block in blocks)
    assert {"title", "heading", "paragraph", "table", "figure", "caption", "item", "verdict"} <= {
        b.kind for b in blocks
    }


def test_docx_has_every_text_and_table(tmp_path):
    import docx

    path = tmp_path / "report.docx"
    write_document(HTML, path)
    document = docx.Document(str(path))
    blocks = read_blocks(HTML)
    assert len(document.tables) == sum(block.kind == "table" for block in blocks)
    assert len(document.inline_shapes) == sum(block.kind == "figure" for block in blocks)
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert all(block.text in texts for block in blocks if block.kind not in ("table", "figure"))
    first = next(block for block in blocks if block.kind == "table")
    assert [cell.text for cell in document.tables[0].rows[0].cells] == [cell.text for cell in first.rows[0]]


@pytest.mark.parametrize("ending", ["pdf", "docx"])
def test_the_same_report_gives_the_same_bytes(tmp_path, ending):
    made = []
    for number in range(2):
        path = tmp_path / f"{number}.{ending}"
        write_document(HTML, path)
        made.append(path.read_bytes())
    assert made[0] == made[1]
    assert made[0][:4] == (b"%PDF" if ending == "pdf" else b"PK\x03\x04")
    if ending == "docx":
        with zipfile.ZipFile(path) as packed:
            assert {info.date_time for info in packed.infolist()} == {(2000, 1, 1, 0, 0, 0)}


def test_without_the_extra_it_is_named(tmp_path):
    code = (
        "import sys; sys.modules['typst'] = sys.modules['docx'] = None\n"
        "from hiddenpop.report.documents import write_document\n"
        f"write_document('<p>x</p>', {str(tmp_path / 'a.pdf')!r})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "hiddenpop[office]" in ran.stderr
    assert not (tmp_path / "a.pdf").exists()


def test_write_report_takes_the_ending(tmp_path):
    hp.write_report(hp.load("korea"), tmp_path / "report.pdf", method="chao")
    assert (tmp_path / "report.pdf").read_bytes()[:4] == b"%PDF"
