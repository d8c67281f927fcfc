"""Pieces of tracks: where a number or a team changes, another person begins, and nobody is twice in a frame."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Identities, Identity, Roster, RosterPerson, bind_roster
from sportstrack.identities.pieces import TrackPiece, pieces_of, within

ROSTER = Roster([RosterPerson(team, number, f"{team} {number}") for team in ("Reds", "Blues") for number in "789"])


def test_a_piece_begins_where_the_number_or_the_team_changes() -> None:
    rows = [
        Identity(1, 10, 19, team="Reds", number="7"),
        Identity(1, 20, 29, team="Reds"),
        Identity(1, 30, 39, number="8"),
        Identity(1, 40, 49, team="Blues", number="8"),
    ]
    found = pieces_of(1, Identities(rows), np.arange(5, 60))
    assert list(found) == [
        TrackPiece(1, 5, 9), TrackPiece(1, 10, 19), TrackPiece(1, 20, 29), TrackPiece(1, 30, 39), TrackPiece(1, 40, 49),
        TrackPiece(1, 50, 59),
    ]  # fmt: skip
    assert list(pieces_of(1, Identities(), np.array([3, 4, 9]))) == [TrackPiece(1, 3, 9)]
    assert pieces_of(1, Identities(rows), np.empty(0, np.int64)) == {}


def test_rows_are_cut_to_a_piece() -> None:
    rows = [Identity(1, 0, 19, number="7"), Identity(1, 20, 29, number="8")]
    assert [(one.first_frame, one.last_frame) for one in within(rows, TrackPiece(1, 15, 22))] == [(15, 19), (20, 22)]
    assert within(rows, TrackPiece(1, 30, 40)) == []


spans = st.lists(
    st.tuples(st.sampled_from(["", "7", "8", "9"]), st.sampled_from(["", "Reds", "Blues"]), st.integers(1, 15)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), spans), min_size=1, max_size=4))
def test_nobody_is_twice_in_a_frame(tracks: list[tuple[int, list[tuple[str, str, int]]]]) -> None:
    rows, presence = [], {}
    for track, (start, parts) in enumerate(tracks, 1):
        begin = start
        for number, team, length in parts:
            row = Identity(track, begin, begin + length - 1, number=number, team=team, role="player")
            rows.append(replace(row, number_confidence=0.9, team_confidence=0.9))
            begin += length
        presence[track] = np.arange(start, begin)
    found = bind_roster(Identities(rows), presence, ROSTER)
    for frame in range(100):
        here = [piece for piece in found.frames if frame in found.frames[piece]]
        people = [found.person[piece] for piece in here if piece in found.person]
        names = [one.name for track in presence if (one := found.identities.at(track, frame)) and one.name]
        ids = [found.ids[piece] for piece in here]
        assert len(people) == len(set(people))
        assert len(names) == len(set(names))
        assert len(ids) == len(set(ids))
    for track in presence:
        assert all(one.last_frame < other.first_frame for one, other in pairwise(found.identities.of(track)))
    for who in set(found.person.values()):
        assert len({found.ids[piece] for piece in found.person if found.person[piece] == who}) == 1
