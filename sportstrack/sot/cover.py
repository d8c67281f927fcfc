"""What stands before an object: as long as it stands there, the object is most likely behind it."""

from __future__ import annotations

import numpy as np

from sportstrack.sot.appearance import Looks, colours
from sportstrack.sot.search import moved
from sportstrack.sot.types import Image
from sportstrack.types import FloatArray

LEAST = (
    0.3  # share of a covered box's colours that neither the object nor its surroundings have; with less none can tell
)
STILL = 0.5  # share of these colours from which on the cover still stands


class Cover:
    """A cover, told by its colours.

    Args:
        image: (H, W, 3) uint8 BGR, a frame in which the object is covered.
        box: (4,) ``xyxy`` where it should be.
        looks: how the object looks; neither its colours nor its surroundings' tell that it is covered.
    """

    def __init__(self, image: Image, box: FloatArray, looks: Looks) -> None:
        self._own = np.maximum(colours(image, box) - looks.around - looks.usual, 0.0)
        self._fixed = self._carried = box

    def stands(self, image: Image, box: FloatArray, camera: FloatArray | None) -> bool:
        """Whether the cover is still seen: where the object should be now, or where it was covered.

        Args:
            image: the next (H, W, 3) frame.
            box: (4,) ``xyxy`` where the object should be.
            camera: (2, 3) affine from the frame before, or None.
        """
        if camera is not None:
            self._carried = moved(self._carried, camera)
        # A banner in the picture stays put, a board on the pitch moves with the camera.
        return any(self._covers(image, place) for place in (box, self._fixed, self._carried))

    def _covers(self, image: Image, box: FloatArray) -> bool:
        own = float(self._own.sum())
        return own > LEAST and float(np.minimum(colours(image, box), self._own).sum()) > STILL * own
