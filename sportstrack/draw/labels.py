"""Where labels go: beside their own player, on no head, on no other label, inside the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.types import BoolArray, FloatArray

HEAD = 0.24  # share of a box's height
HEAD_WIDTH = 0.6  # share of its width
KEEP = 0.6  # a label moves only to a place that is better by this
RINGS = (0.0, 1.2, 2.6)  # heights of a label by which places lie farther away
COVERS = 1e3  # the price of a place where a label would cover what it must not
GAP = 0.2  # of a label's height, between label and player

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
        spots: list[Spot | None] = [None] * len(ids)
        placed = np.empty((len(ids), 4))
        chosen: dict[int, int] = {}
        for row in sorted(range(len(ids)), key=ids.__getitem__):
            places, others = near[row], placed[: len(chosen)]
            price = prices[row] + COVERS * _touches(places, others)
            before = self._last.get(ids[row], 0)
            if price.min() >= COVERS or before >= len(price):  # farther away, which few labels need
                more, cost = self._options(xyxy[row : row + 1], sizes[row : row + 1], scene, RINGS[1:])
                places = np.concatenate([places, more[0]])
                price = np.concatenate([price, cost[0] + COVERS * _touches(more[0], others)])
            best = int(price.argmin())
            if ids[row] in self._last and price[before] <= price[best] + KEEP:
                best = before
            if price[best] >= COVERS and not always:
                continue
            where = scene.pushed_in(places[best])
            placed[len(chosen)] = where
            chosen[ids[row]] = best
            spots[row] = Spot(int(where[0]), int(where[1]), best >= len(self._turns))
        self._last = chosen
        return spots

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
