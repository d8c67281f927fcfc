"""ByteTrack's last step: of a tracked and a lost track that are one object, the younger goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from sportstrack.trackers.shapes import overlap
from sportstrack.types import BoolArray, FloatArray, IntArray


class DuplicateSettings(Protocol):
    """The fields of a tracker's config that say what duplicates are."""

    @property
    def duplicate_thresh(self) -> float:
        """Highest 1 − IoU of one object."""

    @property
    def per_class(self) -> bool:
        """Duplicates have the same class."""


class AgedRows(Protocol):
    """The columns that are needed here of a tracker's table."""

    born: FloatArray  # (T,) step of the first detection
    last: FloatArray  # (T,) step of the last match
    class_id: IntArray  # (T,)
    shape: BoolArray  # (G, T) of the last detection's mask; G is 0 where boxes overlap


def remove_duplicates(
    rows: AgedRows,
    alive: BoolArray,
    centre: FloatArray,
    boxes_of: Callable[[IntArray], FloatArray],
    settings: DuplicateSettings,
    now: float,
) -> None:
    """Of each tracked and lost track that are one object, let the one go that was tracked for the shorter time.

    Args:
        rows: all tracks.
        alive: (T,) cleared for those that go.
        centre: (2, T) of their boxes.
        boxes_of: gives the (K, 4) corners of some tracks.
        settings: what duplicates are.
        now: step of this frame; a track that was matched in it is tracked, any other one lost.
    """
    lost = (alive & (rows.last < now)).nonzero()[0]
    if not len(lost):
        return
    boxes = boxes_of(lost)
    if not _any_near(centre, lost, boxes, settings.duplicate_thresh):
        return
    tracked = (rows.last == now).nonzero()[0]
    mine, theirs = rows.shape.take(tracked, axis=1), rows.shape.take(lost, axis=1)
    shared = overlap(boxes_of(tracked), mine, boxes, theirs)
    t, other = (shared > 1.0 - settings.duplicate_thresh).nonzero()
    t, other = tracked[t], lost[other]
    if settings.per_class:
        alike = rows.class_id[t] == rows.class_id[other]
        t, other = t[alike], other[alike]
    age = rows.last - rows.born
    alive[np.where(age[t] > age[other], other, t)] = False


def _any_near(centre: FloatArray, some: IntArray, boxes: FloatArray, most: float) -> bool:
    """Return cheaply whether any of some tracks can be another's duplicate; they hardly ever can.

    An IoU above q = 1 − ``most`` puts two centres closer, in x and in y, than (1 − q) / q times the longer side of
    either box.
    """
    side = np.abs(boxes[:, 2:] - boxes[:, :2])
    reach = np.maximum(side[:, 0], side[:, 1]) * (most / max(1.0 - most, 1e-9))
    away = centre[:, None] - centre.take(some, axis=1)[:, :, None]
    np.abs(away, out=away)
    near = np.maximum(away[0], away[1]) < reach[:, None]
    return bool(np.count_nonzero(near) > len(some))  # each is near itself
