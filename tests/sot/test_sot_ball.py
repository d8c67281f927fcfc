"""The ball: found by a detector, followed between detections, and never made up without saying so."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_player import field

from sportstrack.errors import SettingError
from sportstrack.sot import BallTracker, fill_gaps
from sportstrack.sot.ball import ball_classes
from sportstrack.types import Detections


def flight(count: int) -> tuple[list[np.ndarray], np.ndarray]:
    images, boxes = [], []
    for i in range(count):
        image = field()
        x, y = 20 + 5 * i, 80 - 2 * i
        cv2.circle(image, (x, y), 5, (240, 240, 240), -1)
        images.append(image)
        boxes.append([x - 5, y - 5, x + 6, y + 6])
    return images, np.array(boxes, float)


def found(boxes: Any, score: float = 0.8) -> Detections:
    table = np.asarray(boxes, float).reshape(-1, 4)
    return Detections.from_arrays(table, np.full(len(table), score))


def test_the_tracker_bridges_frames_without_a_detection() -> None:
    images, boxes = flight(12)
    tracker = BallTracker()
    for i, image in enumerate(images):
        result = tracker.update(image, found(boxes[i] if i < 6 else []))
        assert result.state == "tracking"
        assert np.hypot(*(result.box - boxes[i])[:2]) < 4


def test_without_a_visual_tracker_motion_guesses_for_a_moment() -> None:
    images, boxes = flight(20)
    tracker = BallTracker(method=None)
    results = [tracker.update(image, found(boxes[i] if i < 6 else [])) for i, image in enumerate(images)]
    assert results[8].state == "occluded"
    assert np.hypot(*(results[8].box - boxes[8])[:2]) < 6
    assert results[-1].state == "lost"
    assert np.isnan(results[-1].box).all()


def test_a_jump_that_no_ball_can_make_is_rejected_unless_it_stays() -> None:
    images, boxes = flight(20)
    tracker = BallTracker(method=None)
    far = [200, 130, 211, 141]
    for i in range(8):
        tracker.update(images[i], found(boxes[i]))
    assert tracker.update(images[8], found(far, 0.99)).state == "occluded"
    assert tracker.update(images[9], found(boxes[9])).state == "tracking"
    answers = [tracker.update(images[i], found(far, 0.9)) for i in range(10, 14)]
    assert answers[0].state == "occluded"
    np.testing.assert_array_equal(answers[-1].box, far)


def test_unusable_and_foreign_detections_are_left_out() -> None:
    images, boxes = flight(1)
    tracker = BallTracker(classes=[32])
    table = Detections(np.array([[np.nan, 0, 1, 1], boxes[0]]), np.array([0.9, 0.9]), np.array([32, 0]))
    assert tracker.update(images[0], table).state == "lost"


def test_ball_classes_are_known_by_name() -> None:
    assert ball_classes({0: "person", 32: "sports ball", 33: "puck"}) == [32, 33]
    with pytest.raises(SettingError, match="person"):
        ball_classes({0: "person"})
    with pytest.raises(SettingError, match="no detector"):
        BallTracker().update(field())


@settings(max_examples=50)
@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 6))
def test_filling_closes_short_gaps_and_says_so(seen: list[bool], limit: int) -> None:
    mask = np.array(seen)
    truth = np.arange(len(mask))[:, None] + np.array([0.0, 5, 10, 20])
    boxes = np.where(mask[:, None], truth, np.nan)
    filled, made = fill_gaps(boxes, limit)
    np.testing.assert_allclose(filled[mask | made], truth[mask | made])
    assert np.isnan(filled[~(mask | made)]).all()
    assert not (made & mask).any()
    runs = "".join("." if m else "x" for m in mask | made).strip("x").split(".")
    assert all(not run or len(run) > limit for run in runs)
