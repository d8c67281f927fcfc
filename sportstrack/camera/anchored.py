"""Where each picture lies in the first one: the corners of a key picture are followed into every later picture.

Steps from picture to picture add their errors up. A key picture serves as long as enough of its corners are in view,
so the error grows with the number of keys, not of frames, and a camera that stands still stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.camera.affine import apply, enlarge, fit_points, free_of, is_plausible, read_boxes
from sportstrack.camera.images import Grey
from sportstrack.images.check import check_image
from sportstrack.images.corners import LEAST_SIDE, best_corners, halve
from sportstrack.images.opencv import require_cv2
from sportstrack.types import FloatArray, Image

STILL = np.eye(2, 3)
WIDTH = 400  # pictures are halved until they are at most this wide
CELL, CONTRAST = 24, 1e-5  # as in sportstrack.camera.flow
WINDOW, LEVELS, ROUNDS = 15, 3, 10
TOLERANCE = 1.0  # shrunken pixels up to which a corner agrees
LEAST = 8  # corners that must agree
SHARE = 0.35  # lowest share of the corners in view that must agree
REFRESH = 0.5  # with a smaller share of the key's corners, this picture becomes the key
ALIKE = 4.0  # grey levels up to which two pictures without corners show the same, on average
AT_REST = 0.75  # shrunken pixels; a picture nearer to the first one than this has not moved


@dataclass
class _Key:
    grey: Grey
    points: FloatArray  # (N, 2) pixel centres of the shrunken picture
    place: FloatArray  # (2, 3) first picture → this one, shrunken pixels


class AnchoredMotion:
    """Places pictures in the first one of their scene; feed every frame in order.

    Attributes:
        scene: number of the scene, from 0; a picture that nothing connects to those before begins another.
    """

    def __init__(self) -> None:
        self.scene = 0
        self._key: _Key | None = None
        self._last: tuple[Grey, FloatArray] | None = None

    def reset(self) -> None:
        """Begin another scene with the next picture."""
        if self._key is not None:
            self.scene += 1
        self._key = self._last = None

    def update(self, image: Image, xyxy: FloatArray) -> FloatArray:
        """Return the (2, 3) affine from the scene's first picture to this one, in pixels.

        Args:
            image: (H, W, 3) BGR, before anything is drawn into it.
            xyxy: (N, 4) boxes of what moves by itself.

        Raises:
            SettingError: if it is no picture, or the boxes are not (N, 4).
        """
        boxes = read_boxes(xyxy)
        check_image(image, "camera motion", least=LEAST_SIDE)
        grey = halve(require_cv2().cvtColor(image, require_cv2().COLOR_BGR2GRAY), WIDTH)
        scale = np.array(image.shape[1::-1]) / grey.shape[::-1]
        free = free_of(boxes, scale, (grey.shape[0], grey.shape[1]))
        if self._last is not None and self._last[0].shape != grey.shape:
            self.reset()
        place = self._place(grey, free)
        if place is None:
            self.reset()
            place = STILL
        elif _rests(place, grey.shape):
            place = STILL
        if self._key is None:
            self._key = _Key(grey, best_corners(grey, CELL, CONTRAST, free), place)
        self._last = (grey, place)
        return place if place is STILL else enlarge(place, scale)

    def _place(self, grey: Grey, free: Grey) -> FloatArray | None:
        """Return the affine of a shrunken picture, and make it the key if little of the old one is in view."""
        key, last = self._key, self._last
        if key is None or last is None:
            return None
        found = _follow(key, grey, free, last[1])
        if found is None:  # too far from the key: from the picture before
            key = _Key(last[0], best_corners(last[0], CELL, CONTRAST, free), last[1])
            found = _follow(key, grey, free, last[1])
        if found is None:
            alike = np.abs(grey.astype(np.int16) - last[0]).mean() <= ALIKE
            return last[1] if alike else None
        place, share = found
        size = (grey.shape[1], grey.shape[0])
        if not is_plausible(_between(last[1], place), size):
            return None
        self._key = key if share >= REFRESH else _Key(grey, best_corners(grey, CELL, CONTRAST, free), place)
        return place


def _follow(key: _Key, grey: Grey, free: Grey, guess: FloatArray) -> tuple[FloatArray, float] | None:
    """Return the affine of a picture and the share of the key's corners that agree; None without agreement.

    Corners are looked for where `guess`, the affine of the picture before, puts them.
    """
    if len(key.points) < LEAST:
        return None
    cv2 = require_cv2()
    expected = apply(_between(key.place, guess), key.points)
    height, width = grey.shape
    inside = ((expected >= 0) & (expected < (width, height))).all(axis=1)
    if np.count_nonzero(inside) < LEAST:
        return None
    start, expected = key.points[inside], expected[inside]
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, ROUNDS, 0.03)
    end, reached, _ = cv2.calcOpticalFlowPyrLK(
        key.grey,
        grey,
        _points(start),
        _points(expected),
        winSize=(WINDOW, WINDOW),
        maxLevel=LEVELS,
        criteria=stop,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    landed = end.reshape(-1, 2).astype(np.float64)
    pixel = np.rint(landed.clip(-1, max(height, width))).astype(np.int64)
    keep = (reached.ravel() == 1) & ((pixel >= 0) & (pixel < (width, height))).all(axis=1)
    keep[keep] = free[pixel[keep, 1], pixel[keep, 0]] > 0
    step = fit_points(start[keep], landed[keep], TOLERANCE, LEAST, SHARE)
    if step is None:
        return None
    off = np.linalg.norm(apply(step, start[keep]) - landed[keep], axis=1)
    return joined(key.place, step), float(np.count_nonzero(off <= TOLERANCE)) / len(key.points)


def joined(first: FloatArray, then: FloatArray) -> FloatArray:
    """Return the (2, 3) affine that does one thing and then another."""
    linear = then[:, :2]
    both: FloatArray = np.column_stack([linear @ first[:, :2], linear @ first[:, 2] + then[:, 2]])
    return both


def inverse(affine: FloatArray) -> FloatArray:
    """Return the (2, 3) affine that leads back."""
    linear = np.linalg.inv(affine[:, :2])
    back: FloatArray = np.column_stack([linear, -linear @ affine[:, 2]])
    return back


def _between(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the affine from one placed picture to another."""
    return joined(inverse(one), other)


def _points(rows: FloatArray) -> Any:
    return np.ascontiguousarray(rows, np.float32).reshape(-1, 1, 2)


def _rests(place: FloatArray, shape: tuple[int, ...]) -> bool:
    height, width = shape[:2]
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)], np.float64)
    return bool(np.abs(apply(place, corners) - corners).max() <= AT_REST)
