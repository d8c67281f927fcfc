"""Kalman filters in ``xyah`` (centre, aspect ratio, height), with DeepSORT's noise: shares of a box's height."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from sportstrack import kalman
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.rows import Found
from sportstrack.types import BoolArray, FloatArray, IntArray


class NoiseSettings(Protocol):
    """The fields of a tracker's config that say how uncertain a box is."""

    @property
    def std_weight_position(self) -> float:
        """Position noise as a share of the box height."""

    @property
    def std_weight_velocity(self) -> float:
        """Velocity noise as a share of the box height per step."""

    @property
    def std_aspect(self) -> float:
        """Noise of the aspect ratio per step."""

    @property
    def std_aspect_velocity(self) -> float:
        """Noise of the aspect ratio's velocity per step."""

    @property
    def std_aspect_measurement(self) -> float:
        """Noise of a measured aspect ratio."""


class FilterRows(Protocol):
    """The columns that are needed here of a tracker's table."""

    state: FloatArray  # (5, 4, T) Kalman state in xyah
    last: FloatArray  # (T,) step of the last match


def noises(settings: NoiseSettings) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the first variance, the process noise and the measurement noise, for `scaled`."""
    position, velocity = settings.std_weight_position, settings.std_weight_velocity
    return (
        _noise(2 * position, settings.std_aspect, 10 * velocity, settings.std_aspect_velocity),
        _noise(position, settings.std_aspect, velocity, settings.std_aspect_velocity),
        _noise(position, settings.std_aspect_measurement, 0.0, 0.0)[2],
    )


def _noise(position: float, aspect: float, velocity: float, aspect_velocity: float) -> FloatArray:
    """Return (5, 4, 2) variances of x, y, a, h in a state's planes: per squared box height, and constant."""
    per_height, constant = np.array([1.0, 1.0, 0.0, 1.0])[:, None], np.array([0.0, 0.0, 1.0, 0.0])[:, None]
    moving = kalman.planes(position**2 * per_height, velocity**2 * per_height)
    fixed = kalman.planes(aspect**2 * constant, aspect_velocity**2 * constant)
    return np.concatenate((moving, fixed), axis=-1)


def scaled(noise: FloatArray, height: FloatArray) -> FloatArray:
    """Return (…, 4, T) variances for boxes of these heights from (…, 4, 2) of `noises`."""
    scale = np.empty((2, len(height)))
    np.multiply(height, height, out=scale[0])
    scale[1] = 1.0
    variances: FloatArray = noise.reshape(-1, 2).dot(scale)
    return variances.reshape(*noise.shape[:-1], -1)


def start(measurement: FloatArray, first_var: FloatArray) -> FloatArray:
    """Return (5, 4, N) filters at rest for (4, N) measurements."""
    return kalman.initiate(measurement, scaled(first_var, measurement[3]))


def predict(rows: FilterRows, noise: FloatArray, clock: StepClock) -> None:
    """Advance the filters to this frame; those of lost tracks keep their height."""
    height, growth = rows.state[:2, 3]
    growth[rows.last < clock.before] = 0.0
    rows.state = kalman.predict(rows.state, scaled(noise, height), clock.step)


def predict_confirmed(rows: FilterRows, confirmed: BoolArray, noise: FloatArray, clock: StepClock) -> None:
    """`predict` for the confirmed tracks; tentative ones stay."""
    before = rows.state
    predict(rows, noise, clock)
    if np.count_nonzero(confirmed) < len(confirmed):
        np.copyto(rows.state, before, where=~confirmed)


def correct(rows: FilterRows, noise: FloatArray, found: Found, track: IntArray, boxes: IntArray) -> None:
    """Correct the filters of some tracks by their detections."""
    state = rows.state.take(track, axis=2)
    measurement = found.measurement.take(boxes, axis=1)
    rows.state[:, :, track] = kalman.update(state, measurement, scaled(noise, state[0, 3]))
