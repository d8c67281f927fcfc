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
from sportstrack.sot.hunt import Hunt
from sportstrack.sot.methods import Follower
from sportstrack.sot.motion import Motion, Scene
from sportstrack.sot.search import SAME_SIZE, Area, Found, search
from sportstrack.sot.types import NOWHERE, Image, SotResult, check_box, check_image, share_inside
from sportstrack.types import FloatArray

DOUBTED = 0.5  # of `SotSettings.jump`, while the box is in doubt


@dataclass(frozen=True)
class SotSettings:
    """When to doubt, when to search and when to give up.

    Attributes:
        low: a box is doubted below this share of the object's usual score, which compares it with the last frames…
        high: …and believed again from this share on (hysteresis).
        least: it is doubted as well below this share, 0…1, of the colours the object ever had; to be believed again it
            takes more, by high / low.
        jump: a box is doubted if it lies more than this many object sizes from where motion expects it, half as many
            while it is in doubt…
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
        self._hunt: Hunt | None = None
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
        # In doubt the method stays where it was; what it jumps to then is somebody else.
        jump = self.settings.jump * (DOUBTED + 0.1 * self._unseen if self._unseen else 1.0)
        if away > jump * np.sqrt(was):
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
        if self._can_begin(image, better.box):
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
        if not self._redetect:
            return guess
        if self._hunt is None:
            self._hunt = Hunt(self.settings, self._looks, self._motion, self._last, self._detector)
        found = self._hunt.look(image, self._unseen, self._camera, self._cut)
        if self._hunt.covered and guess.state == "occluded":
            guess = SotResult(self._motion.box, 0.0, "occluded")
        if found is None:
            return guess
        self._found_size = found.box[2:] - found.box[:2] if self._cut else self._last[2:] - self._last[:2]
        if not self._can_begin(image, found.box):
            return guess
        return SotResult(found.box, found.match, "tracking")

    def _can_begin(self, image: Image, box: FloatArray) -> bool:
        """Start the method on a box that was found; tell whether the method takes it."""
        try:
            self._begin(image, box)
        except SettingError:  # too small or too large: the search goes on
            return False
        return True

    def _better(self, image: Image, box: FloatArray) -> Found | None:
        """Look whether the object is seen better now than when it was found: what shows first is often a part of it."""
        size = self._found_size
        area = Area.around(box, float(np.sqrt(np.prod(size))))
        return search(image, self._looks, size, area, sizes=SAME_SIZE, least=1.1 * self._looks.match(image, box))


def _changed(settings: SotSettings, overrides: Mapping[str, Any]) -> SotSettings:
    from dataclasses import replace

    from sportstrack.errors import nearest

    known = [field.name for field in fields(SotSettings)]
    for name in overrides:
        if name not in known:
            raise SettingError(f"no setting {name!r}{nearest(name, known)} (known: {', '.join(known)})")
    return replace(settings, **overrides)
