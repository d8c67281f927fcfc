"""SportsTrack: what its presets, its memory, its priors and appearance promise; the contract is in test_trackers.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sports_streams import PICTURE, at, ids, jittering, joined, make, near, panning, with_embeddings
from tracker_streams import (
    COLUMNS,
    camera,
    embedding_row,
    keeps_boxes,
    player,
    row,
    run,
    same,
    seen_table,
    table,
    untimed,
)

from sportstrack import Detections, Tracks, create_tracker
from sportstrack.errors import SettingError
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


# --- the contract, with presets and priors ---------------------------------------------------------------------------

seen_frame = st.tuples(st.lists(st.tuples(row, embedding_row), max_size=7), camera, st.booleans(), st.integers(0, 5))
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
    assert ids(run(make(None), stream))[-1] != [1, 2]  # two boxes are too few to see the camera's motion
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
