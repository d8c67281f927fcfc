"""An operation by ids made one that carries the boxes that it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sportstrack.edits.board import Board
from sportstrack.edits.meant import seen_at
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
from sportstrack.edits.session import EditSession


def with_boxes(session: EditSession, operation: AnyOperation) -> AnyOperation:
    """Return an operation with the boxes by which its tracks are known again, as they are before it is applied.

    Boxes that it has already stay. An operation of tracks that are not there comes back as it is.
    """
    filled: AnyOperation = _HOW[type(operation)](session.board, operation)
    return filled


def filled_edits(session: EditSession, edits: list[Edit]) -> list[Edit]:
    """Return edits with the boxes that they mean, for a file that was written by hand; they are applied on the way."""
    out = []
    for edit in edits:
        operation, then = with_boxes(session, edit.operation), []
        mark = session.apply(operation)
        steps = 1
        for one in edit.then if mark.fits else ():
            then.append(with_boxes(session, one))
            session.apply(then[-1])
            steps += 1
        for _ in range(steps):
            session.undo()
        out.append(Edit(operation, tuple(then), edit.note))
        session.apply(out[-1])
    return out


def _around(board: Board, track: int, frame: int) -> tuple[SeenBox | None, SeenBox | None]:
    return _seen(board, board.before(track, frame)), _seen(board, board.after(track, frame))


def _seen(board: Board, row: int | None) -> SeenBox | None:
    return None if row is None else seen_at(board, row)


def _swap(board: Board, op: Swap) -> Swap:
    before_a, after_a = _around(board, op.a, op.frame)
    before_b, after_b = _around(board, op.b, op.frame)
    return replace(
        op,
        before_a=op.before_a or before_a,
        before_b=op.before_b or before_b,
        after_a=op.after_a or after_a,
        after_b=op.after_b or after_b,
    )


def _split(board: Board, op: Split) -> Split:
    before, after = _around(board, op.track, op.frame)
    return replace(op, before=op.before or before, after=op.after or after)


def _merge(board: Board, op: Merge) -> Merge:
    a, b = board.tracks.get(op.a), board.tracks.get(op.b)
    if not a or not b:
        return op
    begin = b[0].first if a[0].first <= b[0].first else a[0].first
    first, second = (op.a, op.b) if a[0].first <= b[0].first else (op.b, op.a)
    near = board.before(first, begin)
    rows = {first: board.after(first, begin) if near is None else near, second: board.after(second, begin)}
    return replace(op, seen_a=op.seen_a or _seen(board, rows[op.a]), seen_b=op.seen_b or _seen(board, rows[op.b]))


def _track(board: Board, op: Any) -> Any:
    """Fill ``seen`` with the track's first box in the span, or with its first box of all."""
    return replace(op, seen=op.seen or _seen(board, _row_in(board, op.track, op)))


def _row_in(board: Board, track: int, op: Any) -> int | None:
    first, last = getattr(op, "first", None) or 0, getattr(op, "last", None)
    row = board.after(track, first)
    if row is not None and last is not None and board.frame(row) > last:
        earlier = board.before(track, first)
        return None if isinstance(op, Delete) else row if earlier is None else earlier
    return row


def _at(board: Board, op: Move | Remove) -> Any:
    return replace(op, seen=op.seen or _seen(board, board.at(op.track, op.frame)))


def _near(board: Board, op: Add | Interpolate) -> Any:
    frame = op.frame if isinstance(op, Add) else op.keys[0].frame
    if op.track not in board.tracks:
        return replace(op, begins=True)
    before, after = board.before(op.track, frame), board.after(op.track, frame)
    gaps = [(abs(board.frame(row) - frame), row) for row in (before, after) if row is not None]
    return replace(op, seen=op.seen or _seen(board, min(gaps)[1]))


def _confirm(board: Board, op: Confirm) -> Confirm:
    rows = [_row_in(board, track, op) for track in op.tracks]
    if op.seen or any(row is None for row in rows):
        return op
    return replace(op, seen=tuple(seen_at(board, row) for row in rows if row is not None))


_HOW: dict[type, Callable[[Board, Any], Any]] = {
    Swap: _swap,
    Split: _split,
    Merge: _merge,
    Delete: _track,
    Rename: _track,
    Describe: _track,
    Confirm: _confirm,
    Move: _at,
    Remove: _at,
    Add: _near,
    Interpolate: _near,
}
