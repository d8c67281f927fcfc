"""Cameras as broadcasts have them: where they stand, what they look at and how far they zoom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from sportstrack.pitch import Camera, Pitch, load_pitch

KINDS = {"main": 0.7, "side": 0.12, "goal": 0.05, "corner": 0.06, "high": 0.05, "tight": 0.02}
"""Kind of camera → how often: the main one, beside a penalty area, behind a goal, in a corner, high and wide, close."""
CANONICAL = -20.0
"""Degrees from the x axis towards the near side: cameras stand between this and 180 degrees more, seen from the centre
spot. A pitch looks the same turned by 180 degrees, so one of the two must be chosen. A camera on the near side stays
there, and behind a goal it is the right one that is near."""


@dataclass(frozen=True)
class PitchView:
    """What one picture sees: a camera that looks at a pitch.

    Attributes:
        camera: that sees it.
        pitch: the model in its size.
        size: (width, height) of the picture in pixels.
        kind: one of `KINDS`.
    """

    camera: Camera
    pitch: Pitch
    size: tuple[int, int]
    kind: str


@lru_cache(maxsize=256)
def pitch_of(length: float, width: float) -> Pitch:
    """Return the football pitch of a size."""
    return load_pitch("football", length, width)


def sample_pitch(rng: np.random.Generator) -> Pitch:
    """Return a pitch of the standard size in half of the cases, or of another one that the rules allow."""
    if rng.random() < 0.55:
        return pitch_of(105.0, 68.0)
    return pitch_of(float(rng.integers(98, 112)), float(rng.integers(62, 74)))


def sample_view(rng: np.random.Generator, pitch: Pitch, size: tuple[int, int]) -> PitchView:
    """Return a view of a pitch with a camera of a random kind."""
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    length, width = pitch.length / 2, pitch.width / 2
    side = float(rng.choice([-1.0, 1.0]))
    aim = np.array([rng.uniform(-1, 1) * (length - 2), rng.normal(0, 0.33) * width])
    wide = float(np.exp(rng.uniform(np.log(26), np.log(95))))  # metres that the picture spans at its middle
    if kind in ("main", "tight"):
        place = (rng.normal(0, 5), width + np.exp(rng.uniform(np.log(10), np.log(62))), rng.uniform(6, 30))
        wide = float(rng.uniform(14, 30)) if kind == "tight" else wide
    elif kind == "side":
        place = (side * rng.uniform(18, 42), width + np.exp(rng.uniform(np.log(8), np.log(50))), rng.uniform(6, 26))
        aim[0] = side * rng.uniform(0.1, 1) * length
    elif kind == "goal":
        place = (side * (length + rng.uniform(10, 50)), rng.normal(0, 5), rng.uniform(4, 26))
        aim = np.array([side * rng.uniform(-0.2, 0.9) * length, rng.normal(0, 8)])
    elif kind == "corner":
        place = (side * (length + rng.uniform(2, 30)), width + rng.uniform(2, 40), rng.uniform(7, 32))
        aim = np.array([side * rng.uniform(-0.5, 0.95) * length, rng.normal(0, 0.4) * width])
    else:
        place = (rng.normal(0, 10), width + rng.uniform(0, 70), rng.uniform(28, 60))
        wide = float(rng.uniform(70, 125))
    camera = _looking(rng, np.array(place, dtype=float), aim, wide, size)
    return PitchView(canonical(camera), pitch, size, kind)


def canonical(camera: Camera) -> Camera:
    """Return the camera on the side that `CANONICAL` chooses: turned by 180 degrees about the centre spot or not."""
    x, y, height = camera.centre
    if _is_canonical(x, y):
        return camera
    return replace(camera, centre=(-x, -y, height), pan=float((camera.pan + 360) % 360 - 180))


def mirrors(camera: Camera) -> bool:
    """Tell whether the mirror image of what it sees is one of a camera on the chosen side, too."""
    return _is_canonical(camera.centre[0], camera.centre[1]) and _is_canonical(-camera.centre[0], camera.centre[1])


def _is_canonical(x: float, y: float) -> bool:
    return bool((np.degrees(np.arctan2(y, x)) - CANONICAL) % 360 < 180)


def _looking(
    rng: np.random.Generator, place: np.ndarray, aim: np.ndarray, wide: float, size: tuple[int, int]
) -> Camera:
    """Return the camera at a place that has a point of the ground somewhere in its picture."""
    ahead = aim - place[:2]
    distance = float(np.hypot(np.hypot(*ahead), place[2]))
    focal = size[0] * float(np.clip(distance / wide, 0.45, 7.0))
    off = rng.uniform(-0.12, 0.22)  # the ball is seldom in the middle
    tilt = np.degrees(np.arctan2(place[2], np.hypot(*ahead)) - np.arctan(off * size[1] / focal))
    pan = np.degrees(np.arctan2(ahead[0], -ahead[1]))
    bent = rng.normal(-0.02, 0.04) * min(1.0, (focal / size[0]) ** 2) if rng.random() < 0.5 else 0.0
    roll = rng.normal(0, 0.6) if rng.random() < 0.9 else rng.normal(0, 2.0)
    middle = (size[0] / 2, size[1] / 2)
    x, y, height = (float(v) for v in place)
    return Camera((x, y, height), float(pan), float(tilt), float(roll), focal, middle, float(bent))
