"""By what scores are cut: light, occlusion, scale and speed, with the same bins for trackers, detectors and one object.

| by | measured | bins |
|---|---|---|
| light | mean grey value, 0…255, in and around the true box | dark below 32, dim below 64, medium below 128, bright |
| occlusion | share of the true box that the one that covers it most covers | free below 0.1, partly below 0.5, mostly |
| scale | side of a square of the box's area, in pixels | small below 32, medium below 96, large (COCO's) |
| speed | way of the centre without the camera's, in box heights per second | slow below 0.5, medium below 2, fast |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sportstrack.types import FloatArray, IntArray


@dataclass(frozen=True)
class Bins:
    """How one measure is cut.

    Attributes:
        labels: from the lowest values to the highest.
        limits: the first value of each bin but the lowest.
        unit: of the values.
    """

    labels: tuple[str, ...]
    limits: tuple[float, ...]
    unit: str

    def of(self, values: FloatArray) -> IntArray:
        """(N,) the bin of each value; −1 for NaN."""
        place = np.searchsorted(np.array(self.limits), values, side="right")
        return np.where(np.isnan(values), -1, place)


BINS: Mapping[str, Bins] = {
    "light": Bins(("dark", "dim", "medium", "bright"), (32.0, 64.0, 128.0), "grey value"),
    "occlusion": Bins(("free", "partly", "mostly"), (0.1, 0.5), "share covered"),
    "scale": Bins(("small", "medium", "large"), (32.0, 96.0), "pixels"),
    "speed": Bins(("slow", "medium", "fast"), (0.5, 2.0), "heights per second"),
}
BY = tuple(BINS)


def scale_of(boxes: FloatArray) -> FloatArray:
    """(N,) side of a square of each box's area, in pixels."""
    side: FloatArray = np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).clip(0))
    return side


def covered_share(boxes: FloatArray) -> FloatArray:
    """(N,) largest share of each box of one picture that another one covers."""
    low = np.maximum(boxes[:, None, :2], boxes[:, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    np.fill_diagonal(shared, 0.0)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    share: FloatArray = shared.max(axis=1, initial=0.0) / np.maximum(area, 1e-9)
    return share


def bins_table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table that also reads well on a terminal."""
    lines = [head, *rows]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    left = 2  # columns of words; the rest are numbers
    cells = [[*map(str.ljust, line[:left], widths), *map(str.rjust, line[left:], widths[left:])] for line in lines]
    rule = ["-" * width for width in widths[:left]] + ["-" * (width - 1) + ":" for width in widths[left:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in (cells[0], rule, *cells[1:]))


def per_cent(share: float) -> str:
    """Return a share as tables show it; – where there is none."""
    return "–" if np.isnan(share) else f"{100 * share:.1f}"
