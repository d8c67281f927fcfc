"""A detector that gives boxes of the ball with lower scores than of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sportstrack.detect.common import Frames
from sportstrack.detect.connector import Connector
from sportstrack.detect.settings import LOWEST_BALL_SCORE, LOWEST_SCORE
from sportstrack.engines.report import EngineReport
from sportstrack.types import Detections


class BallScores:
    """A detector whose boxes of the ball may score lower than those of other classes.

    A ball is small and blurred: its boxes score lower than players', and a tracker of its own knows which of them to
    believe. The detector itself is made with the lower of the two scores; boxes of other classes below theirs are left
    out here.

    Args:
        detector: any detector.
        ball: class ids of the ball.
        score: lowest score of boxes of other classes.
        low: lowest score of boxes of the ball.
    """

    def __init__(self, detector: Connector, ball: list[int], score: float, low: float) -> None:
        self._detector, self._ball = detector, np.array(ball, np.int64)
        self._score, self._low = score, low
        self.timings: dict[str, float] = detector.timings
        self.in_force: dict[str, Any] = detector.in_force

    def __call__(self, frames: Frames) -> list[Detections]:
        """Detect in a batch of frames; return one table per frame, in order."""
        return [self._kept(table) for table in self._detector(frames)]

    def prepare(self, shape: tuple[int, int], frames: int = 1) -> None:
        """Make the detector ready for so many frames of a shape (height, width) at once, where it can be."""
        prepare = getattr(self._detector, "prepare", None)
        if prepare is not None:
            prepare(shape, frames)

    @property
    def at_once(self) -> int:
        """Frames that are best given at once where nobody waits for a single one."""
        return getattr(self._detector, "at_once", 1)

    def _kept(self, table: Detections) -> Detections:
        lowest = np.where(np.isin(table.class_id, self._ball), self._low, self._score)
        keep = ~(table.score < lowest)  # an unusable score is left to the tracker, which counts it
        return table if keep.all() else table[keep]

    @property
    def names(self) -> Mapping[int, str]:
        """Class id → name."""
        return self._detector.names

    @property
    def device(self) -> str | None:
        """Where the detector runs."""
        return self._detector.device

    @property
    def trained_size(self) -> int | None:
        """Longer side that the network was trained with, or None where nobody knows."""
        size: int | None = getattr(self._detector, "trained_size", None)
        return size

    @property
    def report(self) -> EngineReport | None:
        """What runs the network, where the detector says so."""
        report: EngineReport | None = getattr(self._detector, "report", None)
        return report

    @property
    def fixed(self) -> tuple[str, ...]:
        """Settings that the detector fixes itself."""
        return self._detector.fixed


def ball_score(asked: float | None, score: float | None) -> float:
    """Return the lowest score of boxes of the ball: the one asked for, else the lower of the default and `score`."""
    return asked if asked is not None else min(LOWEST_BALL_SCORE, LOWEST_SCORE if score is None else score)
