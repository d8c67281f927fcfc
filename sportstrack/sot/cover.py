"""What stands before an object: as long as it stands there, the object is most likely behind it."""

from __future__ import annotations

import numpy as np

from sportstrack.boxes import iou
from sportstrack.sot.appearance import Appearance, colour_codes, colours
from sportstrack.sot.search import moved
from sportstrack.types import FloatArray, Image

LEAST = 0.3  # of a covered box's colours neither the object nor its surroundings have; with less none can tell
STILL = 0.5  # share of these colours from which on the cover still stands
SIDE = 16.0  # pixels: the cover is measured at the scale where the object is this large
WIDEST = 24.0  # object sizes: a cover that is wider says nothing about where behind it the object is
SAME = 0.75  # IoU with the cover before from which on what was measured is still all of it
LOOSE = 0.3  # of its size, by which a hidden object may stick out


class Cover:
    """A cover, told by its colours.

    Args:
        image: (H, W, 3) uint8 BGR, a frame in which the object is covered.
        box: (4,) ``xyxy`` where it should be.
        appearance: how the object looks; neither its colours nor its surroundings' tell that it is covered.

    Attributes:
        extent: (4,) ``xyxy`` of the whole cover, and of where it was once it has gone; None if that cannot be told.
    """

    def __init__(self, image: Image, box: FloatArray, appearance: Appearance) -> None:
        other = appearance.around + appearance.usual
        self._own = np.maximum(colours(image, box) - other, 0.0)
        self._is_own = self._own > other
        self._fixed = self._carried = box
        self.extent = self._measured(image, box)

    @property
    def known(self) -> bool:
        """Whether it has colours enough to be told by."""
        return float(self._own.sum()) > LEAST

    def stands(self, image: Image, box: FloatArray, camera: FloatArray | None) -> bool:
        """Whether the cover is still seen: where the object should be now, or where it was covered.

        Args:
            image: the next (H, W, 3) frame.
            box: (4,) ``xyxy`` where the object should be.
            camera: (2, 3) affine from the frame before, or None.
        """
        before = self.extent
        if camera is not None:
            self._carried = moved(self._carried, camera)
            self.extent = None if before is None else moved(before, camera)
        # A banner in the picture stays put, a board on the pitch moves with the camera.
        for place in (box, self._carried, self._fixed):
            if self._covers(image, place):
                self.extent = self._same(self._measured(image, place), before, self.extent)
                return True
        return False

    @staticmethod
    def _same(now: FloatArray | None, before: FloatArray | None, moved_on: FloatArray | None) -> FloatArray | None:
        """Return the extent measured now if it is that of the frame before, in the picture or on the ground.

        A part of the cover, or one that slides away, is not where the object went out of sight.
        """
        if now is None or before is None or moved_on is None:
            return moved_on
        return now if iou(now[None], np.stack([before, moved_on])).max() >= SAME else moved_on

    def hidden(self, box: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and the highest (x, y) that the centre of a (4,) ``xyxy`` box behind the cover can have.

        Raises:
            ValueError: if nobody can tell how far the cover reaches.
        """
        if self.extent is None:
            raise ValueError("the cover's extent is not known")
        size = box[2:] - box[:2]
        middle = (self.extent[:2] + self.extent[2:]) / 2
        low = np.minimum(self.extent[:2] + size / 2, middle) - LOOSE * size
        high = np.maximum(self.extent[2:] - size / 2, middle) + LOOSE * size
        return low, high

    def _measured(self, image: Image, box: FloatArray) -> FloatArray | None:
        """Find how far the cover reaches: its colours around a (4,) ``xyxy`` box that it covers, in one piece."""
        import cv2

        if not self.known:
            return None
        side = float(np.sqrt(np.prod(box[2:] - box[:2])))
        scale = min(1.0, SIDE / side)
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        mask = self._is_own[colour_codes(small)].astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
        left, top, right, bottom = (box * scale).round().astype(int).clip(0).tolist()
        here = np.bincount(labels[top : bottom + 1, left : right + 1].ravel(), minlength=count)
        here[0] = 0
        if not here.any():
            return None
        left, top, width, height = stats[int(here.argmax()), :4].tolist()
        extent = np.array([left, top, left + width, top + height], dtype=np.float64) / scale
        return extent if (extent[2:] - extent[:2]).max() <= WIDEST * side else None

    def _covers(self, image: Image, box: FloatArray) -> bool:
        return self.known and float(np.minimum(colours(image, box), self._own).sum()) > STILL * float(self._own.sum())
