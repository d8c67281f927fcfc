"""The steps of SportsTrack one by one, against formulas worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sportstrack.trackers.rows import Found, no_owner
from sportstrack.trackers.shapes import no_shapes
from sportstrack.trackers.sports import SportsTrackConfig, Tuning
from sportstrack.trackers.sports.appearance import AverageEmbedding
from sportstrack.trackers.sports.border import return_likelihood
from sportstrack.trackers.sports.classes import vote, within_roster
from sportstrack.trackers.sports.likelihood import NATS, compare, motion_affinity, overlaps
from sportstrack.trackers.sports.motion import CameraPath, Motion, median, smoothed, warped
from sportstrack.trackers.sports.rows import Rows


def found(*boxes: tuple[float, float, float, float], classes: Any = None) -> Found:
    """Detections of these xywh boxes."""
    measurement = np.array(boxes, np.float64).reshape(-1, 4).T
    half = measurement[2:] / 2
    corners = np.concatenate((measurement[:2] - half, measurement[:2] + half)).T
    count = len(boxes)
    kinds = np.zeros(count, np.int64) if classes is None else np.array(classes)
    return Found(
        corners,
        measurement,
        np.full(count, 0.9),
        kinds,
        np.arange(count),
        None,
        no_shapes(count, "box"),
        no_owner(count),
    )


def tracks(*boxes: tuple[float, float, float, float], variance: float = 1.0, classes: Any = None) -> Rows:
    """Tracks that are expected in these xywh boxes."""
    rows, count = Rows.empty(0, 0), len(boxes)
    rows.state = np.zeros((5, 4, count))
    rows.state[0], rows.state[2] = np.array(boxes, np.float64).T, variance
    rows.class_id = rows.main_class = np.zeros(count, np.int64) if classes is None else np.array(classes)
    rows.last = rows.votes = np.zeros(count, np.int64)
    return rows


# --- 1 and 2: motion -------------------------------------------------------------------------------------------------


def test_a_second_of_motion_is_the_same_at_every_frame_rate() -> None:
    spread = []
    for rate in (25.0, 50.0):
        motion = Motion(SportsTrackConfig(), Tuning(), rate)
        state = motion.start(np.array([[10.0], [20], [20], [50]]), np.array([100 / rate, 0.0]))
        for _ in range(int(rate)):
            state = motion.predict(state, 1.0)
        assert state[0, :, 0] == pytest.approx([110, 20, 20, 50])
        spread.append(state[2, 0, 0] ** 0.5)
    assert spread[1] == pytest.approx(spread[0], rel=0.02)


def test_a_better_box_moves_the_filter_further() -> None:
    motion = Motion(SportsTrackConfig(), Tuning(), 25.0)
    state = motion.predict(motion.start(np.array([[10.0, 10], [20, 20], [20, 20], [50, 50]]), np.zeros(2)), 1.0)
    corrected = motion.correct(state, state[0] + 5.0, np.array([0.9, 0.3]))
    assert 10 < corrected[0, 0, 1] < corrected[0, 0, 0] < 15


def test_the_camera_s_path_adds_up_and_slows_down_unseen() -> None:
    path = CameraPath.start().advanced(np.tile([[4.0], [2], [4], [2]], (1, 3)), 1.0)
    assert path.flow.tolist() == path.total.tolist() == path.drift.tolist() == [4, 2]
    unseen = path.advanced(np.zeros((4, 2)), 1.0)  # two boxes are too few
    assert unseen.flow.tolist() == [2, 1]
    assert unseen.total.tolist() == [6, 3]
    longer = path.advanced(np.tile([[4.0], [2], [4], [2]], (1, 3)), 2.0)  # the same shift, in twice the time
    assert (longer.flow.tolist(), longer.total.tolist()) == ([2, 1], [8, 4])
    given = CameraPath(np.array([7.0, 0]), path.total, given=True).advanced(np.zeros((4, 9)), 1.0)
    assert given.total.tolist() == [11, 2]
    assert given.drift.tolist() == [0, 0]  # the camera has been taken out of the velocities


def test_a_zoom_scales_sizes_and_variances() -> None:
    state = warped(tracks((10, 20, 4, 8)).state, np.array([[2.0, 0, 5], [0, 2, 0]]))
    assert state[0, :, 0].tolist() == [25, 40, 8, 16]
    assert state[2, :, 0].tolist() == [4, 4, 4, 4]


def test_smoothed_boxes_stay_within_5_per_cent_of_the_height() -> None:
    own = np.array([[0.0, 0, 10, 100]])
    assert smoothed(own, own + [[2.0, -4, 6, 400]], 0.5).tolist() == [[1, -2, 13, 105]]


def test_the_median_is_numpy_s() -> None:
    values = np.random.default_rng(0).normal(size=(2, 8))
    assert np.array_equal(median(values), np.median(values, axis=1))
    assert np.array_equal(median(values[:, 1:]), np.median(values[:, 1:], axis=1))


# --- 3: match --------------------------------------------------------------------------------------------------------


def test_affinity_by_hand() -> None:
    track, box = np.array([[100.0], [100], [20], [50]]), np.array([[110.0], [100], [20], [40]])
    (got,) = motion_affinity(track, box, np.array([[9.0], [9]]), SportsTrackConfig())
    s = 9 + (0.07 * 40) ** 2
    want = 1 - (100 / s + (math.log(40 / 50) / 0.2) ** 2) / 8 - 0.02 * math.log(s * s / 40**4)
    assert got == pytest.approx(want)


def test_overlap_helps_and_nothing_out_of_reach_matches() -> None:
    rows, boxes = tracks((100, 100, 20, 50)), found((100, 100, 20, 50), (100, 140, 20, 50), (100, 180, 20, 50))
    costs = compare(rows, boxes, None, SportsTrackConfig())
    plain = compare(rows, boxes, None, SportsTrackConfig(overlap_bonus=0.0))
    assert plain.affinity[0, 0] - costs.affinity[0, 0] == pytest.approx(0.3)
    assert costs.overlap[0].tolist() == pytest.approx([-1, -(200 / 1800 - 1600 / (20**2 + 90**2)), 9])
    assert costs.affinity[0, 2] == 9  # 80 pixels are more than 1.5 heights


def test_evidence_changes_only_pairs_that_motion_allows() -> None:
    rows, boxes = tracks((100, 100, 20, 50)), found((100, 100, 20, 50), (100, 165, 20, 50))
    plain = compare(rows, boxes, None, SportsTrackConfig())
    alike = compare(rows, boxes, np.array([[2.0, 4.0]]), SportsTrackConfig())
    unknown = compare(rows, boxes, np.array([[0.0, 0.0]]), SportsTrackConfig())
    assert plain.affinity[0, 0] - alike.affinity[0, 0] == pytest.approx(2.0 / NATS)
    assert plain.affinity[0, 1] == alike.affinity[0, 1] > -0.1
    assert np.array_equal(plain.affinity, unknown.affinity)


def test_overlaps_of_one_box_in_another() -> None:
    iou, diou = overlaps(np.array([[0.0], [0], [10], [10]]), np.array([[2.0], [0], [4], [4]]))
    assert iou == pytest.approx([0.16])
    assert diou == pytest.approx([0.16 - 4 / 200])


# --- 4: come back over a border --------------------------------------------------------------------------------------


def test_return_likelihood_by_hand() -> None:
    left, back = np.array([[5.0], [100], [20], [50]]), np.array([[8.0], [130], [20], [40]])
    same = np.array([True, False, False, False]).reshape(4, 1, 1)  # both at the left
    moved, ticks = np.array([[0.0], [10]]), np.array([50.0])
    (((got,),), ((with_evidence,),)) = (
        return_likelihood(left, back, same, moved, ticks, nats) for nats in (None, np.array([[-0.4]]))
    )
    u = (130 - 110) / 45
    want = math.exp(-(u**2) / (2 * 0.36 * (1 + 0.02 * 50)) - 0.5 * (math.log(40 / 50) / 0.5) ** 2 - 50 / 200)
    assert got == pytest.approx(want)
    assert with_evidence == pytest.approx(want * math.exp(-0.4))


# --- classes and appearance ------------------------------------------------------------------------------------------


def test_the_roster_takes_the_first_of_each_class() -> None:
    order, kinds = np.array([7, 8, 9, 4]), np.array([0, 1, 0, 0])
    assert within_roster({0: 2, 1: 1}, order, kinds, np.array([0])).tolist() == [7, 8]
    assert within_roster({1: 0}, order, kinds).tolist() == [7, 9, 4]
    assert within_roster({}, order, kinds).tolist() == [7, 8, 9, 4]


def test_the_main_class_is_the_majority_s() -> None:
    rows = tracks((0, 0, 1, 1), classes=[3])
    for kind in (3, 3, 5, 5, 5, 5, 3):
        vote(rows, np.array([0]), np.array([kind]))
    assert (rows.main_class.tolist(), rows.votes.tolist()) == ([5], [1])


def test_the_average_embedding_is_what_all_have_in_common() -> None:
    average, vectors = AverageEmbedding(frames=1), np.eye(4, dtype=np.float32)[:3] + [[0, 0, 0, 5]]
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    assert average.similarity(unit.T, unit)[0, 1] > 0.9  # the kit
    average.learn(unit)
    cosine = average.similarity(unit.T, np.vstack((unit, np.zeros((1, 4), np.float32))))
    assert cosine[:, :3] == pytest.approx(np.full((3, 3), -0.5) + 1.5 * np.eye(3), abs=1e-5)
    assert np.isnan(cosine[:, 3]).all()
