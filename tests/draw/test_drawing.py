"""What a viewer sees: boxes, labels, traces, masks and key points, in steady colours."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.draw.annotator import Annotator
from sportstrack.draw.colours import PALETTE, bgr
from sportstrack.draw.marks import MASK_OPACITY
from sportstrack.errors import SettingError, SportstrackError
from sportstrack.images import opencv
from sportstrack.types import Detections, Tracks

PLAIN: dict[str, Any] = {"draw": "box,mask,keypoints"}
NAMES = {0: "player", 1: "ball"}


def make_tracks(boxes: Any, ids: Any = None, detection: Any = None, class_id: int = 0) -> Tracks:
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    n = len(boxes)
    rows = np.arange(n)
    return Tracks(
        boxes,
        np.full(n, 0.91),
        np.full(n, class_id),
        rows + 1 if ids is None else np.asarray(ids),
        rows if detection is None else np.asarray(detection),
    )


def canvas(height: int = 360, width: int = 640) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def colour_of(track_id: int) -> tuple[int, ...]:
    """The colour of the first track of a video."""
    return bgr(PALETTE[(track_id - 1) % len(PALETTE)])


def is_colour(image: np.ndarray, track_id: int) -> np.ndarray:
    return (image == colour_of(track_id)).all(axis=-1)


def palette_in(image: np.ndarray) -> set[int]:
    """The colours of the palette that are in a picture."""
    return {i for i, code in enumerate(PALETTE) if (image == bgr(code)).all(axis=-1).sum() > 20}


def test_draws_into_the_image_given() -> None:
    image = canvas()
    assert Annotator(NAMES).draw(image, make_tracks([[100, 100, 200, 300]])) is image
    assert image.any()
    view = canvas(360, 1280)[:, ::2]
    Annotator(NAMES).draw(view, make_tracks([[100, 100, 200, 300]]))
    np.testing.assert_array_equal(view, image)


@pytest.mark.parametrize("name", ["ball", "Sports_balls", "puck"])
def test_whatever_is_a_ball_by_its_name_gets_the_pointer(name: str) -> None:
    box = make_tracks([[300, 150, 316, 166]])
    image = Annotator({0: name}).draw(canvas(), box)
    np.testing.assert_array_equal(image, Annotator({0: "ball"}).draw(canvas(), box))
    assert (image != Annotator({0: "ballboy"}).draw(canvas(), box)).any()


def test_no_tracks_leave_the_image_alone() -> None:
    image = np.full((36, 64, 3), 7, np.uint8)
    Annotator(NAMES, draw="debug").draw(image, Tracks.empty(), Detections.empty())
    assert (image == 7).all()


def test_box_is_where_it_should_be() -> None:
    image = Annotator(**PLAIN).draw(canvas(), make_tracks([[100, 100, 200, 300]], ids=[7]))
    rows, columns = np.nonzero(is_colour(image, 7))
    assert abs(columns.min() - 100) <= 1
    assert abs(columns.max() - 200) <= 1
    assert abs(rows.min() - 100) <= 1
    assert abs(rows.max() - 300) <= 1
    assert not image[110:290, 110:190].any()


def test_smoothed_boxes_are_drawn_where_there_are_any() -> None:
    own, smoothed = make_tracks([[100, 100, 200, 300]]), make_tracks([[104, 100, 204, 300]])
    both = replace(own, smoothed=smoothed.xyxy)
    assert np.array_equal(*(Annotator(**PLAIN).draw(canvas(), tracks) for tracks in (both, smoothed)))


def test_a_track_keeps_its_colour() -> None:
    annotator = Annotator(**PLAIN)
    both = annotator.draw(canvas(), make_tracks([[10, 10, 50, 90], [300, 10, 350, 90]], ids=[5, 23]))
    first, second = palette_in(both[:, :100]), palette_in(both[:, 290:])
    assert len(first) == len(second) == 1
    assert first != second
    later = annotator.draw(canvas(), make_tracks([[310, 20, 360, 95], [20, 10, 60, 90]], ids=[23, 7]))
    assert palette_in(later[:, 290:]) == second
    assert not palette_in(later[:, :100]) & (first | second)


def test_coasting_box_is_dashed_and_thinner() -> None:
    box = [[100, 100, 200, 300]]
    solid = is_colour(Annotator(**PLAIN).draw(canvas(720, 640), make_tracks(box)), 1)
    dashed = is_colour(Annotator(**PLAIN).draw(canvas(720, 640), make_tracks(box, detection=[-1])), 1)
    assert 0 < dashed.sum() < solid.sum() / 2
    side = dashed[110:290, 98:103].any(axis=1)
    assert 4 < np.count_nonzero(np.diff(side.astype(int))) < 100  # on and off along the side
    assert not dashed[110:290, 110:190].any()


def test_labels_show_id_class_and_score() -> None:
    box = [[100, 100, 200, 300]]
    pictures = [
        Annotator(names, draw=draw).draw(canvas(720, 640), make_tracks(box, class_id=class_id))
        for names, draw, class_id in (
            ({0: "player"}, "box,label", 0),
            ({0: "keeper"}, "box,label", 0),
            ({0: "player"}, "box,id", 0),
            ({0: "player"}, "box,id,score", 0),
            ({0: "player"}, "box,id,class", 0),
            ({0: "player"}, "box", 0),
            ({}, "box,label", 3),
            ({0: "игрок"}, "box,label", 0),
        )
    ]
    for i, picture in enumerate(pictures):
        assert all(not np.array_equal(picture, other) for other in pictures[i + 1 :])
    assert is_colour(pictures[0], 1)[70:98, 102:198].sum() > 300  # the label's ground, above the box


def test_labels_at_the_border_stay_in_sight() -> None:
    for box in ([100, -30, 200, 200], [100, 0, 200, 200], [100, 3, 200, 200], [-20, 3, 80, 200], [560, 500, 700, 760]):
        image = Annotator(NAMES, draw="label").draw(canvas(720, 640), make_tracks([box]))
        rows, columns = np.nonzero(is_colour(image, 1))
        assert len(rows) > 300
        assert np.ptp(rows) >= 12
        assert np.ptp(columns) > 60


def test_trace_follows_the_feet_and_ends() -> None:
    annotator = Annotator(trace_seconds=0.4, frame_rate=25, draw="trace")
    for frame in range(40):
        x = 20 + 10 * frame
        image = annotator.draw(canvas(), make_tracks([[x - 10, 100, x + 10, 200]]))
    rows, columns = np.nonzero(is_colour(image, 1))
    assert abs(rows - 200).max() <= 2
    assert abs(columns.max() - 410) <= 3
    assert abs(columns.min() - 320) <= 30  # ten frames back, of which a third is drawn
    assert not annotator.draw(canvas(), Tracks.empty()).any()


def test_reset_forgets_traces() -> None:
    annotator = Annotator(draw="trace")
    annotator.draw(canvas(), make_tracks([[10, 10, 30, 90]]))
    annotator.reset()
    assert not annotator.draw(canvas(), make_tracks([[310, 10, 330, 90]])).any()


def test_trace_memory_is_bounded() -> None:
    annotator = Annotator(trace_seconds=0.2, frame_rate=25, draw="trace")
    small = canvas(40, 60)
    for frame in range(300):  # every frame two tracks that never return
        annotator.draw(small, make_tracks([[1, 1, 9, 20], [20, 1, 29, 20]], ids=[2 * frame + 1, 2 * frame + 2]))
    assert annotator._trails is not None
    assert annotator._trails.points <= 2 * 16


def test_lines_grow_with_the_image() -> None:
    widths = []
    for height in (180, 720, 2160):
        box = [[0.25 * height, 0.25 * height, 0.75 * height, 0.75 * height]]
        image = Annotator(**PLAIN).draw(canvas(height, height), make_tracks(box))
        widths.append(int(is_colour(image, 1)[height // 2, : height // 2].sum()))
    assert widths[0] < widths[1] < widths[2]
    thick = Annotator(thickness=9, **PLAIN).draw(canvas(), make_tracks([[100, 100, 200, 300]]))
    assert is_colour(thick, 1)[200, :150].sum() >= 9


def test_masks_are_tinted() -> None:
    mask = np.zeros((2, 360, 640), bool)
    mask[1, 120:180, 120:160] = True
    tracks = make_tracks([[100, 100, 200, 300], [400, 100, 500, 300]], detection=[1, -1])
    table = Detections(np.tile([0.0, 0, 1, 1], (2, 1)), np.ones(2), np.zeros(2, np.int64), mask=mask)
    image = Annotator(**PLAIN).draw(canvas(), tracks, table)
    expected = (np.array(colour_of(1)) * MASK_OPACITY).astype(int)
    assert (abs(image[125:175, 125:155].astype(int) - expected) <= 1).all()
    assert not image[190:290, 110:190].any()
    without = Annotator(draw="box,keypoints").draw(canvas(), tracks, table)
    assert not without[125:175, 125:155].any()


@pytest.mark.parametrize("count", [5, 17])
def test_key_points_are_drawn(count: int) -> None:
    points = np.zeros((1, count, 3), np.float32)
    points[0, :, 0] = np.linspace(120, 180, count)
    points[0, :, 1] = np.linspace(120, 280, count)
    points[0, :, 2] = 0.9
    points[0, 1] = (150, 110, 0.05)  # too unsure
    points[0, 2] = (np.nan, 5, 1)
    table = Detections(np.array([[100.0, 100, 200, 300]]), np.ones(1), np.zeros(1, np.int64), keypoints=points)
    image = Annotator(**PLAIN).draw(canvas(), make_tracks([[100, 100, 200, 300]]), table)
    drawn = is_colour(image, 1)
    for x, y, score in points[0].tolist():
        if score >= 0.3 and np.isfinite(x):
            assert drawn[round(y), round(x)]
    assert not drawn[110, 150]


def test_boxes_out_of_sight_are_left_out() -> None:
    far = [[-500, 10, -400, 50], [1e9, 1e9, 1.1e9, 1.1e9], [10, 900, 50, 990], [0, 0, np.inf, 9], [np.nan, 0, 9, 9]]
    image = Annotator(NAMES, draw="debug").draw(canvas(), make_tracks(far))
    assert not image.any()
    huge = Annotator(NAMES).draw(canvas(), make_tracks([[-1e9, -1e9, 1e9, 1e9]], detection=[-1]))
    assert huge.shape == (360, 640, 3)


numbers = st.floats(width=64) | st.floats(-100, 800)


@settings(max_examples=40, deadline=None)
@given(
    boxes=st.lists(st.tuples(numbers, numbers, numbers, numbers), max_size=4),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    coasting=st.booleans(),
)
def test_no_box_breaks_a_frame(boxes: list[tuple[float, ...]], size: tuple[int, int], coasting: bool) -> None:
    image = canvas(*size)
    detection = np.full(len(boxes), -1) if coasting else None
    annotator = Annotator(NAMES, draw="broadcast,analyst,debug,speed")
    for _ in range(2):
        annotator.draw(image, make_tracks(boxes, detection=detection))
    assert image.shape == (*size, 3)


@pytest.mark.parametrize(
    "setting", [{"trace_seconds": 0}, {"frame_rate": -1}, {"frame_rate": float("nan")}, {"thickness": 0}]
)
def test_settings_out_of_range(setting: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=f"{next(iter(setting))}: expected more than 0"):
        Annotator(**setting)


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), [1, 2]])
def test_images_of_another_kind(image: Any) -> None:
    with pytest.raises(SettingError, match=r"image: expected \(H, W, 3\) uint8"):
        Annotator().draw(image, Tracks.empty())


# --------------------------------------------------------------------------------------------------- opencv.py


class Plain:
    """OpenCV as the package without contrib leaves it."""

    __version__ = "5.0.0"
    resize = staticmethod(lambda: None)


def test_opencv_without_contrib_prints_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", Plain)
    assert opencv.require_cv2() is Plain
    with pytest.raises(
        SportstrackError, match=r"no TrackerCSRT.*pip install --force-reinstall --no-deps opencv-contrib"
    ):
        opencv.require_contrib()


def test_opencv_absent_or_emptied_prints_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(SportstrackError, match=r"cannot be imported.*pip install"):
        opencv.require_cv2()
    monkeypatch.setitem(sys.modules, "cv2", type(sys)("cv2"))
    with pytest.raises(SportstrackError, match=r"holds no OpenCV.*pip install"):
        opencv.require_contrib()


def test_opencv_of_this_installation() -> None:
    import cv2

    assert opencv.require_cv2() is cv2
    if hasattr(cv2, "TrackerCSRT"):
        assert opencv.require_contrib() is cv2
