"""Which tracks a person most likely means when one is to be swapped or merged: the near ones first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sportstrack.edits import EditSession
from sportstrack.edits.operations import Box
from sportstrack.identities import Identity

MOST = 6  # partners that are offered
_LONGEST = 60.0  # seconds between the end of a track and the beginning of its other half
_SPEED = 2.0  # box heights that a player runs in a second
_AWAY = 10.0  # what a second costs by which a partner is not in the frame of a swap
_UNLIKE = 6.0  # what another team, or another number, adds to a cost


def to_swap(session: EditSession, track: int, frame: int, rate: float) -> list[dict[str, Any]]:
    """Return the tracks that are near a track in a frame; what they cost is a distance in box heights.

    Args:
        session: the tracks.
        track: its id.
        frame: from 0.
        rate: frames per second.
    """
    board = session.board
    mine = _nearest(session, track, frame, rate)
    if mine is None:
        return []
    nearest = ((other, _nearest(session, other, frame, rate)) for other in board.tracks if other != track)
    found = [
        (_distance(board.box(mine), board.box(row)) + _AWAY * abs(board.frame(row) - frame) / rate, other, row)
        for other, row in nearest
        if row is not None
    ]
    return [_plain(session, cost, other, row) for cost, other, row in sorted(found)[:MOST]]


def to_merge(session: EditSession, track: int, frame: int, rate: float) -> list[dict[str, Any]]:
    """Return the tracks that end before a track begins, or begin after it ends, not far from there; likeliest first.

    Args:
        session: the tracks.
        track: its id.
        frame: from 0; ends of tracks near it count as nearer.
        rate: frames per second.
    """
    board, found = session.board, []
    if track not in board.tracks:
        return []
    ends, known = _ends(session, track), session.identities
    for other in board.tracks:
        if other == track:
            continue
        theirs = _ends(session, other)
        for early, late, row in ((ends, theirs, theirs[0]), (theirs, ends, theirs[1])):
            gap = (board.frame(late[0]) - board.frame(early[1])) / rate
            if not 0 < gap <= _LONGEST:
                continue
            far = _distance(board.box(early[1]), board.box(late[0]))
            away = min(abs(board.frame(one) - frame) for one in (early[1], late[0])) / rate
            cost = far / (1 + _SPEED * gap) + 0.1 * gap + 0.02 * away + _unlike(known.of(track), known.of(other))
            found.append((cost, other, row))
    return [_plain(session, cost, other, row) for cost, other, row in sorted(found)[:MOST]]


def _nearest(session: EditSession, track: int, frame: int, rate: float) -> int | None:
    """Return a track's row nearest to a frame, at most a second away."""
    board = session.board
    rows = [row for row in (board.before(track, frame), board.after(track, frame)) if row is not None]
    best = min(rows, key=lambda row: abs(board.frame(row) - frame), default=None)
    return best if best is not None and abs(board.frame(best) - frame) <= rate else None


def _ends(session: EditSession, track: int) -> tuple[int, int]:
    pieces = session.board.tracks[track]
    return pieces[0].low, pieces[-1].high - 1


def _unlike(one: Sequence[Identity], other: Sequence[Identity]) -> float:
    """Return what it costs that two tracks are said to be different people."""
    if not one or not other:
        return 0.0
    return sum(
        _UNLIKE
        for name in ("team", "number")
        if getattr(one[-1], name) and getattr(other[0], name) and getattr(one[-1], name) != getattr(other[0], name)
    )


def _distance(a: Box, b: Box) -> float:
    """Return how far apart the middles of two boxes are, in mean heights."""
    tall = max(1.0, 0.5 * (a[3] - a[1] + b[3] - b[1]))
    x, y = a[0] + a[2] - b[0] - b[2], a[1] + a[3] - b[1] - b[3]
    return float(0.5 * (x * x + y * y) ** 0.5 / tall)


def _plain(session: EditSession, cost: float, track: int, row: int) -> dict[str, Any]:
    box = [round(value, 1) for value in session.board.box(row)]
    return {"track": track, "cost": round(cost, 3), "frame": session.board.frame(row) + 1, "box": box}
