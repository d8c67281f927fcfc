"""A match painted with rectangles: people in kits of known colours on a field of one colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.types import FloatArray, Image, IntArray

GRASS = (60, 130, 60)
PARQUET = (110, 160, 205)
SKIN = (130, 165, 215)
SIZE = (1280, 720)
NAMED = {
    "white": (235, 235, 235), "black": (25, 25, 25), "red": (40, 30, 200), "blue": (190, 70, 25),
    "yellow": (40, 215, 245), "sky": (230, 190, 120), "purple": (140, 45, 95), "grey": (120, 120, 120),
    "orange": (20, 110, 240), "lime": (60, 240, 170), "navy": (90, 38, 14), "claret": (62, 26, 118),
}  # fmt: skip

Person = tuple[str, str, str, str]
"""Shirt, second colour of the shirt, pattern (plain, stripes, hoops, halves), shorts; socks are as the shirt."""


def plain(shirt: str, shorts: str = "black") -> Person:
    """A kit of one colour and its shorts."""
    return (shirt, shirt, "plain", shorts)


@dataclass
class Match:
    """People who walk about.

    Attributes:
        kits: of each person.
        places: (N, 2) mean places of the feet, in pixels.
    """

    kits: Sequence[Person]
    places: FloatArray
    seed: int = 0
    field: tuple[int, int, int] = GRASS
    grey: bool = False
    frame_rate: float = 10.0

    def frames(self, count: int) -> Iterator[tuple[int, Image, IntArray, FloatArray]]:
        """Yield number, picture, ids from 1 and (N, 4) boxes of each frame; the light is another one on the right."""
        rng = np.random.default_rng(self.seed)
        phase, pace = rng.uniform(0, 6.28, (len(self.kits), 2)), rng.uniform(0.5, 1.2, (len(self.kits), 2))
        light = np.where(np.arange(SIZE[0]) < SIZE[0] // 2, 1.0, 0.6)[None, :, None].astype(np.float32)
        noise = 4 * rng.standard_normal((SIZE[1] + 64, SIZE[0] + 64, 3), np.float32)  # a frame has a part of it
        for number in range(count):
            ground = np.empty((SIZE[1], SIZE[0], 3), np.float32)
            ground[:] = self.field
            feet = self.places + 25 * np.sin(phase + pace * number / self.frame_rate)
            for kit, (x, y) in zip(self.kits, feet.tolist(), strict=True):
                _person(ground, kit, x, y, 40 + y / 12)
            y, x = rng.integers(0, 65, 2).tolist()
            noisy = ground * light + noise[y : y + SIZE[1], x : x + SIZE[0]]
            image = np.clip(noisy, 0, 255, out=noisy).astype(np.uint8)
            if self.grey:
                image[:] = image.mean(axis=2, keepdims=True, dtype=np.float32).astype(np.uint8)
            height = 40 + feet[:, 1] / 12
            wide = 0.4 * height
            boxes = np.column_stack((feet[:, 0] - wide / 2, feet[:, 1] - height, feet[:, 0] + wide / 2, feet[:, 1]))
            yield number, image, np.arange(1, len(feet) + 1), boxes


def line_up(*groups: Person, each: int = 6, seed: int = 0) -> tuple[list[Person], FloatArray]:
    """Return kits and places of some groups of people, mixed over the middle of the picture."""
    kits = [kit for kit in groups for _ in range(each)]
    cells = np.array([(x, y) for y in range(280, 680, 110) for x in range(260, 1060, 90)], np.float64)
    order = np.random.default_rng(seed).permutation(len(cells))[: len(kits)]
    return kits, cells[order]


def _person(ground: FloatArray, kit: Person, x: float, y: float, height: float) -> None:
    shirt, second, pattern, shorts = kit
    wide, top = 0.3 * height, y - height

    def part(left: float, right: float, upper: float, lower: float, colour: tuple[int, int, int]) -> None:
        rows = slice(max(0, round(top + upper * height)), max(0, round(top + lower * height)))
        ground[rows, max(0, round(x + left * wide)) : max(0, round(x + right * wide))] = colour

    part(-0.3, 0.3, 0.0, 0.15, SKIN)
    part(-0.5, 0.5, 0.15, 0.5, NAMED[shirt])
    if pattern == "halves":
        part(0.0, 0.5, 0.15, 0.5, NAMED[second])
    for k in range(3):
        if pattern == "stripes":
            part(-0.5 + k / 3, -0.5 + k / 3 + 1 / 6, 0.15, 0.5, NAMED[second])
        if pattern == "hoops":
            part(-0.5, 0.5, 0.15 + 0.12 * k, 0.21 + 0.12 * k, NAMED[second])
    part(-0.5, 0.5, 0.5, 0.68, NAMED[shorts])
    for side in (-0.4, 0.1):
        part(side, side + 0.3, 0.68, 0.76, SKIN)
        part(side, side + 0.3, 0.76, 0.95, NAMED[shirt])
