"""The picture of a pitch from above, for minimaps and heat maps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sportstrack.errors import SettingError
from sportstrack.pitch.model import Arc, Line, Metres, Pitch

_MARGIN = 0.04
"""Of the length, around the pitch."""
_MAX_PIXELS = 100_000_000
_SHIFT = 4  # OpenCV draws with fractions of a pixel in 1/16


def pitch_to_picture(pitch: Pitch, pixels_per_metre: float) -> Metres:
    """Return the (2, 3) affine map from metres on the pitch to pixels of `draw_pitch`'s picture."""
    margin = _MARGIN * pitch.length
    x, y = pitch.reach
    s = float(pixels_per_metre)
    return np.array([[s, 0.0, s * (x + margin)], [0.0, s, s * (y + margin)]])


def draw_pitch(pitch: Pitch, pixels_per_metre: float = 8.0) -> npt.NDArray[np.uint8]:
    """Return a picture of the pitch from above, the near side at the bottom: (height, width, 3), uint8, BGR.

    `pitch_to_picture` maps metres to its pixels.

    Raises:
        SettingError: the scale is not above 0, or the picture would have more than 100 million pixels.
    """
    import cv2

    if not np.isfinite(pixels_per_metre) or pixels_per_metre <= 0:
        raise SettingError(f"pixels_per_metre must be above 0, not {pixels_per_metre}")
    to_pixels = pitch_to_picture(pitch, pixels_per_metre)
    width, height = (int(np.ceil(2 * to_pixels[axis, 2])) for axis in (0, 1))
    if width * height > _MAX_PIXELS:
        raise SettingError(
            f"pixels_per_metre {pixels_per_metre:g}: a picture of {width} × {height} pixels is too large"
        )
    picture = np.full((max(height, 1), max(width, 1), 3), _bgr(pitch.surface), dtype=np.uint8)
    thick = max(1, round(pitch.length * pixels_per_metre / 400))
    for part in pitch.parts:
        for piece in _strokes(part, pitch.length / 100):
            pixels = piece @ to_pixels[:, :2].T + to_pixels[:, 2]
            fixed = np.round(pixels * 2**_SHIFT).astype(np.int32)
            cv2.polylines(picture, [fixed], False, _bgr(part.colour), thick, cv2.LINE_AA, _SHIFT)
    for x, y, *_ in pitch.spots.values():
        centre = np.round((to_pixels @ (x, y, 1.0)) * 2**_SHIFT).astype(int)
        radius = round(max(1.5 * thick, pitch.length * pixels_per_metre / 350) * 2**_SHIFT)
        cv2.circle(picture, (int(centre[0]), int(centre[1])), radius, _bgr(pitch.paint), -1, cv2.LINE_AA, _SHIFT)
    return picture


def _strokes(part: Line | Arc, dash: float) -> list[Metres]:
    """Return the polylines that a line or arc is painted with, every second of them left out where it is dashed."""
    if not part.dashed:
        return [part.points()]
    points = part.points(dash)
    return [points[i : i + 2] for i in range(0, len(points) - 1, 2)]


def _bgr(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return blue, green, red
