"""Heat maps and movement paths from boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sportstrack.errors import SettingError
from sportstrack.types import FloatArray, Image, IntArray

SPREAD = 1 / 60  # Standard deviation of a visit, as a share of the picture's longer side.
CELLS = 480  # A map has this many cells along the longer side, whatever the size of the picture.
OPACITY = 0.65  # Of the warmest places in an overlay.
PATH_COLOUR = (255, 255, 255)  # BGR; visible on grass and on a heat map.
PATH_COLOURS = (PATH_COLOUR, (255, 184, 0), (48, 59, 255), (0, 212, 255), (255, 77, 176), (0, 138, 255))  # BGR
_BAND = 256  # So many rows of a picture are blended at once.


class Presence:
    """Counts visits, and gives a heat map at any time.

    Args:
        width: pixels of the picture.
        height: pixels.
        spread: standard deviation of a visit in pixels; None fits it to the picture.

    Raises:
        SettingError: if a size or the spread is not above 0.
    """

    def __init__(self, width: int, height: int, spread: float | None = None) -> None:
        if not (width >= 1 and height >= 1):
            raise SettingError(f"size: expected at least 1x1, got {width}x{height}")
        if spread is not None and not 0 < spread < float("inf"):
            raise SettingError(f"spread: expected more than 0 pixels, got {spread}")
        self.width, self.height = int(width), int(height)
        self._scale = min(1.0, CELLS / max(width, height))
        self._spread = (spread or SPREAD * max(width, height)) * self._scale
        cells = (max(1, round(height * self._scale)), max(1, round(width * self._scale)))
        self._visits = np.zeros(cells, np.float32)

    def add(self, where: ArrayLike) -> None:
        """Count visits at (N, 2) points, or at the feet (bottom centres) of (N, 4) ``xyxy`` boxes.

        Rows that are not finite or lie outside the picture are ignored.
        """
        points = as_points(where)
        rows, columns = self._visits.shape
        inside = ((points >= 0) & (points < (self.width, self.height))).all(axis=1)
        x, y = (points[inside] * (columns / self.width, rows / self.height)).astype(np.int64).T
        np.add.at(self._visits, (np.minimum(y, rows - 1), np.minimum(x, columns - 1)), 1.0)

    def map(self) -> NDArray[np.float32]:
        """Return the (height, width) share of presence, 1 at the most visited place; all 0 without visits."""
        import cv2

        blurred = cv2.GaussianBlur(self._visits, (0, 0), self._spread, borderType=cv2.BORDER_CONSTANT)
        heat: NDArray[np.float32] = cv2.resize(blurred, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        most = float(heat.max())
        return heat / most if most > 0 else heat


def heat_map(where: ArrayLike, width: int, height: int, *, spread: float | None = None) -> NDArray[np.float32]:
    """Return the share of time spent at each place, as a (height, width) map of 0…1.

    Args:
        where: (N, 2) points, or (N, 4) ``xyxy`` boxes, whose feet (bottom centre) count. Rows that are not finite are
            ignored.
        width: pixels of the picture.
        height: pixels.
        spread: standard deviation of a visit in pixels; None fits it to the picture.
    """
    presence = Presence(width, height, spread)
    presence.add(where)
    return presence.map()


def overlay(image: Image, heat: NDArray[np.float32], opacity: float = OPACITY) -> Image:
    """Return a copy of a (H, W, 3) BGR image with a (H, W) heat map over it; warmer places are more opaque.

    Raises:
        SettingError: if the sizes differ.
    """
    import cv2

    if heat.shape != image.shape[:2]:
        raise SettingError(f"heat map: expected the image's shape {image.shape[:2]}, got {heat.shape}")
    blended = np.empty_like(image)
    for top in range(0, len(image), _BAND):  # a band at a time: floating-point pixels take much memory
        rows = slice(top, top + _BAND)
        # The root makes places that were visited for a moment visible beside those occupied for minutes.
        warmth = np.sqrt(heat[rows])
        colours = cv2.applyColorMap((255 * warmth).astype(np.uint8), cv2.COLORMAP_TURBO)
        share = (opacity * np.minimum(2 * warmth, 1.0)).astype(np.float32)[..., None]
        blended[rows] = (image[rows] * (1 - share) + colours * share).astype(np.uint8)
    return blended


def draw_path(
    image: Image, where: ArrayLike, colour: tuple[int, int, int] = PATH_COLOUR, thickness: int | None = None
) -> Image:
    """Draw a path **into** an image and return it.

    Args:
        image: (H, W, 3) BGR, C-contiguous.
        where: (N, 2) points or (N, 4) ``xyxy`` boxes (their feet) in the order of time; a row that is not finite
            interrupts the line. The line becomes brighter towards its end, which has a dot.
        colour: BGR.
        thickness: pixels; None fits it to the image.
    """
    import cv2

    line = thickness or max(1, round(image.shape[0] / 360))
    points = as_points(where, keep=True)
    far = 16.0 * max(image.shape[:2])  # OpenCV takes 32-bit whole numbers
    good: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(points), axis=1)
    spots = np.where(good[:, None], points, 0.0).clip(-far, far).round().astype(np.int64).tolist()
    for i in range(1, len(spots)):
        if good[i - 1] and good[i]:
            shade = 0.35 + 0.65 * i / len(spots)
            tone = tuple(round(shade * c) for c in colour)
            cv2.line(image, spots[i - 1], spots[i], tone, line, cv2.LINE_AA)
    if good.any():
        cv2.circle(image, spots[int(np.flatnonzero(good)[-1])], 2 * line, colour, -1, cv2.LINE_AA)
    return image


def as_points(where: ArrayLike, keep: bool = False) -> FloatArray:
    """Return (N, 2) points of points or of boxes' feet; rows that are not finite are dropped, unless `keep`.

    Raises:
        SettingError: if the rows have neither 2 nor 4 columns.
    """
    rows = np.asarray(where, dtype=np.float64)
    if not rows.size:
        return np.empty((0, 2))
    if rows.ndim != 2 or rows.shape[1] not in (2, 4):
        raise SettingError(f"expected (N, 2) points or (N, 4) boxes, got shape {rows.shape}")
    if rows.shape[1] == 2:
        points = rows
    else:
        with np.errstate(invalid="ignore", over="ignore"):  # infinite boxes have no centre
            points = np.column_stack([(rows[:, 0] + rows[:, 2]) / 2, rows[:, 3]])
    return points if keep else points[np.isfinite(points).all(axis=1)]


def draw_paths(image: Image, frame: IntArray, track_id: IntArray, where: FloatArray, every: int = 1) -> Image:
    """Draw each track's path **into** an image, interrupted where frames are missing, and return it.

    Args:
        image: (H, W, 3) BGR, C-contiguous.
        frame: (N,) numbers of frames, ascending for each track.
        track_id: (N,).
        where: (N, 2) points or (N, 4) ``xyxy`` boxes.
        every: how far the numbers of frames lie apart.
    """
    for number, track in enumerate(np.unique(track_id).tolist()):
        rows = track_id == track
        draw_path(image, with_gaps(frame[rows] // every, where[rows]), PATH_COLOURS[number % len(PATH_COLOURS)])
    return image


def with_gaps(frames: NDArray[np.int64], boxes: FloatArray) -> FloatArray:
    """Insert a row of NaN where frames are missing, so that `draw_path` does not draw across the gap."""
    breaks = np.flatnonzero(np.diff(frames) > 1) + 1
    separated: FloatArray = np.insert(boxes, breaks, np.nan, axis=0)
    return separated
