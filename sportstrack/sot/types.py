"""The results of single-object tracking, and the checks of its input."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from sportstrack.errors import SettingError
from sportstrack.images.check import check_image
from sportstrack.types import FloatArray, Image

State: TypeAlias = Literal["tracking", "occluded", "lost"]
MIN_SIDE = 2.0  # A box with fewer pixels across or down is too small to follow.


class SotResult(NamedTuple):
    """One frame's answer.

    Attributes:
        box: (4,) float64 ``xyxy`` in pixels: seen while tracking, guessed from motion while occluded, NaN when lost.
        score: 0…1, the similarity of the box to the object; 0 for a guess and when lost.
        state: ``tracking``, ``occluded`` or ``lost``.
    """

    box: FloatArray
    score: float
    state: State

    @property
    def seen(self) -> bool:
        """Whether the box was seen in this frame."""
        return self.state == "tracking"


NOWHERE = SotResult(np.full(4, np.nan), 0.0, "lost")


def read_image(image: Any, shape: tuple[int, ...] | None = None) -> Image:
    """Return a (H, W, 3) BGR view of a colour image, or a copy of a grey one of (H, W) or (H, W, 1).

    Raises:
        SettingError: if it is something else, or another size than the (H, W) of the frames before.
    """
    if isinstance(image, np.ndarray) and (image.ndim == 2 or image.shape[2:] == (1,)):
        image = np.repeat(image.reshape(*image.shape[:2], 1), 3, axis=2)
    check_image(image)
    if shape is not None and image.shape[:2] != shape:
        new, old = (f"{s[1]}x{s[0]}" for s in (image.shape, shape))
        raise SettingError(f"frame: is {new}, the frames before it {old}; scale it, or call init again")
    return np.ascontiguousarray(image)


def check_box(box: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    """Return a (4,) float64 ``xyxy`` box, clipped to an image of (H, W).

    Raises:
        SettingError: if it is not four finite numbers, has no size, or lies outside the image.
    """
    try:
        corners = np.asarray(box, dtype=np.float64)
    except (TypeError, ValueError):
        raise SettingError(f"box: expected four numbers x1, y1, x2, y2, got {box!r}") from None
    if corners.shape != (4,):
        raise SettingError(f"box: expected four numbers x1, y1, x2, y2, got shape {corners.shape}")
    text = ", ".join(f"{v:g}" for v in corners)
    if not np.isfinite(corners).all():
        raise SettingError(f"box: expected finite numbers, got {text}")
    size = corners[2:] - corners[:2]
    if (size <= 0).any():
        raise SettingError(f"box: width and height must be above 0, got x1, y1, x2, y2 = {text}")
    height, width = shape[:2]
    inside = corners.clip(0, (width, height, width, height))
    if (inside[2:] <= inside[:2]).any():
        raise SettingError(f"box: {text} lies outside the {width}x{height} frame")
    if (inside[2:] - inside[:2] < MIN_SIDE).any():
        raise SettingError(f"box: {text} covers less than {MIN_SIDE:g} pixels of the frame; too little to follow")
    return inside


def share_inside(box: FloatArray, shape: tuple[int, ...]) -> float:
    """Return the share of a (4,) ``xyxy`` box that lies in an image of (H, W)."""
    height, width = shape[:2]
    inside = box.clip(0, (width, height, width, height))
    area = float(np.prod(box[2:] - box[:2]))
    return float(np.prod(inside[2:] - inside[:2])) / area if area > 0 else 0.0
