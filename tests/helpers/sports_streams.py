"""SportsTrack, and small streams for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from sportstrack import Detections, Tracks, create_tracker

PICTURE = (640, 360)


def make(frame_size: tuple[int, int] | None = PICTURE, **settings: Any) -> Any:
    return create_tracker("sports", frame_size=frame_size, **settings)


def ids(tracks: list[Tracks]) -> list[list[int]]:
    return [t.track_id.tolist() for t in tracks]


def at(*places: tuple[float, float], size: tuple[float, float] = (20, 50), kind: int = 0, score: float = 0.9) -> Any:
    """Boxes of one size with these centres."""
    centre, half = np.array(places, dtype=np.float64).reshape(-1, 2), np.array(size) / 2
    boxes = np.hstack((centre - half, centre + half))
    return Detections.from_arrays(boxes, np.full(len(boxes), score), np.full(len(boxes), kind))


def joined(*tables: Detections) -> Detections:
    return Detections(*(np.concatenate([getattr(t, name) for t in tables]) for name in ("xyxy", "score", "class_id")))


def near(smoothed: Any, boxes: Any) -> bool:
    """No edge of a smoothed box is farther from the tracked box's than 5 % of the height."""
    rounding = 1e-9 + 1e-12 * np.abs(boxes).max(initial=0.0)
    return bool((np.abs(smoothed - boxes) <= 0.05 * (boxes[:, 3:] - boxes[:, 1:2]) + rounding).all())


def with_embeddings(detections: Detections, vectors: Any) -> Detections:
    return replace(detections, embedding=np.asarray(vectors, np.float32))


# --- the camera ------------------------------------------------------------------------------------------------------


def panning(count: int, speed: float, frames: int = 20) -> list[Detections]:
    """Players that run a little while the camera swings back and forth by ``speed`` pixels a frame."""
    where = [(60.0 + 80 * (i % 8), 100.0 + 90 * (i // 8)) for i in range(count)]
    view, stream = 0.0, []
    for n in range(frames):
        view += speed if (n // 5) % 2 else -speed
        stream.append(at(*((x + view + (i % 3 - 1) * n, y) for i, (x, y) in enumerate(where))))
    return stream


def jittering(frames: int = 60) -> tuple[list[Detections], Any]:
    """Boxes of six players that run straight on, seen by a detector whose edges jitter; and the boxes themselves."""
    rng, stream, truth = np.random.default_rng(5), [], []
    for n in range(frames):
        true = at(*((60.0 + 90 * i + 2 * n, 100.0 + 30 * (i % 3)) for i in range(6))).xyxy
        truth.append(true)
        stream.append(Detections.from_arrays(true + rng.normal(0, 1.5, true.shape), np.full(6, 0.8)))
    return stream, np.array(truth)
