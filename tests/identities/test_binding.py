"""Tracks and people: who gets which name, nobody twice at one time, and who was seen when."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Identities, Identity, Roster, RosterPerson, bind_roster
from sportstrack.identities.binding import LEAST, _assign, identities_of_people
from sportstrack.identities.pieces import TrackPiece
from sportstrack.identities.seen import clock, seen_text, who_was_seen

ROSTER = Roster(
    [
        RosterPerson("Reds", "1", "Ada", "goalkeeper"),
        RosterPerson("Reds", "7", "Ben"),
        RosterPerson("Reds", "10", "Cy"),
        RosterPerson("Blues", "1", "Dee", "goalkeeper"),
        RosterPerson("Blues", "7", "Eve"),
        RosterPerson("Blues", "23", "Fay"),
        RosterPerson(name="Gus", role="referee"),
    ]
)


def one(track: int, team: str = "", number: str = "", role: str = "player", sure: float = 0.9, **more: int) -> Identity:
    return Identity(
        track, team=team, number=number, role=role, team_confidence=sure, number_confidence=sure, role_confidence=sure,
        **more,
    )  # fmt: skip


def frames(*spans: tuple[int, int]) -> dict[int, np.ndarray]:
    return {track: np.arange(a, b) for track, (a, b) in enumerate(spans, 1)}


def names(identities: Identities) -> dict[int, str]:
    return {row.track_id: row.name for row in identities if row.name}


def test_team_and_number_give_the_name_and_every_track_of_a_person_one_id() -> None:
    who = Identities([one(1, "Reds", "7"), one(2, "reds", "7"), one(3, "Blues", "7"), one(4, "Reds")])
    found = bind_roster(who, frames((0, 50), (60, 100), (0, 100), (0, 100)), ROSTER)
    assert names(found.identities) == {1: "Ben", 2: "Ben", 3: "Eve"}
    assert {piece.track_id: new for piece, new in found.ids.items()} == {1: 1, 2: 1, 3: 3, 4: 4}
    assert not found.warnings


def test_nobody_is_in_two_places_at_one_time() -> None:
    who = Identities([one(1, "Reds", "7", sure=0.9), one(2, "Reds", "7", sure=0.6), one(3, "Reds", "7", sure=0.8)])
    found = bind_roster(who, frames((0, 50), (40, 90), (50, 90)), ROSTER)
    assert names(found.identities) == {1: "Ben", 3: "Ben"}
    assert [row.number for row in found.identities.of(2)] == [""]
    assert found.identities.of(2)[0].team == "Reds"


def test_teams_of_other_names_are_matched_by_the_numbers() -> None:
    who = Identities([one(1, "A", "23"), one(2, "B", "10"), one(3, "A", "7"), one(4, "B", "7")])
    found = bind_roster(who, frames(*[(0, 50)] * 4), ROSTER)
    assert found.teams == {"A": "Blues", "B": "Reds"}
    assert names(found.identities) == {1: "Fay", 2: "Cy", 3: "Eve", 4: "Ben"}
    assert {row.team for row in found.identities} == {"Reds", "Blues"}


def test_numbers_that_both_teams_wear_tell_no_team() -> None:
    found = bind_roster(Identities([one(1, "A", "7"), one(2, "B", "7")]), frames((0, 50), (0, 50)), ROSTER)
    assert names(found.identities) == {}
    assert "the numbers do not tell which of A and B is Reds and Blues" in found.warnings[0]


def test_one_team_alone_whose_numbers_tell_nothing_is_told_in_plain_words() -> None:
    found = bind_roster(Identities([one(1, "B", "7")]), frames((0, 50)), ROSTER)
    assert found.warnings == (
        "the numbers do not tell whether B is Reds or Blues: name the teams, as in --teams Reds=COLOUR",
    )


def test_numbers_that_were_read_before_tell_which_team_is_which() -> None:
    who = Identities([one(1, "A", "7"), one(2, "B")])
    assert names(bind_roster(who, frames((0, 50), (0, 50)), ROSTER).identities) == {}
    found = bind_roster(who, frames((0, 50), (0, 50)), ROSTER, {("A", "23"): 3.0, ("B", "10"): 2.0, ("A", "10"): 1.0})
    assert found.teams == {"A": "Blues", "B": "Reds"}
    assert names(found.identities) == {1: "Eve"}
    assert found.identities.of(2)[0].team == "Reds"


def test_without_a_team_a_number_names_somebody_if_it_is_worn_once() -> None:
    found = bind_roster(Identities([one(1, "", "10"), one(2, "", "7")]), frames((0, 50), (0, 50)), ROSTER)
    assert names(found.identities) == {1: "Cy"}
    assert found.identities.of(1)[0].name_confidence == pytest.approx(0.63)


def test_keepers_and_referees_need_no_number() -> None:
    who = Identities(
        [one(1, "Reds", role="goalkeeper"), one(2, role="referee"), one(3, role="goalkeeper"), one(4, "Reds")]
    )
    found = bind_roster(who, frames(*[(0, 50)] * 4), ROSTER)
    assert names(found.identities) == {1: "Ada", 2: "Gus"}


def test_a_role_speaks_against_a_person() -> None:
    found = bind_roster(Identities([one(1, "Reds", "7", role="referee")]), frames((0, 50)), ROSTER)
    assert names(found.identities) == {}
    low = bind_roster(Identities([one(1, "Reds", "1", role="player", sure=0.95)]), frames((0, 50)), ROSTER)
    assert names(low.identities) == {}


def test_a_number_that_is_not_on_the_roster_is_kept_and_told() -> None:
    found = bind_roster(Identities([one(1, "Reds", "77")]), frames((0, 50)), ROSTER)
    assert found.identities.of(1)[0].number == "77"
    assert found.warnings == ("Reds 77 was read in 50 frames and is not on the roster: misread, or missing there",)


def test_a_track_that_changes_its_number_is_two_people() -> None:
    rows = [one(1, "Reds", "10", first_frame=0, last_frame=9), one(1, "Reds", "7", first_frame=10, last_frame=99)]
    found = bind_roster(Identities(rows), frames((0, 100)), ROSTER)
    assert [(row.name, row.first_frame, row.last_frame) for row in found.identities] == [("Cy", 0, 9), ("Ben", 10, 99)]
    assert len(set(found.ids.values())) == 2
    assert [row.name for row in identities_of_people(found)] == ["Cy", "Ben"]


def test_a_role_that_a_track_has_for_most_of_its_frames_counts() -> None:
    rows = [
        one(1, "Reds", role="player", first_frame=0, last_frame=9),
        one(1, "Reds", role="goalkeeper", first_frame=10, last_frame=99),
    ]
    assert names(bind_roster(Identities(rows), frames((0, 100)), ROSTER).identities) == {1: "Ada"}


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_no_other_way_without_overlap_is_worth_more(data: st.DataObject) -> None:
    tracks, people = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
    grid = data.draw(
        st.lists(
            st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.9]), min_size=people, max_size=people),
            min_size=tracks,
            max_size=tracks,
        )
    )
    fits = np.array(grid)
    spans = [data.draw(st.tuples(st.integers(0, 12), st.integers(1, 8))) for _ in range(tracks)]
    present = [np.arange(a, a + n) for a, n in spans]
    found = _assign(fits, present)

    def worth(choice: tuple[int, ...]) -> float:
        for i in range(tracks):
            for j in range(i):
                if choice[i] == choice[j] >= 0 and np.intersect1d(present[i], present[j]).size:
                    return -1.0
        if any(who >= 0 and fits[k, who] < LEAST for k, who in enumerate(choice)):
            return -1.0
        return sum(fits[k, who] * len(present[k]) for k, who in enumerate(choice) if who >= 0)

    best = max(worth(choice) for choice in product(range(-1, people), repeat=tracks))
    assert worth(tuple(found.tolist())) == pytest.approx(best)


def test_times_on_the_picture_are_told_with_breaks() -> None:
    there = {
        TrackPiece(1, 0, 49): np.arange(0, 50),
        TrackPiece(2, 100, 149): np.arange(100, 150),
        TrackPiece(3, 0, 24): np.arange(25),
    }
    seen = who_was_seen(dict(zip(there, (1, 1, 4), strict=True)), there, ROSTER, frame_rate=25)
    assert seen[1].seconds == 4
    assert seen[1].spans == ((0, 2), (4, 6))
    assert (seen[1].tracks, seen[4].seconds, seen[0].spans) == (2, 1, ())
    text = seen_text(seen)
    assert "0:00–0:02, 0:04–0:06" in text
    assert "never seen: Ada, Cy, Dee, Fay, Gus" in text


def test_clocks_have_hours_where_there_are_any() -> None:
    assert (clock(0), clock(65), clock(3661)) == ("0:00", "1:05", "1:01:01")


def test_a_role_that_is_as_good_as_guessed_gives_no_name() -> None:
    who = Identities([one(1, "Reds", role="goalkeeper", sure=0.7), one(2, "Blues", role="goalkeeper", sure=0.9)])
    found = bind_roster(who, frames((0, 50), (0, 50)), ROSTER)
    assert names(found.identities) == {2: "Dee"}
    assert found.identities.of(1)[0].number == ""


def test_a_name_holds_for_the_frames_in_which_its_track_is() -> None:
    who = Identities([one(1, "Reds", "7"), one(2, "Reds", "7")])
    found = bind_roster(who, frames((10, 50), (60, 100)), ROSTER)
    spans = {row.track_id: (row.first_frame, row.last_frame) for row in found.identities}
    assert spans == {1: (10, 49), 2: (60, 99)}
    (person,) = identities_of_people(found)
    assert (person.track_id, person.first_frame, person.last_frame) == (1, 10, 99)
