"""The contract that every tracker keeps, whatever its algorithm; run over all of TRACKERS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracker_streams import (
    AT_ONCE,
    BROKEN,
    COLUMNS,
    copied,
    create,
    every_crowd,
    every_tracker,
    keeps_boxes,
    player,
    run,
    same,
    stream,
    table,
    untimed,
)

from sportstrack import Detections, SportstrackError, Tracker, Tracks, create_tracker
from sportstrack.errors import SettingError

# --- what holds for any stream ---------------------------------------------------------------------------------------


@every_tracker
@pytest.mark.parametrize("per_class", [False, True])
@untimed
@given(rows=stream, coasting=st.booleans())
def test_any_stream_keeps_the_contract(name: str, per_class: bool, rows: list[Any], coasting: bool) -> None:
    tracker = create(name, frame_rate=30, coasting=coasting, per_class=per_class)
    assert isinstance(tracker, Tracker)
    known: set[int] = set()
    absent: set[int] = set()
    class_of: dict[int, int] = {}
    before: set[int] = set()
    for detections in map(table, rows):
        tracks = tracker.update(detections)
        checked = Tracks(*(getattr(tracks, column) for column in COLUMNS))  # shapes, dtypes, ids ≥ 1 and unique
        seen, coast = tracks.detection >= 0, tracks.detection < 0
        matched = tracks.detection[seen]
        assert len(set(matched.tolist())) == len(matched)
        assert (matched < len(detections)).all()
        assert keeps_boxes(tracks, detections)
        assert np.array_equal(tracks.score[seen], detections.score[matched])
        assert np.array_equal(tracks.class_id[seen], detections.class_id[matched])
        assert coasting or seen.all()
        assert (tracks.detection[coast] == -1).all()
        assert np.isfinite(tracks.xyxy).all()
        assert (tracks.xyxy[:, 2:] > tracks.xyxy[:, :2]).all()
        ids = set(checked.track_id.tolist())
        fresh = ids - known
        assert all(number > max(known, default=0) for number in fresh)  # ids only ever count up
        known |= fresh
        assert set(checked.track_id[coast].tolist()) <= known - fresh  # what coasts was seen before
        if per_class:
            for number, kind in zip(tracks.track_id.tolist(), tracks.class_id.tolist(), strict=True):
                assert class_of.setdefault(number, kind) == kind
        if coasting:  # a track of ByteTrack's that is neither seen nor coasts is gone for good
            absent |= before - ids
            before = ids
            if name == "bytetrack":
                assert not absent & ids
    assert known == set(range(1, len(known) + 1))  # from 1, without holes


@every_tracker
@untimed
@given(rows=stream)
def test_inputs_are_never_changed_and_answers_never_change_later(name: str, rows: list[Any]) -> None:
    tracker, frames = create(name, coasting=True), [table(r) for r in rows]
    kept = [(f.xyxy.copy(), f.score.copy(), f.class_id.copy()) for f in frames]
    answers, copies = [], []
    for detections in frames:
        for column in (detections.xyxy, detections.score, detections.class_id):
            column.flags.writeable = False
        answers.append(tracker.update(detections))
        copies.append(copied(answers[-1]))
    assert same(answers, copies)
    for detections, columns in zip(frames, kept, strict=True):
        for got, want in zip((detections.xyxy, detections.score, detections.class_id), columns, strict=True):
            assert np.array_equal(got, want)


@every_tracker
@untimed
@given(rows=stream)
def test_writing_to_an_answer_or_an_old_input_changes_nothing_later(name: str, rows: list[Any]) -> None:
    left, right = create(name, coasting=True), create(name, coasting=True)
    for detections in [table(r) for r in rows]:
        want, got = left.update(detections), right.update(copied := table_copy(detections))
        assert same([want], [got])
        for column in COLUMNS:
            if (values := getattr(got, column)) is not None:
                values[:] = 3
        for array in (copied.xyxy, copied.score, copied.class_id):
            array[:] = 1


def table_copy(detections: Detections) -> Detections:
    return Detections(detections.xyxy.copy(), detections.score.copy(), detections.class_id.copy())


@every_tracker
@untimed
@given(rows=stream, other=stream)
def test_instances_are_independent_reset_is_fresh_and_runs_repeat(name: str, rows: list[Any], other: list[Any]) -> None:
    frames = [table(r) for r in rows]
    want = run(create(name), frames)
    one, two = create(name), create(name)
    got = []
    for number, detections in enumerate(frames):
        if number < len(other):
            two.update(table(other[number]))
        got.append(one.update(detections))
    assert same(got, want)
    run(two, [table(r) for r in other])
    two.reset()
    assert same(run(two, frames), want)


@every_tracker
@untimed
@given(rows=stream, data=st.data())
def test_broken_rows_count_and_do_as_if_they_were_absent(name: str, rows: list[Any], data: st.DataObject) -> None:
    clean: Any = create(name)
    spoilt: Any = create(name)
    dropped = 0
    for good in rows:
        mixed: list[tuple[Any, bool]] = [(r, True) for r in good]
        for bad in data.draw(st.lists(st.sampled_from(BROKEN), max_size=3)):
            mixed.insert(data.draw(st.integers(0, len(mixed))), ((bad, 0.9, 0), False))
        whole = np.array([fine for _, fine in mixed], dtype=np.bool_).nonzero()[0]
        dropped += len(mixed) - len(whole)
        want, got = clean.update(table(good)), spoilt.update(table([r for r, _ in mixed]))
        assert np.array_equal(got.track_id, want.track_id)
        assert np.array_equal(got.xyxy, want.xyxy)
        assert np.array_equal(got.detection, whole[want.detection])
    assert (clean.dropped, spoilt.dropped) == (0, dropped)
    spoilt.reset()
    assert spoilt.dropped == 0


# --- single promises -------------------------------------------------------------------------------------------------


@every_tracker
@pytest.mark.parametrize("bad", BROKEN)
def test_strict_raises_and_says_which_row(name: str, bad: Any) -> None:
    tracker = create(name, strict=True, **AT_ONCE.get(name, {}))
    tracker.update(table([player(0)]))
    with pytest.raises(SportstrackError, match="row 1"):
        tracker.update(table([player(0), (bad, 0.9, 0)]))
    assert len(tracker.update(table([player(0)]))) == 1  # and goes on


@every_tracker
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_broken_score_drops_its_row(name: str, bad: float) -> None:
    tracker: Any = create(name, **AT_ONCE.get(name, {}))
    tracks = tracker.update(table([player(0), (player(1)[0], bad, 1)]))
    assert (tracks.detection.tolist(), tracker.dropped) == ([0], 1)


@every_crowd
def test_players_keep_their_ids_and_classes(name: str) -> None:
    tracker = create(name, **AT_ONCE.get(name, {}))
    for number in range(30):
        order = [(i + number) % 5 for i in range(5)]
        tracks = tracker.update(table([player(i, x=2.0 * number) for i in order]))
        assert tracks.track_id.tolist() == [i + 1 for i in order]
        assert tracks.class_id.tolist() == order
        assert tracks.detection.tolist() == [0, 1, 2, 3, 4]


@every_tracker
def test_empty_frames_age_the_tracks(name: str) -> None:
    tracker = create(name, frame_rate=30)
    here = table([player(0)])
    first = run(tracker, [here] * 4)[-1].track_id.tolist()
    tracker.update(Detections.empty())
    assert tracker.update(here).track_id.tolist() in (first, [])  # SORT wants a new streak before it reports again
    run(tracker, [Detections.empty()] * 200)
    later = [int(i) for tracks in run(tracker, [here] * 5) for i in tracks.track_id]
    assert later
    assert min(later) > max(first)


@every_tracker
def test_coasting_tracks_come_on_request_and_move_on(name: str) -> None:
    frames = [table([player(0, x=4.0 * i)]) for i in range(10)]
    quiet, loud = create(name, frame_rate=30), create(name, frame_rate=30, coasting=True)
    assert same(run(quiet, frames), run(loud, frames))
    assert len(quiet.update(Detections.empty())) == 0
    coast = loud.update(Detections.empty())
    assert (coast.detection.tolist(), coast.track_id.tolist(), coast.class_id.tolist()) == ([-1], [1], [0])
    assert coast.xyxy[0] == pytest.approx(player(0, x=40.0)[0], abs=4)
    for _ in range(200):
        coast = loud.update(Detections.empty())
    assert len(coast) == 0


@every_crowd
def test_per_class_keeps_a_ball_from_a_players_id(name: str) -> None:
    here = player(0)[0]
    mixed = [table([(here, 0.9, 0)])] * 5 + [table([(here, 0.9, 1)])] * 5
    one = run(create(name, per_class=False, **AT_ONCE.get(name, {})), mixed)
    two = run(create(name, per_class=True, **AT_ONCE.get(name, {})), mixed)
    assert {int(i) for tracks in one for i in tracks.track_id} == {1}
    assert two[0].track_id.tolist() == [1]
    assert two[-1].track_id.tolist() == [2]


@every_tracker
def test_supervision_detections_are_taken(name: str) -> None:
    frames = [table([player(i, x=2.0 * n) for i in range(3)]) for n in range(5)]
    want = run(create(name), frames)
    assert same(run(create(name), [f.to_supervision() for f in frames]), want)


@every_tracker
def test_other_inputs_are_refused_by_name(name: str) -> None:
    with pytest.raises(SettingError, match="ndarray"):
        create(name).update(np.zeros((3, 4)))


@every_crowd
def test_a_frame_of_2000_boxes(name: str) -> None:
    rng = np.random.default_rng(0)
    low = np.stack(np.meshgrid(np.arange(50) * 30.0, np.arange(40) * 60.0), axis=-1).reshape(-1, 2)
    tracker = create(name, frame_rate=30)
    for _ in range(3):
        shaken = low + rng.normal(0, 0.5, low.shape)
        tracks = tracker.update(Detections.from_arrays(np.hstack((shaken, shaken + [28.0, 55.0]))))
    assert len(tracks) == 2000
    assert np.array_equal(tracks.track_id, np.arange(1, 2001))


@every_tracker
def test_the_camera_argument_is_taken(name: str) -> None:
    with_camera, without = create(name), create(name)
    for frame in range(3):
        still = with_camera.update(table([player(frame)]), camera=np.eye(2, 3))
        assert len(still) == len(without.update(table([player(frame)]))), "a camera that stands still changes nothing"


def test_boxes_that_do_not_touch_never_match() -> None:
    far = [table([player(0)])] * 4 + [table([player(9)])] * 4
    for name, setting in (("sort", {"iou_threshold": 0.0}), ("bytetrack", {"match_thresh": 1.0, "fuse_score": False})):
        ids = [tracks.track_id.tolist() for tracks in run(create_tracker(name, **setting), far)]
        assert ids[0] == [1]
        assert ids[-1] == [2]
