"""Edits applied one by one, with undo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sportstrack.edits.board import Board
from sportstrack.edits.boxes import add_box, interpolate, move_box, remove_box
from sportstrack.edits.meant import row_of
from sportstrack.edits.operations import (
    Add,
    AnyOperation,
    Confirm,
    Delete,
    Describe,
    Edit,
    Interpolate,
    Merge,
    Move,
    Remove,
    Rename,
    SeenBox,
    Split,
    Swap,
)
from sportstrack.edits.outcome import ALREADY, APPLIED, REFITTED, REFUSED, EditOutcome, Notes, Refusal
from sportstrack.edits.people import People
from sportstrack.edits.union import unite
from sportstrack.identities import Identities
from sportstrack.limits import MAX_FRAMES
from sportstrack.refine.table import TrackTable
from sportstrack.types import BoolArray


class EditSession:
    """Tracks and identities under edits.

    Args:
        tracks: what the edits were made on, or tracks made anew of the same video.
        identities: what is known of the tracks.
    """

    def __init__(self, tracks: TrackTable, identities: Identities | None = None) -> None:
        self.board = Board(tracks)
        self._people = People.of(identities or Identities())
        self.same: list[tuple[int, int]] = []  # pairs of rows that are one person's, and everything between them
        self.likely: list[tuple[int, int]] = []  # the same of what a swap leaves to the other track
        self.differ: list[tuple[int, int]] = []  # pairs of rows that are not
        self._marks: list[tuple[int, People, int, int, int]] = []

    @property
    def identities(self) -> Identities:
        """The identities as they are now."""
        return self._people.identities(self.board)

    def tracks(self) -> tuple[TrackTable, BoolArray]:
        """Return the tracks as they are now, sorted by track and frame, and (N,) which boxes a person has drawn."""
        return self.board.tracks_now()

    def apply(self, edit: Edit | AnyOperation, *, said: bool = True) -> EditOutcome:
        """Apply an edit, with what follows from it; what only follows (``said`` False) makes no anchor."""
        one = edit if isinstance(edit, Edit) else Edit(edit)
        self._marks.append(self._mark())
        outcome = self._apply(one.operation, said)
        if not outcome.fits or not one.then:
            return outcome
        more = [self._apply(operation, False) for operation in one.then]
        reasons = [outcome.reason] if outcome.reason else []
        if misfits := [other.reason for other in more if not other.fits]:
            reasons.append(f"{len(misfits)} of {len(more)} operations that follow no longer fit: {misfits[0]}")
        tracks = dict.fromkeys(track for other in (outcome, *more) for track in other.tracks)
        done = [other.status for other in (outcome, *more) if other.status in (APPLIED, REFITTED)]
        return EditOutcome(done[0] if done else ALREADY, "; ".join(reasons), tuple(tracks))

    def undo(self) -> bool:
        """Take back the last edit, also one that was refused; return whether there was one."""
        if not self._marks:
            return False
        self._back_to(self._marks.pop())
        return True

    def _mark(self) -> tuple[int, People, int, int, int]:
        return self.board.mark(), self._people, len(self.same), len(self.likely), len(self.differ)

    def _back_to(self, mark: tuple[int, People, int, int, int]) -> None:
        rows, self._people, same, likely, differ = mark
        self.board.back_to(rows)
        del self.same[same:], self.likely[likely:], self.differ[differ:]

    def _apply(self, operation: AnyOperation, said: bool) -> EditOutcome:
        mark, notes = self._mark(), Notes()
        try:
            changed, tracks = _HOW[type(operation)](self, operation, notes)
        except Refusal as refusal:
            self._back_to(mark)
            return EditOutcome(REFUSED, str(refusal))
        if not said:
            del self.same[mark[2] :], self.likely[mark[3] :], self.differ[mark[4] :]
        status = (REFITTED if notes.texts else APPLIED) if changed else ALREADY
        return EditOutcome(status, "; ".join(notes.texts), tuple(tracks))

    # --- the operations: each returns whether anything changed, and the tracks concerned ------------------------------

    def _swap(self, op: Swap, notes: Notes) -> tuple[bool, tuple[int, ...]]:
        halves = ((op.a, op.b, op.before_a, op.after_b), (op.b, op.a, op.before_b, op.after_a))
        changed, tracks = False, []
        for head, tail, before, after in halves:
            first, second = self._row(before), self._row(after)
            if first is None or second is None:
                continue
            (self.same if head == op.a else self.likely).append((first, second))
            x, y = self._owner(first), self._owner(second)
            tracks += [x, y]
            if x == y:
                continue
            if not changed:
                notes.moved(head, x)
                notes.moved(tail, y)
            changed = True
            self._exchange(x, y, op.frame)
        if tracks:
            return changed, tuple(dict.fromkeys((*tracks, op.a, op.b) if not notes.texts else tracks))
        for head, tail, before, after in ((op.a, op.b, op.before_a, op.after_a), (op.b, op.a, op.before_b, op.after_b)):
            if before is not None and after is not None:  # the other is nowhere
                return self._split(Split(head, op.frame, tail, before, after), notes)
        return self._swap_ids(op), (op.a, op.b)

    def _swap_ids(self, op: Swap) -> bool:
        """Swap by ids alone, where no box before the frame goes on with one after it."""
        given = [seen for seen in (op.before_a, op.before_b, op.after_a, op.after_b) if seen is not None]
        after_a, after_b = self._row(op.after_a), self._row(op.after_b)
        if given:
            now = [None if row is None else self.board.owner(row) for row in (after_a, after_b)]
            if op.b == now[0] or op.a == now[1]:
                return False
            if op.a != now[0] and op.b != now[1]:
                raise Refusal(f"nothing is left where tracks {op.a} and {op.b} were seen")
        elif self.board.after(op.a, op.frame) is None and self.board.after(op.b, op.frame) is None:
            raise Refusal(f"neither track {op.a} nor {op.b} has a box from frame {op.frame + 1} on")
        self._exchange(op.a, op.b, op.frame)
        return True

    def _split(self, op: Split, notes: Notes) -> tuple[bool, tuple[int, ...]]:
        if op.before is None and op.after is None:
            before, after = self.board.before(op.track, op.frame), self.board.after(op.track, op.frame)
        else:
            before, after = self._row(op.before), self._row(op.after)
        if before is None or after is None:
            raise Refusal(f"track {op.track} has no boxes on both sides of frame {op.frame + 1}")
        self.differ.append((before, after))
        named = self._owner(before) != self._owner(after) and self._called(self._owner(before), op.track)
        if self._owner(before) == op.new:
            named = self._called(op.new, op.track)
        track, other = self._owner(before), self._owner(after)
        if track != other:
            return self._called(other, op.new) or named, (track, self._owner(after))
        notes.moved(op.track, track)
        new = op.new
        if new in self.board.tracks:
            new = self.board.fresh_id()
            notes.say(f"its second part is {new}, since there is a track {op.new}")
        self._exchange(track, new, op.frame)
        return True, (track, new)

    def _merge(self, op: Merge, notes: Notes) -> tuple[bool, tuple[int, ...]]:
        a, b = self._track(op.a, op.seen_a), self._track(op.b, op.seen_b)
        first, second = self._row(op.seen_a), self._row(op.seen_b)
        if first is not None and second is not None:
            self.same.append((first, second))
        if a == b:
            return self._called(a, op.a), (a,)
        notes.moved(op.a, a)
        notes.moved(op.b, b)
        known = self._people.joined(self.board, a, b)
        unite(self.board, a, b)
        self._people = known
        return True, (op.a if self._called(a, op.a) else a, b)

    def _delete(self, op: Delete, notes: Notes) -> tuple[bool, tuple[int, ...]]:
        if op.seen is not None and self._row(op.seen) is None:
            return False, ()
        track = self._track(op.track, op.seen)
        notes.moved(op.track, track)
        first, last = op.first or 0, MAX_FRAMES if op.last is None else op.last
        if not self.board.delete(track, first, last):
            return False, ()
        self._people = self._people.without(self.board, track).kept(self.board, track)
        return True, (track,)

    def _rename(self, op: Rename, notes: Notes) -> tuple[bool, tuple[int, ...]]:
        if op.seen is None and op.track not in self.board.tracks and op.new in self.board.tracks:
            return False, (op.new,)
        track = self._track(op.track, op.seen)
        if track == op.new:
            return False, (track,)
        if op.new in self.board.tracks:
            raise Refusal(f"there is a track {op.new}: merge the two, swap them, or choose another id")
        notes.moved(op.track, track)
        self._called(track, op.new)
        return True, (track, op.new)

    def _describe(self, op: Describe, notes: Notes) -> tuple[bool, tuple[int, ...]]:
        track = self._track(op.track, op.seen)
        notes.moved(op.track, track)
        row = self._row(op.seen)
        if row is None:
            row = self.board.after(track, op.first or 0)
        if row is None or (op.last is not None and self.board.frame(row) > op.last):
            raise Refusal(f"track {track} has no box in these frames")
        self._people = self._people.saying(row, op)
        return True, (track,)

    def _remove(self, op: Remove, notes: Notes) -> tuple[bool, tuple[int, ...]]:
        changed, tracks = remove_box(self.board, op, notes)
        for track in tracks:
            self._people = self._people.without(self.board, track).kept(self.board, track)
        return changed, tracks

    def _interpolate(self, op: Interpolate, notes: Notes) -> tuple[bool, tuple[int, ...]]:
        changed, tracks = interpolate(self.board, op, notes)
        for track in tracks:
            self._people = self._people.kept(self.board, track)
        return changed, tracks

    def _confirm(self, op: Confirm, notes: Notes) -> tuple[bool, tuple[int, ...]]:
        tracks, ends = [], []
        for i, name in enumerate(op.tracks):
            track = self._track(name, op.seen[i] if op.seen else None)
            notes.moved(name, track)
            first = self.board.after(track, op.first or 0)
            last = self.board.before(track, MAX_FRAMES + 1 if op.last is None else op.last + 1)
            if first is None or last is None or self.board.frame(first) > self.board.frame(last):
                raise Refusal(f"track {track} has no box in the frames that are confirmed")
            tracks.append(track)
            ends.append((first, last))
        if len(set(tracks)) < len(tracks):
            raise Refusal(f"tracks {', '.join(map(str, op.tracks))} are one track now")
        self.same += ends
        self.differ += [(ends[0][0], one[0]) for one in ends[1:]]
        return True, tuple(tracks)

    # --- what they share ----------------------------------------------------------------------------------------------

    def _row(self, seen: SeenBox | None) -> int | None:
        return None if seen is None else row_of(self.board, seen)

    def _owner(self, row: int) -> int:
        owner = self.board.owner(row)
        assert owner is not None
        return owner

    def _track(self, track: int, seen: SeenBox | None) -> int:
        """Return the track that is meant; Refusal if it is gone."""
        if seen is None:
            if track not in self.board.tracks:
                raise Refusal(f"there is no track {track}")
            return track
        row = self._row(seen)
        if row is None:
            raise Refusal(f"no box is left where track {track} was seen in frame {seen.frame + 1}")
        return self._owner(row)

    def _called(self, track: int, name: int) -> bool:
        """Give a track the id that an edit wants, if that is free; return whether it changed."""
        if track == name or name in self.board.tracks:
            return False
        self._exchange(track, name, 0)
        self._people = self._people.without(self.board, track)  # what was known of an id that no track had
        return True

    def _exchange(self, a: int, b: int, frame: int) -> None:
        self.board.exchange(a, b, frame)
        self._people = self._people.exchanged(a, b, frame)


_HOW: dict[type, Callable[[EditSession, Any, Notes], tuple[bool, tuple[int, ...]]]] = {
    Swap: EditSession._swap,
    Split: EditSession._split,
    Merge: EditSession._merge,
    Delete: EditSession._delete,
    Rename: EditSession._rename,
    Describe: EditSession._describe,
    Confirm: EditSession._confirm,
    Move: lambda session, op, notes: move_box(session.board, op, notes),
    Add: lambda session, op, notes: add_box(session.board, op, notes),
    Remove: EditSession._remove,
    Interpolate: EditSession._interpolate,
}
