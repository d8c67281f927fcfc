"""ByteTrack: match high-score detections first, then let low-score ones keep tracks alive.

Zhang, Sun, Jiang, Yu, Weng, Yuan, Luo, Liu, Wang: ByteTrack: Multi-Object Tracking by Associating Every Detection Box,
ECCV 2022, https://arxiv.org/abs/2110.06864.

Deliberate differences from the authors' code:

* a matched track is reported with its detection's own box, not with the filtered one;
* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* boxes are continuous: IoU without the "+1 pixel" of the authors' cython_bbox, and boxes that do not touch never match;
* a lost track is forgotten when it has been missing for ``track_buffer`` frames. The authors' code marks it removed
  then, but leaves it among the lost for one more frame, in which it can still come back.

Kept although it surprises: tentative tracks (seen once) are matched at their last box, without prediction, and a lost
track's height stops changing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.assign import clip_then_solve
from sportstrack.boxes import xyah_to_xyxy, xyxy_to_xyah
from sportstrack.trackers import xyah
from sportstrack.trackers.checks import check_frame_rate, check_order, check_range, frames_at, tracker_text
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.duplicates import remove_duplicates
from sportstrack.trackers.rows import (
    BELOW_ONE,
    Found,
    IdCounter,
    after_gap,
    append,
    by_score,
    claim,
    coasting,
    forbid_other_classes,
    keep_alive,
    match,
    matched,
    read_found,
    record_matches,
    report,
    shown_by,
    without_owner,
)
from sportstrack.trackers.shapes import check_overlap, no_shapes, overlap
from sportstrack.types import BoolArray, FloatArray, IntArray, Tracks


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
        overlap: ``box``, or ``mask``: masks, too, say whose of several tracks a detection is.
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
    overlap: str = "box"
    std_weight_position: float = 1 / 20
    std_weight_velocity: float = 1 / 160
    std_aspect: float = 1e-2
    std_aspect_velocity: float = 1e-5
    std_aspect_measurement: float = 1e-1

    def __post_init__(self) -> None:
        check_overlap(self.overlap)
        for name in ("track_high_thresh", "track_low_thresh", "new_track_thresh", "duplicate_thresh"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("match_thresh", "second_match_thresh", "unconfirmed_match_thresh"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        check_range("track_buffer", self.track_buffer, 0, 1e9)
        check_order("track_low_thresh", self.track_low_thresh, "track_high_thresh", self.track_high_thresh)


@dataclass(slots=True)
class Rows:
    """One confirmed track per entry of the last axis."""

    state: FloatArray  # (5, 4, T) Kalman state in xyah
    shape: BoolArray  # (G, T) of the last detection's mask; G is 0 where boxes overlap
    track_id: IntArray  # (T,) 0 until first reported
    born: FloatArray  # (T,) step of the first detection
    last: FloatArray  # (T,) step of the last match; a track that was not matched in the frame before is lost
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class ByteTrack:
    """Multi-object tracking by associating every detection box.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales ``track_buffer``.
        coasting: also report lost tracks, with their predicted box and ``detection`` −1.
        strict: raise on an unusable detection instead of leaving it out and counting it in `dropped`.

    Attributes:
        ids: counts the tracks' ids; trackers that work side by side share one.
        dropped: unusable detections so far.
    """

    def __init__(
        self,
        config: ByteTrackConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.ids = IdCounter()
        self.config = config or ByteTrackConfig()
        self.coasting = coasting
        self.strict = strict
        c = self.config
        self._low = float(np.nextafter(c.track_low_thresh, 2.0))  # scores strictly above it, as in the authors' code
        self._first_var, self._process_noise, self._measurement_noise = xyah.noises(c)
        self._clock = StepClock()
        self.set_frame_rate(frame_rate)
        self.reset()

    def set_frame_rate(self, frame_rate: float) -> None:
        """Count times at another frame rate from now on; the tracks stay."""
        self.frame_rate = check_frame_rate(frame_rate)
        self._buffer = frames_at(self.frame_rate, self.config.track_buffer)

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
        self._rows = Rows(np.empty((5, 4, 0)), shape, none, number, number, number, none)
        self._tentative: Found | None = None  # the detections of the tracks seen once, in the frame before
        self._clock.cut()
        self._frame = 0

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks.
            camera: not used by ByteTrack.
            time: seconds on the source's clock, later than the last frame's; None: 1 / ``frame_rate`` after it.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if the time is no later than that of the frame before.
        """
        found = read_found(detections, self._low, self.strict, xyxy_to_xyah, overlap=self.config.overlap)
        self._clock.advance(time, self.frame_rate)
        self.dropped += found.dropped
        self._frame += 1
        config, rows = self.config, self._after_gap()
        high, low = by_score(found, config.track_high_thresh)

        # 1. Predict the tracks' boxes.
        xyah.predict(rows, self._process_noise, self._clock)
        shared = overlap(xyah_to_xyxy(rows.state[0]), rows.shape, found.boxes, found.shape)
        plain, fused = self._costs(shared, rows.class_id, found.score, found.class_id)

        # 2. First association: all tracks, lost ones too, with the high-score detections.
        left = match(found, fused, np.arange(len(rows.last)), high, config.match_thresh)

        # 3. Second association: the tracks that are left and not lost, with the low-score detections.
        if len(low):
            left = left[rows.last[left] == self._clock.before]
            match(found, plain, left, low, config.second_match_thresh)
        self._correct(found)

        # 4. Tracks seen once, in the frame before, with the high-score detections that are left.
        new = self._match_tentative(found, without_owner(found, high))

        # 5. Start tracks with what is left.
        self._start(found, new[found.score[new] >= config.new_track_thresh], plain)

        # 6. Report, and forget the tracks that are duplicates or have been missing for too long.
        rows = self._rows
        alive = rows.last >= self._clock.oldest(self._buffer)
        remove_duplicates(rows, alive, rows.state[0, :2], self._boxes_of, config, self._clock.now)
        tracks = self._report(found, alive)
        self._rows = keep_alive(rows, alive)
        return tracks

    def _after_gap(self) -> Rows:
        """Return the tracks that may be matched now; after a gap longer than its memory nobody is remembered."""
        if self._clock.long_gap and self._clock.step > self._buffer + 1:
            self._tentative = None
        self._rows = after_gap(self._rows, self._clock, self._buffer)
        return self._rows

    def _costs(
        self, shared: FloatArray, track_class: IntArray, score: FloatArray, class_id: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the (T, N) costs 1 − IoU and, where wanted, 1 − IoU · score; ``shared`` is used up."""
        plain = 1.0 - shared
        fused = np.subtract(1.0, shared * score, out=shared) if self.config.fuse_score else plain
        if self.config.per_class:
            for cost in (plain, fused):
                forbid_other_classes(cost, track_class, class_id)
        return plain, fused

    def _correct(self, found: Found) -> None:
        track, boxes = matched(found)
        xyah.correct(self._rows, self._measurement_noise, found, track, boxes)
        self._rows.shape[:, track] = found.shape.take(boxes, axis=1)
        record_matches(self._rows, found, track, boxes, self._clock.now)

    def _match_tentative(self, found: Found, free: IntArray) -> IntArray:
        """Match the tracks seen once, in the frame before, with the free detections; return those that are left.

        The matched tracks are confirmed. The others are forgotten, so their detections are all they need: most are
        false ones, which come and go, and never get a Kalman filter.
        """
        seen, self._tentative = self._tentative, None
        if seen is None or not len(free):
            return free
        shared = overlap(seen.boxes, seen.shape, found.boxes.take(free, axis=0), found.shape.take(free, axis=1))
        if not shared.any():
            return free
        _, cost = self._costs(shared, seen.class_id, found.score[free], found.class_id[free])
        t, b = clip_then_solve(cost, min(self.config.unconfirmed_match_thresh, BELOW_ONE))
        count, boxes = len(self._rows.last), free[b]
        claim(found, boxes, count)
        more = self._new_rows(found, boxes, seen.measurement.take(t, axis=1), self._clock.before)
        xyah.correct(more, self._measurement_noise, found, np.arange(len(t)), boxes)
        self._rows = append(self._rows, more)
        return without_owner(found, free)

    def _start(self, found: Found, new: IntArray, plain: FloatArray) -> None:
        """Start tentative tracks with some detections; in the first frame they are confirmed at once."""
        if self._frame == 1:
            claim(found, new, 0)
            self._rows = self._new_rows(found, new, found.measurement.take(new, axis=1), self._clock.now)
            return
        if len(new):  # of a lost track and its duplicate the younger goes, which would be this one
            last = self._rows.last[: len(plain)]
            lost = plain[(last < self._clock.now) & (last >= self._clock.oldest(self._buffer))]
            if len(lost):
                new = new[~(lost[:, new] < self.config.duplicate_thresh).any(axis=0)]
        if len(new):
            self._tentative = found.take(new)

    def _new_rows(self, found: Found, new: IntArray, measurement: FloatArray, born: float) -> Rows:
        zeros = np.zeros(len(new), np.int64)
        return Rows(
            state=xyah.start(measurement, self._first_var),
            shape=found.shape.take(new, axis=1),
            track_id=zeros,
            born=np.zeros(len(new)) + born,
            last=np.zeros(len(new)) + self._clock.now,
            score=found.score[new],
            class_id=found.class_id[new],
        )

    def _boxes_of(self, tracks: IntArray) -> FloatArray:
        return xyah_to_xyxy(self._rows.state[0].take(tracks, axis=1))

    def _report(self, found: Found, may_show: BoolArray) -> Tracks:
        rows, shown = self._rows, shown_by(found, may_show)
        if not self.coasting:
            return report(rows, found, shown, self.ids)
        places = xyah_to_xyxy(rows.state[0])
        return report(rows, found, shown, self.ids, coasting(rows, may_show, places, self._clock.now), places)
