"""Two tracks that are one person become one."""

from __future__ import annotations

from collections.abc import Iterator

from sportstrack.edits.board import Board
from sportstrack.edits.meant import overlap
from sportstrack.edits.outcome import Refusal

ONE = 0.3  # two boxes of a frame that overlap so much may be on one person
FEW = 2  # frames in which the two may stand apart: an end that went astray


def unite(board: Board, a: int, b: int) -> None:
    """Make the track b part of a; in frames that have both, the box of a stays.

    Raises:
        Refusal: they stand apart in more than `FEW` frames, so they are two persons.
    """
    frames, apart = [], []
    for first, second in shared_rows(board, a, b):
        frames.append(board.frame(second))
        if overlap(board.box(first), board.box(second)) < ONE:
            apart.append(frames[-1])
        if len(apart) > FEW:
            raise Refusal(f"tracks {a} and {b} stand apart in frame {apart[0] + 1} and others: split one of them there")
    for low, high in _spans(frames):
        board.delete(b, low, high)
    _interleave(board, a, b)
    pieces = sorted(board.tracks.get(a, []) + board.tracks.get(b, []), key=lambda piece: piece.first)
    board.give(b, [])
    board.give(a, pieces)


def shared_rows(board: Board, a: int, b: int) -> Iterator[tuple[int, int]]:
    """Yield the rows of two tracks in the frames that have both, in the order of time."""
    first, second = board.tracks.get(a, []), board.tracks.get(b, [])
    i = j = 0
    while i < len(first) and j < len(second):
        low, high = max(first[i].first, second[j].first), min(first[i].last, second[j].last)
        yield from _in_both(board, a, b, low, high)
        if first[i].last < second[j].last:
            i += 1
        else:
            j += 1


def _in_both(board: Board, a: int, b: int, low: int, high: int) -> Iterator[tuple[int, int]]:
    frame = low
    while frame <= high:
        p, q = board.after(a, frame), board.after(b, frame)
        if p is None or q is None:
            return
        one, two = board.frame(p), board.frame(q)
        if one == two <= high:
            yield p, q
        frame = max(one, two) + (one == two)


def _spans(frames: list[int]) -> list[tuple[int, int]]:
    """Return runs of frames that follow one another, as (first, last)."""
    spans: list[tuple[int, int]] = []
    for frame in frames:
        if spans and spans[-1][1] == frame - 1:
            spans[-1] = (spans[-1][0], frame)
        else:
            spans.append((frame, frame))
    return spans


def _interleave(board: Board, a: int, b: int) -> None:
    """Cut the pieces of two tracks that have no frame in common so that none lies across another."""
    frame = 0
    while True:
        p, q = board.after(a, frame), board.after(b, frame)
        if p is None or q is None:
            return
        earlier, later = (a, b) if board.frame(p) < board.frame(q) else (b, a)
        begin = max(board.frame(p), board.frame(q))
        board.cut(earlier, begin)
        nxt = board.after(earlier, begin)
        if nxt is None:
            return
        board.cut(later, board.frame(nxt))
        frame = board.frame(nxt)
