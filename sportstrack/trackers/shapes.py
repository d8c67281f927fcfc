"""The overlap of tracks and detections by their boxes and masks, for the setting ``overlap="mask"``.

A mask is kept as its *shape*: `ROWS` × `COLUMNS` samples at even places of its own box. The shape of a track is that of
its last detection; it moves and grows with the track's predicted box. So a track costs 288 bytes whatever the size of
the picture, and a pair of boxes that do not touch costs nothing.
"""

from __future__ import annotations

import numpy as np

from sportstrack.boxes import iou
from sportstrack.errors import SettingError
from sportstrack.masks.places import values_at
from sportstrack.masks.table import Masks
from sportstrack.types import BoolArray, FloatArray, IntArray

OVERLAPS = ("box", "mask")
ROWS, COLUMNS = 24, 12  # samples down and across; a person is twice as high as wide
_DOWN, _ACROSS = ((np.arange(count) + 0.5) / count for count in (ROWS, COLUMNS))


def check_overlap(overlap: str) -> None:
    """SettingError unless a tracker's setting ``overlap`` is one of `OVERLAPS`."""
    if overlap not in OVERLAPS:
        raise SettingError(f"overlap: expected {' or '.join(OVERLAPS)}, got {overlap!r}")


def no_shapes(count: int, overlap: str) -> BoolArray:
    """Return the (G, count) shapes of boxes without masks; G is 0 where the overlap of boxes is what counts."""
    return np.zeros((ROWS * COLUMNS if overlap == "mask" else 0, count), np.bool_)


def shapes_of(masks: Masks | None, boxes: FloatArray, rows: IntArray) -> BoolArray:
    """Return the (G, N) shapes of detections; all False for one without a mask.

    Args:
        masks: of a frame, or None.
        boxes: (N, 4) corners.
        rows: (N,) of the boxes in the masks.
    """
    if masks is None or not len(boxes):
        return no_shapes(len(boxes), "mask")
    x = np.floor(boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * _ACROSS).astype(np.int64)
    y = np.floor(boxes[:, 1:2] + (boxes[:, 3:] - boxes[:, 1:2]) * _DOWN).astype(np.int64)
    found = values_at(masks, rows[:, None, None], x[:, None], y[:, :, None])
    return np.ascontiguousarray(found.reshape(len(boxes), -1).T)


def overlap(boxes: FloatArray, shapes: BoolArray, others: FloatArray, other_shapes: BoolArray) -> FloatArray:
    """Return the (T, N) intersection over union of every pair of boxes, told apart by masks where there are some.

    Boxes say whether a pair may be one person, masks whose of several a detection is: see `agreement`.

    Args:
        boxes: (T, 4) corners.
        shapes: (G, T); where G is 0, boxes alone count.
        others: (N, 4) corners.
        other_shapes: (G, N).
    """
    found = iou(boxes, others)
    if len(shapes) and len(other_shapes):
        t, n = found.nonzero()
        found[t, n] *= agreement(t, n, boxes, shapes, others, other_shapes)
    return found


def agreement(
    t: IntArray, n: IntArray, boxes: FloatArray, shapes: BoolArray, others: FloatArray, other_shapes: BoolArray
) -> FloatArray:
    """Return (P,) how well the masks of pairs fit, from 0 to 1, against the best of all pairs with the same detection.

    It is the intersection over union of a pair's masks divided by the best one of its detection. So a detection that
    one track alone can have keeps its overlap of boxes, whatever limbs do from frame to frame; of several tracks whose
    boxes it overlaps, the one whose mask it covers is preferred. A pair without both masks keeps its overlap, too.

    Args:
        t: (P,) tracks.
        n: (P,) detections; a pair is given once.
        boxes: (T, 4) corners.
        shapes: (G, T).
        others: (N, 4) corners.
        other_shapes: (G, N).
    """
    fit = np.ones(len(t))
    has, other_has = np.logical_or.reduce(shapes, axis=0), np.logical_or.reduce(other_shapes, axis=0)
    both = (has[t] & other_has[n]).nonzero()[0]
    if len(both):
        rows, columns = t[both], n[both]
        shared = shape_iou(boxes[rows], shapes.take(rows, axis=1), others[columns], other_shapes.take(columns, axis=1))
        best = np.zeros(len(others))
        np.maximum.at(best, columns, shared)
        fit[both] = np.divide(shared, best[columns], out=np.ones(len(both)), where=best[columns] > 0)
    return fit


def shape_iou(a: FloatArray, shapes: BoolArray, b: FloatArray, other_shapes: BoolArray) -> FloatArray:
    """Return the (P,) intersection over union of pairs of masks.

    Args:
        a: (P, 4) corners.
        shapes: (G, P) in these boxes.
        b: (P, 4) corners.
        other_shapes: (G, P).
    """
    size, other_size = a[:, 2:] - a[:, :2], b[:, 2:] - b[:, :2]
    step = other_size / size
    start = (b[:, :2] - a[:, :2]) / size
    column = np.floor((start[:, :1] + step[:, :1] * _ACROSS) * COLUMNS)  # of the places of b's samples in a
    row = np.floor((start[:, 1:] + step[:, 1:] * _DOWN) * ROWS)
    inside = ((row >= 0) & (row < ROWS))[:, :, None] & ((column >= 0) & (column < COLUMNS))[:, None]
    row, column = row.clip(0, ROWS - 1), column.clip(0, COLUMNS - 1)
    place = (row[:, :, None] * COLUMNS + column[:, None]).astype(np.int64).reshape(len(a), -1)
    shared = shapes.T.reshape(-1)[place + ROWS * COLUMNS * np.arange(len(a))[:, None]]
    shared &= inside.reshape(len(a), -1)
    shared &= other_shapes.T
    other_area = other_size.prod(axis=1)
    common = shared.mean(axis=1) * other_area
    union = shapes.mean(axis=0) * size.prod(axis=1) + other_shapes.mean(axis=0) * other_area - common
    found: FloatArray = np.minimum(common / np.maximum(union, 1e-9), 1.0)
    return found
