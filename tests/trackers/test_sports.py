"""SportsTrack: what its presets, its memory, its priors and appearance promise; the contract is in test_trackers.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_trackers import (
    COLUMNS,
    camera,
    keeps_boxes,
    look,
    player,
    row,
    run,
    same,
    seen_table,
    table,
    untimed,
)

from sportstrack import Detections, MotTable, Tracks, create_tracker, read_mot, score_tracks
from sportstrack.errors import SettingError
from sportstrack.mot import read_sequence_info
from sportstrack.trackers.sports import PRESETS, SportsTrack, SportsTrackConfig

VARIANTS: dict[str, dict[str, Any]] = {
    **{preset: {"preset": preset} for preset in PRESETS},
    "roster": {"roster": {0: 2, 1: 1}},
    "class lock": {"class_lock": True},
    "easily recognised": {"link_similarity": -1.0},
    "no memory": {"memory": 0.0, "border_memory": 0.0, "gallery_memory": 0.0},
    "blind": {"appearance_weight": 0.0, "camera_shift": False},
    "own boxes": {"box_blend": 0.0},
    "filtered boxes": {"box_blend": 1.0},
}
PICTURE = (640, 360)


def make(frame_size: tuple[int, int] | None = PICTURE, **settings: Any) -> Any:
    return create_tracker("sports", frame_size=frame_size, **settings)


def ids(tracks: list[Tracks]) -> list[list[int]]:
    return [t.track_id.tolist() for t in tracks]


def at(*places: tuple[float, float], size: tuple[float, float] = (20, 50), kind: int = 0, score: float = 0.9) -> Any:
    """Boxes of one size with these centres."""
    centre, half = np.array(places, dtype=np.float64).reshape(-1, 2), np.array(size) / 2
    boxes = np.hstack((centre - half, centre + half))
    return Detections.from_arrays(boxes, np.full(len(boxes), score), np.full(len(boxes), kind))


def joined(*tables: Detections) -> Detections:
    return Detections(*(np.concatenate([getattr(t, name) for t in tables]) for name in ("xyxy", "score", "class_id")))


def near(smoothed: Any, boxes: Any) -> bool:
    """No edge of a smoothed box is farther from the tracked box's than 5 % of the height."""
    rounding = 1e-9 + 1e-12 * np.abs(boxes).max(initial=0.0)
    return bool((np.abs(smoothed - boxes) <= 0.05 * (boxes[:, 3:] - boxes[:, 1:2]) + rounding).all())


def with_embeddings(detections: Detections, vectors: Any) -> Detections:
    return replace(detections, embedding=np.asarray(vectors, np.float32))


# --- the contract, with presets and priors ---------------------------------------------------------------------------

seen_frame = st.tuples(st.lists(st.tuples(row, look), max_size=7), camera, st.booleans(), st.integers(0, 5))
shots = st.lists(seen_frame, max_size=14)


def run_shots(tracker: Any, stream: list[Any]) -> list[Tracks]:
    answers = []
    for rows, affine, embedded, number in stream:
        if number == 0:
            tracker.cut()
        answers.append(tracker.update(seen_table(rows, embedded), camera=affine))
    return answers


@pytest.mark.parametrize("variant", VARIANTS)
@settings(untimed, max_examples=20)
@given(stream=shots, coasting=st.booleans(), known_size=st.booleans())
def test_presets_and_priors_keep_the_contract(
    variant: str, stream: list[Any], coasting: bool, known_size: bool
) -> None:
    size = (400, 200) if known_size else None
    tracker = make(size, coasting=coasting, **VARIANTS[variant])
    known = 0
    answers = run_shots(tracker, stream)
    for tracks, (rows, _, embedded, _) in zip(answers, stream, strict=True):
        Tracks(*(getattr(tracks, column) for column in COLUMNS))  # shapes, dtypes, ids ≥ 1 and unique
        detections = seen_table(rows, embedded)
        seen = tracks.detection >= 0
        matched = tracks.detection[seen]
        assert len(set(matched.tolist())) == len(matched)
        assert keeps_boxes(tracks, detections)
        if tracker.config.box_blend:
            assert near(tracks.smoothed, tracks.xyxy)
        else:
            assert tracks.smoothed is None
        assert np.array_equal(tracks.class_id[seen], detections.class_id[matched])
        assert coasting or seen.all()
        assert (tracks.xyxy[:, 2:] > tracks.xyxy[:, :2]).all()
        fresh = sorted(int(number) for number in tracks.track_id if number > known)
        assert fresh == list(range(known + 1, known + 1 + len(fresh)))
        known += len(fresh)
    tracker.reset()
    assert same(run_shots(tracker, stream), answers)
    assert same(run_shots(make(size, coasting=coasting, **VARIANTS[variant]), stream), answers)


@untimed
@given(stream=shots)
def test_at_most_so_many(stream: list[Any]) -> None:
    tracker = make(None, coasting=True, roster={0: 2, 2: 1})
    for tracks in run_shots(tracker, stream):
        assert np.count_nonzero(tracks.class_id == 0) <= 2
        assert np.count_nonzero(tracks.class_id == 2) <= 1


@pytest.mark.parametrize(
    "fault",
    [
        {"camera": np.zeros((2, 3))},
        {"camera": np.eye(3)},
        {"detections": with_embeddings(at((100, 100)), np.ones((1, 5)))},
        {"detections": 7},
        {"detections": Detections.from_arrays([[0, 0, np.nan, 9]])},
    ],
    ids=["flat camera", "wrong camera", "other embeddings", "no table", "broken row"],
)
def test_a_refused_frame_leaves_everything_as_it_was(fault: dict[str, Any]) -> None:
    def frame(x: float) -> Detections:
        return with_embeddings(at((100 + x, 100), (200 - x, 100), (300, 100 + x)), np.eye(3))

    frames = [frame(2.0 * i) for i in range(20)]
    want = run(make(strict=True), frames)
    tracker = make(strict=True)
    got = [tracker.update(frames[0])]
    for good in frames[1:]:
        with pytest.raises(SettingError):
            tracker.update(fault.get("detections", good), camera=fault.get("camera"))
        got.append(tracker.update(good))
    assert same(got, want)
    assert tracker.dropped == 0


# --- settings --------------------------------------------------------------------------------------------------------


def test_an_explicit_setting_wins_over_the_preset_in_any_order() -> None:
    assert SportsTrackConfig("hockey").border_memory == 0.0
    assert SportsTrackConfig(border_memory=3.0, preset="hockey").border_memory == 3.0
    default = SportsTrackConfig().border_memory
    assert SportsTrackConfig("hockey", border_memory=default).border_memory == default
    tracker: Any = create_tracker("sports", memory=2.5, preset="hockey")
    assert (tracker.config.memory, tracker.config.border_memory, tracker.config.preset) == (2.5, 0.0, "hockey")
    assert replace(tracker.config, memory=1.0) == SportsTrackConfig("hockey", memory=1.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"preset": "hokey"}, "did you mean 'hockey'"),
        ({"memry": 2}, "did you mean 'memory'"),
        ({"memory": -1}, "memory: expected a value from 0"),
        ({"memory": "long"}, "memory|type"),
        ({"low_score": 0.5}, "at most high_score"),
        ({"apearance_weight": 2}, "did you mean 'appearance_weight'"),
        ({"look_weight": 2}, "known: .*appearance_weight"),
        ({"preset": "ball"}, "no 'ball'"),
        ({"roster": "eleven"}, "roster: expected a table or a list"),
        ({"roster": {"players": 11}}, "roster: expected"),
        ({"roster": [1, 2]}, "roster: expected"),
        ({"roster": {0: -1}}, "from 0"),
        ({"border_memory": float("nan")}, "border_memory"),
        ({"size_tolerance": 0.0}, "size_tolerance"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        create_tracker("sports", **settings)


@pytest.mark.parametrize("size", [(0, 720), (1280,), (float("nan"), 720)])
def test_a_frame_size_is_two_positive_numbers(size: Any) -> None:
    with pytest.raises(SettingError, match="frame_size"):
        SportsTrack(frame_size=size)
    with pytest.raises(SettingError, match="frame_size"):
        make(size)


def test_a_roster_may_come_as_a_mapping_or_as_pairs() -> None:
    assert SportsTrackConfig(roster={1: 2, 0: 20}).roster == ((0, 20), (1, 2))
    assert SportsTrackConfig(roster=[[0, 20], [1, 2]]) == SportsTrackConfig(roster={1: 2, 0: 20})


# --- the camera ------------------------------------------------------------------------------------------------------


def panning(count: int, speed: float, frames: int = 20) -> list[Detections]:
    """Players who run a little while the camera swings back and forth by ``speed`` pixels a frame."""
    where = [(60.0 + 80 * (i % 8), 100.0 + 90 * (i // 8)) for i in range(count)]
    view, stream = 0.0, []
    for n in range(frames):
        view += speed if (n // 5) % 2 else -speed
        stream.append(at(*((x + view + (i % 3 - 1) * n, y) for i, (x, y) in enumerate(where))))
    return stream


def test_a_jerky_pan_is_read_off_the_boxes() -> None:
    stream = panning(16, 18.0)  # when it turns, boxes are off by two widths
    assert ids(run(make(None), stream))[-1] == list(range(1, 17))
    assert ids(run(make(None, camera_shift=False), stream))[-1] != list(range(1, 17))


def test_three_pedestrians_show_a_significant_swing_of_the_camera() -> None:
    swing, (still, _) = panning(3, 20.0), jittering()
    assert ids(run(make(None, preset="pedestrian"), swing))[-1] == [1, 2, 3]
    assert ids(run(make(None, preset="pedestrian", camera_pairs=6), swing))[-1] != [1, 2, 3]
    blind, sure, rash = (
        run(make(None, preset="pedestrian", **changes), still)
        for changes in ({"camera_shift": False}, {"camera_doubt": 5.0}, {"camera_doubt": 0.0})
    )
    assert same(sure, blind)  # a detector's jittering is no camera's motion
    assert not same(rash, blind)


def test_a_camera_that_is_handed_in_takes_the_place_of_the_boxes() -> None:
    stream = panning(2, 65.0)
    assert ids(run(make(None), stream))[-1] != [1, 2]  # two boxes are too few to tell
    tracker, view = make(None), 0.0
    for n, frame in enumerate(stream):
        view = 65.0 if (n // 5) % 2 else -65.0
        got = tracker.update(frame, camera=np.array([[1.0, 0.0, view], [0.0, 1.0, 0.0]]))
    assert got.track_id.tolist() == [1, 2]


def test_a_camera_that_zooms_and_turns() -> None:
    tracker = make(None)
    c, s = 1.15 * np.cos(0.1), 1.15 * np.sin(0.1)
    affine, places, size = (
        np.array([[c, -s, -20.0], [s, c, 9.0]]),
        np.array([[100.0, 100], [160, 120], [90, 200]]),
        40.0,
    )
    for _ in range(12):
        got = tracker.update(at(*places, size=(size / 2, size)), camera=affine)
        places, size = places @ affine[:, :2].T + affine[:, 2], size * 1.15
    assert got.track_id.tolist() == [1, 2, 3]


# --- coming back -----------------------------------------------------------------------------------------------------


def leave_and_return(away: int, drift: float = 0.0) -> list[Detections]:
    """A player leaves at the left, and comes back there after ``away`` frames; another one stays."""
    out = [at((100.0 - 5 * i, 150), (500, 200)) for i in range(19)]
    gone = [at((500, 200))] * away
    back = [at((10.0 + 5 * i, 150 + drift), (500, 200)) for i in range(10)]
    return out + gone + back


def test_a_track_that_left_over_a_border_is_expected_there() -> None:
    assert ids(run(make(), leave_and_return(100)))[-1] == [1, 2]
    assert ids(run(make(), leave_and_return(100, drift=200.0)))[-1] == [3, 2]  # too far along the border
    assert ids(run(make(), leave_and_return(400)))[-1] == [3, 2]  # too late
    assert ids(run(make(preset="hockey"), leave_and_return(100)))[-1] == [3, 2]


def test_without_a_frame_size_borders_are_learned() -> None:
    wide = [at((630, 100), (320, 335), (100.0, 150), (500, 200))] * 260  # boxes have been everywhere
    stream = leave_and_return(100)
    late = run(make(None), wide + stream)
    assert set(late[259].track_id) >= set(late[-1].track_id)
    assert ids(run(make(None), stream))[-1] == [3, 2]  # nothing is known of borders yet


def test_a_lost_player_is_found_again_in_the_open_within_the_memory() -> None:
    stream = [at((200.0 + 2 * i, 150), (400, 150)) for i in range(10)]
    for away, last in ((30, [1, 2]), (60, [3, 2])):
        frames = [*stream, *[at((400, 150))] * away, *[at((230.0, 150), (400, 150))] * 3]
        assert ids(run(make(), frames))[-1] == last


def test_memory_is_bounded() -> None:
    rng, tracker = np.random.default_rng(0), make()
    for _ in range(200):
        places = rng.uniform((0, 0), PICTURE, (8, 2))
        for _ in range(3):
            tracker.update(with_embeddings(at(*places), rng.normal(size=(8, 16))))
    assert len(tracker._recognition.ended) <= 64
    assert len(tracker._rows.last) < 8 * (10 * 25 + 1)


# --- shots -----------------------------------------------------------------------------------------------------------


def shot(vectors: Any = None, count: int = 5, frames: int = 40, order: Any = None) -> list[Detections]:
    order = list(range(count)) if order is None else order
    stream = []
    for n in range(frames):
        found = at(*((80.0 + 100 * place, 100 + 5 * np.sin(n / 5)) for place in range(count)))
        stream.append(found if vectors is None else with_embeddings(found, np.asarray(vectors)[order]))
    return stream


def appearances(count: int, seed: int = 0) -> Any:
    """Embeddings of one team: much in common, and a little that differs."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=32) * 2 + rng.normal(size=(count, 32))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_no_track_goes_on_by_position_after_a_shot_change() -> None:
    tracker = make()
    before = run(tracker, shot())
    tracker.cut()
    after = run(tracker, shot())
    assert ids(before)[-1] == [1, 2, 3, 4, 5]
    assert ids(after)[0] == [6, 7, 8, 9, 10]  # reported at once, as in a first frame
    assert ids(after)[-1] == [6, 7, 8, 9, 10]


def test_the_same_appearance_is_recognised_after_a_shot_change() -> None:
    vectors, tracker = appearances(5), make()
    run(tracker, shot(vectors))
    tracker.cut()
    order = [3, 0, 4, 1, 2]
    after = ids(run(tracker, shot(vectors, order=order)))
    assert after[-1] == [4, 1, 5, 2, 3]
    assert after[0] == []  # it takes some boxes to be sure; an id never changes once it is out
    assert {tuple(row) for row in after if row} == {(4, 1, 5, 2, 3)}


def test_other_people_are_not_recognised_after_a_shot_change() -> None:
    tracker = make()
    run(tracker, shot(appearances(5)))
    tracker.cut()
    assert ids(run(tracker, shot(appearances(5, seed=1))))[-1] == [6, 7, 8, 9, 10]


def test_a_referee_in_the_same_black_does_not_make_it_the_same_match() -> None:
    vectors, others = appearances(5), appearances(5, seed=1)
    others[2] = vectors[2]
    tracker = make()
    run(tracker, shot(vectors))
    tracker.cut()
    assert ids(run(tracker, shot(others)))[-1] == [6, 7, 8, 9, 10]


def test_once_it_is_the_same_match_later_players_are_recognised_too() -> None:
    vectors, tracker = appearances(5), make()
    run(tracker, shot(vectors))
    tracker.cut()
    few = [frame[[0, 1, 2]] for frame in shot(vectors, frames=20)]
    assert ids(run(tracker, few + shot(vectors, frames=20)))[-1] == [1, 2, 3, 4, 5]


def test_twins_get_new_ids_instead_of_a_guess() -> None:
    vectors, tracker = appearances(5), make()
    vectors[1] = vectors[0]
    run(tracker, shot(vectors))
    tracker.cut()
    assert ids(run(tracker, shot(vectors)))[-1] == [6, 7, 3, 4, 5]


def test_tracks_seen_together_are_never_linked() -> None:
    vectors = appearances(5)
    stream = shot(vectors, frames=30)
    twin = [
        with_embeddings(joined(f, at((320, 300))), np.vstack((f.embedding, vectors[0])))
        for f in shot(vectors, frames=30)
    ]
    alone = [f[[1, 2, 3, 4, 5]] for f in twin] * 3  # the first one leaves, the double stays
    result = ids(run(make(), stream + twin + alone))
    assert result[-1] == [2, 3, 4, 5, 6]


def test_a_player_back_in_the_open_after_long_is_recognised_by_appearance() -> None:
    vectors = appearances(5)
    here, without = shot(vectors, frames=30), [f[[1, 2, 3, 4]] for f in shot(vectors, frames=1)] * 80
    assert ids(run(make(), here + without + here))[-1] == [1, 2, 3, 4, 5]
    assert ids(run(make(gallery_memory=0.0), here + without + here))[-1] == [6, 2, 3, 4, 5]


# --- appearance ------------------------------------------------------------------------------------------------------


def crossing(vectors: Any) -> list[Detections]:
    """Two meet, stand together unseen behind a third, and turn back; four others stand by."""
    way = [*np.linspace(200, 258, 30), *[None] * 8, *np.linspace(258, 200, 30)]
    stream = []
    for x in way:
        others = at(*((60.0 + 130 * i, 300) for i in range(4)))
        if x is None:
            stream.append(with_embeddings(others, vectors[2:]))
        else:
            stream.append(with_embeddings(joined(at((x, 100), (520 - x, 100)), others), vectors))
    return stream


def test_appearance_decides_who_turned_back() -> None:
    stream = crossing(appearances(6))
    assert ids(run(make(), stream))[-1][:2] == [1, 2]
    blind = run(make(appearance_weight=0.0), stream)
    assert sorted(ids(blind)[-1][:2]) == [1, 2]
    assert same(blind, run(make(), [replace(frame, embedding=None) for frame in stream]))  # not used at all


def test_embeddings_of_zeros_change_nothing() -> None:
    blind = [replace(f, embedding=np.zeros((len(f), 4), np.float32)) for f in panning(16, 10.0)]
    assert same(run(make(None), blind), run(make(None), panning(16, 10.0)))


# --- priors ----------------------------------------------------------------------------------------------------------


def test_a_full_team_takes_no_new_player() -> None:
    team = at(*((60.0 + 80 * i, 100) for i in range(5)))
    ghost = joined(team, at((300, 300)))
    stream = [team] * 3 + [ghost] * 10 + [ghost[[0, 1, 2, 3, 5]]] * 10  # in the end the ghost takes a free place
    result = ids(run(make(roster={0: 5}), stream))
    assert result[12] == [1, 2, 3, 4, 5]
    assert result[-1] == [1, 2, 3, 4, 6]
    assert ids(run(make(), stream))[12] == [1, 2, 3, 4, 5, 6]


def test_a_referee_never_becomes_a_player() -> None:
    here = (200.0, 150.0)
    slip = [at(here, kind=1)] * 10 + [at(here, kind=0)] * 2 + [at(here, kind=1)] * 5
    for stream, last in ((slip, [1]), ([at(here, kind=1)] * 10 + [at(here, kind=0)] * 20, [2])):
        result = run(make(class_lock=True), stream)
        assert result[-1].track_id.tolist() == last
        for number in (1, 2):
            kinds = {int(k) for t in result for k, i in zip(t.class_id, t.track_id, strict=True) if i == number}
            assert len(kinds) <= 1


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


def test_no_identity_survives_a_cut_between_two_matches(shared_data: Path) -> None:
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


def jittering(frames: int = 60) -> tuple[list[Detections], Any]:
    """Boxes of six who run straight on, seen by a detector whose edges jitter; and the boxes themselves."""
    rng, stream, truth = np.random.default_rng(5), [], []
    for n in range(frames):
        true = at(*((60.0 + 90 * i + 2 * n, 100.0 + 30 * (i % 3)) for i in range(6))).xyxy
        truth.append(true)
        stream.append(Detections.from_arrays(true + rng.normal(0, 1.5, true.shape), np.full(6, 0.8)))
    return stream, np.array(truth)


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


def test_a_ball_beside_the_players_keeps_its_own_box() -> None:
    tracker: Any = create_tracker("sports", ball=(1,))
    for n in range(10):
        tracks = tracker.update(joined(at((100 + 5 * n, 100), (300, 100)), at((50 + 20 * n, 50), size=(8, 8), kind=1)))
    assert tracks.class_id.tolist() == [0, 0, 1]
    assert np.array_equal(tracks.smoothed[2], tracks.xyxy[2])
    assert not np.array_equal(tracks.smoothed[0], tracks.xyxy[0])


def test_a_class_that_is_made_by_hand_works_like_the_named_one() -> None:
    stream = [table([player(i, x=2.0 * n) for i in range(3)]) for n in range(5)]
    assert same(run(SportsTrack(SportsTrackConfig()), stream), run(create_tracker("sports"), stream))
