"""Masks by their pixels: places looked up, masks made of parts of a picture, the mask on top of each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportstrack.errors import SettingError
from sportstrack.masks.runs import Bools, Ints, Segments, bases, joined, runs
from sportstrack.masks.table import Masks


def values_at(masks: Masks, row: ArrayLike, x: ArrayLike, y: ArrayLike) -> Bools:
    """Return whether masks are set at places: arrays that broadcast to one shape, of which the result is.

    Args:
        masks: N masks.
        row: which of them, 0 to N − 1.
        x: column of the pixel; outside the picture nothing is set.
        y: row of the pixel.
    """
    height, width = masks.shape
    rows, columns, lines = (np.asarray(value, np.int64) for value in (row, x, y))
    inside = (columns >= 0) & (columns < width) & (lines >= 0) & (lines < height) & masks.has[rows]
    if not inside.any():
        return inside
    place = bases(masks.offsets, height * width)[rows] + columns * height + lines
    ends = np.cumsum(masks.counts, dtype=np.int64)
    run = np.searchsorted(ends, np.where(inside, place, 0), side="right")
    found: Bools = ((run - masks.offsets[:-1][rows]) & 1).astype(np.bool_)
    found &= inside
    return found


def masks_of_parts(parts: Sequence[NDArray[Any]], corners: ArrayLike, shape: tuple[int, int]) -> Masks:
    """Return masks of a picture from the parts in which their pixels lie.

    Args:
        parts: N arrays of bool, (h, w) each, not all of one size.
        corners: (N, 2) column and row of each part's first pixel.
        shape: height and width of the picture.

    Raises:
        SettingError: a part reaches out of the picture.
    """
    places = np.asarray(corners, np.int64).reshape(-1, 2)
    sizes = np.array([part.shape for part in parts], np.int64).reshape(-1, 2)
    if len(places) != len(sizes) or (places < 0).any() or (places + sizes[:, ::-1] > (shape[1], shape[0])).any():
        raise SettingError(f"masks: expected {len(places)} parts within a picture of {shape[0]} x {shape[1]} pixels")
    # As in `sportstrack.masks.filled`: all parts in a row, column by column, with a pixel of background below each.
    height = sizes[:, 0] + 1
    lengths = sizes[:, 1] * height
    begin = np.cumsum(lengths) - lengths
    line = np.zeros(int(lengths.sum()) + 1, np.bool_)
    for part, at, length, tall in zip(parts, begin + 1, lengths, height, strict=True):
        line[at : at + length].reshape(-1, tall)[:, :-1] = part.T
    changes = np.flatnonzero(line[1:] != line[:-1])
    start, end = changes[::2], changes[1::2]
    owner = np.searchsorted(begin, start, side="right") - 1
    column, top = np.divmod(start - begin[owner], height[owner])
    column, top = column + places[owner, 0], top + places[owner, 1]
    found = joined(Segments(owner, column, top, top + end - start), shape[0])
    counts, offsets = runs(found, np.ones(len(parts), np.bool_), shape[0] * shape[1])
    return Masks(shape, counts, offsets)


def labels(masks: Masks, order: ArrayLike | None = None) -> NDArray[np.int32]:
    """Return an (H, W) picture of numbers: 0 where no mask is, else 1 + the row of the mask that is on top.

    Args:
        masks: N masks.
        order: (N,) rows, the one on top first; None: the first row is on top.
    """
    pixels, owner = _pixels(masks, order)
    flat = np.zeros(masks.shape[0] * masks.shape[1], np.int32)
    flat[pixels] = owner + 1
    picture: NDArray[np.int32] = flat.reshape(masks.shape[1], masks.shape[0]).T
    return picture


def _pixels(masks: Masks, order: ArrayLike | None) -> tuple[Ints, Ints]:
    """Return the set pixels as places of a column-major picture, and their masks: those of the last mask first."""
    found = masks.spans()
    rank = np.arange(len(masks))
    if order is not None:
        rows = np.asarray(order, np.int64)
        if rows.shape != rank.shape or (np.sort(rows) != rank).any():
            raise SettingError(f"masks: expected an order of the rows 0 to {len(masks) - 1}, each once")
        rank[rows] = np.arange(len(masks))
    sort = np.argsort(-rank[found.owner], kind="stable")
    owner, start, end = (column[sort] for column in found)
    length = end - start
    begin = np.cumsum(length) - length
    return np.arange(int(length.sum())) + np.repeat(start - begin, length), np.repeat(owner, length)
