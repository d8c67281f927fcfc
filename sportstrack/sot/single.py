"""Follow one object, and know when it is out of sight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sportstrack.errors import SettingError
from sportstrack.sot.appearance import Appearance
from sportstrack.sot.hunt import Hunt
from sportstrack.sot.methods import Follower
from sportstrack.sot.motion import BoxFilter, RecentFrames
from sportstrack.sot.search import SAME_SIZE, Area, Candidate, search
from sportstrack.sot.settings import SotSettings
from sportstrack.sot.types import NOWHERE, SotResult, check_box, read_image, share_inside
from sportstrack.types import FloatArray, Image

DOUBTED = 0.5  # of `SotSettings.jump`, while the box is in doubt


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
        image = read_image(frame)
        start = check_box(box, image.shape)
        self._shape = image.shape[:2]
        self._recent = RecentFrames(self.settings.cut)
        self._recent.look(image)
        self._appearance = Appearance(image, start)
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
        image = read_image(frame, self._shape)
        self._frame += 1
        cut = self._recent.look(image)
        if self._following:
            return self._follow(image, cut)
        return self._look_for(image, cut)

    def _begin(self, image: Image, box: FloatArray) -> None:
        """Start the method on a box."""
        self._follower.init(image, box)
        self._motion = BoxFilter(box)
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
        if score >= needed * self._appearance.usual_score:
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
        lately, ever = self._appearance.score(image, box)
        if ever < self.settings.least * strictness:
            return 0.0
        return lately if response is None else min(lately, response)

    def _believe(self, image: Image, box: FloatArray, score: float) -> SotResult:
        self._motion.see(box)
        self._last = box
        self._unseen = 0
        self._probation = max(0, self._probation - 1)
        self._appearance.learn(image, box, score)
        return SotResult(box, score, "tracking")

    def _improve(self, image: Image, better: Candidate) -> SotResult:
        """Start the method anew on a better box of what was found just now."""
        left = self._probation - 1
        if self._can_begin(image, better.box):
            self._probation = left
        return SotResult(better.box, better.match, "tracking")

    def _guess(self, image: Image, stepped: bool = False) -> SotResult:
        """Return where motion puts the object; nowhere once that is worth nothing."""
        self._recent.keep(image)
        if not self._unseen:
            self._motion.hide(self._recent.history())
        self._unseen += 1
        self._camera = None if self._unseen == 1 else self._recent.camera()
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
            self._hunt = Hunt(self.settings, self._appearance, self._motion, self._last, self._detector)
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

    def _better(self, image: Image, box: FloatArray) -> Candidate | None:
        """Look whether the object is seen better now than when it was found: what shows first is often a part of it."""
        size = self._found_size
        area = Area.around(box, float(np.sqrt(np.prod(size))))
        return search(
            image, self._appearance, size, area, sizes=SAME_SIZE, least=1.1 * self._appearance.match(image, box)
        )


def _changed(settings: SotSettings, overrides: Mapping[str, Any]) -> SotSettings:
    from dataclasses import replace

    from sportstrack.errors import nearest

    known = [field.name for field in fields(SotSettings)]
    for name in overrides:
        if name not in known:
            raise SettingError(f"no setting {name!r}{nearest(name, known)} (known: {', '.join(known)})")
    return replace(settings, **overrides)
