"""Frames joined to videos with shot changes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from sportstrack.shots import (
    Boundary,
    ShotConfig,
    ShotDetector,
)

WIDTH, HEIGHT = 640, 360
LENGTH = 30
Frames = list[np.ndarray]
MATCHES = {1: ("main", 1.0), 2: ("close", 1.0), 3: ("goal", 3.0), 4: ("side", 2.0), 5: ("reverse", 3.0)}


def boundaries(frames: Iterable[np.ndarray], config: ShotConfig | None = None) -> list[Boundary]:
    detector = ShotDetector(config)
    return [boundary for frame in frames if (boundary := detector.update(frame)) is not None]


def join(clips: Sequence[Frames]) -> tuple[Frames, list[int]]:
    """The clips end to end, and the frames at which the second and later ones begin."""
    starts = list(itertools.accumulate(map(len, clips)))[:-1]
    return [frame for clip in clips for frame in clip], starts


REAL = {
    "football": ("video/football_848x478.mp4", 25),
    "indoors": ("video/one-by-one-person-detection.mp4", 40),
    "cars": ("video/car-detection.mp4", 25),
    "street": ("sot/otb_crossing/img", 25),
    "hand-held": ("sot/vot_bag", 25),
}


def read(path: Path, frames: int) -> Frames:
    from sportstrack.video import open_source

    with open_source(path) as source:
        return [frame.image for frame in itertools.islice(source, frames)]


def moved(image: np.ndarray, zoom: float, shift: float) -> np.ndarray:
    """The middle of a picture, enlarged and shifted to the left."""
    import cv2

    affine = np.array([[zoom, 0, (1 - zoom) * WIDTH / 2 - shift], [0, zoom, (1 - zoom) * HEIGHT / 2]])
    return cv2.warpAffine(image, affine, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
