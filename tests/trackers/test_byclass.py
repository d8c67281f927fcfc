"""Trackers side by side: unique ids, right rows, and a ball that takes no player's id."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from toy import EveryoneIsNew

from sportstrack import TRACKERS, Detections, create_tracker
from sportstrack.errors import SettingError
from sportstrack.trackers.ball import Ball
from sportstrack.trackers.byclass import ByClass

PLAYER, REFEREE, BALL = 0, 1, 32


def scene(n: int, order: Any = slice(None)) -> Detections:
    """Two players, a referee, and a ball that rolls right under one player's box."""
    boxes = [
        (100, 100, 140, 200),
        (300 + n, 100, 340 + n, 200),
        (600, 90, 640, 190),
        (90 + 4 * n, 180, 100 + 4 * n, 190),
    ]
    table = Detections.from_arrays(boxes, np.full(4, 0.9), [PLAYER, PLAYER, REFEREE, BALL])
    return table[np.arange(4)[order]]


@pytest.mark.parametrize("name", sorted(set(TRACKERS) - {"ball"}))
def test_the_ball_never_takes_a_players_id(name: str) -> None:
    tracker = create_tracker(name, ball=(BALL,))
    kind: dict[int, int] = {}
    reported = 0
    for n in range(40):
        tracks = tracker.update(scene(n))
        reported += len(tracks)
        for number, class_id in zip(tracks.track_id.tolist(), tracks.class_id.tolist(), strict=True):
            assert (kind.setdefault(number, class_id) == BALL) == (class_id == BALL)
    assert sorted(kind) == [1, 2, 3, 4]
    assert reported > 140


def test_rows_are_those_of_the_whole_frame() -> None:
    tracker = create_tracker("bytetrack", ball=(BALL,))
    for n, order in enumerate(([3, 0, 2, 1], [0, 3, 1, 2], [2, 1, 3, 0], [1, 2, 0, 3])):
        table = scene(n, order)
        tracks = tracker.update(table)
        assert tracks.detection.tolist() == [0, 1, 2, 3]
        assert np.array_equal(tracks.xyxy, table.xyxy)
        assert np.array_equal(tracks.class_id, table.class_id)


def test_without_a_ball_it_is_the_plain_tracker() -> None:
    pair, plain = create_tracker("bytetrack", ball=(BALL,)), create_tracker("bytetrack")
    for n in range(10):
        players = scene(n, slice(3))
        got, want = pair.update(players), plain.update(players)
        assert (got.track_id.tolist(), got.detection.tolist()) == (want.track_id.tolist(), want.detection.tolist())


def test_coasting_tracks_come_last() -> None:
    tracker = create_tracker("bytetrack", ball=(BALL,), coasting=True)
    for n in range(5):
        tracker.update(scene(n))
    assert tracker.update(scene(5, [1, 3])).detection.tolist() == [0, 1, -1, -1]


def test_a_shot_change_and_a_reset_reach_all_of_them() -> None:
    tracker = create_tracker("bytetrack", ball=(BALL,))
    for n in range(5):
        tracker.update(scene(n))
    tracker.cut()  # type: ignore[attr-defined]
    assert sorted(tracker.update(scene(0)).track_id.tolist()) == [5, 6, 7, 8]
    tracker.reset()
    assert sorted(tracker.update(scene(0)).track_id.tolist()) == [1, 2, 3, 4]


def test_a_tracker_that_counts_by_itself_gets_ids_that_are_free() -> None:
    tracker = ByClass([((PLAYER, REFEREE), EveryoneIsNew(25.0)), ((BALL,), Ball())])
    first, second = tracker.update(scene(0)), tracker.update(scene(1))
    assert first.track_id.tolist() == [1, 2, 3, 4]
    assert second.track_id.tolist() == [5, 6, 7, 4]
    tracker.cut()
    assert tracker.update(scene(2)).track_id.tolist() == [8, 9, 10, 11]


def test_dropped_boxes_are_summed_and_strict_refuses_before_anyone_has_moved() -> None:
    broken = Detections(
        np.vstack((scene(0).xyxy, [[np.nan, 0, 1, 1]])), np.full(5, 0.9), np.append(scene(0).class_id, BALL)
    )
    tracker: Any = create_tracker("bytetrack", ball=(BALL,))
    tracker.update(broken)
    assert tracker.dropped == 1
    strict: Any = create_tracker("bytetrack", ball=(BALL,), strict=True)
    with pytest.raises(SettingError, match="row 4"):
        strict.update(broken)
    assert strict.trackers[0]._frame == 0


def test_a_camera_that_only_the_ball_needs_is_refused_before_anyone_has_moved() -> None:
    tracker: Any = create_tracker("bytetrack", ball=(BALL,))
    with pytest.raises(SettingError, match="camera"):
        tracker.update(scene(0), camera=np.zeros((2, 3)))
    assert tracker.trackers[0]._frame == 0


@pytest.mark.parametrize("groups", [[(1, 2), (2, 3)], [None, None]])
def test_a_class_has_one_tracker(groups: Any) -> None:
    with pytest.raises(SettingError, match="each class in one group"):
        ByClass([(classes, Ball()) for classes in groups])


def test_classes_of_nobody_are_left_out() -> None:
    tracker = ByClass([((PLAYER,), create_tracker("bytetrack"))])
    assert tracker.update(scene(0)).detection.tolist() == [0, 1]


def test_each_tracker_sees_all_that_is_known_of_its_detections() -> None:
    """Also what a later version adds to a detection: nothing is picked by name."""

    class Sees(EveryoneIsNew):
        def update(self, detections: Any, camera: Any = None) -> Any:
            self.seen = detections
            return super().update(detections, camera)

    players, ball = Sees(25), Sees(25)
    found = scene(0)
    more = {
        "embedding": np.eye(4, dtype=np.float32),
        "keypoints": np.arange(12, dtype=np.float32).reshape(4, 1, 3),
        "team_evidence": np.arange(8, dtype=np.float32).reshape(4, 2) / 10,
        "number_votes": np.arange(8, dtype=np.float32).reshape(4, 2),
        "kit_colours": np.arange(300, dtype=np.float32).reshape(4, 75),
        "mask": [np.full((6, 8), n % 2 == 0) for n in range(4)],
    }
    ByClass([(None, players), ((BALL,), ball)]).update(Detections(found.xyxy, found.score, found.class_id, **more))
    for tracker, rows in ((players, [0, 1, 2]), (ball, [3])):
        for name, column in more.items():
            assert np.array_equal(np.asarray(getattr(tracker.seen, name)), np.asarray(column)[rows]), name
    assert set(more) == {field.name for field in fields(Detections)} - {"xyxy", "score", "class_id", "valid"}
