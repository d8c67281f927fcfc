"""Light of evenings and nights: dusk, floodlight, and a field with hardly any light; and what a sensor makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.lighting import LightMap
from data_prep.synthetic.settings import PITCH_LENGTH, PITCH_WIDTH, STREAM_LIGHTING, Array, Settings
from sportstrack.types import Image

GAMMA = 2.2  # grey values are light to the power of 1 / GAMMA
Span = tuple[float, float]


@dataclass(frozen=True)
class Hour:
    """A kind of light.

    Attributes:
        exposure: grey values in the picture, over those of a well-lit one.
        surround: grey values of stands and boards, over those of the pitch.
        depth: how much darker the darkest places of the pitch are, as a share.
        electrons: that a white pixel collects; fewer are noisier.
        cast: white, as the camera shows it (BGR factors).
        masts: whether the light comes from masts at the corners.
    """

    exposure: Span
    surround: Span
    depth: Span
    electrons: Span
    cast: tuple[float, float, float]
    masts: bool


HOURS: Mapping[str, Hour] = {
    "dusk": Hour((0.35, 0.6), (0.7, 0.95), (0.05, 0.15), (2500, 5000), (1.18, 0.98, 0.86), masts=False),
    "floodlight": Hour((0.6, 0.9), (0.12, 0.3), (0.4, 0.7), (3000, 6000), (1.02, 1.02, 0.97), masts=True),
    "night": Hour((0.1, 0.22), (0.3, 0.6), (0.3, 0.6), (2500, 6000), (1.05, 1.0, 0.93), masts=True),
}
READ_NOISE = 3.0  # electrons
MAST_REACH = 45.0  # metres at which a mast gives half of its light


class DarkLighting(LightMap):
    """The light of one sequence at dusk, under floodlight or at night.

    Attributes:
        cast, exposure: as of `LightMap`.
        surround: factor of what stands around the pitch.
        electrons: that a white pixel collects.
    """

    def __init__(self, settings: Settings) -> None:
        rng, hour = settings.rng(STREAM_LIGHTING), HOURS[settings.lighting]
        self.cast = np.array(hour.cast)
        self.exposure = float(rng.uniform(*hour.exposure))
        self.surround = float(rng.uniform(*hour.surround))
        self.electrons = float(rng.uniform(*hour.electrons))
        self._depth = float(rng.uniform(*hour.depth))
        corners = np.array([(x, y) for x in (-1.0, 1.0) for y in (-1.0, 1.0)])
        self._masts = corners * (PITCH_LENGTH / 2 + 12, PITCH_WIDTH / 2 + 14) * rng.uniform(0.7, 1.1, (4, 2))
        self._power = rng.uniform(0.5, 1.0, 4) if hour.masts else np.zeros(4)
        angle = rng.uniform(0, 2 * np.pi)
        self._slope = np.array([np.cos(angle) / PITCH_LENGTH, np.sin(angle) / PITCH_WIDTH])

    def at(self, xy: Array) -> Array:
        """(..., 3) BGR factors at places (..., 2) in metres."""
        if self._power.any():
            reach = ((xy[..., None, :] - self._masts) ** 2).sum(axis=-1) / MAST_REACH**2
            lit = (self._power / (1 + reach)).sum(axis=-1) / self._power.sum() / 0.4
        else:
            lit = 0.5 + xy @ self._slope
        return np.repeat((1.0 - self._depth * (1.0 - np.clip(lit, 0.0, 1.0)))[..., None], 3, axis=-1)


class DarkSensor:
    """Photon and read-out noise in grey values, from a fixed sheet of grain that is read at another place each time.

    Grey values are light to the power of 1 / 2.2, which is steep in the dark: the same noise in electrons is many grey
    values there and few in the light.

    Args:
        electrons: that a white pixel collects.
        shape: height and width of the pictures.
        rng: draws the grain.
    """

    def __init__(self, electrons: float, shape: tuple[int, int], rng: np.random.Generator) -> None:
        self._shape = shape
        self._grain = rng.standard_normal((shape[0] + 121, shape[1] + 121), np.float32)
        self._sigma = noise_table(electrons)

    def expose(self, image: Image, offset: tuple[int, int]) -> Image:
        """(H, W, 3) uint8 with noise of its own in each channel; ``offset`` (0…60 each) chooses the grain."""
        import cv2

        height, width = self._shape
        planes = []
        for channel, plane in enumerate(cv2.split(image)):
            y, x = offset[channel % 2] + 29 * channel, offset[(channel + 1) % 2] + 17 * channel
            grain = self._grain[y : y + height, x : x + width]
            planes.append(cv2.add(plane, cv2.multiply(grain, self._sigma[plane]), dtype=cv2.CV_8U))
        noisy: Image = cv2.merge(planes)
        return noisy


def noise_table(electrons: float) -> NDArray[np.float32]:
    """(256,) standard deviation of the noise at each grey value."""
    light = np.maximum(np.arange(256) / 255, 0.5 / 255) ** GAMMA
    spread = np.sqrt(light * electrons + READ_NOISE**2) / electrons
    slope = 255 / GAMMA * (light + spread) ** (1 / GAMMA - 1)  # taken beside the value: at 0 it would be infinite
    return (slope * spread).astype(np.float32)
