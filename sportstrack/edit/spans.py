"""What the timeline shows of each track: spans of frames, who it is, and a picture."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np

from sportstrack.edit.clip import EditClip
from sportstrack.edits import EditSession
from sportstrack.edits.apply import anchors
from sportstrack.identities.table import ATTRIBUTES, Identity
from sportstrack.limits import MAX_FRAMES

_TRIED = 12  # key frames, of which the one with the largest box becomes a track's picture


class TimelineRows:
    """One plain dictionary for each track, made anew only where the track has changed; frames count from 1 in them.

    Args:
        session: the tracks under edits.
        clip: the video.
        every: every how many frames one was tracked: fewer missing frames are no gap.
    """

    def __init__(self, session: EditSession, clip: EditClip, every: int = 1) -> None:
        self._session, self._clip, self._every = session, clip, every
        frame, track = session.board.table.frame, session.board.table.track_id
        holes = (frame[1:] - frame[:-1] > every) | (track[1:] != track[:-1])
        self._breaks = np.flatnonzero(holes)  # the row before each gap
        self._known: dict[int, tuple[Any, dict[str, Any]]] = {}

    def update(self) -> tuple[list[dict[str, Any]], list[int]]:
        """Return the rows that have changed since the last call, and the ids of tracks that are gone."""
        board, sure = self._session.board, self._confirmed()
        people = {one: list(rows) for one, rows in groupby(self._session.identities, key=lambda row: row.track_id)}
        changed, known = [], self._known
        for track, pieces in board.tracks.items():
            shape = tuple((piece.low, piece.high) for piece in pieces)
            sign = (shape, tuple(people.get(track, ())), tuple(sure.get(track, ())))
            if track in known and known[track][0] == sign:
                continue
            row = self._row(track, people.get(track, []), sure.get(track, []))
            known[track] = (sign, row)
            changed.append(row)
        gone = [track for track in known if track not in board.tracks]
        for track in gone:
            del known[track]
        return changed, gone

    def all(self) -> list[dict[str, Any]]:
        """Return the rows of all tracks, as they were at the last `update`."""
        return [row for _, row in self._known.values()]

    def _confirmed(self) -> dict[int, list[tuple[int, int]]]:
        found: dict[int, list[tuple[int, int]]] = {}
        for track, first, last in sorted(anchors(self._session).spans):
            spans = found.setdefault(track, [])
            if spans and first <= spans[-1][1] + 1:
                spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
            else:
                spans.append((first, last))
        return found

    def _row(self, track: int, people: list[Identity], sure: list[tuple[int, int]]) -> dict[str, Any]:
        spans = self._spans(track)
        said: dict[str, Any] = {"people": [_person(one) for one in people]} if len(people) > 1 else {}
        most = max(people, key=lambda one: one.last_frame - one.first_frame, default=None)
        return {
            "id": track,
            "spans": spans,
            "class": self._session.board.class_of(track),
            "confirmed": [[first + 1, last + 1] for first, last in sure],
            "picture": self._picture(track, spans),
            **{name: "" if most is None else getattr(most, name) for name in ATTRIBUTES},
            **said,
        }

    def _spans(self, track: int) -> list[list[int]]:
        board, n = self._session.board, len(self._session.board.table)
        spans: list[list[int]] = []
        for piece in board.tracks[track]:
            if piece.low < n:
                low, high = np.searchsorted(self._breaks, (piece.low, piece.high - 1)).tolist()
                ends = [*self._breaks[low:high].tolist(), piece.high - 1]
            else:
                frames = [board.frame(row) for row in range(piece.low, piece.high)]
                ends = [*(i + piece.low for i in range(len(frames) - 1) if frames[i + 1] - frames[i] > self._every)]
                ends.append(piece.high - 1)
            start = piece.low
            for end in ends:
                first, last = board.frame(start) + 1, board.frame(end) + 1
                if spans and first - spans[-1][1] <= self._every:
                    spans[-1][1] = last
                else:
                    spans.append([first, last])
                start = end + 1
        return spans

    def _picture(self, track: int, spans: list[list[int]]) -> list[float]:
        """Return frame (from 1) and box of a good look at a track, in a frame that is quick to decode."""
        board, keys = self._session.board, self._clip.keys
        frames: list[int] = []
        for first, last in spans:
            if keys is None:
                break
            low, high = np.searchsorted(keys, (first - 1, last)).tolist()
            frames += keys[low:high].tolist()
        if len(frames) > _TRIED:
            frames = [frames[i * len(frames) // _TRIED] for i in range(_TRIED)]
        rows = [row for frame in frames if (row := board.at(track, frame)) is not None]
        if not rows:
            row = board.after(track, (spans[0][0] + spans[0][1]) // 2 - 1)
            rows = [board.tracks[track][0].low if row is None else row]
        best = max(rows, key=lambda row: _area(board.box(row)))
        return [board.frame(best) + 1, *(round(value, 1) for value in board.box(best))]


def _person(one: Identity) -> dict[str, Any]:
    first, last = one.first_frame + 1, min(one.last_frame, MAX_FRAMES - 1) + 1
    return {"first": first, "last": last, **{name: getattr(one, name) for name in ATTRIBUTES}}


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
