"""The people of a finished run: one id for each, no more ids than people, and no name without evidence."""

from __future__ import annotations

from typing import Any

import numpy as np

from sportstrack import Identities, Identity, Roster, RosterPerson, bind_roster
from sportstrack.identities.binding import Binding, identities_of_people
from sportstrack.identities.ends import PieceView
from sportstrack.identities.people import IdCounts, one_id_for_each
from sportstrack.identities.pieces import NewIds, frames_of_tracks

ROSTER = Roster([RosterPerson("Reds", "7", "Ada"), RosterPerson("Reds", "8", "Ben"), RosterPerson("Reds", "9", "Cy")])


def run(
    tracks: dict[int, tuple[Any, float]], who: list[Identity], roster: Roster = ROSTER, ball: tuple[int, ...] = ()
) -> tuple[Binding, IdCounts, dict[int, set[int]]]:
    """Cap tracks that stand still, track → (frames, x); the last is new id → the tracks that it was."""
    frame = np.concatenate([np.asarray(frames) for frames, _ in tracks.values()])
    track = np.repeat(list(tracks), [len(frames) for frames, _ in tracks.values()])
    x = np.concatenate([np.full(len(frames), x) for frames, x in tracks.values()])
    boxes = np.column_stack((x - 20, np.full(len(x), 200.0), x + 20, np.full(len(x), 300.0)))
    binding = bind_roster(Identities(who), frames_of_tracks(frame, track), roster)
    binding, counts = one_id_for_each(binding, roster, frame, track, boxes, PieceView(25.0, (1000.0, 600.0)), ball)
    ids = NewIds(binding.ids)(frame, track)
    return binding, counts, {one: set(track[ids == one].tolist()) for one in np.unique(ids).tolist()}


def red(track: int, number: str = "") -> Identity:
    return Identity(track, team="Reds", number=number, team_confidence=0.95, number_confidence=0.9)


TRACKS = {
    4: (range(100), 100.0),
    5: (range(100), 500.0),
    6: (range(100), 900.0),
    7: (range(110, 200), 110.0),
    8: (range(110, 200), 890.0),
}


def test_a_track_beyond_the_roster_is_somebody_and_has_no_name() -> None:
    binding, counts, ids = run(TRACKS, [red(4, "7"), red(5), red(6), red(7), red(8)])
    assert ids == {4: {4, 7}, 5: {5}, 6: {6, 8}}
    assert counts == IdCounts(before=5, after=3, named=1, cap=3, outsiders=0)
    rows = identities_of_people(binding)
    first = rows.of(4)[0]
    assert (first.name, first.number, first.first_frame, first.last_frame) == ("Ada", "7", 0, 99)
    later = rows.at(4, 150)
    assert later is not None
    assert (later.team, later.number, later.name) == ("Reds", "", "")


def test_a_name_in_between_goes_to_its_person() -> None:
    """By place, track 7 would go on what 4 ended; but it is Cy, who is track 6 then."""
    _, counts, ids = run(TRACKS, [red(4, "7"), red(5), red(6, "9"), red(7, "9"), red(8)])
    assert ids[6] == {6, 7}
    assert counts.after == 3
    assert 8 in ids[4] | ids[5]


def test_others_are_counted_apart() -> None:
    blue = Identity(9, team="Blues", team_confidence=0.95)
    referee = Identity(10, role="referee", role_confidence=0.99)
    both = {9: (range(200), 300.0), 10: (range(200), 700.0)}
    _, counts, ids = run(TRACKS | both, [red(4, "7"), red(5), red(6), red(7), red(8), blue, referee])
    assert (counts.after, counts.outsiders, counts.cap) == (5, 2, 3)
    assert ids[9] == {9}
    assert ids[10] == {10}
    assert str(counts) == "7 tracks of people became 3 ids, 1 with a name; ids of others, who are not on the roster: 2"


def test_more_of_a_team_than_the_roster_has() -> None:
    four = {track: (range(50), 200.0 * track) for track in range(1, 5)}
    roster = Roster([*ROSTER, RosterPerson("Blues", "1"), RosterPerson("Blues", "2")])
    later = {track: (range(60, 99), 200.0 * track - 900) for track in (5, 6)}
    who = [red(track) for track in four] + [Identity(track, team="Blues", team_confidence=0.95) for track in later]
    _, counts, ids = run(four | later, who, roster)
    assert len(ids) == 6
    assert counts.outsiders == 1


def test_the_ball_keeps_its_id() -> None:
    balls = {20: (range(50), 500.0), 21: (range(60, 90), 500.0)}
    who = [*(red(track) for track in TRACKS), Identity(20, role="ball", role_confidence=1.0)]
    _, counts, ids = run(TRACKS | balls, who, ball=(21,))
    assert ids[20] == {20}
    assert ids[21] == {21}
    assert (counts.before, counts.after) == (5, 3)


def test_a_track_with_a_gap_is_cut_if_the_cap_needs_it() -> None:
    """Each of the tracks is there with each other one for a while, but there are never more than two at one time."""
    tracks = {
        1: ([*range(50), *range(150, 200)], 100.0),
        2: ([*range(100), *range(165, 200)], 500.0),
        3: (range(60, 160), 105.0),
    }
    _, counts, ids = run(tracks, [red(k) for k in tracks], Roster(ROSTER.people[:2]))
    assert (counts.before, counts.after, counts.cap) == (3, 2, 2)
    assert len(ids) == 2


def test_teams_of_which_nothing_tells_which_they_are() -> None:
    """A and B are different teams, whichever of the roster's they are."""
    roster = Roster([RosterPerson("Reds", "7"), RosterPerson("Blues", "7")])
    who = [Identity(track, team=team, team_confidence=0.95) for track, team in ((1, "A"), (2, "B"), (3, "A"), (4, "B"))]
    tracks = {1: (range(50), 100.0), 2: (range(50), 900.0), 3: (range(60, 99), 890.0), 4: (range(60, 99), 110.0)}
    _, counts, ids = run(tracks, who, roster)
    assert ids == {1: {1, 3}, 2: {2, 4}}
    assert counts.outsiders == 0
