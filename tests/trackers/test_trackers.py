"""The contract that every tracker keeps, whatever its algorithm; run over all of TRACKERS."""

from __future__ import annotations

import sys
import types
from dataclasses import FrozenInstanceError, fields
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sportstrack import TRACKERS, Detections, SportstrackError, Tracker, Tracks, create_tracker
from sportstrack.errors import SettingError
from sportstrack.trackers import config_class, setting_types

ONE = ("ball",)  # follow at most one box per frame
MANY = sorted(set(TRACKERS) - set(ONE))
WITH_BALL = "botsort+ball"  # a player tracker and the ball tracker side by side
NAMES = [*sorted(TRACKERS), WITH_BALL]
LOOKING = sorted(name for name in TRACKERS if "fusion" in {f.name for f in fields(config_class(name))})
COLUMNS = ("xyxy", "score", "class_id", "track_id", "detection", "smoothed")
AT_ONCE: dict[str, dict[str, Any]] = {"deepsort": {"n_init": 1}}  # settings with which a first frame is reported
every_tracker = pytest.mark.parametrize("name", NAMES)
every_listed = pytest.mark.parametrize("name", sorted(TRACKERS))
every_crowd = pytest.mark.parametrize("name", MANY)
untimed = settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])

# --- streams: mostly boxes that return to a few places, so that tracks live, with anything else mixed in --------------

place = st.integers(0, 5)
shift = st.floats(-6, 6)
size = st.sampled_from([(30.0, 60.0), (31.0, 58.0), (8.0, 8.0), (200.0, 300.0)])
score = st.sampled_from([0.9, 0.8, 0.65, 0.55, 0.3, 0.15, 0.05])


def _near(where: int, dx: float, dy: float, wh: tuple[float, float]) -> tuple[float, ...]:
    x, y = 35.0 * where + dx, 50.0 + dy
    return (x, y, x + wh[0], y + wh[1])


box = st.builds(_near, place, shift, shift, size) | st.tuples(
    st.floats(-1e5, 1e5), st.floats(-1e5, 1e5), st.floats(1e-3, 1e4), st.floats(1e-3, 1e4)
).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
row = st.tuples(box, score, st.integers(0, 2))
frame = st.lists(row, max_size=7)
stream = st.lists(frame, max_size=14)
BROKEN = [
    (np.nan, 0.0, 10.0, 10.0),
    (0.0, 0.0, np.inf, 10.0),
    (-np.inf, 0.0, np.inf, 10.0),
    (1e300, 0.0, 1e301, 10.0),
    (40.0, 50.0, 10.0, 110.0),
    (35.0, 50.0, 35.0, 110.0),
    (35.0, 50.0, 65.0, 50.0),
]


def create(name: str, **options: Any) -> Any:
    """`create_tracker`; for a name with ``+ball``, boxes of class 2 are balls."""
    first, plus, _ = name.partition("+")
    return create_tracker(first, ball=(2,) if plus else None, **options)


def table(rows: list[Any]) -> Detections:
    boxes, scores, classes = zip(*rows, strict=True) if rows else ([], [], [])
    return Detections.from_arrays(boxes, scores, classes)


def player(number: int, x: float = 0.0) -> tuple[Any, float, int]:
    return (100.0 * number + x, 50.0, 100.0 * number + x + 40, 150.0), 0.9, number


def run(tracker: Any, frames: list[Detections]) -> list[Tracks]:
    return [tracker.update(detections) for detections in frames]


def same(a: list[Tracks], b: list[Tracks]) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(getattr(p, column), getattr(q, column)) for p, q in zip(a, b, strict=True) for column in COLUMNS
    )


def copied(tracks: Tracks) -> Tracks:
    columns = (getattr(tracks, column) for column in COLUMNS)
    return Tracks(*(None if column is None else column.copy() for column in columns))


def keeps_boxes(tracks: Tracks, detections: Detections) -> bool:
    """Reported boxes are the detections' own, bit for bit."""
    seen = tracks.detection >= 0
    return np.array_equal(tracks.xyxy[seen], detections.xyxy[tracks.detection[seen]])


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


# --- with looks and a moving camera ----------------------------------------------------------------------------------


LOOKS = np.vstack((np.eye(3), np.zeros((1, 3)), np.full((1, 3), np.nan), [[0.6, 0.8, 0.0]])).astype(np.float32)
look = st.integers(0, len(LOOKS) - 1)
angle, zoom, pan = st.sampled_from([0.0, 0.02, -0.5]), st.sampled_from([1.0, 0.98, 1.2]), st.floats(-20, 20)


def _affine(angle: float, zoom: float, dx: float, dy: float) -> Any:
    c, s = zoom * np.cos(angle), zoom * np.sin(angle)
    return np.array([[c, -s, dx], [s, c, dy]])


camera = st.none() | st.builds(_affine, angle, zoom, pan, pan)
seen_frame = st.tuples(st.lists(st.tuples(row, look), max_size=7), camera, st.booleans())
seen_stream = st.lists(seen_frame, max_size=14)


def seen_table(rows: list[Any], embedded: bool) -> Detections:
    plain = table([r for r, _ in rows])
    looks = LOOKS[[number for _, number in rows]] if embedded else None
    return Detections(plain.xyxy, plain.score, plain.class_id, looks)


def run_seen(tracker: Any, stream: list[Any]) -> list[Tracks]:
    return [tracker.update(seen_table(rows, embedded), camera=affine) for rows, affine, embedded in stream]


@every_tracker
@untimed
@given(stream=seen_stream, coasting=st.booleans(), per_class=st.booleans())
def test_looks_and_a_camera_keep_the_contract(name: str, stream: list[Any], coasting: bool, per_class: bool) -> None:
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
def test_broken_rows_with_looks_do_as_if_they_were_absent(name: str, stream: list[Any], data: st.DataObject) -> None:
    clean, spoilt = create(name), create(name)
    for rows, affine, embedded in stream:
        mixed = list(rows)
        for bad in data.draw(st.lists(st.sampled_from(BROKEN), max_size=2)):
            mixed.insert(data.draw(st.integers(0, len(mixed))), ((bad, 0.9, 0), data.draw(look)))
        want = clean.update(seen_table(rows, embedded), camera=affine)
        got = spoilt.update(seen_table(mixed, embedded), camera=affine)
        assert np.array_equal(got.track_id, want.track_id)
        assert np.array_equal(got.xyxy, want.xyxy)


# --- a cut between two shots -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"sports"}))  # that one knows looks again after a cut
@untimed
@given(before=seen_stream, after=seen_stream, coasting=st.booleans())
def test_after_a_cut_all_is_fresh_but_the_ids(name: str, before: list[Any], after: list[Any], coasting: bool) -> None:
    tracker, fresh = create(name, coasting=coasting), create(name, coasting=coasting)
    given = max([int(tracks.track_id.max(initial=0)) for tracks in run_seen(tracker, before)], default=0)
    tracker.cut()
    for got, want in zip(run_seen(tracker, after), run_seen(fresh, after), strict=True):
        assert np.array_equal(got.track_id, want.track_id + given)
        for column in ("xyxy", "score", "class_id", "detection"):
            assert np.array_equal(getattr(got, column), getattr(want, column))


@every_tracker
def test_a_cut_forgets_no_count_and_gives_new_ids(name: str) -> None:
    tracker = create(name)
    here = table([player(0), (BROKEN[0], 0.9, 0)])
    run(tracker, [here] * 5)
    tracker.cut()
    assert tracker.dropped == 5
    assert run(tracker, [here] * 5)[-1].track_id.tolist() == [2]
    assert tracker.dropped == 10


# --- a frame that is refused -----------------------------------------------------------------------------------------


def longer_looks(rows: list[Any]) -> Detections:
    plain = table(rows)
    return Detections(plain.xyxy, plain.score, plain.class_id, np.eye(len(rows), 5, dtype=np.float32))


@every_tracker
@pytest.mark.parametrize("slip", ["row", "camera", "length"])
def test_a_refused_frame_changes_nothing(name: str, slip: str) -> None:
    players = [player(0), player(1), player(2)]
    refused, affine = table([*players, (BROKEN[0], 0.9, 0)]), None
    if slip != "row":
        refused = longer_looks(players)
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


# --- looks join motion -----------------------------------------------------------------------------------------------


def meeting(turn: bool, embedded: bool) -> list[Detections]:
    """Two alike players run at each other, and then on (or both turn back); the first one's box is always row 0."""
    rng, frames = np.random.default_rng(3), []
    for n in range(24):
        walked = 5.0 * (min(n, 24 - n) if turn else n + 0.5)
        left = np.array([[walked, 100.0], [120.0 - walked, 100.0]]) + rng.uniform(-1, 1, (2, 2))
        looks = np.eye(2, 4, dtype=np.float32) if embedded else None
        boxes = np.hstack((left, left + [40.0, 100.0]))
        frames.append(Detections(boxes, np.full(2, 0.9), np.zeros(2, np.int64), looks))
    return frames


MODES = [(name, mode) for name in LOOKING for mode in ("own", "weighted", "adaptive")]


@pytest.mark.parametrize(("name", "mode"), MODES)
def test_alike_boxes_with_different_looks_keep_their_ids(name: str, mode: str) -> None:
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
def test_unknown_looks_are_as_good_as_none(name: str, mode: str, stream: list[Any], unknown: int) -> None:
    blind = [([(r, unknown) for r, _ in rows], affine, True) for rows, affine, _ in stream]
    none = [(rows, affine, False) for rows, affine, _ in stream]
    assert same(run_seen(create(name, fusion=mode), blind), run_seen(create(name, fusion=mode), none))


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
def test_a_frame_of_5000_boxes(name: str) -> None:
    rng = np.random.default_rng(0)
    low = np.stack(np.meshgrid(np.arange(100) * 30.0, np.arange(50) * 60.0), axis=-1).reshape(-1, 2)
    tracker = create(name, frame_rate=30)
    for _ in range(3):
        shaken = low + rng.normal(0, 0.5, low.shape)
        tracks = tracker.update(Detections.from_arrays(np.hstack((shaken, shaken + [28.0, 55.0]))))
    assert len(tracks) == 5000
    assert np.array_equal(tracks.track_id, np.arange(1, 5001))


@every_tracker
def test_the_camera_argument_is_taken(name: str) -> None:
    with_camera, without = create(name), create(name)
    for frame in range(3):
        still = with_camera.update(table([player(frame)]), camera=np.eye(2, 3))
        assert len(still) == len(without.update(table([player(frame)]))), "a camera that stands still changes nothing"


# --- making one ------------------------------------------------------------------------------------------------------


@every_listed
def test_settings_are_frozen_typed_and_reach_the_tracker(name: str) -> None:
    config = config_class(name)()
    with pytest.raises(FrozenInstanceError):
        config.per_class = True
    assert {f.name for f in fields(config)} <= set(setting_types(name))
    tracker: Any = create_tracker(name.upper(), per_class=True)
    assert tracker.config.per_class is True


@pytest.mark.parametrize(
    ("name", "hint"), [("bytetrak", "bytetrack"), ("Byte-Track", "bytetrack"), ("srot", "sort"), ("zzz", "known: ")]
)
def test_an_unknown_tracker_names_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(SettingError, match=hint):
        create_tracker(name)


@every_listed
def test_an_unknown_setting_names_the_nearest(name: str) -> None:
    with pytest.raises(SettingError, match="did you mean 'per_class'"):
        create_tracker(name, per_clas=True)
    with pytest.raises(SettingError, match="did you mean 'coasting'"):
        create_tracker(name, coastin=True)


@every_listed
@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_an_impossible_frame_rate_is_refused(name: str, rate: float) -> None:
    with pytest.raises(SettingError, match="frame_rate"):
        create_tracker(name, frame_rate=rate)


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("sort", "iou_threshold", 1.5),
        ("sort", "max_age", -1),
        ("sort", "iou_threshold", "high"),
        ("bytetrack", "track_high_thresh", -0.1),
        ("bytetrack", "match_thresh", 2),
        ("bytetrack", "track_low_thresh", 0.8),
        ("bytetrack", "track_buffer", "long"),
        ("botsort", "appearance_thresh", 1.5),
        ("botsort", "proximity_thresh", -0.1),
        ("botsort", "track_low_thresh", 0.8),
        ("deepsort", "max_cosine_distance", 1.1),
        ("deepsort", "nn_budget", 0),
        ("deepsort", "max_age", "long"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(name: str, setting: str, value: Any) -> None:
    with pytest.raises(SettingError) as error:
        create_tracker(name, **{setting: value})
    assert name in str(error.value) or setting in str(error.value)


@pytest.mark.parametrize(("rate", "frames"), [(30, 30), (25, 25), (60, 60), (50, 50), (29.97, 29), (1, 1)])
def test_a_buffer_follows_the_frame_rate(rate: float, frames: int) -> None:
    here = table([player(0)])
    for missing, kept in ((frames, True), (frames + 1, False)):
        tracker = create_tracker("bytetrack", frame_rate=rate, track_buffer=30)
        run(tracker, [here] * 2 + [Detections.empty()] * missing + [here])
        assert (tracker.update(here).track_id.tolist() == [1]) is kept


def test_boxes_that_do_not_touch_never_match() -> None:
    far = [table([player(0)])] * 4 + [table([player(9)])] * 4
    for name, setting in (("sort", {"iou_threshold": 0.0}), ("bytetrack", {"match_thresh": 1.0, "fuse_score": False})):
        ids = [tracks.track_id.tolist() for tracks in run(create_tracker(name, **setting), far)]
        assert ids[0] == [1]
        assert ids[-1] == [2]


# --- plug-ins --------------------------------------------------------------------------------------------------------


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> str:
    class Mine:
        def __init__(self, frame_rate: float, gain: float = 1.0) -> None:
            self.frame_rate, self.gain = frame_rate, gain

        def update(self, detections: Any, camera: Any = None) -> Tracks:
            return Tracks.empty()

        def reset(self) -> None: ...

    module = types.ModuleType("my_club.tracking")
    module.Mine, module.Wrong = Mine, lambda frame_rate: object()  # type: ignore[attr-defined]
    package = types.ModuleType("my_club")
    package.__path__ = []
    monkeypatch.setitem(sys.modules, "my_club", package)
    monkeypatch.setitem(sys.modules, "my_club.tracking", module)
    return "my_club.tracking:Mine"


def test_a_class_of_ones_own_plugs_in(plugin: str) -> None:
    tracker: Any = create_tracker(plugin, frame_rate=50, gain=2.0)
    assert (tracker.frame_rate, tracker.gain) == (50, 2.0)
    assert len(tracker.update(Detections.empty())) == 0


@pytest.mark.parametrize(
    ("spec", "settings", "words"),
    [
        ("my_club.missing:Mine", {}, "cannot import my_club.missing"),
        ("my_club.tracking:Yours", {}, "has no 'Yours'"),
        ("my_club.tracking:Wrong", {}, "update"),
        ("my_club.tracking:Mine", {"bias": 1}, "bias"),
    ],
)
def test_a_plug_in_that_does_not_fit_is_explained(plugin: str, spec: str, settings: Any, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        create_tracker(spec, **settings)
