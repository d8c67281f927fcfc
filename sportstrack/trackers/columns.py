"""Functions that every tracker shares: reading its input, and keeping its rows (a struct of arrays).

A tracker's rows are a dataclass of numpy arrays with one track per entry of the **last** axis. These functions work on
any such dataclass, so that each tracker's file shows its own columns and nothing else.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np

from sportstrack.errors import SettingError
from sportstrack.types import Detections, FloatArray, IntArray

R = TypeVar("R")

BELOW_ONE = float(np.nextafter(1.0, 0.0))  # the highest limit on 1 − IoU: boxes that don't touch never match


Readable: TypeAlias = tuple[FloatArray, FloatArray, IntArray, IntArray, int]


def read(detections: Detections, min_score: float, strict: bool) -> Readable:
    """Return what a tracker may use of a frame; the arrays may be the caller's own, not to be changed or kept.

    Args:
        detections: one frame's table.
        min_score: rows under it are left out.
        strict: refuse a broken row instead of leaving it out.

    Returns:
        (K, 4) boxes, (K,) score, (K,) class_id, (K,) their rows in the table, and the number of broken rows (box or
        score not finite, box inverted or empty).

    Raises:
        SettingError: if ``strict`` and there is a broken row; the message names the first.
    """
    usable, dropped = detections.score >= min_score, 0
    if (valid := detections.valid) is not None:
        dropped = int(len(valid) - np.count_nonzero(valid))
        if strict:
            row = int(np.argmin(valid))
            raise SettingError(
                f"{dropped} unusable box(es); row {row} is {detections.xyxy[row].tolist()} with score "
                f"{float(detections.score[row])}: expected finite numbers, x1 < x2 and y1 < y2 "
                "(strict=False drops and counts such rows)"
            )
        usable &= valid
    rows = usable.nonzero()[0]
    if len(rows) == len(usable):
        return detections.xyxy, detections.score, detections.class_id, rows, dropped
    return detections.xyxy[rows], detections.score[rows], detections.class_id[rows], rows, dropped


def read_camera(camera: Any) -> FloatArray:
    """Return the (2, 3) float64 affine; SettingError if it is none, is not finite or squeezes the image flat."""
    affine = np.asarray(camera, dtype=np.float64)
    if affine.shape != (2, 3):
        raise SettingError(f"camera: expected a (2, 3) affine or None, got shape {affine.shape}")
    (a, b, _), (c, d, _) = affine.tolist()
    if not (np.isfinite(affine).all() and 1e-6 <= abs(a * d - b * c) <= 1e6):
        raise SettingError(f"camera: expected a finite, invertible affine, got {affine.tolist()}")
    return affine


def nobody(count: int) -> IntArray:
    """Return (count,) of −1: the owners of boxes that no track has taken yet."""
    owner = np.empty(count, np.int64)
    owner.fill(-1)
    return owner


def keep(rows: R, index: IntArray) -> R:
    """Return the tracks picked by an index array, in its order."""
    return type(rows)(*[getattr(rows, name).take(index, axis=-1) for name in _names(rows)])


def append(rows: R, born: R) -> R:
    """Return ``rows`` with the tracks of ``born`` behind them."""
    pairs = [(getattr(rows, name), getattr(born, name)) for name in _names(rows)]
    return type(rows)(*[np.concatenate(pair, axis=-1) for pair in pairs])


def _names(rows: Any) -> tuple[str, ...]:
    return rows.__match_args__  # type: ignore[no-any-return]  # the fields in order; dataclasses.fields() is slow


def ids_of(track_id: IntArray, index: IntArray, last_id: int) -> tuple[IntArray, int]:
    """Return the ids of the tracks of ``index`` and the last id given out.

    Tracks without one (0) get the next ones, in this order; they are written to ``track_id``.
    """
    ids = track_id[index]
    if np.count_nonzero(ids) < len(ids):
        nameless = (ids == 0).nonzero()[0]
        ids[nameless] = np.arange(last_id + 1, last_id + 1 + len(nameless))
        track_id[index] = ids
        last_id += len(nameless)
    return ids, last_id


def forbid_other_classes(cost: FloatArray, track_class: IntArray, detection_class: IntArray) -> None:
    """Set the cost (1 − overlap) of pairs of different classes to 1, in place: nothing in common."""
    cost[track_class[:, None] != detection_class] = 1.0


def frames_at(frame_rate: float, frames_at_30: float) -> int:
    """Scale a buffer given in frames at 30 frames/s, as ByteTrack's code does, to the rate at hand; at least 1."""
    return max(1, int(frame_rate / 30.0 * frames_at_30 + 1e-9)) if frames_at_30 > 0 else 0


def check_frame_rate(frame_rate: float) -> float:
    """Return the rate as a float; SettingError if it is not a positive number."""
    rate = float(frame_rate)
    if not (np.isfinite(rate) and rate > 0):
        raise SettingError(f"frame_rate: expected frames per second above 0, got {frame_rate!r}")
    return rate


def check_range(name: str, value: float, low: float, high: float) -> None:
    """SettingError unless low ≤ value ≤ high."""
    if not low <= value <= high:
        raise SettingError(f"{name}: expected a value from {low:g} to {high:g}, got {value!r}")
