"""Checkpoints exported for TensorRT or Core ML by Ultralytics, kept in the cache, and run by Ultralytics.

Never run by this project: it has seen neither an NVIDIA GPU nor an Apple computer.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sportstrack.detect.sizes import DEFAULT_SIZE, ImageSize, in_pixels
from sportstrack.detect.ultralytics_models import UltralyticsDetector
from sportstrack.engines.cache import find_or_make
from sportstrack.engines.convert import versions
from sportstrack.engines.names import EngineError, require_engine
from sportstrack.engines.report import EngineReport
from sportstrack.errors import SettingError
from sportstrack.models.checkpoint import opened_checkpoint
from sportstrack.models.devices import choose_device
from sportstrack.plugins import first_line

_MADE = {"tensorrt": ("engine", "model.engine", "tensorrt"), "coreml": ("coreml", "model.mlpackage", "coremltools")}
"""Engine → Ultralytics' word, name of the file, package."""

_HD = (1080, 1920)


def load_exported(
    path: Path,
    engine: str,
    *,
    precision: str | None,
    device: str,
    imgsz: ImageSize = DEFAULT_SIZE,
    trust: bool = False,
    begin: Callable[[str], None] | None = None,
    **settings: Any,
) -> UltralyticsDetector:
    """Return the detector of a checkpoint's export for TensorRT or Core ML; it is made once.

    The input is a square of `imgsz`, as Ultralytics exports it.

    Args:
        path: the checkpoint.
        engine: tensorrt or coreml.
        precision: fp32, fp16 or None, which is fp32.
        device: where TensorRT runs.
        imgsz: side of the input; a rule chooses it for HD.
        trust: let the checkpoint run code of its own while it loads.
        begin: called with a sentence for the user before the export begins.
        **settings: other keywords of `UltralyticsDetector`.

    Raises:
        SettingError: the engine is not installed, or cannot be had here.
        EngineError: the export fails.
    """
    word, name, package = _MADE[engine]
    try:
        require_engine(engine)
    except EngineError as error:
        raise SettingError(str(error)) from error
    where = choose_device(device)
    side = in_pixels(imgsz, _HD, None, {})
    if engine == "tensorrt" and not where.startswith("cuda"):
        raise SettingError(f"engine tensorrt needs an NVIDIA GPU, and the device is {where}: take --engine auto")
    if precision == "bf16":
        raise SettingError(f"engine {engine} computes in fp32 or fp16, not bf16")

    def make(out: Path) -> None:
        with opened_checkpoint(path, trust) as yolo, tempfile.TemporaryDirectory(dir=out.parent) as folder:
            yolo.model.pt_path = str(Path(folder) / "model.pt")  # of which the exporter takes folder and stem
            more = {"quantize": 16} if precision == "fp16" else {}
            try:
                made = yolo.export(format=word, imgsz=side, device=where, verbose=False, **more)
                Path(made).replace(out)
            except Exception as error:
                raise EngineError(f"{path}: cannot be exported for {engine} ({first_line(error)})") from error

    made_of = {"versions": versions() | _version(package), "imgsz": side, "precision": precision, "device": where}
    model, seconds = find_or_make(path, name, made_of, make, begin=begin)
    detector = UltralyticsDetector(model, imgsz=side, device=where, trust=trust, **settings)
    detector.report = EngineReport(engine, precision or "fp32", converted=seconds)
    return detector


def _version(package: str) -> dict[str, str]:
    try:
        return {package: version(package)}
    except PackageNotFoundError:
        return {}
