"""The one check of images: every part that takes an image from outside asks here."""

from __future__ import annotations

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.types import Image


def check_image(image: object, name: str = "frame", *, least: int = 1, size: tuple[int, int] | None = None) -> Image:
    """Return an image, checked.

    Args:
        image: what ought to be one.
        name: begins the messages.
        least: pixels that either side must have.
        size: width and height that it must have; None is any.

    Raises:
        SettingError: if it is not (H, W, 3) uint8, is too small, or of another size.
    """
    shape, dtype = getattr(image, "shape", ""), getattr(image, "dtype", type(image).__name__)
    wanted = "(H, W, 3)" if size is None else f"({size[1]}, {size[0]}, 3)"
    if (
        not isinstance(image, np.ndarray)
        or image.ndim != 3
        or image.shape[2] != 3
        or image.dtype != np.uint8
        or not image.size
        or (size is not None and image.shape[1::-1] != tuple(size))
    ):
        raise SettingError(f"{name}: expected {wanted} uint8, got {shape} {dtype}".replace("  ", " "))
    if min(image.shape[:2]) < least:
        raise SettingError(f"{name}: expected at least {least} x {least} pixels, got shape {shape}")
    return image
