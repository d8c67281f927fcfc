"""The ball tracker: plausible motion, patience, one ball at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Detections, create_tracker
from sportstrack.errors import SettingError
from sportstrack.trackers.ball import Ball, BallConfig

Spot = tuple[float, float, float]  # centre x, centre y, score


def frame(*spots: Spot, size: float = 10.0) -> Detections:
    boxes = [(x - size / 2, y - size / 2, x + size / 2, y + size / 2) for x, y, _ in spots]
    return Detections.from_arrays(boxes, [score for *_, score in spots])


NOTHING = Detections.empty()


def follow(stream: list[Detections], rate: float = 25.0, **options: Any) -> list[list[tuple[int, int]]]:
    """(track id, detection row) of each frame."""
    names = {"coasting", "strict"}
    config = BallConfig(**{k: v for k, v in options.items() if k not in names})
    tracker = Ball(config, frame_rate=rate, **{k: v for k, v in options.items() if k in names})
    answers = []
    for detections in stream:
        tracks = tracker.update(detections)
        assert len(tracks) <= 1
        answers.append(list(zip(tracks.track_id.tolist(), tracks.detection.tolist(), strict=True)))
    return answers


def shot(start: int, stop: int, score: float = 0.3, step: float = 40.0) -> list[Detections]:
    """A ball 10 pixels wide that flies 4 sizes per frame, frame ``start`` to ``stop``."""
    return [frame((100 + step * n, 200.0, score)) for n in range(start, stop)]


def test_three_low_score_detections_in_a_row_start_a_track() -> None:
    assert follow(shot(0, 6)) == [[], [], [(1, 0)], [(1, 0)], [(1, 0)], [(1, 0)]]
    assert follow(shot(0, 3), min_hits=2) == [[], [(1, 0)], [(1, 0)]]


def test_one_high_score_detection_starts_a_track_at_once() -> None:
    assert follow([frame((50, 50, 0.6))]) == [[(1, 0)]]
    assert follow([frame((50, 50, 0.59))]) == [[]]
    assert follow([frame((50, 50, 0.7), (400, 50, 0.9))]) == [[(1, 1)]]  # the surest of several


def test_low_scores_continue_a_ball_and_start_none() -> None:
    assert follow(shot(0, 6, score=0.07)) == [[]] * 6
    known = [frame((100 + 40 * n, 200.0, 0.7)) for n in range(3)]
    assert follow([*known, *shot(3, 6, score=0.07)]) == [[(1, 0)]] * 6
    assert follow([*known, *shot(3, 6, score=0.04)])[3:] == [[]] * 3
    beside = [frame((100 + 40 * n, 245.0, 0.07)) for n in range(3, 6)]  # 4.5 sizes off its way
    assert follow([*known, *beside])[3] == []
    assert follow([*known, *[frame((100 + 40 * n, 245.0, 0.2)) for n in range(3, 6)]])[3] == [(1, 0)]


def test_scattered_false_boxes_never_start_one() -> None:
    rng = np.random.default_rng(0)
    stream = [frame(*[(x, y, 0.4) for x, y in rng.uniform(0, 1000, (2, 2))]) for _ in range(10)]
    assert follow(stream) == [[]] * 10


def test_the_plausible_box_beats_the_surer_one() -> None:
    stream = shot(0, 8)
    stream.append(frame((900.0, 700.0, 0.95), (420.0, 200.0, 0.2)))  # the ball is expected at 420
    assert follow(stream)[-1] == [(1, 1)]


def test_of_two_plausible_boxes_score_and_distance_decide() -> None:
    # The gate is 3 + 50 / 25 sizes and the way of 40 pixels: 90. 0 + 0.3 · 0.9 against 0.7 · 10 / 90 + 0.3 · 0.1.
    stream = [*shot(0, 8), frame((420.0, 200.0, 0.1), (430.0, 200.0, 0.9))]
    assert follow(stream)[-1] == [(1, 1)]
    assert follow(stream, score_weight=0.0)[-1] == [(1, 0)]


@pytest.mark.parametrize(("off", "found"), [(-1.0, True), (1.0, False)])
def test_the_gate_is_in_sizes_and_grows_with_the_time_unseen(off: float, found: bool) -> None:
    # 3 + 50 / 25 sizes without a turn: 50 pixels from 420.
    assert follow([*shot(0, 8), frame((470.0 + off, 200.0, 0.3))], turn=0.0)[-1] == ([(1, 0)] if found else [])
    # Missed for 9 frames: 3 + 50 · 10 / 25 sizes, 230 pixels, from 100 + 17 · 40.
    later = [*shot(0, 8), *[NOTHING] * 9, frame((780.0 + 230.0 + off, 200.0, 0.3))]
    assert follow(later, turn=0.0)[-1] == ([(1, 0)] if found else [])
    # With it, the 40 pixels of its way are added.
    assert follow([*shot(0, 8), frame((510.0 + off, 200.0, 0.3))])[-1] == ([(1, 0)] if found else [])


def test_a_gap_within_the_buffer_keeps_the_id_and_a_longer_one_does_not() -> None:
    for missing, number in ((50, 1), (51, 2)):  # 60 frames at 30 per second are 50 at 25
        stream = [*shot(0, 5, 0.9, step=1.0), *[NOTHING] * missing, *shot(missing + 5, missing + 9, 0.9, step=1.0)]
        assert follow(stream)[-1] == [(number, 0)]


def test_frame_rate_and_picture_size_change_nothing() -> None:
    rng = np.random.default_rng(1)
    spots = [(100 + 20.0 * n, 300 + 5.0 * n, 0.4) for n in range(40)]
    false = [(float(x), float(y), 0.5) for x, y in rng.uniform(0, 900, (40, 2))]
    seen = [n not in range(10, 18) for n in range(40)]
    small = [frame(*([a] if s else []), b) for a, b, s in zip(spots, false, seen, strict=True)]
    large = [Detections(t.xyxy * 3, t.score, t.class_id) for t in small]
    assert follow(large) == follow(small)
    # Twice the rate, half the way per frame: the same ball on the same frames.
    double = [frame((100 + 10.0 * n, 300 + 2.5 * n, 0.9)) for n in range(60)]
    assert {track for answer in follow(double, rate=50.0) for track, _ in answer} == {1}


def test_a_box_of_another_size_is_another_thing() -> None:
    head = frame((420.0, 200.0, 0.9), size=31.0)
    assert follow([*shot(0, 8), head])[-1] == []
    assert follow([*shot(0, 8), head], size_ratio=4)[-1] == [(1, 0)]


def test_a_kick_changes_the_direction() -> None:
    back = [frame((380.0 - 30.0 * n, 200.0 - 10.0 * n, 0.4)) for n in range(1, 10)]
    ids = [answer[0][0] for answer in follow([*shot(0, 8), *back]) if answer]
    assert set(ids) == {1}
    assert len(ids) >= 14


def test_another_ball_takes_over_when_the_first_is_gone() -> None:
    far = [frame((5000.0 + n, 4000.0, 0.4)) for n in range(6)]
    assert follow([*shot(0, 8), *far])[8:] == [[], [], [(2, 0)], [(2, 0)], [(2, 0)], [(2, 0)]]
    # As long as the first one is seen, nothing else is the ball.
    both = [Detections.from_arrays(np.vstack((a.xyxy, b.xyxy))) for a, b in zip(shot(8, 14), far, strict=True)]
    assert follow([*shot(0, 8), *both])[8:] == [[(1, 0)]] * 6


def test_coasting_follows_the_prediction() -> None:
    tracker = Ball(frame_rate=25, coasting=True)
    for detections in shot(0, 8, 0.9):
        tracker.update(detections)
    for n in (8, 9, 10):
        tracks = tracker.update(NOTHING)
        assert tracks.xyxy == pytest.approx(np.array([[95 + 40 * n, 195, 105 + 40 * n, 205]]), abs=1e-6)
        assert (tracks.track_id.tolist(), tracks.detection.tolist()) == ([1], [-1])
    for _ in range(60):
        tracks = tracker.update(NOTHING)
    assert len(tracks) == 0


def test_a_pan_moves_the_prediction() -> None:
    pan = np.array([[1.0, 0.0, -300.0], [0.0, 1.0, 0.0]])
    still, panned = Ball(frame_rate=25), Ball(frame_rate=25)
    for detections in shot(0, 8, 0.9):
        still.update(detections)
        panned.update(detections)
    after = frame((420.0 - 300.0, 200.0, 0.3))
    assert len(still.update(after)) == 0
    assert panned.update(after, camera=pan).track_id.tolist() == [1]


def test_per_class_keeps_to_its_class() -> None:
    stream = shot(0, 8)
    other = Detections(stream[-1].xyxy + [40.0, 0, 40, 0], stream[-1].score, np.array([5]))
    assert follow([*stream, other])[-1] == [(1, 0)]
    assert follow([*stream, other], per_class=True)[-1] == []


@settings(deadline=None, max_examples=40)
@given(
    stream=st.lists(
        st.lists(
            st.tuples(st.floats(0, 300), st.floats(0, 300), st.sampled_from([0.04, 0.07, 0.2, 0.5, 0.9])), max_size=5
        ),
        max_size=20,
    ),
    coasting=st.booleans(),
)
def test_never_more_than_one_and_never_one_it_was_not_shown(stream: list[list[Spot]], coasting: bool) -> None:
    for spots, answer in zip(stream, follow([frame(*s) for s in stream], coasting=coasting), strict=True):
        for _, row in answer:
            assert row == -1 if coasting and row < 0 else spots[row][2] >= 0.05


@pytest.mark.parametrize(
    ("setting", "value"), [("gate", -1), ("score_weight", 1.2), ("min_hits", 0), ("size_ratio", 0)]
)
def test_a_setting_out_of_range_is_refused_by_name(setting: str, value: Any) -> None:
    with pytest.raises(SettingError, match=setting):
        create_tracker("ball", **{setting: value})
