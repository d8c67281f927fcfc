"""A document as one HTML page: charts as SVG that follow light and dark, pictures inside, nothing fetched."""

from __future__ import annotations

import io
import re
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Any

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

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --soft: #595959; --line: #d9d9d9; --paper: #fff; --shade: #f5f5f4;
  --mark: #0b6e4f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e6e3; --soft: #a9a7a3; --line: #45454a; --paper: #17181a;
  --shade: #212225; --mark: #5ccfa3; } }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --shade: #f2f2f2;
  --mark: #0b6e4f; } figure, table, pre { break-inside: avoid; } h2, h3 { break-after: avoid; } nav { display: none; } }
* { box-sizing: border-box; }
body { font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--ink);
  background: var(--paper); max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.25; margin: 0 0 .3rem; } h2 { margin: 2.6rem 0 .6rem; padding-bottom: .25rem;
  border-bottom: 1px solid var(--line); font-size: 1.4rem; } h3 { margin: 1.8rem 0 .4rem; font-size: 1.1rem; }
p { margin: .6rem 0; } .by { color: var(--soft); margin: 0 0 1.5rem; } .quiet { color: var(--soft); font-size: .9rem; }
.question { border-left: 3px solid var(--mark); padding: .4rem .9rem; background: var(--shade); }
a { color: var(--mark); } nav ol { columns: 17rem; column-gap: 2.5rem;
  padding-left: 1.5rem; margin: .3rem 0; } nav li { break-inside: avoid; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th { text-align: right; border-bottom: 2px solid var(--line); vertical-align: bottom; white-space: nowrap; }
th, td { padding: .28rem .8rem .28rem 0; } td { text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; } td.w, th.w { text-align: left; white-space: normal; min-width: 7rem; }
td.best { font-weight: 700; color: var(--mark); }
figure { margin: 1.4rem 0; } figcaption { color: var(--soft); font-size: .9rem; margin-top: .4rem; }
figure svg, figure img { max-width: 100%; height: auto; display: block; border-radius: 3px; }
pre { background: var(--shade); padding: .8rem 1rem; overflow-x: auto; font-size: .82rem; line-height: 1.45; }
"""
_INK = re.compile(r"#000000|\bblack\b")
_LINES = re.compile(r"#(?:e5e5e5|cccccc)")
_GREY = re.compile(r"#(?:666666|777777|555555|888888)")


def html_page(document: Document) -> str:
    """Return the page."""
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(document.title)}</title><style>{_STYLE}</style></head><body><main>\n"
    )
    by = " · ".join(part for part in (document.author, document.date) if part)
    parts = [f'<h1>{escape(document.title)}</h1>\n<p class="by">{escape(by)}</p>', _contents(document)]
    parts += _blocks(document)
    if document.sources:
        items = "".join(
            f'<li id="source-{n}">{escape(one.text)} <a href="{escape(one.url)}">{escape(one.url)}</a></li>'
            for n, one in enumerate(document.sources, 1)
        )
        parts.append(f'<h2 id="references">References</h2><ol>{items}</ol>')
    return head + "\n".join(parts) + "\n</main></body></html>\n"


def _contents(document: Document) -> str:
    titles = [block.text for block in document.blocks if isinstance(block, ReportHeading) and block.level == 2]
    items = "".join(f'<li><a href="#{_anchor(title)}">{escape(title)}</a></li>' for title in titles)
    last = '<li><a href="#references">References</a></li>' if document.sources else ""
    return f'<nav aria-label="Contents"><ol>{items}{last}</ol></nav>'


def _blocks(document: Document) -> Iterator[str]:
    figures = tables = 0
    for block in document.blocks:
        if isinstance(block, ReportTable):
            tables += 1
            yield _table(block, tables)
        elif isinstance(block, (ReportChart, ReportPicture)):
            figures += 1
            yield _figure(block, figures)
        else:
            yield _plain(block)


def _plain(block: Block) -> str:
    if isinstance(block, ReportHeading):
        name = f' id="{_anchor(block.text)}"' if block.level == 2 else ""
        return f"<h{block.level}{name}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, ReportList):
        return f"<ul>{''.join(f'<li>{_linked(item)}</li>' for item in block.items)}</ul>"
    if isinstance(block, ReportCode):
        return f'<pre tabindex="0">{escape(block.text)}</pre>'
    assert isinstance(block, ReportText)
    kind = "" if block.kind == "plain" else f' class="{block.kind}"'
    return f"<p{kind}>{_linked(block.text)}</p>"


def _linked(text: str) -> str:
    """Return escaped text in which numbers of sources are links."""

    def link(found: re.Match[str]) -> str:
        return "[" + ", ".join(f'<a href="#source-{n}">{n}</a>' for n in found[1].split(", ")) + "]"

    return re.sub(r"\[(\d+(?:, \d+)*)\]", link, escape(text))


def _table(block: ReportTable, number: int) -> str:
    def row(cells: tuple[str, ...], tag: str, i: int) -> str:
        parts = []
        for k, cell in enumerate(cells):
            kinds = ["w"] * (k in block.words) + ["best"] * ((i, k) in block.best)
            mark = f' class="{" ".join(kinds)}"' if kinds else ""
            scope = ' scope="col"' if tag == "th" else ""
            parts.append(f"<{tag}{mark}{scope}>{escape(cell)}</{tag}>")
        return f"<tr>{''.join(parts)}</tr>"

    head, body = row(block.head, "th", -1), "".join(row(cells, "td", i) for i, cells in enumerate(block.rows))
    label = f"Table {number}"
    return (
        f"<figure><figcaption>{label}. {_linked(block.caption)}</figcaption>"
        f'<div class="wide" role="region" tabindex="0" aria-label="{label}"><table><thead>{head}</thead>'
        f"<tbody>{body}</tbody></table></div></figure>"
    )


def _figure(block: ReportChart | ReportPicture, number: int) -> str:
    if isinstance(block, ReportChart):
        picture = svg_of(block.draw(), block.alt, number)
    else:
        data = b64encode(block.jpeg).decode()
        picture = f'<img alt="{escape(block.alt)}" src="data:image/jpeg;base64,{data}">'
    return f"<figure>{picture}<figcaption>Figure {number}. {_linked(block.caption)}</figcaption></figure>"


def svg_of(figure: Any, alt: str, number: int) -> str:
    """Return a figure as SVG whose ink follows the page's colours.

    Args:
        figure: a ``matplotlib.figure.Figure``.
        alt: what is to be seen.
        number: of the figure, which keeps the names within it apart from those of other figures.
    """
    from matplotlib import rc_context

    out = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": f"figure-{number}", "font.family": "sans-serif"}):
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(
        r' id="(?:figure|axes|patch|line2d|text|legend|matplotlib\.axis|[xy]tick|\w+Collection)_\d+"', "", text
    )
    text = re.sub(r"font(-family)?: ([^;\"']*)'DejaVu Sans'[^;\"]*", r"font\1: \2system-ui, sans-serif", text)
    for pattern, colour in ((_INK, "currentColor"), (_LINES, "var(--line)"), (_GREY, "var(--soft)")):
        text = pattern.sub(colour, text)
    label = f'<svg role="img" fill="currentColor" aria-label="{escape(alt)}"'
    return re.sub(r"^<svg", label, text, count=1)


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
