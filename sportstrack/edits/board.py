"""Tracks that change edit by edit: pieces of the table's rows change owner, and the table itself stays as it is.

A piece is a run of rows of one track. Swapping two tracks of a whole match moves a few pieces, not 100,000 rows, so
thousands of edits take no longer than reading the table. Every change is logged with its inverse, for undo.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from sportstrack.edits.operations import Box
from sportstrack.refine.table import EVIDENCE, TrackTable
from sportstrack.types import BoolArray, IntArray

PLAIN = ("frame", "track_id", "xyxy", "score", "class_id", "detection", "filled")


class Piece:
    """Rows ``low`` to ``high`` (exclusive), in frames ``first`` to ``last``, of a track; None: they were deleted."""

    __slots__ = ("first", "high", "last", "low", "track")

    def __init__(self, low: int, high: int, first: int, last: int, track: int | None) -> None:
        self.low, self.high, self.first, self.last, self.track = low, high, first, last, track


def _first(piece: Piece) -> int:
    return piece.first


def _low(piece: Piece) -> int:
    return piece.low


class Board:
    """Tracks under edits.

    Args:
        tracks: the table that the edits begin with; it is never changed.
    """

    def __init__(self, tracks: TrackTable) -> None:
        self.table = tracks.ordered()
        self._frame = self.table.frame
        starts = self.table.starts()
        self._starts: list[int] = starts.tolist()
        self.tracks: dict[int, list[Piece]] = {}
        self._runs: list[list[Piece]] = []  # of each of the table's tracks, then of the rows added: pieces by row
        for low, high in zip(self._starts[:-1], self._starts[1:], strict=True):
            piece = Piece(low, high, int(self._frame[low]), int(self._frame[high - 1]), int(self.table.track_id[low]))
            self.tracks[int(self.table.track_id[low])] = [piece]
            self._runs.append([piece])
        self._runs.append([])
        self._order = np.argsort(self._frame, kind="stable")
        self._sorted = self._frame[self._order]
        self._added_frame: list[int] = []
        self._added_box: list[Box] = []
        self._added_filled: list[bool] = []
        self._added_class: list[int] = []
        self._added_in: dict[int, list[int]] = {}
        self.moved: dict[int, Box] = {}
        self._undo: list[Callable[[], None]] = []
        self._top = max(self.tracks, default=0)

    # --- looking ------------------------------------------------------------------------------------------------------

    def box(self, row: int) -> Box:
        """Return the box of a row as it is now."""
        if (box := self.moved.get(row)) is not None:
            return box
        if row >= len(self.table):
            return self._added_box[row - len(self.table)]
        x1, y1, x2, y2 = self.table.xyxy[row].tolist()
        return x1, y1, x2, y2

    def frame(self, row: int) -> int:
        """Return the frame of a row."""
        n = len(self.table)
        return int(self._frame[row]) if row < n else self._added_frame[row - n]

    def owner(self, row: int) -> int | None:
        """Return the track that a row belongs to now; None if it was deleted."""
        return self._piece(row).track

    def rows_near(self, frame: int, box: Box) -> Iterator[tuple[int, Box]]:
        """Yield the rows of a frame that touch a box, with their boxes, deleted ones and some more too."""
        low, high = np.searchsorted(self._sorted, (frame, frame + 1)).tolist()
        rows = self._order[low:high]
        found = self.table.xyxy[rows]
        x1, y1, x2, y2 = box
        near = (found[:, 0] < x2) & (found[:, 2] > x1) & (found[:, 1] < y2) & (found[:, 3] > y1)
        chosen = np.flatnonzero(near)
        for row, other in zip(rows[chosen].tolist(), found[chosen].tolist(), strict=True):
            if row not in self.moved:
                yield row, other
        if self.moved:
            yield from ((row, self.moved[row]) for row in rows.tolist() if row in self.moved)
        yield from ((row, self.box(row)) for row in self._added_in.get(frame, ()))

    def at(self, track: int, frame: int) -> int | None:
        """Return the row of a track in a frame, or None."""
        pieces = self.tracks.get(track, [])
        place = bisect_right(pieces, frame, key=_first) - 1
        if place < 0 or pieces[place].last < frame:
            return None
        row = self._row(pieces[place], frame)
        return row if self.frame(row) == frame else None

    def before(self, track: int, frame: int) -> int | None:
        """Return the last row of a track before a frame, or None."""
        pieces = self.tracks.get(track, [])
        place = bisect_left(pieces, frame, key=_first) - 1
        if place < 0:
            return None
        piece = pieces[place]
        return piece.high - 1 if piece.last < frame else self._row(piece, frame) - 1

    def after(self, track: int, frame: int) -> int | None:
        """Return the first row of a track from a frame on, or None."""
        pieces = self.tracks.get(track, [])
        place = bisect_right(pieces, frame, key=_first) - 1
        if place >= 0 and pieces[place].last >= frame:
            return self._row(pieces[place], frame)
        return pieces[place + 1].low if place + 1 < len(pieces) else None

    def fresh_id(self) -> int:
        """Return an id that no track has or had."""
        self._top = max(self._top, max(self.tracks, default=0)) + 1
        return self._top

    def class_of(self, track: int) -> int:
        """Return the class of a track's first box; −1 if there is no such track."""
        if not (pieces := self.tracks.get(track)):
            return -1
        row = pieces[0].low
        n = len(self.table)
        return int(self.table.class_id[row]) if row < n else self._added_class[row - n]

    def _piece(self, row: int) -> Piece:
        n = len(self.table)
        run = self._runs[-1] if row >= n else self._runs[bisect_right(self._starts, row) - 1]
        return run[bisect_right(run, row, key=_low) - 1]

    def _row(self, piece: Piece, frame: int) -> int:
        """Return the first row of a piece from a frame on, which the piece reaches."""
        n = len(self.table)
        if piece.low >= n:
            return n + bisect_left(self._added_frame, frame, piece.low - n, piece.high - n)
        return piece.low + int(self._frame[piece.low : piece.high].searchsorted(frame))

    # --- changing -----------------------------------------------------------------------------------------------------

    def cut(self, track: int, frame: int) -> int:
        """Part a track's piece at a frame; return how many of its pieces lie before the frame."""
        pieces = self.tracks.get(track, [])
        place = bisect_left(pieces, frame, key=_first)
        if not place or pieces[place - 1].last < frame:
            return place
        piece = pieces[place - 1]
        row, high, last = self._row(piece, frame), piece.high, piece.last
        rest = Piece(row, high, self.frame(row), last, track)
        n = len(self.table)
        run = self._runs[-1] if row >= n else self._runs[bisect_right(self._starts, row) - 1]
        at = bisect_right(run, row, key=_low)
        run.insert(at, rest)
        piece.high, piece.last = row, self.frame(row - 1)
        self.tracks[track] = [*pieces[:place], rest, *pieces[place:]]

        def back() -> None:
            run.pop(at)
            piece.high, piece.last = high, last
            self.tracks[track] = pieces

        self._undo.append(back)
        return place

    def give(self, track: int, pieces: list[Piece]) -> None:
        """Make a track consist of these pieces, in the order of time; without any it is gone."""
        old = self.tracks.get(track)
        self._assign(track, pieces)

        def back() -> None:
            self._assign(track, old or [])

        self._undo.append(back)

    def _assign(self, track: int, pieces: list[Piece]) -> None:
        if pieces:
            self.tracks[track] = pieces
        else:
            self.tracks.pop(track, None)
        for piece in pieces:
            piece.track = track

    def exchange(self, a: int, b: int, frame: int) -> None:
        """Exchange what two tracks have from a frame on; one of them may have nothing."""
        i, j = self.cut(a, frame), self.cut(b, frame)
        first, second = self.tracks.get(a, []), self.tracks.get(b, [])
        self.give(a, first[:i] + second[j:])
        self.give(b, second[:j] + first[i:])

    def delete(self, track: int, first: int, last: int) -> bool:
        """Delete a track's boxes in a span of frames; return whether there were any."""
        i = self.cut(track, first)
        j = self.cut(track, last + 1)
        pieces = self.tracks.get(track, [])
        gone = pieces[i:j]
        self.give(track, pieces[:i] + pieces[j:])
        for piece in gone:
            piece.track = None

        def back() -> None:
            for piece in gone:
                piece.track = track

        self._undo.append(back)
        return bool(gone)

    def move(self, row: int, box: Box) -> None:
        """Give a row another box."""
        old = self.moved.get(row)
        self.moved[row] = box

        def back() -> None:
            if old is None:
                del self.moved[row]
            else:
                self.moved[row] = old

        self._undo.append(back)

    def add(self, track: int, frames: list[int], boxes: list[Box], filled: list[bool], class_id: int) -> None:
        """Add boxes to a track, in ascending frames among which it has none; a new track begins."""
        n, kind = len(self.table) + len(self._added_frame), self.class_of(track)
        piece = Piece(n, n + len(frames), frames[0], frames[-1], track)
        self._added_frame += frames
        self._added_box += boxes
        self._added_filled += filled
        self._added_class += [class_id if track not in self.tracks else kind] * len(frames)
        for row, frame in enumerate(frames, n):
            self._added_in.setdefault(frame, []).append(row)
        self._runs[-1].append(piece)
        self._undo.append(lambda: self._remove_added(len(frames)))
        place = self.cut(track, frames[0])
        pieces = self.tracks.get(track, [])
        self.give(track, [*pieces[:place], piece, *pieces[place:]])

    def _remove_added(self, count: int) -> None:
        self._runs[-1].pop()
        for frame in self._added_frame[-count:]:
            self._added_in[frame].pop()
        for column in (self._added_frame, self._added_box, self._added_filled, self._added_class):
            del column[-count:]

    def mark(self) -> int:
        """Return the present state, for `back_to`."""
        return len(self._undo)

    def back_to(self, mark: int) -> None:
        """Undo everything since a mark."""
        while len(self._undo) > mark:
            self._undo.pop()()

    # --- the result ---------------------------------------------------------------------------------------------------

    def tracks_now(self) -> tuple[TrackTable, BoolArray]:
        """Return the tracks as a table, sorted by track and frame, and (N,) which boxes a person has drawn."""
        pieces = [piece for track in sorted(self.tracks) for piece in self.tracks[track]]
        n = len(self.table)
        added = self._added(range(len(self._added_frame)))
        empty = self.table[:0]
        parts = [(self.table, p.low, p.high) if p.low < n else (added, p.low - n, p.high - n) for p in pieces]
        columns = {}
        for name in (*PLAIN, *(name for name in EVIDENCE if getattr(self.table, name) is not None)):
            columns[name] = np.concatenate([getattr(empty, name), *(getattr(t, name)[a:b] for t, a, b in parts)])
        count = np.array([piece.high - piece.low for piece in pieces], np.int64)
        columns["track_id"] = np.repeat(np.array([piece.track for piece in pieces], np.int64), count)
        drawn = np.concatenate([np.zeros(0, np.bool_), *(np.full(b - a, t is added) for t, a, b in parts)])
        drawn &= ~columns["filled"]
        if self.moved:
            begin = dict(zip(map(id, pieces), (np.cumsum(count) - count).tolist(), strict=True))
            for row, box in self.moved.items():
                if (piece := self._piece(row)).track is not None:
                    at = begin[id(piece)] + row - piece.low
                    columns["xyxy"][at], drawn[at] = box, True
        return TrackTable(**columns), drawn

    def rows_now(self) -> IntArray:
        """Return (N,) the rows of the board that `tracks_now` returns, in its order."""
        pieces = [piece for track in sorted(self.tracks) for piece in self.tracks[track]]
        parts = [np.arange(piece.low, piece.high) for piece in pieces]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def window(self, first: int, last: int) -> TrackTable:
        """Return the boxes in frames ``first`` to ``last``, sorted by track and frame; quick for a few frames."""
        low, high = np.searchsorted(self._sorted, (first, last + 1)).tolist()
        n = len(self.table)
        base = self._order[low:high].tolist()
        more = [i for i, frame in enumerate(self._added_frame) if first <= frame <= last]
        table = _joined(self.table[base], self._added(more))
        rows = [*base, *(n + i for i in more)]
        for at, row in enumerate(rows):
            if row in self.moved:
                table.xyxy[at] = self.moved[row]
        owner = np.array([-1 if (track := self.owner(row)) is None else track for row in rows], np.int64)
        return replace(table, track_id=owner)[owner >= 0].ordered()

    def _added(self, which: Sequence[int]) -> TrackTable:
        n = len(which)
        table = TrackTable(
            np.array([self._added_frame[i] for i in which], np.int64),
            np.zeros(n, np.int64),
            np.array([self._added_box[i] for i in which], np.float64).reshape(-1, 4),
            np.ones(n),
            np.array([self._added_class[i] for i in which], np.int64),
            np.full(n, -1),
            np.array([self._added_filled[i] for i in which], np.bool_),
        )
        known = {name: column for name in EVIDENCE if (column := getattr(self.table, name)) is not None}
        return replace(table, **{name: np.zeros((n, c.shape[1]), c.dtype) for name, c in known.items()})


def _joined(a: TrackTable, b: TrackTable) -> TrackTable:
    """Return the rows of two tables that know the same evidence."""
    names = (*PLAIN, *(name for name in EVIDENCE if getattr(a, name) is not None))
    return TrackTable(**{name: np.concatenate((getattr(a, name), getattr(b, name))) for name in names})
