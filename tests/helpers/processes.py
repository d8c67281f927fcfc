"""Commands as processes of their own, as a user starts them, or called in this one, which takes no start."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

from sportstrack import cli

HELPERS = str(Path(__file__).parent)


def environment() -> dict[str, str]:
    """The environment of a process that finds these helpers (``--detector toy:find``); warnings are errors."""
    paths = os.pathsep.join([HELPERS, os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": paths, "PYTHONWARNINGS": "error"}


def run_word(word: str, *words: object, **extra: object) -> subprocess.CompletedProcess[str]:
    """Run ``sportstrack WORD …`` to its end."""
    return subprocess.run(
        [sys.executable, "-m", f"sportstrack.{word}", *map(str, words)],
        capture_output=True, text=True, env=environment(), timeout=120, check=False, **extra,
    )  # fmt: skip


def run_track(*words: object, **extra: object) -> subprocess.CompletedProcess[str]:
    return run_word("track", *words, **extra)


def call_word(word: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Run ``sportstrack WORD …`` in this process: for what it prints, writes and returns."""
    out, err = io.StringIO(), io.StringIO()
    command = [word, *map(str, words)]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = cli.main(command)
        except SystemExit as stop:
            status = int(stop.code or 0)
    return subprocess.CompletedProcess(command, status, out.getvalue(), err.getvalue())


def call_track(*words: object) -> subprocess.CompletedProcess[str]:
    return call_word("track", *words)


def refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """The command failed as a user's mistake: status 2, no traceback, the words in its message."""
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr
