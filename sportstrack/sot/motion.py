"""Where an object goes while nobody sees it: a Kalman filter for one box, and how the camera moves meanwhile."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from sportstrack import kalman
from sportstrack.boxes import xywh_to_xyxy, xyxy_to_xywh
from sportstrack.types import FloatArray, Image

STD_POSITION, STD_VELOCITY = 1 / 20, 1 / 160  # share of the box's size, as in BoT-SORT
DAMPING = 0.97  # of the velocity per unseen frame: nobody runs straight on for long
MEMORY, STRIDE = 5, 3  # grey pictures kept while the object is seen, and frames from one to the next
THUMB = 320  # pixels: width of the grey pictures that show the camera's motion
SAMPLES = 90  # rows of a frame, at least, that are looked at for a cut
MIN_POINTS = 12  # fewer that agree are no camera motion

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

        Args:
            camera: (age, affine) of earlier frames: how many frames ago, and the camera's (2, 3) motion since then.

        The velocity is the median slope of the path (Theil and Sen): while something slides in front of the object, the
        last boxes slip off it.
        """
        known = [(age, affine) for age, affine in camera if 1 <= age <= len(self._path)]
        if len(known) > 1:
            ages = np.array([age for age, _ in known], dtype=np.float64)
            places = np.stack([affine[:, :2] @ self._path[-age] + affine[:, 2] for age, affine in known])
            one, other = np.triu_indices(len(known), 1)
            slopes = (places[one] - places[other]) / (ages[other] - ages[one])[:, None]
            self._state[1, :2, 0] = np.median(slopes, axis=0)
        self._state[1, 2:] = 0.0

    def coast(self, camera: FloatArray | None) -> FloatArray:
        """Advance by one unseen frame along with the camera's (2, 3) affine; return the (4,) ``xyxy`` guess."""
        if camera is not None:
            self._state, _ = kalman.warp(self._state, _NONE, camera)
        self._state[1] *= DAMPING
        return self.step()

    def hold(self, low: FloatArray, high: FloatArray) -> None:
        """Keep the centre between two (2,) corners: had the object left what hides it, it would be seen."""
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
    """Small grey pictures of the last frames: they tell a hard cut at once, and the camera's motion when asked."""

    def __init__(self, cut: float = 5.0) -> None:
        self._cut = cut
        self._frame = -1
        self._greys: deque[tuple[int, Image]] = deque(maxlen=MEMORY)
        self._changes: deque[float] = deque(maxlen=25)
        self._mosaic: FloatArray | None = None
        self._scale = 1.0

    def look(self, image: Image) -> bool:
        """Take in a frame; tell whether it begins a new shot.

        A cut changes a 32-pixel-wide mosaic of the picture several times as much as the frames before it did.
        """
        import cv2

        self._frame += 1
        step = max(1, image.shape[0] // SAMPLES)
        green = np.ascontiguousarray(image[::step, ::step, 1])  # nearly the grey value, and at hand
        mosaic = cv2.resize(green, (32, 18), interpolation=cv2.INTER_AREA).astype(np.float64)
        before, self._mosaic = self._mosaic, mosaic
        change = 0.0 if before is None else float(np.abs(mosaic - before).mean())
        usual = float(np.median(self._changes)) if self._changes else 1.0
        cut = change > max(8.0, self._cut * usual)
        if cut:
            self._greys.clear()
        elif before is not None:
            self._changes.append(change)
        if self._frame % STRIDE == 0:
            self.keep(image)
        return cut

    def keep(self, image: Image) -> None:
        """Remember the frame looked at last; every third is remembered in any case."""
        import cv2

        if self._greys and self._greys[-1][0] == self._frame:
            return
        self._scale = min(1.0, THUMB / image.shape[1])
        small = cv2.resize(image, None, fx=self._scale, fy=self._scale, interpolation=cv2.INTER_LINEAR)
        self._greys.append((self._frame, cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)))

    def camera(self) -> FloatArray | None:
        """Return the (2, 3) affine of pixels between the two frames kept last, or None if none can be told."""
        return self._between(self._greys[-2][1], self._greys[-1][1]) if len(self._greys) > 1 else None

    def history(self) -> list[tuple[int, FloatArray]]:
        """Return (age, affine) of the frames kept, from the newest back: frames ago, and the camera's motion since."""
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
