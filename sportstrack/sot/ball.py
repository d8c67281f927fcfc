"""Follow the ball: small, fast, often unseen, and often mistaken for something else.

A detector and a visual tracker complete each other. Where the detector finds the ball within its reach, that box
counts. Where it does not, the tracker continues from the frame before, as long as its box has the ball's colours. Where
both fail, motion guesses for a few frames. A detection out of reach is an outlier, unless it comes several times in a
row: then the track before was wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.classes import ball_ids
from sportstrack.errors import SettingError
from sportstrack.sot.appearance import Appearance
from sportstrack.sot.methods import Follower
from sportstrack.sot.motion import BoxFilter
from sportstrack.sot.types import NOWHERE, SotResult, read_image, share_inside
from sportstrack.types import BoolArray, Detect, Detections, FloatArray, Image, IntArray, as_detections

MIN_INSIDE = 0.5  # At least this share of the visual tracker's box must lie in the picture.
GUESS_INSIDE = 0.2  # A guess with less than this share of it in the picture is worthless.
RIVAL_REACH = 2.0  # Two outliers nearer than this many times `BallSettings.reach` are the same ball.


@dataclass(frozen=True)
class BallSettings:
    """When a box is accepted as the ball.

    Attributes:
        score: Lowest score of a detection that continues the track.
        start: Lowest score of a detection that starts one.
        reach: A detection continues the track within (reach + widening · unseen frames) · the ball's size of where
            motion expects it.
        widening: See `reach`.
        confirm: So many detections in a row, each near the last, prove the track before them wrong.
        follow: The visual tracker may fill so many frames between detections.
        bridge: Motion may guess for so many frames after that.
        low: The visual tracker's box must have this share of the ball's colours.
    """

    score: float = 0.1
    start: float = 0.3
    reach: float = 3.0
    widening: float = 1.5
    confirm: int = 3
    follow: int = 12
    bridge: int = 8
    low: float = 0.6


class BallTracker:
    """Finds the ball by a detector and follows it. It needs no box to start from: `update` alone is enough.

    Each answer depends on the frames up to its own only. `fill_gaps` closes short gaps afterwards.

    Args:
        detector: a callable ``frames -> list[Detections]`` with ``names``; None if `update` is given detections.
        classes: class ids that are the ball; None takes them from the detector's names.
        method: the visual tracker, csrt by default; None uses none.
        settings: a `BallSettings`; None is its defaults.

    Raises:
        SettingError: if the detector has no class for the ball; the message lists its classes.
    """

    def __init__(
        self,
        detector: Detect | None = None,
        *,
        classes: list[int] | None = None,
        method: str | None = "csrt",
        settings: BallSettings | None = None,
    ) -> None:
        self.settings = settings or BallSettings()
        self._detector = detector
        self._classes = ball_classes(getattr(detector, "names", {})) if classes is None and detector else classes
        self._follower = None if method is None else Follower(method)
        self.reset()

    def reset(self) -> None:
        """Forget the ball, for the next video."""
        self._shape: tuple[int, ...] | None = None
        self._motion: BoxFilter | None = None
        self._before: Image | None = None  # the last frame, where the visual tracker starts when it is needed
        self._last: FloatArray = np.full(4, np.nan)
        self._unseen = self._undetected = 0
        self._following = False
        self._rivals: list[FloatArray] = []

    def update(self, frame: Image, detections: Any = None) -> SotResult:
        """Return the ball's box in the next frame, its score and the state.

        Args:
            frame: (H, W, 3) BGR or (H, W) grey, uint8.
            detections: this frame's `Detections`, if the detector has been run already.

        Raises:
            SettingError: if the frame is no picture or of another size, or there is neither detector nor detections.
        """
        image = read_image(frame, self._shape)
        self._shape = image.shape[:2]
        balls = self._balls(image, detections)
        expected = self._motion.step() if self._motion is not None else None
        result = self._detected(image, balls, expected)
        if result is None:
            result = self._tracked(image, expected)
        self._before = image
        return result

    def _balls(self, image: Image, detections: Any) -> Detections:
        if detections is None:
            if self._detector is None:
                raise SettingError("update(): expected detections, since there is no detector")
            detections = self._detector([image])[0]
        table = as_detections(detections)
        keep = table.score >= self.settings.score
        keep &= True if table.valid is None else table.valid
        if self._classes is not None:
            keep &= np.isin(table.class_id, self._classes)
        return table[keep]

    def _detected(self, image: Image, balls: Detections, expected: FloatArray | None) -> SotResult | None:
        """Return the believable detection, if there is one."""
        if expected is None:
            good = np.flatnonzero(balls.score >= self.settings.start)
            return self._take(image, balls, int(good[balls.score[good].argmax()])) if len(good) else None
        size = float(np.sqrt(np.prod(self._last[2:] - self._last[:2])))
        reach = size * (self.settings.reach + self.settings.widening * self._unseen)
        away = np.hypot(*_centres(balls.xyxy, expected).T)
        near = np.flatnonzero(away <= reach)
        if len(near):
            self._rivals.clear()
            rank = balls.score[near] * np.exp(-0.5 * (2 * away[near] / reach) ** 2)
            return self._take(image, balls, int(near[rank.argmax()]))
        return self._rival(image, balls, size)

    def _rival(self, image: Image, balls: Detections, size: float) -> SotResult | None:
        """Watch the outlier of highest score; accept it when it has come several times in a row."""
        high = np.flatnonzero(balls.score >= self.settings.start)
        if not len(high):
            self._rivals.clear()
            return None
        row = int(high[balls.score[high].argmax()])
        box = balls.xyxy[row]
        if (
            self._rivals
            and np.hypot(*_centres(box[None], self._rivals[-1])[0]) > RIVAL_REACH * self.settings.reach * size
        ):
            self._rivals.clear()
        self._rivals.append(box)
        if len(self._rivals) < self.settings.confirm:
            return None
        self._motion = None
        return self._take(image, balls, row)

    def _take(self, image: Image, balls: Detections, row: int) -> SotResult:
        """Accept a detection."""
        box = balls.xyxy[row].copy()
        if self._motion is None:
            self._motion = BoxFilter(box)
            self._rivals.clear()
        self._seen(box)
        self._undetected, self._following = 0, False
        self._appearance = Appearance(image, box)
        return SotResult(box, float(balls.score[row]), "tracking")

    def _seen(self, box: FloatArray) -> None:
        assert self._motion is not None
        self._motion.see(box)
        self._last, self._unseen = box, 0

    def _tracked(self, image: Image, expected: FloatArray | None) -> SotResult:
        """Return the visual tracker's box if it is the ball, otherwise motion's guess for a few frames."""
        if expected is None or self._motion is None:
            return NOWHERE
        self._undetected += 1
        if self._follower is not None and self._before is not None and not self._unseen:
            ok, box = self._followed(image)
            if ok and self._undetected <= self.settings.follow and self._is_ball(image, box, expected):
                self._seen(box)
                return SotResult(box, self._appearance.score(image, box)[0], "tracking")
        self._unseen += 1
        if self._unseen > self.settings.bridge or share_inside(expected, image.shape) < GUESS_INSIDE:
            self._motion = None
            self._rivals.clear()
            return NOWHERE
        return SotResult(expected, 0.0, "occluded")

    def _followed(self, image: Image) -> tuple[bool, FloatArray]:
        """Return the visual tracker's success and box; it fails if the ball is too small for it."""
        assert self._follower is not None
        assert self._before is not None
        if not self._following:
            try:
                self._follower.init(self._before, self._last)
            except SettingError:
                return False, np.full(4, np.nan)
            self._following = True
        ok, box, _ = self._follower.update(image)
        return ok, box

    def _is_ball(self, image: Image, box: FloatArray, expected: FloatArray) -> bool:
        size = float(np.sqrt(np.prod(self._last[2:] - self._last[:2])))
        if share_inside(box, image.shape) < MIN_INSIDE:
            return False
        if np.hypot(*_centres(box[None], expected)[0]) > self.settings.reach * size:
            return False
        return self._appearance.score(image, box)[0] >= self.settings.low


def ball_classes(names: Mapping[int, str]) -> list[int]:
    """Return the class ids that are a ball by name.

    Raises:
        SettingError: if there is none.
    """
    found = ball_ids(names)
    if not found:
        some = ", ".join(list(names.values())[:20]) or "no names"
        raise SettingError(f"the detector knows no ball (it has: {some}); use weights trained on one, or name classes")
    return found


def fill_gaps(boxes: FloatArray, limit: int = 12) -> tuple[FloatArray, BoolArray]:
    """Close short gaps between seen boxes by straight lines, once the boxes behind the gaps are known.

    Args:
        boxes: (N, 4) ``xyxy``, one row per frame, NaN where the object was not seen.
        limit: longest gap in frames that is closed.

    Returns:
        The (N, 4) boxes with the gaps closed, and (N,) True for the rows that were filled.
    """
    filled = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    made = np.zeros(len(filled), np.bool_)
    seen: IntArray = np.flatnonzero(np.isfinite(filled).all(axis=1))
    for before, after in zip(seen[:-1].tolist(), seen[1:].tolist(), strict=True):
        missing = after - before - 1
        if 1 <= missing <= limit:
            share = (np.arange(1, missing + 1) / (missing + 1))[:, None]
            filled[before + 1 : after] = (1 - share) * filled[before] + share * filled[after]
            made[before + 1 : after] = True
    return filled, made


def _centres(boxes: FloatArray, box: FloatArray) -> FloatArray:
    """(N, 2) from one box's centre to the centres of (N, 4) boxes."""
    ways: FloatArray = (boxes[:, :2] + boxes[:, 2:] - box[:2] - box[2:]) / 2
    return ways
