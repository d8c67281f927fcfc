"""Where to look: what is wrong ranks above what is right, and what was confirmed is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sportstrack.edits import Confirm, EditSession, Moment, Swap, apply_edits, find_moments, with_boxes
from sportstrack.edits.apply import anchors
from sportstrack.identities import Identities, Identity
from sportstrack.refine import Scene, TrackTable

FRAMES = 100


def box(x: float, y: float) -> tuple[float, float, float, float]:
    return (x, y, x + 30.0, y + 60.0)


def scene(table: TrackTable) -> Scene:
    return Scene.of(table, frame_rate=25.0, width=1280, height=720, frames=FRAMES)


def world(swapped: bool = False, hidden: range = range(0)) -> TrackTable:
    """Two players cross at frame 50, and four stand still; ``hidden``: frames in which player 2 is not seen."""
    rows: list[tuple[int, int, Any]] = []
    for frame in range(FRAMES):
        ids = (2, 1) if swapped and frame >= 50 else (1, 2)
        rows.append((frame, ids[0], box(300.0 + 4.0 * frame, 300.0)))
        if frame not in hidden:
            rows.append((frame, ids[1], box(700.0 - 4.0 * frame, 305.0)))
        rows += [(frame, 10 + i, box(200.0 * i + 100.0, 600.0)) for i in range(4)]
    return TrackTable.of(*([row[i] for row in rows] for i in range(3)))


def crossing(table: TrackTable) -> Moment:
    found = [one for one in find_moments(table, scene(table)) if {1, 2} <= set(one.tracks)]
    assert len(found) == 1
    return found[0]


def test_players_who_changed_places_are_more_suspicious_than_players_who_passed() -> None:
    right, wrong = crossing(world()), crossing(world(swapped=True))
    assert wrong.probability > 1.2 * right.probability
    assert abs(wrong.frame - 50) < 10
    assert wrong.corrections[0].name == "keep"
    assert wrong.corrections[1].name == "swap"


def test_the_offered_swap_mends_the_tracks() -> None:
    table = world(swapped=True)
    swap = crossing(table).corrections[1].operation
    mended = apply_edits(table, [swap]).tracks
    first = mended.xyxy[(mended.track_id == 1) & (mended.frame > 60), 0]
    assert (np.diff(first) == 4.0).all()


def test_a_player_who_was_hidden_is_more_suspicious() -> None:
    assert crossing(world(hidden=range(44, 58))).probability > crossing(world()).probability


def test_players_who_stand_alone_are_not_suspicious() -> None:
    table = world()
    assert not [one for one in find_moments(table, scene(table)) if set(one.tracks) & {10, 11, 12, 13}]


def test_a_track_that_begins_in_mid_picture_is_offered_its_past() -> None:
    table = world()
    late = np.where((table.track_id == 12) & (table.frame >= 50), 99, table.track_id)
    kept = ~((table.track_id == 12) & (table.frame >= 40) & (table.frame < 50))
    parted = TrackTable.of(table.frame[kept], late[kept], table.xyxy[kept])
    found = next(one for one in find_moments(parted, scene(parted)) if one.kind == "birth")
    assert found.tracks[0] == 99
    assert found.probability > 0.5
    merge = found.corrections[1]
    assert (merge.name, merge.operation.a, merge.operation.b) == ("merge", 12, 99)  # type: ignore[union-attr]


def test_a_doubled_track_is_found() -> None:
    table = world()
    double = table[(table.track_id == 11) & (table.frame > 30) & (table.frame < 60)]
    more = TrackTable.of(
        np.concatenate((table.frame, double.frame)),
        np.concatenate((table.track_id, np.full(len(double), 77))),
        np.concatenate((table.xyxy, double.xyxy + 2.0)),
    )
    found = [one for one in find_moments(more, scene(more)) if one.kind == "doubled"]
    assert [one.tracks for one in found] == [(77, 11)]
    assert [way.name for way in found[0].corrections] == ["keep", "merge", "delete"]


def test_a_jump_is_found() -> None:
    table = world()
    moved = table.xyxy + np.where((table.track_id == 13) & (table.frame >= 70), 90.0, 0.0)[:, None]
    jumped = TrackTable.of(table.frame, table.track_id, moved)
    found = [one for one in find_moments(jumped, scene(jumped)) if one.kind == "speed"]
    assert [(one.tracks[0], one.frame) for one in found] == [(13, 70)]


def test_one_number_twice_and_two_numbers_of_one_track_are_found() -> None:
    table = world()
    sure = {"team_confidence": 0.9, "number_confidence": 0.8}
    known = Identities(
        [
            Identity(1, team="A", number="7", **sure),
            Identity(2, team="A", number="7", **sure),
            Identity(10, 0, 40, team="A", number="4", **sure),
            Identity(10, 41, 99, team="B", number="5", **sure),
        ]
    )
    found = find_moments(table, scene(table), identities=known)
    assert {(one.kind, one.tracks) for one in found if one.kind in ("number", "team")} == {
        ("number", (2, 1)),
        ("number", (10,)),
        ("team", (10,)),
    }
    twice = next(one for one in found if one.tracks == (2, 1) and one.kind == "number")
    assert twice.probability == pytest.approx(0.9 * 0.8 * 0.9 * 0.8)


def test_what_was_confirmed_or_mended_is_left_out() -> None:
    table = world(swapped=True)
    session = EditSession(table)
    moment = crossing(table)
    keep = moment.corrections[0].operation
    assert isinstance(keep, Confirm)
    for answer in (keep, Swap(1, 2, moment.frame)):
        session.apply(with_boxes(session, answer))
        left = find_moments(session.tracks()[0], scene(table), anchors=anchors(session))
        assert not [one for one in left if {1, 2} <= set(one.tracks)]
        session.undo()


def test_an_empty_result_has_no_moments() -> None:
    assert find_moments(TrackTable.of([], [], []), scene(world())) == []
