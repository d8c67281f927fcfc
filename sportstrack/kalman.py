"""Constant-velocity Kalman filters for many boxes at once.

In every box filter of the SORT family the four coordinates move independently: the motion matrix couples a coordinate
only with its own velocity, it is observed directly, and the noise is diagonal. An 8×8 covariance therefore holds
nothing but four 2×2 blocks, and Kalman's equations (1960) become a dozen element-wise lines without a matrix inverse.

A `state` is one (5, 4, T) float64 array with tracks on its last axis; its planes are

====  ===========================================
0     position, (4, T) in the chosen coordinates
1     velocity per step
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

# One step of constant velocity moves the planes linearly: x + v; v; p + 2c + q; c + q; q. This is P ← F P Fᵀ of a 2×2
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


def predict(state: FloatArray, noise: FloatArray, steps: float | FloatArray = 1.0) -> FloatArray:
    """Advance all filters: x ← F x, P ← F P Fᵀ + Q.

    Args:
        state: (5, 4, T); not changed.
        noise: (5, 4, 1) or (5, 4, T) from `planes`: growth of the variances per step.
        steps: how many, above 0, also fractions; one for all or (T,). A step is the unit of velocity.

    Returns:
        (5, 4, T) predicted state; after several steps the same as after one at a time.
    """
    if not (isinstance(steps, float) and steps == 1.0):
        return _predict_steps(state, noise, steps)
    moved = _STEP.dot(state.reshape(5, -1)).reshape(state.shape)
    moved += noise
    return moved  # type: ignore[no-any-return]


def _predict_steps(state: FloatArray, noise: FloatArray, steps: float | FloatArray) -> FloatArray:
    """Return the state after any number of steps: Fⁿ x, Fⁿ P Fⁿᵀ + Σ Fᵏ Q Fᵏᵀ for k from 0 to n − 1."""
    moved: FloatArray = state.copy()
    moved[0] += steps * state[1]
    moved[2] += steps * (2.0 * state[3] + steps * state[4])
    moved[3] += steps * state[4]
    more = np.maximum(steps - 1.0, 0.0)  # a part of a step has its part of the noise and no more
    drift = steps * more / 2.0  # Σ k
    moved[2] += steps * noise[2] + drift * (2.0 * steps - 1.0) / 3.0 * noise[4]  # Σ k² of velocity
    moved[3] += drift * noise[4]
    moved[4] += steps * noise[4]
    return moved


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


# --- a camera that turns ---------------------------------------------------------------------------------------------
#
# An affine with a rotation mixes x with y and w with h, so their covariances stop being zero. The blocks of a pair are
# then one 4×4 covariance of (a, b, a', b'), where (a, b) is (x, y) or (w, h). Its six new numbers are four, because
# each coordinate's own three are in the state already: `cross` is one (4, 2, T) array, pairs on its second axis, of
#
# ====  ==========================
# 0     covariance of a and b
# 1     covariance of a and b'
# 2     covariance of a' and b
# 3     covariance of a' and b'
# ====  ==========================

_CROSS_STEP = np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0]])
# Where the entries of the 4×4 matrix stand in the list p(a) p(b) c(a) c(b) q(a) q(b) and the four of `cross`, and back.
_MATRIX = np.array([[0, 6, 2, 7], [6, 1, 8, 3], [2, 8, 4, 9], [7, 3, 9, 5]])
_ROW, _COLUMN = np.array([[0, 1, 0, 1, 2, 3, 0, 0, 2, 2], [0, 1, 2, 3, 2, 3, 1, 3, 1, 3]])


def warp(state: FloatArray, cross: FloatArray, camera: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Move filters over ``xywh`` along with the camera: x ← M x + t, P ← M P Mᵀ.

    Centres and their velocities turn with the camera's linear part A; widths and heights take |A|, because a box
    stays parallel to the axes and no size may turn negative.

    Args:
        state: (5, 4, T); not changed.
        cross: (4, 2, T); not changed.
        camera: (2, 3) affine from the previous frame's pixels to this one's.

    Returns:
        The moved (5, 4, T) state and (4, 2, T) cross; where A is diagonal, a zero cross stays zero exactly.
    """
    linear = camera[:, :2]
    mean, cov = _join(state, cross)
    for pair, part in enumerate((linear, np.abs(linear))):
        whole = np.kron(np.eye(2), part)
        mean[:, pair] = whole.dot(mean[:, pair])
        half = np.tensordot(whole, cov[:, :, pair], axes=1)
        cov[:, :, pair] = np.tensordot(whole, half.transpose(1, 0, 2), axes=1)
    mean[:2, 0] += camera[:, 2:]
    return _split(mean, cov)


def predict_cross(cross: FloatArray, steps: float = 1.0) -> FloatArray:
    """Advance `cross`, as `predict` does the state; the noise of two coordinates is independent."""
    if steps != 1.0:
        here, there = cross[1:3] * steps
        speed = cross[3] * steps
        return np.stack((cross[0] + here + there + speed * steps, cross[1] + speed, cross[2] + speed, cross[3]))
    return _CROSS_STEP.dot(cross.reshape(4, -1)).reshape(cross.shape)  # type: ignore[no-any-return]


def update_coupled(
    state: FloatArray, cross: FloatArray, measurement: FloatArray, measurement_noise: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Correct filters whose coordinates are coupled by one measurement each, as `update` does those that are not.

    Args:
        state: (5, 4, T) predicted state; not changed.
        cross: (4, 2, T); not changed.
        measurement: (4, T) planes.
        measurement_noise: variance R, (4, 1) or (4, T).

    Returns:
        The corrected (5, 4, T) state and (4, 2, T) cross.
    """
    mean, cov = _join(state, cross)
    seen = measurement.reshape(2, 2, -1).swapaxes(0, 1)
    noise = measurement_noise.reshape(2, 2, -1).swapaxes(0, 1)
    # The noise of the two coordinates is independent: one after the other is exact, and no matrix is inverted.
    for i in range(2):
        gain = cov[:, i] / (cov[i, i] + noise[i])
        mean += gain * (seen[i] - mean[i])
        cov -= gain[:, None] * cov[i].copy()
    return _split(mean, cov)


def _join(state: FloatArray, cross: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the means (4, 2, T) and covariances (4, 4, 2, T) of a, b, a', b' for the pairs (x, y) and (w, h)."""
    apart = state.reshape(5, 2, 2, -1).swapaxes(1, 2)  # plane, coordinate of the pair, pair, track
    mean = apart[:2].reshape(4, 2, -1)
    listed = np.concatenate((apart[2:].reshape(6, 2, -1), cross))
    return mean.copy(), listed[_MATRIX]


def _split(mean: FloatArray, cov: FloatArray) -> tuple[FloatArray, FloatArray]:
    listed = cov[_ROW, _COLUMN]
    apart = np.concatenate((mean, listed[:6])).reshape(5, 2, 2, -1)
    return apart.swapaxes(1, 2).reshape(5, 4, -1), listed[6:]


_BLOCK = 32_768  # pairs of a track and a box


def mahalanobis(place: FloatArray, variance: FloatArray, measurement: FloatArray) -> FloatArray:
    """Return (T, N) squared Mahalanobis distances of independent coordinates.

    Args:
        place: (C, T) predicted coordinates.
        variance: (C, T) of the measurement expected there.
        measurement: (C, N).
    """
    tracks, boxes = place.shape[1], measurement.shape[1]
    distance = np.zeros((tracks, boxes))
    step = max(1, _BLOCK // max(boxes, 1))  # rows at a time, so that what is between stays in the processor's cache
    room = np.empty((min(step, tracks), boxes))
    for at in range(0, tracks, step):
        some = slice(at, at + step)
        total = distance[some]
        away = room[: len(total)]
        for expected, var, seen in zip(place, variance, measurement, strict=True):
            np.subtract(seen, expected[some, None], out=away)
            away *= away
            away /= var[some, None]
            total += away
    return distance
