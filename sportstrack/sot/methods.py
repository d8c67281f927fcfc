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
from sportstrack.opencv import FIX, require_contrib, require_cv2
from sportstrack.sot.types import Image
from sportstrack.types import FloatArray

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

PADDING = 3.0  # CSRT's default: it searches (width + height) / 2 + 3 √(width · height) pixels across and down
CELL = 4  # pixels of that window per cell of its features
# CSRT looks at 33 sizes 2 % apart; on a picture scaled down, where 2 % is less than a pixel, half as many will do.
COARSE_SIZES = {"number_of_scales": 17, "scale_step": 1.04}


class Follower:
    """One of OpenCV's trackers, fed with frames and boxes in our terms.

    Args:
        method: a name in `METHODS`.
        models: network files by name, for the methods in `MODEL_FILES`.
        window: side in pixels to which CSRT's search window is scaled down when the object is large, in whole cells of
            4 pixels (their number should have small factors: CSRT is a chain of Fourier transforms); None never does.
        large: an object is large from this √(width · height) on, in pixels.

    Raises:
        SettingError: if the method is unknown.
        SportstrackError: if the installed OpenCV does not have it; with the one-line fix.
        WeightsError: if a network file is not given or not there.
    """

    def __init__(
        self,
        method: str,
        models: Mapping[str, str | Path] | None = None,
        window: int | None = 180,
        large: float = 150.0,
    ) -> None:
        self.method = check_method(method)
        self._models = check_models(self.method, models or {})
        self._window, self._large = window, large
        self._scale = 1.0
        self._tracker: Any = None

    def init(self, image: Image, box: FloatArray) -> None:
        """Start on a (4,) ``xyxy`` box of a (H, W, 3) image."""
        size = box[2:] - box[:2]
        side = float(np.sqrt(np.prod(size)))
        self._scale = 1.0
        if self.method == "csrt" and self._window is not None and side >= self._large:
            across = max(1, self._window // CELL) * CELL + 1.5  # so that rounding the box does not cost a cell
            self._scale = min(1.0, across / (float(size.mean()) + PADDING * side))
        self._tracker = make(self.method, self._models, COARSE_SIZES if self._scale < 1.0 else None)
        self._tracker.init(self._small(image), whole_box(box * self._scale))

    def update(self, image: Image) -> tuple[bool, FloatArray, float | None]:
        """Return OpenCV's own success flag, the (4,) ``xyxy`` box, and the network's score where there is one."""
        found, (x, y, w, h) = self._tracker.update(self._small(image))
        box = np.array([x, y, x + w, y + h], dtype=np.float64) / self._scale
        score = float(self._tracker.getTrackingScore()) if self.method in MODEL_FILES else None
        return bool(found), box, score

    def _small(self, image: Image) -> Image:
        import cv2

        scale = self._scale
        while scale <= 0.5:  # halving is many times as fast as any other area average
            image = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2), interpolation=cv2.INTER_AREA)
            scale *= 2
        return image if scale == 1.0 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def check_method(method: str) -> str:
    """Return the method's name in lower case; SettingError if there is none such."""
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
        reason = str(error).strip().splitlines()[-1][-200:]
        raise WeightsError(f"method {method}: OpenCV cannot read {', '.join(models.values())} ({reason})") from error


def whole_box(box: FloatArray) -> tuple[int, int, int, int]:
    """Return (4,) ``xyxy`` as OpenCV's left, top, width, height in whole pixels, at least 1×1."""
    x1, y1, x2, y2 = box
    return round(x1), round(y1), max(1, round(x2 - x1)), max(1, round(y2 - y1))
