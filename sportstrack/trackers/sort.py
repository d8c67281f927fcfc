"""SORT: Kalman prediction, one Hungarian assignment on IoU, short memory.

Bewley, Ge, Ott, Ramos, Upcroft: Simple Online and Realtime Tracking, ICIP 2016, https://arxiv.org/abs/1602.00763.

Deliberate differences from the authors' code:

* a matched track is reported with its detection's own box, not with the filtered one;
* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* the assignment is always solved over the whole matrix, as the paper says. The authors' code takes the pairs above
  ``iou_threshold`` as they are where these are one to one; boxes that don't touch never match;
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
from sportstrack.boxes import iou, xysr_to_xyxy, xyxy_to_xysr
from sportstrack.trackers import columns
from sportstrack.types import FloatArray, IntArray, Tracks, as_detections


@dataclass(frozen=True)
class SORTConfig:
    """SORT's settings, named as in the authors' code.

    Attributes:
        max_age: frames (at 30 per second) that a track survives without a detection.
        min_hits: matches in a row before a track is reported; the first ``min_hits`` frames report at once.
        iou_threshold: least overlap of a match.
        det_thresh: detections with a lower score are ignored.
        per_class: match boxes of the same class only.
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
    position_var: tuple[float, float, float, float] = (10.0, 10.0, 10.0, 10.0)
    velocity_var: tuple[float, float, float, float] = (1e4, 1e4, 1e4, 0.0)
    position_noise: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    velocity_noise: tuple[float, float, float, float] = (1e-2, 1e-2, 1e-4, 0.0)
    measurement_noise: tuple[float, float, float, float] = (1.0, 1.0, 10.0, 10.0)

    def __post_init__(self) -> None:
        columns.check_range("max_age", self.max_age, 0, 1e9)
        columns.check_range("min_hits", self.min_hits, 0, 1e9)
        columns.check_range("iou_threshold", self.iou_threshold, 0.0, 1.0)
        columns.check_range("det_thresh", self.det_thresh, 0.0, 1.0)


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis."""

    state: FloatArray  # (5, 4, T) Kalman state in xysr
    track_id: IntArray  # (T,) 0 until first reported
    last: IntArray  # (T,) frame of the last match
    streak: IntArray  # (T,) matches in a row
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class SORT:
    """Simple online and realtime tracking.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales ``max_age``.
        coasting: also report confirmed tracks that were not seen, with their predicted box and ``detection`` −1.
        strict: raise on an unusable box instead of leaving it out and counting it in `dropped`.
    """

    def __init__(
        self,
        config: SORTConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.config = config or SORTConfig()
        self.frame_rate = columns.check_frame_rate(frame_rate)
        self.coasting = coasting
        self.strict = strict
        self._max_age = columns.frames_at(self.frame_rate, self.config.max_age)
        c = self.config
        self._limit = min(1.0 - c.iou_threshold, columns.BELOW_ONE)
        self._first_var = kalman.planes(columns.column(c.position_var), columns.column(c.velocity_var))
        self._noise = kalman.planes(columns.column(c.position_noise), columns.column(c.velocity_noise))
        self._measurement_noise = columns.column(c.measurement_noise)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._last_id = 0
        self.dropped = 0
        self.cut()

    def cut(self) -> None:
        """Forget all tracks, because the next frame belongs to another shot; ids go on counting."""
        none = np.empty(0, np.int64)
        self._rows = Rows(np.empty((5, 4, 0)), none, none, none, np.empty(0), none)
        self._frame = 0

    def update(self, detections: Any, camera: FloatArray | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks.
            camera: not used by SORT.

        Returns:
            The reported tracks, ordered by detection row.
        """
        detections = as_detections(detections)
        boxes, score, class_id, row, dropped = columns.read(detections, self.config.det_thresh, self.strict)
        self.dropped += dropped
        self._frame += 1

        self._predict()
        rows = self._rows
        predicted = xysr_to_xyxy(rows.state[0])
        track, found = solve_then_gate(self._cost(predicted, boxes, class_id), self._limit, worst=1.0)

        measurement = xyxy_to_xysr(boxes)
        state, seen = rows.state.take(track, axis=2), measurement.take(found, axis=1)
        rows.state[:, :, track] = kalman.update(state, seen, self._measurement_noise)
        rows.last[track] = self._frame
        rows.streak[track] += 1
        rows.score[track] = score[found]
        rows.class_id[track] = class_id[found]

        owner = columns.nobody(len(boxes))  # each box's track
        owner[found] = track
        new = unmatched(len(boxes), found)
        if len(new):
            owner[new] = np.arange(len(rows.last), len(rows.last) + len(new))
            self._rows = columns.append(rows, self._born(measurement[:, new], score[new], class_id[new]))
        tracks = self._report(owner, row, boxes, predicted)
        self._forget()
        return tracks

    def _predict(self) -> None:
        rows = self._rows
        # An area about to turn negative stops shrinking.
        area, growth = rows.state[:2, 2]
        growth[area + growth <= 0] = 0.0
        rows.state = kalman.predict(rows.state, self._noise)
        rows.streak[rows.last < self._frame - 1] = 0

    def _cost(self, predicted: FloatArray, boxes: FloatArray, class_id: IntArray) -> FloatArray:
        overlap = iou(predicted, boxes)
        cost = np.subtract(1.0, overlap, out=overlap)
        if self.config.per_class:
            columns.forbid_other_classes(cost, self._rows.class_id, class_id)
        return cost

    def _born(self, measurement: FloatArray, score: FloatArray, class_id: IntArray) -> Rows:
        zeros = np.zeros(len(score), np.int64)
        return Rows(kalman.initiate(measurement, self._first_var), zeros, zeros + self._frame, zeros, score, class_id)

    def _report(self, owner: IntArray, row: IntArray, boxes: FloatArray, predicted: FloatArray) -> Tracks:
        rows, least = self._rows, self.config.min_hits if self._frame > self.config.min_hits else 0
        shown = (rows.streak[owner] >= least).nonzero()[0]
        owner, row, boxes = owner[shown], row[shown], boxes[shown]
        track_id, self._last_id = columns.ids_of(rows.track_id, owner, self._last_id)
        if self.coasting:
            unseen = (rows.track_id > 0) & (rows.last < self._frame) & (rows.last >= self._frame - self._max_age)
            coast = unseen.nonzero()[0]
            owner, row, boxes = columns.with_coasting(owner, row, boxes, coast, predicted[coast])
            track_id = rows.track_id[owner]
        return Tracks.trusted(boxes, rows.score[owner], rows.class_id[owner], track_id, row)

    def _forget(self) -> None:
        alive = (self._rows.last >= self._frame - self._max_age).nonzero()[0]
        if len(alive) < len(self._rows.last):
            self._rows = columns.keep(self._rows, alive)
