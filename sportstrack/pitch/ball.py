"""Whether a ball lies or rolls on the ground, or flies; only on the ground does one picture tell where it is.

A ball in the air is seen in front of a place farther away than it is. While it flies, that place moves as no rolling
ball does: gravity pulls the ball down, and the place it hides towards the camera, the more so the flatter the camera
looks: by g d / h for a camera at height h and a ball d metres away from below it. That is 30 m/s² and more for
television's cameras, and a rolling ball loses less than 4. So the accelerations of the places in short windows tell
the two apart; where they do not, or where the window holds a kick or a bounce, nothing is claimed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

UNKNOWN, GROUNDED, FLYING = 0, 1, 2
"""What `ball_states` tells of a frame."""
RADIUS = 0.11
"""Metres, of a football: the height of the middle of a ball on the ground."""

_G = 9.81
_WINDOW = 0.24  # seconds on each side of a window's middle
_LEAST = 6  # places in a window
_ROLLING = 3.0  # m/s², standard deviation of a rolling ball's acceleration
_GRAVITY_SPREAD = 0.25  # of g d / h, because the ball's height and its speed change it a little
_CLEAR = 3.0  # of the logarithm of the likelihoods' ratio
_UNCLEAR = 0.5  # variances by which the fit of a window without a verdict counts as worse
_BAD_FIT = 3.0  # mean squared error in variances; beyond it the window holds a kick
_FASTEST = 45.0  # metres per second of a ball on the ground
_CHUNK = 20_000


def ball_states(
    frame: npt.ArrayLike, xy: npt.ArrayLike, error: npt.ArrayLike, camera: npt.ArrayLike, frame_rate: float
) -> npt.NDArray[np.int8]:
    """Return for each place of a ball whether it is on the ground, flies, or neither can be said.

    Args:
        frame: (N,) numbers of frames, ascending.
        xy: (N, 2) metres: where a ball that is on the ground would be (`Camera.to_ground` with the height `RADIUS`).
        error: (N,) root mean square errors of these places in metres.
        camera: (N, 3) or (3,) x, y and height of the camera in metres.
        frame_rate: frames in a second.

    Returns:
        (N,) `GROUNDED`, `FLYING` or `UNKNOWN`.
    """
    frames, places = np.asarray(frame, dtype=np.int64), np.asarray(xy, dtype=float).reshape(-1, 2)
    errors = np.maximum(np.asarray(error, dtype=float), 0.02)
    lens = np.broadcast_to(np.asarray(camera, dtype=float), (len(frames), 3))
    states = np.zeros(len(frames), np.int8)
    good = np.flatnonzero(np.isfinite(places).all(axis=1) & np.isfinite(errors) & (lens[:, 2] > 0))
    if not len(good):
        return states
    first, last = int(frames[good[0]]), int(frames[good[-1]])
    row_of = np.full(last - first + 1, -1)
    row_of[frames[good] - first] = good
    verdict, rank = np.zeros(len(row_of), np.int8), np.full(len(row_of), np.inf)
    reach = max(2, round(_WINDOW * frame_rate))
    for low in range(0, len(row_of), _CHUNK):
        some = slice(low, min(low + _CHUNK, len(row_of)))
        verdict[some], rank[some] = _windows(row_of, some, reach, frame_rate, places, errors, lens)
    best, found = np.full(len(row_of), np.inf), np.zeros(len(row_of), np.int8)
    for shift in (0, -reach, -(reach // 2), reach // 2, reach):  # windows around, before and after each frame
        middle = np.arange(len(row_of)) + shift
        inside = (middle >= 0) & (middle < len(row_of))
        better = np.zeros(len(row_of), np.bool_)
        better[inside] = rank[middle[inside]] < best[inside]
        best[better], found[better] = rank[middle[better]], verdict[middle[better]]
    states[good] = found[frames[good] - first]
    return states


def _windows(
    row_of: npt.NDArray[np.int64],
    some: slice,
    reach: int,
    frame_rate: float,
    places: Floats,
    errors: Floats,
    lens: Floats,
) -> tuple[npt.NDArray[np.int8], Floats]:
    """Return the verdict of each window by its middle, and its rank: less is better, infinite is of no use."""
    middles = np.arange(some.start, some.stop)
    ticks = middles[:, None] + np.arange(-reach, reach + 1)
    inside = (ticks >= 0) & (ticks < len(row_of))
    rows = np.where(inside, row_of[np.clip(ticks, 0, len(row_of) - 1)], -1)
    weight = np.where(rows >= 0, 2 / errors[rows] ** 2, 0.0)
    count = (rows >= 0).sum(axis=1)
    times = np.arange(-reach, reach + 1) / frame_rate
    basis = np.stack([np.ones_like(times), times, times**2 / 2], axis=1)
    where = np.where((rows >= 0)[..., None], places[rows], 0.0)
    normal = np.einsum("nk,ki,kj->nij", weight, basis, basis) + 1e-9 * np.eye(3)
    inverse = np.linalg.inv(normal)
    fitted = inverse @ np.einsum("nk,ki,nkc->nic", weight, basis, where)  # (M, 3, 2): place, speed, acceleration
    off = ((where - np.einsum("ki,nic->nkc", basis, fitted)) ** 2).sum(axis=2)
    fit = (weight * off).sum(axis=1) / np.maximum(2 * count - 6, 1)
    spread = (rows.max(axis=1) >= 0) & (count >= _LEAST) & _has_both_ends(rows >= 0, reach)
    seen = np.where(spread, rows.max(axis=1), 0)
    away = fitted[:, 0] - lens[seen, :2]
    distance = np.maximum(np.hypot(*away.T), 1e-6)
    pull = (fitted[:, 2] * away).sum(axis=1) / distance  # m/s², away from the camera
    noise = inverse[:, 2, 2]
    falling = _G * distance / np.maximum(lens[seen, 2], 0.1)
    rolls = _log_density(pull, 0.0, noise + _ROLLING**2)
    flies = _log_density(pull, -falling, noise + _ROLLING**2 + (_GRAVITY_SPREAD * falling) ** 2)
    speed = np.hypot(*fitted[:, 1].T)
    verdict = np.where(flies - rolls > _CLEAR, FLYING, np.where(rolls - flies > _CLEAR, GROUNDED, UNKNOWN))
    verdict = np.where((speed > _FASTEST) & (verdict == GROUNDED), UNKNOWN, verdict)
    rank = fit + np.where(verdict == UNKNOWN, _UNCLEAR, 0.0)
    return verdict.astype(np.int8), np.where(spread & (fit <= _BAD_FIT), rank, np.inf)


def _has_both_ends(seen: npt.NDArray[np.bool_], reach: int) -> npt.NDArray[np.bool_]:
    """Return which windows have places in both halves, and not only near their middle."""
    third = max(1, reach // 2)
    return np.asarray(seen[:, :third].any(axis=1) & seen[:, -third:].any(axis=1))


def _log_density(value: Floats, mean: Floats | float, variance: Floats) -> Floats:
    return np.asarray(-0.5 * (value - mean) ** 2 / variance - 0.5 * np.log(variance))
