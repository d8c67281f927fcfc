"""A document as PDF, by reportlab: A4, numbered pages, tables that go on over pages."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from sportstrack.errors import SettingError
from sportstrack.experiment.report.document import (
    Block,
    Document,
    ReportChart,
    ReportCode,
    ReportHeading,
    ReportList,
    ReportPicture,
    ReportTable,
    ReportText,
)

_MARGIN = 57.0  # points: 20 mm
_DPI = 220
_CHARTS = 0.85  # of their size elsewhere: their letters are then about as large as the text's
_INK, _SOFT, _LINE, _MARK = "#1c1c1c", "#555555", "#cccccc", "#0b6e4f"
_LONGEST = 110  # characters of a line of code
_EAST = {
    "STSong-Light": r"[\u4e00-\u9fff]+",
    "HeiseiMin-W3": r"[\u3040-\u30ff]+",
    "HYSMyeongJo-Medium": r"[\uac00-\ud7af]+",
}


def has_pdf() -> bool:
    """Return whether the library is installed."""
    from importlib.util import find_spec

    return find_spec("reportlab") is not None


def pdf_pages(document: Document) -> bytes:
    """Return the PDF's bytes.

    Raises:
        SettingError: reportlab is not installed.
    """
    if not has_pdf():
        raise SettingError("a report as PDF needs reportlab: pip install 'sportstrack[report]'")
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import SimpleDocTemplate

    out = io.BytesIO()
    template = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=document.title,
        author=document.author,
        invariant=1,
    )
    width = A4[0] - 2 * _MARGIN

    def footer(canvas: Any, page: Any) -> None:
        canvas.setFont("Body", 8)
        canvas.setFillColor(_SOFT)
        canvas.drawRightString(A4[0] - _MARGIN, _MARGIN / 2, str(page.page))

    template.build(list(_story(document, width)), onFirstPage=footer, onLaterPages=footer)
    return out.getvalue()


@cache
def _styles() -> dict[str, Any]:
    """Register the fonts, which matplotlib brings, and return the styles of paragraphs."""
    import matplotlib as mpl
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name, file in (("Body", "DejaVuSans"), ("Bold", "DejaVuSans-Bold"), ("Mono", "DejaVuSansMono")):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{file}.ttf")))
    pdfmetrics.registerFontFamily("Body", normal="Body", bold="Bold", italic="Body", boldItalic="Bold")
    for name in _EAST:
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    base = {"fontName": "Body", "fontSize": 9.5, "leading": 14, "textColor": _INK, "splitLongWords": 1}

    def style(name: str, **more: Any) -> Any:
        return ParagraphStyle(name, **(base | more))

    return {
        "title": style("title", fontName="Bold", fontSize=18, leading=23, spaceAfter=4),
        "by": style("by", textColor=_SOFT, spaceAfter=10),
        "h2": style("h2", fontName="Bold", fontSize=13, leading=17, spaceBefore=14, spaceAfter=5, keepWithNext=1),
        "h3": style("h3", fontName="Bold", fontSize=10.5, leading=14, spaceBefore=9, spaceAfter=3, keepWithNext=1),
        "plain": style("plain", spaceAfter=5),
        "quiet": style("quiet", textColor=_SOFT, fontSize=8.5, leading=12, spaceAfter=5),
        "question": style(
            "question", backColor="#f3f5f4", borderPadding=(4, 6, 4, 6), leftIndent=6, rightIndent=6, spaceBefore=5,
            spaceAfter=9,
        ),
        "item": style("item", leftIndent=12, bulletIndent=2, spaceAfter=2),
        "caption": style("caption", textColor=_SOFT, fontSize=8.5, leading=11.5, spaceBefore=2, spaceAfter=10),
        "above": style(
            "above", textColor=_SOFT, fontSize=8.5, leading=11.5, spaceBefore=8, spaceAfter=4, keepWithNext=1
        ),
        "code": style("code", fontName="Mono", fontSize=7, leading=9.5, spaceBefore=4, spaceAfter=8),
    }  # fmt: skip


def _story(document: Document, width: float) -> Iterator[Any]:
    from reportlab.platypus import Paragraph

    styles = _styles()
    yield Paragraph(_text(document.title), styles["title"])
    by = " · ".join(part for part in (document.author, document.date) if part)
    yield Paragraph(_text(by), styles["by"])
    figures = tables = 0
    for block in document.blocks:
        if isinstance(block, ReportTable):
            tables += 1
            yield from _table(block, tables, width)
        elif isinstance(block, (ReportChart, ReportPicture)):
            figures += 1
            yield _figure(block, figures, width)
        else:
            yield from _plain(block)
    if document.sources:
        yield Paragraph("References", styles["h2"])
        for n, one in enumerate(document.sources, 1):
            address = f'<link href="{escape(one.url, {chr(34): "&quot;"})}" color="{_MARK}">{_text(one.url)}</link>'
            yield Paragraph(f"{n}. {_text(one.text)} {address}", styles["item"])


def _plain(block: Block) -> Iterator[Any]:
    from reportlab.platypus import Paragraph, XPreformatted

    styles = _styles()
    if isinstance(block, ReportHeading):
        yield Paragraph(_text(block.text), styles[f"h{block.level}"])
    elif isinstance(block, ReportList):
        for item in block.items:
            yield Paragraph(_text(item), styles["item"], bulletText="•")
    elif isinstance(block, ReportCode):
        yield XPreformatted(_text("\n".join(_broken(block.text))), styles["code"])
    elif isinstance(block, ReportText):
        yield Paragraph(_text(block.text), styles[block.kind])


def _broken(text: str) -> Iterator[str]:
    """Yield lines that fit the page; what goes on is indented."""
    for line in text.expandtabs(4).splitlines():
        rest = line
        while len(rest) > _LONGEST:
            cut = rest.rfind(" ", _LONGEST // 2, _LONGEST)
            cut = cut if cut > 0 else _LONGEST
            yield rest[:cut]
            rest = f"    {rest[cut:].lstrip()}"
        yield rest


def _table(block: ReportTable, number: int, width: float) -> Iterator[Any]:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, Spacer, Table, TableStyle

    yield Paragraph(f"Table {number}. {_text(block.caption)}", _styles()["above"])
    size = 8.0 if len(block.head) <= 9 else 7.0

    def cell(text: str, k: int, *, bold: bool) -> Any:
        style = ParagraphStyle(
            "cell", fontName="Bold" if bold else "Body", fontSize=size, leading=size + 2.5, textColor=_INK,
            alignment=0 if k in block.words else 2, splitLongWords=1,
        )  # fmt: skip
        return Paragraph(_text(text), style)

    rows = [[cell(text, k, bold=True) for k, text in enumerate(block.head)]]
    rows += [
        [cell(text, k, bold=(i, k) in block.best) for k, text in enumerate(cells)] for i, cells in enumerate(block.rows)
    ]
    table = Table(rows, colWidths=_widths(block, width, size), repeatRows=1, hAlign="LEFT")
    lines: list[Any] = [("LINEBELOW", (0, 0), (-1, 0), 0.9, _LINE), ("LINEBELOW", (0, 1), (-1, -1), 0.4, _LINE)]
    tight: list[Any] = [("LEFTPADDING", (0, 0), (-1, -1), 2), ("RIGHTPADDING", (0, 0), (-1, -1), 4)]
    tight += [
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    table.setStyle(TableStyle(lines + tight))
    yield table
    yield Spacer(1, 8)


def _widths(block: ReportTable, width: float, size: float) -> list[float]:
    """Return the columns' widths in points: numbers get what they need, words share the rest."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    def longest(k: int) -> float:
        texts = [block.head[k], *(row[k] for row in block.rows)]
        return float(max(stringWidth(text, "Bold", size) for text in texts)) + 9

    wanted = [longest(k) for k in range(len(block.head))]
    if sum(wanted) <= width:
        return wanted
    words = sorted((k for k in range(len(wanted)) if k in block.words), key=lambda k: wanted[k])
    room = width - sum(wanted[k] for k in range(len(wanted)) if k not in block.words)
    if not words or room < 0.2 * width:
        return [width * one / sum(wanted) for one in wanted]
    for place, k in enumerate(words):  # short ones get what they need, which leaves more for the long ones
        wanted[k] = min(wanted[k], room / (len(words) - place))
        room -= wanted[k]
    return wanted


def _figure(block: ReportChart | ReportPicture, number: int, width: float) -> Any:
    from reportlab.lib.utils import ImageReader
    from reportlab.platypus import Image, KeepTogether, Paragraph

    if isinstance(block, ReportChart):
        data, figure = io.BytesIO(), block.draw()
        figure.savefig(data, format="png", dpi=_DPI)
        data.seek(0)
        natural = figure.get_size_inches()[0] * 72 * _CHARTS
    else:
        data, natural = io.BytesIO(block.jpeg), 0.0
    pixels = ImageReader(data).getSize()
    data.seek(0)
    natural = natural or 0.75 * pixels[0]
    shown = min(width, natural)
    picture = Image(data, shown, shown * pixels[1] / pixels[0])
    picture.hAlign = "LEFT"
    caption = Paragraph(f"Figure {number}. {_text(block.caption)}", _styles()["caption"])
    return KeepTogether([picture, caption])


def _text(text: str) -> str:
    """Return a text escaped for reportlab, with fonts for scripts that the body's font lacks."""
    shown = escape(text)
    for font, pattern in _EAST.items():
        shown = re.sub(pattern, lambda found, font=font: f'<font name="{font}">{found[0]}</font>', shown)  # type: ignore[misc]
    return shown
