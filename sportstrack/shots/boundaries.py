"""Boundaries of shots: hard cuts at once, fades and dissolves half a second later.

Three signs, each after published work:

* *content*, the mean change of hue, saturation and value against its rolling average, as PySceneDetect's content and
  adaptive detectors (B. Castellano, https://www.scenedetect.com). Theirs looks two frames ahead; this one may not;
* *the colour histogram* (Zhang, Kankanhalli, Smoliar: Automatic partitioning of full-motion video, 1993);
* *continuity*: the share of corners that can be followed into the new frame and agree on one motion. It distinguishes
  a cut between two pitches of one green from a fast pan, a zoom or a camera's flash, which change all pixels as well.

A dissolve is a picture half-way between an earlier and a later one that have nothing in common.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import SettingError
from sportstrack.images.check import check_image
from sportstrack.images.corners import LEAST_SIDE, best_corners, halve, thin_out
from sportstrack.images.opencv import require_cv2
from sportstrack.types import FloatArray

CLOSE_UP = 0.45  # median height of the boxes, as a share of the picture's
BLUR = 25  # pixels, side of the neighbourhood over which light is evened out
NOISE = 4.0  # grey levels; contrast below it is not raised
CELL = 24  # pixels; one corner in each cell of a grid
CONTRAST = 3e-5  # of a corner, lesser eigenvalue
LEAST_SIMILARITY = 0.6  # correlation of the patches around a corner
FLAT = 10.0  # grey levels times pixels: a patch with less contrast than this is similar to nothing
PATCH = 5  # pixels on each side of a corner


_SHARES = ("lost", "histogram", "plain_histogram", "fade_histogram", "fade_lost", "linearity", "pale_linearity")


@dataclass(frozen=True)
class Boundary:
    """Where a new shot begins.

    Attributes:
        frame: first frame of the new shot, from 0; earlier identities cannot be trusted. For a cut it is the frame
            just given; for a fade it is the middle, which lies up to half a second back.
        kind: ``cut`` or ``fade`` (a dissolve is one too).
        confidence: 0…1.
    """

    frame: int
    kind: str
    confidence: float


@dataclass(frozen=True)
class ShotConfig:
    """Settings of `ShotDetector`; contents are grey levels, 0…255, shares are 0…1.

    Attributes:
        least_content: a smaller change between two frames is no cut.
        adaptive_ratio: a change below this many times the average of the last half second is no cut either.
        lost: a cut keeps at most this share of the corners that the frame before kept.
        plain_content: where there are too few corners, a change of this much is a cut (PySceneDetect's threshold).
        plain_ratio: such a change is also at least this many times the average.
        plain_histogram: such a change also changes the colour histogram by at least this much.
        histogram: least difference of the colour histograms across a cut.
        least_points: fewest corners that continuity is computed from.
        min_shot: shortest shot, in seconds.
        fade_content: least change between a fade's two sides.
        fade_gaps: seconds between the two pictures that are compared for a fade; each gap is tried.
        fade_histogram: least difference of the colour histograms of those two.
        fade_lost: largest share of common corners of those two.
        linearity: how far a fade's middle may be from the mean of its sides, as a share of their difference.
        pale_linearity: the same where the middle is pale, as a mixture of two pictures is.
        paleness: contrast of a pale middle as a share of its sides' (of their geometric mean).
        fades: look for fades.
    """

    least_content: float = 6.0
    adaptive_ratio: float = 1.4
    lost: float = 0.2
    plain_content: float = 27.0
    plain_ratio: float = 2.0
    plain_histogram: float = 0.3
    histogram: float = 0.08
    least_points: int = 12
    min_shot: float = 0.2
    fade_content: float = 10.0
    fade_gaps: tuple[float, ...] = (0.32, 0.64, 0.96)
    fade_histogram: float = 0.15
    fade_lost: float = 0.12
    linearity: float = 0.3
    pale_linearity: float = 0.4
    paleness: float = 0.92
    fades: bool = True

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"{name}: expected a value from 0 to 1, got {getattr(self, name)!r}")
        if self.min_shot < 0 or any(gap <= 0 for gap in self.fade_gaps):
            raise SettingError("min_shot and fade_gaps: expected seconds, not negative")


@dataclass
class _View:
    """One frame at the sizes that the signs need."""

    grey: NDArray[Any]  # (h, w) at most 400 wide: for corners
    hsv: NDArray[Any]  # (h, w, 3) at most 200 wide: for content and histogram
    histogram: NDArray[Any]  # sums to 1
    coarse: NDArray[Any]  # (h, w, 3) float32, at most 50 wide: for fades
    contrast: float  # of that, grey levels
    content: float = 0.0  # change from the frame before
    kept: tuple[float, int] | None = None  # continuity with the frame before, once computed


class ShotDetector:
    """Finds shot changes in a stream of frames; looks back, never ahead.

    Args:
        config: settings.
        frame_rate: frames per second; scales all times.
    """

    def __init__(self, config: ShotConfig | None = None, *, frame_rate: float = 25.0) -> None:
        if not 0 < frame_rate < float("inf"):
            raise SettingError(f"frame_rate: expected frames per second above 0, got {frame_rate!r}")
        self.config = config or ShotConfig()
        self._min_shot = max(1, round(self.config.min_shot * frame_rate))
        self._gaps = sorted({2 * max(2, round(gap * frame_rate / 2)) for gap in self.config.fade_gaps})
        self._window = max(2, round(0.5 * frame_rate))
        self.reset()

    @property
    def count(self) -> int:
        """Frames seen so far."""
        return self._count

    @property
    def latest(self) -> int:
        """Most frames that a boundary can lie back."""
        return max(self._gaps) // 2

    def reset(self) -> None:
        """Forget everything; frames count from 0 again."""
        self._count = 0
        self._begin()

    def _begin(self) -> None:
        """Begin a shot: later frames are not compared with earlier ones."""
        self._views: deque[_View] = deque(maxlen=max(self._gaps) + 1)
        self._contents: deque[float] = deque(maxlen=self._window)

    def update(self, frame: NDArray[Any]) -> Boundary | None:
        """Look at the next frame, (H, W, 3) uint8 BGR, and return the boundary that it reveals, if any.

        Raises:
            SettingError: if it is no such picture, or smaller than 32 x 32 pixels.
        """
        view = _view(frame)
        index, self._count = self._count, self._count + 1
        boundary = self._compare(view, index) if self._views else None
        if boundary is not None:
            self._begin()
        elif self._views:
            self._contents.append(view.content)
        self._views.append(view)
        return boundary

    def _compare(self, view: _View, index: int) -> Boundary | None:
        before = self._views[-1]
        if before.grey.shape != view.grey.shape:
            return Boundary(index, "cut", 1.0)  # another size of picture is another source
        view.content = _content(before, view)
        if len(self._views) < self._min_shot:
            return None
        confidence = self._cut(before, view)
        if confidence is not None:
            return Boundary(index, "cut", confidence)
        return self._fade(view, index) if self.config.fades else None

    def _cut(self, before: _View, view: _View) -> float | None:
        """Return the confidence that a hard cut lies between two frames, or None."""
        config = self.config
        usual = sum(self._contents) / max(len(self._contents), 1)
        change = _apart(before, view)
        if view.content < max(config.least_content, config.adaptive_ratio * usual) or change < config.histogram:
            return None
        share, points = self._kept(before, view)
        usual_share, usual_points = self._kept(self._views[-2], before) if len(self._views) > 1 else (1.0, points)
        if min(points, usual_points) < config.least_points or usual_share * points < 4:
            if view.content < max(config.plain_content, config.plain_ratio * usual) or change < config.plain_histogram:
                return None
            return _confidence(1.0, view.content / config.plain_content, change)
        if share > config.lost * usual_share:
            return None
        return _confidence(1 - share / usual_share, view.content / config.plain_content, change)

    @staticmethod
    def _kept(before: _View, view: _View) -> tuple[float, int]:
        if view.kept is None:
            view.kept = _continuity(before.grey, view.grey)
        return view.kept

    def _fade(self, view: _View, index: int) -> Boundary | None:
        """Look for a picture in the middle that is the mean of an earlier one and this one."""
        config = self.config
        if len(self._views) < self._gaps[-1]:
            return None
        for gap in self._gaps:
            start, middle = self._views[-gap], self._views[-gap // 2]
            whole = float(np.abs(view.coarse - start.coarse).mean())
            if whole < config.fade_content:
                continue
            bent = float(np.abs(middle.coarse - (start.coarse + view.coarse) / 2).mean()) / whole
            pale = middle.contrast <= config.paleness * (start.contrast * view.contrast) ** 0.5
            change = _apart(start, view)
            if bent > (config.pale_linearity if pale else config.linearity) or change < config.fade_histogram:
                continue
            if max(_continuity(start.grey, view.grey)[0], _continuity(view.grey, start.grey)[0]) <= config.fade_lost:
                confidence = _confidence(1 - bent, whole / config.plain_content, change)
                return Boundary(index - gap // 2, "fade", confidence)
        return None


def is_close_up(xyxy: FloatArray, height: int) -> bool:
    """Return whether a frame is a close-up by its boxes: their median height is a large part of the picture's.

    Args:
        xyxy: (N, 4) boxes in pixels.
        height: of the picture.
    """
    return bool(len(xyxy)) and float(np.median(xyxy[:, 3] - xyxy[:, 1])) >= CLOSE_UP * height


# --- signs -----------------------------------------------------------------------------------------------------------


def _view(frame: Any) -> _View:
    check_image(frame, "shots", least=LEAST_SIDE)
    cv2 = require_cv2()
    small = thin_out(frame, 400)
    smaller = halve(small, 200)
    hsv = cv2.cvtColor(smaller, cv2.COLOR_BGR2HSV)
    histogram = cv2.calcHist([hsv], [0, 1, 2], None, [12, 4, 6], [0, 180, 0, 256, 0, 256])
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    coarse = halve(smaller, 50).astype(np.float32)
    contrast = float(coarse.std(axis=(0, 1)).mean())
    return _View(_even_light(grey), hsv, histogram / (hsv.shape[0] * hsv.shape[1]), coarse, contrast)


def _even_light(grey: NDArray[Any]) -> NDArray[Any]:
    """Give every part of a picture the same brightness and contrast, so that corners survive a change of light."""
    cv2 = require_cv2()
    picture = grey.astype("float32")
    detail = picture - cv2.blur(picture, (BLUR, BLUR))
    spread = cv2.sqrt(cv2.blur(detail * detail, (BLUR, BLUR)))
    even: NDArray[Any] = cv2.convertScaleAbs(detail / (spread + NOISE), alpha=40.0, beta=128.0)
    return even


def _content(before: _View, view: _View) -> float:
    """The mean change over pixels and hue, saturation and value, in levels of 0…255."""
    cv2 = require_cv2()
    return float(sum(cv2.mean(cv2.absdiff(before.hsv, view.hsv))[:3])) / 3


def _apart(before: _View, view: _View) -> float:
    """1 − intersection of the colour histograms."""
    return 1.0 - float(np.minimum(before.histogram, view.histogram).sum())


def _continuity(before: NDArray[Any], after: NDArray[Any]) -> tuple[float, int]:
    """Return the share of one picture's corners that are found again and agree on one motion, and their number."""
    cv2 = require_cv2()
    start = best_corners(before, CELL, CONTRAST).astype(np.float32)
    if len(start) < 4:
        return 0.0, len(start)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)
    end, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, start[:, None], None, winSize=(15, 15), maxLevel=3, criteria=stop
    )
    end = end[:, 0]
    limit = np.array(before.shape[::-1], np.float32)
    kept = (found[:, 0] == 1) & (end >= 0).all(axis=1) & (end < limit).all(axis=1)
    kept[kept] = _similarity(before, start[kept], after, end[kept]) > LEAST_SIMILARITY
    if np.count_nonzero(kept) < 4:
        return 0.0, len(start)
    _, agree = cv2.estimateAffinePartial2D(start[kept], end[kept], ransacReprojThreshold=2.0, maxIters=200)
    return (0.0 if agree is None else float(agree.sum()) / len(start)), len(start)


def _similarity(a: NDArray[Any], at: NDArray[Any], b: NDArray[Any], there: NDArray[Any]) -> NDArray[Any]:
    """(N,) correlation of the patches around points of two pictures; light cancels out."""
    p, q = _patches(a, at), _patches(b, there)
    similarity: NDArray[Any] = np.einsum("ij,ij->i", p, q)
    return similarity


def _patches(grey: NDArray[Any], points: NDArray[Any]) -> NDArray[Any]:
    """(N, P) float32 rows of zero mean and about unit length."""
    side = np.arange(-PATCH, PATCH + 1)
    pixel = np.rint(points).astype(np.int64)
    y = np.clip(pixel[:, 1, None] + side, 0, grey.shape[0] - 1)
    x = np.clip(pixel[:, 0, None] + side, 0, grey.shape[1] - 1)
    seen = grey[y[:, :, None], x[:, None, :]].reshape(len(points), side.size**2)
    patch: NDArray[Any] = seen.astype(np.float32)
    patch -= patch.mean(axis=1, keepdims=True)
    patch /= np.sqrt((patch**2).sum(axis=1, keepdims=True)) + FLAT
    return patch


def _confidence(structure: float, content: float, histogram: float) -> float:
    """Mean of the signs, each clipped to 0…1; structure, the strongest one, counts twice."""
    signs = (structure, structure, content, 2 * histogram)
    return round(sum(min(max(sign, 0.0), 1.0) for sign in signs) / 4, 3)
