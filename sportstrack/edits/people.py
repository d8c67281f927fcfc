"""Identities under edits: what is known of tracks moves with them; what a person says stays with a box."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sportstrack.edits.board import Board
from sportstrack.edits.operations import Describe
from sportstrack.identities import Identities, Identity
from sportstrack.identities.table import ATTRIBUTES
from sportstrack.limits import MAX_FRAMES

Rows = tuple[Identity, ...]


@dataclass(frozen=True)
class People:
    """What is known and said; never changed, so that undo takes an older one.

    Attributes:
        known: track → its rows, as they were given and moved since.
        said: (row of the board, what a person says of the track that has it), in order.
    """

    known: Mapping[int, Rows]
    said: tuple[tuple[int, Describe], ...] = ()

    @classmethod
    def of(cls, identities: Identities) -> People:
        """Begin with what is known."""
        return cls({track: identities.of(track) for track in identities.track_ids})

    def with_rows(self, rows: Mapping[int, Rows]) -> People:
        """Return this with other rows of some tracks; none takes a track out."""
        merged = {**self.known, **rows}
        return replace(self, known={track: found for track, found in merged.items() if found})

    def saying(self, row: int, words: Describe) -> People:
        """Return this and what a person says of the track that has a row."""
        return replace(self, said=(*self.said, (row, words)))

    def exchanged(self, a: int, b: int, frame: int) -> People:
        """Return this after two tracks have exchanged all from a frame on; a row goes where its first frame goes."""
        head_a, tail_a = _parted(self.known.get(a, ()), frame)
        head_b, tail_b = _parted(self.known.get(b, ()), frame)
        return self.with_rows({a: _fitted(head_a, _of(tail_b, a)), b: _fitted(head_b, _of(tail_a, b))})

    def joined(self, board: Board, a: int, b: int) -> People:
        """Return this as track b becomes part of a; where both know something, the first counts."""
        one, other = (_clipped(self.known.get(track, ()), *extent(board, track)) for track in (a, b))
        low = min(extent(board, a)[0], extent(board, b)[0])
        high = max(extent(board, a)[1], extent(board, b)[1])
        parts = [Identities(_of(_spread(rows, low, high, but), a)) for rows, but in ((other, one), (one, other))]
        return self.with_rows({a: parts[0].merged(parts[1]).of(a), b: ()})

    def without(self, board: Board, track: int) -> People:
        """Return this without what is known of a track, if that is gone."""
        return self if track in board.tracks else self.with_rows({track: ()})

    def kept(self, board: Board, track: int) -> People:
        """Return this with what was said of boxes that were deleted said of the nearest ones of their track."""
        if not any(board.owner(row) is None for row, _ in self.said) or track not in board.tracks:
            return self
        return replace(self, said=tuple((_near(board, row, track), words) for row, words in self.said))

    def identities(self, board: Board) -> Identities:
        """Return the table: what is known of the tracks that there are, and over it what was said."""
        rows = {track: _clipped(self.known.get(track, ()), *extent(board, track)) for track in board.tracks}
        for row, words in self.said:
            track = board.owner(row)
            if track is not None:
                low, high = extent(board, track)
                low, high = max(low, words.first or 0), high if words.last is None else min(high, words.last)
                if low <= high:
                    rows[track] = _described(rows[track], track, words, low, high)
        return Identities(one for found in rows.values() for one in found)


def extent(board: Board, track: int) -> tuple[int, int]:
    """Return the first and the last frame of a track; all frames of one that is not there."""
    pieces = board.tracks.get(track)
    return (pieces[0].first, pieces[-1].last) if pieces else (0, MAX_FRAMES)


def _near(board: Board, row: int, track: int) -> int:
    if board.owner(row) is not None:
        return row
    frame = board.frame(row)
    near = [one for one in (board.before(track, frame), board.after(track, frame)) if one is not None]
    return min(near, key=lambda one: abs(board.frame(one) - frame))


def _described(rows: Rows, track: int, words: Describe, first: int, last: int) -> Rows:
    """Return the rows of a track with an attribute set, or taken back by the empty text, in a span of frames."""
    said = {words.attribute: words.value, f"{words.attribute}_confidence": float(bool(words.value))}
    cleared = [piece for row in rows for piece in _without(row, words.attribute, first, last)]
    table = Identities(row for row in cleared if any(getattr(row, name) for name in ATTRIBUTES))
    if words.value:
        table = table.merged(Identities([Identity(track, first, last, **said)]))  # type: ignore[arg-type]
    return table.merged(Identities()).of(track)


def _without(row: Identity, attribute: str, first: int, last: int) -> list[Identity]:
    """Return a row without an attribute in a span, in up to three pieces."""
    if row.last_frame < first or row.first_frame > last or not getattr(row, attribute):
        return [row]
    nothing = {attribute: "", f"{attribute}_confidence": 0.0}
    low, high = max(row.first_frame, first), min(row.last_frame, last)
    middle = replace(row, first_frame=low, last_frame=high, **nothing)  # type: ignore[arg-type]
    before = [replace(row, last_frame=low - 1)] if row.first_frame < low else []
    after = [replace(row, first_frame=high + 1)] if row.last_frame > high else []
    return [*before, middle, *after]


def _clipped(rows: Rows, first: int, last: int) -> Rows:
    """Return what rows say of a span."""
    inside = (row for row in rows if row.last_frame >= first and row.first_frame <= last)
    return tuple(replace(r, first_frame=max(r.first_frame, first), last_frame=min(r.last_frame, last)) for r in inside)


def _spread(rows: Rows, first: int, last: int, other: Rows) -> Rows:
    """Return the rows, and what they say throughout and the other track does not, said of a longer span."""
    if not rows:
        return rows
    whole: dict[str, object] = {}
    for name in ATTRIBUTES:
        values = {getattr(row, name) for row in rows}
        if len(values) == 1 and not any(getattr(row, name) for row in other):
            whole[name] = values.pop()
            whole[f"{name}_confidence"] = max(getattr(row, f"{name}_confidence") for row in rows)
    if not any(whole.values()):
        return rows
    longer = Identity(rows[0].track_id, first, last, **whole)  # type: ignore[arg-type]
    return Identities([longer]).merged(Identities(rows)).of(rows[0].track_id)


def _parted(rows: Rows, frame: int) -> tuple[Rows, Rows]:
    """Return the rows that begin before a frame, and the others."""
    return tuple(r for r in rows if r.first_frame < frame), tuple(r for r in rows if r.first_frame >= frame)


def _of(rows: Rows, track: int) -> Rows:
    return tuple(replace(row, track_id=track) for row in rows)


def _fitted(head: Rows, tail: Rows) -> Rows:
    """Return both, the head's last row cut where the tail begins."""
    if head and tail and head[-1].last_frame >= tail[0].first_frame:
        head = (*head[:-1], replace(head[-1], last_frame=tail[0].first_frame - 1))
    return head + tail
