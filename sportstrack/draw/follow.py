"""A virtual camera that follows one track."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sportstrack.refine.scene import gaussian
from sportstrack.types import FloatArray, Image, Tracks

PLAYERS_HIGH = 5.0  # heights of the player that the cut-out shows
LEAST = 0.2  # of the picture; a smaller cut-out would be all blur
STEADY = 0.5  # seconds over which the camera's moves are smoothed
WAIT = 1.0  # seconds without the player after which the whole picture is shown


class VirtualCamera:
    """Cuts out the surroundings of one track, smoothly, in the size of the whole picture.

    Args:
        frames: (F,) numbers of the frames to come, ascending.
        track_id: whom to follow.
        tracks: frame → tracks.
        size: width and height of the picture.
        frame_rate: frames per second of those frames.
    """

    def __init__(
        self, frames: list[int], track_id: int, tracks: Mapping[int, Tracks], size: tuple[int, int], frame_rate: float
    ) -> None:
        self._size = np.array(size, np.float64)
        boxes = np.full((len(frames), 4), np.nan)
        for row, frame in enumerate(frames):
            table = tracks.get(frame)
            if table is not None:
                for box in table.xyxy[table.track_id == track_id]:
                    boxes[row] = box
        views = _views(boxes, self._size, round(WAIT * frame_rate))
        self._views = dict(zip(frames, gaussian(views, STEADY * frame_rate), strict=True))

    def shoot(self, frame: int, image: Image, tracks: Tracks) -> tuple[Image, Tracks]:
        """Return a frame's cut-out in the size of the image, and the tracks in its pixels."""
        import cv2

        x, y, height = self._views[frame].tolist()
        zoom = self._size[1] / height
        half = self._size / (2 * zoom)
        corner = np.clip((x, y), half, self._size - half) - half
        affine = np.array([[zoom, 0, -zoom * corner[0]], [0, zoom, -zoom * corner[1]]])
        pixels = affine.copy()  # OpenCV counts pixel centres from 0, boxes count from the pixel's edge
        pixels[:, 2] += 0.5 * zoom - 0.5
        width, high = map(int, self._size)
        shown = cv2.warpAffine(image, pixels, (width, high), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        xyxy = zoom * (tracks.xyxy - np.tile(corner, 2))
        moved = Tracks.trusted(xyxy, tracks.score, tracks.class_id, tracks.track_id, tracks.detection)
        return np.asarray(shown, np.uint8), moved


def _views(boxes: FloatArray, size: FloatArray, wait: int) -> FloatArray:
    """(F, 3) middle and height of the cut-out, before smoothing, from (F, 4) boxes with NaN where there is none."""
    seen = np.flatnonzero(np.isfinite(boxes[:, 0]))
    rows = np.arange(len(boxes))
    whole = np.array([size[0] / 2, size[1] / 2, size[1]])
    if not len(seen):
        return np.tile(whole, (len(boxes), 1))
    known = boxes[seen]
    high = (PLAYERS_HIGH * (known[:, 3] - known[:, 1])).clip(LEAST * size[1], size[1])
    values = np.column_stack([(known[:, 0] + known[:, 2]) / 2, (known[:, 1] + known[:, 3]) / 2, high])
    views = np.column_stack([np.interp(rows, seen, column) for column in values.T])
    after = np.searchsorted(seen, rows)
    gap = np.minimum(
        np.abs(rows - seen[np.minimum(after, len(seen) - 1)]), np.abs(rows - seen[np.maximum(after - 1, 0)])
    )
    views[gap > wait] = whole
    return views
