"""A simulated annotator, which answers from truth; for edit.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from edit_world import Match, doubtful, persons, raw_persons
from scipy.optimize import linear_sum_assignment

from sportstrack.edits import Confirm, Delete, EditSession, Merge, Moment, Split, Swap, find_moments, propagate
from sportstrack.edits.apply import anchors

LOOK = 2.0  # seconds that one look shows
OFFERED = 4  # corrections that one key does
BY_HAND = 3  # keys to choose a track that is not offered
STEPS = 2  # keys to go to a frame that is not the offered one
MOST = 12  # corrections of one look
NEAR = 10  # frames from the offered one that make no difference to a person


@dataclass
class Work:
    """What an annotator has done.

    Attributes:
        looks: moments looked at.
        keys: keys pressed.
        curve: (looks, keys, IDF1, errors left) after each look that changed something.
    """

    looks: int = 0
    keys: int = 0
    curve: list[tuple[int, int, float, int]] = field(default_factory=list)


class Annotator:
    """Looks at moments of a match and mends what is wrong.

    Args:
        match: with its truth.
        way: ``linked``: corrections hold from there on, and what follows from them is linked again; ``onward``: they
            hold from there on; ``piece``: they hold to the next moment of their tracks, as relabelling a piece does.
    """

    def __init__(self, match: Match, way: str = "linked") -> None:
        self.match, self.way = match, way
        self.session = EditSession(match.tracks)
        table = self.session.board.table
        self.raw, self.who = raw_persons(table, match.truth), persons(table, match.truth)
        self.scene = match.scene()
        self.work = Work()
        self._moments: list[Moment] | None = None
        self._note()

    def by_moments(self) -> Work:
        """Work through the moments in their order, and play through what is left."""
        looked: set[tuple[str, int | None, int | None]] = set()
        while self.errors():
            moment = next((m for m in self.moments() if self._name(m) not in looked), None)
            if moment is None:
                return self.by_playing()
            looked.add(self._name(moment))
            self.look(moment)
        return self.work

    def by_playing(self) -> Work:
        """Play through: every track, two seconds at a look."""
        step = round(LOOK * self.match.frame_rate)
        for first in range(0, self.match.frames, step):
            for track in sorted(self.session.board.tracks):
                if not self.errors():
                    return self.work
                board = self.session.board
                row = board.after(track, first)
                if row is not None and board.frame(row) < first + step:
                    keep = Confirm((track,), max(first - 1, 0), first + step)
                    self.look(_window(track, keep))
        return self.work

    def moments(self) -> list[Moment]:
        """Return the moments of the tracks as they were after the last correction, the most doubtful first."""
        if self._moments is None:
            self._moments = find_moments(self.session.tracks()[0], self.scene, anchors=anchors(self.session))
        return self._moments

    def look(self, moment: Moment) -> None:
        """Look at a moment, and mend what is wrong."""
        self.work.looks += 1
        self.work.keys += 1  # keep, or the first correction
        done = self._birth(moment) if moment.kind == "birth" else self._continuations(moment)
        for track in doubtful(moment):
            if track in self.session.board.tracks:
                self.session.apply(Confirm((track,), moment.first, moment.last))
        if done:
            if self.way == "linked":
                for operation in propagate(self.session, self.scene):
                    self.session.apply(operation, said=False)
            self._note()

    def errors(self) -> int:
        """Return how many changes of a track's person and of a person's track there are."""
        return self._errors

    def idf1(self) -> float:
        """Return IDF1, from the boxes' persons."""
        table, rows = self.session.tracks()[0], self.session.board.rows_now()
        who = self.raw[rows]
        known = who >= 0
        _, track = np.unique(table.track_id, return_inverse=True)
        _, person = np.unique(who[known], return_inverse=True)
        count = np.zeros((track.max() + 1, person.max() + 1))
        np.add.at(count, (track[known], person), 1)
        i, j = linear_sum_assignment(-count)
        return float(2 * count[i, j].sum() / (len(table) + len(self.match.truth)))

    def _note(self) -> None:
        table, rows = self.session.tracks()[0], self.session.board.rows_now()
        who = self.who[rows]
        known = who >= 0
        a, b, frame = table.track_id[known], who[known], table.frame[known]
        self._moments = None
        self._errors = sum(_changes(one, other, frame) for one, other in ((a, b), (b, a)))
        self.work.curve.append((self.work.looks, self.work.keys, self.idf1(), self._errors))

    def _continuations(self, moment: Moment) -> bool:
        done = False
        for _ in range(MOST):
            rows = {track: self._wrong_from(track, moment.first, moment.last) for track in doubtful(moment)}
            wrong = {track: row for track, row in rows.items() if row is not None}
            if not wrong:
                break
            track = min(wrong, key=lambda one: self.session.board.frame(wrong[one]))
            self._mend(track, wrong[track], moment, first=not done)
            done = True
        return done

    def _wrong_from(self, track: int, first: int, last: int) -> int | None:
        """Return the first row in a span, and a little after it, in which a track is not who it was; None if it is."""
        board, person = self.session.board, self._person(track, first, -1)
        row, after = board.after(track, first + 1), 0
        while row is not None and after < 5:
            if self.who[row] >= 0 and person < 0:
                person = int(self.who[row])
            if self.who[row] >= 0 and self.who[row] != person:
                return row
            after += board.frame(row) >= last
            row = board.after(track, board.frame(row) + 1)
        return None

    def _mend(self, track: int, row: int, moment: Moment, first: bool) -> None:
        board, before = self.session.board, self._person(track, self.session.board.frame(row) - 1, -1)
        frame = board.frame(row)
        self.work.keys += 0 if first else 1
        if abs(frame - moment.frame) > NEAR:
            self.work.keys += STEPS
        other = self._track_of(before, frame)
        if other == track:  # they come back: the boxes between are another's
            other = self._past(int(self.who[row]), frame, track)
        offered = [way.operation for way in moment.corrections[1 : 1 + OFFERED]]
        if other is None:
            self.work.keys += 0 if any(isinstance(one, Split) for one in offered) else BY_HAND - 1
            self.session.apply(Split(track, frame, board.fresh_id()))
        else:
            pairs = [{one.a, one.b} for one in offered if isinstance(one, Swap)]
            self.work.keys += 0 if {track, other} in pairs else BY_HAND - 1
            self._swap(track, other, frame, moment)

    def _swap(self, track: int, other: int, frame: int, moment: Moment) -> None:
        end = self._next(track, other, max(frame, moment.last)) if self.way == "piece" else None
        self.session.apply(Swap(track, other, frame))
        if end is not None:
            self.session.apply(Swap(track, other, end))

    def _next(self, track: int, other: int, frame: int) -> int | None:
        """Return where the next moment of two tracks begins."""
        later = [m.frame for m in self.moments() if {track, other} & set(doubtful(m)) and m.first >= frame]
        return min(later, default=None)

    def _birth(self, moment: Moment) -> bool:
        track = moment.tracks[0]
        who = self._person(track, moment.first, +1)
        if who < 0:
            self.session.apply(Delete(track))
            return True
        past = self._past(who, moment.first, track)
        if past is None:
            return False
        offered = {way.operation.a for way in moment.corrections[1 : 1 + OFFERED] if isinstance(way.operation, Merge)}
        self.work.keys += 0 if past in offered else BY_HAND - 1
        self._swap(past, track, moment.first, moment)
        return True

    def _person(self, track: int, frame: int, side: int) -> int:
        """Return who a track is up to a frame (side −1), or from it on (+1); −1 if nobody."""
        board, found = self.session.board, []
        row = board.before(track, frame + 1) if side < 0 else board.after(track, frame)
        for _ in range(60):
            if row is None or len(found) == 5:
                break
            if self.who[row] >= 0:
                found.append(int(self.who[row]))
            row = board.before(track, board.frame(row)) if side < 0 else board.after(track, board.frame(row) + 1)
        return max(set(found), key=found.count) if found else -1

    def _track_of(self, person: int, frame: int) -> int | None:
        """Return the track that has a person next from a frame on; None if they are not seen again."""
        rows = np.flatnonzero(self.who == person)
        rows = rows[self.session.board.table.frame[rows] >= frame]
        return next(iter(self._owners(rows, +1)), None)

    def _past(self, person: int, frame: int, but: int) -> int | None:
        """Return the track that had a person last before a frame, another one than ``but``; None if there is none."""
        rows = np.flatnonzero(self.who == person)
        rows = rows[self.session.board.table.frame[rows] < frame]
        return next((owner for owner in self._owners(rows, -1) if owner != but), None)

    def _owners(self, rows: np.ndarray, side: int) -> Iterator[int]:
        for row in rows[np.argsort(side * self.session.board.table.frame[rows], kind="stable")].tolist():
            if (owner := self.session.board.owner(row)) is not None:
                yield owner

    def _name(self, moment: Moment) -> tuple[str, int | None, int | None]:
        """Return what a moment joins: when a swap joins something else there, it is another moment."""
        board, track = self.session.board, moment.tracks[0]
        return moment.kind, board.before(track, moment.first + 1), board.after(track, moment.last)


def _window(track: int, keep: Confirm) -> Moment:
    from sportstrack.edits.moments import MomentCorrection

    first, last = keep.first or 0, keep.last or 0
    way = MomentCorrection("keep", keep, 1.0)
    return Moment("window", (first + last) // 2, first, last, (track,), 0.0, (way,), {})


def _changes(of: np.ndarray, value: np.ndarray, frame: np.ndarray) -> int:
    order = np.lexsort((frame, of))
    return int(np.count_nonzero((of[order][1:] == of[order][:-1]) & (value[order][1:] != value[order][:-1])))
