"""A picture with its boxes and polygons, as operations take it and give it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from data_prep.polygons import Polygons
from sportstrack.types import BoolArray, FloatArray, Image, IntArray

Params: TypeAlias = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture and its boxes.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        xyxy: (N, 4) float64 corners in continuous pixels; may lie beyond the picture between two operations.
        class_id: (N,) int64.
        visible: (N,) float64 share of each box that is still in the picture and uncovered.
        source: (N,) int64 row of each box in what was given; −1: pasted.
        donors: pictures to take players from; none: the picture itself.
        polygons: of the N boxes, each of which is then the box around its polygon; None: boxes alone.
    """

    image: Image
    xyxy: FloatArray
    class_id: IntArray
    visible: FloatArray
    source: IntArray
    donors: tuple[Sample, ...] = ()
    polygons: Polygons | None = None

    @classmethod
    def make(
        cls, image: Image, xyxy: Any, class_id: Any, donors: tuple[Sample, ...] = (), polygons: Polygons | None = None
    ) -> Sample:
        """Return a sample whose boxes are wholly visible."""
        boxes = np.asarray(xyxy, np.float64).reshape(-1, 4)
        count = len(boxes)
        kinds = np.asarray(class_id, np.int64).reshape(count)
        return cls(image, boxes.copy(), kinds, np.ones(count), np.arange(count), donors, polygons)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]

    def keep(self, rows: BoolArray) -> Sample:
        """Return the sample with some of its boxes."""
        return replace(
            self,
            xyxy=self.xyxy[rows],
            class_id=self.class_id[rows],
            visible=self.visible[rows],
            source=self.source[rows],
            polygons=None if self.polygons is None else self.polygons[rows],
        )

    def with_points(self, move: Callable[[FloatArray], FloatArray]) -> Sample:
        """Return the sample with its polygons' (P, 2) points moved, and the boxes around these polygons."""
        if self.polygons is None:
            return self
        polygons = self.polygons.moved(move(self.polygons.points))
        return replace(self, polygons=polygons, xyxy=around(polygons, self.xyxy))

    def cover(self, mask: BoolArray) -> Sample:
        """Return the sample whose boxes have become less visible under an (H, W) mask of covered pixels."""
        left = [1.0 - covered_share(mask, box) for box in self.xyxy]
        return replace(self, visible=self.visible * np.array(left))


def around(polygons: Polygons, xyxy: FloatArray) -> FloatArray:
    """(N, 4) the boxes around polygons, and the given ones where there is no polygon."""
    return np.where(polygons.there[:, None], polygons.extents(), xyxy)


def covered_share(mask: BoolArray, box: FloatArray) -> float:
    """Share of a box's pixels that are set in an (H, W) mask."""
    x1, y1 = np.floor(np.maximum(box[:2], 0)).astype(int).tolist()
    x2, y2 = np.ceil(np.maximum(box[2:], 0)).astype(int).tolist()
    part = mask[y1:y2, x1:x2]
    return float(part.mean()) if part.size else 0.0


def draw(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw evenly; rounded, so that what is written down is what was done."""
    return round(float(rng.uniform(low, high)), 4)
