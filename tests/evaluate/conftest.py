"""Fixtures of the tests of scoring from files."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench_files import RESULT, sequence


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A benchmark of two sequences and a tracker's results."""
    for name in ("one", "two"):
        sequence(tmp_path / "truth", name)
        (tmp_path / "mine").mkdir(exist_ok=True)
        (tmp_path / "mine" / f"{name}.txt").write_text(RESULT)
    return tmp_path
