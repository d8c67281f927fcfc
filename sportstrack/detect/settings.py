"""The settings of a detector, as every command takes them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from sportstrack.engines.names import ENGINES, PRECISIONS
from sportstrack.images.enhance import ENHANCE, NONE, THERMAL
from sportstrack.options import check_options, option

LOWEST_SCORE = 0.1
"""Of a detector's boxes, unless the settings say another."""
LOWEST_BALL_SCORE = 0.05
"""Of its boxes of the ball, where a tracker of its own follows the ball."""


def as_classes(text: str) -> tuple[int | str, ...]:
    """Return the ids and names of classes of a comma-separated list."""
    found = (word.strip() for word in text.split(","))
    return tuple(int(word) if word.isdigit() else word for word in found if word)


@dataclass(frozen=True)
class DetectorSettings:
    """Which detector runs, and how.

    Attributes:
        weights: path, known name (downloaded once) or 'demo'; Ultralytics loads them.
        detector: instead of weights: torchvision:NAME, transformers:FOLDER_OR_NAME, detectron2:CONFIG.yaml,
            tensorflow:SAVED_MODEL, or package.module:NAME, a callable frames -> list[Detections].
        imgsz: longer side of the network's input. None is 640, or what the library takes; in tracking the quality
            decides.
        score: lowest score of a box; trackers use low scores too. None is 0.1 for a detector; of a recording it takes
            all.
        iou: overlap above which the box with the lower score is dropped.
        classes: ids or names of classes to keep, or all. None keeps persons and sports balls of a COCO model and all
            classes of any other.
        device: auto, cpu, cuda:0 or mps.
        engine: what runs the network: auto (the fastest on a CPU, torch on a GPU), torch, openvino, onnx, or tensorrt
            and coreml, which were never run here.
        precision: what the network computes in: fp32, fp16 or bf16. None is fp32, and fp16 with half.
        half: 16-bit floats on a GPU.
        trust: let weights and settings files run code: only files that you trust. A settings file
            cannot set it.
        batch: frames per call of the detector. None chooses.
        masks: give the masks of a segmentation model; without, its boxes alone, in less time.
        enhance: make pictures brighter for the detector: auto (dark ones alone, with less noise), gamma, clahe (and
            even contrast), denoise (and without noise), or none.
        thermal: the camera sees heat and shows warm things white or black; its pictures are stretched for the
            detector, and black-hot ones turned round.

    Raises:
        SettingError: a value of the wrong type or out of range; the message names it.
    """

    weights: str = option("yolov8n.pt", "path, known name (downloaded once) or 'demo'")
    detector: str | None = option(
        None,
        "instead of weights: torchvision:NAME, transformers:FOLDER_OR_NAME, detectron2:CONFIG.yaml, "
        "tensorflow:SAVED_MODEL, or package.module:NAME, a callable frames -> list[Detections]",
        metavar="LIBRARY:NAME",
    )
    imgsz: int | None = option(
        None,
        "longer side of the network's input",
        shown="by --quality in track and label, else 640",
        low=32,
        high=16384,
        metavar="PIXELS",
    )
    score: float | None = option(
        None, "lowest score of a box; trackers use low scores too", shown=str(LOWEST_SCORE), low=0, high=1
    )
    iou: float = option(0.7, "overlap above which the box with the lower score is dropped", low=0, high=1)
    classes: Sequence[int | str] | None = option(
        None, "ids or names of classes to keep, or all", shown="of COCO's: person, sports ball", metavar="CLASS,…"
    )
    device: str = option("auto", "auto, cpu, cuda:0 or mps")
    engine: str = option(
        "auto",
        "what runs the network: auto (the fastest on a CPU, torch on a GPU), torch, openvino, onnx, or tensorrt and "
        "coreml, which were never run here",
        choices=tuple(ENGINES),
    )
    precision: str | None = option(
        None, "what the network computes in: fp32, fp16 or bf16", shown="fp32", choices=PRECISIONS
    )
    half: bool = option(False, "16-bit floats on a GPU")
    trust: bool = option(False, "let weights and settings files run code: only files that you trust")
    batch: int | None = option(
        None,
        "frames per call of the detector",
        shown="on a CPU one per core, 4 at most; 8 on a GPU",
        low=1,
        high=4096,
        metavar="N",
    )

    masks: bool = option(True, "give the masks of a segmentation model")
    enhance: str = option(
        NONE,
        "make pictures brighter for the detector: auto (dark ones alone, with less noise), gamma, clahe (and even "
        "contrast), denoise (and without noise), or none",
        choices=ENHANCE,
    )
    thermal: str = option(
        NONE,
        "the camera sees heat and shows warm things white or black; its pictures are stretched for the detector, and "
        "black-hot ones turned round",
        choices=THERMAL,
    )

    def __post_init__(self) -> None:
        if isinstance(path := getattr(self, "weights"), os.PathLike):  # noqa: B009 - typed as text
            object.__setattr__(self, "weights", os.fspath(path))
        if isinstance(named := getattr(self, "classes"), str):  # noqa: B009 - typed as a list
            object.__setattr__(self, "classes", as_classes(named))
        check_options(self)
