"""Refinement of any tracker's result: each step by hand, and what must hold for all inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pieces import COLUMNS, SIZE, ids, join, linked, run, same, scene, still

from sportstrack.errors import SettingError
from sportstrack.mot import read_mot
from sportstrack.refine import (
    STEPS,
    RefineSettings,
    TrackTable,
    box_noise,
    drop_short,
    interpolate_gaps,
    link_tracks,
    preset,
    refine,
    refine_tracks,
    smooth_boxes,
    split_tracks,
)
from sportstrack.refine.steps import RUNS
from sportstrack.score.run import score_tracks
from sportstrack.seqinfo import read_sequence_info
from sportstrack.trackers import create_tracker
from sportstrack.types import Detections, Tracks

# --- all inputs -------------------------------------------------------------------------------------------------------


@st.composite
def fragments(draw: st.DrawFn) -> TrackTable:
    """A few players, each in pieces with gaps, noisy or not, some of them at the edges."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    noise = draw(st.sampled_from([0.0, 2.0]))
    parts, track = [], 0
    for _ in range(draw(st.integers(1, 5))):
        start, velocity = rng.uniform((0, 0), (1280, 720)), rng.uniform(-6, 6, 2)
        at = int(rng.integers(0, 20))
        for _ in range(draw(st.integers(1, 4))):
            track += int(rng.integers(0, 2)) if parts else 1
            length = int(rng.integers(1, 40))
            frames = [f for f in range(at, at + length) if rng.random() > 0.1]
            parts.append(run(track, frames, tuple(start), tuple(velocity), class_id=int(rng.integers(0, 2))))
            at += length + int(rng.integers(1, 60))
        track += 1
    table = join(*parts)
    return TrackTable.of(
        table.frame, table.track_id, table.xyxy + rng.normal(0, noise, table.xyxy.shape), class_id=table.class_id
    )


@settings(max_examples=60, deadline=None)
@given(table=fragments())
def test_linking_adds_and_loses_nothing_and_merges_none_that_coexist(table: TrackTable) -> None:
    after = link_tracks(table, scene(table))
    keys = ("frame", "score", "class_id")
    order_a, order_b = (np.lexsort((t.xyxy[:, 1], t.xyxy[:, 0], t.frame)) for t in (table, after))
    for name in (*keys, "xyxy"):
        np.testing.assert_array_equal(getattr(table, name)[order_a], getattr(after, name)[order_b])
    places = set(zip(after.frame.tolist(), after.track_id.tolist(), strict=True))
    assert len(places) == len(after), "an id twice in a frame"
    assert same(link_tracks(after, scene(table)), after), "linking again changes nothing"


@settings(max_examples=40, deadline=None)
@given(table=fragments(), steps=st.sets(st.sampled_from(STEPS)), seed=st.integers(0, 99))
def test_ids_stay_unique_and_the_order_of_rows_does_not_matter(table: TrackTable, steps: set[str], seed: int) -> None:
    chosen = RefineSettings(steps=sorted(steps))
    before = {name: getattr(table, name).copy() for name in COLUMNS}
    after = refine(table, frame_rate=25, **SIZE, settings=chosen)
    places = set(zip(after.frame.tolist(), after.track_id.tolist(), strict=True))
    assert len(places) == len(after)
    assert (after.xyxy[:, 2:] > after.xyxy[:, :2]).all()
    shuffled = table[np.random.default_rng(seed).permutation(len(table))]
    assert same(refine(shuffled, frame_rate=25, **SIZE, settings=chosen), after)
    assert all(np.array_equal(getattr(table, name), value) for name, value in before.items()), (
        "the input is not touched"
    )


@settings(max_examples=30, deadline=None)
@given(table=fragments())
def test_filling_and_dropping_twice_is_once(table: TrackTable) -> None:
    for step in (interpolate_gaps, drop_short, split_tracks):
        where = scene(table, camera=still(int(table.frame.max()) + 1))
        once = step(table, where)
        assert same(step(once, where), once)


@settings(max_examples=30, deadline=None)
@given(table=fragments())
def test_frame_rate_and_picture_size_change_nothing(table: TrackTable) -> None:
    # Every second frame of a sequence at 50 frames/s; the same players in a picture of twice the size.
    frames = int(table.frame.max()) + 1
    plain = link_tracks(table, scene(table, camera=still(frames)))
    large = TrackTable.of(table.frame, table.track_id, 2 * table.xyxy, class_id=table.class_id)
    double = link_tracks(large, scene(large, width=2560.0, height=1440.0, camera=still(frames)))
    np.testing.assert_array_equal(double.track_id, plain.track_id)
    assert RefineSettings() == RefineSettings(steps=STEPS)


def test_at_twice_the_frame_rate_the_same_players_are_linked() -> None:
    slow = join(run(1, range(30), (200, 300), (4, 0)), run(2, range(60, 90), (200, 300), (4, 0)))
    fast = join(run(1, range(60), (200, 300), (2, 0)), run(2, range(120, 180), (200, 300), (2, 0)))
    for table, rate in ((slow, 25.0), (fast, 50.0)):
        after = refine(table, frame_rate=rate, **SIZE, camera=still(200))
        assert ids(after) == [1]
        assert len(after) == rate / 25 * 60 + np.count_nonzero(after.filled)


def test_an_empty_table_stays_empty() -> None:
    nothing = TrackTable.of([], [], np.empty((0, 4)))
    assert len(refine(nothing, frame_rate=25, **SIZE)) == 0
    assert len(refine(nothing, frame_rate=25, **SIZE, frames=10)) == 0


# --- split ------------------------------------------------------------------------------------------------------------


def test_a_track_is_split_where_its_appearance_changes() -> None:
    red, blue = [1.0, 0.0, 0.2], [0.0, 1.0, 0.2]
    table = join(run(4, range(40), (300, 300), embedding=red), run(4, range(40, 100), (300, 300), embedding=blue))
    after = split_tracks(table, scene(table))
    assert after.track_id.tolist() == [4] * 40 + [5] * 60
    whole = split_tracks(table, scene(table), RefineSettings(split_min_side=2.0))
    assert ids(whole) == [4], "40 frames are less than two seconds"


def test_embeddings_that_waver_split_nothing() -> None:
    rng = np.random.default_rng(1)
    embeddings = np.array([1.0, 0.5, 0.0, 0.0]) + rng.normal(0, 0.3, (200, 4))
    other = np.array([0.0, 0.5, 1.0, 0.0]) + rng.normal(0, 0.3, (200, 4))
    t = np.tile(np.arange(200), 2)
    table = TrackTable.of(
        t, np.repeat([1, 2], 200), np.tile([0.0, 0, 40, 90], (400, 1)), embedding=np.vstack([embeddings, other])
    )
    assert same(split_tracks(table, scene(table)), table)


def test_several_changes_split_several_times() -> None:
    embeddings = np.repeat(np.eye(3), 50, axis=0)
    table = TrackTable.of(range(150), [2] * 150, np.tile([0.0, 0, 40, 90], (150, 1)), embedding=embeddings)
    assert split_tracks(table, scene(table)).track_id.tolist() == [2] * 50 + [3] * 50 + [4] * 50


# --- interpolate ------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    velocity=st.tuples(st.floats(-5, 5), st.floats(-3, 3)),
    pan=st.floats(-8, 8),
    gap=st.integers(1, 30),
)
def test_filled_boxes_are_exact_on_steady_motion(velocity: tuple[float, float], pan: float, gap: int) -> None:
    whole = run(1, range(20 + gap), (640, 360), velocity)
    path = pan * np.sin(np.arange(20 + gap) / 5.0)
    whole.xyxy[:, ::2] += path[:, None]
    affine = still(20 + gap)
    affine[1:, 0, 2] = np.diff(path)
    holed = whole[(whole.frame < 10) | (whole.frame >= 10 + gap)]
    after = interpolate_gaps(holed, scene(holed, camera=affine))
    np.testing.assert_allclose(after.xyxy, whole.xyxy, atol=1e-9)
    np.testing.assert_array_equal(after.frame[after.filled], np.arange(10, 10 + gap))
    assert (after.detection[after.filled] == -1).all()


def test_long_gaps_and_absences_behind_an_edge_stay_open() -> None:
    for start, gap, filled in (((640, 360), 30, 30), ((640, 360), 31, 0), ((20, 360), 5, 5), ((20, 360), 6, 0)):
        table = run(1, [*range(10), *range(10 + gap, 20 + gap)], start)
        assert np.count_nonzero(interpolate_gaps(table, scene(table)).filled) == filled


def test_a_filled_box_s_score_lies_between_its_neighbours() -> None:
    table = TrackTable.of([0, 4], [1, 1], [[100, 100, 140, 200]] * 2, [0.9, 0.5], [3, 3])
    after = interpolate_gaps(table, scene(table))
    np.testing.assert_allclose(after.score, [0.9, 0.8, 0.7, 0.6, 0.5])
    assert after.class_id.tolist() == [3] * 5


def test_nothing_is_filled_across_a_shot_change() -> None:
    table = run(1, [*range(10), *range(15, 25)], (640, 360))
    assert not interpolate_gaps(table, scene(table, cuts=[12])).filled.any()


# --- smooth -----------------------------------------------------------------------------------------------------------


def test_boxes_with_jitter_come_closer_to_the_truth() -> None:
    truth = run(1, range(200), (200, 300), (3, 1))
    rng = np.random.default_rng(0)
    noisy = truth.xyxy + rng.normal(0, 3.0, truth.xyxy.shape)
    table = TrackTable.of(truth.frame, truth.track_id, noisy)
    assert box_noise(table) == pytest.approx(0.03, rel=0.2)
    after = smooth_boxes(table, scene(table, camera=still(200)))
    before_error, after_error = (np.abs(boxes - truth.xyxy).mean() for boxes in (noisy, after.xyxy))
    assert after_error < 0.75 * before_error
    ends = [0, -1]
    assert np.abs(after.xyxy[ends] - truth.xyxy[ends]).mean() < 6.0


def test_steady_boxes_are_left_alone() -> None:
    table = run(1, range(50), (200, 300), (3, 1))
    assert smooth_boxes(table, scene(table)) is table
    curve = TrackTable.of(table.frame, table.track_id, table.xyxy + 40 * np.sin(table.frame / 8)[:, None])
    assert smooth_boxes(curve, scene(curve)) is curve


def test_smoothing_keeps_straight_lines_also_at_the_ends() -> None:
    table = run(1, range(50), (200, 300), (3, 1))
    after = smooth_boxes(table, scene(table, camera=still(50)), RefineSettings(smooth_noise=0.0))
    np.testing.assert_allclose(after.xyxy, table.xyxy, atol=1e-9)


def test_smoothing_mixes_no_two_tracks() -> None:
    table = join(run(1, range(20), (200, 300)), run(2, range(20), (900, 300)))
    after = smooth_boxes(table, scene(table), RefineSettings(smooth_noise=0.0, smooth_std=1.0))
    np.testing.assert_allclose(after.xyxy, table.xyxy, atol=1e-9)


# --- drop -------------------------------------------------------------------------------------------------------------


def test_short_tracks_go_and_clips_keep_theirs() -> None:
    short, long = run(1, range(24), (200, 300)), run(2, range(200), (900, 300))
    table = join(short, long)
    assert ids(drop_short(table, scene(table, frames=750))) == [2]
    assert ids(drop_short(table, scene(table))) == [1, 2], "of 200 frames, 20 are enough"


def test_filled_boxes_were_not_seen() -> None:
    sparse = run(1, range(0, 60, 3), (600, 300))
    filled = interpolate_gaps(sparse, scene(sparse))
    assert len(filled) == 58
    assert not len(drop_short(filled, scene(filled, frames=750)))


# --- tables and settings ----------------------------------------------------------------------------------------------


def test_the_steps_have_one_order() -> None:
    assert tuple(RUNS) == STEPS


def test_presets_change_what_they_are_for() -> None:
    assert preset("sports") == RefineSettings()
    pieces = run(1, range(30), (20, 300)), run(2, range(180, 210), (20, 320))
    assert linked(*pieces, settings_=preset("hockey")) == [1, 2]
    pieces = run(1, range(30), (300, 300)), run(2, range(110, 140), (340, 300))
    assert linked(*pieces) == [1]
    assert linked(*pieces, settings_=preset("pedestrian")) == [1, 2]
    assert preset("hockey", fill_gap=2.0).fill_gap == 2.0
    with pytest.raises(SettingError, match="did you mean 'hockey'"):
        preset("hokey")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": ["link", "smoth"]}, "did you mean 'smooth'"),
        ({"fill_gap": -1.0}, "fill_gap: expected a number from 0"),
        ({"tail": 0.0}, "tail: expected a number from 0.001"),
        ({"trust": float("nan")}, "trust: expected a finite number"),
    ],
)
def test_settings_out_of_range_are_refused(change: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        RefineSettings(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frame_rate": 0.0}, "frame_rate: expected a number above 0"),
        ({"width": float("inf")}, "width: expected a number above 0"),
        ({"frames": 5}, "frames: expected at least 10"),
        ({"camera": np.zeros((10, 3, 3))}, r"camera: expected shape \(10, 2, 3\)"),
        ({"camera": np.zeros((9, 2, 3))}, r"camera: expected shape \(10, 2, 3\)"),
    ],
)
def test_a_scene_that_cannot_be_is_refused(change: dict, message: str) -> None:
    table = run(1, range(10), (100, 100))
    with pytest.raises(SettingError, match=message):
        scene(table, **change)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (([0, 1], [1], [[0, 0, 1, 1]] * 2), "expected 2 rows, got 1"),
        (([0], [1], [[5, 0, 1, 1]]), "x1 < x2"),
        (([0], [1], [[0, 0, np.nan, 1]]), "finite"),
        (([3, 3], [1, 1], [[0, 0, 1, 1]] * 2), "once in a frame"),
    ],
)
def test_tables_that_cannot_be_are_refused(columns: tuple, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        TrackTable.of(*columns)


def run_of(table: TrackTable, numbers: list[int]) -> tuple[list[Tracks], list[Detections | None]]:
    """What a run has collected: the tracks and the detections of each frame."""
    tracks, found = [], []
    for position in range(len(numbers)):
        t = table[table.frame == position]
        tracks.append(Tracks(t.xyxy, t.score, t.class_id, t.track_id, np.arange(len(t))))
        found.append(Detections(t.xyxy, t.score, t.class_id, t.embedding))
    return tracks, found


def test_frames_of_a_run_come_back_refined() -> None:
    table = join(run(1, range(30), (200, 300), (4, 0)), run(2, range(36, 60), (200, 300), (4, 0)))
    numbers = list(range(0, 120, 2))
    tracks, found = run_of(table, numbers)
    tracks[33] = Tracks(np.array([[900.0, 0, 940, 90]]), np.ones(1), np.array([-1]), np.array([1]), np.array([-1]))
    refined = refine_tracks(TrackTable.from_tracks(tracks, found, numbers), numbers, frame_rate=12.5, **SIZE)
    assert set(refined.frame.tolist()) <= set(numbers)
    after = refined.to_tracks(numbers)
    assert [one.track_id.tolist() for one in after] == [[1]] * 60
    assert [one.detection.tolist() for one in after[29:37]] == [[0], *[[-1]] * 6, [0]]
    np.testing.assert_allclose(after[33].xyxy[0, 0], 200 + 4 * 33 - 20, atol=1.0)


def test_a_shot_change_is_named_by_its_frame_in_the_video() -> None:
    table = join(run(1, range(30), (200, 300)), run(2, range(36, 60), (200, 300)))
    numbers = list(range(100, 220, 2))
    table = replace(table, frame=100 + 2 * table.frame)
    after = refine_tracks(table, numbers, frame_rate=25, **SIZE, cuts=[167])
    assert set(after.track_id.tolist()) == {1, 2}
    assert len(refine_tracks(table[:0], [], frame_rate=25, **SIZE)) == 0
    with pytest.raises(SettingError, match="boxes in frame 100"):
        refine_tracks(table, numbers[1:], frame_rate=25, **SIZE)


def test_at_a_steady_rate_times_change_nothing() -> None:
    table = join(run(1, range(30), (200, 300), (4, 0)), run(2, range(36, 60), (200, 300), (4, 0)))
    plain = refine_tracks(table, range(60), frame_rate=30, **SIZE)
    timed = refine_tracks(table, range(60), frame_rate=30, times=[round(n / 30, 3) for n in range(60)], **SIZE)
    assert same(plain, timed)


def test_frames_that_are_missing_count_where_times_are_given() -> None:
    """A player runs on at 8 pixels a frame, but most frames are gone; boxes jitter. With times it is one steady run."""
    rng = np.random.default_rng(0)
    kept = np.flatnonzero(rng.random(200) < 0.5)
    boxes = np.array([[100.0, 300, 140, 390]]) + kept[:, None] * [8.0, 0, 8, 0]
    table = TrackTable.of(kept, np.ones(len(kept), np.int64), boxes + rng.normal(0, 2, boxes.shape))
    off = {}
    for times in (None, kept / 25):
        after = refine_tracks(table, kept, frame_rate=25, times=times, **SIZE)
        assert set(after.frame.tolist()) <= set(kept.tolist())
        off[times is None] = float(np.abs(after.xyxy[:, 0] - 100.0 - 8 * after.frame).mean())
    assert off[False] < 0.8 * off[True]
    with pytest.raises(SettingError, match="times: expected"):
        refine_tracks(table, kept, frame_rate=25, times=[0.0], **SIZE)


def test_a_run_s_embeddings_are_used() -> None:
    embedding = np.repeat(np.eye(2), 50, axis=0)
    table = TrackTable.of(range(100), [2] * 100, np.tile([500.0, 300, 540, 390], (100, 1)), embedding=embedding)
    tracks, found = run_of(table, list(range(100)))
    taken = TrackTable.from_tracks(tracks, found)
    after = refine_tracks(taken, range(100), frame_rate=25, **SIZE, settings=RefineSettings(steps=["split"]))
    assert after.track_id.tolist() == [2] * 50 + [3] * 50
    blind = TrackTable.from_tracks(tracks, [None] * 100)
    assert set(refine_tracks(blind, range(100), frame_rate=25, **SIZE).track_id.tolist()) == {2}


# --- real motion ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("boxes", "gain"), [("det/det.txt", 0.04), ("gt/gt.txt", 0.0)])
def test_real_sequences_gain(boxes: str, gain: float, shared_data: Path) -> None:
    before, after = [], []
    for name in ("v_ApPxnw_Jffg_c015", "v_HdiyOtliFiw_c602", "v_4LXTUim5anY_c010"):
        folder = shared_data / "sportsmot" / "train" / name
        info = read_sequence_info(folder)
        rows, tracker = read_mot(folder / boxes, identities=False), create_tracker("bytetrack")
        tracks = [
            tracker.update(Detections.from_arrays(rows.xyxy[rows.frame == f], rows.score[rows.frame == f]))
            for f in range(info.frames)
        ]
        refined = refine(
            TrackTable.from_tracks(tracks), frame_rate=25, width=info.width, height=info.height, frames=info.frames
        )
        truth = read_mot(folder / "gt" / "gt.txt")
        before.append(score_tracks(truth, tracks, frames=info.frames))
        after.append(score_tracks(truth, refined.to_mot(), frames=info.frames))
    assert min(a.HOTA - b.HOTA for a, b in zip(after, before, strict=True)) > gain
    assert sum(a.IDSW for a in after) < sum(b.IDSW for b in before)
