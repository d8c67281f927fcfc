"""A video with an exact answer: coloured boxes gliding over a dark field, and a detector that finds them.

Command-line tests run ``--detector toy:find`` with this folder on the path: real decoding, tracking and encoding,
without a neural network.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from sportstrack.types import Detections, Tracks
from sportstrack.video import VideoWriter

SIZE = (160, 120)  # width, height
PLAYERS = ((10, 20, 2, 0), (120, 60, -2, 1), (60, 90, 1, -1))  # left, top, velocity per frame
BOX = (14, 18)


def truth(frame: int) -> np.ndarray:
    """(3, 4) xyxy of the players in a frame."""
    left_top = np.array([(x + vx * frame, y + vy * frame) for x, y, vx, vy in PLAYERS], float)
    return np.hstack([left_top, left_top + BOX])


def picture(frame: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    width, height = size
    image = np.full((height, width, 3), 30, np.uint8)
    for x1, y1, x2, y2 in truth(frame).astype(int):
        image[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = 230
    return image


def make_match(path: Path, frames: int = 20, size: tuple[int, int] = SIZE) -> Path:
    with VideoWriter(path, *size, 25, crf=10) as writer:
        for frame in range(frames):
            writer.write(picture(frame, size), Fraction(frame, 25))
    return path


def find(frames: Sequence[np.ndarray]) -> list[Detections]:
    """Find bright rectangles."""
    import cv2

    found = []
    for image in frames:
        _, _, stats, _ = cv2.connectedComponentsWithStats((image[..., 1] > 128).astype(np.uint8))
        boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, area in stats[1:] if area > 20], float).reshape(-1, 4)
        found.append(Detections.from_arrays(boxes, np.full(len(boxes), 0.9)))
    return found


find.names = {0: "player"}


def find_with_slips(frames: Sequence[np.ndarray]) -> list[Detections]:
    """As `find`, with a box of each unusable kind in every frame."""
    broken = np.array([[np.nan, 0, 5, 5], [0, 0, np.inf, 5], [9, 9, 2, 2], [3, 3, 3, 8]])
    return [
        Detections.from_arrays(np.vstack([d.xyxy, broken]), np.concatenate([d.score, np.full(4, 0.99)]))
        for d in find(frames)
    ]


def find_with_masks(frames: Sequence[np.ndarray]) -> list[Detections]:
    """As `find`, with masks and key points."""
    tables = []
    for image, d in zip(frames, find(frames), strict=True):
        masks = np.zeros((len(d), *image.shape[:2]), bool)
        for mask, (x1, y1, x2, y2) in zip(masks, d.xyxy.astype(int), strict=True):
            mask[y1:y2, x1:x2] = True
        points = np.repeat(d.xyxy[:, None, :2], 5, axis=1)
        points = np.concatenate([points, np.ones((len(d), 5, 1))], axis=2)
        tables.append(Detections(d.xyxy, d.score, d.class_id, mask=masks, keypoints=points))
    return tables


class FailAt:
    """A detector that breaks at its sixth call."""

    names = {0: "player"}

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        self.calls += 1
        if self.calls == 6:
            raise RuntimeError("the toy detector broke")
        return find(frames)


def heed_ctrl_c() -> None:
    """As a process's ``preexec_fn``: let Ctrl-C and SIGHUP reach it in the background and under nohup as well."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def with_pretended_gpus(kind: str) -> dict[str, str]:
    """Return the environment of a process that believes in so many GPUs, or in Apple's (``mps``)."""
    here = Path(__file__).parent
    paths = [str(here / "pretended_gpus"), str(here), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PRETENDED_GPUS": kind, "OMP_NUM_THREADS": "1"}


class Slow:
    """A detector that takes its time, and says when it has begun."""

    names = {0: "player"}

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        import sys
        import time

        print("detecting", flush=True, file=sys.stderr)
        time.sleep(0.2)
        return find(frames)


class EveryoneIsNew:
    """The simplest tracker that follows the protocol: a new id for each box."""

    def __init__(self, frame_rate: float, first: int = 1) -> None:
        self.first, self.last = first, first - 1

    def update(self, detections: Detections, camera: object = None) -> Tracks:
        ids = np.arange(self.last + 1, self.last + 1 + len(detections))
        self.last += len(detections)
        return Tracks(detections.xyxy, detections.score, detections.class_id, ids, np.arange(len(ids)))

    def reset(self) -> None:
        self.last = self.first - 1
