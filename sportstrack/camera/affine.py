"""Shared by all methods: reading boxes, fitting a similarity to point pairs, and rejecting implausible motion."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import SettingError
from sportstrack.images.opencv import require_cv2
from sportstrack.types import MAX_COORDINATE, BoolArray, FloatArray

MAX_ZOOM = 1.3  # per frame, either way
MAX_SHEAR = 1.05  # ratio of the two scales of an affine; a camera scales x and y alike
MAX_TURN = 0.2  # radians per frame
MAX_SHIFT = 0.6  # of the picture's longer side, for the middle of the picture


def read_boxes(xyxy: Any) -> FloatArray:
    """Return the (N, 4) boxes that are finite and not inverted; SettingError for another shape."""
    boxes = np.asarray(xyxy, dtype=np.float64)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        if boxes.size == 0:
            return np.empty((0, 4))
        raise SettingError(f"camera motion: expected (N, 4) boxes, got shape {boxes.shape}")
    usable: BoolArray = np.logical_and.reduce(np.abs(boxes) <= MAX_COORDINATE, axis=1)
    usable[usable] = (boxes[usable, 2:] > boxes[usable, :2]).all(axis=1)
    return boxes[usable]


def apply(affine: FloatArray, points: FloatArray) -> FloatArray:
    """Move (N, 2) points by a (2, 3) affine."""
    moved: FloatArray = points @ affine[:, :2].T + affine[:, 2]
    return moved


def fit_points(before: FloatArray, after: FloatArray, tolerance: float, least: int, share: float) -> FloatArray | None:
    """Fit a similarity (shift, zoom, turn) to point pairs with outliers (RANSAC, Fischler and Bolles 1981).

    Args:
        before: (N, 2) points of the previous frame.
        after: (N, 2) the same points in this frame.
        tolerance: distance in pixels up to which a pair agrees.
        least: fewest pairs that must agree.
        share: lowest share of all pairs that must agree.

    Returns:
        (2, 3) affine, or None without that agreement.
    """
    if len(before) < least:
        return None
    cv2 = require_cv2()
    # OpenCV draws RANSAC's samples from a generator seeded anew in each call: equal points, equal answer.
    affine, agree = cv2.estimateAffinePartial2D(
        np.ascontiguousarray(before, np.float32),
        np.ascontiguousarray(after, np.float32),
        ransacReprojThreshold=tolerance,
        maxIters=500,
        confidence=0.995,
        refineIters=10,
    )
    if affine is None or not np.isfinite(affine).all():
        return None
    count = int(np.count_nonzero(agree))
    return np.asarray(affine, np.float64) if count >= max(least, share * len(before)) else None


def is_plausible(affine: FloatArray, size: tuple[int, int]) -> bool:
    """Return whether a camera can move a (width, height) picture like this within one frame."""
    linear, middle = affine[:, :2], np.array([size], np.float64) / 2
    if not np.isfinite(affine).all() or np.linalg.det(linear) <= 0:
        return False
    large, small = np.linalg.svd(linear, compute_uv=False)
    turn = np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1])
    shift = np.abs(apply(affine, middle) - middle).max()
    zoom_fits = small >= 1 / MAX_ZOOM and large <= MAX_ZOOM and large <= MAX_SHEAR * small
    return bool(zoom_fits and abs(turn) <= MAX_TURN and shift <= MAX_SHIFT * max(size))


def enlarge(affine: FloatArray, scale: FloatArray) -> FloatArray:
    """Take an affine between shrunken pictures to the pictures' own pixels.

    Args:
        affine: (2, 3) between pixel centres of the shrunken pictures, as OpenCV counts: the first pixel is at 0.
        scale: (2,) own pixels per shrunken pixel, x and y.

    Returns:
        (2, 3) between continuous coordinates of the pictures: the first pixel's centre is at 0.5, as for boxes.
    """
    linear, shift = affine[:, :2], affine[:, 2]
    shift = shift + 0.5 - linear.sum(axis=1) * 0.5
    full: FloatArray = np.column_stack([linear * (scale[:, None] / scale), shift * scale])
    return full


def free_of(boxes: FloatArray, scale: FloatArray, shape: tuple[int, int], margin: float = 0.3) -> NDArray[np.uint8]:
    """Return the (h, w) mask of a shrunken picture that is 255 where no box is and 2 % off the border.

    Args:
        boxes: (N, 4) in the picture's own pixels.
        scale: (2,) own pixels per shrunken pixel.
        shape: (h, w) of the shrunken picture.
        margin: share of its size by which a box is enlarged on each side: limbs and shadows stick out, and they move.
    """
    height, width = shape
    mask = np.zeros(shape, np.uint8)
    rim_y, rim_x = max(1, height // 50), max(1, width // 50)
    mask[rim_y:-rim_y, rim_x:-rim_x] = 255
    grown = margin * (boxes[:, 2:] - boxes[:, :2])
    low = np.floor((boxes[:, :2] - grown) / scale)
    high = np.ceil((boxes[:, 2:] + grown) / scale)
    limits = np.clip(np.hstack([low, high]), 0, [width, height, width, height]).astype(np.int64)
    for x1, y1, x2, y2 in limits.tolist():
        mask[y1:y2, x1:x2] = 0
    return mask
