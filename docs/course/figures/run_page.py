"""Run the blocks of a chapter, so that a figure shows what the chapter computes."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2]
IMAGES = DOCS / "images" / "course"
sys.path.insert(0, str(DOCS))
from make_notebooks import cells  # noqa: E402


def run_page(name: str, before: str = "## Exercises") -> dict[str, Any]:
    """Return the names that a page's blocks have made, in an empty folder, up to a heading."""
    names: dict[str, Any] = {"__name__": "chapter"}
    text = (DOCS / "course" / name).read_text(encoding="utf-8").partition(before)[0]
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(folder)
        for cell in cells(text):
            if cell.kind == "python":
                exec(cell.content, names)
        os.chdir(here)
    return names
