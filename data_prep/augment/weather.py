"""Pictures of bad light and bad weather: low light, the look of infrared and heat cameras, rain and fog.

Boxes stay as they are: nothing here moves a pixel or hides a player.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from data_prep.augment.sample import Params, Sample, draw
from sportstrack.types import Image

_GAMMA = 2.2  # grey values are light to the power of 1 / 2.2
_READ_NOISE = 3.0  # electrons
_REFERENCE = 720.0  # picture height that lengths are given for


def low_light(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Leave 8…50 % of the grey values, with a cast, and the noise of a sensor that gets so little light."""
    factor, electrons = draw(rng, 0.08, 0.5), round(float(rng.uniform(1500, 8000)))
    cast = [draw(rng, 0.85, 1.15) for _ in range(3)]
    grey = sample.image.astype(np.float32) * (np.float32(factor) * np.array(cast, np.float32))
    light = (grey / 255).clip(0.5 / 255, 1) ** np.float32(_GAMMA)
    spread = np.sqrt(light * electrons + _READ_NOISE**2) / electrons
    # Grey values are steep in the dark; the slope is taken beside the value because it is infinite at 0.
    spread *= 255 / _GAMMA * (light + spread) ** (1 / _GAMMA - 1)
    grey += rng.standard_normal(grey.shape, np.float32) * spread
    return _with(sample, grey), {"factor": factor, "electrons": electrons, "cast": cast}


def infrared(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """One channel: near infrared (foliage is bright), white-hot or black-hot heat, in which people glow softly."""
    import cv2

    kind = str(rng.choice(["near", "white", "black"]))
    mix = rng.dirichlet((1.0, 2.0, 1.5))
    weights = np.round(mix, 4)
    grey = sample.image.astype(np.float32) @ weights.astype(np.float32)
    contrast = draw(rng, 0.5, 1.0)
    if kind != "near":
        sigma = round(draw(rng, 0.6, 1.6) * _scale(sample), 4)
        warm = _glow(sample, draw(rng, 40, 110)) if rng.random() < 0.8 else np.float32(0)
        grey = cv2.GaussianBlur(grey * np.float32(0.5) + warm, (0, 0), sigma)  # heat cameras have soft lenses
        grey = 255 - grey if kind == "black" else grey
    middle = float(grey.mean())
    grey = (grey - middle) * contrast + middle
    grey += rng.standard_normal(grey.shape, np.float32) * np.float32(draw(rng, 1, 7))
    params = {"kind": kind, "weights": weights.tolist(), "contrast": contrast}
    return _with(sample, np.repeat(grey[..., None], 3, axis=2)), params


def _glow(sample: Sample, strength: float) -> Any:
    """(H, W) float32: warmth in the middle of each box, softly falling off to its sides."""
    import cv2

    height, width = sample.image.shape[:2]
    glow = np.zeros((height, width), np.float32)
    for x1, y1, x2, y2 in sample.xyxy.tolist():
        middle = (round((x1 + x2) / 2), round((y1 + y2) / 2))
        axes = (max(1, round((x2 - x1) * 0.28)), max(1, round((y2 - y1) * 0.46)))
        cv2.ellipse(glow, middle, axes, 0, 0, 360, strength, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(glow, (0, 0), 3 * _scale(sample))


def rain(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Add 300…1500 bright streaks per 1280×720 pixels in one direction, and a little haze."""
    import cv2

    height, width = sample.image.shape[:2]
    amount = int(rng.integers(300, 1501))
    length, angle = round(draw(rng, 8, 30) * _scale(sample), 4), draw(rng, -20, 20)
    strength, haze = draw(rng, 40, 120), draw(rng, 0.05, 0.25)
    count = max(1, round(amount * height * width / (1280 * 720)))
    start = rng.uniform((-length, -length), (width + length, height), (count, 2))
    reach = length * rng.uniform(0.5, 1.2, (count, 1))
    way = np.array([np.sin(np.radians(angle)), np.cos(np.radians(angle))])
    ends = np.round(16 * np.stack([start, start + reach * way], axis=1)).astype(np.int32)
    sheet = np.zeros((height, width), np.uint8)
    for part, level in zip(np.array_split(ends, 3), (0.4, 0.7, 1.0), strict=True):  # near drops are brighter
        cv2.polylines(sheet, list(part), False, round(strength * level), 1, cv2.LINE_AA, 4)
    grey = sample.image.astype(np.float32) * np.float32(1 - haze) + np.float32(haze * 150)
    grey += cv2.GaussianBlur(sheet, (3, 3), 0)[..., None]
    return _with(sample, grey), {"drops": count, "length": length, "degrees": angle, "strength": strength, "haze": haze}


def fog(sample: Sample, rng: np.random.Generator) -> tuple[Sample, Params]:
    """Mix with grey: 20…70 % at the top of the picture, which is far away, and less towards its lower edge."""
    import cv2

    height, width = sample.image.shape[:2]
    far, near, air = draw(rng, 0.2, 0.7), draw(rng, 0.2, 0.8), draw(rng, 150, 225)
    rows = np.linspace(1.0, near, height, dtype=np.float32)[:, None]
    # Fog drifts in banks: slow waves, drawn coarse and enlarged.
    banks = rng.uniform(0.75, 1.0, (5, 8)).astype(np.float32)
    share = far * rows * cv2.resize(banks, (width, height), interpolation=cv2.INTER_CUBIC)
    share = share[..., None].clip(0, 1)
    return _with(sample, sample.image * (1 - share) + np.float32(air) * share), {"far": far, "near": near, "air": air}


def _with(sample: Sample, grey: Any) -> Sample:
    image: Image = np.ascontiguousarray(np.asarray(grey).round().clip(0, 255).astype(np.uint8))
    return replace(sample, image=image)


def _scale(sample: Sample) -> float:
    return max(0.5, sample.size[1] / _REFERENCE)
