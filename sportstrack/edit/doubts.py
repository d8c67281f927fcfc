"""The doubtful moments of a video, their plausible corrections, and what follows from an answer.

Moments are found once, in the tracks as they were before any edit, so that they are the same ones after every start.
Their tracks are known by boxes: an edit gives a box to another track, and the moment follows it.
"""

from __future__ import annotations

import threading
from dataclasses import fields, replace
from typing import Any

import numpy as np

from sportstrack.edit.clip import EditClip
from sportstrack.edit.desk import EditDesk
from sportstrack.edit.evidence import find_in, follow_in
from sportstrack.edit.tracks import TracksToEdit
from sportstrack.edit.words import words_of
from sportstrack.edits import Confirm, EditSession, Split
from sportstrack.edits.moments import Moment, MomentCorrection
from sportstrack.edits.operations import AnyOperation
from sportstrack.edits.text import operation_dict
from sportstrack.errors import SportstrackError
from sportstrack.refine.scene import Scene
from sportstrack.serve.refusal import not_found

LEAST = 0.1  # probability of an error from which a moment is worth a look
MOST = 5  # corrections that are offered besides "it is right"
_WORDS = {
    "crossing": ("Two players cross", "they may have changed places"),
    "gap": ("A gap", "the track may go on as somebody else"),
    "birth": ("A track begins here", "the player may have been another track before"),
    "death": ("A track ends here", "in the middle of the picture"),
    "speed": ("A jump", "faster than a player runs"),
    "doubled": ("Two boxes on one player", "one of the two tracks may be too many"),
    "number": ("Shirt numbers contradict", "two tracks have one number, or one track has two"),
    "team": ("The team changes", "in the middle of a track"),
}
"""Kind of a moment → what it is, and why it is doubtful."""


class DoubtFinder:
    """Finds the doubtful moments of tracks, and keeps account of those that were looked at.

    Args:
        clip: the video.
        tracks: before any edit.
        desk: the tracks under edits.
    """

    def __init__(self, clip: EditClip, tracks: TracksToEdit, desk: EditDesk) -> None:
        self._clip, self._tracks, self._desk = clip, tracks, desk
        self._lock = threading.Lock()
        self._found: dict[str, Moment] = {}
        self._searching, self._error = True, ""
        self._scene: Scene | None = None

    def search(self) -> None:
        """Look for them; what goes wrong is told by `state`."""
        found: list[Moment] = []
        error = ""
        try:
            found, self._scene = find_in(self._clip, self._tracks, LEAST)
        except SportstrackError as trouble:
            error = str(trouble)
        with self._lock:
            self._found = {_key(one): one for one in found}
            self._searching, self._error = False, error

    def follow(self, session: EditSession) -> tuple[AnyOperation, ...]:
        """Return what follows from the edits of a session: tracks are linked again between its anchors."""
        return follow_in(self._clip, self._tracks, self._scene, session)

    def note(self, key: str) -> str:
        """Return the note of the edit that answers a moment; empty where there is no such moment."""
        return key if key in self._found else ""

    def state(self) -> dict[str, Any]:
        """Return how the search stands, how many there are, and how many were looked at."""
        with self._lock:
            total, looked = len(self._found), len(self._looked())
            return {"searching": self._searching, "total": total, "looked": looked, "error": self._error}

    def listed(self) -> list[dict[str, Any]]:
        """Return the moments, the most doubtful first, as plain values; frames from 1."""
        with self._lock:
            looked = self._looked()
            return [
                {"key": key, "title": _WORDS[one.kind][0], "reason": _WORDS[one.kind][1], "frame": one.frame + 1,
                 "first": one.first + 1, "last": one.last + 1, "probability": round(one.probability, 3),
                 "looked": key in looked}
                for key, one in self._found.items()
            ]  # fmt: skip

    def answers(self, key: str) -> dict[str, Any]:
        """Return the tracks that a moment concerns now, and its plausible corrections, each with pictures.

        Raises:
            RefusedError: there is no such moment.
        """
        with self._lock:
            moment = self._found.get(key)
        if moment is None:
            raise not_found("moment", key)
        with self._desk.held() as session:
            now = _Now(session, self._clip.frame_rate)
            tracks = dict.fromkeys(now.owner(track, moment.frame) for track in moment.tracks)
            given = ((one, now.translated(one.operation, moment)) for one in moment.corrections)
            answers: dict[str, dict[str, Any]] = {}
            for answer in (_answer(now, one, operation, moment) for one, operation in given if operation is not None):
                answers.setdefault(answer["title"], answer)  # one look may show several jumps of a track
            known = [track for track in tracks if track is not None]
            return {"tracks": known, "answers": list(answers.values())[: MOST + 1]}

    def _looked(self) -> set[str]:
        return self._found.keys() & set(self._desk.notes())


class _Now:
    """Where the boxes that a moment was found in are now."""

    def __init__(self, session: EditSession, rate: float) -> None:
        self.board, self._rate = session.board, rate

    def owner(self, track: int, frame: int, *, after: bool = False) -> int | None:
        """Return who has now what a track had before a frame, or from it on; else on the other side of it."""
        table = self.board.table
        low, high = np.searchsorted(table.track_id, (track, track + 1)).tolist()
        if low == high:
            return None
        row = low + int(np.searchsorted(table.frame[low:high], frame))
        wanted, other = (row, row - 1) if after else (row - 1, row)
        return self.board.owner(wanted if low <= wanted < high else other)

    def translated(self, operation: AnyOperation, moment: Moment) -> AnyOperation | None:
        """Return an operation with the ids of now; None where its tracks are gone, or are one by now."""
        frame = getattr(operation, "frame", moment.frame)
        if isinstance(operation, Confirm):
            ids = dict.fromkeys(self.owner(track, moment.frame, after=True) for track in operation.tracks)
            known = tuple(one for one in ids if one is not None)
            return replace(operation, tracks=known) if len(known) == len(operation.tracks) else None
        changes: dict[str, Any] = {}
        for field in fields(operation):
            if field.name in ("track", "a", "b"):
                changes[field.name] = self.owner(getattr(operation, field.name), frame)
        if None in changes.values() or len(set(changes.values())) < len(changes):
            return None
        if isinstance(operation, Split):
            if changes["track"] != self.owner(operation.track, frame, after=True):
                return None  # it was split meanwhile
            changes["new"] = self.board.fresh_id()
        return replace(operation, **changes)

    def looks(self, track: int, frame: int) -> list[dict[str, Any]]:
        """Return a look at a track some time before a frame, and one after it; frames from 1."""
        board, away = self.board, max(1, round(0.4 * self._rate))
        before, after = board.before(track, frame - away), board.after(track, frame + away)
        before = board.before(track, frame) if before is None else before
        after = board.after(track, frame) if after is None else after
        return [self._look(row) for row in (before, after) if row is not None]

    def _look(self, row: int) -> dict[str, Any]:
        return {"frame": self.board.frame(row) + 1, "box": [round(value, 1) for value in self.board.box(row)]}


def _key(moment: Moment) -> str:
    """Return what a moment is called in the notes of edits: the same after every start."""
    return f"{moment.kind} of {', '.join(map(str, moment.tracks[:2]))} at frame {moment.frame + 1}"


def _answer(now: _Now, one: MomentCorrection, operation: AnyOperation, moment: Moment) -> dict[str, Any]:
    """Return a correction as plain values: its words, its operation, and pictures of who goes on with whom."""
    values = operation_dict(operation)
    title = "It is right" if one.name == "keep" else words_of(operation).partition(" from ")[0].partition(" at ")[0]
    tracks = [values[name] for name in ("a", "b", "track") if name in values] or values.get("tracks", [])
    looks = [now.looks(track, moment.frame) for track in tracks[:2]]
    return {"name": one.name, "title": title, "edit": values, "pictures": _ordered(one.name, looks)}


def _ordered(name: str, looks: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Return pairs of looks: before and after, as a correction would have them."""
    if name == "swap" and len(looks) == 2 and all(len(pair) == 2 for pair in looks):
        (a, b), (c, d) = looks
        return [[a, d], [c, b]]
    if name == "merge" and len(looks) == 2 and all(looks):
        early, late = sorted(looks, key=lambda pair: pair[-1]["frame"])
        return [[early[0], late[-1]]]
    return looks
