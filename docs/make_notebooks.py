"""Make the notebooks in examples/notebooks of the pages of the course, one of each.

    python docs/make_notebooks.py           # write them
    python docs/make_notebooks.py --check   # say which differ from their pages

A block ``python`` of a page becomes a cell with code, all else text. Asserts get a message that says what was expected.
What a page shows as the output of a block (a block ``text`` right after it) is left out: the notebook prints it.
"""

from __future__ import annotations

import argparse
import ast
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
_THAN = {ast.Eq: "", ast.Lt: "less than ", ast.Gt: "more than ", ast.LtE: "at most ", ast.GtE: "at least "}
_WIDE = 110  # characters of a line from which on a message has its own


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
            "source": explained(cell.content) if cell.kind == "python" else _moved(cell.content),
            **({"execution_count": None, "outputs": []} if cell.kind == "python" else {}),
        }
        for number, cell in enumerate(cells(page.read_text(encoding="utf-8")))
        if cell.kind != "output"
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": made, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def explained(code: str) -> str:
    """Return code whose asserts say what was expected and what was found: an answer to an exercise may be wrong."""
    lines = code.split("\n")
    found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assert) and node.msg is None]
    for node in sorted(found, key=lambda one: -one.lineno):
        test, pad = ast.get_source_segment(code, node.test) or "", " " * node.col_offset
        note = lines[(node.end_lineno or node.lineno) - 1][node.end_col_offset :]
        said = _message(node.test)
        quote = "'" if '"' in said + test else '"'
        message = f"{'f' * ('{' in said)}{quote}{said}{quote}"
        if len(pad + test + message + note) > _WIDE:
            message = f"(\n{pad}    {message}\n{pad})"
        if quote not in said:
            lines[node.lineno - 1 : node.end_lineno] = [f"{pad}assert {test}, {message}{note}"]
    return "\n".join(lines)


def _message(test: ast.expr) -> str:
    """Return the inside of an f-string that says what a test expected and what it found."""
    operators = [type(one) for one in test.ops] if isinstance(test, ast.Compare) else []
    if (
        isinstance(test, ast.Compare)
        and len(operators) == 1
        and operators[0] in _THAN
        and type(test.left) is not ast.Set
    ):
        return f"expected {_THAN[operators[0]]}{_value(test.comparators[0])}, got {_value(test.left)}"
    if isinstance(test, ast.Call) and ast.unparse(test.func).endswith(".allclose"):
        return f"expected {_value(test.args[1])}, got {_value(test.args[0])}"
    parts = [test.left, *test.comparators] if isinstance(test, ast.Compare) else []
    found = [_value(part) for part in parts if any(isinstance(one, ast.Name) for one in ast.walk(part))]
    plain = _double(test).replace("{", "{{").replace("}", "}}")
    return f"expected {plain}" + (f", got {' and '.join(found)}" if found else "")


def _value(node: ast.expr) -> str:
    """Return what stands in an f-string for the value of an expression."""
    text = _double(node)
    if isinstance(node, ast.Constant):
        return text
    return f"{{ {text} }}" if text[0] == "{" or text[-1] == "}" else f"{{{text}}}"


def _double(node: ast.expr) -> str:
    """Return an expression with double quotes in place of single ones."""
    return ast.unparse(node).replace("'", '"')


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
