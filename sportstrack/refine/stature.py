"""How tall people are for their place: what the heights of boxes say of who is who, without any picture.

On flat ground the height of a person's box is a linear function of where its feet are in the picture, whatever the
camera. What is left over, a twentieth up or down, is the person: stature, and the way to stand and run. One box says
little, seconds of boxes say much. What a difference is worth is measured on the sequence itself: by how much seconds of
one run of boxes differ from one another, and those of several runs at one time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sportstrack.refine.scene import Scene, gaussian
from sportstrack.refine.table import TrackTable
from sportstrack.types import BoolArray, FloatArray, IntArray

_WINDOW = 0.4  # seconds; standard deviation of the time over which the ground is fitted
_ROUNDS = 3  # ground and statures in turn, since each is needed for the other
_SHRINK = 1.0  # seconds of an average person that a run's stature counts besides its own
_FARTHEST = 0.3  # logarithm of the ratio of heights; what is beyond is cut
_EDGE = 0.01  # share of the picture; a box nearer to its edge is not whole
_COVERED = 0.3  # share of a box that another one covers, from which on its height says nothing
_LEAST_PEOPLE = 4  # whole boxes in a frame
_LEAST_SECONDS = 0.2  # of a run
_FULL = 0.6  # share of a second's boxes that must be whole for it to be measured by
_APART = (3, 5, 8, 13)  # seconds from one to the other of a pair of one run
_LEAST_PAIRS = 20  # of such seconds, to measure by
_DRIFT = 0.1  # share of the variance between people by which one's own changes
_TAIL = 3.0  # degrees of freedom of the differences' t distributions


@dataclass(frozen=True, eq=False)
class Statures:
    """What is known of R runs of boxes.

    Attributes:
        mean: (R,) logarithm of height by expected height.
        seconds: (R,) of whole boxes.
        within: variance of one person's mean over a second.
        between: variance from person to person; 0: heights say nothing here.
    """

    mean: FloatArray
    seconds: FloatArray
    within: float
    between: float

    def log_ratio(self, a: IntArray, b: IntArray) -> FloatArray:
        """Return (P,) log-likelihood ratios of one person against two for pairs of runs, 0 where nothing is known."""
        if not self.between:
            return np.zeros(len(a))
        time = np.maximum(self.seconds, _LEAST_SECONDS)
        one = self.within / time[a] + self.within / time[b] + _DRIFT * self.between
        two = one + 2.0 * self.between
        square = (self.mean[a] - self.mean[b]) ** 2
        tails = np.log1p(square / two / _TAIL) - np.log1p(square / one / _TAIL)
        ratio = 0.5 * np.log(two / one) + 0.5 * (_TAIL + 1.0) * tails
        return np.where(np.minimum(self.seconds[a], self.seconds[b]) > _LEAST_SECONDS, ratio, 0.0)


class Heights:
    """The whole boxes of a table, and the ground that they stand on.

    Args:
        table: the boxes.
        scene: of the table.
    """

    def __init__(self, table: TrackTable, scene: Scene) -> None:
        self._scene = scene
        self._rows = np.flatnonzero(whole_boxes(table, scene))
        x1, y1, x2, y2 = table.xyxy[self._rows].T
        one = np.full(len(x1), scene.height)
        place = np.array((one, y2 - 0.5 * scene.height, 0.5 * (x1 + x2 - scene.width)))
        self._terms = place / (y2 - y1)  # (3, N) so that a plane times these is the expected height by the height
        self._frame = table.frame[self._rows]
        enough = np.bincount(self._frame, minlength=scene.frames) >= _LEAST_PEOPLE
        self._enough = enough[self._frame]

    def statures(self, run: IntArray) -> Statures:
        """Return the statures of runs of boxes: (N,) the number, from 0, of each row's run."""
        count = int(run.max(initial=-1)) + 1
        run, rate = run[self._rows], self._scene.frame_rate
        stature = seconds = total = np.zeros(count)
        left, known = np.zeros(len(run)), np.zeros(len(run), np.bool_)
        for _ in range(_ROUNDS):
            left, known = self._left_over(stature[run])
            seconds = np.bincount(run[known], minlength=count) / rate
            total = np.bincount(run[known], left[known], minlength=count) / rate
            stature = total / (seconds + _SHRINK)
        within, between = _variances(left[known], self._frame[known], run[known], rate)
        return Statures(total / np.maximum(seconds, 1e-9), seconds, within, between)

    def _left_over(self, stature: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Return (N,) logarithms of the boxes' heights by the expected ones, and where these are known."""
        terms, frame, frames = self._terms, self._frame, self._scene.frames
        rest = np.exp(-stature)
        sums = [np.bincount(frame, terms[i] * terms[j], frames) for i in range(3) for j in range(3)]
        sums += [np.bincount(frame, term * rest, frames) for term in terms]
        smooth = gaussian(np.stack(sums, axis=1), _WINDOW * self._scene.frame_rate)
        square = smooth[:, :9].reshape(-1, 3, 3)
        trace = np.trace(square, axis1=1, axis2=2)
        square = square + (1e-6 * trace + (trace <= 0))[:, None, None] * np.eye(3)
        plane = np.linalg.solve(square, smooth[:, 9:, None])[:, :, 0]
        expected = (plane[frame].T * terms).sum(axis=0)
        known = self._enough & (expected > 0.5) & (expected < 2.0)
        return np.clip(-np.log(np.where(known, expected, 1.0)), -_FARTHEST, _FARTHEST), known


def whole_boxes(table: TrackTable, scene: Scene) -> BoolArray:
    """Return (N,) which boxes are inside the picture and not much covered by another one."""
    size = table.xyxy[:, 2:] - table.xyxy[:, :2]
    whole: BoolArray = np.asarray(~scene.at_edges(table.xyxy, _EDGE).any(axis=1) & (size > 0).all(axis=1))
    order = np.lexsort((table.xyxy[:, 0], table.frame))
    box, frame, area = table.xyxy[order], table.frame[order], size.prod(axis=1)[order]
    covered = np.zeros(len(order), np.bool_)
    left, step = np.arange(len(order) - 1), 1
    while len(left):  # those of a frame are in order from left to right, so only the next ones can overlap
        right = left + step
        near = (frame[right] == frame[left]) & (box[right, 0] < box[left, 2])
        left, right = left[near], right[near]
        low, high = np.maximum(box[left, :2], box[right, :2]), np.minimum(box[left, 2:], box[right, 2:])
        shared = np.maximum(high - low, 0.0).prod(axis=1)
        covered[left[shared > _COVERED * area[left]]] = True
        covered[right[shared > _COVERED * area[right]]] = True
        step += 1
        left = left[left + step < len(order)]
    whole[order[covered]] = False
    return whole


def _variances(left: FloatArray, frame: IntArray, run: IntArray, rate: float) -> tuple[float, float]:
    """Return the variance of a second's mean within people, and that between people; (1, 0) if too little is known."""
    second = (frame / rate).astype(np.int64)
    length = int(second.max(initial=0)) + 1 + max(_APART)
    key, at, count = np.unique(run * length + second, return_inverse=True, return_counts=True)
    mean = np.bincount(at, left, len(key)) / np.maximum(count, 1)
    full = count >= _FULL * rate
    key, mean = key[full], mean[full]
    squares = []
    for apart in _APART:
        other = np.minimum(np.searchsorted(key, key + apart), len(key) - 1)
        pairs = np.flatnonzero(key[other] == key + apart) if len(key) else other
        squares.append((mean[other[pairs]] - mean[pairs]) ** 2)
    found = np.concatenate(squares)
    second = key % length
    people = np.bincount(second, minlength=1)
    many = np.flatnonzero(people >= 3)
    if len(found) < _LEAST_PAIRS or not len(many):
        return 1.0, 0.0
    within = 0.5 * float(found.mean())
    centre = np.bincount(second, mean) / np.maximum(people, 1)
    spread = np.bincount(second, (mean - centre[second]) ** 2) / np.maximum(people - 1, 1)
    return within, max(float(spread[many].mean()) - within, 0.0)
