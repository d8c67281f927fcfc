"""The fuzzer runs, its damage is the same for the same seed, and it sees what does not end cleanly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it forks and sets limits")


def fuzz(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "benchmarks" / "fuzz.py"), *words]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)


def test_readers_end_cleanly_and_a_seed_makes_the_same_inputs(root: Path) -> None:
    words = ("--readers", "recording,settings,shots,sot-start,manifest,voc,yolo", "--inputs", "140")
    once, again = fuzz(root, *words), fuzz(root, *words)
    assert once.returncode == 0, once.stdout + once.stderr
    assert "| recording | 20 |" in once.stdout
    assert once.stdout == again.stdout


def test_one_case_is_repeated_with_its_error(root: Path) -> None:
    found = [fuzz(root, "--case", f"shots:{number}") for number in range(3)]
    assert all("returned None" in one.stdout or "FormatError" in one.stderr for one in found)
