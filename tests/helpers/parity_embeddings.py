"""Streams with embeddings for two trackers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from sportstrack import Detections

# --- streams ---------------------------------------------------------------------------------------------------------


def with_embeddings(
    stream: Iterable[Detections], seed: int = 0, length: int = 16, noise: float = 0.08
) -> list[Detections]:
    """Give each box the embedding of the nearest box of the frame before, with noise; a new one if none is near."""
    rng = np.random.default_rng(seed)
    place, before = np.empty((0, 2)), np.empty((0, length))
    answer = []
    for frame in stream:
        now, rows = (frame.xyxy[:, :2] + frame.xyxy[:, 2:]) / 2, rng.normal(size=(len(frame), length))
        if len(now) and len(place):
            distance = np.linalg.norm(now[:, None] - place, axis=2)
            near = distance.min(axis=1) < 40
            rows[near] = before[distance.argmin(axis=1)[near]]
        if len(now):
            place, before = now, units(rows)
            rows = units(before + rng.normal(0, noise, before.shape))
        answer.append(Detections(frame.xyxy, frame.score, frame.class_id, rows.astype(np.float32)))
    return answer


def units(rows: Any) -> Any:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def pair(gap: float, left: Any, right: Any, score: float = 0.9) -> Detections:
    """Two boxes beside one another, each with an embedding."""
    boxes = np.array([[100.0, 100, 140, 200], [100 + gap, 100, 140 + gap, 200]])
    return Detections(boxes, np.full(2, score), np.zeros(2, np.int64), np.array([left, right], np.float32))


RED, BLUE = [1.0, 0.0], [0.0, 1.0]
