"""The difference between two tables of tracks as edits: corrections that were made elsewhere come back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sportstrack.assign import solve_then_gate
from sportstrack.boxes import iou
from sportstrack.edits.fill import with_boxes
from sportstrack.edits.meant import overlap
from sportstrack.edits.operations import (
    Add,
    AnyOperation,
    Box,
    Delete,
    Edit,
    Interpolate,
    KeyBox,
    Merge,
    Move,
    Split,
    Swap,
)
from sportstrack.edits.session import EditSession
from sportstrack.refine.table import TrackTable
from sportstrack.types import IntArray

LEAST = 0.5  # overlap of two boxes that are one
STILL = 0.85  # overlap from which a box counts as not moved; programs that keep key frames alone move boxes a little
_STRAIGHT = 0.3  # of what a box may move and count as still: so far it may lie beside the line of an interpolation


def find_edits(before: TrackTable, after: TrackTable, *, least: float = LEAST, still: float = STILL) -> list[Edit]:
    """Return edits that make the tracks `after` of the tracks `before`, in the order of time.

    Ids do not count: who is with whom does, and where the boxes are. Boxes are matched in each frame by overlap.

    Args:
        before: the tracks that were given away.
        after: the tracks that came back.
        least: overlap of two boxes that are one.
        still: overlap from which a box that came back counts as not moved.
    """
    session, edits = EditSession(before), Edits()
    rows, partner = match_boxes(session.board.table, after, least)
    _delete(session, edits, np.setdiff1d(np.arange(len(before)), rows))
    relink(session, edits, rows, after.track_id[partner])
    _moves(session, edits, rows, after.xyxy[partner], still)
    _additions(session, edits, after, (rows, partner), _STRAIGHT * (1.0 - still) + 1e-9)
    return edits.made


class Edits:
    """Edits that are applied as they are made."""

    def __init__(self) -> None:
        self.made: list[Edit] = []

    def do(self, session: EditSession, operation: AnyOperation) -> bool:
        """Apply an operation with the boxes that it means; return whether it fits."""
        edit = Edit(with_boxes(session, operation))
        fits = session.apply(edit).fits
        if fits:
            self.made.append(edit)
        else:
            session.undo()
        return fits


def match_boxes(before: TrackTable, after: TrackTable, least: float) -> tuple[IntArray, IntArray]:
    """Return the rows of two tables that are the same boxes, by best overlap in each frame."""
    a, b = np.argsort(before.frame, kind="stable"), np.argsort(after.frame, kind="stable")
    frames = np.intersect1d(before.frame, after.frame)
    low_a, high_a = (np.searchsorted(before.frame[a], frames, side) for side in ("left", "right"))
    low_b, high_b = (np.searchsorted(after.frame[b], frames, side) for side in ("left", "right"))
    rows, partner = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for i in range(len(frames)):
        mine, theirs = a[low_a[i] : high_a[i]], b[low_b[i] : high_b[i]]
        one, other = solve_then_gate(1.0 - iou(before.xyxy[mine], after.xyxy[theirs]), 1.0 - least)
        rows.append(mine[one])
        partner.append(theirs[other])
    return np.concatenate(rows), np.concatenate(partner)


def _delete(session: EditSession, edits: Edits, gone: IntArray) -> None:
    """Delete rows of the board, a span of a track at a time."""
    table = session.board.table
    gone = np.sort(gone)
    breaks = np.flatnonzero((np.diff(gone) != 1) | (np.diff(table.track_id[gone]) != 0)) + 1
    for span in np.split(gone, breaks):
        if len(span):
            first, last = table.frame[span[[0, -1]]].tolist()
            edits.do(session, Delete(int(table.track_id[span[0]]), first, last))


def relink(session: EditSession, edits: Edits, rows: IntArray, person: IntArray) -> None:
    """Make edits after which rows of the board are of one track just where their persons are the same."""
    board = session.board
    who = dict(zip(rows.tolist(), person.tolist(), strict=True))
    frame = np.array([board.frame(row) for row in rows.tolist()], np.int64)
    order = np.lexsort((frame, person))
    joints = [
        (int(frame[j]), int(rows[i]), int(rows[j])) for i, j in pairwise(order.tolist()) if person[i] == person[j]
    ]
    for _, first, second in sorted(joints):
        a, b = board.owner(first), board.owner(second)
        if a is not None and b is not None and a != b:
            _join(session, edits, a, b, first, second)
    _part(session, edits, who)
    for _, first, second in sorted(joints):  # what was parted, or was no swap
        a, b = board.owner(first), board.owner(second)
        if a is not None and b is not None and a != b:
            edits.do(session, Merge(a, b))


def _join(session: EditSession, edits: Edits, a: int, b: int, first: int, second: int) -> None:
    """Make one track go on as another, by a swap where both go on and by a merge where one ends."""
    board = session.board
    frame = board.frame(second)
    if board.after(a, frame) is None and board.before(b, frame) is None:
        edits.do(session, Merge(a, b))
    elif board.frame(first) < frame:
        edits.do(session, Swap(a, b, frame))


def _part(session: EditSession, edits: Edits, who: dict[int, int]) -> None:
    """Split tracks wherever the person changes."""
    board = session.board
    for track in sorted(board.tracks):
        known: tuple[int, int] | None = None
        current = track
        for piece in list(board.tracks[track]):
            for row in range(piece.low, piece.high):
                person = who.get(row)
                if person is None:
                    continue
                if known is not None and person != known[1]:
                    new = board.fresh_id()
                    if edits.do(session, Split(current, board.frame(row), new)):
                        current = board.owner(row) or new
                known = (row, person)


def _moves(session: EditSession, edits: Edits, rows: IntArray, boxes: np.ndarray, still: float) -> None:
    board = session.board
    for row, corners in zip(rows.tolist(), boxes.tolist(), strict=True):
        track = board.owner(row)
        if track is not None and overlap(board.box(row), corners) < still:
            x1, y1, x2, y2 = corners
            edits.do(session, Move(track, board.frame(row), (x1, y1, x2, y2)))


def _additions(
    session: EditSession, edits: Edits, after: TrackTable, matched: tuple[IntArray, IntArray], tolerance: float
) -> None:
    """Add the boxes that came back and were not given away, straight runs of them as interpolations."""
    board, (rows, partner) = session.board, matched
    new = np.setdiff1d(np.arange(len(after)), partner)
    tracks = {int(after.track_id[j]): board.owner(i) for i, j in zip(rows.tolist(), partner.tolist(), strict=True)}
    new = new[np.lexsort((after.frame[new], after.track_id[new]))]
    breaks = np.flatnonzero((np.diff(after.track_id[new]) != 0) | (np.diff(after.frame[new]) != 1)) + 1
    for run in np.split(new, breaks):
        if not len(run):
            continue
        person = int(after.track_id[run[0]])
        track = tracks.get(person)
        if track is None:
            track = tracks[person] = board.fresh_id()
        frames = after.frame[run].tolist()
        boxes: list[Box] = [(x1, y1, x2, y2) for x1, y1, x2, y2 in after.xyxy[run].tolist()]
        class_id = int(after.class_id[run[0]])
        keys = _keys(after.xyxy[run], tolerance)
        if len(keys) > 1:
            key_boxes = tuple(KeyBox(frames[k], boxes[k]) for k in keys)
            edits.do(session, Interpolate(track, key_boxes, class_id=class_id))
        else:
            edits.do(session, Add(track, frames[0], boxes[0], class_id=class_id))


def _keys(xyxy: np.ndarray, tolerance: float) -> list[int]:
    """Return the boxes of a run, the first and the last among them, between which straight lines make the others."""
    keys, parts = {0, len(xyxy) - 1}, [(0, len(xyxy) - 1)]
    while parts:
        low, high = parts.pop()
        if high - low < 2:
            continue
        share = (np.arange(low, high + 1) - low)[:, None] / (high - low)
        off = np.abs(xyxy[low : high + 1] - ((1 - share) * xyxy[low] + share * xyxy[high])).max(axis=1)
        off /= xyxy[low : high + 1, 3] - xyxy[low : high + 1, 1]
        worst = low + int(off.argmax())
        if off.max() > tolerance:
            keys.add(worst)
            parts += [(low, worst), (worst, high)]
    return sorted(keys)
