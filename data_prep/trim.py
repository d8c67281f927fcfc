"""Boxes as training wants them: inside the picture, with an area, nothing that is to be ignored; and what that cost."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from data_prep.table import BoolArray, Table

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
    limit = np.tile(table.images.size[boxes.image].astype(np.float64), 2)
    inside = np.clip(boxes.xyxy, 0.0, limit)
    empty = ((inside[:, 2:] - inside[:, :2]) < MIN_SIDE).any(axis=1)
    ignored = boxes.ignore
    kept = ~(ignored | empty)
    clipped = kept & (inside != boxes.xyxy).any(axis=1)
    table = replace(table, boxes=replace(boxes, xyxy=inside)[kept])
    return Trimmed(table, ignored, empty & ~ignored, clipped)
