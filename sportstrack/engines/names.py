"""The engines that run a network, and the precisions that they compute in."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from sportstrack.errors import SportstrackError

ENGINES: Mapping[str, str] = {
    "auto": "the fastest here",
    "torch": "PyTorch",
    "openvino": "OpenVINO",
    "onnx": "ONNX Runtime",
    "tensorrt": "TensorRT (NVIDIA; never run by this project)",
    "coreml": "Core ML (Apple; never run by this project)",
}
"""Name → what it is."""

PRECISIONS = ("fp32", "fp16", "bf16")
"""What a network can be asked to compute in; 8-bit integers are a file's own, made by ``sportstrack export``."""

ON_CPU = ("openvino", "onnx")
"""The engines of a CPU that this project has runtimes for."""

_PACKAGES = {"torch": "torch", "openvino": "openvino", "onnx": "onnxruntime", "tensorrt": "tensorrt"}
_PACKAGES |= {"coreml": "coremltools"}


class EngineError(SportstrackError):
    """A network cannot be converted for an engine, or an engine cannot run it; another engine may."""


def is_installed(engine: str) -> bool:
    """Return whether an engine's package is there; it is not imported."""
    return find_spec(_PACKAGES[engine]) is not None


def require_engine(engine: str) -> None:
    """Raise EngineError unless an engine's package is there; the message says how to get it."""
    if not is_installed(engine):
        package = _PACKAGES[engine]
        raise EngineError(
            f"engine {engine}: the Python package {package} is not installed: pip install {package}, or take another"
        )
