"""The marks on a player: box, corners, ellipse, pointer, mask, key points, path. All draw into the image."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportstrack.draw.colours import Colour
from sportstrack.types import FloatArray, Image

EDGE: Colour = (20, 20, 20)  # BGR around lines, so that they show on ice and floors, too
FINE = 16  # parts of a pixel in which curves are drawn
MASK_OPACITY = 0.4
MIN_KEYPOINT_SCORE = 0.3

# Pairs of COCO's 17 body points that are joined by a line.
COCO_LIMBS = (
    (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
    (0, 1), (0, 2), (1, 3), (2, 4),
)  # fmt: skip

_ARC = np.deg2rad(np.linspace(-45, 225, 19))  # open at the back, where the player stands in the way
_CURVE = np.column_stack([np.cos(_ARC), np.sin(_ARC)])
_SIDE = np.array([(-1, -1), (-1, 1), (1, -1), (1, 1)])
_SHIFT = 4  # 2 ** 4 is FINE


def ellipses(xyxy: FloatArray, thickness: ArrayLike) -> list[NDArray[np.int32]]:
    """Return each box's ellipse on the ground, as the outline of a band in `FINE` parts of a pixel.

    Args:
        xyxy: (N, 4).
        thickness: of the band, in pixels; one number or (N,).
    """
    size = xyxy[:, 2:] - xyxy[:, :2]
    across = 0.5 * np.maximum(size[:, 0], 0.42 * size[:, 1]) * 1.15  # arms and legs widen a box, hardly its ground
    foot = np.column_stack([(xyxy[:, 0] + xyxy[:, 2]) / 2, xyxy[:, 3] - 0.12 * across])
    radii = np.column_stack([across, 0.36 * across])
    half = np.broadcast_to(np.asarray(thickness, np.float64) / 2, len(xyxy))[:, None]
    inner = _CURVE[::-1] * np.maximum(radii - half, 0)[:, None]
    return _fine(foot[:, None] + np.concatenate([_CURVE * (radii + half)[:, None], inner], axis=1))


def corners(xyxy: FloatArray) -> list[list[NDArray[np.int32]]]:
    """Return the four corners of each box as lines in `FINE` parts of a pixel."""
    low, high = xyxy[:, :2], xyxy[:, 2:]
    size = high - low
    arm = np.minimum(0.28 * size, 0.2 * size.max(axis=1, keepdims=True))
    place = np.where(_SIDE[None] > 0, high[:, None], low[:, None])  # (N, 4, 2)
    inward = -_SIDE[None] * arm[:, None]
    ends = np.stack([place + inward * (1, 0), place, place + inward * (0, 1)], axis=2)
    fine = _fine(ends.reshape(-1, 3, 2))
    return [fine[4 * row : 4 * row + 4] for row in range(len(xyxy))]


def pointer(box: FloatArray, size: float) -> list[NDArray[np.int32]]:
    """Return a triangle that points down at a box from above, in `FINE` parts of a pixel."""
    x, y = (box[0] + box[2]) / 2, box[1] - 0.35 * size
    return _fine(np.array([[(x, y), (x - 0.6 * size, y - size), (x + 0.6 * size, y - size)]]))


def lines(canvas: Image, paths: Sequence[NDArray[np.int32]], colour: Colour, thickness: int) -> None:
    """Draw lines given in `FINE` parts of a pixel."""
    import cv2

    cv2.polylines(canvas, list(paths), False, colour, thickness, cv2.LINE_AA, _SHIFT)


def solid(canvas: Image, shapes: Sequence[NDArray[np.int32]], colour: Colour, thickness: int) -> None:
    """Fill shapes given in `FINE` parts of a pixel, with a dark edge."""
    import cv2

    cv2.polylines(canvas, list(shapes), True, EDGE, thickness + 1, cv2.LINE_AA, _SHIFT)
    for shape in shapes:
        cv2.fillPoly(canvas, [shape], colour, cv2.LINE_AA, _SHIFT)


def band(canvas: Image, outline: NDArray[np.int32], colour: Colour) -> None:
    """Fill an outline given in `FINE` parts of a pixel: a quarter of the time that a thick line takes."""
    import cv2

    cv2.fillPoly(canvas, [outline], colour, cv2.LINE_AA, _SHIFT)


def path(points: FloatArray) -> NDArray[np.int32]:
    """Return (N, 2) points as a line in `FINE` parts of a pixel."""
    return _fine(points[None])[0]


def box_of(canvas: Image, box: FloatArray, colour: Colour, thickness: int) -> None:
    """Draw a box."""
    import cv2

    x1, y1, x2, y2 = box.astype(int).tolist()
    cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, thickness)


def dashed_box(canvas: Image, box: FloatArray, colour: Colour, thickness: int) -> None:
    """Draw a box of dashes."""
    import cv2

    dash = 5 * thickness + 3
    x1, y1, x2, y2 = box
    outline = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2], [x1, y1]])
    dashes = []
    for start, end in pairwise(outline):
        count = max(1, round(np.abs(end - start).max() / (2 * dash)))
        at = (np.arange(2 * count).reshape(count, 2) + 0.5) / (2 * count)  # half a gap at both corners
        dashes.append(start + at[..., None] * (end - start))
    cv2.polylines(canvas, list(np.concatenate(dashes).round().astype(np.int32)), False, colour, thickness)


def tint(canvas: Image, left: int, top: int, part: NDArray[np.bool_], colour: Colour, thickness: int) -> None:
    """Blend a colour into the pixels of a mask and draw its outline.

    Args:
        canvas: to draw into.
        left: column of the part's first pixel.
        top: row of the part's first pixel.
        part: (h, w) of the mask, within the canvas.
        colour: BGR.
        thickness: of the outline in pixels.
    """
    import cv2

    area = canvas[top : top + part.shape[0], left : left + part.shape[1]]
    table = np.rint(np.arange(256)[:, None] * (1 - MASK_OPACITY) + np.multiply(colour, MASK_OPACITY)).astype(np.uint8)
    tinted = cv2.LUT(area, table[None])
    inside = part.astype(np.uint8)
    cv2.copyTo(tinted, inside, area)
    outlines, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, outlines, -1, colour, thickness, cv2.LINE_AA, offset=(left, top))


def body(canvas: Image, points: NDArray[np.float32], colour: Colour, thickness: int) -> None:
    """Draw dots for (K, 3) points x, y, score, and COCO's limbs if there are 17 points."""
    import cv2

    height, width = canvas.shape[:2]
    reliable = np.isfinite(points).all(axis=1) & (points[:, 2] >= MIN_KEYPOINT_SCORE)
    reliable &= (points[:, :2] >= 0).all(axis=1) & (points[:, :2] < (width, height)).all(axis=1)
    spots = np.where(reliable[:, None], points[:, :2], 0).round().astype(np.int32)
    if len(points) == 17:
        limbs = [spots[[a, b]] for a, b in COCO_LIMBS if reliable[a] and reliable[b]]
        if limbs:
            cv2.polylines(canvas, limbs, False, colour, thickness, cv2.LINE_AA)
    for x, y in spots[reliable].tolist():
        cv2.circle(canvas, (x, y), thickness + 1, colour, -1, cv2.LINE_AA)


def _fine(points: FloatArray) -> list[NDArray[np.int32]]:
    whole: Any = np.rint(FINE * points.clip(-20_000, 120_000)).astype(np.int32)
    return list(whole)
