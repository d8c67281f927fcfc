"""Constant-velocity Kalman filters for many boxes at once.

In every box filter of the SORT family the four coordinates move independently: the motion matrix couples a coordinate
only with its own velocity, it is observed directly, and the noise is diagonal. An 8×8 covariance therefore holds
nothing but four 2×2 blocks, and Kalman's equations (1960) become a dozen element-wise lines without a matrix inverse.

A `state` is one (5, 4, T) float64 array with tracks on its last axis; its planes are

====  ===========================================
0     position, (4, T) in the chosen coordinates
1     velocity per frame
2     variance of the position
3     covariance of position and velocity
4     variance of the velocity
====  ===========================================

The coordinates (``xysr``, ``xyah``) and their noise are values that a tracker brings along. A noise is a stack of
variances that broadcasts to the state or to its planes: (…, 4, 1) for constants, (…, 4, T) where it depends on the box.
"""

from __future__ import annotations

import numpy as np

from sportstrack.types import FloatArray

# One frame of constant velocity moves the planes linearly: x + v; v; p + 2c + q; c + q; q. This is P ← F P Fᵀ of a 2×2
# block, written out, and lets one small matrix product do the work of six element-wise passes.
_STEP = np.array(
    [
        [1.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 2.0, 1.0],
        [0.0, 0.0, 0.0, 1.0, 1.0],
        [0.0, 0.0, 0.0, 0.0, 1.0],
    ]
)
# An observation changes each plane by a gain (of position or of velocity) times a plane of the position's own row.
_GAIN = np.array([0, 1, 0, 0, 1])
_OBSERVED = np.array([0, 0, 2, 3, 3])


def planes(position_var: FloatArray, velocity_var: FloatArray) -> FloatArray:
    """Stack the variances of position and velocity, each (4, 1) or (4, T), into the (5, 4, …) form of a state."""
    stacked = np.zeros((5, *np.broadcast_shapes(position_var.shape, velocity_var.shape)))
    stacked[2] = position_var
    stacked[4] = velocity_var
    return stacked


def initiate(measurement: FloatArray, first_var: FloatArray) -> FloatArray:
    """Start filters at rest.

    Args:
        measurement: (4, N) planes.
        first_var: (5, 4, 1) or (5, 4, N) from `planes`: variance of the first position and of the unknown velocity.

    Returns:
        (5, 4, N) state.
    """
    state = np.empty((5, *measurement.shape))
    state[...] = first_var
    state[0] = measurement
    return state


def predict(state: FloatArray, noise: FloatArray) -> FloatArray:
    """Advance all filters by one frame: x ← F x, P ← F P Fᵀ + Q.

    Args:
        state: (5, 4, T); not changed.
        noise: (5, 4, 1) or (5, 4, T) from `planes`: growth of the variances per frame.

    Returns:
        (5, 4, T) predicted state.
    """
    moved = _STEP.dot(state.reshape(5, -1)).reshape(state.shape)
    moved += noise
    return moved  # type: ignore[no-any-return]


def update(state: FloatArray, measurement: FloatArray, measurement_noise: FloatArray) -> FloatArray:
    """Correct filters by one measurement each.

    Args:
        state: (5, 4, T) predicted state; not changed.
        measurement: (4, T) planes.
        measurement_noise: variance R, (4, 1) or (4, T).

    Returns:
        (5, 4, T) corrected state.
    """
    cov = state[2:4]
    gain = cov / (cov[0] + measurement_noise)  # (2, 4, T): of position and of velocity
    # x ← x − K (H x − z) and P ← P − K H P, all planes at once.
    change = state.take(_OBSERVED, axis=0)
    change[:2] -= measurement
    change *= gain.take(_GAIN, axis=0)
    return np.subtract(state, change, out=change)
