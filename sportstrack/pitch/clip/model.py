"""The painted lines of a pitch as points, and which of them line pixels belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.clip.views import Sight
from sportstrack.pitch.model import Line, Pitch

STEP = 0.5
"""Metres between two points of a line."""
_PARALLEL = 0.94  # cosine from which on two directions are one
_NEAREST = 3
REACH = 4.0
"""Pixels from a painted line within which line pixels are beside it."""
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
        sight: of the points.
        normal: (V, 2) unit vectors across the line, in the picture.
        half: pixels from a point to the middle between it and the next, at most.
    """

    index: npt.NDArray[np.int64]
    sight: Sight
    normal: Floats
    half: float

    @property
    def pixels(self) -> Floats:
        """(V, 2)."""
        return self.sight.pixels


def in_view(painted: Painted, shared: Floats, view: Floats, size: tuple[int, int], margin: float = MARGIN) -> InView:
    """Return the painted points within the picture and a margin around it, in pixels."""
    every = Sight.of(shared, view, painted.points, (size[0] / 2, size[1] / 2))
    index = np.flatnonzero((every.depth > 0.5) & _within(every.pixels, -margin, np.add(size, margin)))
    sight = every.take(index)
    x, y = sight.ways(painted.along[index])
    length = np.hypot(x, y)
    normal = np.stack([-y, x], axis=1) / np.maximum(length, 1e-9)[:, None]
    return InView(index, sight, normal, min(float(length.max(initial=0.0)) * STEP / 2, 0.1 * size[0]))


def _within(pixels: Floats, least: float, most: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return whether pixels (N, 2) are between two corners; column by column, which is quicker than row by row."""
    (x, y), (right, bottom) = pixels.T, np.asarray(most)
    return np.asarray((x > least) & (x < right) & (y > least) & (y < bottom))


@dataclass(frozen=True, eq=False)
class LinePairs:
    """Line pixels and the painted points they belong to.

    Attributes:
        row: (N,) rows of the line pixels.
        at: (N,) rows of `InView`.
        away: (N,) pixels from the line pixels to the nearest painted points.
    """

    row: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    away: Floats


def pair(lines: Floats, seen: InView, gate: float) -> LinePairs:
    """Return which painted points line pixels (N, 3) belong to: nearest across, parallel, within ``gate`` pixels."""
    if not len(lines) or len(seen.index) < _NEAREST:
        none = np.empty(0, np.int64)
        return LinePairs(none, none, np.empty(0))
    from scipy.spatial import cKDTree

    tree = cKDTree(seen.pixels, balanced_tree=False, compact_nodes=False)
    found = tree.query(lines[:, :2], k=_NEAREST, distance_upper_bound=gate + 1.1 * seen.half)
    away, near = (np.asarray(one) for one in found)
    # a last column, very far away, stands for the neighbours that are missing
    table = np.full((4, len(seen.index) + 1), 1e9)
    table[:2, :-1], table[2:, :-1], table[2:, -1] = seen.pixels.T, seen.normal.T, 1.0
    (at_x, at_y, to_x, to_y), (x, y, angle) = table[:, near.T], lines.T
    across = np.abs((x - at_x) * to_x + (y - at_y) * to_y)
    along = np.abs(to_x * np.cos(angle) + to_y * np.sin(angle))
    across[(along < _PARALLEL) | (across > gate)] = np.inf
    best = across.argmin(0)
    every = np.arange(len(lines))
    row = np.flatnonzero(across[best, every] <= gate)
    return LinePairs(row, near[row, best[row]], away[row, 0])


def support(lines: Floats, seen: InView, size: tuple[int, int]) -> tuple[float, float, float]:
    """Return how well the painted points in view and the line pixels agree.

    Returns:
        The length in pixels of the painted lines in the picture, the part of it beside which line pixels are, and the
        part of the line pixels that lie on painted lines.
    """
    on = len(pair(lines, seen, REACH).row)
    return *covered(lines, seen, size), on / max(1, len(lines))


def covered(lines: Floats, seen: InView, size: tuple[int, int]) -> tuple[float, float]:
    """Return the length in pixels of the painted lines in the picture, and the part beside which line pixels are."""
    inside = _within(seen.pixels, 0.0, size)
    pixels, normal = seen.pixels[inside], seen.normal[inside]
    if len(pixels) < _NEAREST:
        return 0.0, 0.0
    # one painted point for each four pixels, so that far lines do not count more than near ones
    column, row = (pixels / 4.0).astype(np.int64).T
    first = np.full((size[1] // 4 + 1) * (size[0] // 4 + 1), -1)
    first[(row * (size[0] // 4 + 1) + column)[::-1]] = np.arange(len(pixels))[::-1]
    first = first[first >= 0]
    pixels, normal = pixels[first], normal[first]
    if not len(lines):
        return 4.0 * len(pixels), 0.0
    from scipy.spatial import cKDTree

    tree = cKDTree(lines[:, :2], balanced_tree=False, compact_nodes=False)
    near = np.asarray(tree.query(pixels, k=1, distance_upper_bound=REACH + 3.0)[1])
    hit = near < len(lines)
    pixels, normal, (x, y, angle) = pixels[hit], normal[hit], lines[near[hit]].T
    across = np.abs((x - pixels[:, 0]) * normal[:, 0] + (y - pixels[:, 1]) * normal[:, 1])
    along = np.abs(np.cos(angle) * normal[:, 0] + np.sin(angle) * normal[:, 1])
    found = (across <= REACH) & (along >= _PARALLEL)
    return 4.0 * len(first), float(found.sum()) / len(first)
