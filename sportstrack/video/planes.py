"""BGR pictures as the planes of 4:2:0 video."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.types import Image

LUMA_SHARES = {False: (0.299, 0.114), True: (0.2126, 0.0722)}
"""Shares of red and blue in the luma of older video (BT.601), and of HD (BT.709)."""


class Planes:
    """Converts the pictures of one video: luma and colour differences in the range of video, 16…235 and 16…240.

    Each colour difference is the mean over its four pixels. OpenCV's conversion to 4:2:0 takes one of the four, and
    knows BT.601 alone; swscale's with accurate rounding takes four times as long. Memory is reused from picture to
    picture: fresh pages cost more than the arithmetic.

    Args:
        width: pixels, even.
        height: pixels, even.
        hd: BT.709 instead of BT.601.
    """

    def __init__(self, width: int, height: int, *, hd: bool) -> None:
        self._matrix = _matrix(*LUMA_SHARES[hd])
        self._whole = np.empty((height, width, 3), np.uint8)
        self._planes = [np.empty((height, width), np.uint8) for _ in range(3)]

    def frame(self, image: Image) -> Any:
        """Return a (height, width, 3) picture as a new ``av.VideoFrame`` in yuv420p."""
        import av
        import cv2

        height, width = image.shape[:2]
        whole = cv2.transform(np.ascontiguousarray(image), self._matrix, dst=self._whole)
        luma, *differences = cv2.split(whole, self._planes)
        half = (width // 2, height // 2)
        small = [cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in differences]
        frame: Any = av.VideoFrame(width, height, "yuv420p")
        for target, values in zip(frame.planes, (luma, *small), strict=True):
            rows = np.frombuffer(target, np.uint8).reshape(-1, target.line_size)
            rows[: len(values), : values.shape[1]] = values
        return frame


def _matrix(red: float, blue: float) -> NDArray[np.float32]:
    """Return the (3, 4) affine from B, G, R to luma and the blue and red differences (ITU-R BT.601, BT.709)."""
    luma = np.array([blue, 1 - red - blue, red])
    blue_less_luma = (np.array([1.0, 0.0, 0.0]) - luma) / (2 * (1 - blue))
    red_less_luma = (np.array([0.0, 0.0, 1.0]) - luma) / (2 * (1 - red))
    scaled = np.stack([219 * luma, 224 * blue_less_luma, 224 * red_less_luma]) / 255
    return np.column_stack((scaled, (16, 128, 128))).astype(np.float32)
