"""Detectors that make mistakes of known kinds, to be named as ``--detector clumsy:Clumsy``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import toy

from sportstrack.types import Detections

CALLS: list[int] = []


class Clumsy:
    """Finds bright boxes; misses those right of the middle, calls those at the top referees, sees one at the bottom."""

    names = {0: "player", 1: "referee"}

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        CALLS.append(len(frames))
        found = []
        for table in toy.find(frames):
            kept = table[table.xyxy[:, 0] < 80]
            kinds = (kept.xyxy[:, 1] < 30).astype(int)
            boxes = np.vstack([kept.xyxy, [[70, 100, 84, 118]]])
            found.append(Detections.from_arrays(boxes, [*kept.score, 0.6], [*kinds, 0]))
        return found


class Stopping(Clumsy):
    """As Clumsy, and is stopped at the tenth picture."""

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        if len(CALLS) >= 9:
            raise KeyboardInterrupt
        return super().__call__(frames)


def exact(frames: Sequence[np.ndarray]) -> list[Detections]:
    return toy.find(frames)


exact.names = {0: "player"}
