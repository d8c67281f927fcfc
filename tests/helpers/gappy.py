"""A detector that loses a player for a while, to be named as ``--detector gappy:Gappy``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import toy

from sportstrack.types import Detections

GAP = range(6, 10)


class Gappy:
    """As `toy.find`, but the player on the left is not seen in `GAP`, and a ghost has a very low score."""

    names = {0: "person", 1: "sports ball"}

    def __init__(self) -> None:
        self.frame = -1

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        found = []
        for table in toy.find(frames):
            self.frame += 1
            seen = table.xyxy[:, 1] != 20 if self.frame in GAP else np.ones(len(table), bool)
            kept = table[seen]
            boxes = np.vstack([kept.xyxy, [[140, 4, 150, 14]]])
            found.append(Detections.from_arrays(boxes, [*kept.score, 0.3]))
        return found
