"""Teams and roles from painted people whose kits are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from helpers.kitted import PARQUET, Match, Person, line_up, plain

from sportstrack.embed.clothes import kit_colours
from sportstrack.identities.decide import decide
from sportstrack.identities.groups import find_groups
from sportstrack.identities.sightings import VOTED, Seen, TrackSightings, visible
from sportstrack.identities.table import Identities

HOME, AWAY = plain("white"), plain("red", "white")


def watched(match: Match, count: int = 60) -> Seen:
    gathered = TrackSightings(1280)
    for number, image, ids, boxes in match.frames(count):
        kits = kit_colours(image, boxes)
        gathered.add(number, number / match.frame_rate, ids, boxes, kits, visible(boxes))
    gathered.close()
    return gathered.table()


def told(match: Match) -> Identities:
    seen = watched(match)
    return decide(seen, find_groups(seen))


def teams(found: Identities, count: int) -> list[str]:
    return [found.of(track)[0].team for track in range(1, count + 1)]


def in_two(names: Sequence[str]) -> bool:
    """Whether the first half has one name, and the second half the other one."""
    half = len(names) // 2
    return {names[0], names[-1]} == {"A", "B"} and [*names] == [names[0]] * half + [names[-1]] * half


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (HOME, AWAY),
        (plain("navy"), plain("black")),
        (plain("white", "white"), plain("white", "black")),  # the shorts alone
        (plain("yellow"), plain("lime")),
        (("red", "white", "stripes", "black"), plain("red")),
        (("red", "white", "hoops", "black"), plain("white")),
        (("blue", "white", "halves", "white"), plain("blue", "white")),
    ],
)
def test_two_teams_are_told_apart_in_sun_and_shade(one: Person, other: Person) -> None:
    kits, places = line_up(one, other)
    assert in_two(teams(told(Match(kits, places)), 12))


def test_keepers_and_referee_belong_to_no_teams_kit_and_have_their_roles() -> None:
    kits, places = line_up(HOME, AWAY)
    order = np.argsort(places[:, 0])
    places = places[order]  # a team stands nearer to its goal
    more = np.array([[60.0, 400.0], [1220.0, 400.0], [640.0, 420.0]])
    found = told(Match([*kits, plain("lime", "lime"), plain("purple"), plain("black")], np.vstack((places, more))))
    home, away = found.of(1)[0].team, found.of(12)[0].team
    left, right, referee = (found.of(track)[0] for track in (13, 14, 15))
    assert [left.role, right.role, referee.role] == ["goalkeeper", "goalkeeper", "referee"]
    assert [left.team, right.team, referee.team] == [home, away, ""]
    assert {found.of(track)[0].role for track in range(1, 13)} == {"player"}


def test_a_referee_in_a_similar_kit_is_not_put_into_the_other_team() -> None:
    kits, places = line_up(HOME, AWAY)
    found = told(Match([*kits, plain("red", "black")], np.vstack((places, [[640.0, 250.0]]))))
    assert in_two(teams(found, 12))
    assert found.of(13)[0].team != found.of(1)[0].team


def test_grey_film_has_no_teams() -> None:
    kits, places = line_up(HOME, plain("red"))
    found = told(Match(kits, places, grey=True))
    assert found.teams == ()
    assert found.track_ids == tuple(range(1, 13))


def test_one_team_alone_gets_no_name() -> None:
    kits, places = line_up(HOME, each=9)
    assert told(Match(kits, places)).teams == ()


def test_of_three_teams_the_third_is_unknown_and_none_is_split() -> None:
    kits, places = line_up(HOME, plain("blue"), plain("yellow"), each=5)
    names = teams(told(Match(kits, places)), 15)
    groups = [set(names[at : at + 5]) for at in (0, 5, 10)]
    assert sorted(groups, key=str) == [{""}, {"A"}, {"B"}]


def test_basketball_on_parquet() -> None:
    kits, places = line_up(plain("white", "white"), plain("blue", "blue"), each=5)
    assert in_two(teams(told(Match(kits, places, field=PARQUET)), 10))


def test_a_track_that_goes_on_as_another_player_changes_its_team() -> None:
    kits, places = line_up(HOME, AWAY)
    gathered = TrackSightings(1280)
    match = Match(kits, places)
    for number, image, ids, boxes in match.frames(80):
        if number >= 40:
            ids = ids[[11, *range(1, 11), 0]]  # the first and the last one exchange their tracks
        gathered.add(number, number / 10, ids, boxes, kit_colours(image, boxes), visible(boxes))
    gathered.close()
    seen = gathered.table()
    found = decide(seen, find_groups(seen))
    before, after = found.of(1)
    assert {before.team, after.team} == {"A", "B"}
    assert abs(after.first_frame - 40) <= 5
    assert len(found.of(2)) == 1


def test_nothing_seen_is_nothing_known() -> None:
    seen = TrackSightings(640).table()
    assert len(decide(seen, find_groups(seen))) == 0


def test_a_covered_box_says_nothing_and_the_nearer_one_does() -> None:
    found = visible(np.array([[0, 0, 10, 30.0], [2, 0, 12, 32.0], [50, 0, 60, 30.0]]))
    assert found.round(1).tolist() == [0, 0.2, 1]
    assert len(visible(np.empty((0, 4)))) == 0


@pytest.mark.parametrize(("called", "believed"), [(1, True), (4, False)])
def test_a_detector_that_calls_half_a_team_referees_is_not_believed(called: int, believed: bool) -> None:
    kits, places = line_up(HOME, AWAY)
    gathered = TrackSightings(1280)
    for number, image, ids, boxes in Match(kits, places).frames(60):
        colours, role = kit_colours(image, boxes), np.full(12, VOTED.index("player"))
        role[:called] = VOTED.index("referee")
        gathered.add(number, number / 10, ids, boxes, colours, visible(boxes), role=role)
    gathered.close()
    seen = gathered.table()
    found = decide(seen, find_groups(seen))
    roles = [found.of(track)[0].role for track in range(1, 13)]
    assert roles == ["referee" if believed and track < called else "player" for track in range(12)]
    assert found.of(1)[0].team == ("" if believed else found.of(6)[0].team)


def test_a_detector_that_calls_everybody_a_referee_is_not_believed_without_teams_either() -> None:
    kits, places = line_up(HOME, each=6)
    gathered = TrackSightings(1280)
    for number, image, ids, boxes in Match(kits, places).frames(30):
        role = np.full(6, VOTED.index("referee"))
        gathered.add(number, number / 10, ids, boxes, kit_colours(image, boxes), visible(boxes), role=role)
    gathered.close()
    seen = gathered.table()
    assert [(one.team, one.role) for one in decide(seen, find_groups(seen))] == [("", "")] * 6


@pytest.mark.parametrize("called", ["player", ""])
def test_a_detector_that_calls_keepers_and_referee_players_has_not_the_last_word(called: str) -> None:
    kits, places = line_up(HOME, AWAY)
    kits = [*kits, plain("lime", "lime"), plain("purple"), plain("black")]
    places = np.vstack((places, [[60.0, 400.0], [1220.0, 400.0], [640.0, 420.0]]))
    gathered = TrackSightings(1280)
    for number, image, ids, boxes in Match(kits, places).frames(60):
        role = np.full(15, VOTED.index(called) if called else -1)
        gathered.add(number, number / 10, ids, boxes, kit_colours(image, boxes), visible(boxes), role=role)
    gathered.close()
    seen = gathered.table()
    found = decide(seen, find_groups(seen))
    assert [found.of(track)[0].role for track in (1, 13, 14, 15)] == ["player", "goalkeeper", "goalkeeper", "referee"]
