"""Kit colour: the colours of the clothes, without a network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sportstrack.embed.crops import check_input, pixel_boxes
from sportstrack.images.opencv import require_cv2
from sportstrack.masks.table import Masks
from sportstrack.types import MAX_COORDINATE, Embeddings, FloatArray, Image, IntArray

TORSO = (0.20, 0.18, 0.80, 0.50)  # left, top, right, bottom as shares of the box
BINS = 24  # of hue for coloured pixels, and again of value for grey ones

_GREY = 50  # of 255: pixels of less saturation are grey
_GRASS = (35, 85)  # OpenCV's hue (degrees / 2), both included: 70° to 170°
_SIDE = 48  # rows and columns of a torso that count; more of them changed no bin by a noticeable share


class KitEmbedder:
    """Square roots of a colour histogram of the torso, 48 numbers, of unit length by construction.

    Coloured pixels count by hue, grey ones by value, grass-coloured ones not at all; a team in grass green is
    recognised by its numbers and trims alone. A box without pixels in the frame, or of grass alone, gives zeros.
    """

    name = "kit"

    def __init__(self) -> None:
        self._coloured, self._grey = _tables()

    def __call__(self, frame: Image, xyxy: FloatArray) -> Embeddings:
        """Return (N, 48) unit rows for an (H, W, 3) BGR frame and (N, 4) boxes."""
        return self._embed(frame, xyxy, None)

    def masked(self, frame: Image, xyxy: FloatArray, masks: Masks) -> Embeddings:
        """Return (N, 48) unit rows of the torsos' pixels inside the masks."""
        return self._embed(frame, xyxy, masks)

    def _embed(self, frame: Image, xyxy: FloatArray, masks: Masks | None) -> Embeddings:
        boxes = check_input(frame, xyxy)
        left, top, right, bottom = TORSO
        finite = np.logical_and.reduce(np.isfinite(boxes), axis=1)
        boxes = np.clip(np.where(finite[:, None], boxes, 0.0), -MAX_COORDINATE, MAX_COORDINATE)
        size = boxes[:, 2:] - boxes[:, :2]
        torsos = np.concatenate((boxes[:, :2] + size * (left, top), boxes[:, :2] + size * (right, bottom)), axis=1)
        pixels, seen = pixel_boxes(torsos, *frame.shape[:2])
        rows = seen.nonzero()[0]
        counts = np.zeros((len(boxes), 2 * BINS))
        if len(rows):
            counts[rows] = self._count(*_gather(frame, pixels[rows], masks, rows))
        total = counts.sum(axis=1, keepdims=True)
        vectors: Embeddings = np.sqrt(counts / np.maximum(total, 1.0)).astype(np.float32)
        return vectors

    def _count(self, colours: Image, sizes: IntArray) -> NDArray[np.int64]:
        """Count (P, 3) BGR pixels of n torsos, one after the other, of `sizes` pixels each: (n, 48)."""
        cv2 = require_cv2()
        hsv = cv2.cvtColor(colours[:, None], cv2.COLOR_BGR2HSV)[:, 0]
        bins = np.where(hsv[:, 1] < _GREY, self._grey[hsv[:, 2]], self._coloured[hsv[:, 0]])
        width = 2 * BINS + 1  # the last bin takes the grass
        torso = np.repeat(np.arange(len(sizes)) * width, sizes)
        counts: NDArray[np.int64] = np.bincount(torso + bins, minlength=len(sizes) * width)
        return counts.reshape(-1, width)[:, :-1]


def _tables() -> tuple[IntArray, IntArray]:
    """Return the bin of each hue and of each value."""
    levels = np.arange(256)
    hue = np.minimum(levels * BINS // 180, BINS - 1)
    grass = (levels >= _GRASS[0]) & (levels <= _GRASS[1])
    return np.where(grass, 2 * BINS, hue), BINS + levels * BINS // 256


def _gather(frame: Image, pixels: IntArray, masks: Masks | None, rows: IntArray) -> tuple[Image, IntArray]:
    """Return the pixels of n boxes in a row, (P, 3), and how many each has, (n,); large boxes are sampled.

    Of a box with a mask the pixels inside it are taken alone.
    """
    parts = []
    for row, (x1, y1, x2, y2) in zip(rows.tolist(), pixels.tolist(), strict=True):
        down, across = -(-(y2 - y1) // _SIDE), -(-(x2 - x1) // _SIDE)
        part = frame[y1:y2:down, x1:x2:across]
        if masks is not None and masks.has[row]:
            part = part[masks.crop(row, (x1, y1, x2, y2))[::down, ::across]]
        parts.append(part.reshape(-1, 3))
    return np.concatenate(parts), np.array([len(part) for part in parts])
