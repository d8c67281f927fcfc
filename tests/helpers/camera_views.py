"""Views of a canvas under a known camera motion, with players."""

from __future__ import annotations

import numpy as np

from sportstrack.camera.affine import apply

WIDTH, HEIGHT = 640, 360
CORNERS = np.array([[0, 0], [WIDTH, 0], [0, HEIGHT], [WIDTH, HEIGHT]], float)


def similarity(zoom: float = 1.0, degrees: float = 0.0, shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """(2, 3): zoom and turn about the picture's middle, then shift."""
    turn = np.deg2rad(degrees)
    linear = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array([WIDTH, HEIGHT]) / 2
    return np.column_stack([linear, middle - linear @ middle + shift])


def view(canvas: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """What the camera sees after its picture has moved by ``affine``."""
    import cv2

    to_middle = np.array([[1.0, 0, -WIDTH], [0, 1, -HEIGHT], [0, 0, 1]])
    whole = np.vstack([affine, [0, 0, 1]]) @ to_middle
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV counts from the first pixel's centre
    centres = (np.linalg.inv(half) @ whole @ half)[:2]
    return cv2.warpAffine(canvas, centres, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)


def add_players(image: np.ndarray, xyxy: np.ndarray) -> np.ndarray:
    """Paint a patterned player in each box."""
    image = image.copy()
    for i, (x1, y1, x2, y2) in enumerate(xyxy.astype(int).tolist()):
        shape = (max(0, min(y2, HEIGHT) - max(y1, 0)), max(0, min(x2, WIDTH) - max(x1, 0)), 3)
        pattern = np.random.default_rng(i).integers(0, 256, (8, 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
        image[max(y1, 0) : max(y1, 0) + shape[0], max(x1, 0) : max(x1, 0) + shape[1]] = pattern[: shape[0], : shape[1]]
    return image


def players(shift: tuple[float, float] = (0.0, 0.0), count: int = 10) -> np.ndarray:
    """(count, 4) boxes over the picture, 30 by 60 pixels."""
    columns = np.arange(count)
    left_top = np.stack([40 + columns % 5 * 120, 60 + columns // 5 * 150], axis=1).astype(float) + shift
    return np.hstack([left_top, left_top + (30, 60)])


def corner_error(affine: np.ndarray | None, true: np.ndarray) -> float:
    """Largest distance in pixels at a corner of the picture."""
    assert affine is not None
    assert affine.shape == (2, 3)
    assert affine.dtype == np.float64
    return float(np.linalg.norm(apply(affine, CORNERS) - apply(true, CORNERS), axis=1).max())
