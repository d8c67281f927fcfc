"""The doubtful moments of a video, their plausible corrections, and what follows from an answer."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from sportstrack.edit.clip import EditClip
from sportstrack.edit.desk import EditDesk
from sportstrack.edit.tracks import TracksToEdit
from sportstrack.errors import SportstrackError
from sportstrack.serve.refusal import not_found

_AROUND = 1.0  # seconds before and after a moment that an answer confirms
PARTNERS = 3  # that a merge is offered with


@dataclass(frozen=True)
class Doubt:
    """A moment in which tracks are doubtful.

    Attributes:
        kind: what it looks like.
        frame: from 0.
        rows: of the board: a box of each track concerned, so that it is found under whatever id it has later.
        reason: why, for people.
        key: what it is called in the file of edits.
    """

    kind: str
    frame: int
    rows: tuple[int, ...]
    reason: str
    key: str


class DoubtFinder:
    """Looks for doubtful moments once, in the tracks as they are opened, and keeps account of those looked at."""

    def __init__(self, clip: EditClip, tracks: TracksToEdit, desk: EditDesk) -> None:
        self._clip, self._tracks, self._desk = clip, tracks, desk
        self._lock = threading.Lock()
        self._found: dict[str, Doubt] = {}
        self._searching, self._error = True, ""

    def search(self) -> None:
        """Look for them; what goes wrong is told by `state`."""
        found, error = [], ""
        try:
            found = self._search()
        except SportstrackError as trouble:
            error = str(trouble)
        with self._lock:
            self._found = {doubt.key: doubt for doubt in found}
            self._searching, self._error = False, error

    def _search(self) -> list[Doubt]:
        return []

    def note(self, key: str) -> str:
        """Return the note of the edit that answers a moment; empty where there is no such moment."""
        return key if key in self._found else ""

    def state(self) -> dict[str, Any]:
        """Return how the search stands, how many there are, and how many were looked at."""
        with self._lock:
            looked = len(self._looked())
            return {"searching": self._searching, "total": len(self._found), "looked": looked, "error": self._error}

    def listed(self) -> list[dict[str, Any]]:
        """Return the moments, the most doubtful first, as plain values; frames from 1."""
        with self._lock:
            looked = self._looked()
            return [
                {"key": one.key, "kind": one.kind, "frame": one.frame + 1, "reason": one.reason,
                 "looked": one.key in looked}
                for one in self._found.values()
            ]  # fmt: skip

    def answers(self, key: str) -> dict[str, Any]:
        """Return the tracks that a moment concerns now, and its plausible corrections, each with pictures.

        Raises:
            RefusedError: there is no such moment.
        """
        with self._lock:
            doubt = self._found.get(key)
        if doubt is None:
            raise not_found("moment", key)
        with self._desk.held() as session:
            tracks = dict.fromkeys(session.board.owner(row) for row in doubt.rows)
            known = [track for track in tracks if track is not None]
            return {"tracks": known, "answers": self._answers(doubt, known)}

    def _looked(self) -> set[str]:
        return self._found.keys() & set(self._desk.notes())

    def _answers(self, doubt: Doubt, tracks: list[int]) -> list[dict[str, Any]]:
        if not tracks:
            return []
        answers = [self._keep(doubt, tracks)]
        if len(tracks) > 1:
            answers.append(self._swap(doubt, *tracks[:2]))
        partners = self._desk.partners("merge", tracks[0], doubt.frame)[:PARTNERS]
        answers += [self._merge(doubt, tracks[0], partner) for partner in partners]
        answers += [self._split(doubt, track) for track in tracks[:2] if self._parts(doubt, track)]
        return answers

    def _keep(self, doubt: Doubt, tracks: list[int]) -> dict[str, Any]:
        reach = round(_AROUND * self._clip.frame_rate)
        first, last = max(1, doubt.frame + 1 - reach), min(self._clip.frames, doubt.frame + 1 + reach)
        return {
            "title": "It is right",
            "about": "confirms " + " and ".join(map(str, tracks)),
            "edit": {"op": "confirm", "tracks": tracks, "first": first, "last": last},
            "pictures": [*self._looks(doubt, tracks[0]), *(self._looks(doubt, tracks[1]) if tracks[1:] else [])],
        }

    def _swap(self, doubt: Doubt, a: int, b: int) -> dict[str, Any]:
        one, other = self._looks(doubt, a), self._looks(doubt, b)
        return {
            "title": f"Swap {a} and {b}",
            "about": "from here on",
            "edit": {"op": "swap", "a": a, "b": b, "frame": doubt.frame + 1},
            "pictures": [*one[:1], *other[1:], *other[:1], *one[1:]],
        }

    def _merge(self, doubt: Doubt, track: int, partner: dict[str, Any]) -> dict[str, Any]:
        other = partner["track"]
        return {
            "title": f"Merge with {other}",
            "about": f"seen in frame {partner['frame']}",
            "edit": {"op": "merge", "a": min(track, other), "b": max(track, other)},
            "pictures": [*self._looks(doubt, track)[:1], {"frame": partner["frame"], "box": partner["box"]}],
        }

    def _split(self, doubt: Doubt, track: int) -> dict[str, Any]:
        return {
            "title": f"Split {track}",
            "about": "two people, one before and one after",
            "edit": {"op": "split", "track": track, "frame": doubt.frame + 1},
            "pictures": self._looks(doubt, track),
        }

    def _parts(self, doubt: Doubt, track: int) -> bool:
        """Return whether a track has boxes on both sides of a moment."""
        board = self._desk.session.board
        return board.before(track, doubt.frame) is not None and board.after(track, doubt.frame) is not None

    def _looks(self, doubt: Doubt, track: int) -> list[dict[str, Any]]:
        """Return a look at a track some time before a moment, and one after it; frames from 1."""
        board, away = self._desk.session.board, max(1, round(0.4 * self._clip.frame_rate))
        before = board.before(track, doubt.frame - away)
        before = board.before(track, doubt.frame) if before is None else before
        after = board.after(track, doubt.frame + away)
        after = board.after(track, doubt.frame) if after is None else after
        rows = [row for row in (before, after) if row is not None]
        return [{"frame": board.frame(row) + 1, "box": [round(v, 1) for v in board.box(row)]} for row in rows]
