"""Formulas of the pages as MathML, which browsers draw themselves: no script, no font, no network.

A hook of MkDocs. ``$$…$$`` is a formula on a line of its own, ``$…$`` one within a sentence. Code is left alone.
"""

from __future__ import annotations

import re
from typing import Any

from latex2mathml.converter import convert

_CODE = re.compile(r"(^ *```.*?^ *```[ ]*$|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_FORMULA = re.compile(r"\$\$(?P<block>[^$]+)\$\$|(?<![\\$\w])\$(?P<line>[^$\n]*[^$\s])\$(?![$\w])")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page with its formulas as MathML."""
    parts = _CODE.split(markdown)
    return "".join(part if number % 2 else _FORMULA.sub(_drawn, part) for number, part in enumerate(parts))


def _drawn(found: re.Match[str]) -> str:
    block = found["block"]
    return convert((block or found["line"]).strip(), display="block" if block else "inline")
