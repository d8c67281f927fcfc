"""One id for each person of a roster: which place of the squad every piece of a track has."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack import Identity, Roster, RosterPerson
from sportstrack.identities.ends import PieceTable, PieceView, piece_table
from sportstrack.identities.roster import PLAYING
from sportstrack.identities.squad import SURE_ROLE, SURE_TEAM, Squad, hidden_digit, one_id_each

SIZE = (1000.0, 600.0)
ROSTER = Roster(
    [
        *(RosterPerson("Reds", str(number)) for number in (1, 7, 10)),
        *(RosterPerson("Blues", str(number)) for number in (7, 23)),
        RosterPerson(name="Ref", role="referee"),
    ]
)


def made(*pieces: tuple[Any, float, float], every: int = 1, path: Any = None) -> PieceTable:
    """Pieces that stand still: the frames, and the place of the feet, of each."""
    ids = np.concatenate([np.full(len(frames), k) for k, (frames, _, _) in enumerate(pieces)])
    frame = np.concatenate([np.asarray(frames) for frames, _, _ in pieces]) * every
    feet = np.concatenate([np.tile((x, y), (len(frames), 1)) for frames, x, y in pieces]).astype(float)
    boxes = np.hstack((feet - (20, 100), feet + (20, 0)))
    return piece_table(ids, frame, boxes, PieceView(25.0, SIZE, path))


def places(pieces: PieceTable, who: list[Identity] | None = None, roster: Roster = ROSTER, **how: Any) -> Squad:
    known = [Identity(int(k)) for k in pieces.ids] if who is None else who
    return one_id_each(pieces, known, how.pop("person", [-1] * len(pieces)), roster, **how)


def team_of(size: int) -> Roster:
    return Roster(RosterPerson("Reds", str(k)) for k in range(size))


def test_two_who_leave_and_come_back_have_two_ids() -> None:
    """One leaves on the left and one on the right; they come back where they left."""
    left, right, middle = (10, 300), (990, 300), (500, 300)
    pieces = made(
        (range(50), *left), (range(60), *right), (range(200), *middle),
        (range(110, 200), *right), (range(115, 200), *left),
    )  # fmt: skip
    found = places(pieces, roster=team_of(3))
    assert found.people == found.cap == 3
    assert found.place[0] == found.place[4]
    assert found.place[1] == found.place[3]


def test_nothing_unlikely_is_joined_while_there_are_people_left() -> None:
    pieces = made((range(50), 10, 300), (range(150, 200), 990, 300))
    assert places(pieces, roster=team_of(2)).people == 2
    assert places(pieces, roster=team_of(1)).people == 1


def test_the_camera_s_path_is_deducted() -> None:
    """The camera pans by 500 pixels: who stood on the right is on the left afterwards."""
    pieces = [(range(50), 850, 300), (range(50), 350, 300), (range(60, 99), 350, 300)]
    still = places(made(*pieces), roster=team_of(2))
    panned = places(made(*pieces, path=np.repeat([[0.0, 0], [-500, 0]], 50, axis=0)), roster=team_of(2))
    assert still.place[2] == still.place[1]
    assert panned.place[2] == panned.place[0]


def test_more_people_in_the_picture_than_on_the_roster() -> None:
    found = places(made(*[(range(50), 100 * k, 300) for k in range(1, 9)]), roster=team_of(3))
    assert found.people == found.cap == 8


def test_who_is_in_the_way_is_moved() -> None:
    """The third piece can be Ada's alone, so the first, who may be anybody, must not sit there."""
    roster = Roster([RosterPerson("Reds", "7", "Ada"), RosterPerson("Reds", "8", "Ben")])
    who = [Identity(0), Identity(1), Identity(2, team="Reds", team_confidence=0.9, number="7", number_confidence=0.9)]
    found = places(made((range(90), 100, 300), (range(30), 900, 300), (range(60, 99), 890, 300)), who, roster)
    assert found.place == (1, 0, 0)


def test_people_of_no_team_of_the_roster_are_outsiders() -> None:
    who = [
        Identity(0, team="Greens", team_confidence=0.9),
        Identity(1, role="other", role_confidence=0.97),
        Identity(2, team="Greens", team_confidence=0.4),
        Identity(3),
    ]
    found = places(made(*[(range(50), 100 + 100 * k, 300) for k in range(4)]), who)
    assert found.place[:2] == (-1, -1)
    assert min(found.place[2:]) >= 0


def test_every_fifth_frame_gives_the_same_places() -> None:
    walks = [(range(20), 100, 300), (range(20), 800, 300), (range(24, 40), 810, 300), (range(25, 40), 130, 300)]
    assert places(made(*walks, every=5), roster=team_of(2)).place == places(made(*walks), roster=team_of(2)).place


def test_a_number_that_can_be_nobody_s_is_misread() -> None:
    """Reds 7 is Ada, who is named elsewhere at the time, and nobody wears 55."""
    who = [Identity(k, team="Reds", team_confidence=0.9, number=number) for k, number in enumerate(("7", "7", "55"))]
    pieces = made((range(50), 100, 300), (range(50), 500, 300), (range(50), 900, 300))
    found = places(pieces, who, person=[1, -1, -1])
    assert sorted(found.place) == [0, 1, 2]
    assert found.place[0] == 1


def test_no_pieces() -> None:
    empty = piece_table(np.empty(0, int), np.empty(0, int), np.empty((0, 4)), PieceView(25.0))
    assert places(empty).place == ()


def test_hidden_digits() -> None:
    assert hidden_digit("1", "10")
    assert hidden_digit("0", "10")
    assert hidden_digit("7", "7")
    assert not hidden_digit("7", "10")
    assert not hidden_digit("10", "100")


@st.composite
def matches(draw: st.DrawFn) -> tuple[PieceTable, list[Identity], list[int]]:
    """Pieces with gaps, with what a detector might say of them; some are named, and nobody is in two places."""
    count = draw(st.integers(1, 14))
    pieces, who, person = [], [], []
    taken: dict[int, set[int]] = {}
    for k in range(count):
        start, length = draw(st.integers(0, 80)), draw(st.integers(1, 40))
        gap = draw(st.integers(0, 10))
        frames = [f for f in range(start, start + length) if not start + 5 <= f < start + 5 + gap]
        pieces.append((frames, draw(st.integers(0, 10)) * 100, 300))
        sure = st.sampled_from((0.3, 0.7, 0.97))
        one = Identity(
            k,
            team=draw(st.sampled_from(("", "Reds", "Blues", "Greens"))),
            role=draw(st.sampled_from(("", "player", "goalkeeper", "referee", "other"))),
            number=draw(st.sampled_from(("", "", "1", "7", "10", "23", "55"))),
            team_confidence=draw(sure),
            role_confidence=draw(sure),
            number_confidence=draw(sure),
        )
        name = draw(st.sampled_from((-1, -1, 0, 1, 3)))
        if name >= 0 and not taken.setdefault(name, set()) & set(frames):
            taken[name] |= set(frames)
            human = ROSTER.people[name]
            one = Identity(k, team=human.team, role=human.role, number=human.number, team_confidence=0.9)
        else:
            name = -1
        who.append(one)
        person.append(name)
    return made(*pieces), who, person


@settings(max_examples=150, deadline=None)
@given(matches())
def test_nobody_is_two_people(match: tuple[PieceTable, list[Identity], list[int]]) -> None:
    pieces, who, person = match
    found = one_id_each(pieces, who, person, ROSTER)
    worn = {(human.team, human.number) for human in ROSTER}
    for a, b in combinations(range(len(pieces)), 2):
        if found.place[a] != found.place[b] or found.place[a] < 0:
            continue
        one, other = who[a], who[b]
        assert not set(pieces.frames[a].tolist()) & set(pieces.frames[b].tolist())
        assert person[a] < 0 or person[b] < 0 or person[a] == person[b]
        if min(one.team_confidence, other.team_confidence) >= SURE_TEAM:
            assert one.team == other.team
        if min(one.role_confidence, other.role_confidence) >= SURE_ROLE:
            assert (one.role in PLAYING) == (other.role in PLAYING)
    for k, name in enumerate(person):
        assert name < 0 or found.place[k] == name
    for k, place in enumerate(found.place):
        human = ROSTER.people[place] if 0 <= place < len(ROSTER) else None
        one = who[k]
        if human is None or not one.number or (one.team or human.team, one.number) not in worn:
            continue
        free = [n for n, other in enumerate(ROSTER) if other.number == one.number and one.team in ("", other.team)]
        busy = all(
            any(person[q] == n and set(pieces.frames[q]) & set(pieces.frames[k]) for q in range(len(person)))
            for n in free
        )
        assert busy or hidden_digit(one.number, human.number) or one.team_confidence < SURE_TEAM


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 60), st.integers(0, 10)), min_size=1, max_size=25))
def test_there_are_never_more_ids_than_people(spans: list[tuple[int, int, int]]) -> None:
    """Of pieces without gaps of which nothing is known."""
    pieces = made(*[(range(start, start + length), 100 * x, 300) for start, length, x in spans])
    once = max(np.bincount(np.concatenate(pieces.frames)))
    for size in (1, 4):
        found = places(pieces, roster=team_of(size))
        assert found.cap == max(size, once)
        assert found.people <= found.cap
