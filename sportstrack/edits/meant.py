"""Which track an operation means: the one whose box is where the operation saw it."""

from __future__ import annotations

from sportstrack.edits.board import Board
from sportstrack.edits.operations import Box, SeenBox

LEAST = 0.5  # overlap of the box that was seen and the one that is there
NEAR = 0.3  # others that overlap so much are noted beside the box that was seen
_EQUAL = 0.02  # pixels; files have two digits


def overlap(a: Box, b: Box) -> float:
    """Return the intersection of two boxes over their union."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def same_box(a: Box, b: Box) -> bool:
    """Return whether two boxes are equal but for the rounding in files."""
    return all(abs(p - q) <= _EQUAL for p, q in zip(a, b, strict=True))


def row_of(board: Board, seen: SeenBox) -> int | None:
    """Return the row that is where a box was seen, or None.

    It overlaps the box by half or more, most of all rows of the frame, and more than it overlaps a box beside.
    """
    best, found = LEAST, None
    for row, box in board.rows_near(seen.frame, seen.box):
        share = overlap(box, seen.box)
        if share < best or any(overlap(box, other) > share for other in seen.beside):
            continue
        if board.owner(row) is not None:
            best, found = share, row
    return found


def row_at(board: Board, frame: int, box: Box, prefer: int) -> int | None:
    """Return the row that has just this box in a frame, one of the track `prefer` if there are two; or None."""
    found = None
    for row, other in board.rows_near(frame, box):
        if same_box(other, box) and (owner := board.owner(row)) is not None:
            if owner == prefer:
                return row
            found = row
    return found


def seen_at(board: Board, row: int) -> SeenBox:
    """Return the box of a row as it is seen, with those beside it."""
    frame, box = board.frame(row), board.box(row)
    others = (other for r, other in board.rows_near(frame, box) if r != row and board.owner(r) is not None)
    beside = tuple(_plain(other) for other in others if overlap(box, other) >= NEAR)
    return SeenBox(frame, _plain(box), beside)


def _plain(box: Box) -> Box:
    x1, y1, x2, y2 = (round(float(v), 2) for v in box)
    return (x1, y1, x2, y2) if x1 < x2 and y1 < y2 else (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
