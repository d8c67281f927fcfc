"""What an experiment ran on: versions, machine, device, and the state of the code in git."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sportstrack import __version__
from sportstrack.experiment.code import versions

_PACKAGES = (
    *("numpy", "scipy", "torch", "torchvision", "ultralytics", "openvino", "onnxruntime", "opencv-contrib-python"),
    *("av", "matplotlib", "reportlab"),
)


def environment() -> dict[str, Any]:
    """Return plain values; nothing heavy is loaded, so the device is what the runs themselves record."""
    return {
        "sportstrack": __version__,
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory(),
        "packages": versions(_PACKAGES),
        "git": _git(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def _memory() -> float | None:
    if find_spec("psutil") is None:
        return None
    import psutil

    return round(float(psutil.virtual_memory().total) / 2**30, 1)


def _git() -> dict[str, Any] | None:
    """Return commit and whether files differ from it; None where the code is no clone, or there is no git."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    commit, status = (_ask(root, *words) for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "-uno")))
    return None if commit is None else {"commit": commit, "changed": bool(status)}


def _ask(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def command_line(config: str) -> str:
    """Return the command that makes the experiment again, for the report."""
    return f"sportstrack experiment {config}" if config else f"{Path(sys.argv[0]).name or 'python'} (from Python)"
