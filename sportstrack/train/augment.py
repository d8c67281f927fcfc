"""Operations of `data_prep.augment` while training: other light, noise and weather in each pass."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from sportstrack.types import FloatArray


class Operations:
    """One of Ultralytics' transforms: changes a picture's light by one operation, drawn anew each time.

    Args:
        names: operations that move no box, of `data_prep.augment.NIGHT`.
        share: of the pictures that are changed.
    """

    def __init__(self, names: Sequence[str], share: float) -> None:
        self._names, self._share = tuple(names), share

    def __call__(self, labels: dict[str, Any]) -> dict[str, Any]:
        """Change ``labels["img"]``, (H, W, 3) uint8 BGR."""
        from data_prep.augment import augment_image

        # Ultralytics seeds this generator, also in the processes that read pictures.
        if random.random() >= self._share:
            return labels
        name, seed = random.choice(self._names), random.getrandbits(32)
        boxes = _pixel_boxes(labels)
        image, *_ = augment_image(np.ascontiguousarray(labels["img"]), boxes, np.zeros(len(boxes)), [name], seed)
        labels["img"] = image
        return labels


def add_operations(dataset: Any, operations: Operations) -> None:
    """Put the operations behind a data set's geometry and before its last step, which makes tensors.

    Ultralytics builds the list anew when it closes its mosaics.
    """
    build = dataset.build_transforms

    def with_them(hyp: Any = None) -> Any:
        transforms = build(hyp)
        transforms.insert(len(transforms.transforms) - 1, operations)
        return transforms

    dataset.build_transforms = with_them
    dataset.transforms.insert(len(dataset.transforms.transforms) - 1, operations)


def _pixel_boxes(labels: dict[str, Any]) -> FloatArray:
    """(N, 4) ``xyxy`` in pixels; the instances themselves stay as they are."""
    instances = labels["instances"]
    boxes: FloatArray = np.asarray(instances.bboxes, np.float64).reshape(-1, 4).copy()
    if instances._bboxes.format == "xywh":
        boxes = np.concatenate([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], axis=1)
    if instances.normalized:
        height, width = labels["img"].shape[:2]
        boxes *= (width, height, width, height)
    return boxes
