"""Masks as COCO codes them: run lengths, column by column, as a list or as a text; and polygons around masks.

Run lengths come from files of strangers, so sizes, letters and sums are checked before anything is allotted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_prep.polygons import bridged, turned
from sportstrack.errors import FormatError
from sportstrack.types import FloatArray, IntArray

MAX_PIXELS = 1 << 27  # of a mask
_MAX_LETTERS = 6  # of one number in the text; 5 bits each


def mask_runs(segmentation: Any, where: str) -> tuple[IntArray, tuple[int, int]]:
    """Return the run lengths of a mask, background first, and its (height, width).

    Where the last run of background is left out, it is added.

    Args:
        segmentation: COCO's dictionary of ``size`` and ``counts``.
        where: file and place, for messages.

    Raises:
        FormatError: what is wrong with it.
    """
    if not isinstance(segmentation, dict) or not {"size", "counts"} <= segmentation.keys():
        raise FormatError(f"{where}: segmentation is no mask; expected size and counts")
    size, counts = segmentation["size"], segmentation["counts"]
    if not isinstance(size, list) or len(size) != 2 or not all(type(side) is int and side >= 1 for side in size):
        raise FormatError(f"{where}: the mask's size is {str(size)[:40]}; expected height and width in pixels")
    height, width = size
    if height * width > MAX_PIXELS:
        raise FormatError(f"{where}: the mask has {height} x {width} pixels; at most {MAX_PIXELS:,} are read")
    if isinstance(counts, bytes):  # as pycocotools gives them
        counts = counts.decode("latin-1")
    runs = _listed(counts) if isinstance(counts, list) else _decoded(counts) if isinstance(counts, str) else None
    if runs is None or not len(runs) or (runs < 0).any() or (runs > height * width).any():
        raise FormatError(f"{where}: the mask's counts are no run lengths")
    rest = height * width - int(runs.sum())
    if rest < 0:
        raise FormatError(f"{where}: the mask's counts add up to {runs.sum()}, but it has {height} x {width} pixels")
    return runs if not rest else np.append(runs, [rest] if len(runs) % 2 == 0 else [0, rest]), (height, width)


def runs_box(runs: IntArray, height: int) -> tuple[int, int, int, int]:
    """Return the left, top, right and bottom edge of the set pixels; all 0 if there are none."""
    ends = np.cumsum(runs)
    first, last = ends[: len(ends) // 2 * 2 : 2], ends[1::2] - 1
    first, last = first[last >= first], last[last >= first]
    if not len(first):
        return 0, 0, 0, 0
    tall = first // height != last // height  # such a run touches bottom and top
    top = 0 if tall.any() else int((first % height).min())
    bottom = height if tall.any() else int((last % height).max()) + 1
    return int(first[0]) // height, top, int(last[-1]) // height + 1, bottom


def runs_polygons(runs: IntArray, height: int) -> list[FloatArray]:
    """Return polygons, each (K, 2), along the edges of the set pixels; they cover these pixels and no others."""
    left, top, right, bottom = runs_box(runs, height)
    if right == left:
        return []
    ends = np.clip(np.cumsum(runs), left * height, right * height)
    values = np.arange(len(ends)) % 2 == 1
    columns = np.repeat(values, np.diff(ends, prepend=left * height)).reshape(right - left, height)
    return [ring + (left, top) for ring in mask_polygons(columns.T[top:bottom])]


def mask_polygons(mask: NDArray[Any]) -> list[FloatArray]:
    """Return polygons, each (K, 2), along the edges of an (H, W) mask's set pixels.

    Pixels that touch at a corner are of one part. A hole is reached over a bridge without width.
    """
    from sportstrack.images.opencv import require_cv2

    cv2 = require_cv2()
    # OpenCV's contours run through the middles of pixels. In a mask of twice the size, the middles v of the pixels on
    # an edge give the edge's place: (v + 1) // 2, for left and right edges alike, and for those of holes.
    double = np.ascontiguousarray(mask != 0, np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    contours, tree = cv2.findContours(double, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    rings = [_corners((contour.reshape(-1, 2) + 1) // 2) for contour in contours]
    holes: dict[int, list[FloatArray]] = {i: [] for i in range(len(rings)) if tree[0][i][3] < 0}
    for ring, (_, _, _, parent) in zip(rings, tree[0].tolist() if rings else [], strict=True):
        if parent >= 0:
            holes[parent].append(turned(ring, clockwise=False))
    return [bridged(turned(rings[i]), inside) for i, inside in holes.items()]


def _corners(ring: NDArray[Any]) -> FloatArray:
    """Drop points that stand twice or on a straight line."""
    ring = ring[(ring != np.roll(ring, 1, axis=0)).any(axis=1)]
    before, after = ring - np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0) - ring
    bend = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    back = (before * after).sum(axis=1) < 0
    return np.asarray(ring[bend | back], np.float64)


def _listed(counts: list[Any]) -> IntArray | None:
    if not all(type(count) is int and 0 <= count <= MAX_PIXELS for count in counts):
        return None
    return np.array(counts, np.int64)


def _decoded(text: str) -> IntArray | None:
    """Return the run lengths of COCO's text: numbers in letters of 5 bits, from the third on as differences."""
    if not text or not text.isascii():
        return None
    letters = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    last = (letters & 0x20) == 0
    if (letters < 0).any() or (letters > 63).any() or not last[-1]:
        return None
    starts = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])
    lengths = np.diff(np.append(starts, len(letters)))
    if lengths.max() > _MAX_LETTERS:
        return None
    shift = 5 * (np.arange(len(letters)) - np.repeat(starts, lengths))
    values = np.add.reduceat((letters & 0x1F) << shift, starts)
    negative = (letters[last] & 0x10) != 0
    values[negative] -= 1 << (5 * lengths[negative])
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values
