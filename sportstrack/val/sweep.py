"""Which score threshold to use: precision, recall and F1 from 0.1 to 0.9, and what that means for a tracker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.val.ap import Matched

THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(2, 19))  # 0.1, 0.15, … 0.9
_TRUE_SHARE = 0.25
"""Low-score boxes are only matched with tracks that are there already, so most of their noise does no harm. Half would
be no rule at all: boxes of which half are true always raise F1, so the best F1 lies below them."""


@dataclass(frozen=True)
class Point:
    """What detections from a score upwards are worth, at IoU 0.5.

    Attributes:
        threshold: least score.
        right: detections that are true.
        wrong: detections that are not.
        truth: true boxes.
    """

    threshold: float
    right: int
    wrong: int
    truth: int

    @property
    def precision(self) -> float:
        """Share of the detections that are true, 0…1; 0 without detections."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Share of the true boxes that are found, 0…1; 0 without true boxes."""
        return self.right / max(1, self.truth)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / max(1, self.right + self.wrong + self.truth)


@dataclass(frozen=True)
class Advice:
    """Thresholds for a tracker that uses high-score boxes first and low-score ones to keep tracks alive.

    Attributes:
        high: score of the best F1: ByteTrack's ``track_high_thresh``.
        low: lowest score from which on at least a quarter of the boxes up to `high` are true: ``track_low_thresh``.
    """

    high: float
    low: float


def sweep(matched: Sequence[Matched], thresholds: Sequence[float] = THRESHOLDS) -> list[Point]:
    """Count right and wrong detections of one or more classes together, at IoU 0.5, from each threshold upwards."""
    points = []
    for threshold in thresholds:
        right = sum(int((m.hit[0] & (m.score >= threshold)).sum()) for m in matched)
        all_kept = sum(int((m.score >= threshold).sum()) for m in matched)
        points.append(Point(threshold, right, all_kept - right, sum(m.truth for m in matched)))
    return points


def best(points: Sequence[Point]) -> Point:
    """Return the point with the best F1, the one in the middle of equals."""
    top = max(point.f1 for point in points)
    equal = [point for point in points if np.isclose(point.f1, top, rtol=0, atol=1e-12)]
    return equal[(len(equal) - 1) // 2]


def advise(points: Sequence[Point]) -> Advice:
    """Recommend a tracker's two thresholds; see `Advice`."""
    high = best(points)
    low = high
    for point in sorted(points, key=lambda p: -p.threshold):
        right, wrong = point.right - high.right, point.wrong - high.wrong
        if point.threshold < high.threshold and right > 0 and right >= _TRUE_SHARE * (right + wrong):
            low = point
    if low is high:  # low-score boxes are mostly noise: leave a narrow band
        low = max((p for p in points if p.threshold < high.threshold), key=lambda p: p.threshold, default=high)
    return Advice(high.threshold, low.threshold)
