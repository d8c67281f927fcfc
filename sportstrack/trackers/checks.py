"""Checks of trackers' settings and arguments, and times in frames."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from sportstrack.checks import as_affine
from sportstrack.errors import SettingError
from sportstrack.types import FloatArray


def check_range(name: str, value: float, low: float, high: float) -> None:
    """SettingError unless low ≤ value ≤ high."""
    if not low <= value <= high:
        raise SettingError(f"{name}: expected a value from {low:g} to {high:g}, got {value!r}")


def check_order(name: str, value: float, above: str, most: float) -> None:
    """SettingError unless a setting is at most another."""
    if value > most:
        raise SettingError(f"{name}: expected at most {above} ({most:g}), got {value:g}")


def check_frame_rate(frame_rate: float) -> float:
    """Return the rate as a float; SettingError if it is not a positive number."""
    rate = float(frame_rate)
    if not (np.isfinite(rate) and rate > 0):
        raise SettingError(f"frame_rate: expected frames per second above 0, got {frame_rate!r}")
    return rate


def frames_at(frame_rate: float, frames_at_30: float) -> int:
    """Scale a buffer given in frames at 30 frames/s, as ByteTrack's code does, to the rate at hand; at least 1."""
    return max(1, int(frame_rate / 30.0 * frames_at_30 + 1e-9)) if frames_at_30 > 0 else 0


def read_camera(camera: FloatArray | None) -> FloatArray | None:
    """Return a (2, 3) camera motion, or None for a camera at rest; SettingError unless it is an invertible affine."""
    return None if camera is None else as_affine(camera)


def tracker_text(tracker: Any) -> str:
    """Return a tracker in a line: its tracks, its frame rate, and the settings that are not the defaults."""
    config = tracker.config
    own = [f"{f.name}={getattr(config, f.name)!r}" for f in fields(config) if _is_changed(config, f)]
    own += [f"{name}=True" for name in ("coasting", "strict") if getattr(tracker, name)]
    held = getattr(tracker._rows, fields(tracker._rows)[0].name).shape[-1]
    counts = f"{held} track{'' if held == 1 else 's'} at {tracker.frame_rate:g} frames/s"
    return f"<{type(tracker).__name__}: {', '.join([counts, *own])}>"


def _is_changed(config: Any, field: Any) -> bool:
    default = field.default_factory() if field.default is MISSING else field.default
    return bool(getattr(config, field.name) != default)
