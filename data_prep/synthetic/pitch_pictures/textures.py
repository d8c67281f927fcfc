"""Textures of a stadium: crowds, advertising boards and noise, made without loops over seats."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sportstrack.types import Image

WORDS = ("SPORT", "FAIR PLAY", "TRACK", "GOAL", "TEAM", "KICK OFF", "ONE TOUCH", "BANK", "PLAY ON", "90 MIN", "ENERGY")
FONTS = (0, 2, 3, 4)  # of OpenCV


def crowd(rng: np.random.Generator, columns: int = 260, rows: int = 46, cell: int = 4) -> Image:
    """A stand: rows of seats, taken or empty, aisles, letters made of seats, entrances."""
    import cv2

    seat = rng.uniform(20, 200, 3) * (0.6 if rng.random() < 0.6 else 1.1)
    seats = np.empty((rows, columns, 3), np.uint8)
    seats[:] = np.clip(seat, 0, 255)
    if rng.random() < 0.45:  # letters or stripes of other seats
        other = rng.uniform(150, 245, 3) if rng.random() < 0.7 else rng.uniform(0, 255, 3)
        for x in range(int(rng.integers(0, 20)), columns, int(rng.integers(22, 60))):
            word = str(rng.choice(list("ABCDEFGHKLMNOPRSTUVX")))
            cv2.putText(seats, word, (x, int(rows * 0.8)), 2, rows / 32, other.tolist(), 2)
    seats = seats.astype(np.float32)
    full = rng.uniform(0.1, 0.98)
    taken = rng.random((rows, columns)) < full
    fans = rng.uniform(10, 240, (3, 3)).astype(np.float32)
    shirts = rng.uniform(10, 230, (rows, columns, 3)).astype(np.float32)
    shirts += (shirts.mean(2, keepdims=True) - shirts) * rng.uniform(0.3, 0.9)  # most people wear dull colours
    loyal = rng.random((rows, columns)) < rng.uniform(0.1, 0.7)
    shirts[loyal] = fans[rng.integers(0, 3, int(loyal.sum()))]
    seats[taken] = shirts[taken] * rng.uniform(0.4, 0.9)
    picture = cv2.resize(seats, (columns * cell, rows * cell), interpolation=cv2.INTER_NEAREST)
    heads = np.zeros((rows, cell, columns, cell, 1), np.float32)
    heads[:, 0, :, 1:3] = 1.0
    skin = np.array([95, 125, 170]) * rng.uniform(0.5, 1.0)
    mask = (heads * taken[:, None, :, None, None]).reshape(rows * cell, columns * cell, 1)
    picture = picture * (1 - mask) + skin.astype(np.float32) * mask
    picture[cell - 1 :: cell] *= 0.7
    step = int(rng.integers(14, 40)) * cell
    for x in range(int(rng.integers(0, step)), columns * cell, step):
        cv2.line(
            picture,
            (x, 0),
            (x + int(rng.normal(0, 4)), rows * cell),
            (rng.uniform(60, 190) * np.ones(3)).tolist(),
            cell,
        )
    for _ in range(int(rng.integers(0, 5))):
        x, y = int(rng.integers(0, columns * cell)), int(rng.integers(rows * cell))
        cv2.rectangle(picture, (x, y), (x + 4 * cell, y + 3 * cell), rng.uniform(10, 90, 3).tolist(), -1)
    light = np.linspace(rng.uniform(0.5, 1.1), rng.uniform(0.5, 1.1), rows * cell, dtype=np.float32)[:, None, None]
    blurred = cv2.GaussianBlur(picture * light, (0, 0), rng.uniform(0.4, 1.2))
    return np.asarray(np.clip(blurred, 0, 255), dtype=np.uint8)


def boards(rng: np.random.Generator, width: int = 1800, height: int = 20) -> Image:
    """A row of advertising boards, printed or lit."""
    import cv2

    picture = np.zeros((height, width, 3), np.uint8)
    one = rng.uniform(0, 255, 3) if rng.random() < 0.5 else None  # a whole row in one colour
    x = 0
    while x < width:
        across = int(rng.integers(60, 420))
        ground = one if one is not None and rng.random() < 0.85 else rng.uniform(0, 255, 3)
        ground = ground if rng.random() < 0.8 else np.full(3, rng.uniform(225, 255))
        ink = np.full(3, 245.0) if ground.mean() < 130 else rng.uniform(0, 120, 3)
        cv2.rectangle(picture, (x, 0), (x + across, height), ground.tolist(), -1)
        at = x + int(rng.integers(2, 40))
        word = str(rng.choice(WORDS))
        cv2.putText(picture, word, (at, height - 5), int(rng.choice(FONTS)), height / 36, ink.tolist(), 2, cv2.LINE_AA)
        x += across
    if rng.random() < 0.3:
        picture[: max(1, height // 10)] = 240
    return picture


@lru_cache(maxsize=16)
def noise(index: int) -> NDArray[np.float32]:
    """(600, 800) noise of several scales with mean 0 and deviation 1: worn patches, clouds, dirt."""
    import cv2

    rng = np.random.default_rng([77, index])
    total = np.zeros((600, 800), np.float32)
    for cell in (2, 6, 20, 70, 200):
        grain = rng.normal(0, 1, (600 // cell + 3, 800 // cell + 3)).astype(np.float32)
        grain = cv2.resize(grain, (800, 600), interpolation=cv2.INTER_CUBIC)
        total += grain * float(rng.uniform(0.2, 1.0))
    return np.asarray((total - total.mean()) / total.std(), dtype=np.float32)


@lru_cache(maxsize=4)
def grain(index: int) -> NDArray[np.float32]:
    """(1200, 2100) noise of single pixels with deviation 1."""
    return np.random.default_rng([78, index]).normal(0, 1, (1200, 2100)).astype(np.float32)
