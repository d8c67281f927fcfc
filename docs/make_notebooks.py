"""Make the notebooks in examples/notebooks of the pages of the course, one of each.

    python docs/make_notebooks.py           # write them
    python docs/make_notebooks.py --check   # say which differ from their pages

A block ``python`` of a page becomes a cell with code, all else text. What a page shows as the output of a block (a
block ``text`` right after it) is left out: the notebook prints it.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGES, NOTEBOOKS = ROOT / "docs" / "course", ROOT / "examples" / "notebooks"

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w*)[^\n]*\n(?P<body>.*?)^(?P=indent)```[ ]*\n", re.DOTALL | re.MULTILINE
)
_NOTE = re.compile(r"^(?:\?\?\?\+?|!!!) \w+ \"(?P<title>[^\"]*)\"\n(?P<body>(?:(?: {4}[^\n]*)?\n)+)", re.MULTILINE)
_LINK = re.compile(r"(?P<before>\]\()(?P<target>(?![a-z]+:|#|/)[^)\s]+)")


class PageCell(NamedTuple):
    """A piece of a page: ``text``, ``python`` or ``output``, and what is in it."""

    kind: str
    content: str


def cells(page: str) -> list[PageCell]:
    """Return the pieces of a page's Markdown, in order. Notes that fold are opened."""
    page = _NOTE.sub(lambda note: f"**{note['title']}**\n\n{dedent(note['body']).strip()}\n\n", page.rstrip() + "\n")
    found: list[PageCell] = []
    done = 0
    for fence in _FENCE.finditer(page):
        if fence["kind"] not in ("python", "text"):
            continue
        between = page[done : fence.start()]
        if fence["kind"] == "text" and not (found and found[-1].kind == "python" and not between.strip()):
            continue  # a drawing, or what a command prints
        done = fence.end()
        if between.strip():
            found.append(PageCell("text", between.strip()))
        kind = "python" if fence["kind"] == "python" else "output"
        found.append(PageCell(kind, dedent(fence["body"]).rstrip()))
    if page[done:].strip():
        found.append(PageCell("text", page[done:].strip()))
    return found


def notebook(page: Path) -> dict[str, Any]:
    """Return a notebook of the format 4.5, without outputs."""
    made = [
        {
            "cell_type": "code" if cell.kind == "python" else "markdown",
            "id": f"{page.stem[:2]}-{number:03d}",
            "metadata": {},
            "source": cell.content if cell.kind == "python" else _moved(cell.content),
            **({"execution_count": None, "outputs": []} if cell.kind == "python" else {}),
        }
        for number, cell in enumerate(cells(page.read_text(encoding="utf-8")))
        if cell.kind != "output"
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def _moved(text: str) -> str:
    """Return Markdown whose links lead from examples/notebooks to where they led from docs/course."""
    return _LINK.sub(lambda link: f"{link['before']}../../docs/course/{link['target']}", text)


def main() -> int:
    """Write or compare the notebooks."""
    import json

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a notebook differs")
    check = parser.parse_args().check
    NOTEBOOKS.mkdir(parents=True, exist_ok=True)
    texts = {
        NOTEBOOKS / f"{page.stem}.ipynb": json.dumps(notebook(page), indent=1, ensure_ascii=False) + "\n"
        for page in sorted(PAGES.glob("[0-9][0-9]-*.md"))
    }
    old = [path for path in sorted(NOTEBOOKS.glob("*.ipynb")) if path not in texts]
    different = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in old + different:
        state = "has no page" if path in old else "differs" if check else "written"
        sys.stdout.write(f"{path.relative_to(ROOT)}: {state}\n")
    if not check:
        for path in old:
            path.unlink()
        for path in different:
            path.write_text(texts[path], encoding="utf-8")
    return int(check and bool(old or different))


if __name__ == "__main__":
    sys.exit(main())
