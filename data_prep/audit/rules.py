"""Rules for boxes and tracks, each a function from a table to the rows that break it; audit and repair share them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from data_prep.table import NO_SEQUENCE, NO_TRACK, Table
from sportstrack.types import BoolArray, FloatArray, IntArray

Pairs: TypeAlias = NDArray[np.int64]
"""(K, 2) rows of boxes: the one that stays, the culprit."""


def limits(table: Table) -> FloatArray:
    """(N, 2) width and height of each box's picture; infinite where the picture's size is unknown."""
    size = table.images.size[table.boxes.image].astype(np.float64)
    return np.where(size > 0, size, np.inf)


def not_finite(table: Table) -> BoolArray:
    """(N,) True for boxes with NaN or infinity."""
    return np.asarray(~np.isfinite(table.boxes.xyxy).all(axis=1))


def no_size(table: Table) -> BoolArray:
    """(N,) True for finite boxes whose width or height is 0 or less."""
    side = _sides(table)
    return np.asarray(~not_finite(table) & ~(side > 0).all(axis=1))


def outside(table: Table) -> BoolArray:
    """(N,) True for sound boxes that have no pixel in common with their picture."""
    xyxy = table.boxes.xyxy
    with np.errstate(invalid="ignore"):
        beside = (xyxy[:, :2] >= limits(table)).any(axis=1) | (xyxy[:, 2:] <= 0).any(axis=1)
    return np.asarray(sound(table) & beside)


def overhang(table: Table) -> FloatArray:
    """(N,) pixels by which a box sticks out of its picture; 0 for those inside, wholly outside or unsound."""
    xyxy = table.boxes.xyxy
    with np.errstate(invalid="ignore"):
        out = np.maximum((-xyxy[:, :2]).max(axis=1), (xyxy[:, 2:] - limits(table)).max(axis=1))
    return np.where(sound(table) & ~outside(table), np.maximum(out, 0.0), 0.0)


def sound(table: Table) -> BoolArray:
    """(N,) True for finite boxes with a width and a height."""
    return np.asarray(~not_finite(table) & (_sides(table) > 0).all(axis=1))


def repeated_ids(table: Table) -> Pairs:
    """Return pairs of boxes that share picture and identity; each later one with the first."""
    boxes = table.boxes
    rows = np.flatnonzero((boxes.track_id != NO_TRACK) & sound(table))
    order = rows[np.lexsort((rows, boxes.track_id[rows], boxes.image[rows]))]
    same = (np.diff(boxes.image[order]) == 0) & (np.diff(boxes.track_id[order]) == 0)
    first = np.maximum.accumulate(np.where(np.concatenate([[True], ~same])[: len(order)], np.arange(len(order)), 0))
    culprits = np.flatnonzero(np.concatenate([[False], same])[: len(order)])
    pairs = np.stack([order[first[culprits]], order[culprits]], axis=1).reshape(-1, 2)
    return pairs[np.argsort(pairs[:, 1], kind="stable")]


def near_duplicates(table: Table, overlap: float) -> Pairs:
    """Return pairs of boxes of one picture and class whose IoU is at least ``overlap``; ids repeated are left out."""
    boxes = table.boxes
    rows = np.flatnonzero(sound(table) & ~boxes.ignore)
    order = rows[np.lexsort((rows, boxes.class_id[rows], boxes.image[rows]))]
    key = np.stack([boxes.image[order], boxes.class_id[order]], axis=1)
    found = []
    # Pairs at distance 1, 2, … in the order by picture and class: a few dozen array operations for any data set.
    for step in range(1, len(order)):
        near = np.flatnonzero((key[step:] == key[:-step]).all(axis=1))
        if not len(near):
            break
        a, b = order[near], order[near + step]
        other = (boxes.track_id[a] != boxes.track_id[b]) | (boxes.track_id[a] == NO_TRACK)
        hit = other & (pair_iou(boxes.xyxy[a], boxes.xyxy[b]) >= overlap)
        found.append(np.stack([a[hit], b[hit]], axis=1))
    pairs = np.concatenate(found) if found else np.empty((0, 2), np.int64)
    _, first = np.unique(pairs[:, 1], return_index=True)
    return pairs[first].astype(np.int64)


def pair_iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """(K,) IoU of the rows of two (K, 4) arrays."""
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    common = np.prod(np.maximum(high - low, 0.0), axis=1)
    areas = np.prod(a[:, 2:] - a[:, :2], axis=1) + np.prod(b[:, 2:] - b[:, :2], axis=1)
    return np.asarray(common / np.maximum(areas - common, 1e-12))


def jumps(table: Table, heights: float) -> tuple[Pairs, FloatArray]:
    """Find identities that move more than ``heights`` body heights per frame between two of their boxes.

    Returns:
        (K, 2) rows before and after, and (K,) body heights per frame. The body's height is the mean of both boxes'; for
        a class of small things, such as the ball, it is the usual one of its clip.
    """
    boxes, frame = table.boxes, table.images.frame[table.boxes.image]
    order = track_order(table)
    same = _same_track(table, order)
    a, b = order[:-1][same], order[1:][same]
    gap = frame[b] - frame[a]
    tall = _bodies(table, order) / 2
    moved = np.linalg.norm((boxes.xyxy[b, :2] + boxes.xyxy[b, 2:] - boxes.xyxy[a, :2] - boxes.xyxy[a, 2:]) / 2, axis=1)
    speed = moved / np.maximum(tall[a] + tall[b], 1e-9) / np.maximum(gap, 1)
    hit = (speed > heights) & (gap > 0)
    return np.stack([a[hit], b[hit]], axis=1), speed[hit]


def track_order(table: Table) -> IntArray:
    """Return the rows of sound boxes that have an identity in a clip, by clip, identity and frame."""
    boxes = table.boxes
    clip = table.images.sequence[boxes.image]
    kept = sound(table) & (boxes.track_id != NO_TRACK) & (clip != NO_SEQUENCE) & ~boxes.ignore
    rows = np.flatnonzero(kept)
    frame = table.images.frame[boxes.image[rows]]
    order = rows[np.lexsort((rows, frame, boxes.track_id[rows], clip[rows]))]
    again = np.zeros(len(order), np.bool_)  # second boxes of an identity in a frame are findings of their own
    again[1:] = (np.diff(boxes.image[order]) == 0) & (np.diff(boxes.track_id[order]) == 0)
    first: IntArray = order[~again]
    return first


def track_lengths(table: Table) -> tuple[IntArray, IntArray]:
    """Return (T,) the first box of each track and (T,) its number of boxes."""
    order = track_order(table)
    if not len(order):
        return order, order
    begins = np.flatnonzero(np.concatenate([[True], ~_same_track(table, order)]))
    return order[begins], np.diff(np.append(begins, len(order)))


def _bodies(table: Table, order: IntArray) -> FloatArray:
    """(N,) heights to measure movements by: a box's own, or, for classes less than half as high, the clip's median."""
    height: FloatArray = _sides(table)[:, 1].copy()
    kind = table.boxes.class_id
    if len(table.classes) < 2:
        return height
    clip = table.images.sequence[table.boxes.image]
    for one in np.unique(clip[order]).tolist():
        rows = order[clip[order] == one]
        usual = float(np.median(height[rows]))
        for small in np.unique(kind[rows]).tolist():
            mine = rows[kind[rows] == small]
            if np.median(height[mine]) < usual / 2:
                height[mine] = usual
    return height


def _same_track(table: Table, order: IntArray) -> BoolArray:
    clip = table.images.sequence[table.boxes.image[order]]
    return np.asarray((np.diff(clip) == 0) & (np.diff(table.boxes.track_id[order]) == 0))


def _sides(table: Table) -> FloatArray:
    with np.errstate(invalid="ignore"):
        sides: FloatArray = table.boxes.xyxy[:, 2:] - table.boxes.xyxy[:, :2]
    return sides
