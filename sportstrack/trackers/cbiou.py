"""C-BIoU: boxes with a margin around them, matched with a small margin first and a large one second.

Yang, Odashima, Masui, Jiang: Hard To Track Objects with Irregular Motions and Similar Appearances? Make It Easier by
Buffering the Matching Space, WACV 2023, https://arxiv.org/abs/2211.14317.

The buffered overlap, the cascade and the motion are the paper's. Chosen here, in the manner of the package's other
trackers:

* a pair that overlaps too little costs the limit, so that leaving a track alone competes with a bad match;
* a track is reported from its ``min_hits``-th detection on, in the first ``min_hits`` frames at once; one that is
  missed before it was ever reported is forgotten;
* the mean displacement runs from the oldest to the newest of the last detections, per step, gaps included;
* a prediction that has shrunk to less than half of the last box keeps that box's width or height;
* ids are given when a track is first reported; ``max_age`` means frames at 30 per second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.boxes import grown
from sportstrack.trackers.checks import check_frame_rate, check_range, frames_at, tracker_text
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.rows import (
    NONE,
    Found,
    IdCounter,
    after_gap,
    append,
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
)
from sportstrack.trackers.shapes import check_overlap, overlap
from sportstrack.types import BoolArray, Detections, FloatArray, IntArray, Tracks


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
        overlap: ``box``, or ``mask``: masks, too, say whose of several tracks a detection is.
    """

    b1: float = 0.3
    b2: float = 0.5
    n: int = 5
    iou_threshold: float = 0.2
    det_thresh: float = 0.25
    max_age: int = 30
    min_hits: int = 2
    per_class: bool = False
    overlap: str = "box"

    def __post_init__(self) -> None:
        check_overlap(self.overlap)
        for name in ("b1", "b2"):
            check_range(name, getattr(self, name), 0.0, 10.0)
        check_range("n", self.n, 1, 1000)
        check_range("iou_threshold", self.iou_threshold, 0.0, 1.0)
        check_range("det_thresh", self.det_thresh, 0.0, 1.0)
        check_range("max_age", self.max_age, 0, 1e9)
        check_range("min_hits", self.min_hits, 0, 1e9)


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis; n is the setting."""

    past: FloatArray  # (n + 1, 4, T) corners of the last detections, the k-th one in place k modulo n + 1
    when: FloatArray  # (n + 1, T) their steps
    hits: IntArray  # (T,) detections so far
    velocity: FloatArray  # (4, T) mean displacement of the corners per step
    shape: BoolArray  # (G, T) of the last detection's mask; G is 0 where boxes overlap
    track_id: IntArray  # (T,) 0 until first reported
    last: FloatArray  # (T,) step of the last detection
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class CBIoU:
    """Cascaded buffered IoU.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales ``max_age``.
        coasting: also report tracks that were not seen, with their predicted box and ``detection`` −1.
        strict: raise on an unusable detection instead of leaving it out and counting it in `dropped`.

    Attributes:
        ids: counts the tracks' ids; trackers that work side by side share one.
        dropped: unusable detections so far.
    """

    def __init__(
        self,
        config: CBIoUConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.ids = IdCounter()
        self.config = config or CBIoUConfig()
        self.coasting = coasting
        self.strict = strict
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
        self._clock.cut()
        self._frame = 0
        nothing = read_found(Detections.empty(), 0.0, strict=False, overlap=self.config.overlap)
        self._rows = self._new_rows(nothing, NONE)

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks.
            camera: not used by C-BIoU.
            time: seconds on the source's clock, later than the last frame's; None: 1 / ``frame_rate`` after it.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if the time is no later than that of the frame before.
        """
        c = self.config
        found = read_found(detections, c.det_thresh, self.strict, overlap=c.overlap)
        self._clock.advance(time, self.frame_rate)
        self.dropped += found.dropped
        self._frame += 1
        config, rows = self.config, after_gap(self._rows, self._clock, self._max_age)
        self._rows = rows

        # 1. Predict the tracks' boxes.
        predicted = self._predict()

        # 2. First matching, with the small margin.
        left = self._match(found, predicted, np.arange(len(predicted)), config.b1)

        # 3. Second matching of what is left, with the large margin.
        self._match(found, predicted, left, config.b2)
        self._correct(found)

        # 4. Start a track with each detection that is left.
        new = (found.owner < 0).nonzero()[0]
        if len(new):
            claim(found, new, len(rows.last))
            self._rows = append(rows, self._new_rows(found, new))

        # 5. Report, and forget the tracks that have been missing for too long.
        tracks = self._report(found, predicted)
        rows = self._rows
        oldest = np.where(rows.track_id > 0, self._clock.oldest(self._max_age), self._clock.now)
        self._rows = keep_alive(rows, rows.last >= oldest)
        return tracks

    def _predict(self) -> FloatArray:
        """Return (T, 4) boxes moved on by their mean displacement."""
        rows = self._rows
        box = rows.past[(rows.hits - 1) % len(rows.past), :, np.arange(len(rows.hits))].T
        drift = rows.velocity * (self._clock.now - rows.last)
        size, growth = box[2:] - box[:2], drift[2:] - drift[:2]
        shrunk = growth < -0.5 * size
        if shrunk.any():
            middle = (drift[:2] + drift[2:]) / 2
            drift = np.where(np.concatenate((shrunk, shrunk)), np.concatenate((middle, middle)), drift)
        moved: FloatArray = (box + drift).T
        return moved

    def _match(self, found: Found, predicted: FloatArray, tracks: IntArray, margin: float) -> IntArray:
        """Match some tracks with the free detections by overlap with a margin; return the tracks that are left."""
        free = (found.owner < 0).nonzero()[0]
        if not (len(tracks) and len(free)):
            return tracks
        places, boxes = grown(predicted.take(tracks, axis=0), margin), grown(found.boxes.take(free, axis=0), margin)
        shared = overlap(places, self._rows.shape.take(tracks, axis=1), boxes, found.shape.take(free, axis=1))
        cost = np.subtract(1.0, shared, out=shared)
        if self.config.per_class:
            forbid_other_classes(cost, self._rows.class_id[tracks], found.class_id[free])
        return match(found, cost, tracks, free, 1.0 - self.config.iou_threshold)

    def _correct(self, found: Found) -> None:
        rows, (track, boxes) = self._rows, matched(found)
        hits, corners, span = rows.hits[track], found.boxes.take(boxes, axis=0), len(rows.past)
        rows.past[hits % span, :, track] = corners
        rows.when[hits % span, track] = self._clock.now
        oldest = np.maximum(hits - (span - 1), 0) % span
        move = corners - rows.past[oldest, :, track]
        rows.velocity[:, track] = (move / (self._clock.now - rows.when[oldest, track])[:, None]).T
        rows.hits[track] = hits + 1
        rows.shape[:, track] = found.shape.take(boxes, axis=1)
        record_matches(rows, found, track, boxes, self._clock.now)

    def _new_rows(self, found: Found, new: IntArray) -> Rows:
        count, span = len(new), self.config.n + 1
        past, when, zeros = np.zeros((span, 4, count)), np.zeros((span, count)), np.zeros(count, np.int64)
        past[0] = found.boxes.take(new, axis=0).T
        when[0] = self._clock.now
        return Rows(
            past=past,
            when=when,
            hits=zeros + 1,
            velocity=np.zeros((4, count)),
            shape=found.shape.take(new, axis=1),
            track_id=zeros,
            last=np.zeros(len(new)) + self._clock.now,
            score=found.score[new],
            class_id=found.class_id[new],
        )

    def _report(self, found: Found, predicted: FloatArray) -> Tracks:
        rows, config = self._rows, self.config
        least = config.min_hits if self._frame > config.min_hits else 0
        shown = shown_by(found, (rows.hits >= least) | (rows.track_id > 0))
        lost = NONE
        if self.coasting:
            lost = coasting(rows, rows.last >= self._clock.oldest(self._max_age), predicted, self._clock.now)
        return report(rows, found, shown, self.ids, lost, predicted)
