"""Where labels go: beside their own player, on no head, on no other label, inside the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.types import FloatArray

HEAD = 0.24  # share of a box's height
HEAD_WIDTH = 0.6  # share of its width
KEEP = 0.6  # a label moves only to a place that is better by this
RINGS = (0.0, 1.2, 2.6)  # heights of a label by which places lie farther away
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
        directions = _BELOW_FIRST if below_first else _ABOVE_FIRST
        self._turns = np.array([turn for _ in RINGS for turn in directions], np.float64)
        self._rings = np.repeat(RINGS, len(directions))
        order = np.tile(np.arange(len(directions)), len(RINGS))
        self._preference = 0.25 * order + 3.0 * self._rings
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
        if not len(ids):
            self._last = {}
            return []
        places = self._candidates(xyxy, sizes)
        flat = places.reshape(-1, 4)
        free = ~(_overlap(flat, np.concatenate([taken, heads(people)])) > 0).any(axis=1)
        free &= ((flat[:, :2] >= 0) & (flat[:, 2:] <= picture)).all(axis=1)
        area = np.repeat(sizes[:, 0] * sizes[:, 1], places.shape[1])
        cost = 4.0 * _overlap(flat, people).sum(axis=1) / area
        cost = cost.reshape(len(ids), -1) + self._preference
        cost[~free.reshape(cost.shape)] += 1e3
        spots: list[Spot | None] = [None] * len(ids)
        placed = np.empty((len(ids), 4))
        chosen: dict[int, int] = {}
        count = 0
        for row in sorted(range(len(ids)), key=ids.__getitem__):
            price = cost[row] + 1e3 * (_overlap(places[row], placed[:count]) > 0).any(axis=1)
            best = int(price.argmin())
            before = self._last.get(ids[row])
            if before is not None and price[before] <= price[best] + KEEP:
                best = before
            if price[best] >= 1e3 and not always:
                continue
            where = _inside(places[row, best], picture)
            placed[count], count = where, count + 1
            chosen[ids[row]] = best
            spots[row] = Spot(int(where[0]), int(where[1]), bool(self._rings[best] > 0))
        self._last = chosen
        return spots

    def _candidates(self, xyxy: FloatArray, sizes: FloatArray) -> FloatArray:
        """(N, K, 4) whole pixels."""
        middle = (xyxy[:, :2] + xyxy[:, 2:]) / 2
        gap = GAP * sizes[:, 1]
        room = (xyxy[:, 2:] - xyxy[:, :2]) / 2 + sizes / 2 + gap[:, None]  # centre to centre, where they touch
        away = room[:, None] + (self._rings[:, None] * sizes[:, None, 1:])
        centre = middle[:, None] + self._turns * away
        corner = np.rint(centre - sizes[:, None] / 2)
        return np.concatenate([corner, corner + sizes[:, None]], axis=2)


def _overlap(a: FloatArray, b: FloatArray) -> FloatArray:
    """(A, B) shared area of boxes."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    side = (high - low).clip(0)
    shared: FloatArray = side[..., 0] * side[..., 1]
    return shared


def _inside(box: FloatArray, picture: tuple[int, int]) -> FloatArray:
    """Return a box pushed into the picture as far as it fits."""
    size = box[2:] - box[:2]
    corner = np.minimum(box[:2], np.array(picture) - size).clip(0)
    return np.concatenate([corner, corner + size])
