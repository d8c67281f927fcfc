"""Boxes to pixels to network input.

A box's crop is every pixel that it touches: the left and upper edge are rounded down, the right and lower edge up, and
all four are clipped to the frame. A box with any area inside the frame has at least one pixel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.appearance import unit_rows
from sportstrack.errors import SettingError
from sportstrack.images.check import check_image
from sportstrack.images.opencv import require_cv2
from sportstrack.masks.table import Masks
from sportstrack.types import BoolArray, Embeddings, FloatArray, Image, IntArray

IMAGENET_MEAN = (0.485, 0.456, 0.406)  # of RGB in 0…1
IMAGENET_STD = (0.229, 0.224, 0.225)
_BLANK = np.array([104, 116, 124], np.uint8)  # BGR, the mean above; what is blanked becomes about 0 for a network


@dataclass(frozen=True)
class NetworkInput:
    """The pictures that a network takes.

    Attributes:
        size: (height, width) in pixels.
        mean: per channel, in the network's channel order, of values 0…1.
        std: standard deviations, per channel as the means.
        bgr: channels are blue, green, red instead of red, green, blue.
    """

    size: tuple[int, int] = (256, 128)
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    bgr: bool = False

    def planes(self, crops: Image) -> NDArray[np.float32]:
        """(n, H, W, 3) BGR pictures to (n, 3, H, W) normalised channels."""
        n, height, width, _ = crops.shape
        planes = np.empty((n, 3, height, width), np.float32)
        for channel, (mean, std) in enumerate(zip(self.mean, self.std, strict=True)):
            plane = planes[:, channel]
            np.multiply(crops[..., channel if self.bgr else 2 - channel], np.float32(1 / (255 * std)), out=plane)
            plane -= np.float32(mean / std)
        return planes


def check_input(frame: Any, xyxy: Any) -> FloatArray:
    """Return the boxes as (N, 4) float64.

    Raises:
        SettingError: if the frame is not (H, W, 3) uint8, or the boxes are not (N, 4).
    """
    check_image(frame)
    boxes = np.asarray(xyxy, dtype=np.float64)
    if boxes.size == 0:
        return np.empty((0, 4))
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise SettingError(f"xyxy: expected shape (N, 4), got {boxes.shape}")
    return boxes


def pixel_boxes(xyxy: FloatArray, height: int, width: int) -> tuple[IntArray, BoolArray]:
    """Round boxes to pixels of a frame.

    Returns:
        (N, 4) int64 x1, y1, x2, y2 such that ``frame[y1:y2, x1:x2]`` is the crop, and (N,) whether it has a pixel: a
        box outside the frame, empty, inverted or not finite has none.
    """
    valid: BoolArray = np.logical_and.reduce(np.isfinite(xyxy), axis=1)
    boxes = xyxy if valid.all() else np.where(valid[:, None], xyxy, 0.0)
    valid &= (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
    rounded = np.concatenate((np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])), axis=1)
    pixels = np.clip(rounded, 0.0, [width, height, width, height]).astype(np.int64)  # clipped first: int64 has an end
    valid &= (pixels[:, 2:] > pixels[:, :2]).all(axis=1)
    return pixels, valid


def resized_crops(
    frame: Image, pixels: IntArray, size: tuple[int, int], masks: Sequence[BoolArray | None] | None = None
) -> Image:
    """Cut (n, 4) pixel boxes out of a frame and stretch each to `size`: (n, H, W, 3), bilinear.

    Args:
        frame: (H, W, 3).
        pixels: the boxes.
        size: height and width.
        masks: of each box, its (h, w) pixels that stay, the others are blanked; None leaves all.
    """
    cv2, (height, width) = require_cv2(), size
    crops = np.empty((len(pixels), height, width, 3), np.uint8)
    for row, (x1, y1, x2, y2) in enumerate(pixels.tolist()):
        part = frame[y1:y2, x1:x2]
        if masks is not None and (mask := masks[row]) is not None:
            part = np.where(mask[:, :, None], part, _BLANK)
        cv2.resize(part, (width, height), dst=crops[row], interpolation=cv2.INTER_LINEAR)
    return crops


def embed_crops(
    frame: Image,
    xyxy: FloatArray,
    run: Callable[[NDArray[np.float32]], Any],
    *,
    wants: NetworkInput,
    length: int,
    batch: int,
    masks: Masks | None = None,
) -> Embeddings:
    """Send every box through a network, at most `batch` at a time.

    Args:
        frame: (H, W, 3) BGR.
        xyxy: (N, 4).
        run: (n, 3, H, W) normalised planes → (n, `length`).
        wants: the network's input.
        length: of a vector.
        batch: limits memory.
        masks: of the boxes; what lies outside them is blanked.

    Returns:
        (N, `length`) unit rows, zeros for boxes without pixels.
    """
    boxes = check_input(frame, xyxy)
    pixels, seen = pixel_boxes(boxes, *frame.shape[:2])
    found, rows = np.zeros((len(boxes), length), np.float32), seen.nonzero()[0]
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        own = None if masks is None else [masks.crop(row, pixels[row]) if masks.has[row] else None for row in part]
        found[part] = run(wants.planes(resized_crops(frame, pixels[part], wants.size, own)))
    return unit_rows(found)
