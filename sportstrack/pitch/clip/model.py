"""The painted lines of a pitch as points, and which of them line pixels belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.views import project
from sportstrack.pitch.model import Line, Pitch

STEP = 0.5
"""Metres between two points of a line."""
_ALONG = 0.02  # metres, for the direction
_PARALLEL = 0.94  # cosine from which on two directions are one
_NEAREST = 3
MARGIN = 10.0  # pixels around the picture


@dataclass(frozen=True, eq=False)
class Painted:
    """What is painted on the ground.

    Attributes:
        points: (S, 3) in metres, `STEP` apart, with height 0.
        along: (S, 3) unit vectors along the line.
        part: (S,) which line or arc of the pitch it is, in the order of `names`.
        names: of the lines and arcs.
    """

    points: Floats
    along: Floats
    part: npt.NDArray[np.int64]
    names: tuple[str, ...]

    @classmethod
    def of(cls, pitch: Pitch) -> Painted:
        """Return the points of a pitch's lines and arcs."""
        points, along, part = [], [], []
        names = (*pitch.lines, *pitch.arcs)
        for number, one in enumerate(pitch.parts):
            where = one.points(STEP)
            if isinstance(one, Line):
                way = np.broadcast_to(np.subtract(one.end, one.start), where.shape)
            else:
                spoke = where - np.asarray(one.centre)
                way = np.column_stack([-spoke[:, 1], spoke[:, 0]])
            points.append(where)
            along.append(way / np.linalg.norm(way, axis=1, keepdims=True))
            part.append(np.full(len(where), number))
        flat = np.concatenate(points)
        level = np.zeros((len(flat), 1))
        return cls(np.hstack([flat, level]), np.hstack([np.concatenate(along), level]), np.concatenate(part), names)


@dataclass(frozen=True, eq=False)
class InView:
    """The painted points that a view has in its picture.

    Attributes:
        index: (V,) rows of `Painted`.
        pixels: (V, 2).
        normal: (V, 2) unit vectors across the line, in the picture.
        half: pixels from a point to the middle between it and the next, at most.
    """

    index: npt.NDArray[np.int64]
    pixels: Floats
    normal: Floats
    half: float


def in_view(painted: Painted, shared: Floats, view: Floats, size: tuple[int, int], margin: float = MARGIN) -> InView:
    """Return the painted points within the picture and a margin around it, in pixels."""
    principal = (size[0] / 2, size[1] / 2)
    (pixels,), (depth,) = project(shared, view[None], painted.points, principal)
    inside = (depth > 0.5) & _within(pixels, -margin, np.add(size, margin))
    index = np.flatnonzero(inside)
    (ahead,), _ = project(shared, view[None], painted.points[index] + _ALONG * painted.along[index], principal)
    way = ahead - pixels[index]
    length = np.hypot(way[:, 0], way[:, 1])[:, None]
    way /= np.maximum(length, 1e-12)
    half = float(length.max(initial=0.0)) * STEP / _ALONG / 2
    return InView(index, pixels[index], np.column_stack([-way[:, 1], way[:, 0]]), min(half, 0.1 * size[0]))


def _within(pixels: Floats, least: float, most: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return whether pixels (N, 2) are between two corners; column by column, which is quicker than row by row."""
    (x, y), (right, bottom) = pixels.T, np.asarray(most)
    return np.asarray((x > least) & (x < right) & (y > least) & (y < bottom))


@dataclass(frozen=True, eq=False)
class LinePairs:
    """Line pixels and the painted points they belong to.

    Attributes:
        row: (N,) rows of the line pixels.
        index: (N,) rows of `Painted`.
        normal: (N, 2) across the line at the painted point, in the picture.
    """

    row: npt.NDArray[np.int64]
    index: npt.NDArray[np.int64]
    normal: Floats


def pair(lines: Floats, seen: InView, gate: float) -> LinePairs:
    """Return which painted points line pixels (N, 3) belong to: nearest across, parallel, within ``gate`` pixels."""
    if not len(lines) or len(seen.index) < _NEAREST:
        none = np.empty(0, np.int64)
        return LinePairs(none, none, np.empty((0, 2)))
    from scipy.spatial import cKDTree

    distance, near = cKDTree(seen.pixels).query(lines[:, :2], k=_NEAREST, distance_upper_bound=gate + 1.1 * seen.half)
    found = np.isfinite(distance)
    near = np.where(found, near, 0)
    normal = seen.normal[near]
    at, (x, y, angle) = seen.pixels[near], lines.T[..., None]
    across = np.abs((x - at[..., 0]) * normal[..., 0] + (y - at[..., 1]) * normal[..., 1])
    along = np.abs(normal[..., 0] * np.cos(angle) + normal[..., 1] * np.sin(angle))
    fits = found & (along >= _PARALLEL) & (across <= gate)
    best = np.where(fits, across, np.inf).argmin(1)
    row = np.flatnonzero(fits.any(1))
    chosen = near[row, best[row]]
    return LinePairs(row, seen.index[chosen], seen.normal[chosen])


def support(lines: Floats, seen: InView, size: tuple[int, int], reach: float = 4.0) -> tuple[float, float, float]:
    """Return how well the painted points in view and the line pixels agree.

    Returns:
        The length in pixels of the painted lines in the picture, the part of it beside which line pixels are, and the
        part of the line pixels that lie on painted lines.
    """
    inside = _within(seen.pixels, 0.0, size)
    pixels, normal = seen.pixels[inside], seen.normal[inside]
    if len(pixels) < _NEAREST:
        return 0.0, 0.0, 0.0
    # one painted point for each four pixels, so that far lines do not count more than near ones
    cell = np.floor(pixels / 4.0).astype(np.int64) @ (1, 1 << 20)
    _, first = np.unique(cell, return_index=True)
    pixels, normal = pixels[first], normal[first]
    if not len(lines):
        return 4.0 * len(pixels), 0.0, 0.0
    from scipy.spatial import cKDTree

    own = np.column_stack([np.cos(lines[:, 2]), np.sin(lines[:, 2])])
    distance, near = cKDTree(lines[:, :2]).query(pixels, k=1, distance_upper_bound=reach + 3.0)
    hit = np.isfinite(distance)
    near = np.where(hit, near, 0)
    across = np.abs(((lines[near, :2] - pixels) * normal).sum(1))
    hit &= (across <= reach) & (np.abs((own[near] * normal).sum(1)) >= _PARALLEL)
    on = len(pair(lines, seen, reach).row)
    return 4.0 * len(pixels), float(hit.mean()), on / len(lines)
