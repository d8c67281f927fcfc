"""One video's tracks under correction: the edits, undo and redo, and the file that has each edit at once."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.edit.clip import EditClip
from sportstrack.edit.partners import to_merge, to_swap
from sportstrack.edit.spans import TimelineRows
from sportstrack.edit.tracks import TracksToEdit
from sportstrack.edit.words import words_of
from sportstrack.edits import Edit, EditSession, append_edit, drop_last_edit, read_edits, with_boxes
from sportstrack.edits.apply import Edited, edited
from sportstrack.edits.operations import AnyOperation
from sportstrack.edits.outcome import ALREADY, REFUSED, EditOutcome
from sportstrack.edits.text import edit_from_dict
from sportstrack.errors import OutputError
from sportstrack.files.claim import ensure_folder
from sportstrack.files.locks import Lock
from sportstrack.serve.refusal import RefusedError

COMMAND = "sportstrack edit"
MOST_BOXES = 200_000  # of one answer

Follow = Callable[[EditSession], tuple[AnyOperation, ...]]
"""Tracks after an edit → the operations that follow from it; the tracks stay as they are."""


@dataclass(frozen=True)
class DeskChange:
    """What an edit, its undo or its redo has changed; what a page needs to be up to date again.

    Attributes:
        version: of the tracks, after it.
        before: the version before it.
        text: what was done, for people.
        rows: of the timeline, those that are new or different.
        gone: ids of the tracks that are no more.
        tracks: ids of the tracks concerned.
        follows: how many operations follow from it.
        reason: how it was refitted; empty as a rule.
        undo: what undo would take back; empty where there is nothing.
        redo: what redo would do again.
        edits: how many edits there are.
    """

    version: str
    before: str
    text: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    tracks: tuple[int, ...] = ()
    follows: int = 0
    reason: str = ""
    undo: str = ""
    redo: str = ""
    edits: int = 0


class EditDesk:
    """Tracks under edits, for use from several threads. Every edit is on the disk before its caller hears of it.

    Args:
        clip: the video.
        tracks: before any edit.
        path: the file of edits; what is in it is applied. It is held until `close`.

    Raises:
        OutputError: another editor has the file, or it cannot be written.
        FormatError: it holds a line that is no edit.
    """

    def __init__(self, clip: EditClip, tracks: TracksToEdit, path: Path) -> None:
        self.clip, self.tracks, self.path = clip, tracks, path
        self.warnings: list[str] = []
        self.follow: Follow | None = None
        self._followed: tuple[str, tuple[AnyOperation, ...]] = ("", ())
        self._begun, self._count = secrets.token_hex(4), 0
        self._mutex = threading.RLock()
        self._file_lock = Lock(ensure_folder(path.parent) / f".{path.name}.lock", path, COMMAND)
        _take(self._file_lock)
        try:
            self._load()
        except BaseException:
            self._file_lock.release()
            raise

    def close(self) -> None:
        """Let the file of edits go."""
        with self._mutex:
            self._file_lock.release()

    @property
    def version(self) -> str:
        """Changes with every edit, undo and redo, and with every start of the editor."""
        return f"{self._begun}-{self._count}"

    def _load(self) -> None:
        read = read_edits(self.path) if self.path.exists() else None
        self.session = EditSession(self.tracks.table, self.tracks.identities)
        self._rows = TimelineRows(self.session, self.clip, self.tracks.every)
        self._done: list[tuple[Edit, EditOutcome]] = []
        self._undone: list[Edit] = []
        for edit in read.edits if read else ():
            self._done.append((edit, self.session.apply(edit)))
        if read and read.torn:
            self.warnings.append(read.torn)
        refused = [outcome for _, outcome in self._done if outcome.status == REFUSED]
        if refused:
            self.warnings.append(
                f"{self.path}: {len(refused)} of {len(self._done)} edits do not fit these tracks; the first: "
                f"{refused[0].reason}"
            )
        self._rows.update()
        self._size = self._file_size()
        kinds, counts = np.unique(self.tracks.table.class_id, return_counts=True)
        self._usual_class = int(kinds[counts.argmax()]) if len(kinds) else -1

    # --- looking ------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the rows of all tracks, and what can be undone."""
        with self._mutex:
            return {"version": self.version, "rows": self._rows.all(), **self._ends()}

    def history(self) -> list[dict[str, Any]]:
        """Return the edits in order: what each did, and what became of it."""
        with self._mutex:
            return [
                {"text": words_of(edit.operation), "follows": len(edit.then), "status": outcome.status,
                 "reason": outcome.reason, "note": edit.note, **_place(edit.operation)}
                for edit, outcome in self._done
            ]  # fmt: skip

    def notes(self) -> list[str]:
        """Return the notes of all edits that were not refused."""
        with self._mutex:
            return [edit.note for edit, outcome in self._done if edit.note and outcome.fits]

    def boxes(self, first: int, last: int) -> tuple[str, bytes]:
        """Return the version, and the boxes of some frames (from 0) as columns, sorted by frame.

        Little-endian: the number of boxes N and a zero (2 × int32), then ids (N × float64), corners (N × 4 float32),
        frames from 1 (N × int32), and 1 for a box that was not detected (N × uint8).

        Raises:
            RefusedError: more boxes than one answer holds.
        """
        with self._mutex:
            table, version = self.session.board.window(first, last), self.version
        if len(table) > MOST_BOXES:
            raise RefusedError(f"frames {first + 1} to {last + 1} hold {len(table)} boxes; ask for fewer", "too_large")
        table = table[np.argsort(table.frame, kind="stable")]
        columns = (
            np.array([len(table), 0], "<i4"), table.track_id.astype("<f8"), table.xyxy.astype("<f4"),
            (table.frame + 1).astype("<i4"), table.filled.astype("u1"),
        )  # fmt: skip
        return version, b"".join(column.tobytes() for column in columns)

    @contextmanager
    def held(self) -> Iterator[EditSession]:
        """Hold the tracks as they are, for several looks at them."""
        with self._mutex:
            yield self.session

    def partners(self, kind: str, track: int, frame: int) -> list[dict[str, Any]]:
        """Return the tracks that a track may be swapped or merged with, the likeliest first, as plain values.

        Args:
            kind: ``swap`` or ``merge``.
            track: its id.
            frame: from 0; a swap happens there.
        """
        with self._mutex:
            found = to_swap if kind == "swap" else to_merge
            return found(self.session, track, frame, self.clip.frame_rate)

    def result(self) -> Edited:
        """Return the tracks as they are now."""
        with self._mutex:
            return edited(self.session)

    # --- changing -----------------------------------------------------------------------------------------------------

    def apply(self, values: Mapping[str, Any], version: str, *, note: str = "", follow: bool = False) -> DeskChange:
        """Apply an operation, as it stands in a file of edits (frames from 1), and save it.

        Args:
            values: the operation; an id that is missing where a new track begins is chosen.
            version: of the tracks that its caller has seen.
            note: for people.
            follow: add what follows from it.

        Raises:
            RefusedError: it does not fit, or the tracks are not those that the caller has seen.
            FormatError: it is no operation.
            OutputError: it cannot be saved; nothing has changed.
        """
        with self._mutex:
            self._check(version)
            edit = edit_from_dict(self._with_ids(values) | ({"note": note} if note else {}), "the edit")
            edit = replace(edit, operation=with_boxes(self.session, edit.operation))
            expected = self._following() if follow else ()
            outcome = self._try(edit)
            if then := self._news(expected) if follow else ():
                self.session.undo()
                edit = replace(edit, then=then)
                outcome = self._try(edit)
            self._save(edit)
            self._done.append((edit, outcome))
            self._undone.clear()
            return self._changed(words_of(edit.operation), outcome, len(edit.then))

    def undo(self, version: str) -> DeskChange:
        """Take the last edit back, from the tracks and from the file.

        Raises:
            RefusedError: there is none, or the tracks are not those that the caller has seen.
            OutputError: the file cannot be written.
        """
        with self._mutex:
            self._check(version)
            if not self._done:
                raise RefusedError("there is nothing to undo", "conflict")
            self._check_file()
            drop_last_edit(self.path)
            self._size = self._file_size()
            edit, outcome = self._done.pop()
            self.session.undo()
            self._undone.append(edit)
            return self._changed(f"Took back: {words_of(edit.operation)}", outcome, 0)

    def redo(self, version: str) -> DeskChange:
        """Do again what was undone last; errors as `undo`."""
        with self._mutex:
            self._check(version)
            if not self._undone:
                raise RefusedError("there is nothing to do again", "conflict")
            edit = self._undone[-1]
            outcome = self._try(edit)
            self._save(edit)
            self._undone.pop()
            self._done.append((edit, outcome))
            return self._changed(words_of(edit.operation), outcome, len(edit.then))

    def _following(self) -> tuple[AnyOperation, ...]:
        """Return what would be linked otherwise already, whatever the next edit is."""
        if self._followed[0] != self.version:
            self._followed = (self.version, () if self.follow is None else self.follow(self.session))
        return self._followed[1]

    def _news(self, expected: tuple[AnyOperation, ...]) -> tuple[AnyOperation, ...]:
        """Return what follows from the edit that was made just now, and not from those before it."""
        if self.follow is None:
            return ()
        known = {words_of(one) for one in expected}
        return tuple(one for one in self.follow(self.session) if words_of(one) not in known)

    def _with_ids(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Choose the id of a track that begins."""
        op, given = values.get("op"), dict(values)
        name = "new" if op == "split" else "track" if op in ("add", "interpolate") else None
        if name is not None and given.get(name) is None:
            given[name] = self.session.board.fresh_id()
            if name == "track":
                given.setdefault("class_id", self._usual_class)
        return given

    def _try(self, edit: Edit) -> EditOutcome:
        outcome = self.session.apply(edit)
        if outcome.status in (REFUSED, ALREADY):
            self.session.undo()
            raise RefusedError(outcome.reason or "the tracks are so already", "conflict")
        return outcome

    def _save(self, edit: Edit) -> None:
        try:
            self._check_file()
            append_edit(self.path, edit)
        except BaseException:
            self.session.undo()
            raise
        self._size = self._file_size()

    def _check(self, version: str) -> None:
        if version != self.version:
            text = "another window has changed the tracks; look at them again, then repeat it"
            raise RefusedError(text, "conflict", more={"version": self.version})

    def _check_file(self) -> None:
        if self._file_size() != self._size:
            raise OutputError(f"{self.path}: was changed by another program; end the editor and start it again")

    def _file_size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return -1

    def _changed(self, text: str, outcome: EditOutcome, follows: int) -> DeskChange:
        before, self._count = self.version, self._count + 1
        rows, gone = self._rows.update()
        return DeskChange(
            self.version, before, text, rows, gone, outcome.tracks, follows, outcome.reason, **self._ends()
        )  # fmt: skip

    def _ends(self) -> dict[str, Any]:
        undo = words_of(self._done[-1][0].operation) if self._done else ""
        redo = words_of(self._undone[-1].operation) if self._undone else ""
        return {"undo": undo, "redo": redo, "edits": len(self._done)}


def _take(lock: Lock) -> None:
    try:
        lock.take()
    except OutputError as error:
        raise OutputError(
            f"{error}".replace("is being written by", "is open in").partition(";")[0]
            + "; go on in its page, or end it first"
        ) from error


def _place(operation: AnyOperation) -> dict[str, Any]:
    """Return the frame (from 1) and the track at which an operation can be looked at; what it has of them."""
    keys = getattr(operation, "keys", None)
    seen = getattr(operation, "seen", None) or getattr(operation, "seen_a", None)
    seen = seen[0] if isinstance(seen, tuple) and seen else seen
    frame = getattr(operation, "frame", getattr(operation, "first", None))
    frame = keys[0].frame if keys else frame if frame is not None else getattr(seen, "frame", None)
    track = next((getattr(operation, one) for one in ("track", "a") if hasattr(operation, one)), None)
    tracks = getattr(operation, "tracks", ())
    return {"frame": None if frame is None else frame + 1, "track": tracks[0] if tracks else track}
