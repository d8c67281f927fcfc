"""Who is on the field: the people of each frame that are for the tracker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sportstrack.field import FieldFinder, people_of
from sportstrack.types import BoolArray, Detections, Image


class FieldWatch:
    """Looks for the field, frame by frame, and tells the people on it from the others.

    Args:
        people: classes of people; boxes of other classes always count.
    """

    def __init__(self, people: Sequence[int]) -> None:
        self._people = np.array(people, np.int64)
        self._finder = FieldFinder()

    def __call__(self, image: Image, detections: Detections, *, cut: bool) -> BoolArray | None:
        """Return (N,) which detections are for the tracker; None where no field is found.

        Args:
            image: (H, W, 3) BGR of the frame.
            detections: what was found in it.
            cut: whether another shot begins with it.
        """
        if cut:
            self._finder.cut()
        rows = np.flatnonzero(np.isin(detections.class_id, self._people))
        boxes = detections.xyxy[rows]
        field = self._finder.update(image, boxes, detections.score[rows])
        if field is None:
            return None
        counts: BoolArray = np.ones(len(detections), np.bool_)
        counts[rows] = field.holds(boxes)
        return counts


def field_watch(names: Mapping[int, str], balls: Sequence[int] | None) -> FieldWatch | None:
    """Return what looks for the field; None where no class is known to be people.

    Args:
        names: class id → name, of the detector.
        balls: classes of the ball, which is never left out.
    """
    people = [one for one in people_of(names) if one not in (balls or ())]
    return FieldWatch(people) if people else None
