"""One stadium: its pitch, turf, paint, stands and boards, all from a seed; pictures of it differ in view and light."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from data_prep.synthetic.pitch_pictures import textures
from data_prep.synthetic.pitch_pictures.views import sample_pitch
from data_prep.synthetic.stadium import Wall
from sportstrack.pitch import Pitch
from sportstrack.types import Image

Array = NDArray[np.float64]
SCALE = 4.0  # pixels per metre of the turf seen from above
REACH = np.array([80.0, 62.0])  # metres from the centre spot to the edge of that picture


@dataclass(frozen=True)
class Stroke:
    """A painted line that is in the pictures but not in the model.

    Attributes:
        points: (N, 2) metres.
        width: in metres.
        colour: BGR.
        strength: 0 to 1, how much of it is left.
    """

    points: Array
    width: float
    colour: tuple[float, float, float]
    strength: float


@dataclass(frozen=True)
class Arena:
    """What stands still.

    Attributes:
        pitch: the model in its size.
        turf: seen from above, `SCALE` pixels a metre, without lines.
        walls: stands and boards, far ones first.
        line_width: in metres.
        paint: BGR of the lines.
        wear: 0 for fresh lines to 1 for lines that have gone in places.
        extra: lines of other sports, of technical areas and of nothing.
        net: BGR of the nets.
        edge: metres from the lines to the boards, behind the goals and along the sides.
    """

    pitch: Pitch
    turf: Image
    walls: tuple[Wall, ...]
    line_width: float
    paint: tuple[float, float, float]
    wear: float
    extra: tuple[Stroke, ...]
    edge: Array


@lru_cache(maxsize=48)
def stadium(seed: int) -> Arena:
    """Return the stadium of a seed."""
    rng = np.random.default_rng([5, seed])
    pitch = sample_pitch(rng)
    edge = np.array([rng.uniform(3.5, 14), rng.uniform(2.5, 11)])
    if rng.random() < 0.12:
        edge += rng.uniform(5, 14)  # a running track
    paint = np.array([235.0, 240.0, 238.0]) * rng.uniform(0.8, 1.06)
    if rng.random() < 0.06:
        paint = np.array([[60, 210, 240], [230, 160, 60], [60, 120, 240]][int(rng.integers(3))], dtype=float)
    width = float(rng.uniform(0.085, 0.14))
    extra = tuple(_extra(rng, pitch, edge, paint))
    wear = float(rng.beta(1, 3.5))
    walls = tuple(_walls(rng, pitch, edge))
    b, g, r = np.clip(paint, 0, 255).tolist()
    return Arena(pitch, _turf(rng, pitch, edge), walls, width, (b, g, r), wear, extra, edge)


def _turf(rng: np.random.Generator, pitch: Pitch, edge: Array) -> Image:
    import cv2

    w, h = (2 * REACH * SCALE).astype(int)
    x = (np.arange(w, dtype=np.float32) / SCALE - REACH[0])[None, :]
    y = (np.arange(h, dtype=np.float32) / SCALE - REACH[1])[:, None]
    value = 1.0 + _mowing(rng, x, y, pitch) * float(rng.uniform(0.0, 0.13))
    bumps = cv2.resize(textures.noise(int(rng.integers(16))), (int(w), int(h)))
    value = value + bumps * float(rng.uniform(0.01, 0.06))
    green = np.array([rng.uniform(25, 85), rng.uniform(85, 165), rng.uniform(35, 120)]) * rng.uniform(0.7, 1.15)
    colour = np.empty((h, w, 3), np.float32)
    colour[:] = green
    half = np.array([pitch.length, pitch.width]) / 2
    run = edge * rng.uniform(0.3, 1.3)
    outside = (np.abs(x) > half[0] + run[0]) | (np.abs(y) > half[1] + run[1])
    choice = rng.random()
    beside = rng.uniform(60, 190, 3) if choice < 0.3 else np.array([60, 75, 170]) if choice < 0.4 else green * 0.85
    colour[outside] = beside * rng.uniform(0.6, 1.2)
    worn = np.array([70, 120, 140]) * rng.uniform(0.7, 1.1)
    for spot, size in _worn_places(rng, pitch):
        away = np.exp(-(((x - spot[0]) / size[0]) ** 2 + ((y - spot[1]) / size[1]) ** 2)).astype(np.float32)
        part = np.clip(away * rng.uniform(0.1, 0.8) * (1 + 0.5 * bumps), 0, 1)[..., None]
        colour = colour * (1 - part) + worn.astype(np.float32) * part
    if rng.random() < 0.3:  # carpets with advertising beside the goals
        for side in (-1, 1):
            at = (np.array([side * (half[0] + 1.8) + REACH[0], rng.uniform(-14, 14) + REACH[1]]) * SCALE).astype(int)
            long = (np.array([1.2, rng.uniform(4, 9)]) * SCALE).astype(int)
            cv2.rectangle(colour, (at - long).tolist(), (at + long).tolist(), rng.uniform(0, 255, 3).tolist(), -1)
    return np.asarray(np.clip(colour * value[..., None], 0, 255), dtype=np.uint8)


def _mowing(rng: np.random.Generator, x: Array, y: Array, pitch: Pitch) -> Array:
    """Values −1 to 1 of a mowing pattern."""
    style = str(
        rng.choice(["across", "along", "checks", "rings", "slanted", "none"], p=[0.5, 0.1, 0.2, 0.05, 0.07, 0.08])
    )
    band = float(rng.choice([pitch.length / n for n in (10, 12, 14, 16, 18, 20, 24)]))
    sharp = float(rng.uniform(2, 12))

    def stripes(v: Array, period: float) -> Array:
        return np.asarray(np.tanh(sharp * np.sin(np.pi * v / period)))

    if style == "across":
        return stripes(x + pitch.length / 2, band) + 0 * y
    if style == "along":
        return stripes(y + pitch.width / 2, band) + 0 * x
    if style == "checks":
        a, b = stripes(x + pitch.length / 2, band), stripes(y + pitch.width / 2, band * rng.uniform(0.8, 1.3))
        return np.asarray((a + b) / 2 if rng.random() < 0.6 else a * b)
    if style == "rings":
        return stripes(np.hypot(x, y), band)
    if style == "slanted":
        return stripes(x * 0.8 + y * float(rng.choice([-0.6, 0.6])), band)
    return 0 * x + 0 * y


def _worn_places(rng: np.random.Generator, pitch: Pitch) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    if rng.random() < 0.5:
        return []
    half = pitch.length / 2
    places = [((side * (half - 3), 0.0), (4.0, 6.0)) for side in (-1.0, 1.0)]
    places += [((side * (half - 11), 0.0), (2.0, 2.0)) for side in (-1.0, 1.0)]
    return places + [((rng.uniform(-45, 45), rng.uniform(-30, 30)), (rng.uniform(2, 12), rng.uniform(2, 12)))]


def _extra(rng: np.random.Generator, pitch: Pitch, edge: Array, paint: Array) -> list[Stroke]:
    """Lines that are not the pitch's."""
    found: list[Stroke] = []
    half = np.array([pitch.length, pitch.width]) / 2

    def add(points: Array, width: float, colour: Array, strength: float) -> None:
        b, g, r = np.clip(colour, 0, 255).tolist()
        start, end = points[:-1], points[1:]
        parts = [
            a + np.linspace(0, 1, max(2, int(np.hypot(*(b_ - a)) / 3)))[:, None] * (b_ - a)
            for a, b_ in zip(start, end, strict=True)
        ]
        found.append(Stroke(np.concatenate(parts), width, (b, g, r), strength))

    if rng.random() < 0.35:  # the edge of the artificial grass, or a line before the boards
        gap = edge * rng.uniform(0.4, 0.95)
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) * (half + gap)
        add(corners, float(rng.uniform(0.05, 0.3)), rng.uniform(90, 250, 3), float(rng.uniform(0.3, 1)))
    if rng.random() < 0.5:  # technical areas
        for x in (-1, 1):
            a, b = sorted((x * rng.uniform(5, 9), x * rng.uniform(16, 28)))
            add(np.array([(a, half[1] + 3), (a, half[1] + 1), (b, half[1] + 1), (b, half[1] + 3)]), 0.1, paint, 0.8)
    if rng.random() < 0.14:  # smaller pitches across, as on training grounds
        inks = np.array([paint, [50, 200, 230], [220, 120, 40], [50, 60, 220]])
        colour = inks[int(rng.integers(4))]
        for x in (-1, 1):
            size = np.array([rng.uniform(15, 24), rng.uniform(22, 33)])
            box = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) * size + (x * 27, 0)
            add(box, 0.08, colour, float(rng.uniform(0.2, 0.7)))
            add(np.array([(x * 27 - size[0], 0), (x * 27 + size[0], 0)]), 0.08, colour, 0.5)
    if rng.random() < 0.08:  # another sport with lines across every few metres
        colour, apart = (paint if rng.random() < 0.5 else rng.uniform(0, 255, 3)), rng.choice([4.57, 9.14, 10, 22])
        for at in np.arange(-half[0] + rng.uniform(0, 5), half[0], apart):
            add(np.array([(at, -24.0), (at, 24.0)]), 0.1, colour, float(rng.uniform(0.15, 0.5)))
    for _ in range(int(rng.poisson(0.4))):  # anything
        start, angle = rng.uniform(-1, 1, 2) * half, rng.uniform(0, np.pi)
        end = start + rng.uniform(5, 60) * np.array([np.cos(angle), np.sin(angle)])
        add(np.array([start, end]), 0.1, rng.uniform(60, 255, 3), 0.5)
    return found


def _walls(rng: np.random.Generator, pitch: Pitch, edge: Array) -> list[Wall]:
    half = np.array([pitch.length, pitch.width]) / 2 + edge
    stands, rows = [], []
    row_height = float(rng.uniform(0.7, 1.3))
    one = rng.random() < 0.5
    shared_crowd, shared_boards = textures.crowd(rng), textures.boards(rng)
    for inward, length in (((0, -1), half[0]), ((0, 1), half[0]), ((1, 0), half[1]), ((-1, 0), half[1])):
        normal = np.array(inward, dtype=float)
        right = np.array([normal[1], -normal[0]])
        offset = half[0] if inward[0] else half[1]
        foot = -normal * offset
        if rng.random() < 0.92:
            texture = shared_crowd if one else textures.crowd(rng)
            gap, depth, rise = rng.uniform(0.5, 6), rng.uniform(12, 40), rng.uniform(6, 26)
            low = float(rng.choice([0.0, 1.0, rng.uniform(1, 4)]))
            per = 2 * (length + 12) / texture.shape[1]
            down = np.array([*(normal * depth), -rise]) / texture.shape[0]
            start = np.array([*(foot - normal * (depth + gap) - right * (length + 12)), rise + low])
            stands.append(Wall(start, np.array([*right, 0]) * per, down, texture, normal, offset))
        if rng.random() < 0.93:
            for level in range(2 if rng.random() < 0.25 else 1):
                texture = shared_boards if one else textures.boards(rng)
                start = np.array([*(foot - right * length - normal * level), row_height * (1 + level)])
                down = np.array([0, 0, -row_height / texture.shape[0]])
                per = 2 * length / texture.shape[1]
                rows.append(Wall(start, np.array([*right, 0]) * per, down, texture, normal, offset + level))
    return stands + sorted(rows, key=lambda wall: -wall.offset)
