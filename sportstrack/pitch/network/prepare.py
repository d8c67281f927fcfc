"""The input of the network: a small picture, and how much of a thin bright line is in each of its pixels."""

from __future__ import annotations

import numpy as np

from sportstrack.pitch.network.layout import INPUT, LOOK
from sportstrack.types import Image

BRIGHT = 8.0
"""A line that is so many grey levels brighter than what is beside it counts as 64 of 255."""


def prepare(image: Image) -> Image:
    """Return (192, 320, 4) uint8: blue, green, red, and thin bright lines, of a frame (H, W, 3) of any size."""
    import cv2

    small = image
    if image.shape[1::-1] != LOOK:
        shrinks = image.shape[1] >= LOOK[0]
        small = cv2.resize(image, LOOK, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    paint = cv2.min(cv2.extractChannel(small, 0), cv2.extractChannel(small, 2))  # turf has little blue and red
    paint = cv2.GaussianBlur(paint, (3, 3), 0)
    thin = cv2.morphologyEx(paint, cv2.MORPH_TOPHAT, np.ones((7, 7), np.uint8))
    thin = cv2.dilate(thin, np.ones((2, 2), np.uint8))
    table = (255 * (1 - np.exp(-np.arange(256) / (3.5 * BRIGHT)))).astype(np.uint8)
    lines = cv2.resize(cv2.LUT(thin, table), INPUT, interpolation=cv2.INTER_AREA)
    return np.dstack([cv2.resize(small, INPUT, interpolation=cv2.INTER_AREA), lines])
