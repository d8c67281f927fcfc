"""Polygons of boxes: one flat array of points, with offsets for parts and boxes, so that large tables stay fast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.types import BoolArray, FloatArray, IntArray

_NO_AREA = 1e-9  # square pixels; a piece with less is what rounding leaves of an edge
_LIMITS = (
    (0, 1.0),
    (0, -1.0),
    (1, 1.0),
    (1, -1.0),
)  # the picture's sides: axis, and on which side of it the picture is


@dataclass(frozen=True, eq=False)
class Polygons:
    """The polygons of N boxes. A box has none, one part, or several; a part has no holes.

    Attributes:
        points: (P, 2) float64 x and y in continuous pixels, of all parts one after the other.
        part: (R + 1,) int64: the points of part r are rows ``part[r]`` to ``part[r + 1]``; at least three.
        box: (N + 1,) int64: the parts of box i are ``box[i]`` to ``box[i + 1]``.
    """

    points: FloatArray
    part: IntArray
    box: IntArray

    def __len__(self) -> int:
        return len(self.box) - 1

    def __getitem__(self, rows: Any) -> Polygons:
        """Return the polygons of the boxes picked by an index array, a mask or a slice."""
        parts, box = _picked(self.box, np.arange(len(self))[rows])
        points, part = _picked(self.part, parts)
        return Polygons(self.points[points], part, box)

    @classmethod
    def make(cls, boxes: Iterable[Sequence[FloatArray]]) -> Polygons:
        """Make a column of the parts of each box; each part is (K, 2)."""
        given = [list(parts) for parts in boxes]
        parts = [part for one in given for part in one]
        points = np.concatenate(parts).astype(np.float64) if parts else np.empty((0, 2))
        return cls(points, _offsets(map(len, parts)), _offsets(map(len, given)))

    @classmethod
    def none(cls, count: int) -> Polygons:
        """Return the column of boxes that have no polygon."""
        return cls(np.empty((0, 2)), np.zeros(1, np.int64), np.zeros(count + 1, np.int64))

    @classmethod
    def join(cls, columns: Sequence[Polygons]) -> Polygons:
        """Return columns one after the other."""
        return cls(
            np.concatenate([np.empty((0, 2)), *(c.points for c in columns)]),
            _offsets(np.concatenate([np.empty(0, np.int64), *(np.diff(c.part) for c in columns)])),
            _offsets(np.concatenate([np.empty(0, np.int64), *(np.diff(c.box) for c in columns)])),
        )

    @property
    def there(self) -> BoolArray:
        """(N,) True for boxes that have a polygon."""
        return self.box[1:] > self.box[:-1]

    @property
    def box_of_point(self) -> IntArray:
        """(P,) the box that each point belongs to."""
        return np.repeat(self._box_of_part(), np.diff(self.part))

    def of(self, row: int) -> list[FloatArray]:
        """Return the parts of a box, each (K, 2)."""
        return [self.points[self.part[r] : self.part[r + 1]] for r in range(self.box[row], self.box[row + 1])]

    def moved(self, points: FloatArray) -> Polygons:
        """Return the polygons with other values for the same points."""
        return replace(self, points=points)

    def extents(self) -> FloatArray:
        """(N, 4) corners of the upright boxes around the polygons; NaN where there is none."""
        found = np.full((len(self), 4), np.nan)
        there = self.there
        if there.any():
            starts = self.part[self.box[:-1][there]]
            found[there] = np.hstack(
                [np.minimum.reduceat(self.points, starts), np.maximum.reduceat(self.points, starts)]
            )
        return found

    def areas(self) -> FloatArray:
        """(N,) square pixels: the sum over the parts; 0 where there is no polygon."""
        found = np.zeros(len(self))
        np.add.at(found, self._box_of_part(), np.abs(self._signed_areas()))
        return found

    def clip(self, size: Any, rows: BoolArray | None = None) -> Polygons:
        """Cut off what lies outside the pictures; a part may fall into several, or vanish.

        Args:
            size: (N, 2) width and height of each box's picture.
            rows: (N,) the boxes to cut; None: all.
        """
        if not len(self.points):
            return self
        limit = np.broadcast_to(np.asarray(size, np.float64), (len(self), 2))
        owner = self._box_of_part()
        low, high = (f.reduceat(self.points, self.part[:-1]) for f in (np.minimum, np.maximum))
        beside = np.any((high <= 0) | (low >= limit[owner]), axis=1)
        cut = beside | np.any((low < 0) | (high > limit[owner]), axis=1)
        if rows is not None:
            cut &= rows[owner]
        if not cut.any():
            return self
        rows_cut = np.flatnonzero(cut)
        pieces = [
            [] if beside[r] else clip_ring(self.points[self.part[r] : self.part[r + 1]], *limit[owner[r]].tolist())
            for r in rows_cut.tolist()
        ]
        # the whole parts and the pieces, in the order of the parts that they come from
        source = np.concatenate([np.flatnonzero(~cut), np.repeat(rows_cut, [len(found) for found in pieces])])
        both = Polygons.join([self._parts(np.flatnonzero(~cut)), Polygons.make(pieces)])
        parts = both._parts(np.argsort(source, kind="stable"))
        return replace(parts, box=_offsets(np.bincount(owner[source], minlength=len(self))))

    def with_rectangles(self, xyxy: FloatArray) -> Polygons:
        """Return the polygons, and for boxes without one their own four corners."""
        if self.there.all():
            return self
        corners = xyxy[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
        return Polygons.make(self.of(row) if there else [corners[row]] for row, there in enumerate(self.there.tolist()))

    def in_one_part(self) -> Polygons:
        """Return the polygons with the parts of each box joined by bridges without width; area and extent stay."""
        if (np.diff(self.box) <= 1).all():
            return self
        return Polygons.make([join_parts(parts)] if parts else [] for parts in map(self.of, range(len(self))))

    def _parts(self, rows: IntArray) -> Polygons:
        """Return some parts, as if of one box."""
        points, part = _picked(self.part, rows)
        return Polygons(self.points[points], part, np.array([0, len(rows)]))

    def _box_of_part(self) -> IntArray:
        return np.repeat(np.arange(len(self)), np.diff(self.box))

    def _signed_areas(self) -> FloatArray:
        if not len(self.points):
            return np.empty(0)
        first = self.part[:-1]
        following = np.arange(1, len(self.points) + 1)
        following[self.part[1:] - 1] = first
        # counted from the part's first point, because far from 0 the products lose digits
        near = self.points - np.repeat(self.points[first], np.diff(self.part), axis=0)
        x, y = near.T
        return np.asarray(np.add.reduceat(x * y[following] - x[following] * y, first) / 2)


def clip_ring(ring: FloatArray, width: float, height: float) -> list[FloatArray]:
    """Return the parts of a (K, 2) polygon that lie within a picture of this size."""
    rings = [ring]
    for axis, sign in _LIMITS:
        edge = 0.0 if sign > 0 else (width, height)[axis]
        rings = [piece for one in rings for piece in _cut(one, axis, sign, edge)]
    return [one for one in rings if len(one) >= 3 and abs(ring_area(one)) > _NO_AREA]


def ring_area(ring: FloatArray) -> float:
    """Return the signed area of a (K, 2) polygon; positive where it runs clockwise on the screen."""
    x, y = (ring - ring[0]).T
    return float((x * _from(y, 1) - _from(x, 1) * y).sum() / 2)


def join_parts(parts: Sequence[FloatArray]) -> FloatArray:
    """Return one (K, 2) polygon that runs through all parts, over bridges without width between near points."""
    joined = [turned(part) for part in parts]
    return bridged(joined[0], joined[1:])


def turned(ring: FloatArray, clockwise: bool = True) -> FloatArray:
    """Return a polygon in the wanted direction, so that areas of joined ones add up."""
    return ring if (ring_area(ring) >= 0) == clockwise else ring[::-1]


def bridged(ring: FloatArray, others: Sequence[FloatArray]) -> FloatArray:
    """Return a polygon that leaves ``ring`` for each of the others and comes back the same way.

    A hole is such a polygon in the other direction.
    """
    from scipy.spatial import cKDTree

    for other in others:
        found: Any = cKDTree(ring).query(other)
        j = int(np.argmin(found[0]))
        i = int(found[1][j])
        a, b = _from(ring, i), _from(other, j)
        ring = np.concatenate([a, a[:1], b, b[:1]])
    return ring


def _cut(ring: FloatArray, axis: int, sign: float, edge: float) -> list[FloatArray]:
    """Return what of a polygon lies on one side of a line across ``axis``; pieces are closed along the line."""
    side = sign * (ring[:, axis] - edge)
    inside = side >= 0
    if inside.all():
        return [ring]
    if not inside.any():
        return []
    chains = _chains(ring, side, axis, edge)
    # Along the line the polygon's inside lies between the first and the second crossing, the third and the fourth, ….
    places = np.array([chain[end, 1 - axis] for chain in chains for end in (0, -1)])
    order = np.argsort(places, kind="stable")
    partner = np.empty(len(places), np.int64)
    partner[order] = order.reshape(-1, 2)[:, ::-1].reshape(-1)
    pieces, left = [], set(range(len(chains)))
    while left:
        first = left.pop()
        run, end = [chains[first]], 2 * first + 1
        while (end := int(partner[end])) != 2 * first:
            number, backwards = divmod(end, 2)
            left.discard(number)
            run.append(chains[number][::-1] if backwards else chains[number])
            end = 2 * number + 1 - backwards
        pieces.append(_without_repeats(np.concatenate(run)))
    return pieces


def _chains(ring: FloatArray, side: FloatArray, axis: int, edge: float) -> list[FloatArray]:
    """Return the runs of points on the wanted side, each from where it crosses the line to where it crosses back."""
    entry = int(np.flatnonzero((side >= 0) & (_from(side, -1) < 0))[0])
    ring, side = _from(ring, entry), _from(side, entry)
    inside = side >= 0
    starts = np.flatnonzero(inside & ~_from(inside, -1))
    stops = np.flatnonzero(inside & ~_from(inside, 1))

    def crossing(within: int, beyond: int) -> FloatArray:
        share = side[within] / (side[within] - side[beyond])
        point = ring[within] + share * (ring[beyond] - ring[within])
        point[axis] = edge
        return np.asarray(point[None])

    count = len(ring)
    return [
        np.concatenate([crossing(a, a - 1), ring[a : b + 1], crossing(b, (b + 1) % count)])
        for a, b in zip(starts.tolist(), stops.tolist(), strict=True)
    ]


def _without_repeats(ring: FloatArray) -> FloatArray:
    return np.asarray(ring[(ring != _from(ring, -1)).any(axis=1)])


def _from(rows: NDArray[Any], first: int) -> NDArray[Any]:
    """Return the rows around the circle, beginning at one of them; numpy's roll takes five times as long."""
    return np.concatenate([rows[first:], rows[:first]])


def _offsets(lengths: Iterable[int] | IntArray) -> IntArray:
    counts: IntArray = lengths if isinstance(lengths, np.ndarray) else np.array(list(lengths), np.int64)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def _picked(offsets: IntArray, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Return the places of the elements of some rows, and these rows' offsets among them."""
    counts = offsets[rows + 1] - offsets[rows]
    new = _offsets(counts)
    return np.arange(new[-1]) + np.repeat(offsets[rows] - new[:-1], counts), new
