"""The region of a field in a small picture: even, large, and convex but for what stands on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.images.opencv import require_cv2

Mask = NDArray[np.uint8]

AROUND = 7  # pixels, side of a pixel's surroundings
MOST = 0.6  # of its surroundings that are surface, then a pixel is: lines are filled, a crowd stays empty
OPENING = 5  # pixels: what is thinner (boards, gaps between seats) is no surface
LEAST_PART = 0.02  # of the picture: a smaller part of a surface is left out
LEAST_JOINED = 0.65  # of the hull of two parts that is surface, or they do not belong together
LEAST_CORNER = 0.5  # of a corner's triangle that is surface, or the corner is cut off


def solid(mask: Mask) -> Mask:
    """Fill what is thin in a mask, 0 or 1, and remove what is thin of it; corners stay."""
    cv2 = require_cv2()
    nearby = cv2.boxFilter(mask, cv2.CV_16U, (AROUND, AROUND), normalize=False, borderType=cv2.BORDER_REPLICATE)
    filled = (nearby >= MOST * AROUND * AROUND).astype(np.uint8)
    filled = cv2.morphologyEx(filled, cv2.MORPH_CLOSE, np.ones((AROUND, AROUND), np.uint8))
    element = np.ones((OPENING, OPENING), np.uint8)
    opened = cv2.erode(filled, element)
    grown: Mask = cv2.dilate(opened, np.ones((OPENING + 4, OPENING + 4), np.uint8)) & filled
    return grown


def parts(mask: Mask) -> list[tuple[int, Mask]]:
    """Return (area, mask) of the joined parts of a mask that are large enough, the largest first."""
    cv2 = require_cv2()
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA]
    order = [k for k in np.argsort(-areas)[:6] if areas[k] >= LEAST_PART * mask.size]
    return [(int(areas[k]), (labels == k + 1).astype(np.uint8)) for k in order]


def hull_of(mask: Mask) -> NDArray[np.int32]:
    """Return the (V, 1, 2) corners of a mask's convex hull."""
    cv2 = require_cv2()
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull: NDArray[np.int32] = cv2.convexHull(np.concatenate(contours))
    return hull


def drawn(hull: NDArray[np.int32], shape: tuple[int, int]) -> Mask:
    """Return the (h, w) mask of a hull, 0 or 1."""
    mask = np.zeros(shape, np.uint8)
    require_cv2().fillConvexPoly(mask, hull, 1)
    return mask


def join_parts(mask: Mask) -> tuple[Mask, NDArray[np.int32], float] | None:
    """Return a mask's large parts, the hull of those that belong together, and the share of it that these fill.

    None without a large part.

    A part joins the largest one where the hull of both is still mostly surface: so a line, a shadow or a caption
    across a field does not divide it, and a lawn beyond the stands does not join.
    """
    found = parts(mask)
    if not found:
        return None
    joined = everything = found[0][1]
    hull = cut_corners(hull_of(joined), joined)
    fill = _fill(hull, joined)
    for _, other in found[1:]:
        both, everything = joined | other, everything | other
        wider = cut_corners(hull_of(both), both)
        filled = _fill(wider, both)
        if filled >= LEAST_JOINED:
            joined, hull, fill = both, wider, filled
    return everything, hull, fill


def cut_corners(hull: NDArray[np.int32], mask: Mask) -> NDArray[np.int32]:
    """Return a convex hull without the corners that hold hardly any of the mask.

    A strip of lawn between two benches, or a green shirt in the first row, would draw a hull far out. The triangle of a
    corner and its two neighbours is cut off where less than `LEAST_CORNER` of it is surface, the emptiest one first.
    """
    corners = require_cv2().approxPolyDP(hull, 1.5, True)[:, 0]
    empty = [_emptiness(corners, k, mask) for k in range(len(corners))]
    while len(corners) > 4 and max(empty) > 0:
        worst = int(np.argmax(empty))
        corners = np.delete(corners, worst, axis=0)
        del empty[worst]
        for k in (worst - 1, worst % len(corners)):
            empty[k] = _emptiness(corners, k, mask)
    return np.asarray(corners[:, None], np.int32)


def _emptiness(corners: NDArray[np.int32], k: int, mask: Mask) -> int:
    """Return how many pixels of a corner's triangle are no surface; 0 where enough of them are."""
    triangle = corners[[k - 1, k, (k + 1) % len(corners)]]
    low, high = triangle.min(axis=0), triangle.max(axis=0) + 1
    inside = np.zeros((high - low)[::-1].tolist(), np.uint8)
    cv2 = require_cv2()
    cv2.fillConvexPoly(inside, triangle - low, 1)
    area = cv2.countNonZero(inside)
    on = cv2.countNonZero(inside & mask[low[1] : high[1], low[0] : high[0]])
    return 0 if on >= LEAST_CORNER * area else area - on


def _fill(hull: NDArray[np.int32], mask: Mask) -> float:
    cv2 = require_cv2()
    inside = drawn(hull, (mask.shape[0], mask.shape[1]))
    return float(cv2.countNonZero(inside & mask) / max(1, cv2.countNonZero(inside)))


def distance_to(region: Mask) -> NDArray[np.float32]:
    """Return (h, w) pixels from each pixel to the region; 0 within."""
    cv2 = require_cv2()
    away: NDArray[np.float32] = cv2.distanceTransform(1 - region, cv2.DIST_L2, 5)
    return away


def shrink(image: Any, width: int) -> Any:
    """Return a picture at most ``width`` wide, sampled and not averaged: a tenth of the time, and enough for colour."""
    cv2 = require_cv2()
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.blur(small, (3, 3))
