"""Where everyone was, in one picture: the camera's motion is taken out before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sportstrack.camera.affine import apply
from sportstrack.camera.anchored import STILL, AnchoredMotion, inverse, joined
from sportstrack.images.corners import LEAST_SIDE
from sportstrack.limits import MAX_CANVAS
from sportstrack.types import FloatArray, Image, IntArray, Tracks

DARK = 40  # grey level where there is no picture
WIDEST = 3.0  # pictures' widths and heights that a map has at most
ANOTHER_VIEW = 0.1  # of the picture's width, from which on a picture is kept to fill the map with
MOST_VIEWS = 20
MOVES = 0.1  # of the picture's width; boxes that move together by more show that the camera moves
MOST_ROWS = 500_000  # boxes and frames that are kept; of more, every other frame goes
_LEAST = 3  # boxes in two frames running that show how the picture moved


@dataclass(frozen=True, eq=False)
class Ground:
    """A map and who was where on it.

    Attributes:
        image: (H, W, 3) BGR: the pictures of one shot, put together.
        frame: (N,) numbers of frames.
        track_id: (N,).
        foot: (N, 2) places of feet, pixels of `image`.
        warnings: what the map leaves out, or what it means.
        every: the numbers of frames that are kept are multiples of this; 1 in all but long runs.
    """

    image: Image
    frame: IntArray
    track_id: IntArray
    foot: FloatArray
    warnings: list[str]
    every: int = 1


@dataclass(frozen=True, eq=False)
class _View:
    image: Image
    place: FloatArray


class _Rows:
    """Rows that come frame by frame, and are joined now and then."""

    def __init__(self) -> None:
        self._parts = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 2)))]

    def add(self, frame: int, track_id: IntArray, foot: FloatArray) -> None:
        self._parts.append((np.full(len(track_id), frame), track_id, foot))

    def joined(self) -> tuple[IntArray, IntArray, FloatArray]:
        frame, track_id, foot = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        self._parts = [(frame, track_id, foot)]
        return self._parts[0]

    def thin(self, every: int) -> int:
        """Keep the frames whose numbers are multiples, and return how many rows are left."""
        frame, track_id, foot = self.joined()
        kept = frame % every == 0
        self._parts = [(frame[kept], track_id[kept], foot[kept])]
        return int(np.count_nonzero(kept))


class GroundMap:
    """Collects frames and their tracks; `ground` gives the map.

    Memory is bounded: of the scenes that are over, the one with most boxes is kept, and of a long run every second or
    fourth … frame alone (see `every`), which shows places and paths as well.

    Args:
        width: of the pictures, in pixels.
        height: pixels.
        still: the camera does not move; no motion is looked for.

    Attributes:
        every: the numbers of frames that are kept are multiples of this.
    """

    def __init__(self, width: int, height: int, *, still: bool = False) -> None:
        self.width, self.height, self._still = width, height, still
        self._motion = AnchoredMotion()
        self._scene, self._place = 0, STILL
        self._views: dict[int, list[_View]] = {}
        self._places: dict[int, list[FloatArray]] = {}
        self._rows: dict[int, _Rows] = {}
        self._count: dict[int, int] = {}  # of boxes, by scene
        self._last: Tracks | None = None
        self._drift = np.zeros(2)
        self._reach = np.zeros(2)
        self._is_known = still
        self._kept = 0  # boxes and frames
        self.every = 1

    def add(
        self, frame: int, image: Image | None, tracks: Tracks, camera: FloatArray | None = None, *, cut: bool = False
    ) -> None:
        """Add a frame, in order.

        Args:
            frame: its number.
            image: the picture, before anything is drawn into it; None uses `camera`.
            tracks: who is in it.
            camera: (2, 3) motion from the frame before, where it was recorded.
            cut: another shot begins with this frame; without a picture nothing else tells.
        """
        self._move(image, tracks, camera, cut)
        place = self._place
        self._count[self._scene] = self._count.get(self._scene, 0) + len(tracks)
        if self._scene not in self._places:
            self._forget()
        places, rows = self._places.setdefault(self._scene, []), self._rows.setdefault(self._scene, _Rows())
        if frame % self.every == 0:
            places.append(place)
            feet = np.column_stack([(tracks.xyxy[:, 0] + tracks.xyxy[:, 2]) / 2, tracks.xyxy[:, 3]])
            rows.add(frame, tracks.track_id, apply(inverse(place), feet))
            self._kept += 1 + len(tracks)
            if self._kept > MOST_ROWS:
                self._thin()
        if image is not None:
            self._keep(image, place)

    @property
    def is_known(self) -> bool:
        """Whether the camera's motion is known, so that places on the ground stay where they are."""
        return self._is_known

    def place(self) -> tuple[int, FloatArray]:
        """Return the scene of the frame added last, and the (2, 3) affine from the scene's ground to its pixels."""
        return self._scene, self._place

    def rows(self, scene: int) -> tuple[IntArray, IntArray, FloatArray]:
        """Return (N,) frames, (N,) ids and (N, 2) places of feet on a scene's ground, so far."""
        return self._rows[scene].joined() if scene in self._rows else _Rows().joined()

    def ground(self) -> Ground:
        """Return the map of the scene with most boxes."""
        count = {scene: boxes for scene, boxes in self._count.items() if boxes}
        scene = max(count, key=lambda one: count[one], default=0)
        warnings = self._what_it_means(scene, count)
        places = self._places.get(scene) or [STILL]
        low, high = self._extent(places)
        image = np.full((int(high[1] - low[1]), int(high[0] - low[0]), 3), DARK, np.uint8)
        for view in reversed(self._views.get(scene, [])):  # the earliest on top
            _paint(image, view, low)
        frame, ids, foot = self.rows(scene)
        foot = foot - low
        outside = ((foot < 0) | (foot >= high - low)).any(axis=1) if len(foot) else np.empty(0, np.bool_)
        if (off := int(np.count_nonzero(outside))) > 0.01 * len(foot) and any(one is not STILL for one in places):
            warnings.append(f"{off} of {len(foot)} places lie beyond the map and are left out")
        return Ground(image, frame, ids, foot, warnings, self.every)

    def _forget(self) -> None:
        """Forget all scenes but the one with most boxes: another begins, and no map will show the rest."""
        best = max(self._places, key=lambda scene: self._count[scene], default=None)
        for scene in [one for one in self._places if one != best]:
            self._kept -= len(self._places.pop(scene)) + len(self._rows.pop(scene).joined()[0])
            self._views.pop(scene, None)

    def _thin(self) -> None:
        """Let every other frame go that is kept, and those to come."""
        self.every *= 2
        self._places = {scene: places[::2] for scene, places in self._places.items()}
        self._kept = sum(rows.thin(self.every) for rows in self._rows.values()) + sum(map(len, self._places.values()))

    def _move(self, image: Image | None, tracks: Tracks, camera: FloatArray | None, cut: bool) -> None:
        if self._still:
            return
        if image is not None and min(image.shape[:2]) >= LEAST_SIDE:
            self._is_known = True
            self._place, self._scene = self._motion.update(image, tracks.xyxy), self._motion.scene
            return
        if cut and self._places:
            self._scene, self._place, self._last = self._scene + 1, STILL, None
        elif camera is not None:
            self._is_known = True
            self._place = joined(self._place, camera)
        else:
            self._watch(tracks)
        self._last = tracks

    def _watch(self, tracks: Tracks) -> None:
        """Add up how the boxes move together, which shows that an unknown camera moves."""
        if self._last is None:
            return
        _, now, before = np.intersect1d(tracks.track_id, self._last.track_id, return_indices=True)
        if len(now) >= _LEAST:
            self._drift = self._drift + np.median(tracks.xyxy[now, :2] - self._last.xyxy[before, :2], axis=0)
            self._reach = np.maximum(self._reach, np.abs(self._drift))

    def _keep(self, image: Image, place: FloatArray) -> None:
        views = self._views.setdefault(self._scene, [])
        middle = np.array([[self.width / 2, self.height / 2]])
        here = apply(inverse(place), middle)
        far = ANOTHER_VIEW * self.width
        if len(views) < MOST_VIEWS and all(
            np.linalg.norm(apply(inverse(view.place), middle) - here) > far for view in views
        ):
            views.append(_View(image.copy(), place))

    def _extent(self, places: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Return the corners of the map, whole pixels of the first picture."""
        size = np.array([self.width, self.height], np.float64)
        corners = np.array([(0, 0), (size[0], 0), (0, size[1]), size])
        moved = np.concatenate([apply(inverse(place), corners) for place in places[:: max(1, len(places) // 500)]])
        low, high = np.floor(moved.min(axis=0).clip(max=0)), np.ceil(np.maximum(moved.max(axis=0), size))
        extra = (WIDEST - 1) * size
        low, high = np.maximum(low, -extra), np.minimum(high, size + extra)
        if np.prod(high - low) > max(MAX_CANVAS, np.prod(size)):
            low, high = np.zeros(2), size
        return low, high

    def _what_it_means(self, scene: int, count: dict[int, int]) -> list[str]:
        found = []
        total = sum(count.values())
        if len(count) > 1:
            found.append(
                f"the map shows one of {len(count)} scenes, {count[scene]} of {total} boxes: nothing says where the "
                "pictures of the others lie"
            )
        if not self._is_known and self._reach.max() > MOVES * self.width:
            found.append(
                f"the boxes move together by up to {self._reach.max():.0f} pixels, so the camera seems to move, and "
                "its motion is not known without the video: the map shows places in the picture, not on the ground"
            )
        return found


def _paint(image: Image, view: _View, low: FloatArray) -> None:
    """Draw a picture where it lies on the map."""
    import cv2

    back = inverse(view.place)
    back[:, 2] -= low
    back[:, 2] += back[:, :2].sum(axis=1) * 0.5 - 0.5  # OpenCV counts pixel centres from 0
    size = (image.shape[1], image.shape[0])
    shape = view.image.shape[:2]
    shown = cv2.warpAffine(view.image, back, size, flags=cv2.INTER_LINEAR)
    covered: NDArray[np.uint8] = np.asarray(cv2.warpAffine(np.full(shape, 255, np.uint8), back, size), np.uint8)
    image[covered == 255] = shown[covered == 255]
