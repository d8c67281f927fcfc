"""A frame into the network's input, and boxes and points back; both as Ultralytics' ``LetterBox`` and ``scale_boxes``.

The frame is scaled to fit, each side rounded to whole pixels, and centred on grey; an odd pixel of the border goes to
the right and below.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from sportstrack.types import Image

STRIDE = 32
_GREY = np.float32(114) / np.float32(255)

Real = TypeVar("Real", bound=np.floating[Any])


class Placing(NamedTuple):
    """Where a frame lies in the network's input, in its whole pixels.

    Attributes:
        height: of the scaled frame.
        width: of the scaled frame.
        top: rows of grey above it.
        left: columns of grey to its left.
    """

    height: int
    width: int
    top: int
    left: int


def input_size(shape: tuple[int, ...], imgsz: int, stride: int = STRIDE) -> tuple[int, int]:
    """Return the (height, width) that ``YOLO.predict`` chooses for frames of a shape: the smallest that fits.

    Args:
        shape: (height, width, …) of the frame.
        imgsz: longer side in pixels, rounded up to the stride.
        stride: of the network; both sides are multiples of it.
    """
    longer = max(_rounded_up(imgsz, stride), stride)
    height, width = (_rounded_up(side, stride) for side in _scaled(shape, longer / max(shape[:2])))
    return height, width


def placing(shape: tuple[int, ...], size: tuple[int, int]) -> Placing:
    """Return where a frame of a shape lies in an input of a size, both (height, width)."""
    longer = _scaled(shape, max(size) / max(shape[:2]))
    # The longer sides decide wherever the rounded sides fit: so does predict, which sees the square first.
    height, width = longer if longer[0] <= size[0] and longer[1] <= size[1] else _scaled(shape, _gain(shape, size))
    return Placing(height, width, *_border(size, (height, width)))


class Letterbox:
    """Writes frames into a network's input: RGB planes, 0…1, letterboxed.

    Its memory is reused from frame to frame: fresh pages cost as much as the arithmetic.

    Args:
        size: (height, width) of the input; see `input_size`.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        self._scaled: Image = np.empty((0, 0, 3), np.uint8)
        self._planes: list[NDArray[np.uint8]] = []

    def __call__(self, image: Image, out: NDArray[np.float32]) -> None:
        """Write a (H, W, 3) uint8 BGR image into ``out``, (3, height, width) float32."""
        import cv2

        height, width, top, left = placing(image.shape, self.size)
        if self._scaled.shape[:2] != (height, width):
            self._scaled = np.empty((height, width, 3), np.uint8)
            self._planes = [np.empty((height, width), np.uint8) for _ in range(3)]
        if image.shape[:2] != (height, width):
            image = cv2.resize(image, (width, height), dst=self._scaled, interpolation=cv2.INTER_LINEAR)
        out[:, :top] = out[:, top + height :] = _GREY
        out[..., :left] = out[..., left + width :] = _GREY
        inside = out[::-1, top : top + height, left : left + width]  # BGR to RGB
        for plane, channel in zip(inside, cv2.split(image, self._planes), strict=True):
            np.divide(channel, np.float32(255), out=plane, dtype=np.float32)


def letterbox(image: Image, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return one frame as the network's input, (1, 3, height, width) float32; see `Letterbox`."""
    out = np.empty((1, 3, *size), np.float32)
    Letterbox(size)(image, out[0])
    return out


def to_frame(points: NDArray[Real], shape: tuple[int, ...], size: tuple[int, int]) -> NDArray[Real]:
    """Move points from the network's input to the frame, in place, and clip them to it; return them.

    Ultralytics computes this way from the two shapes alone. Where a side was rounded down to the input's own, the way
    there differs by that rounding, at most half a pixel of the shorter side's; boxes stay those of ``YOLO.predict``.

    Args:
        points: (…, 2 or more), x and y first, in pixels of the input.
        shape: (height, width, …) of the frame.
        size: (height, width) of the input.
    """
    inner = _scaled(shape, _gain(shape, size))
    top, left = _border(size, inner)
    for axis, (border, scaled, side) in enumerate(zip((left, top), inner[::-1], shape[1::-1], strict=True)):
        values = points[..., axis]
        values -= border
        values /= scaled / side
        np.clip(values, 0, side, out=values)
    return points


def _gain(shape: tuple[int, ...], size: tuple[int, int]) -> float:
    return min(size[0] / shape[0], size[1] / shape[1])


def _scaled(shape: tuple[int, ...], gain: float) -> tuple[int, int]:
    return max(round(shape[0] * gain), 1), max(round(shape[1] * gain), 1)  # a thin frame keeps one pixel


def _border(size: tuple[int, int], inner: tuple[int, int]) -> tuple[int, int]:
    return round((size[0] - inner[0]) / 2 - 0.1), round((size[1] - inner[1]) / 2 - 0.1)


def _rounded_up(side: int, stride: int) -> int:
    return -(-side // stride) * stride
