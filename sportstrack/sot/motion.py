"""Where an object goes while it is out of sight: a Kalman filter for one box, and the camera's motion meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from sportstrack import kalman
from sportstrack.boxes import xywh_to_xyxy, xyxy_to_xywh
from sportstrack.types import FloatArray, Image

STD_POSITION = 1 / 20  # Standard deviation of the position, as a share of the box's size, as in BoT-SORT.
STD_VELOCITY = 1 / 160  # Standard deviation of the velocity, as a share of the box's size per frame, as in BoT-SORT.
DAMPING = 0.97  # The velocity is multiplied by this in every unseen frame: players do not run straight for long.
MEMORY = 5  # So many grey pictures are kept.
STRIDE = 3  # While the object is seen, every third frame is kept.
THUMB = 320  # The grey pictures that show the camera motion are this many pixels wide.
SAMPLES = 90  # At least this many rows of a frame are compared to find a shot change.
MOSAIC = (32, 18)  # Width and height to which frames are shrunk for that.
MIN_CHANGE = 8.0  # A mean difference of grey values, 0…255, up to this is no shot change.
CHANGES = 25  # The usual difference is the median of so many frames.
MIN_POINTS = 12  # Camera motion needs at least this many corners that agree.

_NONE = np.zeros((4, 2, 1))  # the filter's coordinates stay uncoupled: cameras turn little while an object is hidden


class BoxFilter:
    """Constant velocity of one box over ``xywh``."""

    def __init__(self, box: FloatArray) -> None:
        self._state = kalman.initiate(_planes(box), self._noise(box, 2.0, 10.0))
        self._path: deque[FloatArray] = deque([(box[:2] + box[2:]) / 2], maxlen=MEMORY * STRIDE)

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
        self._path.append((box[:2] + box[2:]) / 2)

    def hide(self, camera: Sequence[tuple[int, FloatArray]]) -> None:
        """The object disappears: keep its size, and its own velocity over the ground.

        The velocity is the median slope of the path (Theil and Sen), because the last boxes slip off the object while
        something slides in front of it.

        Args:
            camera: (age, affine) of earlier frames: how many frames ago, and the camera's (2, 3) motion since then.
        """
        known = [(age, affine) for age, affine in camera if 1 <= age <= len(self._path)]
        if len(known) > 1:
            ages = np.array([age for age, _ in known], dtype=np.float64)
            places = np.stack([affine[:, :2] @ self._path[-age] + affine[:, 2] for age, affine in known])
            newer, older = np.triu_indices(len(known), 1)
            slopes = (places[newer] - places[older]) / (ages[older] - ages[newer])[:, None]
            self._state[1, :2, 0] = np.median(slopes, axis=0)
        self._state[1, 2:] = 0.0

    def coast(self, camera: FloatArray | None) -> FloatArray:
        """Advance by one unseen frame along with the camera's (2, 3) affine; return the (4,) ``xyxy`` guess."""
        if camera is not None:
            self._state, _ = kalman.warp(self._state, _NONE, camera)
        self._state[1] *= DAMPING
        return self.step()

    def hold(self, low: FloatArray, high: FloatArray) -> None:
        """Keep the centre between two (2,) corners, for an object outside its cover would be seen."""
        centre = self._state[0, :2, 0]
        inside = centre.clip(low, high)
        self._state[1, :2, 0][inside != centre] = 0.0
        self._state[0, :2, 0] = inside

    @staticmethod
    def _noise(box: FloatArray, position: float, velocity: float) -> FloatArray:
        side = float(np.sqrt(np.prod(np.maximum(box[2:] - box[:2], 1.0))))
        ones = np.ones((4, 1))
        return kalman.planes(ones * (position * STD_POSITION * side) ** 2, ones * (velocity * STD_VELOCITY * side) ** 2)


class RecentFrames:
    """Small copies of the last frames, to notice a shot change at once and to estimate camera motion when asked.

    Args:
        factor: a frame begins a new shot if it differs from the one before by more than this many times the usual.
    """

    def __init__(self, factor: float = 5.0) -> None:
        self._factor = factor
        self._frame = -1
        self._greys: deque[tuple[int, Image]] = deque(maxlen=MEMORY)
        self._changes: deque[float] = deque(maxlen=CHANGES)
        self._mosaic: FloatArray | None = None
        self._scale = 1.0

    def add(self, image: Image) -> bool:
        """Add a frame and return whether it begins a new shot.

        A shot change alters a 32-pixel-wide mosaic of the picture several times as much as the frames before did.
        """
        import cv2

        self._frame += 1
        step = max(1, image.shape[0] // SAMPLES)
        green = np.ascontiguousarray(image[::step, ::step, 1])  # nearly the grey value, and at hand
        mosaic = cv2.resize(green, MOSAIC, interpolation=cv2.INTER_AREA).astype(np.float64)
        before, self._mosaic = self._mosaic, mosaic
        change = 0.0 if before is None else float(np.abs(mosaic - before).mean())
        usual = float(np.median(self._changes)) if self._changes else 1.0
        new_shot = change > max(MIN_CHANGE, self._factor * usual)
        if new_shot:
            self._greys.clear()
        elif before is not None:
            self._changes.append(change)
        if self._frame % STRIDE == 0:
            self.keep(image)
        return new_shot

    def keep(self, image: Image) -> None:
        """Keep a grey copy of the frame added last; every third frame is kept in any case."""
        import cv2

        if self._greys and self._greys[-1][0] == self._frame:
            return
        self._scale = min(1.0, THUMB / image.shape[1])
        small = cv2.resize(image, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_LINEAR)
        self._greys.append((self._frame, cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)))

    def camera(self) -> FloatArray | None:
        """Return the (2, 3) affine from the last but one of the frames kept to the last, or None if it is unknown."""
        return self._between(self._greys[-2][1], self._greys[-1][1]) if len(self._greys) > 1 else None

    def history(self) -> list[tuple[int, FloatArray]]:
        """Return (age, affine) of the frames kept, newest first: how many frames ago, and the camera's motion since."""
        since = np.eye(3)
        ages = [(self._frame - self._greys[-1][0], since[:2].copy())] if self._greys else []
        for i in range(len(self._greys) - 1, 0, -1):
            affine = self._between(self._greys[i - 1][1], self._greys[i][1])
            if affine is None:
                break
            since[:2] = since[:2] @ np.vstack([affine, (0.0, 0.0, 1.0)])
            ages.append((self._frame - self._greys[i - 1][0], since[:2].copy()))
        return ages

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
