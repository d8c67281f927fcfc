"""C-BIoU: boxes with a margin around them, matched with a small margin first and a large one second.

Yang, Odashima, Masui, Jiang: Hard To Track Objects with Irregular Motions and Similar Appearances? Make It Easier by
Buffering the Matching Space, WACV 2023, https://arxiv.org/abs/2211.14317.

The buffered overlap, the cascade and the motion are the paper's. Chosen here, in the manner of the package's other
trackers:

* a pair that overlaps too little costs the limit, so that leaving a track alone competes with a bad match;
* a track is reported from its ``min_hits``-th detection on, in the first ``min_hits`` frames at once; one that is
  missed before it was ever reported is forgotten;
* the mean displacement runs from the oldest to the newest of the last detections, per frame, gaps included;
* a prediction that has shrunk to less than half of the last box keeps that box's width or height;
* ids are given when a track is first reported; ``max_age`` means frames at 30 per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.assign import clip_then_solve, unmatched
from sportstrack.boxes import iou
from sportstrack.trackers import columns
from sportstrack.types import FloatArray, IntArray, Tracks, as_detections


@dataclass(frozen=True)
class CBIoUConfig:
    """C-BIoU's settings, named as in the paper where it names them.

    Attributes:
        b1: margin of the first matching, as a share of a box's width and height, on each side.
        b2: the same in the second.
        n: how many of the latest displacements are averaged.
        iou_threshold: least overlap of a match, margins included.
        det_thresh: detections with a lower score are ignored.
        max_age: frames (at 30 per second) that a track survives without a detection.
        min_hits: detections in a row before a track is reported.
        per_class: match boxes of the same class only.
    """

    b1: float = 0.3
    b2: float = 0.5
    n: int = 5
    iou_threshold: float = 0.2
    det_thresh: float = 0.25
    max_age: int = 30
    min_hits: int = 2
    per_class: bool = False

    def __post_init__(self) -> None:
        for name in ("b1", "b2"):
            columns.check_range(name, getattr(self, name), 0.0, 10.0)
        columns.check_range("n", self.n, 1, 1000)
        columns.check_range("iou_threshold", self.iou_threshold, 0.0, 1.0)
        columns.check_range("det_thresh", self.det_thresh, 0.0, 1.0)
        columns.check_range("max_age", self.max_age, 0, 1e9)
        columns.check_range("min_hits", self.min_hits, 0, 1e9)


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis; n is the setting."""

    past: FloatArray  # (n + 1, 4, T) corners of the last detections, the k-th one in place k modulo n + 1
    when: IntArray  # (n + 1, T) their frames
    hits: IntArray  # (T,) detections so far
    velocity: FloatArray  # (4, T) mean displacement of the corners per frame
    track_id: IntArray  # (T,) 0 until first reported
    last: IntArray  # (T,) frame of the last detection
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class CBIoU:
    """Cascaded buffered IoU.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales ``max_age``.
        coasting: also report tracks that were not seen, with their predicted box and ``detection`` −1.
        strict: raise on an unusable box instead of leaving it out and counting it in `dropped`.
    """

    def __init__(
        self,
        config: CBIoUConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.config = config or CBIoUConfig()
        self.frame_rate = columns.check_frame_rate(frame_rate)
        self.coasting = coasting
        self.strict = strict
        self._max_age = columns.frames_at(self.frame_rate, self.config.max_age)
        self._limit = min(1.0 - self.config.iou_threshold, columns.BELOW_ONE)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._last_id = 0
        self.dropped = 0
        self.cut()

    def cut(self) -> None:
        """Forget all tracks, because the next frame belongs to another shot; ids go on counting."""
        self._frame = 0
        self._rows = self._born(np.empty((0, 4)), np.empty(0), np.empty(0, np.int64))

    def update(self, detections: Any, camera: FloatArray | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks.
            camera: not used by C-BIoU.

        Returns:
            The reported tracks, ordered by detection row.
        """
        detections = as_detections(detections)
        boxes, score, class_id, row, dropped = columns.read(detections, self.config.det_thresh, self.strict)
        self.dropped += dropped
        self._frame += 1

        rows, predicted = self._rows, self._predict()
        owner = columns.nobody(len(boxes))  # each box's track
        left = np.arange(len(predicted))
        for margin in (self.config.b1, self.config.b2):
            left = self._match(predicted, boxes, class_id, left, margin, owner)
        self._correct(owner, boxes, score, class_id)
        new = (owner < 0).nonzero()[0]
        if len(new):
            owner[new] = np.arange(len(rows.last), len(rows.last) + len(new))
            self._rows = columns.append(rows, self._born(boxes[new], score[new], class_id[new]))
        tracks = self._report(owner, row, boxes, predicted)
        self._forget()
        return tracks

    def _predict(self) -> FloatArray:
        """Return (T, 4) boxes moved on by their mean displacement."""
        rows = self._rows
        box = rows.past[(rows.hits - 1) % len(rows.past), :, np.arange(len(rows.hits))].T
        drift = rows.velocity * (self._frame - rows.last)
        size, growth = box[2:] - box[:2], drift[2:] - drift[:2]
        shrunk = growth < -0.5 * size
        if shrunk.any():
            middle = (drift[:2] + drift[2:]) / 2
            drift = np.where(np.concatenate((shrunk, shrunk)), np.concatenate((middle, middle)), drift)
        return (box + drift).T  # type: ignore[no-any-return]

    def _match(
        self,
        predicted: FloatArray,
        boxes: FloatArray,
        class_id: IntArray,
        tracks: IntArray,
        margin: float,
        owner: IntArray,
    ) -> IntArray:
        """Match some tracks with the boxes that have no owner; write it and return the tracks that are left."""
        free = (owner < 0).nonzero()[0]
        if not (len(tracks) and len(free)):
            return tracks
        overlap = iou(
            columns.grown(predicted.take(tracks, axis=0), margin), columns.grown(boxes.take(free, axis=0), margin)
        )
        cost = np.subtract(1.0, overlap, out=overlap)
        if self.config.per_class:
            columns.forbid_other_classes(cost, self._rows.class_id[tracks], class_id[free])
        t, b = clip_then_solve(cost, self._limit)
        owner[free[b]] = tracks[t]
        return tracks[unmatched(len(tracks), t)]

    def _correct(self, owner: IntArray, boxes: FloatArray, score: FloatArray, class_id: IntArray) -> None:
        rows, found = self._rows, (owner >= 0).nonzero()[0]
        track, span = owner[found], len(rows.past)
        hits, corners = rows.hits[track], boxes[found]
        rows.past[hits % span, :, track] = corners
        rows.when[hits % span, track] = self._frame
        oldest = np.maximum(hits - (span - 1), 0) % span
        move = corners - rows.past[oldest, :, track]
        rows.velocity[:, track] = (move / (self._frame - rows.when[oldest, track])[:, None]).T
        rows.hits[track] = hits + 1
        rows.last[track] = self._frame
        rows.score[track] = score[found]
        rows.class_id[track] = class_id[found]

    def _born(self, boxes: FloatArray, score: FloatArray, class_id: IntArray) -> Rows:
        count, span = len(boxes), self.config.n + 1
        past, when, zeros = np.zeros((span, 4, count)), np.zeros((span, count), np.int64), np.zeros(count, np.int64)
        past[0] = boxes.T
        when[0] = self._frame
        return Rows(past, when, zeros + 1, np.zeros((4, count)), zeros, zeros + self._frame, score, class_id)

    def _report(self, owner: IntArray, row: IntArray, boxes: FloatArray, predicted: FloatArray) -> Tracks:
        rows, least = self._rows, self.config.min_hits if self._frame > self.config.min_hits else 0
        shown = ((rows.hits[owner] >= least) | (rows.track_id[owner] > 0)).nonzero()[0]
        owner, row, boxes = owner[shown], row[shown], boxes[shown]
        track_id, self._last_id = columns.ids_of(rows.track_id, owner, self._last_id)
        if self.coasting:
            unseen = (rows.track_id > 0) & (rows.last < self._frame) & (rows.last >= self._frame - self._max_age)
            coast = unseen.nonzero()[0]
            coast = coast[(predicted[coast, 2:] > predicted[coast, :2]).all(axis=1)]
            owner, row, boxes = columns.with_coasting(owner, row, boxes, coast, predicted[coast])
            track_id = rows.track_id[owner]
        return Tracks.trusted(boxes, rows.score[owner], rows.class_id[owner], track_id, row)

    def _forget(self) -> None:
        rows = self._rows
        oldest = np.where(rows.track_id > 0, self._frame - self._max_age, self._frame)
        alive = (rows.last >= oldest).nonzero()[0]
        if len(alive) < len(rows.last):
            self._rows = columns.keep(rows, alive)
