"""Boxes as training wants them: inside the picture, with an area, nothing that is to be ignored; and what that cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data_prep.table import Boxes, Table
from sportstrack.types import BoolArray, FloatArray

MIN_SIDE = 1e-6  # pixels that must be left of a box inside the picture


@dataclass(frozen=True, eq=False)
class Trimmed:
    """A trimmed table and, per box of the table before, what happened to it.

    Attributes:
        table: without ignored boxes and those outside their picture; the others clipped to it.
        ignored: (N,) bool: left out, because the source says to ignore it.
        outside: (N,) bool: left out, because nothing of it is inside the picture.
        clipped: (N,) bool: kept, with a part cut off.
    """

    table: Table
    ignored: BoolArray
    outside: BoolArray
    clipped: BoolArray

    def counts(self, of: BoolArray) -> dict[str, int]:
        """Count what happened among the boxes of a mask."""
        return {name: int((getattr(self, name) & of).sum()) for name in ("ignored", "outside", "clipped")}


def trim(table: Table) -> Trimmed:
    """Clip boxes to their pictures, leave out ignored ones and those that lie outside."""
    boxes = table.boxes
    cut = clip_boxes(boxes, table.images.size[boxes.image].astype(np.float64))
    inside = cut.xyxy
    empty = ((inside[:, 2:] - inside[:, :2]) < MIN_SIDE).any(axis=1)
    ignored = boxes.ignore
    kept = ~(ignored | empty)
    clipped = kept & (inside != boxes.xyxy).any(axis=1)
    return Trimmed(replace(table, boxes=cut[kept]), ignored, empty & ~ignored, clipped)


def without_empty_polygons(table: Table) -> Table:
    """Return the table with None for the polygons if no box has one."""
    polygons = table.boxes.polygons
    if polygons is None or polygons.there.any():
        return table
    return replace(table, boxes=replace(table.boxes, polygons=None))


def clip_boxes(boxes: Boxes, size: FloatArray, rows: BoolArray | None = None) -> Boxes:
    """Return the boxes without what lies beyond their pictures.

    A box whose polygon is cut becomes the one around what is left of it; without any left it has no width or height.

    Args:
        boxes: N boxes.
        size: (N, 2) width and height of each box's picture.
        rows: (N,) the boxes to clip; None: all.
    """
    every = np.ones(len(boxes), np.bool_) if rows is None else rows
    xyxy = np.where(every[:, None], np.clip(boxes.xyxy, 0.0, np.tile(size, 2)), boxes.xyxy)
    if boxes.polygons is None:
        return replace(boxes, xyxy=xyxy)
    polygons = boxes.polygons.clip(size, every)
    around = boxes.polygons.extents()
    with np.errstate(invalid="ignore"):  # NaN stands for boxes without polygon
        cut = every & ((around[:, :2] < 0).any(axis=1) | (around[:, 2:] > size).any(axis=1))
    xyxy[cut] = np.nan_to_num(polygons.extents()[cut])
    return replace(boxes, xyxy=xyxy, polygons=polygons)
