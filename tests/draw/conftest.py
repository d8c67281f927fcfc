"""A small match under a panning camera, tracked once; and the frames that a writer of videos was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sportstrack.types import Detections
from tests.helpers.make_video import make_video

SIZE = (320, 192)
FRAMES, PAN = 30, 4  # pixels by which the ground moves to the left in each frame
PLAYERS = ((60.3, 40.7, 2.13, 0.4), (120.55, 60.2, -1.4, 0.31), (150.2, 62.9, 1.27, 0.0), (200.4, 90.1, 0.0, 0.77))
BOX = (15.37, 36.41)


def ground() -> np.ndarray:
    """Turf with enough structure to follow."""
    import cv2

    rng = np.random.default_rng(4)
    noise = rng.integers(0, 255, (SIZE[1] // 4, (SIZE[0] + FRAMES * PAN) // 4 + 1), np.uint8)
    grey = cv2.resize(noise, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    return np.stack([grey // 3, 90 + grey // 4, grey // 3], axis=2).astype(np.uint8)


def places(frame: int) -> np.ndarray:
    """(4, 4) boxes of the players and (1, 4) of the ball, in the frame's pixels; the second stands on the ground."""
    rows = [(x + vx * frame - PAN * frame * (i == 1), y + vy * frame) for i, (x, y, vx, vy) in enumerate(PLAYERS)]
    corner = np.array(rows)
    players = np.hstack([corner, corner + BOX])
    ball = np.array([[170.3 - 1.3 * frame, 150.2, 176.9 - 1.3 * frame, 156.8]])
    return np.vstack([players, ball])


def pictures() -> list[np.ndarray]:
    whole, images = ground(), []
    for frame in range(FRAMES):
        image = whole[: SIZE[1], PAN * frame : PAN * frame + SIZE[0]].copy()
        for x1, y1, x2, y2 in places(frame).astype(int):
            image[y1:y2, x1:x2] = (200, 60, 220)
        images.append(image)
    return images


class Detect:
    """Finds everyone in the frames of the match, in their order; the third player is missed for a while."""

    names = {0: "player", 1: "ball", 7: "referee"}

    def __init__(self, ball: bool = True) -> None:
        self.frame, self.ball = 0, ball

    def __call__(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        tables = []
        for image in frames:
            boxes = places(self.frame)
            rows = [0, 1, *([] if 10 <= self.frame < 13 else [2]), 3, *([4] if self.ball else [])]
            masks = np.zeros((len(rows), *image.shape[:2]), bool)
            for mask, (x1, y1, x2, y2) in zip(masks, boxes[rows].astype(int), strict=True):
                mask[y1:y2, x1 : (x1 + x2) // 2] = True
            points = np.repeat(boxes[rows][:, None, :2], 3, axis=1) + np.array([[1, 2], [5, 9.49], [3, 20]])
            points = np.concatenate([points, np.full((len(rows), 3, 1), 0.8)], axis=2)
            tables.append(
                Detections(
                    boxes[rows],
                    np.array([0.91, 0.8049, 0.777, 0.699, 0.5555])[rows],
                    np.array([0, 0, 0, 7, 1])[rows],
                    mask=masks,
                    keypoints=points.astype(np.float32),
                )
            )
            self.frame += 1
        return tables


@pytest.fixture(scope="session")
def match(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(
        tmp_path_factory.mktemp("match") / "match.mp4", size=SIZE, pictures=pictures(), options={"crf": "10"}
    )


@contextmanager
def written_frames() -> Iterator[list[np.ndarray]]:
    """Collect what a `VideoWriter` is given: the pictures before they are encoded."""
    from sportstrack.video import VideoWriter

    found: list[np.ndarray] = []
    write: Any = VideoWriter.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            VideoWriter, "write", lambda self, image, pts: (found.append(image.copy()), write(self, image, pts))
        )
        yield found
