"""Grey values of any depth as 8-bit pictures, steady over time: what heat cameras and 16-bit files need.

The values of such pictures have no fixed meaning: 12-bit data fill a sixteenth of a 16-bit file, heat cameras give
counts of their sensor, and both drift and flicker. So a picture is stretched between two of its own percentiles. Each
picture is first brought to its own median and spread, which cancels a flicker of the whole sensor; the two limits,
counted from there, follow the scene slowly, so that a hot object that comes into view does not darken all else at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.types import Image

LOW, HIGH = 0.5, 99.5  # per cent
SETTLING = 2.0  # seconds in which the limits come two thirds of the way to a new scene
OTHER_SCENE = 20.0  # times that the range between the limits may differ before the limits are taken anew
_MANY = 20_000  # pixels that percentiles are taken of
_FLAT = 1e-6  # of the values: less is no contrast


class Levels:
    """Makes (H, W) grey values of any type (H, W) uint8, picture after picture of one sequence.

    Args:
        frame_rate: pictures per second; 0: each picture is looked at by itself.
    """

    def __init__(self, frame_rate: float = 25.0) -> None:
        self._pace = 1.0 - float(np.exp(-1.0 / (SETTLING * max(frame_rate, 1e-3))))
        self._limits: NDArray[np.float64] | None = None  # in spreads from the median
        self._middle, self._spread = 0.0, 1.0

    def __call__(self, grey: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the picture between its limits; what has no contrast is shown as the last limits have it, or black."""
        values = np.asarray(grey)
        if not np.issubdtype(values.dtype, np.integer):
            values = _finite(values)
        step = max(1, int(np.sqrt(values.size / _MANY)))
        low, quarter, middle, three, high = np.percentile(values[::step, ::step], (LOW, 25, 50, 75, HIGH))
        if high - low > _FLAT * max(abs(low), abs(high)):
            self._middle, self._spread = float(middle), float(max(three - quarter, (high - low) / 20))
            self._follow((np.array([low, high]) - middle) / self._spread)
        elif self._limits is None:
            return np.zeros(values.shape, np.uint8)
        assert self._limits is not None
        least, most = self._middle + self._spread * self._limits
        scale = np.float32(255.0 / (most - least))
        shown: NDArray[np.uint8] = np.clip((values - np.float32(least)) * scale, 0, 255).astype(np.uint8)
        return shown

    def _follow(self, limits: NDArray[np.float64]) -> None:
        if self._limits is not None:
            ratio = float(np.ptp(limits) / np.ptp(self._limits))
            if 1 / OTHER_SCENE < ratio < OTHER_SCENE:
                limits = self._limits + self._pace * (limits - self._limits)
        self._limits = limits


def as_picture(grey: NDArray[Any], levels: Levels | None = None) -> Image:
    """Return (H, W) grey values of any depth as an (H, W, 3) uint8 picture; alone, or as the next one of a sequence."""
    shown = (levels or Levels())(grey)
    return np.repeat(shown[:, :, None], 3, axis=2)


def _finite(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return float32 values without NaN and infinity: a dead pixel is as dark as the darkest one, or as bright."""
    values = values.astype(np.float32)
    good = np.isfinite(values)
    if good.all():
        return values
    least, most = (float(values[good].min()), float(values[good].max())) if good.any() else (0.0, 0.0)
    mended: NDArray[np.float32] = np.nan_to_num(values, nan=least, posinf=most, neginf=least)
    return mended
