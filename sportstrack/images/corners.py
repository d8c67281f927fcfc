"""Pictures made small, and their corners: what camera motion and shot changes share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.images.opencv import require_cv2
from sportstrack.types import FloatArray

LEAST_SIDE = 32  # pixels; in less there is nothing to compare
STRIP = 64  # rows of a picture whose corners are looked for together


def halve(image: NDArray[Any], width: int) -> NDArray[Any]:
    """Halve a picture until it is at most ``width`` wide; halving by area is the fastest resize there is."""
    cv2 = require_cv2()
    while image.shape[1] > width:
        half = (max(1, image.shape[1] // 2), max(1, image.shape[0] // 2))
        image = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
    return image


def thin_out(image: NDArray[Any], width: int) -> NDArray[Any]:
    """Make a picture as small as `halve` does, from four pixels of each block: most of a large picture is not read."""
    step = 1
    while image.shape[1] // step > width:
        step *= 2
    if step == 1:
        return image
    small = (max(1, image.shape[1] // step), max(1, image.shape[0] // step))
    thin: NDArray[Any] = require_cv2().resize(image, small, interpolation=require_cv2().INTER_LINEAR)
    return thin


def best_corners(
    grey: NDArray[np.uint8], cell: int, contrast: float, free: NDArray[np.uint8] | None = None
) -> FloatArray:
    """Find the strongest corner of each cell of a grid (Shi and Tomasi, *Good Features to Track*, CVPR 1994).

    Args:
        grey: (h, w).
        cell: side of a cell in pixels.
        contrast: least strength: lesser eigenvalue of the gradient's covariance.
        free: (h, w), 0 where no corner may be.

    Returns:
        (N, 2) pixel centres x, y; the first pixel is at 0.
    """
    strength = _strength(grey)
    if free is not None:
        strength[free == 0] = 0.0
    rows, columns = grey.shape[0] // cell, grey.shape[1] // cell
    blocks = strength[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell)
    cells = blocks.swapaxes(1, 2).reshape(rows * columns, cell * cell)
    best = cells.argmax(axis=1)
    good = np.flatnonzero(cells[np.arange(len(cells)), best] > contrast)
    y, x = np.divmod(best[good], cell)
    places: FloatArray = np.stack([good % columns * cell + x, good // columns * cell + y], axis=1).astype(np.float64)
    return places


def _strength(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the lesser eigenvalue of each pixel's gradients, (h, w); strip by strip, which needs no large memory."""
    cv2 = require_cv2()
    strength = np.empty(grey.shape, np.float32)
    for first in range(0, len(grey), STRIP):
        above = min(first, 2)  # rows that the gradients and their sums reach over
        strip = cv2.cornerMinEigenVal(grey[first - above : first + STRIP + 2], 3)
        strength[first : first + STRIP] = strip[above : above + STRIP]
    return strength
