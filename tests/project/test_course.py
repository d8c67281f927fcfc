"""The course runs: every block of a chapter, and what the page says that it prints is what it prints."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest
from processes import environment

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "docs" / "course").glob("[0-9][0-9]-*.md"))
MOST_WORDS = 3000


def load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_notebooks", ROOT / "docs" / "make_notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = load_tool()


RUN = """
import contextlib, io, json, sys
names = {"__name__": "chapter"}
for number, kind, content in json.load(sys.stdin):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(content, f"piece {number}", "exec"), names)
    print(json.dumps([number, out.getvalue()]), flush=True)
"""


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_chapter_runs_and_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    """In a process of its own, as a reader runs it: libraries that other tests load change how numpy prints."""
    cells = tool.cells(page.read_text(encoding="utf-8"))
    pieces = [(number, cell.kind, cell.content) for number, cell in enumerate(cells) if cell.kind == "python"]
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(pieces), cwd=tmp_path, env=environment() | {"MPLBACKEND": "Agg"},
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{page.name}: {done.stderr[-3000:]}"
    printed = dict(json.loads(line) for line in done.stdout.splitlines())
    last = ""
    for number, cell in enumerate(cells):
        last = printed.get(number, last)
        if cell.kind == "output":
            assert alike(last, cell.content), f"{page.name}, piece {number} prints:\n{last}"


def alike(printed: str, shown: str) -> bool:
    """Return whether a page shows what was printed: words as they are, numbers nearly, ``…`` for anything."""
    found, wanted = printed.split(), shown.split()
    return len(found) == len(wanted) and all(map(_fits, found, wanted))


def _fits(found: str, wanted: str) -> bool:
    if wanted == "…" or found == wanted:
        return True
    parts, others = re.split(r"(\d+\.\d+)", found), re.split(r"(\d+\.\d+)", wanted)
    if parts[::2] != others[::2]:
        return False
    return all(
        abs(float(a) - float(b)) <= 2 * 10.0 ** -len(b.split(".")[1])
        for a, b in zip(parts[1::2], others[1::2], strict=True)
    )


@pytest.mark.parametrize(
    ("printed", "shown", "same"),
    [
        ("HOTA 0.501\n", "HOTA 0.502", True),
        ("HOTA 0.501\n", "HOTA 0.512", False),
        ("3 tracks", "4 tracks", False),
        ("took 13 ms", "took … ms", True),
        ("a b", "a", False),
        ("[0.10, 0.20]", "[0.10, 0.21]", True),
    ],
)
def test_what_a_page_shows_is_compared(printed: str, shown: str, same: bool) -> None:
    assert alike(printed, shown) is same


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_notebook_is_that_of_its_page(page: Path) -> None:
    path = ROOT / "examples" / "notebooks" / f"{page.stem}.ipynb"
    assert path.is_file(), "run: python docs/make_notebooks.py"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content == tool.notebook(page), "run: python docs/make_notebooks.py"
    nbformat.validate(content)
    for target in re.findall(r"\]\(((?![a-z]+:|#)[^)#\s]+)", "\n".join(c["source"] for c in content["cells"])):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_chapter_is_of_a_length_that_one_reads(page: Path) -> None:
    assert len(page.read_text(encoding="utf-8").split()) <= MOST_WORDS


def test_the_start_page_and_the_navigation_lead_to_every_chapter() -> None:
    start = (ROOT / "docs" / "course" / "index.md").read_text(encoding="utf-8")
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in CHAPTERS:
        assert f"]({page.name})" in start, page.name
        assert f"course/{page.name}" in navigation, page.name


def test_pages_come_apart_into_text_code_and_output() -> None:
    page = """# One

Words.

```python
print(1)
```

```text
1
```

??? note "Solution"

    It is two.

    ```python
    assert 1 + 1 == 2
    ```

See [SORT](../trackers/sort.md#x), [a site](https://a.example) and ![a curve](../images/course/curve.svg).

```sh
sportstrack track match.mp4
```
"""
    found = tool.cells(page)
    assert [cell.kind for cell in found] == ["text", "python", "output", "text", "python", "text"]
    assert found[4].content == "assert 1 + 1 == 2"
    assert found[3].content == "**Solution**\n\nIt is two."
    assert "sportstrack track match.mp4" in found[5].content


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("assert cells(64) == 8400", "expected 8400, got 64"),
        ("assert cells(3) / 2 > 2  # so many", "expected more than 2, got 1.5"),
        ("assert 1 < cells(5) < 4", "expected 1 < cells(5) < 4, got 5"),
        ('assert {"a", "b"} <= set(cells("b"))', 'expected {"a", "b"} <= set(cells("b")), got {\'b\'}'),
        ('assert cells({1: "a"}) == {1: "b"}', "expected {1: 'b'}, got {1: 'a'}"),
        ("assert not cells(2)", "expected not cells(2)"),
    ],
)
def test_a_wrong_answer_is_told_what_was_expected(code: str, words: str) -> None:
    with pytest.raises(AssertionError) as told:
        exec(tool.explained(code), {"cells": lambda given: given})
    assert str(told.value) == words
