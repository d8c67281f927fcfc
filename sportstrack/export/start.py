"""How long a detector takes from nothing to its first frame: measured in a process of its own."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sportstrack.errors import SportstrackError
from sportstrack.export.variants import VariantFile

_CODE = "from sportstrack.export.start import first_frame; first_frame()"
_PATIENCE = 600.0  # seconds


@dataclass(frozen=True)
class Start:
    """What a detector's start takes.

    Attributes:
        seconds: from the start of Python to the first frame's boxes.
        memory: highest memory of the process by then, in megabytes; NaN where the system does not say.
    """

    seconds: float
    memory: float


def measured_start(variant: VariantFile, imgsz: int, shape: tuple[int, int], trust: bool) -> Start:
    """Start a detector in a new process, which ends after its first frame, and return what that took.

    Args:
        variant: the detector.
        imgsz: longer side of its input.
        shape: (height, width) of the frame.
        trust: as `sportstrack.load_detector`.

    Raises:
        SportstrackError: it does not start.
    """
    asked = {"path": str(variant.path), "shape": shape, "imgsz": imgsz, "trust": trust, **variant.settings}
    made = subprocess.run(
        [sys.executable, "-c", _CODE, json.dumps(asked)],
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    lines = made.stdout.strip().splitlines()
    if made.returncode or not lines:
        said = made.stderr.strip().splitlines() or [f"exit status {made.returncode}"]
        raise SportstrackError(f"{variant.path}: cannot be started in a process of its own ({said[-1]})")
    found = json.loads(lines[-1])
    return Start(float(found["seconds"]), float(found["memory"]))


def first_frame() -> None:
    """Load the detector that the command line describes, detect in a grey frame, and print what it took."""
    import numpy as np

    from sportstrack.detect import load_detector

    psutil: Any = import_module("psutil")
    asked: dict[str, Any] = json.loads(sys.argv[1])
    height, width = asked.pop("shape")
    load_detector(asked.pop("path"), **asked)([np.full((height, width, 3), 114, np.uint8)])
    seconds = time.time() - psutil.Process().create_time()
    sys.stdout.write(json.dumps({"seconds": round(seconds, 2), "memory": _peak()}) + "\n")


def _peak() -> float:
    """Return the highest memory of this process so far, in megabytes.

    On Linux a new process would report its parent's as well to `resource`.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1]) / 1e3
    from sportstrack.track.summary import peak_memory_mb

    return peak_memory_mb() or math.nan
