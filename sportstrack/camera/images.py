"""Camera motion from pictures: the part that all methods of comparing two pictures share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sportstrack.camera.affine import enlarge, free_of, is_plausible, read_boxes
from sportstrack.images.check import check_image
from sportstrack.images.corners import LEAST_SIDE, halve
from sportstrack.images.opencv import require_cv2
from sportstrack.types import FloatArray

Grey = NDArray[np.uint8]


class Method(Protocol):
    """A way to compare two pictures.

    Attributes:
        width: pictures are halved until they are at most this wide.
    """

    @property
    def width(self) -> int:
        """See the class."""
        ...

    def describe(self, grey: Grey, free: Grey) -> Any:
        """Keep what `relate` needs of one shrunken picture; both (h, w), ``free`` 255 where no box is."""
        ...

    def relate(self, before: Any, after: Any) -> FloatArray | None:
        """Return the (2, 3) affine between pixel centres of two described pictures, or None."""
        ...


@dataclass(frozen=True)
class _Seen:
    size: tuple[int, int]  # width and height of the frame
    described: Any


class ImageMotion:
    """`CameraMotion` from pictures, by one of the methods of comparing two of them.

    A frame of another size than the last one, and a missing one (None), start again.
    """

    needs_image = True

    def __init__(self, method: Method) -> None:
        self._method = method
        self._last: _Seen | None = None

    def reset(self) -> None:
        """Forget the previous frame, as after a shot change."""
        self._last = None

    def update(self, frame: NDArray[Any] | None, xyxy: FloatArray) -> FloatArray | None:
        """Return the affine from the last frame to this one; see `CameraMotion.update`.

        Raises:
            SettingError: if the frame is no (H, W, 3) uint8 picture or the boxes are not (N, 4).
        """
        boxes = read_boxes(xyxy)
        if frame is None:
            self.reset()
            return None
        check_image(frame, "camera motion", least=LEAST_SIDE)
        size = (frame.shape[1], frame.shape[0])
        cv2 = require_cv2()
        grey = halve(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), self._method.width)
        scale = np.array(size) / grey.shape[::-1]
        last, now = (
            self._last,
            _Seen(size, self._method.describe(grey, free_of(boxes, scale, (grey.shape[0], grey.shape[1])))),
        )
        self._last = now
        if last is None or last.size != size:
            return None
        affine = self._method.relate(last.described, now.described)
        if affine is None:
            return None
        affine = enlarge(affine, scale)
        return affine if is_plausible(affine, size) else None
