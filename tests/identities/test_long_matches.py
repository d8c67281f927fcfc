"""Of a long match fewer spans are kept, and what is said of its tracks stays."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.kitted import Match, line_up, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.embed.clothes import kit_colours
from sportstrack.identities import sightings
from sportstrack.identities.decide import _SWITCH, _cheapest, _states, decide
from sportstrack.identities.groups import find_groups
from sportstrack.identities.roles import PitchSize, Whereabouts, role_of
from sportstrack.identities.sightings import Seen, TrackSightings, together, visible

KITS, PLACES = line_up(plain("white"), plain("red", "white"))
FRAMES = [
    (number, ids + (100 if number >= 120 else 0), boxes, kit_colours(image, boxes))
    for number, image, ids, boxes in Match(KITS, PLACES).frames(160)
]


def gathered(*, endless: bool = False) -> TrackSightings:
    """What is seen of people who all get new ids after 12 seconds."""
    found = TrackSightings(1280, endless=endless)
    for number, ids, boxes, kits in FRAMES:
        found.add(number, number / 10, ids, boxes, kits, visible(boxes))
    found.close()
    return found


def of_track(seen: Seen, column: str) -> dict[int, float]:
    values = getattr(seen, column)
    return {track: float(values[seen.track_id == track].sum()) for track in np.unique(seen.track_id).tolist()}


@pytest.fixture
def short_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sightings, "MOST", 16)
    monkeypatch.setattr(sightings, "FRESH", 4)


def test_a_long_match_is_kept_in_fewer_spans(short_memory: None, monkeypatch: pytest.MonkeyPatch) -> None:
    short = gathered()
    monkeypatch.undo()
    whole = gathered()
    assert len(whole.closed) == whole.count == short.count == 32
    assert len(short.closed) <= 16
    some, every = short.table(), whole.table()
    for column in ("frames", "weight", "spans", "left", "near"):
        assert of_track(some, column) == pytest.approx(of_track(every, column)), column
    said, before = (decide(one, find_groups(one)) for one in (some, every))
    assert len(said) == len(before) == 24
    swapped = {one.team for one in said} == {"A", "B"} and said.of(1)[0].team != before.of(1)[0].team
    for one, other in zip(said, before, strict=True):
        assert (one.track_id, one.role) == (other.track_id, other.role) == (one.track_id, "player")
        assert (one.team == other.team) != swapped
        assert (one.first_frame, one.last_frame) == (other.first_frame, other.last_frame)


def test_a_stream_without_end_forgets_who_was_there_long_ago(short_memory: None) -> None:
    kept = gathered(endless=True)
    assert len(kept.closed) <= 16
    assert kept.closed[-1].span[0] == kept.count - 1 == 31
    assert kept.table().spans.max() == 1


def test_neighbouring_spans_become_one_row_of_each_track() -> None:
    found = TrackSightings(1280)
    boxes = np.array([[100.0, 100, 140, 200], [300, 100, 340, 200]])
    kits = np.full((2, 75), 0.04, np.float32)
    for number, known in enumerate((False, False, True)):
        metres = np.array([[4.0, 2], [np.nan, np.nan]]) if known else None
        found.add(number, number / 2, np.array([1, 2]), boxes, kits, np.ones(2), metres=metres)
    found.add(3, 1.5, np.array([2]), boxes[1:], kits[1:], np.ones(1))
    found.close()
    (one,) = together(found.closed, 4)
    assert one.track_id.tolist() == [1, 2]
    assert one.spans.tolist() == [3, 4]
    assert one.first_frame.tolist() == [0, 0]
    assert one.last_frame.tolist() == [2, 3]
    assert one.metres[0].tolist() == [4, 2]
    assert np.isnan(one.metres[1]).all()
    assert one.kits.sum(axis=1) == pytest.approx([9, 12])


def test_who_is_asked_for_is_told_as_beside_all_others() -> None:
    seen = gathered().table()
    groups = find_groups(seen)
    some = decide(seen, groups, tracks=np.array([3, 108]))
    everybody = decide(seen, groups)
    assert list(some.track_ids) == [3, 108]
    for track in (3, 108):
        assert some.of(track) == everybody.of(track)


def test_a_role_by_place_alone_is_doubted_in_a_few_seconds() -> None:
    nowhere = np.full(2, np.nan)
    (said, few), (_, many) = (
        role_of(Whereabouts(spans, 0.5, 0.0, 0.1, nowhere), 1.0, PitchSize()) for spans in (12, 120)
    )
    assert said == "goalkeeper"
    assert few < 0.5 < 0.8 < many <= 1
    _, by_metres = role_of(Whereabouts(12, 0.5, 0.0, 0.1, np.array([48.0, 3])), 1.0, PitchSize())
    assert by_metres == 1
    assert role_of(Whereabouts(8, 0.5, 0.0, 0.1, nowhere), 1.0, PitchSize()) == ("", 0.0)  # four seconds are too few


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 9), min_size=1, max_size=6), st.floats(0.5, 30))
def test_all_tracks_at_once_are_told_as_each_by_itself(seed: int, lengths: list[int], spread: float) -> None:
    cost = np.random.default_rng(seed).exponential(spread, (sum(lengths), 3))
    start = np.cumsum([0, *lengths[:-1]])
    found = _states(cost, start)
    for first, length in zip(start.tolist(), lengths, strict=True):
        rows = cost[first : first + length]
        ours, alone = (
            float(rows[np.arange(length), state].sum()) + _SWITCH * np.count_nonzero(np.diff(state))
            for state in (found[first : first + length], _cheapest(rows))
        )
        assert ours == pytest.approx(alone)
