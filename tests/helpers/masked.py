"""Players as ellipses: boxes, masks and recordings of a few who cross."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
from sportstrack.types import Detections

WIDTH, HEIGHT = 160, 96


def ellipse(box: np.ndarray) -> np.ndarray:
    """(HEIGHT, WIDTH) mask of the ellipse that fills a box."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    return np.asarray(((x - middle[0]) / half[0]) ** 2 + ((y - middle[1]) / half[1]) ** 2 <= 1)


def boxes_at(frame: int) -> np.ndarray:
    """(3, 4) boxes: two walk towards one another and cross, one stands; the last one is a ball."""
    x = np.array([10 + 3.0 * frame, 120 - 3.0 * frame, 70])
    y = np.array([20, 24, 70.0])
    size = np.array([[20, 44], [20, 44], [8, 8.0]])
    low = np.column_stack([x, y])
    return np.hstack([low, low + size])


def table(frame: int, *, masks: bool = True) -> Detections:
    """Return what a detector finds in a frame."""
    boxes = boxes_at(frame)
    made = np.stack([ellipse(box) for box in boxes]) if masks else None
    return Detections(boxes, np.array([0.9, 0.8, 0.7]), np.array([0, 0, 1]), mask=made)  # type: ignore[arg-type]


def record(path: Path, frames: int = 30, *, gap: tuple[int, int] = (0, 0), masks: bool = True) -> Path:
    """Write a recording; in the frames of the gap the first player is not found."""
    info = RecordingInfo("walk", WIDTH, HEIGHT, 25.0, {0: "player", 1: "ball"})
    writer = RecordingWriter(path, info)
    for frame in range(frames):
        found = table(frame, masks=masks)
        writer.write(RecordedFrame(frame, frame / 25, found[1:] if gap[0] <= frame < gap[1] else found))
    writer.close()
    return path
