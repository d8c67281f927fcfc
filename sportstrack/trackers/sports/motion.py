"""Steps 1, 2 and 6: where each track is expected, how the camera has moved, and boxes with less jitter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack import kalman
from sportstrack.boxes import iou, xywh_to_xyxy
from sportstrack.trackers.rows import Found
from sportstrack.trackers.sports.config import TICK, SportsTrackConfig, Tuning
from sportstrack.trackers.sports.rows import Rows
from sportstrack.types import BoolArray, FloatArray

FIRST_POSITION_NOISE = 0.14  # standard deviation of a new track's position, in box heights
CAMERA_MARGIN = 0.5  # share of its size that a box grows on each side before it is paired with a track
SMOOTHING_LIMIT = 0.05  # box heights by which no edge of a smoothed box is farther from the detection's
_LEAST_STEADY = 3  # tracks matched twice in a row whose median displacement is the picture's


@dataclass(frozen=True, slots=True)
class CameraPath:
    """How the picture's content moves because of the camera."""

    flow: FloatArray  # (2,) velocity per step in the last frame
    total: FloatArray  # (2,) sum of the displacements since the shot began
    given: bool  # the camera's motion is handed in, so that the tracks' velocities do not hold it

    @classmethod
    def start(cls) -> CameraPath:
        """Return the path of a shot that begins."""
        return cls(np.zeros(2), np.zeros(2), given=False)

    @property
    def drift(self) -> FloatArray:
        """(2,) velocity of a track that starts and stands still on the ground."""
        return np.zeros(2) if self.given else self.flow

    def advanced(self, moved: FloatArray, steps: float) -> CameraPath:
        """Return the path some steps later, in which steady tracks' boxes moved by (4, K), corners."""
        if self.given:
            return CameraPath(self.flow, self.total + self.flow * steps, self.given)
        if moved.shape[1] >= _LEAST_STEADY:
            shift = median(moved[:2] + moved[2:]) / 2
            return CameraPath(shift / steps, self.total + shift, self.given)
        slower = 0.5**steps  # nothing is known: the camera comes to rest
        return CameraPath(self.flow * slower, self.total + self.flow * (1 - slower), self.given)


class Motion:
    """The filters' model at one frame rate: constant velocity in x, y, w and h, with noise in box heights."""

    def __init__(self, config: SportsTrackConfig, tuning: Tuning, frame_rate: float) -> None:
        ticks = 1 / (TICK * frame_rate)  # in a step
        self._measurement_noise = config.measurement_noise
        self._noise_gain, self._noise_floor = tuning.noise_gain, tuning.noise_floor
        # Velocities are per step: a change per tick is the square of the step's ticks in variance, and there are as
        # many changes as ticks.
        self._noise = _planes(ticks * config.position_noise**2, ticks**3 * config.velocity_noise**2)
        self._first_var = _planes(FIRST_POSITION_NOISE**2, ticks**2 * tuning.first_velocity_noise**2)
        self._ticks, self._rest = ticks, 1 - tuning.camera_gain

    def predict(self, state: FloatArray, steps: float) -> FloatArray:
        """Return the (5, 4, T) state some steps later."""
        if not state.shape[2]:
            return state
        state = state.copy()
        state[1, 2:] = 0.0  # sizes have no trend worth following
        height = state[0, 3]
        return kalman.predict(state, self._noise * (height * height), steps)

    def moved(self, state: FloatArray, shift: FloatArray, steps: float) -> FloatArray:
        """Return the state after a (2, 1) shift of the camera over some steps, some of which goes on in the next."""
        state = state.copy()
        state[0, :2] += shift
        state[1, :2] += (1 - self._rest ** (self._ticks * steps)) * shift / steps
        return state

    def correct(self, state: FloatArray, measurement: FloatArray, score: FloatArray) -> FloatArray:
        """Return the (5, 4, K) state corrected by one (4, K) box each; a box of a higher score has less noise."""
        deviation = self._measurement_noise * measurement[3]
        noise = self._noise_gain * deviation * deviation * np.maximum(1.0 - score, self._noise_floor)
        return kalman.update(state, measurement, noise)

    def start(self, measurement: FloatArray, drift: FloatArray) -> FloatArray:
        """Return (5, 4, K) states of tracks that start on these boxes and move by ``drift`` (2,) per step."""
        height = measurement[3]
        state = kalman.initiate(measurement, self._first_var * (height * height))
        state[1, :2] = drift[:, None]
        return state


def camera_shift(rows: Rows, recent: BoolArray, found: Found, config: SportsTrackConfig) -> FloatArray | None:
    """Return (2, 1): the median displacement from predictions to the boxes beside them; None with too few pairs.

    Args:
        rows: the tracks, predicted.
        recent: (T,) tracks that were matched in the frame before.
        found: the detections.
        config: settings.
    """
    least = config.camera_pairs
    seen = (recent & (rows.hits >= 2)).nonzero()[0]
    high = (found.score >= config.high_score).nonzero()[0]
    if min(len(seen), len(high)) < least:
        return None
    track, box = rows.state[0].take(seen, axis=1), found.measurement.take(high, axis=1)
    overlap = iou(xywh_to_xyxy(track * _GROWN), xywh_to_xyxy(box * _GROWN))
    best = overlap.argmax(axis=1)
    own = np.arange(len(seen))
    mutual = ((overlap.argmax(axis=0)[best] == own) & (overlap[own, best] > 0)).nonzero()[0]
    if len(mutual) < least:
        return None
    shift = median(box[:2].take(best[mutual], axis=1) - track[:2].take(mutual, axis=1))[:, None]
    if not config.camera_doubt:
        return shift
    variance = rows.state[2, :2].take(seen[mutual], axis=1)
    variance += (config.measurement_noise * box[3].take(best[mutual])) ** 2
    return _significant(shift, variance, config.camera_doubt)


_GROWN = np.array([1.0, 1.0, 1 + 2 * CAMERA_MARGIN, 1 + 2 * CAMERA_MARGIN])[:, None]


def _significant(shift: FloatArray, variance: FloatArray, doubt: float) -> FloatArray:
    """Return the shift (2, 1), 0 where it may be chance: within ``doubt`` standard errors of (2, K) variances."""
    # The variance of a median is π/2 times that of a mean.
    error = np.pi / 2 * variance.mean(axis=1, keepdims=True) / variance.shape[1]
    return np.asarray(np.where(shift * shift > doubt**2 * error, shift, 0.0))


def view_shift(camera: FloatArray, size: FloatArray | None, found: Found) -> FloatArray:
    """Return (2,) how far a camera (2, 3) moves the middle of the picture, or of the boxes if no size is known."""
    boxes = found.measurement[:2]
    centre = boxes.mean(axis=1) if len(found) else np.zeros(2)
    middle = centre if size is None else size / 2
    moved: FloatArray = camera[:, :2].dot(middle) + camera[:, 2] - middle
    return moved


def warped(state: FloatArray, camera: FloatArray) -> FloatArray:
    """Return the state in the pixels of a camera that has moved; sizes follow its zoom, shapes do not turn."""
    linear = camera[:, :2]
    moved: FloatArray = state.copy()
    for plane in (0, 1):
        moved[plane, :2] = linear.dot(state[plane, :2])
    moved[0, :2] += camera[:, 2:]
    for plane in (2, 3, 4):
        moved[plane, :2] = (linear * linear).dot(state[plane, :2])
    zoom = abs(float(linear[0, 0] * linear[1, 1] - linear[0, 1] * linear[1, 0]))
    moved[:2, 2:] *= zoom**0.5
    moved[2:, 2:] *= zoom
    return moved


def smoothed(boxes: FloatArray, filtered: FloatArray, share: float) -> FloatArray:
    """Return (M, 4) corners between the detections' and the filters', by the filters' share, near the detections'."""
    limit = SMOOTHING_LIMIT * (boxes[:, 3:] - boxes[:, 1:2])
    return np.asarray(boxes + np.clip(share * (filtered - boxes), -limit, limit))


def median(values: FloatArray) -> FloatArray:
    """Return the median of each row; np.median takes 20 times as long on so few."""
    count = values.shape[1]
    ordered = np.sort(values, axis=1)
    return (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2


def _planes(position: float, velocity: float) -> FloatArray:
    return np.array([0.0, 0.0, position, 0.0, velocity])[:, None, None]
