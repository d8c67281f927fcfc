"""What the ground truth says of the circumstances of each box: covered, at the border, fast, under a moving camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.boxes import at_edges
from sportstrack.score.overlap import overlapping_pairs
from sportstrack.score.sequence import Sequence
from sportstrack.types import BoolArray, FloatArray, IntArray

BORDER = 2.0  # pixels from the edge of the picture
SMALL = 32.0**2  # square pixels; COCO's limit of small objects
_CROWD = 3  # players that must be seen twice before their median counts as the camera's motion


@dataclass(frozen=True, eq=False)
class Circumstances:
    """One entry per truth row (G) or frame (F).

    Attributes:
        covered: (G,) largest share of the box that another player's box covers, 0…1.
        coverer: (G,) the truth row of that other box, or −1.
        border: (G,) the box reaches the edge of the picture.
        small: (G,) less than 32 × 32 pixels.
        previous: (G,) the same identity's truth row in the frame before, or −1.
        age: (G,) truth rows of the same identity before this one without a break.
        own: (G, 2) motion of the centre since ``previous`` less the camera's, in heights per frame, or NaN.
        camera: (F, 2) median motion of all centres since the frame before, in pixels; 0 where too few are seen.
        pan: (F,) length of ``camera`` in median heights of the boxes.
    """

    covered: FloatArray
    coverer: IntArray
    border: BoolArray
    small: BoolArray
    previous: IntArray
    age: IntArray
    own: FloatArray
    camera: FloatArray
    pan: FloatArray


def circumstances(seq: Sequence, size: tuple[int, int] | None = None) -> Circumstances:
    """Look at every truth box.

    Args:
        seq: the sequence.
        size: width and height of the picture; None takes the extent of the true boxes.
    """
    boxes = seq.truth.table.xyxy
    covered, coverer = _covering(seq)
    previous = _previous(seq)
    own, camera, pan = _motion(seq, previous)
    return Circumstances(
        covered=covered,
        coverer=coverer,
        border=at_border(boxes, picture_size(seq, size)),
        small=area(boxes) < SMALL,
        previous=previous,
        age=_age(seq, previous),
        own=own,
        camera=camera,
        pan=pan,
    )


def picture_size(seq: Sequence, size: tuple[int, int] | None) -> tuple[float, float]:
    """Return the given size or the extent of the true boxes."""
    if size is not None:
        return float(size[0]), float(size[1])
    boxes = seq.truth.table.xyxy
    return (float(boxes[:, 2].max()), float(boxes[:, 3].max())) if len(boxes) else (0.0, 0.0)


def at_border(boxes: FloatArray, size: tuple[float, float]) -> BoolArray:
    """(N,) True for boxes that reach the edge of the picture."""
    return np.asarray(at_edges(boxes.T, np.array(size), np.full(2, BORDER)).any(axis=0))


def area(boxes: FloatArray) -> FloatArray:
    """(N,) square pixels."""
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))


def _covering(seq: Sequence) -> tuple[FloatArray, IntArray]:
    boxes, start = seq.truth.table.xyxy, seq.truth.start
    i, j, iou = overlapping_pairs(boxes, start, boxes, start)
    other = i != j
    i, j, iou = i[other], j[other], iou[other]
    size = area(boxes)
    share = iou / (1 + iou) * (size[i] + size[j]) / size[i]  # the intersection from the union, over the own area
    covered, coverer = np.zeros(len(boxes)), np.full(len(boxes), -1)
    order = np.lexsort((share, i))
    covered[i[order]] = share[order]  # the last, greatest one stays
    coverer[i[order]] = j[order]
    return covered, coverer


def _previous(seq: Sequence) -> IntArray:
    frame, identity = seq.truth.table.frame, seq.truth.identity
    order = np.argsort(identity, kind="stable")
    follows = (np.diff(identity[order]) == 0) & (np.diff(frame[order]) == 1)
    previous = np.full(len(frame), -1)
    previous[order[1:][follows]] = order[:-1][follows]
    return previous


def _age(seq: Sequence, previous: IntArray) -> IntArray:
    order = np.lexsort((seq.truth.table.frame, seq.truth.identity))
    fresh = previous[order] < 0
    place = np.arange(len(order))
    begin = np.maximum.accumulate(np.where(fresh, place, 0))
    age = np.empty(len(order), np.int64)
    age[order] = place - begin
    return age


def _motion(seq: Sequence, previous: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    boxes, frame = seq.truth.table.xyxy, seq.truth.table.frame
    centre, height = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 3] - boxes[:, 1]
    moved = np.full(centre.shape, np.nan)
    has = np.flatnonzero(previous >= 0)
    moved[has] = centre[has] - centre[previous[has]]
    camera, pan = np.zeros((seq.frames, 2)), np.zeros(seq.frames)
    for f in np.unique(frame[has]).tolist():
        rows = slice(*seq.truth.start[f : f + 2])
        seen = moved[rows][previous[rows] >= 0]
        if len(seen) >= _CROWD:
            camera[f] = np.median(seen, axis=0)
            pan[f] = np.hypot(*camera[f]) / np.median(height[rows])
    return (moved - camera[frame]) / height[:, None], camera, pan
