"""Follow one object, and know when it is out of sight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sportstrack.errors import SettingError
from sportstrack.sot.appearance import Looks
from sportstrack.sot.cover import Cover
from sportstrack.sot.methods import Follower
from sportstrack.sot.motion import Motion, Scene
from sportstrack.sot.search import Found, Others, Sightings, choose, search
from sportstrack.sot.types import NOWHERE, Image, SotResult, check_box, check_image, share_inside
from sportstrack.types import FloatArray, as_detections

SAME_SIZE, LATER_SIZE = (0.7, 0.85, 1.0, 1.2), (0.5, 0.65, 0.8, 1.0, 1.25, 1.6)  # factors of the last size to search
EARLY = 10  # frames from the first search on in which nobody out of reach can be the object
BEHIND = 0.5  # of the widening, as long as what covered the object stands where it did
LONG_ABSENCE, HESITATION = 15, 4  # frames: after such an absence who is found must be found in so many more than others
ANY_SIZE = (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0)


@dataclass(frozen=True)
class SotSettings:
    """When to doubt, when to search and when to give up.

    Attributes:
        low: a box is doubted below this share of the object's usual score, which compares it with the last frames…
        high: …and believed again from this share on (hysteresis).
        least: it is doubted as well below this share, 0…1, of the colours the object ever had; to be believed again it
            takes more, by high / low.
        jump: a box is doubted if it lies more than this many object sizes from where motion expects it…
        resize: …or if its area changes by more than this factor from one frame to the next.
        patience: frames that the method may go on in doubt before it is stopped and a search begins.
        bridge: frames for which motion is trusted to guess the box; after them the object is lost.
        accept: share of the object's usual likeness that a found box must have…
        accept_anywhere: …and the same where motion is no help: after a cut and when lost.
        widening: object sizes by which the search around the guess widens with every unseen frame.
        probation: frames after finding the object again in which a box is doubted below `high` already.
        search_every: frames from one search to the next.
        detect_every: frames from one call of the detector, if there is one, to the next.
        cut: a change of the picture is a cut from this many times the usual change on.
        window: side in pixels at which CSRT looks at its search window for large objects; None never scales.
        large: an object is large from this √(width · height) on, in pixels.
    """

    low: float = 0.55
    high: float = 0.7
    least: float = 0.45
    jump: float = 1.0
    resize: float = 1.8
    patience: int = 4
    bridge: int = 50
    accept: float = 0.8
    accept_anywhere: float = 0.85
    widening: float = 0.05
    probation: int = 5
    search_every: int = 1
    detect_every: int = 5
    cut: float = 5.0
    window: int | None = 160
    large: float = 150.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.name == "window":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
                raise SettingError(f"{field.name}: expected 0 or more, got {value!r}")
        for name in ("search_every", "detect_every", "window"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise SettingError(f"{name}: expected 1 or more, got {value}")
        if not 0 < self.low <= self.high:
            raise SettingError(f"low: expected more than 0 and at most high ({self.high}), got {self.low}")


class SingleTracker:
    """Follows one object from a box in the first frame: an OpenCV tracker that is checked, and helped out, by us.

    While the method's box looks and moves like the object, that very box is returned, ``tracking``. When it does not,
    the box is a guess by motion, ``occluded``, and after `SotSettings.patience` frames the object is searched for near
    that guess, ever farther from it. After a hard cut, or when the guess has become worthless, it is ``lost``: the box
    is NaN and the whole picture is searched. What is found must look like the object; then the method starts anew.

    Args:
        method: csrt, kcf, mosse, mil, nano, vit or dasiamrpn.
        models: network files by name, for nano (backbone, neckhead), vit (net), dasiamrpn (model, kernel_cls1,
            kernel_r1).
        detector: a callable ``frames -> list[Detections]``; its boxes are tried as well when the object is gone.
        redetect: search for the object when it is gone; without, only the method itself can find it again.
        settings: a `SotSettings`; None is its defaults.
        **overrides: single fields of `SotSettings`.

    Raises:
        SettingError, WeightsError, SportstrackError: unknown method or setting, missing model file, or an OpenCV
            without the method (the message has the one-line fix).

    Example:
        >>> tracker = SingleTracker("csrt")                       # doctest: +SKIP
        >>> tracker.init(frame, (x, y, x + width, y + height))    # doctest: +SKIP
        >>> box, score, state = tracker.update(next_frame)        # doctest: +SKIP
    """

    def __init__(
        self,
        method: str = "csrt",
        *,
        models: Mapping[str, str | Path] | None = None,
        detector: Callable[..., Any] | None = None,
        redetect: bool = True,
        settings: SotSettings | None = None,
        **overrides: Any,
    ) -> None:
        self.settings = _changed(settings or SotSettings(), overrides)
        self.method = method.lower()
        self._follower = Follower(method, models, self.settings.window, self.settings.large)
        self._detector, self._redetect = detector, redetect
        self._shape: tuple[int, ...] | None = None

    def init(self, frame: Image, box: ArrayLike) -> SotResult:
        """Start, or start anew, on an object.

        Args:
            frame: (H, W, 3) BGR or (H, W) grey, uint8.
            box: x1, y1, x2, y2 in pixels; what reaches beyond the frame is cut off.

        Raises:
            SettingError: if the box is not finite, empty or outside the frame, or the frame is no picture.
        """
        image = check_image(frame)
        start = check_box(box, image.shape)
        self._shape = image.shape[:2]
        self._scene = Scene(self.settings.cut)
        self._scene.look(image)
        self._looks = Looks(image, start)
        self._frame = 0
        self._begin(image, start)
        self._probation = 0
        return SotResult(start, 1.0, "tracking")

    def update(self, frame: Image) -> SotResult:
        """Return the object's box in the next frame, its score and the state.

        Raises:
            SettingError: before `init`, or if the frame is no picture or of another size.
        """
        if self._shape is None:
            raise SettingError("update(): call init(frame, box) first")
        image = check_image(frame, self._shape)
        self._frame += 1
        cut = self._scene.look(image)
        if self._following:
            return self._follow(image, cut)
        return self._look_for(image, cut)

    def _begin(self, image: Image, box: FloatArray) -> None:
        """Start the method on a box."""
        self._follower.init(image, box)
        self._motion = Motion(box)
        self._last = box
        self._following = True
        self._unseen = 0
        self._cut = False
        self._others = Others()
        self._cover: Cover | None = None
        self._covered = False
        self._sightings = Sightings()
        self._probation = self.settings.probation

    def _follow(self, image: Image, cut: bool) -> SotResult:
        """Let the method go on, and judge what it says."""
        ok, box, response = self._follower.update(image)
        expected = self._motion.step() if not self._unseen else self._motion.box
        needed = self.settings.high if self._unseen or self._probation or cut else self.settings.low
        score = self._judge(image, ok, box, response, expected, needed / self.settings.low)
        if score >= needed * self._looks.typical:
            if self._probation and (better := self._better(image, box)) is not None:
                return self._improve(image, better)
            return self._believe(image, box, score)
        if cut or self._unseen >= self.settings.patience:
            self._following = False
            return self._look_for(image, cut)
        return self._guess(image, stepped=not self._unseen)

    def _judge(
        self,
        image: Image,
        ok: bool,
        box: FloatArray,
        response: float | None,
        expected: FloatArray,
        strictness: float,
    ) -> float:
        """Return how much the method's box is to be believed, 0…1."""
        if not ok or not np.isfinite(box).all() or share_inside(box, image.shape) < 0.3:
            return 0.0
        size, was = (float(np.prod(b[2:] - b[:2])) for b in (box, self._last))
        if not 1 / self.settings.resize <= size / was <= self.settings.resize:
            return 0.0
        away = float(np.hypot(*((box[:2] + box[2:] - expected[:2] - expected[2:]) / 2)))
        if away > self.settings.jump * np.sqrt(was) * (1 + 0.5 * self._unseen):
            return 0.0
        lately, ever = self._looks.score(image, box)
        if ever < self.settings.least * strictness:
            return 0.0
        return lately if response is None else min(lately, response)

    def _believe(self, image: Image, box: FloatArray, score: float) -> SotResult:
        self._motion.see(box)
        self._last = box
        self._unseen = 0
        self._probation = max(0, self._probation - 1)
        self._looks.learn(image, box, score)
        return SotResult(box, score, "tracking")

    def _improve(self, image: Image, better: Found) -> SotResult:
        """Start the method anew on a better box of what was found just now."""
        left = self._probation - 1
        self._begin(image, better.box)
        self._probation = left
        return SotResult(better.box, better.match, "tracking")

    def _guess(self, image: Image, stepped: bool = False) -> SotResult:
        """Return where motion puts the object; nowhere once that is worth nothing."""
        self._scene.keep(image)
        if not self._unseen:
            self._motion.hide(self._scene.history())
        self._unseen += 1
        self._camera = None if self._unseen == 1 else self._scene.camera()
        box = self._motion.box if stepped else self._motion.coast(self._camera)
        if self._cut or self._unseen > self.settings.bridge or share_inside(box, image.shape) < 0.2:
            return NOWHERE
        return SotResult(box, 0.0, "occluded")

    def _look_for(self, image: Image, cut: bool) -> SotResult:
        self._cut |= cut
        guess = self._guess(image)
        found = self._find(image, guess) if self._redetect else None
        if found is None or not self._is_sure(found):
            return guess
        self._found_size = found.box[2:] - found.box[:2] if self._cut else self._last[2:] - self._last[:2]
        self._begin(image, found.box)
        return SotResult(found.box, found.match, "tracking")

    def _find(self, image: Image, guess: SotResult) -> Found | None:
        settings, usual = self.settings, self._looks.typical_match
        coasted = self._motion.box
        anywhere = self._cut or share_inside(coasted, image.shape) < 0.2
        expected = self._last if anywhere else coasted
        before, self._covered = self._covered, not anywhere and self._is_covered(image, expected)
        if before and not self._covered:
            self._sightings = Sightings()  # only now the object itself can show
        reach = None if anywhere else self._reach(expected)
        others = None if reach is None else self._watch(image, expected, reach)
        least = (settings.accept_anywhere if guess.state == "lost" else settings.accept) * usual
        if self._detector is not None and self._unseen % settings.detect_every == 0:
            detections = as_detections(self._detector([image])[0])
            boxes = detections.xyxy if detections.valid is None else detections.xyxy[detections.valid]
            if (found := choose(image, self._looks, boxes, expected, reach, least, others)) is not None:
                return found
        if self._unseen % settings.search_every:
            return None
        sizes = ANY_SIZE if anywhere else LATER_SIZE if self._unseen > settings.bridge // 3 else SAME_SIZE
        return search(image, self._looks, expected, reach=reach, sizes=sizes, least=least, others=others)

    def _is_covered(self, image: Image, expected: FloatArray) -> bool:
        """Whether what stood before the object when the search began still stands there."""
        if self._cover is None:
            self._cover = Cover(image, expected, self._looks)
            return False
        return self._unseen <= 2 * self.settings.bridge and self._cover.stands(image, expected, self._camera)

    def _is_sure(self, found: Found) -> bool:
        """After a long absence who is found must stand out: the first to show need not be the one, nor the nearest."""
        if self._cut or self._unseen <= LONG_ABSENCE:
            return True
        return self._sightings.lead(found, self._unseen) >= HESITATION * (2 if self._covered else 1)

    def _watch(self, image: Image, expected: FloatArray, reach: float) -> Others:
        """Keep an eye on those who are not the object, until it has been away for too long."""
        if self._unseen > 2 * self.settings.bridge:
            self._others = Others()
        else:
            early = self._covered or self._unseen <= self.settings.patience + EARLY
            self._others.watch(image, self._looks, expected, reach, self._camera, early)
        return self._others

    def _better(self, image: Image, box: FloatArray) -> Found | None:
        """Look whether the object is seen better now than when it was found: what shows first is often a part of it."""
        size = self._found_size
        middle = (box[:2] + box[2:]) / 2
        expected = np.concatenate([middle - size / 2, middle + size / 2])
        least = 1.1 * self._looks.match(image, box)
        return search(image, self._looks, expected, reach=float(np.sqrt(np.prod(size))), sizes=SAME_SIZE, least=least)

    def _reach(self, expected: FloatArray) -> float:
        """Return how far from its expected centre the object is searched for, pixels; ever faster once it is lost."""
        late = max(0, self._unseen - self.settings.bridge)
        side = float(np.sqrt(np.prod(expected[2:] - expected[:2])))
        frames = BEHIND * self._unseen if self._covered else self._unseen + 4 * late
        return side * (0.6 + self.settings.widening * frames)


def _changed(settings: SotSettings, overrides: Mapping[str, Any]) -> SotSettings:
    from dataclasses import replace

    from sportstrack.errors import nearest

    known = [field.name for field in fields(SotSettings)]
    for name in overrides:
        if name not in known:
            raise SettingError(f"no setting {name!r}{nearest(name, known)} (known: {', '.join(known)})")
    return replace(settings, **overrides)
