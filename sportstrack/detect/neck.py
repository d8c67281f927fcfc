"""Embeddings by a detector itself: the feature maps between its neck and its head, averaged over each box.

FairMOT's idea (Zhang et al. 2021): one network detects and distinguishes people, so embeddings cost almost nothing.
Here the network is a YOLO model that was trained to detect only; its features describe what is in and around a box.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sportstrack.appearance import unit_rows
from sportstrack.types import Embeddings, FloatArray

_SAMPLES = (7, 3)  # rows and columns of points per box and map whose mean is taken; people are tall
_PER_BIN = 2  # points per row and column of those, again averaged


class NeckFeatures:
    """Keep the input of a YOLO head, and average it over boxes.

    A box is averaged on every map, not on the one that fits its size: the maps have different numbers of channels, so
    vectors from two maps could not be compared when a player comes nearer. Each map's part is scaled to length 1,
    then all parts together.

    Args:
        head: the head's module (Ultralytics' ``Detect`` and its kin); it gets a hook that copies references, so the
            network computes what it did.

    Attributes:
        passes: forward passes seen so far.
    """

    def __init__(self, head: Any) -> None:
        self.passes = 0
        self._strides = [int(stride) for stride in head.stride]
        self._maps: list[Any] = []
        head.register_forward_pre_hook(self._keep)

    def embeddings(self, boxes: Sequence[FloatArray], shape: tuple[int, int]) -> list[Embeddings]:
        """Return a table of unit rows for each picture of the last forward pass.

        Args:
            boxes: (N, 4) ``xyxy`` per picture, in pixels of the frame.
            shape: (height, width) of the frames before they were letterboxed.
        """
        import torch
        from torchvision.ops import roi_align

        maps, self._maps = self._maps, []
        size = [side * self._strides[0] for side in maps[0].shape[2:]]
        counts = [len(table) for table in boxes]
        inside = letterboxed(np.concatenate(boxes), shape, (size[0], size[1]))
        if not len(inside):
            return [np.zeros((0, sum(kept.shape[1] for kept in maps)), np.float32) for _ in boxes]
        picture = np.repeat(np.arange(len(boxes)), counts)[:, None]
        regions = torch.from_numpy(np.concatenate((picture, inside), axis=1).astype(np.float32)).to(maps[0].device)
        parts = []
        with torch.inference_mode():
            for kept, stride in zip(maps, self._strides, strict=True):
                pooled = roi_align(kept.float(), regions, _SAMPLES, 1 / stride, _PER_BIN, aligned=True)
                parts.append(unit_rows(pooled.mean(dim=(2, 3)).cpu().numpy()))
        rows = unit_rows(np.concatenate(parts, axis=1))
        return np.split(rows, np.cumsum(counts)[:-1])

    def _keep(self, _: Any, inputs: tuple[Any, ...]) -> None:
        self.passes += 1
        self._maps = list(inputs[0])  # the head may put other things into its own list


def letterboxed(xyxy: FloatArray, shape: tuple[int, int], size: tuple[int, int]) -> FloatArray:
    """Move (N, 4) boxes from a frame of `shape` into the network's input of `size`, both (height, width).

    As Ultralytics' LetterBox: scaled to fit, each side rounded, centred, the odd pixel to the right and below.
    """
    scale = min(size[0] / shape[0], size[1] / shape[1])
    height, width = (max(round(side * scale), 1) for side in shape)
    left, top = round((size[1] - width) / 2 - 0.1), round((size[0] - height) / 2 - 0.1)
    moved: FloatArray = xyxy * np.tile((width / shape[1], height / shape[0]), 2) + np.tile((left, top), 2)
    return moved
