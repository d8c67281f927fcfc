"""OpenCV's single-object trackers behind one interface, wherever the installed version keeps them.

In OpenCV 4.10 and 5 alike CSRT and KCF belong to contrib's ``tracking`` module, MOSSE to its ``legacy`` namespace, and
MIL, Nano, ViT and DaSiamRPN (networks, whose files OpenCV does not bring) to the main ``video`` module.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import SettingError, WeightsError, nearest
from sportstrack.images.opencv import FIX, require_contrib, require_cv2
from sportstrack.types import FloatArray, Image

METHODS: dict[str, str] = {
    "csrt": "TrackerCSRT",
    "kcf": "TrackerKCF",
    "mosse": "TrackerMOSSE",
    "mil": "TrackerMIL",
    "nano": "TrackerNano",
    "vit": "TrackerVit",
    "dasiamrpn": "TrackerDaSiamRPN",
}
"""Name of a method → OpenCV's class."""

MODEL_FILES: dict[str, tuple[str, ...]] = {
    "nano": ("backbone", "neckhead"),
    "vit": ("net",),
    "dasiamrpn": ("model", "kernel_cls1", "kernel_r1"),
}
"""Method → its network files, by the names of OpenCV's parameters."""

SMALLEST = {"csrt": 2, "mil": 5, "mosse": 2}
"""Method → least width and height in whole pixels; on smaller boxes OpenCV fails, and MIL never returns."""

CELL = 4  # CSRT computes its features in cells of so many pixels of its search window.
# CSRT searches (width + height) / 2 + padding · √(width · height) pixels across and down; its own padding is 3. A large
# object moves less, relative to its size: with 2.5 the same cells show it as finely in a smaller window.
PADDING = 2.5
# The time goes into the features of that window, the accuracy comes from the pixels that show size and outline. So the
# picture of a large object is scaled down less than the window, and CSRT scales down the rest itself.
PICTURE = 1.5


class Follower:
    """One of OpenCV's trackers, with boxes as ``xyxy``.

    Args:
        method: a name in `METHODS`.
        models: network files by name, for the methods in `MODEL_FILES`.
        window: side in pixels at which CSRT looks at its search window when the object is large, in whole cells of 4
            pixels (their number should have small factors, for the Fourier transforms in CSRT); None is CSRT's own.
        large: an object is large if √(width · height) is at least this, in pixels.

    Raises:
        SettingError: if the method is unknown.
        SportstrackError: if the installed OpenCV does not have it; with the one-line fix.
        WeightsError: if a network file is not given or not there.
    """

    def __init__(
        self,
        method: str,
        models: Mapping[str, str | Path] | None = None,
        window: int | None = 160,
        large: float = 150.0,
    ) -> None:
        self.method = check_method(method)
        self._models = check_models(self.method, models or {})
        self._window, self._large = window, large
        self._scale = 1.0
        self._tracker: Any = None

    def init(self, image: Image, box: FloatArray) -> None:
        """Start on a (4,) ``xyxy`` box of a (H, W, 3) image.

        Raises:
            SettingError: if the box is too small, too thin or too large for the method.
            WeightsError: if OpenCV cannot run a network.
        """
        kept = dict(self.__dict__)
        try:
            self._start(image, box)
        except SettingError:  # the tracker goes on with what it followed before
            self.__dict__.update(kept)
            raise

    def _start(self, image: Image, box: FloatArray) -> None:
        import cv2

        size = box[2:] - box[:2]
        side = float(np.sqrt(np.prod(size)))
        self._scale, changes = 1.0, None
        if self.method == "csrt" and self._window is not None and side >= self._large:
            across = max(1, self._window // CELL) * CELL
            self._scale = min(1.0, PICTURE * across / (float(size.mean()) + PADDING * side))
            if self._scale < 1.0:
                changes = {"padding": PADDING, "template_size": across + 1.0}  # 1: so that rounding costs no cell
        self._tracker = make(self.method, self._models, changes)
        small = self._small(image)
        self._map = ScaledCopy(image, small, box)
        *_, width, height = self._map.whole
        least = SMALLEST.get(self.method, 1)
        if min(width, height) < least:
            raise SettingError(
                f"box: {width}x{height} pixels is too small for the method {self.method}, which needs {least}x{least}; "
                f"give a larger box, or another method ({_others(self.method, width, height)})"
            )
        try:
            self._tracker.init(small, self._map.whole)
        except cv2.error as error:
            if self._models:
                raise WeightsError(_unfit("run", self.method, self._models, error)) from error
            raise SettingError(
                f"box: the method {self.method} cannot follow {width}x{height} pixels in a picture of "
                f"{small.shape[1]}x{small.shape[0]}; give a smaller box, or another method (csrt, kcf)"
            ) from error

    def update(self, image: Image) -> tuple[bool, FloatArray, float | None]:
        """Return OpenCV's own success flag, the (4,) ``xyxy`` box, and the network's score where there is one."""
        import cv2

        try:
            found, (x, y, w, h) = self._tracker.update(self._small(image))
        except cv2.error:  # OpenCV's trackers fail on a box that has left the picture or has no size any more
            return False, np.full(4, np.nan), 0.0
        box = np.array([x, y, x + w, y + h], dtype=np.float64)
        score = float(self._tracker.getTrackingScore()) if self.method in MODEL_FILES else None
        return bool(found), box if self._scale == 1.0 else self._map.back(box), score

    def _small(self, image: Image) -> Image:
        import cv2

        scale = self._scale
        while scale <= 0.5:  # halving is many times as fast as any other area average
            image = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2), interpolation=cv2.INTER_AREA)
            scale *= 2
        return image if scale == 1.0 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


class ScaledCopy:
    """The box of an object in a scaled copy of its picture, and the way back without the error of whole pixels.

    Args:
        image: (H, W, 3).
        small: (h, w, 3), the copy.
        box: (4,) ``xyxy`` of the object in the image.

    Attributes:
        whole: left, top, width and height of the object in the copy, in whole pixels.
    """

    def __init__(self, image: Image, small: Image, box: FloatArray) -> None:
        self._factor = np.array([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]])
        corner, size = box[:2] / self._factor, (box[2:] - box[:2]) / self._factor
        self.whole = whole_box(np.concatenate([corner, corner + size]))
        rounded = np.array(self.whole[2:], dtype=np.float64)
        self._grow = size / rounded
        self._shift = (corner + size / 2 - self.whole[:2] - rounded / 2) / rounded

    def back(self, box: FloatArray) -> FloatArray:
        """Return a (4,) ``xyxy`` box of the copy in pixels of the image, corrected by the rounding of the first box."""
        size = box[2:] - box[:2]
        middle, half = (box[:2] + box[2:]) / 2 + self._shift * size, self._grow * size / 2
        corners: FloatArray = np.concatenate([(middle - half) * self._factor, (middle + half) * self._factor])
        return corners


def check_method(method: str) -> str:
    """Return the method's name in lower case; SettingError if it is unknown."""
    name = str(method).lower()
    if name not in METHODS:
        raise SettingError(f"method: no method {method!r}{nearest(name, list(METHODS))} (known: {', '.join(METHODS)})")
    return name


def check_models(method: str, models: Mapping[str, str | Path]) -> dict[str, str]:
    """Return the network files that a method needs, as text; WeightsError if one is missing."""
    needed = MODEL_FILES.get(method, ())
    if unknown := set(models) - set(needed):
        takes = f"its files are {', '.join(needed)}" if needed else "it takes no files"
        raise SettingError(f"method {method}: no model file {sorted(unknown)[0]!r}; {takes}")
    for name in needed:
        if name not in models:
            wanted = " ".join(f"--model {one}=FILE.onnx" for one in needed)
            raise WeightsError(f"method {method}: its network files are not part of OpenCV; name them: {wanted}")
        if not Path(models[name]).is_file():
            raise WeightsError(f"method {method}: no model file {models[name]} ({name})")
    return {name: str(models[name]) for name in needed}


def make(method: str, models: Mapping[str, str] | None = None, changes: Mapping[str, float] | None = None) -> Any:
    """Return a new OpenCV tracker with OpenCV's own settings, but for the `changes` of its ``Params``.

    Raises:
        SportstrackError: if the installed OpenCV does not have it; with the one-line fix.
        WeightsError: if a network cannot be read.
    """
    cv2 = require_contrib() if method in ("csrt", "kcf", "mosse") else require_cv2()
    name = METHODS[method]
    kind = getattr(cv2, name, None) or getattr(getattr(cv2, "legacy", None), name, None)
    if kind is None:
        raise SettingError(f"OpenCV {cv2.__version__} has no {name}; to get one that has: {FIX}")
    if not models and not changes:
        return kind.create()
    parameters = getattr(cv2, f"{name}_Params")()
    for key, value in {**(models or {}), **(changes or {})}.items():
        setattr(parameters, key, value)
    if not models:
        return kind.create(parameters)
    try:
        return kind.create(parameters)
    except cv2.error as error:
        raise WeightsError(_unfit("read", method, models, error)) from error


def _others(method: str, width: int, height: int) -> str:
    fitting = [name for name in ("csrt", "kcf") if name != method and min(width, height) >= SMALLEST.get(name, 1)]
    return ", ".join(fitting) or "none takes less"


def _unfit(what: str, method: str, models: Mapping[str, str], error: Exception) -> str:
    reason = str(error).strip().splitlines()[-1][-200:]
    return f"method {method}: this OpenCV cannot {what} {', '.join(models.values())} ({reason})"


def whole_box(box: FloatArray) -> tuple[int, int, int, int]:
    """Return (4,) ``xyxy`` as OpenCV's left, top, width, height in whole pixels, at least 1×1."""
    x1, y1, x2, y2 = box
    return round(x1), round(y1), max(1, round(x2 - x1)), max(1, round(y2 - y1))
