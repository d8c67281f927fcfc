"""The recent path of each track, kept on the ground while the camera moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np

from sportstrack.camera.affine import apply
from sportstrack.camera.anchored import AnchoredMotion, inverse
from sportstrack.images.corners import LEAST_SIDE
from sportstrack.types import FloatArray, Image, Tracks

STRIDE = 3  # every so many frames a point is drawn; a path through all of them shows the boxes' jitter


class Trails:
    """Remembers where feet were, as points of the scene's first picture.

    Args:
        length: frames that are remembered.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._camera = AnchoredMotion()
        self._scene = self._frame = 0
        self._place: FloatArray = np.eye(2, 3)
        self._points: dict[int, deque[tuple[int, FloatArray]]] = {}

    def add(self, image: Image, tracks: Tracks) -> None:
        """Add a frame, before anything is drawn into its image."""
        self._frame += 1
        if min(image.shape[:2]) >= LEAST_SIDE:
            self._place = self._camera.update(image, tracks.xyxy)
        if self._camera.scene != self._scene:
            self._scene = self._camera.scene
            self._points.clear()
        feet = np.column_stack([(tracks.xyxy[:, 0] + tracks.xyxy[:, 2]) / 2, tracks.xyxy[:, 3]])
        feet = apply(inverse(self._place), feet)
        for track, foot in zip(tracks.track_id.tolist(), feet, strict=True):
            self._points.setdefault(track, deque()).append((self._frame, foot))
        for track in list(self._points):
            points = self._points[track]
            while points and points[0][0] <= self._frame - self._length:
                points.popleft()
            if not points:
                del self._points[track]

    def paths(self, track_ids: Iterable[int], length: int) -> list[FloatArray]:
        """Return the (N, 2) points of each track over so many frames, in this frame's picture, the oldest first."""
        last, first = self._frame, self._frame - length
        feet: list[FloatArray] = []
        ends = []
        for track in track_ids:
            points = self._points.get(track, ())
            feet += [foot for frame, foot in points if (frame % STRIDE == 0 and frame > first) or frame == last]
            ends.append(len(feet))
        moved = apply(self._place, np.array(feet).reshape(-1, 2))
        return np.split(moved, ends)[:-1]

    def speed(self, track_id: int, frame_rate: float) -> float | None:
        """Return a track's pixels per second over half a second; None for a track that is too new."""
        points = self._points.get(track_id)
        if points is None or len(points) < 2:
            return None
        last, now = points[-1]
        begin, before = next(pair for pair in points if pair[0] > last - frame_rate / 2 - 1)
        if last - begin < frame_rate / 5:
            return None
        step = self._place[:, :2] @ (now - before)
        return float(np.hypot(*step)) * frame_rate / (last - begin)

    @property
    def points(self) -> int:
        """How many points are remembered."""
        return sum(map(len, self._points.values()))
