"""The settings of an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sportstrack.errors import SettingError
from sportstrack.options import check_options, option

TARGETS: Mapping[str, str] = {
    "openvino": "CPUs, fastest on Intel's",
    "onnx": "ONNX Runtime, and most other engines",
    "torchscript": "torch without this project",
    "tensorrt": "NVIDIA GPUs; never run by this project",
    "coreml": "Apple; never run by this project",
}
"""Form of an export → what it is for."""

WITH_INT8 = ("openvino", "onnx")
"""The forms that can be quantised."""


@dataclass(frozen=True)
class ExportSettings:
    """What a checkpoint is exported to, and how.

    Attributes:
        to: what to make: openvino, onnx, torchscript, tensorrt, coreml or all; the last two were never run.
        imgsz: longer side of the network's input, where the export fixes it. None is the size of the training.
        precision: numbers in the file: fp32, or fp16 for half the size.
        int8: make 8-bit variants as well, measured on these pictures of yours: data.yaml, a folder or a video.
        pictures: use so many of them, spread over the matches.
        trust: let weights and settings files run code: only files that you trust.

    Raises:
        SettingError: a value of the wrong type or out of range, or 8 bits for a form that has none; the message names
            it.
    """

    to: Sequence[str] = option(
        ("openvino", "onnx"),
        "what to make: openvino, onnx, torchscript, tensorrt, coreml or all; the last two were never run",
        choices=tuple(TARGETS),
        metavar="NAME,…",
    )
    imgsz: int | None = option(
        None,
        "longer side of the network's input, where the export fixes it",
        shown="that of the training",
        low=32,
        high=8192,
        metavar="PIXELS",
    )
    precision: str = option("fp32", "numbers in the file: fp32, or fp16 for half the size", choices=("fp32", "fp16"))
    int8: str | None = option(
        None,
        "make 8-bit variants as well, measured on these pictures of yours: data.yaml, a folder or a video",
        metavar="DATA",
    )
    pictures: int = option(300, "use so many of them, spread over the matches", low=1, high=100_000, metavar="N")
    trust: bool = option(False, "let weights and settings files run code: only files that you trust")

    def __post_init__(self) -> None:
        check_options(self)
        if not self.to:
            raise SettingError(f"to: expected at least one of {', '.join(TARGETS)}")
        if self.int8 is not None and not set(self.to) & set(WITH_INT8):
            raise SettingError(f"--int8 makes {' and '.join(WITH_INT8)} variants; add one of them to --to")
