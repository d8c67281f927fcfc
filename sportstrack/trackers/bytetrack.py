"""ByteTrack: match confident boxes first, then let the weak ones keep tracks alive.

Zhang, Sun, Jiang, Yu, Weng, Yuan, Luo, Liu, Wang: ByteTrack: Multi-Object Tracking by Associating Every Detection Box,
ECCV 2022, https://arxiv.org/abs/2110.06864.

Deliberate differences from the authors' code:

* a matched track is reported with its detection's own box, not with the filtered one;
* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* boxes are continuous: IoU without the "+1 pixel" of the authors' cython_bbox, and boxes that don't touch never match;
* a lost track is forgotten when it has been missing for ``track_buffer`` frames. The authors' code marks it removed
  then, but leaves it among the lost for one more frame, in which it can still come back.

Kept although it surprises: tentative tracks (seen once) are matched at their last box, without prediction, and a lost
track's height stops changing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack import kalman
from sportstrack.assign import clip_then_solve
from sportstrack.boxes import iou, xyah_to_xyxy, xyxy_to_xyah
from sportstrack.trackers import columns
from sportstrack.types import BoolArray, FloatArray, IntArray, Tracks, as_detections


@dataclass(frozen=True)
class ByteTrackConfig:
    """ByteTrack's settings, named as in the authors' code and its descendants.

    The three score thresholds suit YOLO models as they come, whose scores on distant players are low; the authors, with
    a detector trained for the benchmark, used 0.5 (high), 0.1 (low) and 0.6 (new). All else is theirs.

    Attributes:
        track_high_thresh: boxes from this score on take part in the first matching.
        track_low_thresh: boxes above this score, and under the high one, take part in the second.
        new_track_thresh: unmatched boxes from this score on start a track.
        track_buffer: frames (at 30 per second) that a lost track is remembered.
        match_thresh: highest cost of a match in the first stage.
        second_match_thresh: the same in the second stage (1 − IoU).
        unconfirmed_match_thresh: the same for tracks seen only once.
        fuse_score: first-stage cost is 1 − IoU · score instead of 1 − IoU.
        duplicate_thresh: of a tracked and a lost track closer than this (1 − IoU), the younger is removed.
        per_class: match boxes of the same class only.
        std_weight_position: position noise as a share of the box height.
        std_weight_velocity: velocity noise as a share of the box height per frame.
        std_aspect: noise of the aspect ratio per frame.
        std_aspect_velocity: noise of the aspect ratio's velocity per frame.
        std_aspect_measurement: noise of a measured aspect ratio.
    """

    track_high_thresh: float = 0.25
    track_low_thresh: float = 0.1
    new_track_thresh: float = 0.25
    track_buffer: int = 30
    match_thresh: float = 0.8
    second_match_thresh: float = 0.5
    unconfirmed_match_thresh: float = 0.7
    fuse_score: bool = True
    duplicate_thresh: float = 0.15
    per_class: bool = False
    std_weight_position: float = 1 / 20
    std_weight_velocity: float = 1 / 160
    std_aspect: float = 1e-2
    std_aspect_velocity: float = 1e-5
    std_aspect_measurement: float = 1e-1

    def __post_init__(self) -> None:
        for name in ("track_high_thresh", "track_low_thresh", "new_track_thresh", "duplicate_thresh"):
            columns.check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("match_thresh", "second_match_thresh", "unconfirmed_match_thresh"):
            columns.check_range(name, getattr(self, name), 0.0, 1.0)
        columns.check_range("track_buffer", self.track_buffer, 0, 1e9)
        columns.check_order("track_low_thresh", self.track_low_thresh, "track_high_thresh", self.track_high_thresh)


@dataclass(slots=True)
class Rows:
    """One confirmed track per entry of the last axis."""

    state: FloatArray  # (5, 4, T) Kalman state in xyah
    track_id: IntArray  # (T,) 0 until first reported
    born: IntArray  # (T,) frame of the first detection
    last: IntArray  # (T,) frame of the last match; a track that was not matched in the frame before is lost
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


@dataclass(frozen=True, slots=True)
class Tentative:
    """Tracks seen once, in the frame before: matched in this one or forgotten, so a box is all they need."""

    boxes: FloatArray  # (K, 4) corners
    class_id: IntArray  # (K,)


NO_TENTATIVE = Tentative(np.empty((0, 4)), columns.NONE)


class ByteTrack:
    """Multi-object tracking by associating every detection box.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales ``track_buffer``.
        coasting: also report lost tracks, with their predicted box and ``detection`` −1.
        strict: raise on an unusable box instead of leaving it out and counting it in `dropped`.
    """

    def __init__(
        self,
        config: ByteTrackConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.config = config or ByteTrackConfig()
        self.frame_rate = columns.check_frame_rate(frame_rate)
        self.coasting = coasting
        self.strict = strict
        self._buffer = columns.frames_at(self.frame_rate, self.config.track_buffer)
        c = self.config
        self._low = float(np.nextafter(c.track_low_thresh, 2.0))  # scores strictly above it, as in the authors' code
        self._first_var, self._process_noise, self._measurement_noise = columns.xyah_noises(c)
        self._reach = columns.reach_of_duplicates(c.duplicate_thresh)
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
        self._tentative = NO_TENTATIVE
        self._frame = 0

    def update(self, detections: Any, camera: FloatArray | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks.
            camera: not used by ByteTrack.

        Returns:
            The reported tracks, ordered by detection row.
        """
        detections = as_detections(detections)
        boxes, score, class_id, row, dropped = columns.read(detections, self._low, self.strict)
        self.dropped += dropped
        self._frame += 1
        config, confident = self.config, score >= self.config.track_high_thresh
        high, low = confident.nonzero()[0], (~confident).nonzero()[0]

        rows = self._rows
        columns.move_xyah(rows, self._process_noise, self._frame)
        plain, fused = self._costs(boxes, score, class_id)
        owner = columns.nobody(len(boxes))  # each box's track
        pool = np.arange(len(rows.last))
        rows.last[columns.match(fused, pool, high, config.match_thresh, owner)] = self._frame
        if len(low):
            left = (rows.last == self._frame - 1).nonzero()[0]  # lost tracks come back by confident boxes alone
            rows.last[columns.match(plain, left, low, config.second_match_thresh, owner)] = self._frame

        found = (owner >= 0).nonzero()[0]
        track = owner[found]
        columns.correct_xyah(rows, self._measurement_noise, track, boxes[found])
        rows.score[track], rows.class_id[track] = score[found], class_id[found]
        lost = ((rows.last < self._frame) & (rows.last >= self._frame - self._buffer)).nonzero()[0]
        before, self._tentative = self._tentative, NO_TENTATIVE
        new = high[owner[high] < 0]
        if len(new):
            new = self._confirm(before, new, owner, boxes, score, class_id)
            self._start(new[score[new] >= config.new_track_thresh], owner, boxes, score, class_id, plain[lost])
        rows = self._rows
        alive = rows.last >= self._frame - self._buffer
        columns.remove_duplicates_xyah(rows, alive, lost, config, self._frame, self._reach)
        places = xyah_to_xyxy(rows.state[0]) if self.coasting else None
        tracks, self._last_id = columns.report(rows, owner, row, boxes, alive, self._last_id, places)
        self._forget(alive)
        return tracks

    def _costs(self, boxes: FloatArray, score: FloatArray, class_id: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the (T, N) costs 1 − IoU and, where wanted, 1 − IoU · score."""
        return self._as_costs(iou(xyah_to_xyxy(self._rows.state[0]), boxes), score, self._rows.class_id, class_id)

    def _as_costs(
        self, overlap: FloatArray, score: FloatArray, track_class: IntArray, class_id: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        plain = 1.0 - overlap
        fused = np.subtract(1.0, overlap * score, out=overlap) if self.config.fuse_score else plain
        if self.config.per_class:
            for cost in (plain, fused):
                columns.forbid_other_classes(cost, track_class, class_id)
        return plain, fused

    def _confirm(
        self,
        before: Tentative,
        new: IntArray,
        owner: IntArray,
        boxes: FloatArray,
        score: FloatArray,
        class_id: IntArray,
    ) -> IntArray:
        """Match the boxes that nobody took to the tracks seen once; return those that are left."""
        if not len(before.boxes):
            return new
        overlap = iou(before.boxes, boxes[new])
        if not overlap.any():  # mostly so: false detections come and go
            return new
        _, fused = self._as_costs(overlap, score[new], before.class_id, class_id[new])
        t, b = clip_then_solve(fused, min(self.config.unconfirmed_match_thresh, columns.BELOW_ONE))
        again = new[b]
        owner[again] = np.arange(len(self._rows.last), len(self._rows.last) + len(t))
        born = self._born(before.boxes[t], score[again], class_id[again], self._frame - 1)
        noise = columns.scaled(self._measurement_noise, born.state[0, 3])
        born.state = kalman.update(born.state, xyxy_to_xyah(boxes[again]), noise)
        self._rows = columns.append(self._rows, born)
        return new[owner[new] < 0]

    def _start(
        self,
        new: IntArray,
        owner: IntArray,
        boxes: FloatArray,
        score: FloatArray,
        class_id: IntArray,
        plain: FloatArray,
    ) -> None:
        """Start tracks with the boxes that are left; ``plain`` is the (L, N) cost of the lost tracks."""
        if self._frame == 1:
            owner[new] = np.arange(len(new))
            self._rows = self._born(boxes[new], score[new], class_id[new], 1)
        elif len(new):
            if len(plain):  # of a lost track and its duplicate the younger goes, which is this one
                new = new[~(plain[:, new] < self.config.duplicate_thresh).any(axis=0)]
            self._tentative = Tentative(boxes[new], class_id[new])

    def _born(self, boxes: FloatArray, score: FloatArray, class_id: IntArray, frame: int) -> Rows:
        measurement = xyxy_to_xyah(boxes)
        state = kalman.initiate(measurement, columns.scaled(self._first_var, measurement[3]))
        zeros = np.zeros(len(score), np.int64)
        return Rows(state, zeros, zeros + frame, zeros + self._frame, score, class_id)

    def _forget(self, alive: BoolArray) -> None:
        if not alive.all():
            self._rows = columns.keep(self._rows, alive.nonzero()[0])
