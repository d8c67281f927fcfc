"""A few kills by the benchmark of kills, so that it keeps working; it has the other commands and many more kills."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="the benchmark forks")
def test_kills_lose_nothing_and_leave_nothing_half(root: Path) -> None:
    words = ["benchmarks/kills.py", "--kills", "6", "--only", "refine,convert replaced"]
    done = subprocess.run(
        [sys.executable, *words], cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    kills, _, *wrong = [int(cell) for cell in done.stdout.splitlines()[-1].split("|")[2:-1]]
    assert kills >= 6
    assert wrong == [0, 0, 0]
