"""Polygons filled to spans: a pixel is set if its middle lies inside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from sportstrack.errors import SettingError
from sportstrack.masks.runs import MaskSpans, Segments, joined, layers


def polygon_spans(parts: Sequence[Sequence[ArrayLike]], shape: tuple[int, int]) -> MaskSpans:
    """Return the spans of polygons of one or several parts each, rings of (K, 2) points x, y."""
    rings = [(row, _points(ring, row)) for row, own in enumerate(parts) for ring in own]
    none = np.zeros(0, np.int64)
    if not rings or not min(shape):
        return MaskSpans(none, none, none)
    begin = np.concatenate([ring for _, ring in rings])
    end = np.concatenate([np.roll(ring, -1, axis=0) for _, ring in rings])
    ring = np.repeat(np.arange(len(rings)), [len(points) for _, points in rings])
    # Edges cross the middles of columns; between every other crossing, the middles of pixels lie inside.
    low, high = np.sort(np.stack([begin[:, 0], end[:, 0]]), axis=0)
    first, last = (np.clip(np.ceil(edge - 0.5), 0, shape[1]).astype(np.int64) for edge in (low, high))
    times = last - first
    column = np.arange(times.sum()) + np.repeat(first - (np.cumsum(times) - times), times)
    edge = np.repeat(np.arange(len(ring)), times)
    share = (column + 0.5 - begin[edge, 0]) / (end[edge, 0] - begin[edge, 0])
    y = begin[edge, 1] + share * (end[edge, 1] - begin[edge, 1])
    row = np.clip(np.ceil(y - 0.5), 0, shape[0]).astype(np.int64)
    order = np.lexsort((row, column, ring[edge]))
    owner, column, row = ring[edge][order], column[order], row[order]
    found = Segments(owner[::2], column[::2], row[::2], row[1::2])
    some = found.bottom > found.top
    spans = joined(Segments(*(part[some] for part in found)), shape[0])
    mask_of = np.array([row for row, _ in rings], np.int64)
    return layers(spans._replace(owner=mask_of[spans.owner]), np.ones_like(spans.owner), 1, len(rings))


def _points(ring: ArrayLike, row: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    try:
        points = np.asarray(ring, np.float64).reshape(-1, 2)
    except (TypeError, ValueError) as error:
        raise SettingError(f"polygons[{row}]: expected points x, y ({error})") from error
    if not np.isfinite(points).all():
        raise SettingError(f"polygons[{row}]: a point is NaN or infinite")
    return points
