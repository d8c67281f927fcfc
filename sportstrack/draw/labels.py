"""Where labels go: beside their own player, on no head, on no other label, inside the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from sportstrack.types import BoolArray, FloatArray

HEAD = 0.24  # share of a box's height
HEAD_WIDTH = 0.6  # share of its width
KEEP = 0.6  # a label moves only to a place that is better by this
RINGS = (0.0, 1.2, 2.6)  # heights of a label by which places lie farther away
COVERS = 1e3  # the price of a place where a label would cover what it must not
GAP = 0.2  # of a label's height, between label and player

_NOWHERE = np.empty(4)
_BELOW_FIRST = ((0, 1), (0, -1), (1, 1), (-1, 1), (1, 0), (-1, 0), (1, -1), (-1, -1))
_ABOVE_FIRST = ((0, -1), (0, 1), (1, -1), (-1, -1), (1, 0), (-1, 0), (1, 1), (-1, 1))


@dataclass(frozen=True)
class Spot:
    """Where a label goes.

    Attributes:
        x: left edge in pixels.
        y: top edge.
        leader: the label is far enough to need a line to its player.
    """

    x: int
    y: int
    leader: bool


def heads(xyxy: FloatArray) -> FloatArray:
    """Return the (N, 4) boxes of the heads of standing players, from (N, 4) boxes."""
    middle, half = (xyxy[:, 0] + xyxy[:, 2]) / 2, HEAD_WIDTH / 2 * (xyxy[:, 2] - xyxy[:, 0])
    bottom = xyxy[:, 1] + HEAD * (xyxy[:, 3] - xyxy[:, 1])
    return np.column_stack([middle - half, xyxy[:, 1], middle + half, bottom])


class Placer:
    """Places the labels of one frame after the other, and keeps them where they are if that is good.

    Args:
        below_first: try the place at the feet first, else the one above the head.
    """

    def __init__(self, *, below_first: bool) -> None:
        self._turns = np.array(_BELOW_FIRST if below_first else _ABOVE_FIRST, np.float64)
        self._last: dict[int, int] = {}

    def place(
        self,
        ids: list[int],
        xyxy: FloatArray,
        sizes: FloatArray,
        taken: FloatArray,
        people: FloatArray,
        picture: tuple[int, int],
        always: bool = False,
    ) -> list[Spot | None]:
        """Return a place for each label, or None where there is none.

        Args:
            ids: of the tracks with a label.
            xyxy: (N, 4) their boxes.
            sizes: (N, 2) width and height of the labels.
            taken: (M, 4) places that no label may cover.
            people: (P, 4) boxes of everyone; labels keep off their heads, and off their bodies where they can.
            picture: width and height.
            always: place a label also where it covers something.
        """
        if not ids:
            self._last = {}
            return []
        scene = _Surroundings(np.concatenate([taken, heads(people)]), people, np.array(picture, np.float64))
        near, prices = self._options(xyxy, sizes, scene, RINGS[:1])
        cheapest = prices.min(axis=1).tolist()
        spots: list[Spot | None] = [None] * len(ids)
        placed = np.empty((len(ids), 4))
        boxes: list[Sequence[float]] = []  # the same as `placed`, for single comparisons
        chosen: dict[int, int] = {}
        for row in sorted(range(len(ids)), key=ids.__getitem__):
            best, place = self._kept(ids[row], prices[row], cheapest[row], near[row], boxes)
            if best is None:
                farther = partial(self._options, xyxy[row : row + 1], sizes[row : row + 1], scene, RINGS[1:])
                best, place = self._best(
                    self._last.get(ids[row]), near[row], prices[row], placed[: len(boxes)], farther, always
                )
            if best is None:
                continue
            where = place if best < len(self._turns) and prices[row, best] < COVERS else scene.pushed_in(place)
            placed[len(boxes)] = where
            boxes.append(where.tolist())
            chosen[ids[row]] = best
            spots[row] = Spot(int(where[0]), int(where[1]), best >= len(self._turns))
        self._last = chosen
        return spots

    def _kept(
        self, track: int, prices: FloatArray, cheapest: float, places: FloatArray, placed: list[Sequence[float]]
    ) -> tuple[int | None, FloatArray]:
        """Return the place of the last frame where it is still good, which a glance tells, or None and no place.

        Labels that were placed before only make places dearer, so no other place can be much better than it.
        """
        before = self._last.get(track, len(prices))
        if before >= len(prices) or prices[before] >= COVERS or prices[before] > cheapest + KEEP:
            return None, _NOWHERE
        x1, y1, x2, y2 = places[before].tolist()
        if any(x1 < right and left < x2 and y1 < bottom and top < y2 for left, top, right, bottom in placed):
            return None, _NOWHERE
        return before, places[before]

    def _best(
        self,
        before: int | None,
        places: FloatArray,
        prices: FloatArray,
        others: FloatArray,
        farther: Callable[[], tuple[FloatArray, FloatArray]],
        always: bool,
    ) -> tuple[int | None, FloatArray]:
        """Return the number of the best place and the place, or None and no place where there is none."""
        price = prices + COVERS * _touches(places, others)
        if price.min() >= COVERS or (before or 0) >= len(price):  # farther away, which few labels need
            more, cost = farther()
            places = np.concatenate([places, more[0]])
            price = np.concatenate([price, cost[0] + COVERS * _touches(more[0], others)])
        best = int(price.argmin())
        if before is not None and price[before] <= price[best] + KEEP:
            best = before
        if price[best] >= COVERS and not always:
            return None, _NOWHERE
        return best, places[best]

    def _options(
        self, xyxy: FloatArray, sizes: FloatArray, scene: _Surroundings, rings: tuple[float, ...]
    ) -> tuple[FloatArray, FloatArray]:
        """Return (N, K, 4) places of labels in whole pixels, and (N, K) how bad they are."""
        turns, away = np.tile(self._turns, (len(rings), 1)), np.repeat(rings, len(self._turns))
        middle = (xyxy[:, :2] + xyxy[:, 2:]) / 2
        room = (xyxy[:, 2:] - xyxy[:, :2] + sizes) / 2 + GAP * sizes[:, 1:]  # centre to centre
        centre = middle[:, None] + turns * (room[:, None] + away[:, None] * sizes[:, None, 1:])
        corner = np.rint(centre - sizes[:, None] / 2)
        places = np.concatenate([corner, corner + sizes[:, None]], axis=2)
        preference = 0.25 * np.tile(np.arange(len(self._turns)), len(rings)) + 3.0 * away
        area = np.repeat(sizes[:, 0] * sizes[:, 1], places.shape[1])
        return places, scene.price(places.reshape(-1, 4), area).reshape(len(xyxy), -1) + preference


@dataclass(frozen=True, eq=False)
class _Surroundings:
    """What labels keep off: (M, 4) places that they never cover, (P, 4) bodies, the picture's border."""

    taken: FloatArray
    people: FloatArray
    size: FloatArray

    def price(self, places: FloatArray, area: FloatArray) -> FloatArray:
        """(K,) the share of bodies that places of labels cover, and much more where they must not be."""
        wrong = _touches(places, self.taken)
        wrong |= (places[:, :2] < 0).any(axis=1) | (places[:, 2:] > self.size).any(axis=1)
        price: FloatArray = 4.0 * _overlap(places, self.people).sum(axis=1) / area + COVERS * wrong
        return price

    def pushed_in(self, box: FloatArray) -> FloatArray:
        """Return a box, moved into the picture as far as it fits."""
        corner = np.maximum(np.minimum(box[:2], self.size - box[2:] + box[:2]), 0)
        return np.concatenate([corner, corner + box[2:] - box[:2]])


def _touches(places: FloatArray, others: FloatArray) -> BoolArray:
    """(K,) whether places of labels cover one of the (M, 4) others."""
    touches: BoolArray = np.logical_or.reduce(_overlap(places, others) > 0, axis=1)
    return touches


def _overlap(a: FloatArray, b: FloatArray) -> FloatArray:
    """(A, B) shared area of boxes."""
    wide = np.minimum(a[:, 2, None], b[:, 2]) - np.maximum(a[:, 0, None], b[:, 0])
    high = np.minimum(a[:, 3, None], b[:, 3]) - np.maximum(a[:, 1, None], b[:, 1])
    shared: FloatArray = np.maximum(wide, 0) * np.maximum(high, 0)
    return shared
