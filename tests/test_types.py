"""The two tables: what they refuse, what they mark, and the way to supervision and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Detections, SportstrackError, Tracker, Tracks
from sportstrack.columns import named
from sportstrack.errors import SettingError
from sportstrack.types import as_detections

BOXES = np.array([[0.0, 0, 10, 20], [5, 5, 8, 9]])


def table(**changes: Any) -> Detections:
    columns: dict[str, Any] = {"xyxy": BOXES, "score": np.array([0.9, 0.5]), "class_id": np.array([0, 3])}
    return Detections(**columns | changes)


def tracks(**changes: Any) -> Tracks:
    columns: dict[str, Any] = {
        "xyxy": BOXES,
        "score": np.array([0.9, 0.5]),
        "class_id": np.array([0, 3]),
        "track_id": np.array([4, 1]),
        "detection": np.array([1, -1]),
    }
    return Tracks(**columns | changes)


@pytest.mark.parametrize(
    ("changes", "expected", "got"),
    [
        ({"xyxy": np.zeros((2, 5))}, "(any, 4)", "(2, 5)"),
        ({"xyxy": np.zeros(4)}, "(any, 4)", "(4,)"),
        ({"xyxy": np.array([["a"] * 4] * 2)}, "float64", "str"),
        ({"score": np.zeros(3)}, "(2)", "(3,)"),
        ({"score": np.zeros((2, 1))}, "(2)", "(2, 1)"),
        ({"class_id": np.zeros(2)}, "int64", "float64"),
        ({"embedding": np.zeros((3, 8), np.float32)}, "(2, any)", "(3, 8)"),
        ({"keypoints": np.zeros((2, 17, 2), np.float32)}, "(2, any, 3)", "(2, 17, 2)"),
        ({"team_evidence": np.zeros((2, 3, 2), np.float32)}, "(2, any)", "(2, 3, 2)"),
        ({"mask": np.zeros((3, 4, 4), np.bool_)}, "2 masks", "got 3"),
    ],
)
def test_an_error_says_the_column_what_was_expected_and_what_came(changes: Any, expected: str, got: str) -> None:
    with pytest.raises(SettingError) as error:
        table(**changes)
    message = str(error.value)
    assert f"Detections.{next(iter(changes))}" in message
    assert expected in message
    assert got in message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"track_id": np.array([-1, 1])}, ["track_id", "-1", "without identity"]),
        ({"track_id": np.array([7, 7])}, ["track_id", "only once"]),
        ({"track_id": np.array([1, 2, 3])}, ["track_id", "(2)", "(3,)"]),
        ({"detection": np.array([0.5, 1.0])}, ["detection", "int64", "float64"]),
        ({"smoothed": np.zeros((2, 5))}, ["smoothed", "(2, 4)", "(2, 5)"]),
        ({"smoothed": np.zeros((3, 4))}, ["smoothed", "(2, 4)", "(3, 4)"]),
    ],
)
def test_tracks_refuse_bad_ids(changes: Any, words: list[str]) -> None:
    with pytest.raises(SportstrackError) as error:
        tracks(**changes)
    assert all(word in str(error.value) for word in words)


def test_dtypes_are_widened_and_rows_cannot_be_replaced() -> None:
    got = table(xyxy=BOXES.astype(np.float32), score=np.array([1, 0]), class_id=np.array([1, 2], np.uint8))
    assert [column.dtype.name for column in (got.xyxy, got.score, got.class_id)] == ["float64", "float64", "int64"]
    with pytest.raises(FrozenInstanceError):
        got.score = np.zeros(2)  # type: ignore[misc]


def test_from_arrays_fills_score_and_class() -> None:
    got = Detections.from_arrays([[1, 2, 3, 4]], class_id=[2.0])
    assert (got.score.tolist(), got.class_id.tolist(), len(got)) == ([1.0], [2], 1)
    assert len(Detections.from_arrays([])) == len(Detections.empty()) == len(Tracks.empty()) == 0


@pytest.mark.parametrize("rows", [1, slice(1, 2), [1], np.array([False, True])])
def test_rows_are_picked_with_all_their_columns(rows: Any) -> None:
    got = table(embedding=np.eye(2, 4, dtype=np.float32), mask=np.arange(8).reshape(2, 2, 2) > 3)[rows]
    assert got.xyxy.tolist() == BOXES[1:].tolist()
    assert got.embedding is not None
    assert got.embedding.tolist() == [[0, 1, 0, 0]]
    assert np.asarray(got.mask).all()
    assert tracks()[rows].track_id.tolist() == [1]
    assert tracks()[rows].smoothed is None
    assert tracks(smoothed=BOXES + 1)[rows].smoothed.tolist() == (BOXES[1:] + 1).tolist()


BROKEN: dict[str, list[float]] = {
    "nan": [np.nan, 0, 10, 10],
    "inf": [0, 0, np.inf, 10],
    "two inf": [np.inf, 0, np.inf, 10],
    "-inf": [0, -np.inf, 10, 10],
    "huge": [0, 0, 1e200, 10],
    "inverted": [10, 0, 5, 10],
    "no width": [5, 0, 5, 10],
    "no height": [0, 5, 10, 5],
}


@pytest.mark.parametrize("box", BROKEN.values(), ids=BROKEN.keys())
def test_valid_marks_broken_boxes(box: list[float]) -> None:
    assert Detections.from_arrays([BOXES[0], box, BOXES[1]]).valid.tolist() == [True, False, True]  # type: ignore[union-attr]
    assert Detections.from_arrays([box, box]).valid.tolist() == [False, False]  # type: ignore[union-attr]


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_valid_marks_broken_scores(score: float) -> None:
    assert table(score=np.array([score, 0.5])).valid.tolist() == [False, True]  # type: ignore[union-attr]


number = st.floats(width=64) | st.floats(-100, 100) | st.integers(0, 3).map(float)


@settings(deadline=None)
@given(st.lists(st.tuples(number, number, number, number, number), max_size=5))
def test_valid_is_none_exactly_when_every_row_is_usable(rows: list[tuple[float, ...]]) -> None:
    def usable(x1: float, y1: float, x2: float, y2: float, score: float) -> bool:
        in_range = all(abs(value) <= 1e9 for value in (x1, y1, x2, y2))
        return bool(in_range and x2 - x1 > 1e-6 and y2 - y1 > 1e-6 and np.isfinite(score))

    got = Detections.from_arrays([row[:4] for row in rows], [row[4] for row in rows]).valid
    want = [usable(*row) for row in rows]
    assert want == ([True] * len(rows) if got is None else got.tolist())
    assert (got is None) == all(want)


def test_detections_to_supervision_and_back() -> None:
    mask = np.zeros((2, 4, 6), np.bool_)
    mask[1, 2, 3] = True
    embedding, keypoints = np.eye(2, 8, dtype=np.float32), np.ones((2, 5, 3), np.float32)
    team = np.full((2, 3), 0.25, np.float32)
    before = table(mask=mask, embedding=embedding, keypoints=keypoints, team_evidence=team)
    there = before.to_supervision({0: "player"})
    assert there.data["class_name"].tolist() == ["player", "3"]
    back = Detections.from_supervision(there)
    for column in ("xyxy", "score", "class_id", "embedding", "mask", "keypoints", "team_evidence"):
        assert np.array_equal(getattr(back, column), getattr(before, column)), column


def test_supervision_without_score_and_class() -> None:
    import supervision as sv

    got = as_detections(sv.Detections(xyxy=BOXES.astype(np.float32)))
    assert (got.score.tolist(), got.class_id.tolist()) == ([1, 1], [0, 0])
    assert len(as_detections(sv.Detections.empty())) == 0


def test_tracks_to_supervision_and_back() -> None:
    there = tracks().to_supervision()
    assert there.tracker_id.tolist() == [4, 1]
    back = Tracks.from_supervision(there)
    assert (back.track_id.tolist(), back.class_id.tolist()) == ([4, 1], [0, 3])
    assert back.smoothed is None
    there = tracks(smoothed=BOXES + 1).to_supervision()
    assert there.xyxy.tolist() == BOXES.tolist()
    there.tracker_id = np.array([-1, 9])
    assert Tracks.from_supervision(there).smoothed.tolist() == (BOXES[1:] + 1).tolist()
    assert Tracks.from_supervision(there).track_id.tolist() == [9]
    there.tracker_id = None
    with pytest.raises(SettingError, match="tracker_id"):
        Tracks.from_supervision(there)


def test_a_table_is_shown_with_its_smoothed_or_its_detected_boxes() -> None:
    both = tracks(smoothed=BOXES + 1)
    assert both.with_boxes().xyxy.tolist() == both.with_boxes("smoothed").xyxy.tolist() == (BOXES + 1).tolist()
    assert both.with_boxes("detected").xyxy.tolist() == BOXES.tolist()
    for shown in (both.with_boxes(), both.with_boxes("detected")):
        assert shown.smoothed is None  # so that whoever chooses later changes nothing
        assert shown.track_id.tolist() == both.track_id.tolist()
    assert tracks().with_boxes().xyxy.tolist() == BOXES.tolist()  # there is only one
    with pytest.raises(SettingError, match="smoothed or detected"):
        both.with_boxes("filtered")


def test_masks_follow_the_tracks_to_supervision() -> None:
    mask = np.stack([np.zeros((3, 3), np.bool_), np.ones((3, 3), np.bool_)])
    both = tracks(detection=np.array([1, 0])).to_supervision(detections=table(mask=mask))
    assert [m.all() for m in both.mask] == [True, False]
    assert tracks().to_supervision(detections=table(mask=mask)).mask is None  # one of them is coasting


@pytest.mark.parametrize("make", [lambda: [1, 2], lambda: BOXES, lambda: None])
def test_anything_else_is_refused_by_name(make: Callable[[], Any]) -> None:
    with pytest.raises(SettingError, match=f"got {type(make()).__name__}"):
        as_detections(make())


def test_any_class_with_update_and_reset_is_a_tracker() -> None:
    class Mine:
        def update(self, detections: Any, camera: Any = None) -> Tracks:
            return Tracks.empty()

        def reset(self) -> None: ...

    assert isinstance(Mine(), Tracker)
    assert not isinstance(object(), Tracker)


def test_a_class_without_a_name_is_called_by_its_number() -> None:
    assert named(np.array([1, 7]), {1: "ball"}).tolist() == ["ball", "7"]
