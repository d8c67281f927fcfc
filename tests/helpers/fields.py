"""Drawn scenes: a field in perspective with stripes, shade and lines, a stand and boards behind it, people on both."""

from __future__ import annotations

import numpy as np

WIDTH, HEIGHT = 640, 360
TOP = 120  # pixels: the field's far edge; boards and a stand are above it

SURFACES = {  # BGR
    "grass": (58, 125, 68),
    "night grass": (40, 88, 52),
    "parquet": (95, 150, 196),
    "ice": (238, 232, 224),
    "sand": (150, 190, 215),
    "blue floor": (170, 110, 50),
    "clay": (60, 95, 175),
}
SHIRTS = ((40, 30, 200), (230, 230, 230), (30, 30, 30), (20, 200, 230))


def person(x: float, foot: float, height: float) -> tuple[float, float, float, float]:
    return (x - 0.2 * height, foot - height, x + 0.2 * height, foot)


def scene(
    colour: tuple[int, int, int], seed: int = 0, *, stripes: float = 0.07, shade: float = 1.0, gain: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture, the (N, 4) boxes of its players, and those of its spectators.

    Args:
        colour: of the field.
        seed: of everything that is drawn at random.
        stripes: how much brighter every other stripe is.
        shade: brightness of the left half.
        gain: brightness of the picture.
    """
    import cv2

    rng = np.random.default_rng(seed)
    image = np.empty((HEIGHT, WIDTH, 3), np.float32)
    small = rng.uniform(15, 215, (TOP // 5, WIDTH // 5, 3)) * rng.uniform(0.4, 1.0, (TOP // 5, WIDTH // 5, 1))
    image[:TOP] = cv2.resize(small.astype(np.float32), (WIDTH, TOP), interpolation=cv2.INTER_NEAREST)
    image[TOP - 14 : TOP] = (150, 40, 120)
    light = 1.0 + stripes * np.sign(np.sin(np.arange(WIDTH) / 25.0))
    light[: WIDTH // 2] *= shade
    image[TOP:] = np.array(colour, np.float32) * light[None, :, None]
    cv2.line(image, (WIDTH // 2, TOP), (WIDTH // 2 + 40, HEIGHT), (235, 235, 235), 2)
    cv2.ellipse(image, (WIDTH // 2 + 15, 220), (110, 40), 0, 0, 360, (235, 235, 235), 2)
    feet = [(float(rng.uniform(15, WIDTH - 15)), float(rng.uniform(TOP + 2, HEIGHT - 25))) for _ in range(12)]
    players = np.array([person(x, y, 28 + 0.12 * (y - TOP)) for x, y in feet])
    crowd = np.array(
        [person(float(rng.uniform(15, WIDTH - 15)), float(rng.uniform(45, TOP - 32)), 26) for _ in range(9)]
    )
    for x1, y1, x2, y2 in np.vstack([crowd, players]).tolist():
        shirt = SHIRTS[int(rng.integers(len(SHIRTS)))]
        cv2.rectangle(image, (int(x1) + 2, int(y1)), (int(x2) - 2, int(y2)), shirt, -1)
    noisy = image * np.float32(gain) + 3 * rng.standard_normal(image.shape, np.float32)
    return np.clip(noisy, 0, 255).astype(np.uint8), players, crowd


def crowd_alone(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A picture of nothing but a crowd, and its boxes."""
    import cv2

    rng = np.random.default_rng(seed)
    small = rng.uniform(15, 215, (HEIGHT // 6, WIDTH // 6, 3)).astype(np.float32)
    image = cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    people = [person(float(rng.uniform(15, 620)), float(rng.uniform(60, 350)), 40) for _ in range(20)]
    return image.astype(np.uint8), np.array(people)
