"""What a frame's picture shows: lines on the field, points that move with the camera, and cuts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.calibrate.lines import MOST, find_lines
from sportstrack.field import FieldFinder
from sportstrack.images.corners import best_corners, halve
from sportstrack.images.opencv import require_cv2
from sportstrack.pitch.evidence import SeenFrame
from sportstrack.shots import ShotDetector
from sportstrack.types import FloatArray, Image

WIDTH = 640  # pixels; pictures are halved until they are at most this wide, for the motion
POINTS, CONTRAST = 200, 1e-5  # cells of a grid with one point each
WINDOW, LEVELS, ROUNDS = 17, 3, 10  # the widest one that is quick: 16 pixels are counted at once
NEAR_FIELD = 0.012  # of the width: lines may be so far outside the field's region
BACK = 0.6  # pixels by which a point may miss where it came from, followed back


class Looker:
    """Looks at the frames of one video, in order.

    Args:
        frame_rate: frames per second.
    """

    def __init__(self, frame_rate: float = 25.0) -> None:
        self._shots = ShotDetector(frame_rate=frame_rate)
        self._field = FieldFinder(people=False)
        self._before: tuple[NDArray[Any], FloatArray] | None = None

    def look(self, frame: int, image: Image) -> SeenFrame:
        """Return what the next frame shows; ``frame`` is its number, from 0."""
        cut = self._shots.update(image) is not None
        if cut:
            self._field.cut()
            self._before = None
        before, after = self._follow(image)
        return SeenFrame(frame, self._lines(image), before, after, cut)

    def _lines(self, image: Image) -> FloatArray:
        field = self._field.update(image, np.empty((0, 4)))
        if field is None:  # its colour does not tell it; the camera tells later which lines are on the pitch
            return find_lines(image, most=2 * MOST)
        # what is below the field's upper edge counts as well: shade, a worn corner or a banner hides turf, not lines
        region = np.maximum.accumulate(field.away <= NEAR_FIELD * image.shape[1], axis=0)
        return find_lines(image, region.astype(np.uint8) * 255)

    def _follow(self, image: Image) -> tuple[FloatArray, FloatArray]:
        """Return points of the last frame and where they are now, in pixels."""
        cv2 = require_cv2()
        grey = halve(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), WIDTH)
        last = self._before
        self._before = (grey, best_corners(grey, max(8, int(np.sqrt(grey.size / POINTS))), CONTRAST))
        if last is None or last[0].shape != grey.shape or len(last[1]) == 0:
            return np.empty((0, 2)), np.empty((0, 2))
        stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, ROUNDS, 0.02)
        start = last[1].astype(np.float32).reshape(-1, 1, 2)
        more: dict[str, Any] = {"winSize": (WINDOW, WINDOW), "maxLevel": LEVELS, "criteria": stop}
        end, found, _ = cv2.calcOpticalFlowPyrLK(last[0], grey, start, None, **more)
        landed = end.reshape(-1, 2).astype(np.float64)
        inside = (landed > 2).all(1) & (landed < np.subtract(grey.shape[::-1], 3)).all(1) & (found.ravel() == 1)
        scale = np.array(image.shape[1::-1]) / grey.shape[::-1]
        return (last[1][inside] + 0.5) * scale, (landed[inside] + 0.5) * scale
