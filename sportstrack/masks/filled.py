"""From filled masks to segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sportstrack.errors import SettingError
from sportstrack.masks.runs import Bools, Segments, box_pixels


def as_bool(mask: Any, where: str) -> Bools:
    """Return an (H, W) mask as bool: numbers other than 0, of fractions those above 0.5, are set; SettingError else."""
    try:
        array = np.asarray(mask)
    except ValueError as error:
        raise SettingError(f"{where}: expected an (H, W) mask ({error})") from error
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise SettingError(f"{where}: expected an (H, W) mask of bool or numbers, got {array.dtype} {array.shape}")
    if array.dtype == np.bool_:
        return array
    return array > 0.5 if array.dtype.kind == "f" else array != 0


def around(mask: Bools) -> tuple[int, int, int, int]:
    """Return the edges (left, top, right, bottom) around a mask's set pixels; all 0 if there are none."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return 0, 0, 0, 0
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[top:bottom].any(axis=0))
    return int(columns[0]), top, int(columns[-1]) + 1, bottom


def segments_of(masks: Sequence[Bools], boxes: ArrayLike | None) -> Segments:
    """Return the segments of (H, W) masks; with (N, 4) boxes, of the pixels inside each mask's box."""
    if boxes is None:
        edges = [around(mask) for mask in masks]
    else:
        edges = box_pixels(boxes, masks[0].shape if masks else (0, 0)).tolist()
        if len(edges) != len(masks):
            raise SettingError(f"Masks.from_array: {len(masks)} masks, but {len(edges)} boxes")
    if not masks:
        return Segments(*(np.zeros(0, np.int64) for _ in range(4)))
    # All boxes' pixels stand in a row, column by column, with one pixel of background below each column: each change
    # from pixel to pixel then begins or ends a segment.
    left, top, right, bottom = np.array(edges, np.int64).T
    height = bottom - top + 1
    sizes = (right - left) * height
    begin = np.cumsum(sizes) - sizes
    line = np.zeros(int(sizes.sum()) + 1, np.bool_)
    for mask, (x1, y1, x2, y2), at, size in zip(masks, edges, begin + 1, sizes, strict=True):
        line[at : at + size].reshape(x2 - x1, y2 - y1 + 1)[:, :-1] = mask[y1:y2, x1:x2].T
    changes = np.flatnonzero(line[1:] != line[:-1])
    start, end = changes[::2], changes[1::2]
    owner = np.searchsorted(begin, start, side="right") - 1
    column, row = np.divmod(start - begin[owner], height[owner])
    first = row + top[owner]
    return Segments(owner, column + left[owner], first, first + end - start)
