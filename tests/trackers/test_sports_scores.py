"""SportsTrack on real motion, and its smoothed boxes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sports_streams import at, ids, jittering, make
from tracker_streams import (
    keeps_boxes,
    run,
    same,
)

from sportstrack import Detections, MotTable, Tracks, create_tracker, read_mot, score_tracks
from sportstrack.seqinfo import read_sequence_info

# --- real sequences --------------------------------------------------------------------------------------------------


def clip(folder: Path, kind: str = "det/det.txt") -> tuple[list[Detections], MotTable, tuple[int, int]]:
    info = read_sequence_info(folder)
    truth = read_mot(folder / "gt" / "gt.txt", frames=info.frames)
    found = read_mot(folder / kind, frames=info.frames, identities=False)
    frames = [found[found.frame == n] for n in range(info.frames or 0)]
    return [Detections.from_arrays(f.xyxy, f.score) for f in frames], truth, (info.width or 0, info.height or 0)


def hota(truth: MotTable, tracks: list[Tracks]) -> float:
    return 100 * score_tracks(truth, MotTable.from_tracks(tracks), frames=len(tracks)).HOTA


SEQUENCE = "sportsmot/train/v_1LwtoLPw2TU_c006"


def test_the_size_of_the_picture_does_not_matter(shared_data: Path) -> None:
    frames, _, (width, height) = clip(shared_data / SEQUENCE)
    larger = [Detections.from_arrays(f.xyxy * 1.5, f.score) for f in frames]
    small = run(make((width, height)), frames)
    large = run(make((width * 3 // 2, height * 3 // 2)), larger)
    assert ids(small) == ids(large)


def test_the_frame_rate_does_not_matter(shared_data: Path) -> None:
    frames, truth, size = clip(shared_data / SEQUENCE, "gt/gt.txt")
    usual = hota(truth, run(make(size), frames))
    half = truth[truth.frame % 2 == 0]
    half = replace(half, frame=half.frame // 2)
    slow = hota(half, run(make(size, frame_rate=12.5), frames[::2]))
    double = between(truth)
    fast = hota(double, run(make(size, frame_rate=50.0), per_frame(double, 2 * len(frames) - 1)))
    assert usual > 80
    assert slow > usual - 4  # half of the evidence
    assert fast > usual - 2


def between(truth: MotTable) -> MotTable:
    """The sequence at twice its rate: a player seen in two frames in a row was half-way between them."""
    order = np.lexsort((truth.frame, truth.track_id))
    a, b = truth[order[:-1]], truth[order[1:]]
    linked = (a.track_id == b.track_id) & (b.frame == a.frame + 1)
    middle = replace(a[linked], frame=2 * a.frame[linked] + 1, xyxy=(a.xyxy[linked] + b.xyxy[linked]) / 2)
    doubled = replace(truth, frame=2 * truth.frame)
    names = ("frame", "track_id", "xyxy", "score", "class_id", "visibility")
    return MotTable(*(np.concatenate((getattr(doubled, name), getattr(middle, name))) for name in names))


def per_frame(found: MotTable, count: int) -> list[Detections]:
    rows = [found[found.frame == n] for n in range(count)]
    return [Detections.from_arrays(r.xyxy, r.score) for r in rows]


def test_it_beats_bytetrack_by_far_on_real_motion(shared_data: Path) -> None:
    gain = []
    for name in ("v_1LwtoLPw2TU_c006", "v_Dk3EpDDa3o0_c002"):
        frames, truth, size = clip(shared_data / "sportsmot" / "train" / name)
        ours, plain = run(make(size), frames), run(create_tracker("bytetrack"), frames)
        gain.append(hota(truth, ours) - hota(truth, plain))
    assert min(gain) > 0
    assert sum(gain) > 10


def test_no_identity_survives_a_shot_change_between_two_matches(shared_data: Path) -> None:
    tracker, seen = make((1280, 720)), []
    for name in ("v_1LwtoLPw2TU_c006", "v_Dk3EpDDa3o0_c002", "v_ApPxnw_Jffg_c001"):
        frames, _, _ = clip(shared_data / "sportsmot" / "train" / name)
        tracker.cut()
        seen.append({int(i) for t in run(tracker, frames[:60]) for i in t.track_id})
    assert not seen[0] & seen[1]
    assert not (seen[0] | seen[1]) & seen[2]


@pytest.mark.parametrize("rate", [7.0, 15.0, 30.0])
def test_pedestrians_are_expected_straight_on_despite_jitter(rate: float) -> None:
    spread = {}
    for preset in ("sports", "pedestrian"):
        places = []
        for seed in range(10):
            rng, tracker = np.random.default_rng(seed), make(preset=preset, frame_rate=rate, coasting=True)
            for n in range(round(3 * rate)):
                seen = at((100 + 75 * n / rate, 150))
                tracker.update(Detections.from_arrays(seen.xyxy + rng.normal(0, 2, 4), seen.score))
            hidden = run(tracker, [Detections.empty()] * round(rate))
            places.append(hidden[-1].xyxy[0, ::2].mean())
        spread[preset] = np.std(places) / 50  # box heights, after a second behind a tree
    assert spread["pedestrian"] < 0.05
    assert spread["pedestrian"] < spread["sports"] / 2


def test_smoothed_boxes_jitter_less_than_the_detector_s() -> None:
    stream, truth = jittering()
    tracks = run(make(None), stream)
    assert all(len(t) == 6 and keeps_boxes(t, f) for t, f in zip(tracks, stream, strict=True))
    own, smoothed = (np.abs(np.array([getattr(t, c) for t in tracks]) - truth).mean() for c in ("xyxy", "smoothed"))
    assert smoothed < 0.9 * own


def test_smoothing_changes_nothing_but_the_smoothed_boxes() -> None:
    stream, _ = jittering(10)
    plain, blended = run(make(None, box_blend=0.0), stream), run(make(None), stream)
    assert all(tracks.smoothed is None for tracks in plain)
    assert same(plain, [replace(tracks, smoothed=None) for tracks in blended])


def test_coasting_tracks_have_one_box() -> None:
    tracker = make(coasting=True)
    run(tracker, [at((100.0 + 5 * i, 100), (300, 100)) for i in range(10)])
    tracks = tracker.update(at((300, 100)))
    assert tracks.detection.tolist() == [0, -1]
    assert np.array_equal(tracks.smoothed[1], tracks.xyxy[1])
