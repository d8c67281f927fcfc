"""Operations on single boxes: move, add, remove, and lines from key box to key box."""

from __future__ import annotations

from sportstrack.edits.board import Board
from sportstrack.edits.meant import row_at, row_of
from sportstrack.edits.operations import Add, Box, Interpolate, Move, Remove
from sportstrack.edits.outcome import Notes, Refusal

Done = tuple[bool, tuple[int, ...]]
"""Whether anything changed, and the tracks concerned."""


def move_box(board: Board, op: Move, notes: Notes) -> Done:
    """Give a track's box in a frame another place."""
    there = row_at(board, op.frame, op.box, op.track)
    if there is not None:
        return False, (_owner(board, there),)
    row = board.at(op.track, op.frame) if op.seen is None else row_of(board, op.seen)
    if row is None:
        raise Refusal(f"track {op.track} has no box in frame {op.frame + 1} where it was seen")
    track = _owner(board, row)
    notes.moved(op.track, track)
    board.move(row, op.box)
    return True, (track,)


def add_box(board: Board, op: Add, notes: Notes) -> Done:
    """Give a track a box in a frame."""
    there = row_at(board, op.frame, op.box, op.track)
    if there is not None:
        return False, (_owner(board, there),)
    track = _target(board, op, notes)
    if board.at(track, op.frame) is not None:
        raise Refusal(f"track {track} has a box in frame {op.frame + 1}: move that one")
    board.add(track, [op.frame], [op.box], [False], op.class_id)
    return True, (track,)


def remove_box(board: Board, op: Remove, notes: Notes) -> Done:
    """Take a track's box out of a frame."""
    row = board.at(op.track, op.frame) if op.seen is None else row_of(board, op.seen)
    if row is None:
        return False, ()
    track = _owner(board, row)
    notes.moved(op.track, track)
    board.delete(track, op.frame, op.frame)
    return True, (track,)


def interpolate(board: Board, op: Interpolate, notes: Notes) -> Done:
    """Replace a track's boxes from the first key to the last by straight lines between the keys."""
    frames, boxes, filled = lines(op)
    there = [row_at(board, frame, box, op.track) for frame, box in zip(frames, boxes, strict=True)]
    known = next((row for row in there if row is not None), None)
    track = _target(board, op, notes) if known is None else _owner(board, known)
    if None not in there:
        return False, (track,)
    class_id = board.class_of(track) if track in board.tracks else op.class_id
    if known is None:
        board.delete(track, frames[0], frames[-1])
        board.add(track, frames, boxes, filled, class_id)
        return True, (track,)
    for row, frame, box, line in zip(there, frames, boxes, filled, strict=True):
        if row is None and board.at(track, frame) is None:  # what came after this, when it was applied before, stays
            board.add(track, [frame], [box], [line], class_id)
    return True, (track,)


def lines(op: Interpolate) -> tuple[list[int], list[Box], list[bool]]:
    """Return the frames that an interpolation fills, their boxes, and which of them are no keys."""
    frames: list[int] = [op.keys[0].frame]
    boxes: list[Box] = [op.keys[0].box]
    filled = [False]
    for a, b in zip(op.keys, op.keys[1:], strict=False):
        step = op.every - (a.frame - op.keys[0].frame) % op.every
        for frame in range(a.frame + step, b.frame, op.every):
            share = (frame - a.frame) / (b.frame - a.frame)
            x1, y1, x2, y2 = ((1.0 - share) * p + share * q for p, q in zip(a.box, b.box, strict=True))
            frames.append(frame)
            boxes.append((x1, y1, x2, y2))
            filled.append(True)
        frames.append(b.frame)
        boxes.append(b.box)
        filled.append(False)
    return frames, boxes, filled


def _target(board: Board, op: Add | Interpolate, notes: Notes) -> int:
    """Return the track that boxes are added to; Refusal if it is gone."""
    if op.seen is not None:
        row = row_of(board, op.seen)
        if row is None:
            raise Refusal(f"no box is left where track {op.track} was seen in frame {op.seen.frame + 1}")
        track = _owner(board, row)
        notes.moved(op.track, track)
        return track
    if op.begins and op.track in board.tracks:
        new = board.fresh_id()
        notes.say(f"the new track is {new}, since there is a track {op.track}")
        return new
    return op.track


def _owner(board: Board, row: int) -> int:
    owner = board.owner(row)
    assert owner is not None
    return owner
