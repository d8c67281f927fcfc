"""Overlaps of all pairs of masks, from their run lengths alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportstrack.errors import SettingError
from sportstrack.masks.runs import Ints, bases, extents, parities, touching
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
    _same_picture(a, b)
    edges = [extents(table.spans(), len(table), table.shape[0]) for table in (a, b)]
    i, j = np.nonzero(touching(*edges))
    shared = np.zeros((len(a), len(b)), np.int64)
    shared[i, j] = pair_intersections(a, b, i, j)
    return shared


def pair_intersections(a: Masks, b: Masks, i: Ints, j: Ints) -> Ints:
    """Return the number of pixels that rows i of a and rows j of b have in common, (P,)."""
    _same_picture(a, b)
    height, pixels = a.shape[0], a.shape[0] * a.shape[1]
    others, edges = b.spans(), extents(a.spans(), len(a), a.shape[0])
    # How many pixels of all masks of a are set before a place is linear within a run, so a span of b has as many in
    # common with a mask as that number grows over it.
    ends = np.cumsum(a.counts, dtype=np.int64)
    is_set = np.append(parities(a.offsets), False)
    begins = np.append(ends - a.counts, ends[-1:])
    before = np.concatenate([[0], np.cumsum(np.where(is_set[:-1], a.counts, 0), dtype=np.int64)])
    base = bases(a.offsets, pixels)
    number = np.bincount(others.owner, minlength=len(b))
    at = np.cumsum(number) - number
    shared = np.zeros(len(i), np.int64)
    for part in _parts(number[j]):
        row, other = i[part], j[part]
        times = number[other]
        rows = np.arange(times.sum()) + np.repeat(at[other] - (np.cumsum(times) - times), times)
        pair = np.repeat(np.arange(len(row)), times)
        left, right = edges[row, 0] * height, edges[row, 2] * height
        inside = (others.start[rows] < right[pair]) & (others.end[rows] > left[pair])
        rows, pair = rows[inside], pair[inside]
        growth = np.zeros(len(rows), np.int64)
        for column, sign in ((others.end, 1), (others.start, -1)):
            places = column[rows] + base[row][pair]
            run = np.searchsorted(ends, places, side="right")
            growth += sign * (before[run] + (places - begins[run]) * is_set[run])
        shared[part] = np.bincount(pair, growth, len(row))
    return shared


def _same_picture(a: Masks, b: Masks) -> None:
    if len(a) and len(b) and a.shape != b.shape:
        (h, w), (tall, wide) = a.shape, b.shape
        raise SettingError(f"masks of pictures of {h} x {w} and {tall} x {wide} pixels cannot be compared; use at()")


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
