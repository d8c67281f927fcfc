"""Ids of people that are never more than people while a run goes on."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.errors import SettingError
from sportstrack.track.capped import CappedIds
from sportstrack.track.frames import TrackedFrame
from sportstrack.types import Detections, Tracks

SIZE = (1280, 720)
PERSON, BALL = 0, 1


def frame(
    index: int, people: dict[int, float], *, team: dict[int, int] | None = None, ball: int | None = None
) -> TrackedFrame:
    """Return a frame with tracks (id → where it stands in pixels from the left), kits, and a ball."""
    ids = [*people, *([] if ball is None else [ball])]
    left = np.array([*people.values(), *([] if ball is None else [600.0])])
    boxes = np.stack([left, np.full(len(ids), 300.0), left + 40, np.full(len(ids), 400.0)], axis=1)
    kind = np.array([PERSON] * len(people) + [BALL] * (ball is not None), np.int64)
    kits = None
    if team is not None:
        kits = np.zeros((len(ids), 2), np.float32)
        for at, track in enumerate(ids):
            if track in team:
                kits[at, team[track]] = 0.97
    detections = Detections(boxes, np.ones(len(ids)), kind, team_evidence=kits)
    tracks = Tracks(boxes, np.ones(len(ids)), kind, np.array(ids, np.int64), np.arange(len(ids)))
    return TrackedFrame(index, index / 25, detections, tracks=tracks)


def ids(got: TrackedFrame) -> list[int]:
    return got.tracks.track_id.tolist()


crowds = st.lists(
    st.lists(st.integers(1, 12), max_size=7, unique=True).map(lambda some: {one: 90.0 * one for one in some}),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(crowds, st.integers(1, 8), st.integers(0, 40))
def test_never_more_ids_than_people_and_none_twice(crowd: list[dict[int, float]], most: int, swap: int) -> None:
    cap, seen = CappedIds(most, size=SIZE, people=[PERSON]), set()
    again = CappedIds(most, size=SIZE, people=[PERSON])
    for number, people in enumerate(crowd):
        ball = 13 if number % 3 else None
        some = dict(people)
        if number == swap and some:  # the detector takes a person for a ball now
            ball = some.popitem()[0]
        given_frame = frame(number, some, ball=ball)
        got = cap(given_frame)
        assert len(set(ids(got))) == len(given_frame.tracks)
        assert ids(got) == ids(again(given_frame))  # a replay says the same
        if ball == 13:
            assert ids(got)[-1] == 13
        seen |= set(got.tracks.track_id[got.tracks.class_id == PERSON].tolist())
    assert len(seen) <= max(most, max(map(len, crowd), default=0))


@given(crowds)
@settings(max_examples=20, deadline=None)
def test_with_room_for_all_nothing_changes(crowd: list[dict[int, float]]) -> None:
    cap = CappedIds(12, size=SIZE)
    for number, people in enumerate(crowd):
        given_frame = frame(number, people)
        assert cap(given_frame) is given_frame


def test_a_player_who_comes_back_where_it_left_has_its_id_again() -> None:
    cap = CappedIds(3, size=SIZE)
    for number in range(100):
        cap(frame(number, {1: 200.0, 2: 600.0, 3: 1000.0}))
    for number in range(100, 200):
        cap(frame(number, {1: 200.0}))
    got = cap(frame(200, {1: 200.0, 4: 990.0}))
    assert ids(got) == [1, 3]
    assert got.joined == {3}
    assert cap(frame(201, {1: 200.0, 4: 980.0})).joined == frozenset()
    assert ids(cap(frame(202, {1: 200.0, 4: 970.0, 5: 610.0}))) == [1, 3, 2]
    assert cap.joined == 2


def test_the_camera_s_motion_is_deducted() -> None:
    """The camera pans by 400 pixels while two are gone, so that one is where the other one was."""
    cap = CappedIds(5, size=SIZE)
    still = {3: 300.0, 4: 650.0, 5: 900.0}
    for number in range(50):
        cap(frame(number, {1: 200.0, 2: 600.0} | still))
    for number in range(40):
        cap(frame(50 + number, {track: x + 10.0 * (number + 1) for track, x in still.items()}))
    assert ids(cap(frame(90, {6: 600.0} | {track: x + 400.0 for track, x in still.items()}))) == [1, 3, 4, 5]


def test_two_teams_are_not_mixed() -> None:
    cap, team = CappedIds(3, size=SIZE), {1: 0, 2: 1, 3: 0, 4: 1, 5: 0}
    for number in range(100):
        cap(frame(number, {1: 600.0, 2: 1200.0, 3: 100.0}, team=team))
    for number in range(100, 110):
        cap(frame(number, {3: 100.0}, team=team))
    assert ids(cap(frame(110, {3: 100.0, 4: 600.0}, team=team))) == [3, 2]  # where 1 was, in the kit of 2
    got = cap(frame(111, {3: 100.0, 4: 600.0, 5: 900.0}, team=team))
    assert ids(got) == [3, 2, 1]


def test_a_false_track_takes_an_id_that_was_hardly_seen() -> None:
    cap = CappedIds(3, size=SIZE)
    for number in range(200):
        cap(frame(number, {1: 200.0, 2: 600.0} | ({3: 1000.0} if number < 3 else {})))
    for number in range(200, 1000):
        cap(frame(number, {1: 200.0}))
    assert ids(cap(frame(1000, {1: 200.0, 4: 820.0}))) == [1, 3]


def test_a_track_that_the_tracker_finds_again_has_the_id_back_that_was_its_for_longest() -> None:
    cap = CappedIds(2, size=SIZE)
    for number in range(50):
        cap(frame(number, {1: 200.0, 2: 600.0}))
    for number in range(50, 100):
        cap(frame(number, {1: 200.0}))
    assert ids(cap(frame(100, {1: 200.0, 3: 610.0}))) == [1, 2]
    got = cap(frame(101, {1: 200.0, 3: 610.0, 2: 900.0}))
    assert ids(got) == [1, 3, 2]  # all are on the picture: an id more, of those that nobody has
    assert got.joined == {2}
    for number in range(102, 300):
        cap(frame(number, {3: 610.0, 4: 200.0}))
    assert ids(cap(frame(300, {3: 610.0, 4: 200.0, 1: 100.0}))) == [3, 1, 2]  # the id was 4's for longer


def test_a_track_that_coasts_keeps_its_id() -> None:
    cap = CappedIds(2, size=SIZE)
    for number in range(10):
        cap(frame(number, {1: 200.0, 2: 600.0}))
    there = frame(10, {1: 200.0, 2: 600.0, 3: 610.0})
    coasts = replace(there, tracks=replace(there.tracks, detection=np.array([0, -1, 2])))
    assert ids(cap(coasts)) == [1, 2, 3]


def test_frames_that_a_source_drops_cost_no_ids() -> None:
    """Every fifth frame arrives, and who comes back has moved on in the meantime."""
    cap = CappedIds(2, size=SIZE)
    for number in range(0, 100, 5):
        cap(frame(number, {1: 200.0, 2: 600.0 + number}))
    assert ids(cap(frame(150, {1: 200.0}))) == [1]
    assert ids(cap(frame(155, {1: 200.0, 3: 760.0}))) == [1, 2]


def test_memory_is_the_same_after_many_tracks() -> None:
    cap, sizes = CappedIds(3, size=SIZE), []
    for number in range(1500):
        cap(frame(number, {2 * number: 200.0, 2 * number + 1: 600.0}, team={2 * number: 0}))
        if number in (300, 1499):
            sizes.append(len(pickle.dumps(vars(cap))))
    assert sizes[1] < 1.1 * sizes[0]


def test_a_shot_change_forgets_places_but_not_kits() -> None:
    cap, team = CappedIds(2, size=SIZE), {1: 0, 2: 1, 3: 1, 4: 0}
    for number in range(100):
        cap(frame(number, {1: 200.0, 2: 600.0}, team=team))
    cut = replace(frame(100, {3: 200.0, 4: 600.0}, team=team), cut_confidence=0.9)
    assert ids(cap(cut)) == [2, 1]


def test_a_reset_forgets_everything() -> None:
    cap = CappedIds(1, size=SIZE)
    cap(frame(0, {1: 200.0}))
    assert ids(cap(frame(1, {2: 200.0}))) == [1]
    cap.reset()
    assert ids(cap(frame(0, {2: 200.0}))) == [2]
    assert cap.joined == 0


def test_nobody_is_no_number_of_people() -> None:
    with pytest.raises(SettingError, match="most_ids: expected a number from 1 to 1000, got 0"):
        CappedIds(0, size=SIZE)
