"""The python blocks of a chapter, run, so that its figures show what its text computes."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

PAGES = Path(__file__).resolve().parents[1]


def run_page(name: str, until: str) -> dict[str, Any]:
    """Run the blocks of a page in order until a name is defined, and return all names."""
    names: dict[str, Any] = {"__name__": "chapter"}
    page = (PAGES / name).read_text(encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()):
        for block in re.findall(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
            exec(compile(block, name, "exec"), names)
            if until in names:
                return names
    raise SystemExit(f"{name} defines no {until}")
