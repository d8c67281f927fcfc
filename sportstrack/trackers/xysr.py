"""SORT's Kalman filters in ``xysr`` (centre, area, aspect ratio), with constant noise."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np

from sportstrack import kalman
from sportstrack.types import FloatArray

Variances: TypeAlias = tuple[float, float, float, float]
"""Of x, y, area and aspect ratio."""


class VarianceSettings(Protocol):
    """The fields of a tracker's config that say how uncertain a box is."""

    @property
    def position_var(self) -> Variances:
        """First variance of the position."""

    @property
    def velocity_var(self) -> Variances:
        """First variance of the velocity per step."""

    @property
    def position_noise(self) -> Variances:
        """Growth of the position's variance per step."""

    @property
    def velocity_noise(self) -> Variances:
        """Growth of the velocity's variance per step."""

    @property
    def measurement_noise(self) -> Variances:
        """Variance of a detection."""


def noises(settings: VarianceSettings) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the (5, 4, 1) first variance, the (5, 4, 1) process noise and the (4, 1) measurement noise."""
    return (
        kalman.planes(_column(settings.position_var), _column(settings.velocity_var)),
        kalman.planes(_column(settings.position_noise), _column(settings.velocity_noise)),
        _column(settings.measurement_noise),
    )


def _column(variances: Variances) -> FloatArray:
    return np.array(variances, dtype=np.float64)[:, None]


def predict(state: FloatArray, noise: FloatArray, steps: float | FloatArray = 1.0) -> FloatArray:
    """Return the (5, 4, T) state some steps later; an area about to turn negative stops shrinking, in ``state`` too."""
    area, growth = state[:2, 2]
    steady = isinstance(steps, float) and steps == 1.0
    growth[area + (growth if steady else growth * steps) <= 0] = 0.0
    return kalman.predict(state, noise, steps)
