"""Polygons around masks, filled or as run lengths."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_prep.polygons import bridged, turned
from sportstrack.masks import Masks
from sportstrack.types import FloatArray


def outlines(masks: Masks) -> list[list[FloatArray]]:
    """Return polygons, each (K, 2), along the edges of each mask's pixels; they cover these pixels and no others."""
    return [
        [ring + box[:2] for ring in mask_polygons(masks.crop(row, box))] if box[2] > box[0] else []
        for row, box in enumerate(masks.boxes())
    ]


def mask_polygons(mask: NDArray[Any]) -> list[FloatArray]:
    """Return polygons, each (K, 2), along the edges of an (H, W) mask's set pixels.

    Pixels that touch at a corner are of one part. A hole is reached over a bridge without width.
    """
    from sportstrack.images.opencv import require_cv2

    cv2 = require_cv2()
    # OpenCV's contours run through the middles of pixels. In a mask of twice the size, the middles v of the pixels on
    # an edge give the edge's place: (v + 1) // 2, for left and right edges alike, and for those of holes.
    double = np.ascontiguousarray(mask != 0, np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    contours, tree = cv2.findContours(double, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    rings = [_corners((contour.reshape(-1, 2) + 1) // 2) for contour in contours]
    holes: dict[int, list[FloatArray]] = {i: [] for i in range(len(rings)) if tree[0][i][3] < 0}
    for ring, (_, _, _, parent) in zip(rings, tree[0].tolist() if rings else [], strict=True):
        if parent >= 0:
            holes[parent].append(turned(ring, clockwise=False))
    return [bridged(turned(rings[i]), inside) for i, inside in holes.items()]


def _corners(ring: NDArray[Any]) -> FloatArray:
    """Drop points that stand twice or on a straight line."""
    ring = ring[(ring != np.roll(ring, 1, axis=0)).any(axis=1)]
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    bend = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    back = (before * after).sum(axis=1) < 0
    return np.asarray(ring[bend | back], np.float64)
