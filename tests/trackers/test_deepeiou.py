"""Deep-EIoU: sequences worked out by hand from the paper's equations.

A box (w, h) expanded by E is ((2E + 1) w, (2E + 1) h) about the same centre. Two boxes 40 wide, d pixels apart, overlap
with E = 0.7 by (96 − d) / (96 + d), with 0.8 by (104 − d) / (104 + d), with 0.5 by (80 − d) / (80 + d).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sportstrack import Detections
from sportstrack.trackers.deepeiou import DeepEIoU, DeepEIoUConfig

RED, BLUE, NONE = (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)


def at(*places: float, embedding: Any = None, score: float = 0.9) -> Detections:
    boxes = [(x, 100.0, x + 40.0, 180.0) for x in places]
    table = Detections.from_arrays(boxes, np.full(len(boxes), score))
    known = None if embedding is None else np.array(embedding, np.float32)
    return Detections(table.xyxy, table.score, table.class_id, known)


def ids(stream: list[Detections], **settings: Any) -> list[list[int]]:
    tracker = DeepEIoU(DeepEIoUConfig(**settings), frame_rate=30)
    return [tracker.update(frame).track_id.tolist() for frame in stream]


@pytest.mark.parametrize(("moved", "rounds", "found"), [(63, 1, True), (65, 1, False), (69, 2, True), (70, 2, False)])
def test_each_round_reaches_a_little_farther(moved: float, rounds: int, found: bool) -> None:
    # Least overlap 0.2: 33 / 159 = 0.208, 31 / 161 = 0.193; in the second round 35 / 173 = 0.202, 34 / 174 = 0.195.
    assert ids([at(0), at(moved)], num_iteration=rounds) == [[1], [1] if found else []]


def test_the_near_are_matched_before_the_far() -> None:
    # In the first round the second player takes the box at 110, 60 from the first, so that it is gone when the
    # first one reaches 69 pixels. Asked at once with the large margin, the sum of both would be the same pairs' too.
    assert ids([at(0, 170), at(110)], num_iteration=1)[1] == [2]
    assert ids([at(0, 170), at(110, 69)])[1] == [2, 1]


@pytest.mark.parametrize(("moved", "found"), [(26, True), (27, False)])
def test_low_score_detections_need_half_of_the_overlap(moved: float, found: bool) -> None:
    # E = 0.5: 54 / 106 = 0.509, 53 / 107 = 0.495.
    assert ids([at(0), at(moved, score=0.2)]) == [[1], [1] if found else []]


@pytest.mark.parametrize(("moved", "found"), [(43, True), (44, False)])
def test_tentative_tracks_need_030(moved: float, found: bool) -> None:
    # E = 0.5: 37 / 123 = 0.301, 36 / 124 = 0.290.
    assert ids([at(0), at(0, 300), at(0, 300 + moved)])[-1] == ([1, 2] if found else [1])


def test_a_track_waits_where_it_was_seen_last() -> None:
    run = [at(5.0 * n) for n in range(10)]
    assert ids(run + [at()] * 40 + [at(45)])[-1] == [1]  # a Kalman filter would be 200 pixels away
    tracker = DeepEIoU(frame_rate=30, coasting=True)
    for frame in [*run, at(), at()]:
        tracks = tracker.update(frame)
    assert tracks.xyxy.tolist() == [[45.0, 100.0, 85.0, 180.0]]


def test_low_score_detections_do_not_bring_lost_tracks_back() -> None:
    assert ids([at(0), at(), at(0, score=0.2)])[-1] == []
    assert ids([at(0), at(), at(0)])[-1] == [1]


@pytest.mark.parametrize(("gap", "own"), [(30.0, True), (34.0, False)])
def test_appearance_counts_within_reach(gap: float, own: bool) -> None:
    # Red and blue stand on the same spot, 1 pixel apart, then red is `gap` away and blue where red was. 1 − 66 / 126 is
    # 0.476, within proximity_thresh; 1 − 62 / 130 is 0.523, beyond it.
    stream = [at(0, 1, embedding=[RED, BLUE]), at(gap, 0, embedding=[RED, BLUE])]
    assert (ids(stream)[1] == [1, 2]) is own


def test_appearance_beyond_the_threshold_does_not_count() -> None:
    # Half the cosine distance of (0.6, 0.8) from red is 0.2, of (0.4, 0.92) it is 0.3: over 0.25.
    stream = [at(0, 3, embedding=[RED, BLUE])]
    near, far = (0.6, 0.8), (0.4, 0.9165)
    assert ids([*stream, at(3, embedding=[near])])[1] == [2]  # 0.2 from blue's: 0.1, nearer than red's
    assert ids([*stream, at(2.9, embedding=[far])], appearance_thresh=0.01)[1] == [2]


def test_low_score_detections_do_not_change_the_appearance() -> None:
    tracker = DeepEIoU(frame_rate=30)
    tracker.update(at(0, embedding=[RED]))
    for _ in range(20):
        tracker.update(at(0, embedding=[BLUE], score=0.2))
    assert tracker._rows.appearance[:, 0].tolist() == [1.0, 0.0]
    tracker.update(at(0, embedding=[BLUE]))
    assert tracker._rows.appearance[:, 0] == pytest.approx(np.array([0.9, 0.1]) / 0.82**0.5, abs=1e-6)


def test_an_unknown_embedding_is_matched_by_overlap() -> None:
    assert ids([at(0, embedding=[RED]), at(40, embedding=[NONE])])[1] == [1]


def test_it_works_without_embeddings_all_along() -> None:
    assert ids([at(9.0 * n, 900 - 9.0 * n) for n in range(40)])[-1] == [1, 2]


def test_of_two_tracks_on_one_spot_the_younger_goes() -> None:
    # Blue is lost at 60. Red, by its appearance, walks onto the spot: two tracks on one place are one object.
    both = [at(0, embedding=[RED])] * 2 + [at(0, 60, embedding=[RED, BLUE])] * 2
    walk = [at(x, embedding=[RED]) for x in (12, 24, 36, 48)]
    tracker = DeepEIoU(frame_rate=30)
    for frame in both + walk:
        tracker.update(frame)
    assert len(tracker._rows.last) == 2
    assert tracker.update(at(60, embedding=[RED])).track_id.tolist() == [1]
    assert len(tracker._rows.last) == 1
