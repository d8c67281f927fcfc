"""Slices: no object is doubled or halved at a seam, whatever it has besides its box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.detect.custom import CustomDetector
from sportstrack.detect.slices import SlicedDetector, layout, sliced, tiles
from sportstrack.errors import SettingError
from sportstrack.track.in_force import OF_DETECTORS
from sportstrack.track.settings import TrackSettings
from sportstrack.types import Detections, Image

SIZE = (400, 240)


class Codes:
    """A perfect detector of painted rectangles: each has a grey level of its own, and what is seen of it is its box."""

    names = {0: "player"}

    def __init__(self, noise: float = 0.0) -> None:
        self.noise, self.calls = noise, 0
        self._rng = np.random.default_rng(0)

    def __call__(self, frames: Sequence[Image]) -> list[Detections]:
        self.calls += 1
        return [self._look(frame) for frame in frames]

    def _look(self, frame: Image) -> Detections:
        boxes, scores, masks = [], [], []
        for level in np.unique(frame[..., 0])[1:]:
            mask = frame[..., 0] == level
            ys, xs = np.nonzero(mask)
            box = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1], float)
            boxes.append(box + self._rng.normal(0, 1, 4) * self.noise)
            scores.append(0.3 + mask.sum() / mask.size / 2)
            masks.append(mask)
        if not boxes:
            return Detections.empty()
        xyxy = np.array(boxes)
        points = np.concatenate([xyxy.reshape(-1, 2, 2), np.ones((len(xyxy), 2, 1))], axis=2).astype(np.float32)
        return Detections(xyxy, np.array(scores), np.zeros(len(xyxy), np.int64), None, np.array(masks), points)


def painted(boxes: Sequence[Sequence[int]], size: tuple[int, int] = SIZE) -> Image:
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for k, (x1, y1, x2, y2) in enumerate(boxes):
        image[y1:y2, x1:x2] = 20 + k
    return image


def looked(boxes: Sequence[Sequence[int]], columns: int, rows: int, noise: float = 0.0) -> Detections:
    (table,) = SlicedDetector(CustomDetector(Codes(noise)), columns, rows)([painted(boxes)])
    return table


def in_order(xyxy: np.ndarray) -> list[list[float]]:
    return sorted(np.asarray(xyxy).tolist())


def apart(boxes: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Those that touch none before them."""
    kept: list[tuple[int, int, int, int]] = []
    for a in boxes:
        if all(a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1] for b in kept):
            kept.append(a)
    return kept


people = st.builds(
    lambda x, y, w, h: (x, y, min(x + w, SIZE[0]), min(y + h, SIZE[1])),
    st.integers(0, SIZE[0] - 8),
    st.integers(0, SIZE[1] - 10),
    st.integers(6, 60),
    st.integers(8, 90),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(people, max_size=12), st.integers(1, 3), st.integers(1, 3))
def test_slices_find_what_the_whole_frame_shows(
    boxes: list[tuple[int, int, int, int]], columns: int, rows: int
) -> None:
    """Also what lies across one seam, across the crossing of two, and what is larger than the overlap."""
    boxes = apart(boxes)
    table = looked(boxes, columns, rows)
    assert in_order(table.xyxy) == in_order(np.array(boxes, float).reshape(-1, 4))


def test_masks_and_key_points_are_those_of_the_frame() -> None:
    boxes = [(170, 60, 240, 150), (20, 100, 60, 180), (195, 10, 210, 40)]
    table = looked(boxes, 2, 2)
    assert len(table) == 3
    assert table.mask is not None
    assert table.keypoints is not None
    for (x1, y1, x2, y2), mask, points in zip(table.xyxy.astype(int), table.mask, table.keypoints, strict=True):
        assert mask.shape == (SIZE[1], SIZE[0])
        assert mask[y1:y2, x1:x2].all()
        assert mask.sum() == (y2 - y1) * (x2 - x1)
        assert (points[:, 0] >= x1).all()
        assert (points[:, 0] <= x2).all()


def test_boxes_that_jitter_at_a_seam_are_not_doubled() -> None:
    boxes = [(150 + 18 * k, 10 + 22 * k, 168 + 18 * k, 60 + 22 * k) for k in range(6)]
    for noise in (0.3, 0.6, 1.0):
        table = looked(boxes, 2, 1, noise)
        assert len(table) == 6
        assert np.abs(np.sort(table.xyxy, axis=0) - np.sort(np.array(boxes), axis=0)).max() < 6


def test_players_who_overlap_in_one_slice_are_never_merged() -> None:
    """Two boxes of one slice may overlap as they like: the detector has judged them."""
    left = Detections.from_arrays([[20, 20, 60, 100], [22, 22, 62, 102]], [0.9, 0.8])
    (table,) = SlicedDetector(CustomDetector(lambda frames: [left, *[Detections.empty()] * (len(frames) - 1)]), 2, 1)(
        [painted([])]
    )
    assert in_order(table.xyxy) == in_order(left.xyxy)


def test_two_players_in_the_overlap_stay_two() -> None:
    (_, second) = tiles(SIZE, 2, 1)
    pair = np.array([[185.0, 50, 205, 110], [191, 52, 211, 112]])
    shift = np.array([second[0], 0, second[0], 0])
    found = [Detections.from_arrays(pair, [0.9, 0.8]), Detections.from_arrays(pair - shift + 0.5, [0.85, 0.7])]
    (table,) = SlicedDetector(CustomDetector(lambda _: found), 2, 1)([painted([])])
    assert in_order(table.xyxy) == in_order(pair)


def test_all_slices_of_a_batch_go_through_one_call() -> None:
    codes = Codes()
    SlicedDetector(CustomDetector(codes), 3, 2)([painted([(5, 5, 30, 60)])] * 4)
    assert codes.calls == 1


def test_slices_cover_the_frame_and_overlap() -> None:
    for columns, rows in ((2, 1), (3, 2), (1, 4), (16, 16)):
        places = tiles((3840, 2160), columns, rows)
        assert len(places) == columns * rows
        assert len({(x2 - x1, y2 - y1) for x1, y1, x2, y2 in places}) == 1
        seen = np.zeros((2160, 3840), np.uint8)
        for x1, y1, x2, y2 in places:
            assert min(x1, y1) >= 0
            seen[y1:y2, x1:x2] += 1
        assert seen.min() == 1
        assert seen.shape == (2160, 3840)


@pytest.mark.parametrize(
    ("slices", "size", "imgsz", "expected"),
    [
        ("none", (3840, 2160), 640, (1, 1)),
        ("3x2", (100, 100), 640, (3, 2)),
        ("auto", (1280, 720), 640, (1, 1)),
        ("auto", (1920, 1080), 640, (2, 1)),
        ("auto", (1920, 1080), 960, (1, 1)),
        ("auto", (3840, 2160), 640, (3, 2)),
        ("auto", (3840, 2160), 1280, (2, 1)),
        ("auto", (2160, 3840), 1280, (1, 2)),
    ],
)
def test_auto_follows_the_sizes(slices: str, size: tuple[int, int], imgsz: int, expected: tuple[int, int]) -> None:
    assert layout(slices, size, imgsz) == expected


def test_what_is_no_layout_is_refused() -> None:
    for wrong in ("2", "0x1", "2x99", "2*1", "AUTO", "x"):
        with pytest.raises(SettingError, match="slices: expected none, auto or COLUMNSxROWS"):
            TrackSettings(slices=wrong)


def test_the_layout_in_force_is_known_and_one_slice_is_no_wrapper() -> None:
    plain = CustomDetector(Codes())
    assert sliced(plain, "auto", SIZE, 640) is plain
    cut = sliced(plain, "auto", (3840, 2160), 640)
    assert cut.in_force["slices"] == "3x2"
    assert "slices" in OF_DETECTORS
    assert cut.timings is plain.timings


def test_a_detector_that_gives_masks_for_some_slices_only_is_refused() -> None:
    other = Detections.from_arrays([[1, 1, 9, 9]])

    def detect(parts: list[Image]) -> list[Detections]:
        return [replace(other, mask=np.ones((1, *parts[0].shape[:2]), bool)), other]

    with pytest.raises(SettingError, match="mask for some slices"):
        SlicedDetector(CustomDetector(detect), 2, 1)([painted([])])
