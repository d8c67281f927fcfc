"""What the steps know besides the boxes: the picture's size, the clock, the camera's path and the shot changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sportstrack.boxes import at_edges
from sportstrack.errors import SettingError
from sportstrack.refine.table import TrackTable
from sportstrack.types import BoolArray, FloatArray, IntArray

_LEAST = 3  # boxes seen in two frames running, from which the camera's step is taken
_FADE = 0.5  # with fewer, half of the step before
_STEADY = 0.08  # seconds; the boxes' jitter shows in the estimated path unless it is smoothed over about this time


@dataclass(frozen=True, eq=False)
class Scene:
    """A sequence without its boxes.

    Attributes:
        frame_rate: frames per second.
        width: pixels.
        height: pixels.
        frames: length.
        path: (F, 2) by how many pixels the picture's content has moved since frame 0; a place minus its frame's path
            stands still where a player does.
        cuts: frames at which another shot begins, ascending; no place before one says anything after it.
    """

    frame_rate: float
    width: float
    height: float
    frames: int
    path: FloatArray
    cuts: IntArray

    @classmethod
    def of(
        cls,
        table: TrackTable,
        *,
        frame_rate: float,
        width: float,
        height: float,
        frames: int | None = None,
        camera: FloatArray | None = None,
        cuts: Sequence[int] = (),
    ) -> Scene:
        """Make the scene of a table.

        Args:
            table: the tracks.
            frame_rate: frames per second.
            width: pixels.
            height: pixels.
            frames: length; None takes the last frame seen.
            camera: (F, 2, 3) affines, previous frame's pixels → this one's, NaN where unknown. None, and unknown
                frames, take the median step of the boxes that stand in both frames.
            cuts: frames at which another shot begins.

        Raises:
            SettingError: a value out of range.
        """
        for name, value in (("frame_rate", frame_rate), ("width", width), ("height", height)):
            if not (np.isfinite(value) and value > 0):
                raise SettingError(f"{name}: expected a number above 0, got {value!r}")
        last = int(table.frame.max()) + 1 if len(table) else 0
        length = last if frames is None else frames
        if length < last:
            raise SettingError(f"frames: expected at least {last}, the last frame of the tracks, got {frames}")
        shots = np.unique(np.asarray(cuts, np.int64))
        guess = camera_steps(table, length, frame_rate, shots)
        steps = guess if camera is None else _given(camera, guess, width, height)
        steps[shots[(shots >= 0) & (shots < length)]] = 0.0
        return cls(float(frame_rate), float(width), float(height), length, np.cumsum(steps, axis=0), shots)

    def frames_in(self, seconds: float) -> float:
        """Return the time in frames, not rounded."""
        return seconds * self.frame_rate

    def at_edges(self, xyxy: FloatArray, reach: float) -> BoolArray:
        """Return (N, 4) whether boxes come within ``reach`` (share of the picture) of its left, top, right, bottom."""
        size = np.array([self.width, self.height])
        near: BoolArray = at_edges(xyxy.T, size, reach * size).T
        return near

    def shot(self, frame: IntArray) -> IntArray:
        """Return the number of the shot that each frame is in."""
        return np.searchsorted(self.cuts, frame, side="right")


def camera_steps(table: TrackTable, frames: int, frame_rate: float, cuts: IntArray | None = None) -> FloatArray:
    """Estimate how far the picture's content moved in each frame, from the tracks alone.

    Tracks that stand on both sides of a shot change are left out there.

    Returns:
        (F, 2) pixels: the median displacement of the boxes seen in the frame and in the one before. Under three of
        them, half of the frame before's. The path that the steps add up to is smoothed a little.
    """
    table = table.ordered()
    together = (table.track_id[1:] == table.track_id[:-1]) & (table.frame[1:] == table.frame[:-1] + 1)
    rows = np.flatnonzero(together) + 1
    if cuts is not None and len(cuts):
        rows = rows[~np.isin(table.frame[rows], cuts)]
    moved = 0.5 * (table.xyxy[rows, :2] + table.xyxy[rows, 2:] - table.xyxy[rows - 1, :2] - table.xyxy[rows - 1, 2:])
    frame = table.frame[rows]
    count = np.bincount(frame, minlength=frames)
    begin = np.cumsum(count) - count
    steps = np.full((frames, 2), np.nan)
    enough = np.flatnonzero(count >= _LEAST)
    for axis in (0, 1):
        value = _sorted_within(frame, moved[:, axis])
        low, high = begin[enough] + (count[enough] - 1) // 2, begin[enough] + count[enough] // 2
        steps[enough, axis] = 0.5 * (value[low] + value[high])
    return gaussian(_faded(steps), _STEADY * frame_rate)


def _sorted_within(frame: IntArray, value: FloatArray) -> FloatArray:
    """Return the values sorted by frame, then by themselves, to a thousandth of a pixel; far quicker than lexsort."""
    far = 1e5  # pixels
    key = np.sort(frame * far + np.clip(value, -0.4 * far, 0.4 * far))
    return key - np.round(key / far) * far


def _faded(steps: FloatArray) -> FloatArray:
    unknown = np.isnan(steps[:, 0])
    frame = np.arange(len(steps))
    known = np.maximum.accumulate(np.where(unknown, -1, frame))
    since = frame - known
    return np.where((known >= 0)[:, None], np.nan_to_num(steps)[known] * _FADE ** since[:, None], 0.0)


def gaussian(rows: FloatArray, std: float) -> FloatArray:
    """Smooth the columns of (F, K) rows, which go on as they end; a std under 0.2 rows does nothing."""
    if std < 0.2 or not len(rows):
        return rows
    reach = int(np.ceil(4.0 * std))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / std) ** 2)
    padded = np.pad(rows, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(column, kernel / kernel.sum(), mode="valid") for column in padded.T], axis=1)


def _given(camera: FloatArray, guess: FloatArray, width: float, height: float) -> FloatArray:
    affine = np.asarray(camera, np.float64)
    if affine.ndim != 3 or affine.shape[1:] != (2, 3) or len(affine) < len(guess):
        raise SettingError(f"camera: expected shape ({len(guess)}, 2, 3), got {affine.shape}")
    middle = np.array([0.5 * width, 0.5 * height])
    steps: FloatArray = affine[: len(guess), :, :2] @ middle + affine[: len(guess), :, 2] - middle
    known: BoolArray = np.asarray(np.isfinite(steps).all(axis=1))
    return np.where(known[:, None], steps, guess)
