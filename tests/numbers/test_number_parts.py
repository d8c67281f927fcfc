"""Numbers that hold for a part of a track: a swap, a joint, a hidden digit, with a roster and without."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Identities, Identity
from sportstrack.numbers.codes import COUNT, code_of
from sportstrack.numbers.joints import CUT, Joints, chance
from sportstrack.numbers.parts import Story, apart, parts_of, smoothed
from sportstrack.numbers.votes import NumberVotes
from sportstrack.numbers.worn import NumbersWorn

RATE = 25
SQUADS = NumbersWorn({"Reds": ["7", "10", "17", "23"], "Blues": ["7", "8", "41", "99"]})
Reads = dict[int, tuple[str, float]]
"""Frame → what is read in it, and how surely."""


def track(reads: Reads, frames: int = 500, away: Sequence[tuple[int, int]] = (), **how: object) -> NumberVotes:
    """Show the votes one track that is away in some spans of frames (first one to last one)."""
    votes = NumberVotes(**how)  # type: ignore[arg-type]
    for frame in range(frames):
        if any(first <= frame <= last for first, last in away):
            none = np.empty(0, np.int64)
            votes.add(frame, frame / RATE, none, none, None)
            continue
        said = np.zeros((1, 2), np.float32)
        if frame in reads:
            said[0] = code_of(reads[frame][0]), reads[frame][1]
        votes.add(frame, frame / RATE, np.array([1]), np.array([0]), said)
    return votes


def numbers(votes: NumberVotes, teams: Identities | None = None) -> list[tuple[str, int, int]]:
    return [(one.number, one.first_frame, one.last_frame) for one in votes.identities(teams)]


def test_a_track_that_goes_on_as_another_person_has_two_numbers() -> None:
    early, late = dict.fromkeys(range(20, 200, 30), ("23", 0.9)), dict.fromkeys(range(300, 480, 30), ("41", 0.9))
    votes = track(early | late, away=[(210, 270)])
    assert numbers(votes) == [("23", 0, 209), ("41", 271, 499)] or numbers(votes) == [("23", 0, 270), ("41", 271, 499)]
    assert votes.now([1])[1].number == "41"


def test_a_change_that_nothing_shows_is_found_by_the_readings_alone() -> None:
    early, late = dict.fromkeys(range(20, 200, 20), ("23", 0.9)), dict.fromkeys(range(300, 480, 20), ("41", 0.9))
    (first, *_, before), (second, after, _) = numbers(track(early | late))
    assert (first, second) == ("23", "41")
    assert 180 <= before < after <= 300


def test_a_number_ends_at_a_joint_until_it_is_seen_again() -> None:
    reads = dict.fromkeys(range(20, 100, 30), ("23", 0.9))
    gone = track(reads, away=[(110, 300)])
    assert [(number, last) for number, _, last in numbers(gone)] == [("23", 300)]
    assert gone.now([1]) == {}
    back = track(reads | {400: ("23", 0.8)}, away=[(110, 300)])
    assert numbers(back) == [("23", 0, 499)]
    assert back.now([1])[1].number == "23"


def test_a_short_absence_changes_nothing() -> None:
    votes = track(dict.fromkeys(range(20, 100, 30), ("23", 0.9)), away=[(110, 115)])
    assert numbers(votes) == [("23", 0, 499)]


def test_two_boxes_on_one_another_and_then_out_of_sight_are_a_joint() -> None:
    votes, there = NumberVotes(), np.array([1, 2])
    for frame in range(300):
        right = min(abs(frame - 100) * 4.0, 200.0)  # the second one walks over the first one
        boxes = np.array([[0.0, 0, 40, 100], [right, 0, right + 40, 100]])
        said = np.array([[23, 0.9 * (frame in (20, 50, 80))], [41, 0.0]], np.float32)
        some = there if not 100 <= frame < 130 else there[1:]
        votes.add(frame, frame / RATE, some, some - 1, said, boxes[some - 1])
    assert [(number, last) for number, _, last in numbers(votes)] == [("23", 129)]


def test_a_shot_change_is_a_joint() -> None:
    joints, one, box = Joints(), np.array([1]), np.array([[0.0, 0, 40, 100]])
    seen = np.array([True])
    assert joints.add(0.0, one, box, seen)[0] == 0
    assert joints.add(0.04, one, box, seen)[0] < 0.001
    assert joints.add(0.08, one, box, seen, cut=True)[0] >= CUT
    assert joints.add(0.12, one, box, seen)[0] < 0.001


def test_what_a_joint_makes_probable_is_spread_over_its_frames() -> None:
    joints, one, box, stay = Joints(), np.array([1]), np.array([[0.0, 0, 40, 100]]), 1.0
    for frame in range(51):  # it coasts for two seconds
        stay *= 1 - joints.add(frame / RATE, one, box, np.array([frame == 0]))[0]
    assert 1 - stay == pytest.approx(chance(2.0, overlapped=False))
    assert chance(0.0, overlapped=False) == 0 < chance(0.0, overlapped=True) < chance(1.0, overlapped=True) < 1


def test_with_a_roster_one_clear_look_is_enough_as_soon_as_the_team_is_known() -> None:
    votes = track({40: ("41", 0.95)}, worn=SQUADS)
    assert votes.now([1], {1: "Blues"})[1].number == "41"
    assert numbers(votes, Identities([Identity(1, team="blues")])) == [("41", 0, 499)]
    assert track({40: ("41", 0.95)}).now([1]) == {}


def test_stripes_that_look_like_ones_are_no_number() -> None:
    worn = NumbersWorn({"Reds": ["11", "86", "54"]})
    stripes = dict.fromkeys(range(20, 200, 20), ("1", 0.3)) | {30: ("11", 0.2), 150: ("11", 0.1)}
    assert numbers(track(stripes, worn=worn)) == []
    assert [number for number, *_ in numbers(track(stripes | {250: ("11", 0.8)}, worn=worn))] == ["11"]


def test_a_number_that_nobody_wears_is_the_hidden_one() -> None:
    reads = {40: ("3", 0.9), 80: ("3", 0.9)}
    assert track(reads, worn=SQUADS).now([1], {1: "Reds"})[1].number == "23"
    assert track(reads | {120: ("3", 0.9)}).now([1])[1].number == "3"


def test_a_number_that_is_not_on_the_roster_is_said_if_it_is_read_often() -> None:
    reads = dict.fromkeys(range(20, 300, 30), ("55", 0.9))
    assert track(reads, worn=SQUADS).now([1], {1: "Reds"})[1].number == "55"
    assert track({40: ("55", 0.9)}, worn=SQUADS).now([1], {1: "Reds"}) == {}


def test_a_track_whose_team_changes_is_two_people() -> None:
    votes = track(dict.fromkeys(range(20, 480, 30), ("7", 0.9)), worn=SQUADS)
    teams = Identities([Identity(1, 0, 249, team="Reds"), Identity(1, 250, 499, team="Blues")])
    assert numbers(votes, teams) == [("7", 0, 249), ("7", 250, 499)]


def test_what_was_read_tells_which_team_is_which() -> None:
    worn = NumbersWorn({"Reds": ["7", "10", "17"], "Blues": ["8", "41", "99"]})
    assert np.allclose(worn.of("A"), worn.of("B"))
    for person, (team, text) in enumerate([("A", "41"), ("B", "10"), ("A", "8")]):
        said = np.full(COUNT, 1e-4)
        said[code_of(text)] = 1.0
        worn.tell(person, team, said / said.sum())
    assert worn.of("A") == pytest.approx(worn.of("Blues"))
    assert worn.of("B") == pytest.approx(worn.of("Reds"))
    worn.forget(())
    assert worn.of("A") == pytest.approx(worn.of("Blues"))


reads_of_a_track = st.dictionaries(
    st.integers(0, 300), st.tuples(st.sampled_from(["7", "17", "41", "10"]), st.floats(0.1, 1.0)), max_size=12
)
gaps = st.lists(st.tuples(st.integers(1, 299), st.integers(1, 80)).map(lambda p: (p[0], p[0] + p[1])), max_size=3)


@settings(max_examples=40, deadline=None)
@given(reads_of_a_track, gaps, st.sampled_from([None, SQUADS]))
def test_parts_do_not_overlap_and_are_of_the_track(reads: Reads, away: list[tuple[int, int]], worn: object) -> None:
    votes = track(reads, 301, away, worn=worn)
    rows = list(votes.identities())
    assert all(one.last_frame < other.first_frame for one, other in pairwise(rows))
    assert all(one.first_frame >= 0 and one.last_frame <= 300 for one in rows)
    assert all(0.5 < one.number_confidence <= 1 and one.number for one in rows)


@settings(max_examples=25, deadline=None)
@given(reads_of_a_track, gaps, st.integers(10, 290))
def test_what_comes_later_never_changes_what_was_said(reads: Reads, away: list[tuple[int, int]], until: int) -> None:
    """Of the answers while a run goes on, each depends on the frames so far alone."""
    whole, part = NumberVotes(endless=True), NumberVotes(endless=True)
    said: list[dict[int, Identity]] = []
    for votes in (whole, part):
        for frame in range(301 if votes is whole else until + 1):
            here = np.array([] if any(a <= frame <= b for a, b in away) else [1], np.int64)
            text, sure = reads.get(frame, ("", 0.0))
            read = np.array([[code_of(text), sure]], np.float32)
            votes.add(frame, frame / RATE, here, np.zeros(len(here), np.int64), read)
            if frame == until:
                said.append(votes.now([1]))
    assert said[0] == said[1]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(2, 4), st.integers(0, 2**31))
def test_smoothing_is_the_sum_over_all_ways(pieces: int, states: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.dirichlet(np.ones(states), pieces)
    like, stay = rng.uniform(0.1, 1, (pieces, states)), rng.uniform(0, 1, pieces - 1)
    found = smoothed(list(before), like, stay.tolist())
    sums = np.zeros((pieces, states))
    for way in np.ndindex(*[states] * pieces):
        worth = before[0][way[0]] * like[0][way[0]]
        for k in range(1, pieces):
            same = stay[k - 1] * (way[k] == way[k - 1])
            worth *= (same + (1 - stay[k - 1]) * before[k][way[k]]) * like[k][way[k]]
        for k, state in enumerate(way):
            sums[k, state] += worth
    assert np.allclose(found, sums / sums.sum(axis=1, keepdims=True))
    assert np.allclose(found.sum(axis=1), 1)


def test_nobody_has_a_number_beside_a_stronger_one_of_the_team() -> None:
    story, weak = Story(), Story()
    for n in range(8):
        story.look(25 * n, n, 10, 0.95)
    for n in range(3):
        weak.look(25 * n, n, 10, 0.9)
    found = {1: parts_of(story, 0, 200, NumbersWorn(), [(0, "A")]), 2: parts_of(weak, 0, 90, NumbersWorn(), [(0, "A")])}
    assert [[part.number for part in parts] for parts in apart(found).values()] == [["10"], [""]]
    later = {1: found[1], 2: parts_of(weak, 300, 400, NumbersWorn(), [(0, "A")])}
    assert [[part.number for part in parts] for parts in apart(later).values()] == [["10"], ["10"]]
