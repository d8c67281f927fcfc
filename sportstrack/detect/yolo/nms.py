"""Non-maximum suppression in numpy, row for row that of ``torchvision.ops.nms``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BLOCK = 64  # rows compared with each other at once


def nms(xyxy: NDArray[np.float32], score: NDArray[np.float32], iou: float, most: int | None = None) -> NDArray[np.intp]:
    """Return the rows that stay, best score first; equal scores keep their order.

    Boxes are taken in blocks. A block is first freed of what the rows kept so far suppress, then of what its own rows
    suppress; `most` ends the work as soon as enough rows are kept.

    Args:
        xyxy: (N, 4) corners.
        score: (N,).
        iou: a box that overlaps a better one by more than this is dropped.
        most: rows wanted at most; None takes all.
    """
    order = np.argsort(-score, kind="stable")
    planes = np.ascontiguousarray(xyxy[order].T, dtype=np.float32)
    area = (planes[2] - planes[0]) * (planes[3] - planes[1])
    most = len(order) if most is None else most
    kept = np.empty(0, np.intp)
    for first in range(0, len(order), _BLOCK):
        if len(kept) >= most:
            break
        rows = np.arange(first, min(first + _BLOCK, len(order)))
        if len(kept):
            rows = rows[~_suppresses(planes, area, kept, rows, iou).any(axis=0)]
        kept = np.concatenate((kept, rows[_greedy(_suppresses(planes, area, rows, rows, iou))]))
    return order[kept[:most]]


def _suppresses(
    planes: NDArray[np.float32], area: NDArray[np.float32], a: NDArray[np.intp], b: NDArray[np.intp], iou: float
) -> NDArray[np.bool_]:
    """Return (A, B): does the overlap of a pair exceed the limit? In the order and precision of torchvision's sums."""
    left, right = planes[:, a, None], planes[:, None, b]
    side = np.minimum(left[2:], right[2:])
    side -= np.maximum(left[:2], right[:2])
    np.maximum(side, 0, out=side)
    both = side[0]
    both *= side[1]
    union = area[a, None] + area[b]
    union -= both
    with np.errstate(invalid="ignore", divide="ignore"):  # two empty boxes
        both /= union
    over: NDArray[np.bool_] = both > iou
    return over


def _greedy(over: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (N,): which rows stay, when each row that stays drops the later ones that it suppresses?"""
    stays = np.ones(len(over), np.bool_)
    over = np.triu(over, 1)
    for row in np.flatnonzero(over.any(axis=1)):
        if stays[row]:
            stays[over[row]] = False
    return stays
