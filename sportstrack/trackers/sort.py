"""SORT: Kalman prediction, one Hungarian assignment on IoU, short memory.

Bewley, Ge, Ott, Ramos, Upcroft: Simple Online and Realtime Tracking, ICIP 2016, https://arxiv.org/abs/1602.00763.

Deliberate differences from the authors' code:

* a matched track is reported with its detection's own box, not with the filtered one;
* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* the assignment is always solved over the whole matrix, as the paper says. The authors' code takes the pairs above
  ``iou_threshold`` as they are where these are one to one; boxes that do not touch never match;
* detections under ``det_thresh`` are ignored (the authors fed it filtered detections);
* ``max_age`` means frames at 30 per second and is scaled to the video's rate, never under 1 frame. The default of 1
  stays 1 below 60 frames/s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack import kalman
from sportstrack.assign import solve_then_gate, unmatched
from sportstrack.boxes import xysr_to_xyxy, xyxy_to_xysr
from sportstrack.trackers import xysr
from sportstrack.trackers.checks import check_frame_rate, check_range, frames_at, tracker_text
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.rows import (
    BELOW_ONE,
    NONE,
    Found,
    IdCounter,
    after_gap,
    append,
    claim,
    coasting,
    forbid_other_classes,
    keep_alive,
    read_found,
    record_matches,
    report,
)
from sportstrack.trackers.shapes import check_overlap, no_shapes, overlap
from sportstrack.types import BoolArray, FloatArray, IntArray, Tracks


@dataclass(frozen=True)
class SORTConfig:
    """SORT's settings, named as in the authors' code.

    Attributes:
        max_age: frames (at 30 per second) that a track survives without a detection.
        min_hits: matches in a row before a track is reported; the first ``min_hits`` frames report at once.
        iou_threshold: least overlap of a match.
        det_thresh: detections with a lower score are ignored.
        per_class: match boxes of the same class only.
        overlap: ``box``, or ``mask``: masks, too, say whose of several tracks a detection is.
        position_var: first variance of x, y, area, ratio.
        velocity_var: first variance of their velocities per frame (the ratio has none).
        position_noise: growth of the position's variance per frame.
        velocity_noise: growth of the velocity's variance per frame.
        measurement_noise: variance of a detection.
    """

    max_age: int = 1
    min_hits: int = 3
    iou_threshold: float = 0.3
    det_thresh: float = 0.25
    per_class: bool = False
    overlap: str = "box"
    position_var: tuple[float, float, float, float] = (10.0, 10.0, 10.0, 10.0)
    velocity_var: tuple[float, float, float, float] = (1e4, 1e4, 1e4, 0.0)
    position_noise: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    velocity_noise: tuple[float, float, float, float] = (1e-2, 1e-2, 1e-4, 0.0)
    measurement_noise: tuple[float, float, float, float] = (1.0, 1.0, 10.0, 10.0)

    def __post_init__(self) -> None:
        check_overlap(self.overlap)
        check_range("max_age", self.max_age, 0, 1e9)
        check_range("min_hits", self.min_hits, 0, 1e9)
        check_range("iou_threshold", self.iou_threshold, 0.0, 1.0)
        check_range("det_thresh", self.det_thresh, 0.0, 1.0)


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis."""

    state: FloatArray  # (5, 4, T) Kalman state in xysr
    shape: BoolArray  # (G, T) of the last detection's mask; G is 0 where boxes overlap
    track_id: IntArray  # (T,) 0 until first reported
    last: FloatArray  # (T,) step of the last match
    streak: IntArray  # (T,) matches in a row
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class SORT:
    """Simple online and realtime tracking.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales ``max_age``.
        coasting: also report confirmed tracks that were not seen, with their predicted box and ``detection`` −1.
        strict: raise on an unusable detection instead of leaving it out and counting it in `dropped`.

    Attributes:
        ids: counts the tracks' ids; trackers that work side by side share one.
        dropped: unusable detections so far.
    """

    def __init__(
        self,
        config: SORTConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.ids = IdCounter()
        self.config = config or SORTConfig()
        self.coasting = coasting
        self.strict = strict
        self._limit = min(1.0 - self.config.iou_threshold, BELOW_ONE)
        self._first_var, self._noise, self._measurement_noise = xysr.noises(self.config)
        self._clock = StepClock()
        self.set_frame_rate(frame_rate)
        self.reset()

    def set_frame_rate(self, frame_rate: float) -> None:
        """Count times at another frame rate from now on; the tracks stay."""
        self.frame_rate = check_frame_rate(frame_rate)
        self._max_age = frames_at(self.frame_rate, self.config.max_age)

    __repr__ = tracker_text

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self.ids.reset()
        self.dropped = 0
        self.cut()

    def cut(self) -> None:
        """Forget all tracks, because the next frame belongs to another shot; ids go on counting."""
        none, number = np.empty(0, np.int64), np.empty(0)
        shape = no_shapes(0, self.config.overlap)
        self._rows = Rows(np.empty((5, 4, 0)), shape, none, number, none, number, none)
        self._clock.cut()
        self._frame = 0

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks.
            camera: not used by SORT.
            time: seconds on the source's clock, later than the last frame's; None: 1 / ``frame_rate`` after it.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if the time is no later than that of the frame before.
        """
        found = read_found(detections, self.config.det_thresh, self.strict, xyxy_to_xysr, overlap=self.config.overlap)
        self._clock.advance(time, self.frame_rate)
        self.dropped += found.dropped
        self._frame += 1
        rows = self._rows = after_gap(self._rows, self._clock, self._max_age)

        # 1. Predict the tracks' boxes.
        rows.state = xysr.predict(rows.state, self._noise, self._clock.step)
        predicted = xysr_to_xyxy(rows.state[0])

        # 2. Assign detections to tracks by IoU, then drop pairs that overlap too little.
        track, boxes = solve_then_gate(self._cost(found, predicted), self._limit, worst=1.0)
        found.owner[boxes] = track
        self._correct(found, track, boxes)

        # 3. Start a track with each detection that is left.
        new = unmatched(len(found), boxes)
        if len(new):
            claim(found, new, len(rows.last))
            self._rows = append(rows, self._new_rows(found, new))

        # 4. Report, and forget the tracks that have been missing for too long.
        tracks = self._report(found, predicted)
        self._rows = keep_alive(self._rows, self._rows.last >= self._clock.oldest(self._max_age))
        return tracks

    def _cost(self, found: Found, predicted: FloatArray) -> FloatArray:
        """Return the (T, N) cost 1 − IoU."""
        shared = overlap(predicted, self._rows.shape, found.boxes, found.shape)
        cost = np.subtract(1.0, shared, out=shared)
        if self.config.per_class:
            forbid_other_classes(cost, self._rows.class_id, found.class_id)
        return cost

    def _correct(self, found: Found, track: IntArray, boxes: IntArray) -> None:
        rows = self._rows
        state, measurement = rows.state.take(track, axis=2), found.measurement.take(boxes, axis=1)
        rows.state[:, :, track] = kalman.update(state, measurement, self._measurement_noise)
        rows.streak[rows.last < self._clock.before] = 0
        rows.streak[track] += 1
        rows.shape[:, track] = found.shape.take(boxes, axis=1)
        record_matches(rows, found, track, boxes, self._clock.now)

    def _new_rows(self, found: Found, new: IntArray) -> Rows:
        zeros = np.zeros(len(new), np.int64)
        return Rows(
            state=kalman.initiate(found.measurement.take(new, axis=1), self._first_var),
            shape=found.shape.take(new, axis=1),
            track_id=zeros,
            last=np.zeros(len(new)) + self._clock.now,
            streak=zeros,
            score=found.score[new],
            class_id=found.class_id[new],
        )

    def _report(self, found: Found, predicted: FloatArray) -> Tracks:
        rows, config = self._rows, self.config
        least = config.min_hits if self._frame > config.min_hits else 0
        shown = (rows.streak[found.owner] >= least).nonzero()[0]  # every detection has a track by now
        lost = NONE
        if self.coasting:
            lost = coasting(rows, rows.last >= self._clock.oldest(self._max_age), predicted, self._clock.now)
        return report(rows, found, shown, self.ids, lost, predicted)
