"""Devices, engines, codecs, OpenCV, files and the terminal."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from typing import Literal

from sportstrack.doctor.verdict import FAILED, NOTE, OK, Verdict
from sportstrack.engines import ENGINES
from sportstrack.engines.names import ON_CPU, is_installed
from sportstrack.errors import SportstrackError
from sportstrack.images.opencv import FIX, require_contrib
from sportstrack.models.devices import import_torch
from sportstrack.models.weights import cache_folder, find_weights

CPU_ONLY = "pip install torch torchvision --index-url https://download.pytorch.org/whl/cpu"
"""Installs torch without the CUDA libraries, which take half of an installation's space."""

_READ = ("h264", "hevc", "mpeg4", "vp9", "av1", "mjpeg")
_WRITTEN = "libx264"
_STANDARD = "yolov8n.pt"


def devices() -> Iterator[Verdict]:
    """Say where networks can run."""
    torch = import_torch()
    cuda = torch.cuda.is_available()
    for number in range(torch.cuda.device_count() if cuda else 0):
        about = torch.cuda.get_device_properties(number)
        yield Verdict("devices", f"cuda:{number}: {about.name}, {about.total_memory / 2**30:.0f} GB")
    if torch.backends.mps.is_available():
        yield Verdict("devices", "mps: Apple's GPU")
    yield Verdict("devices", f"cpu: {os.cpu_count()} cores, torch uses {torch.get_num_threads()}")
    if torch.version.cuda and not cuda:
        text = f"torch {torch.__version__} brings CUDA's libraries (3 GB) and finds no GPU of NVIDIA"
        yield Verdict("devices", text, NOTE, f"mend the driver, or save the space: {CPU_ONLY}")


def engines() -> Iterator[Verdict]:
    """Say what can run a network."""
    there = [name for name in ENGINES if name != "auto" and is_installed(name)]
    yield Verdict("engines", ", ".join(f"{name} ({ENGINES[name]})" for name in there))
    for name in ON_CPU:
        if not is_installed(name):
            package = {"onnx": "onnxruntime"}.get(name, name)
            yield Verdict(
                "engines", f"{ENGINES[name]} is not installed: a CPU is slower", NOTE, f"pip install {package}"
            )


def codecs() -> Iterator[Verdict]:
    """Say which videos can be read and written."""
    import av

    library = ".".join(map(str, av.library_versions["libavcodec"]))
    missing = [name for name in _READ if not _has(name, "r")]
    fix = "pip install --force-reinstall av"
    reads = f"PyAV {av.__version__}, libavcodec {library}; reads {', '.join(n for n in _READ if n not in missing)}"
    yield Verdict("codecs", reads, FAILED if "h264" in missing else OK, fix if "h264" in missing else "")
    if missing and "h264" not in missing:
        yield Verdict("codecs", f"cannot read {', '.join(missing)}", NOTE, fix)
    if _has(_WRITTEN, "w"):
        yield Verdict("codecs", f"writes H.264 ({_WRITTEN})")
    else:
        yield Verdict("codecs", f"cannot write H.264: no {_WRITTEN}", FAILED, fix)


def opencv() -> Iterator[Verdict]:
    """Say which OpenCV is in force: two packages write the same folder."""
    try:
        cv2 = require_contrib()
    except SportstrackError as error:
        yield Verdict("OpenCV", str(error), FAILED, FIX)
        return
    here = sorted({str(one.metadata["Name"]) for one in metadata.distributions() if _is_opencv(one)})
    yield Verdict("OpenCV", f"{cv2.__version__} with contrib modules, of {', '.join(here)}")
    windows = next((line.split()[-1] for line in cv2.getBuildInformation().splitlines() if "GUI:" in line), "NONE")
    if windows == "NONE":
        yield Verdict(
            "OpenCV", "it shows no windows (a headless build): --show and picking a player by mouse", NOTE, FIX
        )


def files() -> Iterator[Verdict]:
    """Say where the cache is, how large, and which weights are at hand."""
    folder = cache_folder()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    yield Verdict("cache", f"{folder}: {size / 1e6:.0f} MB")
    place = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(place, os.W_OK):
        yield Verdict("cache", f"{place} cannot be written", FAILED, "set SPORTSTRACK_CACHE to another folder")
    free = shutil.disk_usage(place).free
    if free < 2e9:
        yield Verdict("cache", f"{free / 1e9:.1f} GB are free there", NOTE, "make room, or set SPORTSTRACK_CACHE")
    for name, needed in (("demo", True), (_STANDARD, False)):
        try:
            yield Verdict("weights", f"{name}: {find_weights(name, download=False)}")
        except SportstrackError as error:
            if needed:
                yield Verdict("weights", str(error), FAILED, "install sportstrack again")
            else:
                fix = "it is downloaded with the first video, or put the file into the current folder"
                yield Verdict("weights", f"{name} is not on this machine", NOTE, fix)


def screen() -> Iterator[Verdict]:
    """Say what the terminal can show."""
    width = shutil.get_terminal_size().columns
    kind = f"{width} columns wide" if sys.stdout.isatty() else "none (output goes to a file or a pipe)"
    yield Verdict("terminal", f"{kind}, {sys.stdout.encoding}")
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        yield Verdict("terminal", "no screen for windows (no DISPLAY): --show needs one", NOTE)


def _has(codec: str, mode: Literal["r", "w"]) -> bool:
    import av

    try:
        av.Codec(codec, mode)
    except ValueError:
        return False
    return True


def _is_opencv(one: metadata.Distribution) -> bool:
    return str(one.metadata["Name"] or "").lower().replace("_", "-").startswith("opencv-")
