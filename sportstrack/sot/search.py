"""Find an object again: where do its colours lie close together, and does that place look like it?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sportstrack.boxes import iou
from sportstrack.sot.appearance import Appearance, colour_codes
from sportstrack.sot.types import share_inside
from sportstrack.types import FloatArray, Image

SAME_SIZE = (0.7, 0.85, 1.0, 1.2)  # factors of the last size to search, soon after
OBJECT_SIDE = 24.0  # pixels: the picture is searched at the scale where the object is this large
MIN_INSIDE = 0.5  # share of a candidate that must lie in the image
CANDIDATES = 6  # places looked at closely, per size
AGAINST = 0.5  # of the likelihood expected of the object's pixels: what is less likely votes against
REFINED = 2  # of them all, places whose boxes are refined…
HOPEFUL = 0.6  # …if they have this share of the match that is wanted
LEAST_SHARE = 0.6  # what an unlikely size leaves of the match
SIZE_CHANGE = 0.35  # standard deviation of the logarithm of an object's width and height since it was seen
WATCHED = 3.0  # object sizes beyond where the object can be in which others are watched
OTHERS = 10  # places looked at closely for others
OTHER = 0.5  # of the object's usual likeness: who has that may be mistaken for it
BLINK = 1  # frames that an other may be missed in and still be known where the object can come out
FORGOTTEN = 25  # frames after which an other that is not seen is forgotten
FADED = 8  # frames after which a sighting counts no more
RIVAL = 0.8  # of the best one's rank: who ranks as high may be the object as well
SAME = 0.5  # sizes between two boxes, within `FADED` frames, that are sightings of one
# Small changes of a box's corners, in shares of its size: shifts, and growing or shrinking by both or one of its sides.
STEPS = np.array(
    [
        (1, 0, 1, 0), (-1, 0, -1, 0), (0, 1, 0, 1), (0, -1, 0, -1), (-0.5, -0.5, 0.5, 0.5), (0.5, 0.5, -0.5, -0.5),
        (-0.5, 0, 0.5, 0), (0.5, 0, -0.5, 0), (0, -0.5, 0, 0.5), (0, 0.5, 0, -0.5), (-1, -1, 1, 1), (1, 1, -1, -1),
    ],
    dtype=np.float64,
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """A place that looks like the object.

    Attributes:
        box: (4,) ``xyxy``.
        match: `Appearance.match` of the box, 0…1.
        rank: the same, less where motion did not expect the object or its size.
        rivals: (4,) ``xyxy`` of other places that rank nearly as high.
    """

    box: FloatArray
    match: float
    rank: float
    rivals: tuple[FloatArray, ...] = ()


@dataclass(frozen=True)
class Area:
    """Where the centre of an object can be: within reach of a rectangle.

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
        """Return it with so many pixels more of reach."""
        return replace(self, reach=self.reach + by)

    def away(self, box: FloatArray) -> float:
        """Return the pixels from the rectangle to the centre of a (4,) ``xyxy`` box."""
        middle = (box[:2] + box[2:]) / 2
        return float(np.hypot(*np.maximum(np.maximum(self.low - middle, middle - self.high), 0.0)))

    def nearness(self, box: FloatArray) -> float:
        """Return 1 in the rectangle, less away from it, 0 out of reach."""
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
    """Look for the object by its colours.

    Args:
        image: (H, W, 3) BGR.
        appearance: how it looks.
        size: (2,) its last width and height.
        area: where it can be; None searches the whole picture, without a preference for its last size.
        sizes: factors of the last size to try.
        least: lowest `Appearance.match` of what is returned.
        distractors: what not to return.
    """
    window = _window(image, size, area)
    if window is None:
        return None
    places = _places(image, appearance, size, window, sizes)
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
    """Return the box that looks most like the object, the nearer one if two do; None if none looks enough like it."""
    found = []
    for box in boxes:
        near = 1.0 if area is None else area.nearness(box)
        if (
            not near
            or share_inside(box, image.shape) < MIN_INSIDE
            or (distractors is not None and distractors.is_one(box))
        ):
            continue
        if (match := appearance.match(image, box)) >= least:
            found.append(Candidate(box, match, match * near * _size_share(box, None if area is None else size)))
    found.sort(key=lambda one: -one.rank)
    if not found:
        return None
    best = found[0]
    return replace(best, rivals=tuple(one.box for one in found[1:] if one.rank >= RIVAL * best.rank))


class Distractors:
    """Those who look like the object and are in plain sight while it is not: team mates, whom looks cannot tell.

    All who look like it are followed from frame to frame. Who was first seen where the object cannot be is somebody
    else, wherever he goes; the rest may be it.
    """

    def __init__(self) -> None:
        self._boxes: list[FloatArray] = []
        self._unseen: list[int] = []
        self._other: list[bool] = []

    def is_one(self, box: FloatArray) -> bool:
        """Whether a (4,) ``xyxy`` box lies where somebody else was seen last."""
        return any(other and _apart_by(box, known) < 0.4 for known, other in zip(self._boxes, self._other, strict=True))

    def watch(
        self,
        image: Image,
        appearance: Appearance,
        size: FloatArray,
        area: Area,
        camera: FloatArray | None,
        hiding: FloatArray | None = None,
    ) -> None:
        """Follow them into the next frame, and take in who is new.

        Args:
            image: (H, W, 3) BGR.
            appearance: how the object looks.
            size: (2,) its last width and height.
            area: where it can be: whoever shows up outside is somebody else.
            camera: (2, 3) affine from the frame before, or None.
            hiding: (4,) ``xyxy`` of what hides the object, or has until just now: who shows up there has come out from
                behind it, and is nobody who was seen elsewhere a while ago.
        """
        if camera is not None:
            self._boxes = [moved(known, camera) for known in self._boxes]
        window = _window(image, size, area.grown(WATCHED * float(np.sqrt(np.prod(size)))))
        places = [] if window is None else _places(image, appearance, size, window, (1.0,), OTHERS)
        places = [place for place in places if appearance.match(image, place) >= OTHER * appearance.usual_match]
        for place in self._linked(places, None if hiding is None else Area(hiding[:2], hiding[2:], 0.0)):
            self._boxes.append(place)
            self._unseen.append(0)
            self._other.append(area.away(place) > area.reach)
        kept = [i for i, unseen in enumerate(self._unseen) if unseen <= (FORGOTTEN if self._other[i] else FADED)]
        self._boxes, self._unseen = [self._boxes[i] for i in kept], [self._unseen[i] for i in kept]
        self._other = [self._other[i] for i in kept]

    def _linked(self, places: list[FloatArray], hiding: Area | None) -> list[FloatArray]:
        """Move each other to the nearest place, each to one of its own; return the places that are left."""
        pairs = sorted(
            (_apart_by(place, known), i, j) for i, known in enumerate(self._boxes) for j, place in enumerate(places)
        )
        came_out = [hiding is not None and not hiding.away(place) for place in places]
        self._unseen = [unseen + 1 for unseen in self._unseen]
        taken: set[int] = set()
        for away, i, j in pairs:
            if not self._unseen[i] or j in taken or (came_out[j] and self._unseen[i] > 1 + BLINK):
                continue
            if away < 0.4 + 0.03 * self._unseen[i]:
                self._boxes[i], self._unseen[i] = places[j], 0
                taken.add(j)
        return [place for j, place in enumerate(places) if j not in taken]


class Sightings:
    """Who was found in the last frames, and how often: it takes more than one look to tell the object from a double."""

    def __init__(self) -> None:
        self._boxes: list[FloatArray] = []
        self._frames: list[list[int]] = []

    def lead(self, found: Candidate, frame: int) -> int:
        """Note what was found in a frame, and its rivals; return in how many more frames it was than the next best."""
        kept = [i for i, frames in enumerate(self._frames) if frame - frames[-1] <= FADED]
        self._boxes, self._frames = [self._boxes[i] for i in kept], [self._frames[i] for i in kept]
        for rival in found.rivals:
            self._note(rival, frame)
        row = self._note(found.box, frame)
        return len(self._frames[row]) - max((len(f) for i, f in enumerate(self._frames) if i != row), default=0)

    def _note(self, box: FloatArray, frame: int) -> int:
        away = [_apart_by(box, known) for known in self._boxes]
        row = int(np.argmin(away)) if away else 0
        if not away or away[row] >= SAME:
            self._boxes.append(box)
            self._frames.append([frame])
            return len(self._boxes) - 1
        self._boxes[row] = box
        if self._frames[row][-1] != frame:
            self._frames[row].append(frame)
        return row


def moved(box: FloatArray, camera: FloatArray) -> FloatArray:
    """Return a (4,) ``xyxy`` box moved by the camera's (2, 3) affine."""
    corners: FloatArray = (box.reshape(2, 2) @ camera[:, :2].T + camera[:, 2]).ravel()
    return corners


def _apart_by(box: FloatArray, other: FloatArray) -> float:
    """Return the distance of two boxes' centres in sizes of the second."""
    away = np.hypot(*((box[:2] + box[2:] - other[:2] - other[2:]) / 2))
    return float(away / np.sqrt(np.prod(other[2:] - other[:2])))


def _window(image: Image, size: FloatArray, area: Area | None) -> tuple[int, int, int, int] | None:
    """Return left, top, right, bottom of the part of the image to search; None if there is none."""
    height, width = image.shape[:2]
    if area is None:
        return 0, 0, width, height
    margin = size / 2 + area.reach
    x1, y1 = np.floor(area.low - margin).clip(0, (width, height)).astype(int).tolist()
    x2, y2 = np.ceil(area.high + margin).clip(0, (width, height)).astype(int).tolist()
    return (x1, y1, x2, y2) if x2 - x1 >= 8 and y2 - y1 >= 8 else None


class _Votes:
    """Each pixel votes for (or against) being the object's; the sum over any box comes from one integral image."""

    def __init__(self, image: Image, appearance: Appearance, window: tuple[int, int, int, int], scale: float) -> None:
        import cv2

        x1, y1, x2, y2 = window
        part = image[y1:y2, x1:x2]
        if scale < 1.0:
            part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        probability, usual = appearance.probabilities(colour_codes(np.ascontiguousarray(part)))
        self.scale, self.corner = scale, np.array(window[:2], dtype=np.float64)
        self.sum: FloatArray = cv2.integral(probability - np.float32(AGAINST * usual), sdepth=cv2.CV_64F)


def _places(
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
        if all(overlaps[i, j] < 0.3 for j in kept):
            kept.append(i)
    return kept


def _refined(
    image: Image, appearance: Appearance, box: FloatArray, match: float, usual: FloatArray | None
) -> FloatArray:
    """Shift and scale a box in small steps to where it looks most like the object; its (2,) usual size counts too."""
    best = match * _size_share(box, usual)
    for step in (0.15, 0.15, 0.07):
        size = box[2:] - box[:2]
        start = box
        for change in STEPS:
            trial = start + step * change * np.tile(size, 2)
            if (similarity := appearance.match(image, trial) * _size_share(trial, usual)) > best:
                box, best = trial, similarity
    return box


def _size_share(box: FloatArray, usual: FloatArray | None) -> float:
    """Return 1 for the (2,) usual width and height, less for others; 1 if none is usual."""
    if usual is None:
        return 1.0
    change = np.log((box[2:] - box[:2]) / usual) / SIZE_CHANGE
    return LEAST_SHARE + (1 - LEAST_SHARE) * float(np.exp(-0.5 * float(change @ change) / 2))
