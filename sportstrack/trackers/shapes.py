"""The overlap of tracks and detections by their masks, for the setting ``overlap="mask"``.

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
    """Return the (T, N) intersection over union of every pair: of the masks where both have one, else of the boxes.

    Args:
        boxes: (T, 4) corners.
        shapes: (G, T); where G is 0, boxes alone count.
        others: (N, 4) corners.
        other_shapes: (G, N).
    """
    found = iou(boxes, others)
    if len(shapes) and len(other_shapes):
        t, n = found.nonzero()
        found[t, n] = pair_overlap(
            found[t, n], boxes[t], shapes.take(t, axis=1), others[n], other_shapes.take(n, axis=1)
        )
    return found


def pair_overlap(
    plain: FloatArray, boxes: FloatArray, shapes: BoolArray, others: FloatArray, other_shapes: BoolArray
) -> FloatArray:
    """Return the (P,) intersection over union of pairs: of the masks where both have one, else `plain`.

    Args:
        plain: (P,) intersection over union of the boxes.
        boxes: (P, 4) corners.
        shapes: (G, P).
        others: (P, 4) corners.
        other_shapes: (G, P).
    """
    both = (shapes.any(axis=0) & other_shapes.any(axis=0)).nonzero()[0]
    if not len(both):
        return plain
    a, b = boxes.take(both, axis=0), others.take(both, axis=0)
    mine, theirs = shapes.take(both, axis=1), other_shapes.take(both, axis=1)
    size, other_size = a[:, 2:] - a[:, :2], b[:, 2:] - b[:, :2]
    step = other_size / size
    start = (b[:, :2] - a[:, :2]) / size
    column = np.floor((start[:, :1] + step[:, :1] * _ACROSS) * COLUMNS)  # of the places of b's samples in a
    row = np.floor((start[:, 1:] + step[:, 1:] * _DOWN) * ROWS)
    inside = ((row >= 0) & (row < ROWS))[:, :, None] & ((column >= 0) & (column < COLUMNS))[:, None]
    row, column = row.clip(0, ROWS - 1), column.clip(0, COLUMNS - 1)
    place = (row[:, :, None] * COLUMNS + column[:, None]).astype(np.int64).reshape(len(both), -1)
    shared = mine.T.reshape(-1)[place + ROWS * COLUMNS * np.arange(len(both))[:, None]]
    shared &= inside.reshape(len(both), -1)
    shared &= theirs.T
    other_area = other_size.prod(axis=1)
    common = shared.mean(axis=1) * other_area
    union = mine.mean(axis=0) * size.prod(axis=1) + theirs.mean(axis=0) * other_area - common
    found: FloatArray = plain.copy()
    found[both] = np.minimum(common / np.maximum(union, 1e-9), 1.0)
    return found
