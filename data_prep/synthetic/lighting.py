"""Light that differs over the pitch: the shadow of a roof, pools of floodlight, and a cast of colour."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from data_prep.synthetic.settings import PITCH_LENGTH, PITCH_WIDTH, STREAM_LIGHTING, Array, Settings

# A white sheet under each kind of light, as a camera shows it that was set for another one (BGR factors)
CASTS = {
    "none": (1.0, 1.0, 1.0), "warm": (0.78, 0.98, 1.12), "cold": (1.16, 1.0, 0.84), "green": (0.9, 1.07, 0.92),
    "magenta": (1.06, 0.93, 1.05),
}  # fmt: skip
PENUMBRA = 1.2  # metres over which a shadow begins
SKY = np.array([1.12, 1.0, 0.92])  # a shadow is lit by the blue sky


class LightMap(ABC):
    """Light that differs over the pitch.

    Attributes:
        cast: (3,) BGR factors: white, as the camera shows it.
        exposure: factor of all grey values.
    """

    cast: Array
    exposure: float

    @abstractmethod
    def at(self, xy: Array) -> Array:
        """(..., 3) BGR factors at places (..., 2) in metres."""

    def on_grid(self, x: Array, y: Array) -> Array:
        """(H, W, 3) float32 factors where columns are at ``x`` (1, W) and rows at ``y`` (H, 1)."""
        import cv2

        small = np.stack(np.meshgrid(x[0, ::4], y[::4, 0]), axis=-1)
        size = (x.shape[1], y.shape[0])
        grown: Array = cv2.resize(self.at(small).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
        return grown


class Lighting(LightMap):
    """The varied light of one sequence; ``sunny`` has one hard shadow, the rest is lit by masts."""

    def __init__(self, settings: Settings, sunny: bool) -> None:
        rng = settings.rng(STREAM_LIGHTING)
        self._sunny = sunny
        angle = rng.choice([0.0, 0.5, 1.0, 1.5]) * np.pi + rng.normal(0, 0.15)
        self._normal = np.array([np.cos(angle), np.sin(angle)])
        reach = 0.35 * float(np.abs(self._normal) @ (PITCH_LENGTH / 2, PITCH_WIDTH / 2))
        self._edge = float(rng.uniform(-reach, reach))
        self._shade = float(rng.uniform(0.36, 0.65)) * SKY
        self._depth = float(rng.uniform(0.05, 0.28))
        self._phase = rng.uniform(0, 2 * np.pi, 2)
        self._waves = rng.uniform(1.5, 3.5, 2) * 2 * np.pi / (PITCH_LENGTH, PITCH_WIDTH)
        self.cast = np.array(CASTS[str(rng.choice(list(CASTS), p=(0.3, 0.25, 0.2, 0.15, 0.1)))])
        self.exposure = float(rng.uniform(0.85, 1.2))

    def at(self, xy: Array) -> Array:
        """(..., 3) BGR factors at places (..., 2) in metres."""
        if self._sunny:
            inside = np.clip((xy @ self._normal - self._edge) / PENUMBRA + 0.5, 0.0, 1.0)[..., None]
            return np.asarray(1.0 + inside * (self._shade - 1.0))
        waves = np.cos(xy * self._waves + self._phase).mean(axis=-1)
        return np.repeat((1.0 - self._depth + self._depth * waves)[..., None], 3, axis=-1)
