"""Streams with embeddings for two trackers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from sportstrack import Detections

# --- streams ---------------------------------------------------------------------------------------------------------


def with_looks(stream: Iterable[Detections], seed: int = 0, length: int = 16, noise: float = 0.08) -> list[Detections]:
    """Give each box a look: that of the nearest box of the frame before, seen with noise; a new one if none is near."""
    rng = np.random.default_rng(seed)
    place, look = np.empty((0, 2)), np.empty((0, length))
    answer = []
    for frame in stream:
        now, looks = (frame.xyxy[:, :2] + frame.xyxy[:, 2:]) / 2, rng.normal(size=(len(frame), length))
        if len(now) and len(place):
            distance = np.linalg.norm(now[:, None] - place, axis=2)
            near = distance.min(axis=1) < 40
            looks[near] = look[distance.argmin(axis=1)[near]]
        if len(now):
            place, look = now, units(looks)
            looks = units(look + rng.normal(0, noise, look.shape))
        answer.append(Detections(frame.xyxy, frame.score, frame.class_id, looks.astype(np.float32)))
    return answer


def units(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pair(gap: float, left: Any, right: Any, score: float = 0.9) -> Detections:
    """Two boxes beside one another, each with a look."""
    boxes = np.array([[100.0, 100, 140, 200], [100 + gap, 100, 140 + gap, 200]])
    return Detections(boxes, np.full(2, score), np.zeros(2, np.int64), np.array([left, right], np.float32))


RED, BLUE = [1.0, 0.0], [0.0, 1.0]
