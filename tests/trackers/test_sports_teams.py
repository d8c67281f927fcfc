"""SportsTrack with team evidence: who crosses, who comes back, and what a moment's error changes (nothing)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sports_streams import at, ids, joined, make, panning

from sportstrack import Detections, Tracks
from sportstrack.errors import SettingError

A, B, UNKNOWN = (0.9, 0.05), (0.05, 0.9), (0.0, 0.0)


def teams(detections: Detections, *evidence: Any) -> Detections:
    return replace(detections, team_evidence=np.array(evidence, np.float32).reshape(len(detections), -1))


def run(tracker: Any, stream: list[Detections]) -> list[Tracks]:
    return [tracker.update(frame) for frame in stream]


def others(count: int = 4) -> Detections:
    return at(*((60.0 + 130 * i, 300) for i in range(count)))


def crossing(one: Any, other: Any) -> list[Detections]:
    """Two meet, stand together unseen, and turn back; four others stand by."""
    stream = []
    for x in [*np.linspace(200, 258, 30), *[None] * 8, *np.linspace(258, 200, 30)]:
        if x is None:
            stream.append(teams(others(), A, B, A, B))
        else:
            stream.append(teams(joined(at((x, 100), (520 - x, 100)), others()), one, other, A, B, A, B))
    return stream


def test_the_team_decides_which_one_turned_back() -> None:
    assert ids(run(make(), crossing(A, B)))[-1][:2] == [1, 2]
    assert ids(run(make(), crossing(B, A)))[-1][:2] == [1, 2]
    blind = run(make(team_weight=0.0), crossing(A, B))
    assert sorted(ids(blind)[-1][:2]) == [1, 2]
    without = [replace(frame, team_evidence=None) for frame in crossing(A, B)]
    assert ids(blind) == ids(run(make(), without)), "not used at all"


def test_a_second_box_on_one_player_does_not_take_the_identity_of_a_lost_opponent() -> None:
    def stream(second: Any) -> list[Detections]:
        """Player 2 is lost beside player 1, on whom there is then a second box, lower down."""
        apart = [teams(joined(at((200, 100), (225, 100)), others()), A, B, A, B, A, B) for _ in range(200)]
        lost = [teams(joined(at((200, 100)), others()), A, A, B, A, B) for _ in range(5)]
        doubled = [teams(joined(at((200, 100), (214, 110)), others()), A, second, A, B, A, B) for _ in range(3)]
        return apart + lost + doubled

    assert 2 not in ids(run(make(), stream(A)))[-1]
    assert 2 in ids(run(make(), stream(B)))[-1], "if it is the opponent's box, the opponent is back"


def test_of_two_lost_players_the_one_of_the_team_comes_back() -> None:
    apart = [teams(joined(at((200, 100), (240, 100)), others()), A, B, A, B, A, B) for _ in range(60)]
    lost = [teams(others(), A, B, A, B)] * 10
    for evidence, expected in ((A, 1), (B, 2)):
        back = [teams(joined(at((220, 100)), others()), evidence, A, B, A, B)] * 2
        assert ids(run(make(), apart + lost + back))[-1][0] == expected


def test_a_moment_s_wrong_evidence_breaks_no_track() -> None:
    rng = np.random.default_rng(0)
    stream = []
    for n in range(200):
        wrong = rng.random(6) < 0.1
        seen = np.where(wrong[:, None], [B, A, B, A, B, A], [A, B, A, B, A, B])
        stream.append(teams(joined(at((100 + 2.0 * n, 100), (500 - 2.0 * n, 200)), others()), *seen))
    assert all(frame == [1, 2, 3, 4, 5, 6] for frame in ids(run(make(), stream)))


def test_evidence_of_zeros_changes_nothing() -> None:
    blind = [replace(f, team_evidence=np.zeros((len(f), 5), np.float32)) for f in panning(16, 10.0)]
    got, want = run(make(None), blind), run(make(None), panning(16, 10.0))
    assert ids(got) == ids(want)
    assert all(np.array_equal(a.xyxy, b.xyxy) for a, b in zip(got, want, strict=True))


def test_evidence_may_begin_late_and_be_missing_now_and_then() -> None:
    stream = crossing(A, B)
    stream[:10] = [replace(frame, team_evidence=None) for frame in stream[:10]]
    stream[20] = replace(stream[20], team_evidence=None)
    stream[30] = replace(stream[30], team_evidence=np.full((len(stream[30]), 2), np.nan, np.float32))
    assert ids(run(make(), stream))[-1][:2] == [1, 2]


def test_another_number_of_groups_is_refused() -> None:
    tracker = make()
    tracker.update(teams(others(), A, B, A, B))
    with pytest.raises(SettingError, match="team_evidence: expected 2 columns as before, got 3"):
        tracker.update(teams(others(), *[(0.2, 0.3, 0.1)] * 4))


def test_after_a_reset_the_number_of_groups_is_open_again() -> None:
    tracker = make()
    tracker.update(teams(others(), A, B, A, B))
    tracker.reset()
    assert tracker.update(teams(others(), *[(0.2, 0.3, 0.1)] * 4)).track_id.tolist() == [1, 2, 3, 4]
