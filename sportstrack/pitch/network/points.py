"""Points on lines from the network's maps, placed between cells, with the names that they may have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from sportstrack.pitch.camera import Floats
from sportstrack.pitch.network.layout import INPUT, LINE_STRIDE, PLACE_STRIDE

LEAST = 0.3
"""Probability from which a cell may be a point of a line."""
SIGMA = 1.2
"""Standard deviation of a point across its line, in pixels of the network's input."""
MOST = 400
"""Points that are kept, spread over all."""


@dataclass(frozen=True, eq=False)
class Maps:
    """What the network sees in one frame.

    Attributes:
        lines: (L, 48, 80) probabilities that a line lies in a cell; L lines in the order of their names.
        places: (3, 12, 20): x and y in halves of the pitch, and the logarithm of their error in metres.
        pitch: probability that the frame shows a pitch.
        size: (width, height) of the frame in pixels.
    """

    lines: NDArray[np.float32]
    places: NDArray[np.float32]
    pitch: float
    size: tuple[int, int]

    @property
    def scale(self) -> Floats:
        """Pixels of the frame in one of the input, (2,): along x and y."""
        return np.asarray(np.array(self.size) / np.array(INPUT))


@dataclass(frozen=True, eq=False)
class Points:
    """Points on lines.

    Attributes:
        pixels: (N, 2) in the frame.
        sigma: (N,) standard deviation in pixels of the frame.
        confidence: (N,) 0…1, that there is a line.
        shares: (N, L) how much each line has of that: rows have the sum 1.
    """

    pixels: Floats
    sigma: Floats
    confidence: Floats
    shares: Floats

    def __len__(self) -> int:
        return len(self.pixels)


def line_points(maps: Maps) -> Points:
    """Return the ridges of the maps, all lines in one: cells that are highest across a line, placed between cells."""
    p = np.pad(maps.lines.max(axis=0), 2)
    core = p[2:-2, 2:-2]
    up, down, left, right = p[1:-3, 2:-2], p[3:-1, 2:-2], p[2:-2, 1:-3], p[2:-2, 3:-1]
    upright = (left + right) < (up + down)  # the line runs down the picture, it is crossed along x
    highest = np.where(upright, (core >= left) & (core > right), (core >= up) & (core > down))
    y, x = np.nonzero(highest & (core > LEAST))
    if len(y) > MOST:
        some = np.linspace(0, len(y) - 1, MOST).round().astype(int)
        y, x = y[some], x[some]
    steep = upright[y, x]
    steps = np.arange(-2, 3)
    rows = y[:, None] + 2 + np.where(steep[:, None], 0, steps)
    columns = x[:, None] + 2 + np.where(steep[:, None], steps, 0)
    across = p[rows, columns].astype(float)
    before = np.minimum.accumulate(across[:, 2::-1], axis=1)  # what rises again is another line
    after = np.minimum.accumulate(across[:, 2:], axis=1)
    across = np.column_stack([before[:, :0:-1], after])
    off = (across * steps).sum(1) / np.maximum(across.sum(1), 1e-9)
    cells = np.column_stack([x + np.where(steep, off, 0.0), y + np.where(steep, 0.0, off)])
    shares = maps.lines[:, y, x].T.astype(float)
    shares = shares / np.maximum(shares.sum(1, keepdims=True), 1e-9)
    sigma = np.full(len(cells), SIGMA * float(np.sqrt(maps.scale.prod())))
    return Points(to_frame(cells, LINE_STRIDE, maps), sigma, core[y, x].astype(float), shares)


def to_frame(cells: npt.ArrayLike, stride: int, maps: Maps) -> Floats:
    """Return pixels of the frame, (N, 2), of cells (N, 2) of a map with so many pixels of the input a cell."""
    in_input = np.asarray(cells, dtype=float) * stride + (stride - 1) / 2
    return np.asarray((in_input + 0.5) * maps.scale)


def placed_cells(maps: Maps, half: Floats, worst: float = 12.0) -> tuple[Floats, Floats, Floats]:
    """Return pixels (N, 2), metres (N, 2) and their errors in metres (N,) of cells whose place is known fairly well.

    ``half`` is half the length and half the width of the pitch, in metres.
    """
    error = np.exp(np.clip(maps.places[2].astype(float), -3, 4))
    y, x = np.nonzero((error < worst) & (np.abs(maps.places[:2]) < 1.3).all(0))
    metres = maps.places[:2, y, x].T.astype(float) * half
    cells = np.stack([x, y], axis=1)
    return to_frame(cells, PLACE_STRIDE, maps), metres, error[y, x]
