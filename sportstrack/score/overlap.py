"""The overlapping pairs of a whole sequence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sportstrack.masks import Masks
from sportstrack.masks.overlap import pair_intersections
from sportstrack.types import FloatArray, IntArray

_FRAMES = 128  # whose masks are compared together; their runs are unfolded for it


def overlapping_pairs(
    a: FloatArray, a_start: IntArray, b: FloatArray, b_start: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return every pair of boxes of the same frame that share some area.

    Args:
        a: (A, 4) ``xyxy``, rows sorted by frame.
        a_start: (F + 1,) row where each frame begins, and the end.
        b: (B, 4) ``xyxy``, rows sorted by frame.
        b_start: (F + 1,) the same of ``b``.

    Returns:
        (P,) rows of ``a``, (P,) rows of ``b`` and (P,) intersection over union, sorted by row of ``a``, then of ``b``.
    """
    i, j = _touching(a, a_start, b, b_start)
    iou = np.empty(len(i))
    for at in range(0, len(i), 1 << 16):  # blocks that stay in the cache
        part = slice(at, at + (1 << 16))
        iou[part] = _iou(a.take(i[part], axis=0).T, b.take(j[part], axis=0).T)
    return i, j, iou


def overlapping_masks(
    a: Masks, a_boxes: FloatArray, a_start: IntArray, b: Masks, b_boxes: FloatArray, b_start: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return every pair of masks of a frame that share a pixel, as `overlapping_pairs` does; boxes are theirs."""
    i, j = _touching(a_boxes, a_start, b_boxes, b_start)
    shared = np.zeros(len(i))
    union = (a.area()[i] + b.area()[j]).astype(np.float64)
    for first in range(0, len(a_start) - 1, _FRAMES):
        (p, p_end), (q, q_end) = (s[[first, min(first + _FRAMES, len(s) - 1)]].tolist() for s in (a_start, b_start))
        pairs = slice(*np.searchsorted(i, [p, p_end]).tolist())
        shared[pairs] = pair_intersections(a[p:p_end], b[q:q_end], i[pairs] - p, j[pairs] - q)
    some = shared > 0
    return i[some], j[some], shared[some] / (union - shared)[some]


def _touching(a: FloatArray, a_start: IntArray, b: FloatArray, b_start: IntArray) -> tuple[IntArray, IntArray]:
    # One-byte masks first, arithmetic for the few that touch: a crowd of 500 has 250,000 pairs, of which 1 % touch.
    ax1, ay1, ax2, ay2 = np.ascontiguousarray(a.T)[:, :, None]
    bx1, by1, bx2, by2 = np.ascontiguousarray(b.T)
    rows, columns = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for p, p_end, q, q_end in zip(a_start, a_start[1:], b_start, b_start[1:], strict=False):
        if p == p_end or q == q_end:
            continue
        s, t = slice(p, p_end), slice(q, q_end)
        touch = ax1[s] < bx2[t]
        touch &= ax2[s] > bx1[t]
        touch &= ay1[s] < by2[t]
        touch &= ay2[s] > by1[t]
        flat = touch.ravel().nonzero()[0]
        i = flat // (q_end - q)
        columns.append(flat - i * (q_end - q) + q)
        rows.append(i + p)
    return np.concatenate(rows), np.concatenate(columns)


def _iou(a: FloatArray, b: FloatArray) -> NDArray[np.float64]:
    shared = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    inter = shared[0] * shared[1]
    return np.asarray(inter / (_area(a) + _area(b) - inter))


def _area(planes: FloatArray) -> FloatArray:
    return (planes[2] - planes[0]) * (planes[3] - planes[1])  # type: ignore[no-any-return]
