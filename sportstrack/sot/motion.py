"""Where an object goes while nobody sees it: a Kalman filter for one box, and how the camera moves meanwhile."""

from __future__ import annotations

from collections import deque

import numpy as np

from sportstrack import kalman
from sportstrack.boxes import xywh_to_xyxy, xyxy_to_xywh
from sportstrack.sot.types import Image
from sportstrack.types import FloatArray

STD_POSITION, STD_VELOCITY = 1 / 20, 1 / 160  # share of the box's size, as in BoT-SORT
DAMPING = 0.97  # of the velocity per unseen frame: nobody runs straight on for long
MEMORY = 6  # frames over which the camera's own motion is measured when the object disappears
THUMB = 320  # pixels: width of the grey pictures that show the camera's motion
MIN_POINTS = 12  # fewer that agree are no camera motion

_NONE = np.zeros((4, 2, 1))  # the filter's coordinates stay uncoupled: cameras turn little while an object is hidden


class Motion:
    """Constant velocity of one box over ``xywh``."""

    def __init__(self, box: FloatArray) -> None:
        self._state = kalman.initiate(_planes(box), self._noise(box, 2.0, 10.0))

    @property
    def box(self) -> FloatArray:
        """(4,) ``xyxy`` where the filter believes the object is."""
        planes = self._state[0].copy()
        planes[2:] = np.maximum(planes[2:], 1.0)
        corners: FloatArray = xywh_to_xyxy(planes)[0]
        return corners

    @property
    def spread(self) -> float:
        """Standard deviation of the centre, pixels."""
        return float(np.sqrt(self._state[2, :2].sum() / 2))

    def step(self) -> FloatArray:
        """Advance by one frame and return the predicted (4,) ``xyxy``."""
        self._state = kalman.predict(self._state, self._noise(self.box, 1.0, 1.0))
        return self.box

    def see(self, box: FloatArray) -> None:
        """Correct by the (4,) ``xyxy`` box that was seen."""
        self._state = kalman.update(self._state, _planes(box), self._noise(box, 1.0, 1.0)[2])

    def hide(self, camera: FloatArray) -> None:
        """The object disappears: keep its own velocity, without the camera's mean (2,) shift, and its size."""
        self._state[1, :2, 0] -= camera
        self._state[1, 2:] = 0.0

    def coast(self, camera: FloatArray | None) -> FloatArray:
        """Advance by one unseen frame along with the camera's (2, 3) affine; return the (4,) ``xyxy`` guess."""
        if camera is not None:
            self._state, _ = kalman.warp(self._state, _NONE, camera)
        self._state[1] *= DAMPING
        return self.step()

    @staticmethod
    def _noise(box: FloatArray, position: float, velocity: float) -> FloatArray:
        side = float(np.sqrt(np.prod(np.maximum(box[2:] - box[:2], 1.0))))
        ones = np.ones((4, 1))
        return kalman.planes(ones * (position * STD_POSITION * side) ** 2, ones * (velocity * STD_VELOCITY * side) ** 2)


class Scene:
    """Small grey pictures of the last frames: they tell a hard cut at once, and the camera's motion when asked."""

    def __init__(self, cut: float = 5.0) -> None:
        self._cut = cut
        self._greys: deque[Image] = deque(maxlen=MEMORY + 1)
        self._changes: deque[float] = deque(maxlen=25)
        self._mosaic: FloatArray | None = None
        self._scale = 1.0

    def look(self, image: Image) -> bool:
        """Take in a frame; tell whether it begins a new shot.

        A cut changes a 32-pixel-wide mosaic of the picture several times as much as the frames before it did.
        """
        import cv2

        self._scale = min(1.0, THUMB / image.shape[1])
        small = cv2.resize(image, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_LINEAR)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        mosaic = cv2.resize(grey, (32, 18), interpolation=cv2.INTER_AREA).astype(np.float64)
        before, self._mosaic = self._mosaic, mosaic
        change = 0.0 if before is None else float(np.abs(mosaic - before).mean())
        usual = float(np.median(self._changes)) if self._changes else 1.0
        cut = change > max(8.0, self._cut * usual)
        if cut:
            self._greys.clear()
        elif before is not None:
            self._changes.append(change)
        self._greys.append(grey)
        return cut

    def camera(self) -> FloatArray | None:
        """Return the (2, 3) affine of pixels from the frame before to the newest, or None if none can be told."""
        return self._between(self._greys[-2], self._greys[-1]) if len(self._greys) > 1 else None

    def drift(self) -> FloatArray:
        """Return the camera's (2,) mean shift per frame over the last frames, at the picture's middle."""
        if len(self._greys) < 2:
            return np.zeros(2)
        affine = self._between(self._greys[0], self._greys[-1])
        if affine is None:
            return np.zeros(2)
        height, width = self._greys[0].shape
        middle = np.array([width, height]) / (2 * self._scale)
        shift: FloatArray = (affine[:, :2] @ middle + affine[:, 2] - middle) / (len(self._greys) - 1)
        return shift

    def _between(self, before: Image, after: Image) -> FloatArray | None:
        """Follow corners from one grey picture to the other (Lucas and Kanade, 1981) and fit their common motion."""
        import cv2

        points = cv2.goodFeaturesToTrack(before, 150, 0.01, 6)
        if points is None or len(points) < MIN_POINTS:
            return None
        moved, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points, None, winSize=(15, 15), maxLevel=3)
        kept = found.ravel() == 1
        if kept.sum() < MIN_POINTS:
            return None
        affine, agree = cv2.estimateAffinePartial2D(points[kept], moved[kept], ransacReprojThreshold=1.0)
        if affine is None or agree.sum() < MIN_POINTS:
            return None
        full: FloatArray = np.array(affine, dtype=np.float64)
        full[:, 2] /= self._scale
        return full


def _planes(box: FloatArray) -> FloatArray:
    return xyxy_to_xywh(box[None])
