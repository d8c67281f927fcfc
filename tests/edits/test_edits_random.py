"""Random edits: applied to their own result they change nothing, undone they leave nothing, written they come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.edits import (
    Add,
    Confirm,
    Delete,
    Describe,
    Edit,
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
    find_edits,
    with_boxes,
)
from sportstrack.edits.text import edit_text, parse_edit
from sportstrack.errors import FormatError
from sportstrack.refine import TrackTable

FRAMES = 24
LANE = 100.0  # pixels from one person to the next: their boxes never touch


def box(lane: int, frame: int) -> tuple[float, float, float, float]:
    return (10.0 * frame, LANE * lane, 10.0 * frame + 30.0, LANE * lane + 60.0)


def random_table(rng: np.random.Generator) -> TrackTable:
    """Tracks of persons who keep to lanes of their own, with gaps, and one to three tracks a person."""
    rows: list[tuple[int, int, Any]] = []
    track = 0
    for lane in range(int(rng.integers(1, 5))):
        breaks = set(rng.integers(1, FRAMES, rng.integers(0, 3)).tolist())
        for frame in range(FRAMES):
            track += frame == 0 or frame in breaks
            if rng.random() < 0.8:
                rows.append((frame, track, box(lane, frame)))
    return TrackTable.of(*([row[i] for row in rows] for i in range(3)))


def random_operation(rng: np.random.Generator, ids: list[int]) -> Any:
    a, b = (int(one) for one in rng.choice(ids, 2))
    frame, other, new, lane = (int(n) for n in rng.integers((0, 0, 1, 5), (FRAMES, FRAMES, 12, 9)))
    first, last = sorted((frame, other))
    place = box(lane, frame)
    keys = (KeyBox(first, box(lane, first)), KeyBox(last + 1, box(lane + 1, last)))
    kinds: list[Callable[[], Any]] = [
        lambda: Swap(a, b if b != a else a + 1, frame),
        lambda: Merge(a, b if b != a else a + 1),
        lambda: Split(a, frame, new),
        lambda: Delete(a) if rng.random() < 0.3 else Delete(a, first, last),
        lambda: Rename(a, new),
        lambda: Describe("number", a, str(rng.choice(["", "7", "10"])), first, last),
        lambda: Describe("team", a, "A"),
        lambda: Move(a, frame, place),
        lambda: Add(new, frame, place),
        lambda: Remove(a, frame),
        lambda: Interpolate(new, keys, int(rng.integers(1, 4))),
        lambda: Confirm((a,)),
    ]
    return kinds[rng.integers(len(kinds))]()


def random_edits(rng: np.random.Generator, session: EditSession, most: int = 8, once: bool = False) -> list[Edit]:
    """Return edits that change something, one after another, each with the boxes that it means; they are applied.

    ``once``: no track is concerned by two of them, so that none takes back another.
    """
    edits: list[Edit] = []
    concerned: set[int] = set()
    for _ in range(int(rng.integers(1, most))):
        if not session.board.tracks:
            break
        operation = with_boxes(session, random_operation(rng, sorted(session.board.tracks)))
        outcome = session.apply(operation)
        if outcome.status == "applied" and not (once and concerned & set(outcome.tracks)):
            edits.append(Edit(operation))
            concerned |= set(outcome.tracks)
        else:
            session.undo()
    return edits


def rows(table: TrackTable) -> list[tuple[Any, ...]]:
    columns = (table.frame, table.track_id, table.class_id, table.filled, *table.xyxy.round(6).T)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def of_each_track(table: TrackTable) -> set[frozenset[Any]]:
    """The boxes of each track, whatever its id."""
    found: dict[int, set[Any]] = {}
    for frame, track, corners in zip(
        table.frame.tolist(), table.track_id.tolist(), table.xyxy.round(6).tolist(), strict=True
    ):
        found.setdefault(track, set()).add((frame, *corners))
    return {frozenset(boxes) for boxes in found.values()}


SEEDS = st.integers(0, 2**32 - 1)


@settings(deadline=None)
@given(SEEDS)
def test_edits_change_their_own_result_no_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = random_table(rng)
    edits = random_edits(rng, EditSession(table), most=12, once=True)
    once = apply_edits(table, edits)
    again = apply_edits(once.tracks, edits, once.identities)
    assert rows(again.tracks) == rows(once.tracks)
    assert again.identities == once.identities


@settings(deadline=None)
@given(SEEDS)
def test_undo_takes_back_everything(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = random_table(rng)
    session = EditSession(table)
    edits = random_edits(rng, session)
    for count in range(len(edits) - 1, -1, -1):
        assert session.undo()
        expected = apply_edits(table, edits[:count])
        assert rows(session.tracks()[0]) == rows(expected.tracks)
        assert session.identities == expected.identities
    assert not session.undo()


@settings(deadline=None)
@given(SEEDS)
def test_a_track_stands_once_in_a_frame_and_the_window_shows_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    session = EditSession(random_table(rng))
    random_edits(rng, session, most=20)
    whole, _ = session.tracks()
    TrackTable.of(whole.frame, whole.track_id, whole.xyxy)  # refuses a track twice in a frame
    first, last = sorted(rng.integers(0, FRAMES + 2, 2).tolist())
    inside = whole[(whole.frame >= first) & (whole.frame <= last)]
    assert rows(session.board.window(first, last)) == rows(inside)


@settings(deadline=None)
@given(SEEDS)
def test_what_is_written_is_read(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for edit in random_edits(rng, EditSession(random_table(rng))):
        assert parse_edit(edit_text(edit)) == edit


@settings(deadline=None)
@given(SEEDS)
def test_tracks_of_other_ids_become_the_same_persons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = random_table(rng)
    edits = random_edits(rng, EditSession(table))
    ids = np.unique(table.track_id)
    others = dict(zip(ids.tolist(), rng.permutation(ids + 100).tolist(), strict=True))
    anew = TrackTable.of(table.frame, [others[one] for one in table.track_id.tolist()], table.xyxy)
    assert of_each_track(apply_edits(anew, edits).tracks) == of_each_track(apply_edits(table, edits).tracks)


@given(st.text() | st.binary())
def test_any_text_is_refused_in_one_line(text: str | bytes) -> None:
    with pytest.raises(FormatError, match=r"^file, line 1") as refused:
        parse_edit(text, "file, line 1")
    assert "\n" not in str(refused.value)


@settings(deadline=None)
@given(SEEDS)
def test_the_difference_as_edits_makes_the_one_of_the_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = random_table(rng)
    session = EditSession(before)
    random_edits(rng, session, most=12)
    after, _ = session.tracks()
    made = apply_edits(before, find_edits(before, after, still=1.0))
    assert not made.count("refused")
    assert of_each_track(made.tracks) == of_each_track(after)
    assert find_edits(after, after) == []
