"""How much light a picture has, and whether it has colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sportstrack.types import FloatArray, Image

LUMA = np.array([0.114, 0.587, 0.299])  # of B, G, R (ITU-R BT.601)
_PIXELS = 20_000  # that are looked at
_COLOUR = 3.0  # mean difference of the channels, in grey values, below which a picture is grey; codecs leave 1 or 2
_CONTRAST = 8.0  # grey values between the 5th and 95th percentile; in less nothing can be told


@dataclass(frozen=True)
class Light:
    """Grey values of a picture, 0…255.

    Attributes:
        middle: the median.
        bright: the 90th percentile.
        white: the 99.5th percentile.
        noise: standard deviation of the grain.
    """

    middle: float
    bright: float
    white: float
    noise: float


def measure_light(image: Image) -> Light:
    """Measure an (H, W, 3) picture's light."""
    grey = thinned(image) @ LUMA
    middle, bright, white = np.percentile(grey, (50, 90, 99.5)).tolist()
    return Light(middle, bright, white, _noise(image))


def box_light(image: Image, boxes: FloatArray, around: float = 0.25) -> FloatArray:
    """(N,) mean grey value, 0…255, in and around each box; NaN for a box outside the picture.

    Args:
        image: (H, W, 3) BGR.
        boxes: (N, 4) ``xyxy`` in pixels.
        around: share of a box's sides that is added on each side.
    """
    height, width = image.shape[:2]
    light = np.full(len(boxes), np.nan)
    for row, (x1, y1, x2, y2) in enumerate(np.asarray(boxes, np.float64).reshape(-1, 4).tolist()):
        if not np.isfinite((x1, y1, x2, y2)).all():
            continue
        dx, dy = around * (x2 - x1), around * (y2 - y1)
        left, right = np.clip((x1 - dx, x2 + dx), 0, width).round().astype(int).tolist()
        top, bottom = np.clip((y1 - dy, y2 + dy), 0, height).round().astype(int).tolist()
        part = image[top:bottom, left:right]
        if part.size:
            light[row] = float(part.mean(axis=(0, 1)) @ LUMA)
    return light


def has_colour(image: Image) -> bool | None:
    """Return whether a picture has colour; None where it has too little contrast to tell."""
    pixels = thinned(image).astype(np.float32)
    low, high = np.percentile(pixels.mean(axis=-1), (5, 95))
    if high - low < _CONTRAST:
        return None
    return bool(np.ptp(pixels, axis=-1).mean() >= _COLOUR)


def thinned(image: Image) -> NDArray[np.uint8]:
    """Return each nth row and column, about `_PIXELS` pixels."""
    step = max(1, int(np.sqrt(image.shape[0] * image.shape[1] / _PIXELS)))
    thin: NDArray[np.uint8] = image[::step, ::step]
    return thin


def _noise(image: Image) -> float:
    """Estimate the grain from differences along both axes of pixels 2 x 2, of which most show no edge.

    The median of such differences, over that of a normal distribution: Donoho and Johnstone, "Ideal spatial adaptation
    by wavelet shrinkage", Biometrika 1994.
    """
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    step = 2 * max(1, int(np.sqrt(height * width / (4 * _PIXELS))))
    green = image[..., 1].astype(np.float32)
    corners = [green[y:height:step, x:width:step] for y in (0, 1) for x in (0, 1)]
    if not corners[0].size:
        return 0.0
    return float(np.median(np.abs(corners[0] - corners[1] - corners[2] + corners[3])) / 2 / 0.6745)
