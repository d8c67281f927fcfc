"""The toy detector at a walking pace, so that a test can come in between; it finds the same."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import toy

from sportstrack.types import Detections


class Slowly:
    names = {0: "player"}

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        time.sleep(0.02)
        return toy.find(frames)
