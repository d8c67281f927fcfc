"""A tracker that is pickled or copied in mid-stream goes on to the last bit, and apart from the original."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sportstrack import TRACKERS, Detections, Tracker, Tracks, create_tracker

FRAMES, HALF = 60, 30


def stream() -> list[tuple[Detections, np.ndarray]]:
    """Eight players and a ball, with gaps, embeddings, and a camera that pans."""
    rng = np.random.default_rng(3)
    place, speed = rng.uniform(50, 500, (9, 2)), rng.normal(0, 2, (9, 2))
    looks = rng.normal(size=(9, 16)).astype("f4")
    frames = []
    for _ in range(FRAMES):
        place = place + speed + rng.normal(0, 0.3, (9, 2)) - (1.5, 0)
        seen = np.flatnonzero(rng.random(9) > 0.15)
        size = np.where(seen[:, None] == 8, (12, 12), (30, 80))
        look = looks[seen] + rng.normal(0, 0.2, (len(seen), 16)).astype("f4")
        look /= np.linalg.norm(look, axis=1, keepdims=True)
        score = rng.uniform(0.3, 0.95, len(seen))
        found = Detections(np.hstack([place[seen], place[seen] + size]), score, np.where(seen == 8, 32, 0), look)
        frames.append((found, np.array([[1, 0, -1.5], [0, 1, 0.0]])))
    return frames


STREAM = stream()
WAYS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda tracker: pickle.loads(pickle.dumps(tracker)),
    "deepcopy": copy.deepcopy,
}


def made(name: str) -> Tracker:
    if name == "by class":
        return create_tracker("sports", ball=[32])
    return create_tracker(name, frame_size=(700, 600))


def same(one: Tracks, other: Tracks) -> None:
    for name, column in vars(one).items():
        np.testing.assert_array_equal(column, getattr(other, name), err_msg=name)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", [*sorted(TRACKERS), "by class"])
def test_a_copy_goes_on_bit_equal(name: str, way: str) -> None:
    tracker = made(name)
    for found, camera in STREAM[:HALF]:
        tracker.update(found, camera)
    copied = WAYS[way](tracker)
    expected = [tracker.update(found, camera) for found, camera in STREAM[HALF:]]  # first: the copy stands still
    assert sum(map(len, expected)) > 0
    for (found, camera), tracks in zip(STREAM[HALF:], expected, strict=True):
        same(tracks, copied.update(found, camera))
    copied.reset()
    for found, camera in STREAM[:HALF]:
        copied.update(found, camera)
    same(expected[0], copied.update(*STREAM[HALF]))
