"""What each operation makes of tracks, and what becomes of edits on tracks made anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sportstrack.edits import (
    Add,
    Confirm,
    Delete,
    Describe,
    EditSession,
    Interpolate,
    KeyBox,
    Merge,
    Move,
    Remove,
    Rename,
    Split,
    Swap,
    apply_edits,
    with_boxes,
)
from sportstrack.identities import Identities, Identity
from sportstrack.refine import TrackTable


def box(x: float, y: float = 0.0) -> tuple[float, float, float, float]:
    return (x, y, x + 30.0, y + 60.0)


def table(**tracks: Any) -> TrackTable:
    """Tracks by id, such as ``t7={frame: box}``."""
    rows = [(frame, int(name[1:]), b) for name, boxes in tracks.items() for frame, b in boxes.items()]
    return TrackTable.of(*([row[i] for row in rows] for i in range(3)))


def lane(y: float, frames: Any = range(10)) -> dict[int, Any]:
    return {frame: box(10.0 * frame, y) for frame in frames}


TWO = table(t7=lane(0.0), t9=lane(200.0))


def at(tracks: TrackTable, track: int) -> dict[int, float]:
    """Frame → upper edge of a track's box."""
    mine = tracks[tracks.track_id == track]
    return dict(zip(mine.frame.tolist(), mine.xyxy[:, 1].tolist(), strict=True))


def test_swap_from_a_frame_on() -> None:
    done = apply_edits(TWO, [Swap(7, 9, 4)])
    assert [at(done.tracks, 7)[f] for f in (0, 3, 4, 9)] == [0, 0, 200, 200]
    assert [at(done.tracks, 9)[f] for f in (0, 3, 4, 9)] == [200, 200, 0, 0]


def test_a_swap_with_its_boxes_does_not_undo_itself() -> None:
    swap = with_boxes(EditSession(TWO), Swap(7, 9, 4))
    once = apply_edits(TWO, [swap])
    again = apply_edits(once.tracks, [swap, swap])
    assert [o.status for o in again.outcomes] == ["already", "already"]
    assert at(again.tracks, 7) == at(once.tracks, 7)


def test_split_and_merge() -> None:
    done = apply_edits(TWO, [Split(7, 4, 31)])
    assert sorted(at(done.tracks, 7)) == [0, 1, 2, 3]
    assert sorted(at(done.tracks, 31)) == [4, 5, 6, 7, 8, 9]
    back = apply_edits(done.tracks, [Merge(7, 31)])
    assert at(back.tracks, 7) == at(TWO, 7)


def test_a_split_takes_another_id_where_its_own_is_in_use() -> None:
    done = apply_edits(TWO, [Split(7, 4, 9)])
    assert done.tracks.tracks == 3
    assert done.outcomes[0].status == "refitted"
    assert "since there is a track 9" in done.outcomes[0].reason


def test_two_persons_are_not_merged() -> None:
    done = apply_edits(TWO, [Merge(7, 9)])
    assert done.outcomes[0].status == "refused"
    assert "stand apart in frame 1 and others: split one of them there" in done.outcomes[0].reason
    assert done.tracks.tracks == 2


def test_doubled_boxes_are_merged_to_one_in_a_frame() -> None:
    doubled = table(t7=lane(0.0), t8={f: box(10.0 * f + 3.0, 2.0) for f in range(5, 14)})
    done = apply_edits(doubled, [Merge(7, 8)])
    assert sorted(at(done.tracks, 7)) == list(range(14))
    assert at(done.tracks, 7)[6] == 0.0  # that of 7 stays


def test_gaps_are_filled_by_a_merge_of_tracks_that_lie_in_one_another() -> None:
    parts = table(t1=lane(0.0, [0, 1, 5, 6, 10]), t2=lane(0.0, [2, 3, 8]), t3=lane(200.0))
    done = apply_edits(parts, [Merge(1, 2), Swap(1, 3, 4)])
    assert at(done.tracks, 1) == {0: 0, 1: 0, 2: 0, 3: 0, **dict.fromkeys(range(4, 10), 200.0)}
    assert sorted(at(done.tracks, 3)) == [0, 1, 2, 3, 5, 6, 8, 10]


def test_delete_a_span_or_a_track() -> None:
    assert sorted(at(apply_edits(TWO, [Delete(7, 3, 6)]).tracks, 7)) == [0, 1, 2, 7, 8, 9]
    assert at(apply_edits(TWO, [Delete(7)]).tracks, 7) == {}


def test_a_deleted_double_does_not_take_the_player_along() -> None:
    doubled = table(t7=lane(0.0), t8={f: box(10.0 * f + 5.0) for f in range(10)})
    delete = with_boxes(EditSession(doubled), Delete(8))
    once = apply_edits(doubled, [delete])
    again = apply_edits(once.tracks, [delete])
    assert again.outcomes[0].status == "already"
    assert sorted(at(again.tracks, 7)) == list(range(10))


def test_rename() -> None:
    assert at(apply_edits(TWO, [Rename(7, 70)]).tracks, 70) == at(TWO, 7)
    refused = apply_edits(TWO, [Rename(7, 9)]).outcomes[0]
    assert refused.status == "refused"
    assert "merge the two, swap them, or choose another id" in refused.reason


def test_boxes_move_come_and_go() -> None:
    done = apply_edits(TWO, [Move(7, 3, box(5.0, 7.0)), Add(7, 12, box(0.0, 9.0)), Remove(7, 0)])
    assert at(done.tracks, 7)[3] == 7.0
    assert at(done.tracks, 7)[12] == 9.0
    assert 0 not in at(done.tracks, 7)
    mine = done.tracks.track_id == 7
    assert done.tracks.frame[mine & done.drawn].tolist() == [3, 12]
    assert apply_edits(TWO, [Add(7, 3, box(1.0, 1.0))]).outcomes[0].status == "refused"


def test_interpolation_goes_straight_from_key_to_key() -> None:
    keys = (KeyBox(2, box(0.0, 0.0)), KeyBox(4, box(20.0, 100.0)), KeyBox(8, box(20.0, 500.0)))
    done = apply_edits(TWO, [Interpolate(7, keys)])
    assert [at(done.tracks, 7)[f] for f in range(2, 9)] == [0, 50, 100, 200, 300, 400, 500]
    mine = done.tracks[done.tracks.track_id == 7]
    assert mine.frame[mine.filled].tolist() == [3, 5, 6, 7]
    new = apply_edits(TWO, [Interpolate(20, keys, every=2, class_id=1)]).tracks
    assert sorted(at(new, 20)) == [2, 4, 6, 8]
    assert set(new.class_id[new.track_id == 20].tolist()) == {1}


def test_what_a_person_says_goes_with_the_box_it_was_said_of() -> None:
    session = EditSession(TWO)
    for operation in (Describe("number", 7, "10", seen=None), Describe("team", 9, "A")):
        assert session.apply(with_boxes(session, operation)).fits
    session.apply(with_boxes(session, Split(7, 5, 31)))
    known = session.identities
    assert [known.at(track, frame).number for track, frame in ((7, 0), (7, 4))] == ["10", "10"]  # type: ignore[union-attr]
    assert known.at(31, 6) is None
    session.apply(with_boxes(session, Delete(7, 0, 2)))
    assert session.identities.at(7, 4).number == "10"  # type: ignore[union-attr]


def test_what_was_known_moves_with_the_tracks() -> None:
    known = Identities([Identity(7, number="10", number_confidence=0.8), Identity(9, team="A", team_confidence=1.0)])
    merged = apply_edits(table(t7=lane(0.0), t9=lane(0.0, range(10, 20))), [Merge(7, 9)], known).identities
    assert (merged.at(7, 15).number, merged.at(7, 2).team) == ("10", "A")  # type: ignore[union-attr]
    renamed = apply_edits(TWO, [Rename(7, 70)], known).identities
    assert renamed.track_ids == (9, 70)
    assert apply_edits(TWO, [Delete(7)], known).identities.track_ids == (9,)


def test_tracks_made_anew_keep_what_fits() -> None:
    session = EditSession(TWO)
    edits = []
    for operation in (Swap(7, 9, 4), Describe("number", 7, "10"), Remove(9, 8)):
        edits.append(with_boxes(session, operation))
        session.apply(edits[-1])
    jitter = np.random.default_rng(0).normal(0.0, 1.0, (len(TWO), 4))
    anew = TrackTable.of(TWO.frame, np.where(TWO.track_id == 7, 2, 1), TWO.xyxy + jitter)
    done = apply_edits(anew, edits)
    assert [outcome.status for outcome in done.outcomes] == ["refitted", "refitted", "refitted"]
    assert done.outcomes[0].reason == "track 7 is 2 here; track 9 is 1 here"
    assert at(done.tracks, 2)[9] == pytest.approx(200.0, abs=4.0)
    assert done.identities.track_ids == (2,)
    gone = apply_edits(anew[anew.track_id == 1], edits)
    assert [outcome.status for outcome in gone.outcomes] == ["refused", "refused", "already"]


def test_anchors_hold_what_was_said_and_was_not_changed_since() -> None:
    session = EditSession(TWO)
    for operation in (Swap(7, 9, 4), Split(7, 8, 31), Confirm((9,), 0, 9)):
        session.apply(with_boxes(session, operation))
    found = apply_edits(TWO, [with_boxes(EditSession(TWO), Swap(7, 9, 4))]).anchors
    assert (found.spans, found.likely) == (((7, 3, 4),), ((9, 3, 4),))
    from sportstrack.edits.apply import anchors

    after = anchors(session)
    assert (9, 0, 9) in after.spans
    assert ((7, 7), (31, 8)) in after.apart
    session.apply(with_boxes(session, Split(9, 5, 32)))
    assert (9, 0, 9) not in anchors(session).spans
