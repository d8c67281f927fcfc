"""Overlaps of all pairs of masks, from their run lengths alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportstrack.errors import SettingError
from sportstrack.masks.runs import Bools, Ints, bases, extents, parities
from sportstrack.masks.table import Masks

_PLACES = 1 << 19  # looked up at once; more would take memory and no less time


def mask_iou(a: Masks, b: Masks) -> NDArray[np.float64]:
    """Intersection over union of every pair, (N, M); 0 where either is empty or not there.

    Raises:
        SettingError: the two tables' pictures differ in size.
    """
    shared = intersections(a, b).astype(np.float64)
    union = a.area()[:, None] + b.area()[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)


def mask_overlap(a: Masks, b: Masks) -> NDArray[np.float64]:
    """Intersection over the area of a, of every pair, (N, M): how far regions to ignore (b) cover each mask of a.

    Raises:
        SettingError: the two tables' pictures differ in size.
    """
    shared = intersections(a, b).astype(np.float64)
    return np.divide(shared, a.area()[:, None], out=np.zeros_like(shared), where=shared > 0)


def intersections(a: Masks, b: Masks) -> Ints:
    """Return the number of pixels that each pair has in common, (N, M)."""
    if not (len(a) and len(b)):
        return np.zeros((len(a), len(b)), np.int64)
    if a.shape != b.shape:
        (h, w), (tall, wide) = a.shape, b.shape
        raise SettingError(f"masks of pictures of {h} x {w} and {tall} x {wide} pixels cannot be compared; use at()")
    pixels = a.shape[0] * a.shape[1]
    found, others = a.spans(), b.spans()
    edges, other_edges = (extents(s, len(t), t.shape[0]) for s, t in ((found, a), (others, b)))
    first, second = np.nonzero(_touching(edges, other_edges))
    shared = np.zeros((len(a), len(b)), np.int64)
    # How many pixels of all masks of a are set before a place is linear within a run, so a span of b has as many in
    # common with a mask as that number grows over it.
    ends = np.cumsum(a.counts, dtype=np.int64)
    is_set = np.append(parities(a.offsets), False)
    begins = np.append(ends - a.counts, ends[-1:])
    before = np.concatenate([[0], np.cumsum(np.where(is_set[:-1], a.counts, 0), dtype=np.int64)])
    base = bases(a.offsets, pixels)
    number = np.bincount(others.owner, minlength=len(b))
    at = np.cumsum(number) - number
    for part in _parts(number[second]):
        i, j = first[part], second[part]
        times = number[j]
        start = np.cumsum(times) - times
        rows = np.arange(times.sum()) + np.repeat(at[j] - start, times)
        pair = np.repeat(np.arange(len(i)), times)
        left, right = edges[i, 0] * a.shape[0], edges[i, 2] * a.shape[0]
        inside = (others.start[rows] < right[pair]) & (others.end[rows] > left[pair])
        rows, pair = rows[inside], pair[inside]
        growth = np.zeros(len(rows), np.int64)
        for column, sign in ((others.end, 1), (others.start, -1)):
            places = column[rows] + base[i][pair]
            run = np.searchsorted(ends, places, side="right")
            growth += sign * (before[run] + (places - begins[run]) * is_set[run])
        shared[i, j] = np.bincount(pair, growth, len(i))
    return shared


def _touching(a: Ints, b: Ints) -> Bools:
    """(N, M) whether boxes share a pixel; both therefore have some."""
    (left, top, right, bottom), (x1, y1, x2, y2) = a.T[..., None], b.T[:, None]
    touching: Bools = (left < x2) & (x1 < right) & (top < y2) & (y1 < bottom)
    return touching


def _parts(sizes: Ints) -> list[slice]:
    """Return slices of consecutive pairs with about `_PLACES` spans each."""
    if not len(sizes):
        return []
    number = np.cumsum(sizes) // _PLACES
    cuts = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(sizes)]
    return [slice(begin, end) for begin, end in pairwise(cuts)]


def mask_nms(masks: Masks, score: ArrayLike, threshold: float, class_id: ArrayLike | None = None) -> Ints:
    """Return the rows that stay when every mask that overlaps a better one of its class by more than that is dropped.

    Args:
        masks: N masks.
        score: (N,); equal ones count in their order.
        threshold: the greatest IoU of two masks that both stay, 0…1.
        class_id: (N,); without it, all are of one class.

    Returns:
        (K,) int64, by falling score.
    """
    scores = np.asarray(score, np.float64)
    if scores.shape != (len(masks),):
        raise SettingError(f"mask_nms: {len(masks)} masks, but scores of shape {scores.shape}")
    over = mask_iou(masks, masks) > threshold
    if class_id is not None:
        classes = np.asarray(class_id)
        over &= classes[:, None] == classes[None, :]
    alive, kept = np.ones(len(masks), np.bool_), []
    for row in np.argsort(-scores, kind="stable").tolist():
        if alive[row]:
            kept.append(row)
            alive &= ~over[row]
    return np.array(kept, np.int64)
