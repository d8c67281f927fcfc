"""Find an object again: where are its colours close together, and is that place similar to it?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sportstrack.boxes import iou
from sportstrack.sot.appearance import Appearance, colour_codes
from sportstrack.sot.types import share_inside
from sportstrack.types import FloatArray, Image

if TYPE_CHECKING:
    from sportstrack.sot.distractors import Distractors

SAME_SIZE = (0.7, 0.85, 1.0, 1.2)  # The last size is searched with these factors, soon after the object disappeared.
OBJECT_SIDE = 24.0  # The picture is searched at the scale at which the object has this many pixels across.
MIN_WINDOW = 8  # A part of the picture with fewer pixels across or down is not searched.
MIN_INSIDE = 0.5  # At least this share of a candidate must lie in the image.
CANDIDATES = 6  # So many places are compared closely, for each size.
AGAINST = 0.5  # Pixels below this share of the probability expected of the object's pixels vote against the object.
REFINED = 2  # The boxes of so many places are refined.
HOPEFUL = 0.6  # A place is refined if it has this share of the match that is required.
APART = 0.3  # Two places are the same if their IoU is at least this.
LEAST_SHARE = 0.6  # This share of the match remains to a box of the most unlikely size.
SIZE_CHANGE = 0.35  # Standard deviation of the logarithm of an object's width and height since it was seen.
RIVAL = 0.8  # A candidate with this share of the best rank may be the object as well.
REACHES = (0.15, 0.15, 0.07)  # Lengths of the steps by which a box is refined, one round each, in shares of its size.
# Small changes of a box's corners, in steps: it shifts, or one or both of its sides grow or shrink.
STEPS = np.array(
    [
        (1, 0, 1, 0), (-1, 0, -1, 0), (0, 1, 0, 1), (0, -1, 0, -1), (-0.5, -0.5, 0.5, 0.5), (0.5, 0.5, -0.5, -0.5),
        (-0.5, 0, 0.5, 0), (0.5, 0, -0.5, 0), (0, -0.5, 0, 0.5), (0, 0.5, 0, -0.5), (-1, -1, 1, 1), (1, 1, -1, -1),
    ],
    dtype=np.float64,
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """A box that is similar to the object.

    Attributes:
        box: (4,) ``xyxy``.
        match: `Appearance.match` of the box, 0…1.
        rank: the match, reduced where motion did not expect the object or its size.
        rivals: (4,) ``xyxy`` of other boxes that rank nearly as high.
    """

    box: FloatArray
    match: float
    rank: float
    rivals: tuple[FloatArray, ...] = ()


@dataclass(frozen=True)
class Area:
    """Where the centre of an object can be: within some distance of a rectangle.

    Attributes:
        low: (2,) left and top of the rectangle, pixels.
        high: (2,) right and bottom of it.
        reach: pixels.
    """

    low: FloatArray
    high: FloatArray
    reach: float

    @classmethod
    def around(cls, box: FloatArray, reach: float) -> Area:
        """Return the circle round the centre of a (4,) ``xyxy`` box."""
        middle = (box[:2] + box[2:]) / 2
        return cls(middle, middle, reach)

    def grown(self, by: float) -> Area:
        """Return the area with `by` pixels more of reach."""
        return replace(self, reach=self.reach + by)

    def away(self, box: FloatArray) -> float:
        """Return the pixels from the rectangle to the centre of a (4,) ``xyxy`` box."""
        middle = (box[:2] + box[2:]) / 2
        return float(np.hypot(*np.maximum(np.maximum(self.low - middle, middle - self.high), 0.0)))

    def nearness(self, box: FloatArray) -> float:
        """Return 1 inside the rectangle, less outside of it, and 0 out of reach."""
        away = self.away(box)
        return 0.0 if away > self.reach else 0.5 + 0.5 * float(np.exp(-0.5 * (2 * away / self.reach) ** 2))


def search(
    image: Image,
    appearance: Appearance,
    size: FloatArray,
    area: Area | None,
    *,
    sizes: Sequence[float],
    least: float,
    distractors: Distractors | None = None,
) -> Candidate | None:
    """Search for the object by its colours.

    Args:
        image: (H, W, 3) BGR.
        appearance: of the object.
        size: (2,) its last width and height.
        area: where it can be; None searches the whole picture, without a preference for its last size.
        sizes: factors of the last size to try.
        least: lowest `Appearance.match` of the answer.
        distractors: these are never the answer.
    """
    window = window_around(image, size, area)
    if window is None:
        return None
    places = best_places(image, appearance, size, window, sizes)
    places = [place for place in places if share_inside(place, image.shape) >= MIN_INSIDE]
    if distractors is not None:
        places = [place for place in places if not distractors.is_one(place)]
    matches = [appearance.match(image, place) for place in places]
    hopeful = [i for i in _apart(places, matches)[:REFINED] if matches[i] >= HOPEFUL * least]
    best = [_refined(image, appearance, places[i], matches[i], None if area is None else size) for i in hopeful]
    return choose(image, appearance, best, size, area, least, distractors)


def choose(
    image: Image,
    appearance: Appearance,
    boxes: Iterable[FloatArray],
    size: FloatArray,
    area: Area | None,
    least: float,
    distractors: Distractors | None = None,
) -> Candidate | None:
    """Return the box that is most similar to the object, the nearer one of two; None if none is similar enough."""
    found = []
    for box in boxes:
        near = 1.0 if area is None else area.nearness(box)
        if not near or share_inside(box, image.shape) < MIN_INSIDE:
            continue
        if distractors is not None and distractors.is_one(box):
            continue
        if (match := appearance.match(image, box)) >= least:
            found.append(Candidate(box, match, match * near * _size_share(box, None if area is None else size)))
    found.sort(key=lambda one: -one.rank)
    if not found:
        return None
    best = found[0]
    return replace(best, rivals=tuple(one.box for one in found[1:] if one.rank >= RIVAL * best.rank))


def moved(box: FloatArray, camera: FloatArray) -> FloatArray:
    """Return a (4,) ``xyxy`` box moved by the camera's (2, 3) affine."""
    corners: FloatArray = (box.reshape(2, 2) @ camera[:, :2].T + camera[:, 2]).ravel()
    return corners


def distance_in_sizes(box: FloatArray, other: FloatArray) -> float:
    """Return the distance between the centres of two (4,) ``xyxy`` boxes, in sizes of the second."""
    away = np.hypot(*((box[:2] + box[2:] - other[:2] - other[2:]) / 2))
    return float(away / np.sqrt(np.prod(other[2:] - other[:2])))


def window_around(image: Image, size: FloatArray, area: Area | None) -> tuple[int, int, int, int] | None:
    """Return left, top, right and bottom of the part of the image to search; None if it is too small."""
    height, width = image.shape[:2]
    if area is None:
        return 0, 0, width, height
    margin = size / 2 + area.reach
    x1, y1 = np.floor(area.low - margin).clip(0, (width, height)).astype(int).tolist()
    x2, y2 = np.ceil(area.high + margin).clip(0, (width, height)).astype(int).tolist()
    return (x1, y1, x2, y2) if min(x2 - x1, y2 - y1) >= MIN_WINDOW else None


class _Votes:
    """Each pixel votes for or against being the object's; the sum over any box comes from one integral image."""

    def __init__(self, image: Image, appearance: Appearance, window: tuple[int, int, int, int], scale: float) -> None:
        import cv2

        x1, y1, x2, y2 = window
        part = image[y1:y2, x1:x2]
        if scale < 1.0:
            part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        probability, usual = appearance.probabilities(colour_codes(np.ascontiguousarray(part)))
        self.scale, self.corner = scale, np.array(window[:2], dtype=np.float64)
        self.sum: FloatArray = cv2.integral(probability - np.float32(AGAINST * usual), sdepth=cv2.CV_64F)


def best_places(
    image: Image,
    appearance: Appearance,
    size: FloatArray,
    window: tuple[int, int, int, int],
    sizes: Sequence[float],
    count: int = CANDIDATES,
) -> list[FloatArray]:
    """Return the `count` boxes of each size that hold the most votes."""
    votes = _Votes(image, appearance, window, min(1.0, OBJECT_SIDE / float(np.sqrt(np.prod(size)))))
    return [place for factor in sizes for place in _peaks(votes, size * factor, count)]


def _peaks(votes: _Votes, size: FloatArray, count: int) -> list[FloatArray]:
    w, h = np.maximum((size * votes.scale).round().astype(int), 2).tolist()
    total = votes.sum
    if total.shape[0] <= h or total.shape[1] <= w:
        return []
    inside = total[h:, w:] - total[:-h, w:] - total[h:, :-w] + total[:-h, :-w]
    found = []
    left = inside.copy()
    for _ in range(count):
        y, x = np.unravel_index(int(left.argmax()), left.shape)
        if not np.isfinite(left[y, x]):
            break
        corner = np.array([x, y]) / votes.scale + votes.corner
        found.append(np.concatenate([corner, corner + size]))
        left[max(0, y - h // 2) : y + h // 2 + 1, max(0, x - w // 2) : x + w // 2 + 1] = -np.inf
    return found


def _apart(places: list[FloatArray], matches: list[float]) -> list[int]:
    """Return the rows of the best matches, best first, no two of them in the same place."""
    if not places:
        return []
    table = np.stack(places)
    overlaps = iou(table, table)
    kept: list[int] = []
    for i in np.argsort(matches)[::-1].tolist():
        if all(overlaps[i, j] < APART for j in kept):
            kept.append(i)
    return kept


def _refined(
    image: Image, appearance: Appearance, box: FloatArray, match: float, usual: FloatArray | None
) -> FloatArray:
    """Shift and scale a box in small steps to where it is most similar to the object, whose (2,) usual size counts."""
    best = match * _size_share(box, usual)
    for step in REACHES:
        size = box[2:] - box[:2]
        start = box
        for change in STEPS:
            trial = start + step * change * np.tile(size, 2)
            if (similarity := appearance.match(image, trial) * _size_share(trial, usual)) > best:
                box, best = trial, similarity
    return box


def _size_share(box: FloatArray, usual: FloatArray | None) -> float:
    """Return 1 for the (2,) usual width and height and less for other sizes; 1 if the usual size is unknown."""
    if usual is None:
        return 1.0
    change = np.log((box[2:] - box[:2]) / usual) / SIZE_CHANGE
    return LEAST_SHARE + (1 - LEAST_SHARE) * float(np.exp(-0.5 * float(change @ change) / 2))
