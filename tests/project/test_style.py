"""Formatting, lint and types are part of the tests, so that one command checks everything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "words", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]], ids=["lint", "format", "types"]
)
def test_the_code_is_clean(words: list[str], root: Path) -> None:
    result = subprocess.run([sys.executable, "-m", *words], cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_continuous_integration_runs_the_readme_s_test_command(root: Path) -> None:
    command = '.venv/bin/pip install -e ".[dev]" && .venv/bin/python -m pytest'
    assert command in (root / "README.md").read_text(encoding="utf-8")
    assert command in (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
