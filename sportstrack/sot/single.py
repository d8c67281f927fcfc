"""Follow one object, and report when it is out of sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from sportstrack.types import Detect, FloatArray, Image

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sportstrack.keywords import SotKeywords

IN_DOUBT = 0.5  # While the box is in doubt, this share of `SotSettings.jump` is allowed…
IN_DOUBT_GROWTH = 0.1  # …and so much of it more in each frame.
INSIDE = 0.3  # At least this share of the method's box must lie in the picture.
GUESS_INSIDE = 0.2  # A guess with less than this share of it in the picture is worthless.
BETTER = 1.1  # The method starts anew on another box of the object if that has this many times the match.


class SingleTracker:
    """Follows one object from a box in the first frame: one of OpenCV's trackers, whose boxes are checked.

    While the method's box is similar to the object and moves like it, that very box is returned, ``tracking``.
    Otherwise the box is a guess by motion, ``occluded``. After `SotSettings.patience` such frames the object is
    searched for around the guess, ever farther from it. After a shot change, or when the guess has become worthless,
    the object is ``lost``: the box is NaN and the whole picture is searched. The method starts anew on a candidate that
    is similar enough to the object.

    Args:
        method: csrt, kcf, mosse, mil, nano, vit or dasiamrpn.
        models: network files by name, for nano (backbone, neckhead), vit (net), dasiamrpn (model, kernel_cls1,
            kernel_r1).
        detector: a callable ``frames -> list[Detections]``; its boxes are candidates as well when the object is gone.
        redetect: search for the object when it is gone. Otherwise only the method itself can find it again.
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
        detector: Detect | None = None,
        redetect: bool = True,
        settings: SotSettings | None = None,
        **overrides: Unpack[SotKeywords],
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
            box: x1, y1, x2, y2 in pixels. It is clipped to the frame.

        Raises:
            SettingError: if the box is not finite, empty or outside the frame, or the frame is no picture.
        """
        image = read_image(frame)
        start = check_box(box, image.shape)
        self._shape = image.shape[:2]
        self._recent = RecentFrames(self.settings.shot_change)
        self._recent.add(image)
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
        new_shot = self._recent.add(image)
        if self._following:
            return self._follow(image, new_shot)
        return self._search(image, new_shot)

    def _begin(self, image: Image, box: FloatArray) -> None:
        """Start the method on a box."""
        self._follower.init(image, box)
        self._motion = BoxFilter(box)
        self._last = box
        self._following = True
        self._unseen = 0
        self._new_shot = False
        self._hunt: Hunt | None = None
        self._probation = self.settings.probation

    def _follow(self, image: Image, new_shot: bool) -> SotResult:
        """Let the method go on, and judge its box."""
        ok, box, response = self._follower.update(image)
        expected = self._motion.step() if not self._unseen else self._motion.box
        needed = self.settings.high if self._unseen or self._probation or new_shot else self.settings.low
        score = self._judge(image, ok, box, response, expected, needed / self.settings.low)
        if score >= needed * self._appearance.usual_score:
            if self._probation and (better := self._better(image, box)) is not None:
                return self._improve(image, better)
            return self._believe(image, box, score)
        if new_shot or self._unseen >= self.settings.patience:
            self._following = False
            return self._search(image, new_shot)
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
        """Return the score of the method's box, 0…1; 0 if it cannot be the object."""
        if not ok or not np.isfinite(box).all() or share_inside(box, image.shape) < INSIDE:
            return 0.0
        size, was = (float(np.prod(b[2:] - b[:2])) for b in (box, self._last))
        if not 1 / self.settings.resize <= size / was <= self.settings.resize:
            return 0.0
        away = float(np.hypot(*((box[:2] + box[2:] - expected[:2] - expected[2:]) / 2)))
        # In doubt the method stays where it was. What it jumps to then is another object.
        jump = self.settings.jump * (IN_DOUBT + IN_DOUBT_GROWTH * self._unseen if self._unseen else 1.0)
        if away > jump * np.sqrt(was):
            return 0.0
        lately, ever = self._appearance.score(image, box)
        if ever < self.settings.low_ever * strictness:
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
        """Start the method anew on a better box of the object that was found just now."""
        left = self._probation - 1
        if self._can_begin(image, better.box):
            self._probation = left
        return SotResult(better.box, better.match, "tracking")

    def _guess(self, image: Image, stepped: bool = False) -> SotResult:
        """Return where motion expects the object; nowhere if that is worthless."""
        self._recent.keep(image)
        if not self._unseen:
            self._motion.hide(self._recent.history())
        self._unseen += 1
        self._camera = None if self._unseen == 1 else self._recent.camera()
        box = self._motion.box if stepped else self._motion.coast(self._camera)
        if self._new_shot or self._unseen > self.settings.bridge or share_inside(box, image.shape) < GUESS_INSIDE:
            return NOWHERE
        return SotResult(box, 0.0, "occluded")

    def _search(self, image: Image, new_shot: bool) -> SotResult:
        """Search for the object; return the guess if it is not found."""
        self._new_shot |= new_shot
        guess = self._guess(image)
        if not self._redetect:
            return guess
        if self._hunt is None:
            self._hunt = Hunt(self.settings, self._appearance, self._motion, self._last, self._detector)
        found = self._hunt.search(image, self._unseen, self._camera, self._new_shot)
        if self._hunt.covered and guess.state == "occluded":
            guess = SotResult(self._motion.box, 0.0, "occluded")
        if found is None:
            return guess
        self._found_size = found.box[2:] - found.box[:2] if self._new_shot else self._last[2:] - self._last[:2]
        if not self._can_begin(image, found.box):
            return guess
        return SotResult(found.box, found.match, "tracking")

    def _can_begin(self, image: Image, box: FloatArray) -> bool:
        """Start the method on a box that was found; return whether it accepts the box."""
        try:
            self._begin(image, box)
        except SettingError:  # too small or too large: the search goes on
            return False
        return True

    def _better(self, image: Image, box: FloatArray) -> Candidate | None:
        """Return a better box of an object found just now, if there is one: often a part of it appears first."""
        size = self._found_size
        area = Area.around(box, float(np.sqrt(np.prod(size))))
        return search(
            image, self._appearance, size, area, sizes=SAME_SIZE, least=BETTER * self._appearance.match(image, box)
        )


def _changed(settings: SotSettings, overrides: Mapping[str, Any]) -> SotSettings:
    from dataclasses import replace

    from sportstrack.errors import nearest

    known = [field.name for field in fields(SotSettings)]
    for name in overrides:
        if name not in known:
            raise SettingError(f"no setting {name!r}{nearest(name, known)} (known: {', '.join(known)})")
    return replace(settings, **overrides)
