"""The contract of every tracker, with embeddings and a moving camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracker_streams import (
    BROKEN,
    LOOKING,
    NAMES,
    copied,
    create,
    embedding_row,
    every_tracker,
    keeps_boxes,
    player,
    run,
    run_seen,
    same,
    seen_stream,
    seen_table,
    table,
    untimed,
)

from sportstrack import Detections
from sportstrack.errors import SettingError


@every_tracker
@untimed
@given(stream=seen_stream, coasting=st.booleans(), per_class=st.booleans())
def test_embeddings_and_a_camera_keep_the_contract(
    name: str, stream: list[Any], coasting: bool, per_class: bool
) -> None:
    tracker: Any = create(name, frame_rate=30, coasting=coasting, per_class=per_class)
    answers = []
    known = 0
    for rows, affine, embedded in stream:
        detections = seen_table(rows, embedded)
        arrays = [detections.xyxy, detections.score, detections.class_id]
        arrays += [array for array in (detections.embedding, affine) if array is not None]
        before = [array.copy() for array in arrays]
        for array in arrays:
            array.flags.writeable = False
        tracks = tracker.update(detections, camera=affine)
        answers.append(copied(tracks))
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(arrays, before, strict=True))
        seen = tracks.detection >= 0
        matched = tracks.detection[seen]
        assert len(set(matched.tolist())) == len(matched)
        assert keeps_boxes(tracks, detections)
        assert np.array_equal(tracks.class_id[seen], detections.class_id[matched])
        assert coasting or seen.all()
        assert np.isfinite(tracks.xyxy).all()
        assert (tracks.xyxy[:, 2:] > tracks.xyxy[:, :2]).all()
        fresh = sorted(int(number) for number in tracks.track_id if number > known)
        assert fresh == list(range(known + 1, known + 1 + len(fresh)))
        known += len(fresh)
    tracker.reset()
    assert same(run_seen(tracker, stream), answers)
    other = create(name, frame_rate=30, coasting=coasting, per_class=per_class)
    assert same(run_seen(other, stream), answers)


@every_tracker
@untimed
@given(stream=seen_stream, data=st.data())
def test_broken_rows_with_embeddings_do_as_if_they_were_absent(
    name: str, stream: list[Any], data: st.DataObject
) -> None:
    clean, spoilt = create(name), create(name)
    for rows, affine, embedded in stream:
        mixed = list(rows)
        for bad in data.draw(st.lists(st.sampled_from(BROKEN), max_size=2)):
            mixed.insert(data.draw(st.integers(0, len(mixed))), ((bad, 0.9, 0), data.draw(embedding_row)))
        want = clean.update(seen_table(rows, embedded), camera=affine)
        got = spoilt.update(seen_table(mixed, embedded), camera=affine)
        assert np.array_equal(got.track_id, want.track_id)
        assert np.array_equal(got.xyxy, want.xyxy)


# --- a shot change --------- -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"sports"}))  # that one recognises players after a shot change
@untimed
@given(before=seen_stream, after=seen_stream, coasting=st.booleans())
def test_after_a_shot_change_all_but_ids_is_fresh(
    name: str, before: list[Any], after: list[Any], coasting: bool
) -> None:
    tracker, fresh = create(name, coasting=coasting), create(name, coasting=coasting)
    given = max([int(tracks.track_id.max(initial=0)) for tracks in run_seen(tracker, before)], default=0)
    tracker.cut()
    for got, want in zip(run_seen(tracker, after), run_seen(fresh, after), strict=True):
        assert np.array_equal(got.track_id, want.track_id + given)
        for column in ("xyxy", "score", "class_id", "detection"):
            assert np.array_equal(getattr(got, column), getattr(want, column))


@every_tracker
def test_a_shot_change_forgets_no_count_and_gives_new_ids(name: str) -> None:
    tracker = create(name)
    here = table([player(0), (BROKEN[0], 0.9, 0)])
    run(tracker, [here] * 5)
    tracker.cut()
    assert tracker.dropped == 5
    assert run(tracker, [here] * 5)[-1].track_id.tolist() == [2]
    assert tracker.dropped == 10


# --- a frame that is refused -----------------------------------------------------------------------------------------


def longer_embeddings(rows: list[Any]) -> Detections:
    plain = table(rows)
    return Detections(plain.xyxy, plain.score, plain.class_id, np.eye(len(rows), 5, dtype=np.float32))


@every_tracker
@pytest.mark.parametrize("slip", ["row", "camera", "length"])
def test_a_refused_frame_changes_nothing(name: str, slip: str) -> None:
    players = [player(0), player(1), player(2)]
    refused, affine = table([*players, (BROKEN[0], 0.9, 0)]), None
    if slip != "row":
        refused = longer_embeddings(players)
        affine = np.zeros((2, 3)) if slip == "camera" else None
    frames = [([(player(i, x=3.0 * n), i) for i in range(3)], None, True) for n in range(9)]
    tracker, other = create(name, strict=True), create(name, strict=True)
    run_seen(tracker, frames[:4])
    try:
        tracker.update(refused, camera=affine)
    except SettingError:
        run_seen(other, frames[:4])
        assert same(run_seen(tracker, frames[4:]), run_seen(other, frames[4:]))
    else:  # it does not look at what is wrong
        assert slip != "row"
        assert (slip, name) not in {("length", looking) for looking in LOOKING} | {("camera", "botsort")}


# --- appearance joins motion -----------------------------------------------------------------------------------------


def meeting(turn: bool, embedded: bool) -> list[Detections]:
    """Two players of one size meet, and run on (or both turn back); the first one's box is always row 0."""
    rng, frames = np.random.default_rng(3), []
    for n in range(24):
        walked = 5.0 * (min(n, 24 - n) if turn else n + 0.5)
        left = np.array([[walked, 100.0], [120.0 - walked, 100.0]]) + rng.uniform(-1, 1, (2, 2))
        embedding = np.eye(2, 4, dtype=np.float32) if embedded else None
        boxes = np.hstack((left, left + [40.0, 100.0]))
        frames.append(Detections(boxes, np.full(2, 0.9), np.zeros(2, np.int64), embedding))
    return frames


MODES = [(name, mode) for name in LOOKING for mode in ("own", "weighted", "adaptive")]


@pytest.mark.parametrize(("name", "mode"), MODES)
def test_similar_boxes_with_different_embeddings_keep_their_ids(name: str, mode: str) -> None:
    options = {} if mode == "own" else {"fusion": mode}
    swaps = 0
    for turn in (False, True):
        seen = run(create(name, **options), meeting(turn, embedded=True))
        assert seen[-1].track_id.tolist() == [1, 2]
        assert all(set(tracks.track_id.tolist()) <= {1, 2} for tracks in seen)
        swaps += run(create(name, **options), meeting(turn, embedded=False))[-1].track_id.tolist() != [1, 2]
    assert swaps  # by motion alone they would not have


@pytest.mark.parametrize("name", LOOKING)
@pytest.mark.parametrize(
    ("setting", "value"), [("fusion", "sum"), ("alpha", 1.5), ("w_association_emb", -1), ("aw_param", 3.0)]
)
def test_a_fusion_that_is_none_is_refused(name: str, setting: str, value: Any) -> None:
    with pytest.raises(SettingError, match=setting):
        create(name, **{setting: value})


@pytest.mark.parametrize("name", LOOKING)
@pytest.mark.parametrize("mode", ["weighted", "adaptive"])
@untimed
@given(stream=seen_stream, unknown=st.sampled_from([3, 4]))
def test_unknown_embeddings_are_as_good_as_none(name: str, mode: str, stream: list[Any], unknown: int) -> None:
    blind = [([(r, unknown) for r, _ in rows], affine, True) for rows, affine, _ in stream]
    none = [(rows, affine, False) for rows, affine, _ in stream]
    assert same(run_seen(create(name, fusion=mode), blind), run_seen(create(name, fusion=mode), none))
