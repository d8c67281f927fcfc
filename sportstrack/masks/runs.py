"""Arithmetic of run lengths, all masks of a table at once.

*Runs* are the table's own form: ``counts`` and ``offsets``. *Spans* are the runs of set pixels: owner, start and end of
each, as places of a column-major picture. *Segments* are spans cut at the ends of columns: owner, column, top, bottom.
All are sorted by owner and place, and none touch or overlap unless it is said.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class MaskSpans(NamedTuple):
    """Runs of set pixels: each (S,) int64."""

    owner: Ints
    start: Ints
    end: Ints


class Segments(NamedTuple):
    """Set pixels of one column, from ``top`` to before ``bottom``: each (S,) int64."""

    owner: Ints
    column: Ints
    top: Ints
    bottom: Ints


def parities(offsets: Ints) -> Bools:
    """Return, for each run, whether its pixels are set."""
    places = np.arange(offsets[-1])
    places -= np.repeat(offsets[:-1], np.diff(offsets))
    return (places & 1).astype(np.bool_)


def bases(offsets: Ints, pixels: int) -> Ints:
    """Return where each mask begins when all pictures stand in a row; rows without a mask take no place."""
    return ranks(np.diff(offsets) > 0) * pixels


def ranks(has: Bools) -> Ints:
    """Return how many rows with a mask stand before each row."""
    before = np.cumsum(has, dtype=np.int64)
    before -= has
    return before


def spans(counts: NDArray[np.uint32], offsets: Ints, pixels: int) -> MaskSpans:
    """Return the spans of a table of masks of so many pixels each."""
    chosen = np.flatnonzero(parities(offsets))
    ends = np.cumsum(counts, dtype=np.int64)[chosen]
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[chosen]
    ends -= bases(offsets, pixels)[owner]
    return MaskSpans(owner, ends - counts[chosen], ends)


def runs(found: MaskSpans, has: Bools, pixels: int) -> tuple[NDArray[np.uint32], Ints]:
    """Return counts and offsets of spans, which may touch but not overlap; ``has`` (N,) says which rows have a mask."""
    touching = (found.start[1:] == found.end[:-1]) & (found.owner[1:] == found.owner[:-1])
    first, last = np.append(True, ~touching), np.append(~touching, True)
    if not len(found.owner):
        first = last = np.zeros(0, np.bool_)
    owner, start, end = found.owner[first], found.start[first], found.end[last]
    rank = ranks(has)
    lengths = np.where(has, 2 * np.bincount(owner, minlength=len(has)) + 1, 0)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    edges = np.empty(offsets[-1], np.int64)  # where each run ends, all pictures in a row
    at = 2 * np.arange(len(owner)) + rank[owner]
    edges[at], edges[at + 1] = start + rank[owner] * pixels, end + rank[owner] * pixels
    lasts = offsets[1:][has] - 1
    edges[lasts] = np.arange(1, len(lasts) + 1) * pixels
    counts = np.diff(edges, prepend=0)
    dropped = np.zeros(len(counts), np.bool_)  # no background after a span that ends with the picture
    dropped[lasts] = (counts[lasts] == 0) & (lengths[has] > 1)
    lengths[has] -= dropped[lasts]
    return counts[~dropped].astype(np.uint32), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def segments(found: MaskSpans, height: int) -> Segments:
    """Cut spans at the ends of columns."""
    if not len(found.owner):
        return Segments(*(np.zeros(0, np.int64) for _ in range(4)))
    first, last = found.start // height, (found.end - 1) // height
    times = last - first + 1
    begin = np.cumsum(times) - times
    column = np.arange(times.sum()) - np.repeat(begin - first, times)
    top, bottom = np.zeros_like(column), np.full_like(column, height)
    top[begin] = found.start - first * height
    bottom[begin + times - 1] = found.end - last * height
    return Segments(np.repeat(found.owner, times), column, top, bottom)


def joined(found: Segments, height: int) -> MaskSpans:
    """Return segments as spans that may touch."""
    start = found.column * height
    return MaskSpans(found.owner, start + found.top, start + found.bottom)


def layers(found: MaskSpans, weight: Ints, least: int, most: int) -> MaskSpans:
    """Return where the weights of spans, in any order and overlapping, add up to ``least`` to ``most`` for an owner."""
    edges, owner = np.concatenate([found.start, found.end]), np.concatenate([found.owner, found.owner])
    order = np.lexsort((edges, owner))
    edges, owner = edges[order], owner[order]
    depth = np.cumsum(np.concatenate([weight, -weight])[order])[:-1]  # between one edge and the next
    kept = np.flatnonzero((depth >= least) & (depth <= most) & (edges[1:] > edges[:-1]))
    return MaskSpans(owner[kept], edges[kept], edges[kept + 1])


def first_overlap(found: MaskSpans) -> tuple[int, int] | None:
    """Return two spans of one owner that share a pixel, by their place in the table; None if there are none."""
    order = np.lexsort((found.start, found.owner))
    start, end, owner = found.start[order], found.end[order], found.owner[order]
    wrong = np.flatnonzero((start[1:] < end[:-1]) & (owner[1:] == owner[:-1]))
    return (int(order[wrong[0]]), int(order[wrong[0] + 1])) if len(wrong) else None


def extents(found: MaskSpans, n: int, height: int) -> Ints:
    """Return (N, 4) edges (left, top, right, bottom) around each mask's set pixels; 0 where there are none."""
    boxes = np.zeros((n, 4), np.int64)
    if not len(found.owner):
        return boxes
    begin = np.flatnonzero(np.diff(found.owner, prepend=-1))
    rows = found.owner[begin]
    last = np.append(begin[1:], len(found.owner)) - 1
    left, right = found.start // height, (found.end - 1) // height
    tall = left != right  # such a span touches bottom and top
    boxes[rows, 0], boxes[rows, 2] = left[begin], right[last] + 1
    boxes[rows, 1] = np.minimum.reduceat(np.where(tall, 0, found.start - left * height), begin)
    boxes[rows, 3] = np.maximum.reduceat(np.where(tall, height, found.end - right * height), begin)
    return boxes


def touching(a: Ints, b: Ints) -> Bools:
    """(N, M) whether edges around masks share a pixel; both masks have some then."""
    (left, top, right, bottom), (x1, y1, x2, y2) = a.T[..., None], b.T[:, None]
    shared: Bools = (left < x2) & (x1 < right) & (top < y2) & (y1 < bottom)
    return shared


def box_pixels(boxes: ArrayLike, shape: tuple[int, int]) -> Ints:
    """Return boxes' pixel edges (left, top, right, bottom), (N, 4), rounded outwards and clipped to the picture."""
    edges = np.nan_to_num(np.asarray(boxes, np.float64).reshape(-1, 4), posinf=np.inf, neginf=-np.inf)
    limits = (shape[1], shape[0])
    low = np.clip(np.floor(edges[:, :2]), 0, limits)
    return np.concatenate([low, np.clip(np.ceil(edges[:, 2:]), low, limits)], axis=1).astype(np.int64)
