"""The masks of labels: taken from the detections of the labelled frames, and as polygons."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sportstrack.label.table import LabelledVideo
from sportstrack.masks.table import Masks
from sportstrack.refine.table import TrackTable
from sportstrack.types import FloatArray


def masks_of_boxes(boxes: TrackTable, found: Mapping[int, Masks]) -> Masks | None:
    """Return a mask for each box that was detected, none for the filled ones; None where no detection has a mask.

    Args:
        boxes: N boxes.
        found: frame → the masks of its detections.
    """
    if not any(masks.has.any() for masks in found.values()):
        return None
    shape = next(masks.shape for masks in found.values() if masks.has.any())
    order = np.argsort(boxes.frame, kind="stable")
    frames, starts = np.unique(boxes.frame[order], return_index=True)
    place = np.zeros(len(boxes), np.int64)
    parts, count = [Masks.empty(shape, 1)], 1
    for frame, rows in zip(frames.tolist(), np.split(order, starts[1:]), strict=True):
        masks = found.get(frame)
        if masks is None:
            continue
        rows = rows[(boxes.detection[rows] >= 0) & ~boxes.filled[rows]]
        parts.append(masks[boxes.detection[rows]])
        place[rows] = count + np.arange(len(rows))
        count += len(rows)
    joined: Masks = Masks.concatenate(parts)[place]
    return joined


def polygons_of(video: LabelledVideo) -> list[list[FloatArray]]:
    """Return the polygons along the edges of each box's mask, each (K, 2); [] for a box without a mask or a pixel."""
    from data_prep.formats.rle import outlines

    masks = video.masks
    if masks is None:
        return [[] for _ in range(len(video.boxes))]
    return outlines(masks)
