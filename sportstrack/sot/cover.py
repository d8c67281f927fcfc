"""What covers an object: as long as the cover stays in its place, the object is most likely behind it."""

from __future__ import annotations

import numpy as np

from sportstrack.boxes import iou
from sportstrack.sot.appearance import Appearance, colour_codes, colours
from sportstrack.sot.search import moved
from sportstrack.types import FloatArray, Image

MIN_OWN = 0.3  # A cover is recognised by colours that neither the object nor its surroundings have; less is too little.
PRESENT = 0.5  # The cover is still there if more than this share of those colours is seen.
SIDE = 16.0  # The cover is measured at the scale at which the object has this many pixels across.
WIDEST = 24.0  # A cover wider than this, in object sizes, does not limit where the object is.
SAME = 0.75  # An extent is that of the whole cover if its IoU with the one before is at least this.
LOOSE = 0.3  # A hidden object may stick out of its cover by this share of its size.


class Cover:
    """A cover, recognised by its colours.

    Args:
        image: (H, W, 3) uint8 BGR, a frame in which the object is covered.
        box: (4,) ``xyxy`` where it should be.
        appearance: of the object. Its colours and those of its surroundings do not count as the cover's.

    Attributes:
        extent: (4,) ``xyxy`` of the whole cover, or of where it was after it has gone; None if it is unknown.
    """

    def __init__(self, image: Image, box: FloatArray, appearance: Appearance) -> None:
        other = appearance.around + appearance.usual
        self._own = np.maximum(colours(image, box) - other, 0.0)
        self._is_own = self._own > other
        self._fixed = self._carried = box
        self.extent = self._measured(image, box)

    @property
    def known(self) -> bool:
        """Whether it has enough colours of its own to be recognised."""
        return float(self._own.sum()) > MIN_OWN

    def is_present(self, image: Image, box: FloatArray, camera: FloatArray | None) -> bool:
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
        # A banner in the picture stays in its place, a board on the pitch moves with the camera.
        for place in (box, self._carried, self._fixed):
            if self._covers(image, place):
                self.extent = self._same(self._measured(image, place), before, self.extent)
                return True
        return False

    @staticmethod
    def _same(now: FloatArray | None, before: FloatArray | None, moved_on: FloatArray | None) -> FloatArray | None:
        """Return the extent measured now if it equals that of the frame before, in the picture or on the ground.

        Otherwise it is a part of the cover, or the cover slides away, and the object did not disappear there.
        """
        if now is None or before is None or moved_on is None:
            return moved_on
        return now if iou(now[None], np.stack([before, moved_on])).max() >= SAME else moved_on

    def hidden(self, box: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the lowest and the highest (x, y) that the centre of a (4,) ``xyxy`` box behind the cover can have.

        Raises:
            ValueError: if the extent of the cover is unknown.
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
        return self.known and float(np.minimum(colours(image, box), self._own).sum()) > PRESENT * float(self._own.sum())
