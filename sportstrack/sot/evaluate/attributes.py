"""Attributes that make a sequence hard, computed from its ground truth, frame by frame.

The attributes and their limits are those of Wu, Lim and Yang, "Online Object Tracking: A Benchmark", CVPR 2013, table
2, where whole sequences were tagged by hand. Light change has no number there; ours is below.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sportstrack.score.bins import BINS, scale_of
from sportstrack.sot.evaluate.layouts import ObjectSequence
from sportstrack.sot.evaluate.scores import is_box
from sportstrack.types import BoolArray, FloatArray

SCALE = 2.0  # Scale variation: the area is more than this times the first frame's, or less than the inverse.
MOTION = 20.0  # Fast motion: the centre moves by more than this many pixels in one frame.
PIXELS = 400.0  # Low resolution: the box has fewer pixels than this.
EDGE = 1.0  # Out of view: the box reaches more than this many pixels beyond the picture.
LIGHT = 25.0  # Light change: the mean grey, 0…255, inside the box differs by more than this from the first frame's.

ATTRIBUTES = ("occlusion", "scale variation", "fast motion", "light change", "low resolution", "out of view")


def attributes(
    sequence: ObjectSequence, *, size: tuple[int, int] | None = None, grey: FloatArray | None = None
) -> dict[str, BoolArray]:
    """Return the attributes that are known, each with the frames that have it.

    Args:
        sequence: with its truth and, where there are some, the annotators' flags, the only source for occlusion.
        size: width and height of the picture, for ``out of view`` without flags; None takes the sequence's.
        grey: (F,) mean grey inside the true boxes, from `mean_grey`, for ``light change``.

    Returns:
        Name of `ATTRIBUTES` → (F,) bool. An attribute that is not known is left out.
    """
    boxes = sequence.boxes
    present = is_box(boxes)
    side = np.where(present[:, None], boxes[:, 2:] - boxes[:, :2], np.nan)
    area = side.prod(axis=1)
    found = {name: flag for name, flag in sequence.flags.items() if name in ATTRIBUTES}
    found["scale variation"] = present & ~_between(area / area[0], 1 / SCALE, SCALE)
    found["fast motion"] = present & _farther(boxes, MOTION)
    found["low resolution"] = present & (np.nan_to_num(area, nan=np.inf) < PIXELS)
    shape = size or sequence.size
    if "out of view" not in found and shape is not None:
        known = np.where(present[:, None], boxes, 0.0)
        beyond = (known[:, :2] < -EDGE) | (known[:, 2:] > np.array(shape) + EDGE)
        found["out of view"] = np.asarray(beyond.any(axis=1))
    if grey is not None:
        found["light change"] = present & (np.abs(np.nan_to_num(grey - grey[0])) > LIGHT)
    return {name: found[name] for name in ATTRIBUTES if name in found}


def binned(
    sequence: ObjectSequence, by: Sequence[str], *, grey: FloatArray | None = None, frame_rate: float = 25.0
) -> dict[str, BoolArray]:
    """Return the bins of `sportstrack.score.bins` as attributes, each with the frames that have it.

    Args:
        sequence: with its truth.
        by: of `sportstrack.score.bins.BY`. Occlusion is what the annotators say, all or nothing.
        grey: (F,) mean grey inside the true boxes, for light.
        frame_rate: frames per second, for speed; the camera's own motion is in it, because one object does not tell.

    Returns:
        ``light: dark`` and so on → (F,) bool. What is not known is left out.
    """
    boxes = sequence.boxes
    centre, height = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 3] - boxes[:, 1]
    way = np.full(len(boxes), np.nan)
    way[1:] = np.hypot(*np.diff(centre, axis=0).T) / np.where(height[1:] > 0, height[1:], np.nan)
    values: dict[str, FloatArray] = {"scale": scale_of(boxes), "speed": way * frame_rate}
    if grey is not None:
        values["light"] = grey
    if "occlusion" in sequence.flags:
        values["occlusion"] = sequence.flags["occlusion"].astype(np.float64)
    present = is_box(boxes)
    return {
        f"{name}: {label}": present & (BINS[name].of(values[name]) == k)
        for name in by
        if name in values
        for k, label in enumerate(BINS[name].labels)
    }


def mean_grey(sequence: ObjectSequence) -> FloatArray:
    """Decode the images and return (F,) mean grey, 0…255, inside the true boxes; NaN where the object is absent.

    Raises:
        SourceError: if there are no images, or one cannot be decoded.
    """
    grey = np.full(len(sequence), np.nan)
    for i, image in enumerate(sequence.frames()):
        box = sequence.boxes[i]
        if np.isfinite(box).all():
            height, width = image.shape[:2]
            x1, y1, x2, y2 = box.clip(0, (width, height, width, height)).round().astype(np.int64).tolist()
            inside = image[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)]
            if inside.size:
                grey[i] = float(inside.mean(axis=(0, 1)) @ (0.114, 0.587, 0.299))  # BGR, ITU-R BT.601
    return grey


def _between(values: FloatArray, low: float, high: float) -> BoolArray:
    known = np.nan_to_num(values, nan=1.0)
    return np.asarray((known >= low) & (known <= high))


def _farther(boxes: FloatArray, pixels: float) -> BoolArray:
    """(F,) True where the centre moved by more pixels since the frame before, if the object was present there."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    moved = np.hypot(*np.diff(centre, axis=0, prepend=centre[:1]).T)
    return np.asarray(np.nan_to_num(moved) > pixels)
