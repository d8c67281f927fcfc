"""Drawn frames of one player or a ball on turf, and one run of a single-object tracker over them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from sportstrack.sot import SingleTracker

SIZE = (240, 160)  # width, height
BOX = (18, 40)


def field(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    turf = np.array([40, 120, 50]) + rng.normal(0, 12, (SIZE[1] // 4, SIZE[0] // 4, 1))
    return cv2.resize(turf.clip(0, 255).astype(np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)


def place(image: np.ndarray, x: int, y: int) -> np.ndarray:
    """Draw a player in red and white, and return the (4,) box."""
    w, h = BOX
    image[y : y + h // 2, x : x + w] = (40, 30, 200)
    image[y + h // 2 : y + h, x + 3 : x + w - 3] = (230, 230, 235)
    image[y : y + 8, x + 5 : x + 13] = (120, 160, 220)
    return np.array([x, y, x + w, y + h], float)


def walk(count: int, hidden: range = range(0), new_shot: int | None = None) -> tuple[list[np.ndarray], np.ndarray]:
    """A player walks right, covered by a board in the hidden frames; after the shot change it is elsewhere."""
    images, boxes = [], []
    for i in range(count):
        image = field(0 if new_shot is None or i < new_shot else 5)
        if new_shot is not None and i >= new_shot:
            image = 255 - image
        x, y = (40 + 2 * i, 60) if new_shot is None or i < new_shot else (180 - (i - new_shot), 20)
        boxes.append(place(image, x, y))
        if i in hidden:
            image[40:115, 60:110] = (150, 90, 60)
        images.append(image)
    return images, np.array(boxes)


def follow(tracker: SingleTracker, images: list[np.ndarray], box: Any) -> list[Any]:
    return [tracker.init(images[0], box), *(tracker.update(image) for image in images[1:])]


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    inner = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return float(inner / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inner))


def behind(count: int, board: tuple[int, int], path: Any, shown: range) -> tuple[list[np.ndarray], np.ndarray]:
    """A player goes along a path of left edges; a board stands between two columns in some frames."""
    images, boxes = [], []
    for i in range(count):
        image = field()
        boxes.append(place(image, path(i), 60))
        if i in shown:
            image[40:115, slice(*board)] = (150, 90, 60)
        images.append(image)
    return images, np.array(boxes)
