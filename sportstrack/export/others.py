"""Forms that Ultralytics alone makes and runs: TorchScript, TensorRT, Core ML."""

from __future__ import annotations

import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path

from sportstrack.engines.names import EngineError
from sportstrack.errors import SettingError
from sportstrack.models.checkpoint import opened_checkpoint
from sportstrack.models.devices import import_torch
from sportstrack.plugins import first_line

_WORDS = {"torchscript": "torchscript", "tensorrt": "engine", "coreml": "coreml"}
_PACKAGES = {"tensorrt": "tensorrt", "coreml": "coremltools"}


def check_other(target: str) -> None:
    """Raise SettingError where a form cannot be made here; the message says what is missing."""
    package = _PACKAGES.get(target)
    if package is not None and find_spec(package) is None:
        raise SettingError(f"--to {target}: needs the package {package}: pip install {package}")
    if target == "tensorrt" and not import_torch().cuda.is_available():
        raise SettingError("--to tensorrt: needs an NVIDIA GPU; its files fit the GPU that made them")


def make_other(target: str, weights: Path, out: Path, size: tuple[int, int], precision: str, trust: bool) -> None:
    """Export a checkpoint through Ultralytics.

    Args:
        target: torchscript, tensorrt or coreml.
        weights: the ``.pt`` file.
        out: file or folder to write.
        size: (height, width) of the input.
        precision: fp32 or fp16.
        trust: let the checkpoint run code of its own while it loads.

    Raises:
        WeightsError: the checkpoint cannot be read.
        EngineError: the export fails.
    """
    with opened_checkpoint(weights, trust) as yolo, tempfile.TemporaryDirectory(dir=out.parent) as folder:
        yolo.model.pt_path = str(Path(folder) / "model.pt")  # of which the exporter takes folder and stem
        more = {"quantize": 16} if precision == "fp16" else {}
        device = "0" if target == "tensorrt" else "cpu"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch.jit is old, and TorchScript is made of it
                made = yolo.export(format=_WORDS[target], imgsz=list(size), device=device, verbose=False, **more)
            Path(made).replace(out)
        except OSError:
            raise
        except Exception as error:
            raise EngineError(f"{weights}: cannot be exported to {target} ({first_line(error)})") from error
