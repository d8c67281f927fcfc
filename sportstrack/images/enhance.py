"""Pictures made fit for a detector that learnt by day: brighter, with less noise, steady from frame to frame."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from sportstrack.errors import SettingError, unknown
from sportstrack.images.levels import Levels, as_picture
from sportstrack.images.light import Light, measure_light
from sportstrack.images.opencv import require_cv2
from sportstrack.types import Image

NONE, AUTO = "none", "auto"
ENHANCE = (AUTO, NONE, "gamma", "clahe", "denoise")
THERMAL = (NONE, "white", "black")

DARK_MIDDLE, DARK_BRIGHT = 32.0, 64.0  # grey values of median and 90th percentile below which a picture is dark
LEAVES_DARK = 1.25  # times these: a picture that was dark is no longer, so that none changes to and fro
WHITE, MIDDLE = 235.0, 60.0  # where the 99.5th percentile is brought, and the median at least
MOST_GAIN, LEAST_GAMMA = 16.0, 0.55
GRAINY = 3.0  # grey values of noise, after the gain, from which it is smoothed
SMOOTH = 0.9  # pixels, at 480 rows and more: the deviation of the Gaussian that smooths it
SETTLING = 1.0  # second in which the measured light comes two thirds of the way to a new one


FLICKER = 1.4  # times the usual light that one picture may have, and still be shown as bright as the others


class Enhancer:
    """Enhances the pictures of one sequence, in their order.

    Args:
        how: one of `ENHANCE`. auto measures the light and brightens and smooths dark pictures; all others stay as they
            are. gamma brightens, clahe brightens and evens out the contrast of regions, denoise brightens and smooths
            all but edges: each of all pictures, as far as they need it.
        thermal: whether a heat camera shows warm things ``white`` or ``black``: its pictures are stretched between two
            percentiles, and what is black-hot is turned round. Nothing else is done to them in auto.
        frame_rate: pictures per second; 0: each picture is looked at by itself.

    Attributes:
        seen: pictures so far.
        changed: how many of them were changed.
        seconds: spent.

    Raises:
        SettingError: there is no such way.
    """

    def __init__(self, how: str = AUTO, thermal: str = NONE, frame_rate: float = 25.0) -> None:
        for name, value, known in (("enhance", how, ENHANCE), ("thermal", thermal, THERMAL)):
            if value not in known:
                raise SettingError(f"{name}: {unknown('value', value, known)}")
        self.seen = self.changed = 0
        self.seconds = 0.0
        self._how, self._thermal = how, thermal
        self._levels = Levels(frame_rate)
        self._pace = 1.0 - float(np.exp(-1.0 / (SETTLING * max(frame_rate, 1e-3))))
        self._light: Light | None = None
        self._dark = False

    def __call__(self, image: Image) -> Image:
        """Return the enhanced picture, (H, W, 3) uint8; the same object where nothing was to be done."""
        started = time.perf_counter()
        done = image if self._thermal == NONE else self._heat(image)
        if self._how != NONE and not (self._how == AUTO and self._thermal != NONE):
            done = self._brightened(done)
        self.seen += 1
        self.changed += done is not image
        self.seconds += time.perf_counter() - started
        return done

    def _heat(self, image: Image) -> Image:
        cv2 = require_cv2()
        shown = as_picture(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), self._levels)
        return 255 - shown if self._thermal == "black" else shown

    def _brightened(self, image: Image) -> Image:
        now = measure_light(image)
        light = self._follow(now)
        if self._how == AUTO and not self._is_dark(light):
            return image
        gain, gamma = curve(light)
        gain *= float(np.clip((light.middle + 1) / (now.middle + 1), 1 / FLICKER, FLICKER))
        cv2 = require_cv2()
        brighter: Any = image
        if abs(gain - 1) > 0.02 or gamma < 0.98:
            brighter = cv2.LUT(image, table(gain, gamma))
        if self._how == "clahe":
            return _even(brighter)
        if self._how == "denoise":
            return np.asarray(cv2.bilateralFilter(brighter, 5, max(10.0, 3 * light.noise * gain), 2), np.uint8)
        if self._how == AUTO and light.noise * gain >= GRAINY:
            brighter = cv2.GaussianBlur(brighter, (0, 0), SMOOTH * float(np.clip(image.shape[0] / 480, 0.5, 1.0)))
        return np.asarray(brighter, np.uint8)

    def _follow(self, now: Light) -> Light:
        """Let the measured light follow slowly; but a new scene at once, or its first second would be blinding."""
        before = self._light
        if before is None or self._pace == 1 or not 0.5 < (now.white + 1) / (before.white + 1) < 2:
            self._light = now
            return now
        steps = {name: old + self._pace * (getattr(now, name) - old) for name, old in vars(before).items()}
        self._light = Light(**steps)
        return self._light

    def _is_dark(self, light: Light) -> bool:
        factor = LEAVES_DARK if self._dark and self._pace < 1 else 1.0
        self._dark = light.middle < factor * DARK_MIDDLE and light.bright < factor * DARK_BRIGHT and light.white >= 2
        return self._dark

    def report(self) -> dict[str, Any]:
        """Return what was done, as plain values; nothing where no way was asked for."""
        if (self._how, self._thermal) == (NONE, NONE):
            return {}
        return {
            "enhance": self._how,
            "thermal": self._thermal,
            "frames": self.changed,
            "of": self.seen,
            "ms": round(1000 * self.seconds / max(self.seen, 1), 2),
        }


def report_text(found: dict[str, Any]) -> str:
    """Return one line for people of what `Enhancer.report` returns."""
    ways = [found["enhance"]] * (found["enhance"] != NONE)
    ways += [f"thermal {found['thermal']}"] * (found["thermal"] != NONE)
    return f"{', '.join(ways)}: {found['frames']} of {found['of']} frames, {found['ms']:.1f} ms a frame"


def curve(light: Light) -> tuple[float, float]:
    """Return gain and exponent that bring a picture's white and middle to where a day's picture has them.

    Grey values are light to a power already, so the gain alone is what more light would do. The exponent lifts the
    rest of a picture with lamps in it, whose white cannot be lifted.
    """
    gain = float(np.clip(WHITE / max(light.white, 1.0), 1.0, MOST_GAIN))
    middle = np.clip(light.middle * gain / 255, 1 / 255, 0.99)
    gamma = float(np.clip(np.log(MIDDLE / 255) / np.log(middle), LEAST_GAMMA, 1.0))
    return gain, gamma


def table(gain: float, gamma: float) -> Image:
    """(256,) uint8: what becomes of each grey value."""
    return np.rint(255 * np.minimum(np.arange(256) * gain / 255, 1.0) ** gamma).astype(np.uint8)


def _even(image: Image) -> Image:
    """Even out the contrast of regions: CLAHE of the lightness (Zuiderveld, *Graphics Gems IV*, 1994)."""
    cv2 = require_cv2()
    lightness, a, b = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2LAB))
    lightness = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(lightness)
    return np.asarray(cv2.cvtColor(cv2.merge([lightness, a, b]), cv2.COLOR_LAB2BGR), np.uint8)
