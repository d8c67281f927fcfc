"""The vote of a track: what is read becomes one number, or none."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportstrack import Identities, Identity
from sportstrack.numbers.codes import TEXTS, code_of, text_of
from sportstrack.numbers.looks import confusion
from sportstrack.numbers.votes import NumberVotes

RATE = 25.0


def voted(reads: dict[int, list[tuple[str, float]]], teams: dict[int, str] | None = None) -> dict[int, str]:
    """Cast each track's readings a second apart, all tracks being there all the time; return their numbers."""
    votes, most = NumberVotes(), max(len(one) for one in reads.values())
    tracks = np.array(sorted(reads))
    for n in range(most):
        table = np.zeros((len(tracks), 2), np.float32)
        for row, track in enumerate(tracks):
            if n < len(reads[track]):
                text, confidence = reads[track][n]
                table[row] = code_of(text), confidence
        votes.add(round(n * RATE), float(n), tracks, np.arange(len(tracks)), table)
    found = votes.now(reads, teams)
    return {track: found[track].number if track in found else "" for track in reads}


def test_codes_and_texts_are_each_other_s_reverse() -> None:
    assert [code_of(text) for text in TEXTS] == list(range(110))
    assert (text_of(code_of("07")), text_of(code_of("7"))) == ("07", "7")
    assert (code_of("100"), code_of(""), code_of("x"), text_of(-1)) == (-1, -1, -1, "")


def test_what_is_read_often_is_the_number() -> None:
    assert voted({1: [("23", 0.9), ("23", 0.8), ("28", 0.7), ("23", 0.9)]}) == {1: "23"}


def test_one_look_is_not_enough() -> None:
    assert voted({1: [("23", 1.0)], 2: [("9", 0.6), ("9", 0.5)]}) == {1: "", 2: ""}


def test_nothing_read_is_unreadable() -> None:
    votes = NumberVotes()
    votes.add(0, 0.0, np.array([4]), np.array([0]), None)
    votes.add(1, 0.04, np.array([4]), np.array([-1]), np.zeros((0, 2), np.float32))
    assert votes.now([4]) == {}
    assert len(votes.identities()) == 0


def test_readings_of_one_moment_are_one_look() -> None:
    votes = NumberVotes()
    for n in range(5):  # within 0.16 seconds
        votes.add(n, n / RATE, np.array([1]), np.array([0]), np.array([[23, 0.9]], np.float32))
    assert votes.now([1]) == {}
    votes.add(50, 2.0, np.array([1]), np.array([0]), np.array([[23, 0.9]], np.float32))
    assert votes.now([1])[1].number == "23"


@pytest.mark.parametrize(("both", "part"), [("17", "7"), ("17", "1"), ("77", "7"), ("10", "1")])
def test_a_hidden_digit_does_not_win(both: str, part: str) -> None:
    assert voted({1: [(both, 0.9)] * 3 + [(part, 0.8)] * 3}) == {1: both}


def test_a_single_digit_stays_one() -> None:
    assert voted({1: [("7", 0.9)] * 5}) == {1: "7"}
    assert voted({1: [("7", 0.9)] * 5 + [("17", 0.6)]}) == {1: "7"}


def test_readings_that_contradict_one_another_give_no_number() -> None:
    assert voted({1: [("23", 0.9), ("41", 0.9), ("23", 0.9), ("41", 0.9)]}) == {1: ""}


def test_two_of_one_team_never_share_a_number() -> None:
    strong, weak = [("10", 0.95)] * 8, [("10", 0.9)] * 3
    assert voted({1: strong, 2: weak}, {1: "A", 2: "A"}) == {1: "10", 2: ""}
    assert voted({1: strong, 2: weak}, {1: "A", 2: "B"}) == {1: "10", 2: "10"}
    assert voted({1: strong, 2: strong}, {1: "A", 2: "A"}) == {1: "", 2: ""}


def test_of_unknown_teams_two_may_share_a_number_but_not_three() -> None:
    strong, weak = [("10", 0.95)] * 8, [("10", 0.9)] * 3
    assert voted({1: strong, 2: strong}) == {1: "10", 2: "10"}
    assert voted({1: strong, 2: strong, 3: weak}) == {1: "10", 2: "10", 3: ""}


def test_one_after_the_other_may_have_the_same_number() -> None:
    votes = NumberVotes()
    for n in range(10):
        track = 1 if n < 5 else 2
        votes.add(25 * n, float(n), np.array([track]), np.array([0]), np.array([[9, 0.9]], np.float32))
    found = votes.identities(Identities([Identity(1, team="A"), Identity(2, team="A")]))
    assert [(one.track_id, one.number, one.first_frame, one.last_frame) for one in found] == [
        (1, "9", 0, 100),
        (2, "9", 125, 225),
    ]
    assert all(0.9 <= one.number_confidence <= 1 for one in found)


def test_a_track_takes_no_more_memory_after_a_whole_match() -> None:
    """Two readings a second for an hour; the rare misreading of a digit does not add up."""
    votes, sizes = NumberVotes(endless=True), []
    for n in range(7200):
        reading = 17 if n % 9 else 7
        votes.add(n, n / 2, np.array([1]), np.array([0]), np.array([[reading, 0.8]], np.float32))
        if n in (100, 7199):
            sizes.append(len(pickle.dumps(votes)))
            assert votes.now([1])[1].number == "17"
    assert sizes[1] <= sizes[0] + 100


def test_tracks_that_are_gone_can_be_forgotten() -> None:
    votes = NumberVotes()
    for n in range(10):
        votes.add(n, float(n), np.array([1 + n // 5]), np.array([0]), np.array([[9, 0.9]], np.float32))
    votes.forget(before=5)
    assert list(votes.now([1, 2])) == [2]
    assert [one.track_id for one in votes.identities()] == [2]


def test_votes_that_cannot_be_do_no_harm() -> None:
    """As a damaged recording may hold them."""
    votes = NumberVotes()
    for n, (code, confidence) in enumerate([(7, 50.0), (7, 1.0), (-1, 1.0), (109, 0.0), (7, 0.9)]):
        votes.add(n, float(n), np.array([1]), np.array([0]), np.array([[code, confidence]], np.float32))
    assert votes.now([1])[1].number == "7"


def test_rows_of_confusion_are_probabilities() -> None:
    table = confusion()
    assert np.allclose(table.sum(axis=1), 1)
    assert (table.argmax(axis=1) == np.arange(110)).all()


@given(st.lists(st.tuples(st.integers(0, 109), st.floats(0, 1)), max_size=30))
def test_any_votes_give_a_number_that_was_read_or_none(reads: list[tuple[int, float]]) -> None:
    votes = NumberVotes()
    for n, (code, confidence) in enumerate(reads):
        votes.add(n, float(n), np.array([1]), np.array([0]), np.array([[code, confidence]], np.float32))
    for one in [*votes.now([1]).values(), *votes.identities()]:
        assert sum(c for code, c in reads if text_of(code) == one.number) >= 1.29
        assert 0.75 <= one.number_confidence <= 1
