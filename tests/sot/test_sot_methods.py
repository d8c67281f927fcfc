"""OpenCV's single-object trackers behind one interface."""

from __future__ import annotations

import sys
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_player import follow, overlap, walk

from sportstrack.errors import SettingError, SportstrackError, WeightsError
from sportstrack.images import opencv
from sportstrack.sot import METHODS, SingleTracker
from sportstrack.sot.methods import Follower, ScaledCopy, make, whole_box


@pytest.mark.parametrize("method", ["kcf", "mosse", "mil"])
def test_opencv_s_other_trackers_follow_too(method: str) -> None:
    images, boxes = walk(6)
    tries = 4 if method == "mil" else 1  # it draws its samples anew each time, without a seed: one in 20 strays
    ends = [follow(SingleTracker(method), images, boxes[0])[-1].box for _ in range(tries)]
    assert max(overlap(box, boxes[5]) for box in ends) > 0.3


def test_a_large_object_is_followed_at_a_smaller_scale() -> None:
    images, boxes = walk(6)
    large = [cv2.resize(image, None, fx=6, fy=6) for image in images]
    results = follow(SingleTracker("csrt", window=120), large, 6 * boxes[0])
    assert [result.state for result in results] == ["tracking"] * 6
    assert overlap(results[-1].box, 6 * boxes[5]) > 0.6


def test_a_large_object_s_window_is_scaled_to_whole_cells_and_a_small_one_s_is_not() -> None:
    images, boxes = walk(2)
    follower = Follower("csrt", window=180, large=100)
    follower.init(images[0], boxes[0])
    plain = cv2.TrackerCSRT.create()
    plain.init(images[0], whole_box(boxes[0]))
    x, y, w, h = plain.update(images[1])[1]
    np.testing.assert_array_equal(follower.update(images[1])[1], [x, y, x + w, y + h])
    large = [cv2.resize(image, None, fx=8, fy=8) for image in images]
    follower.init(large[0], 8 * boxes[0])
    assert overlap(follower.update(large[1])[1], 8 * boxes[1]) > 0.6


def test_network_trackers_ask_for_their_files(tmp_path: Any) -> None:
    with pytest.raises(WeightsError, match=r"--model backbone=FILE\.onnx --model neckhead=FILE\.onnx"):
        SingleTracker("nano")
    with pytest.raises(WeightsError, match="no model file"):
        SingleTracker("vit", models={"net": tmp_path / "absent.onnx"})
    with pytest.raises(SettingError, match="its files are net"):
        SingleTracker("vit", models={"nett": "x.onnx"})
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"broken\.onnx"):
        make("vit", {"net": str(broken)})


def test_an_opencv_without_csrt_is_named_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain:
        __version__ = "5.0.0"
        resize = None

    monkeypatch.setitem(sys.modules, "cv2", Plain())
    with pytest.raises(SportstrackError, match="no TrackerCSRT") as error:
        make("csrt")
    assert opencv.FIX in str(error.value)


def test_every_method_has_a_class_in_this_opencv() -> None:
    for name in METHODS.values():
        assert hasattr(cv2, name) or hasattr(cv2.legacy, name), name


@given(
    st.lists(st.floats(0, 1000), min_size=2, max_size=2), st.floats(80, 500), st.floats(80, 500), st.integers(150, 1279)
)
def test_a_scaled_picture_s_boxes_come_back_without_a_rounding_error(
    corner: list[float], w: float, h: float, width: int
) -> None:
    box = np.array([*corner, corner[0] + w, corner[1] + h])
    large, small = np.empty((720, 1280, 3), np.uint8), np.empty((width * 9 // 16, width, 3), np.uint8)
    there = ScaledCopy(large, small, box)
    x, y, across, down = there.whole
    np.testing.assert_allclose(there.back(np.array([x, y, x + across, y + down], float)), box, atol=1e-6)


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=2), st.floats(1, 500), st.floats(1, 500))
def test_whole_boxes_have_a_size(corner: list[float], w: float, h: float) -> None:
    _, _, width, height = whole_box(np.array([*corner, corner[0] + w, corner[1] + h]))
    assert abs(width - w) <= 1
    assert abs(height - h) <= 1


def test_a_follower_gives_boxes_in_full_pixels() -> None:
    images, boxes = walk(2)
    follower = Follower("csrt", window=40, large=10)
    follower.init(images[0], boxes[0])
    ok, box, response = follower.update(images[1])
    assert ok
    assert response is None
    assert overlap(box, boxes[1]) > 0.5
