"""Deep-EIoU: expanded boxes, a little larger in each round, and appearance instead of a motion model.

Huang, Yang, Sun, Kim, Kim, Lee, Huang, Hwang: Iterative Scale-Up ExpansionIoU and Deep Embeddings Association for
Multi-Object Tracking in Sports, WACV workshops 2024, https://arxiv.org/abs/2306.13074.

Deliberate differences from the authors' code:

* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* boxes are continuous: IoU without the "+1 pixel" of the authors' cython_bbox, and boxes whose margins do not touch
  never match;
* a lost track is forgotten when it has been missing for ``track_buffer`` frames, not one frame later;
* appearance counts in each round of the first matching, but is compared only once. Without embeddings the expanded
  overlap decides alone.

There is no motion model: a track stands where it was last seen, however long ago. Only high-score detections change a
track's appearance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.appearance import cosine, update_appearance, with_length
from sportstrack.boxes import grown
from sportstrack.trackers.checks import check_frame_rate, check_order, check_range, frames_at, tracker_text
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.duplicates import remove_duplicates
from sportstrack.trackers.fusion import check_fusion, fuse_touching
from sportstrack.trackers.rows import (
    NONE,
    Found,
    IdCounter,
    after_gap,
    append,
    by_score,
    claim,
    coasting,
    first_appearance,
    forbid_other_classes,
    keep_alive,
    lasting,
    match,
    matched,
    read_found,
    record_matches,
    report,
    shown_by,
    without_owner,
)
from sportstrack.trackers.shapes import check_overlap, no_shapes, overlap
from sportstrack.types import BoolArray, Embeddings, FloatArray, IntArray, Tracks


@dataclass(frozen=True)
class DeepEIoUConfig:
    """Deep-EIoU's settings, named as in the authors' code.

    The three score thresholds suit YOLO models as they come; the authors, with a detector trained for the benchmark,
    used 0.6 (high), 0.1 (low) and 0.7 (new). All else is theirs.

    Attributes:
        track_high_thresh: boxes from this score on take part in the first matching.
        track_low_thresh: boxes above this score, and under the high one, take part in the second.
        new_track_thresh: unmatched boxes from this score on start a track.
        track_buffer: frames (at 30 per second) that a lost track is remembered.
        match_thresh: highest cost of a match in the first stage.
        second_match_thresh: the same in the second stage (1 − expanded IoU).
        unconfirmed_match_thresh: the same for tracks seen only once.
        init_expand_scale: margin in the first round, as a share of a box's width and height, on each side.
        expand_scale_step: how much it grows from round to round.
        num_iteration: rounds of the first stage.
        second_expand_scale: margin in the second stage and for tracks seen only once.
        proximity_thresh: appearance counts up to this 1 − expanded IoU.
        appearance_thresh: appearance counts up to this half cosine distance (0 alike, 0.5 unrelated).
        appearance_momentum: share of a track's old appearance when a new one comes in.
        fusion: how appearance joins the overlap: ``minimum`` (the paper's), ``weighted`` or ``adaptive``
            (see `sportstrack.trackers.fusion.fuse`).
        alpha: weight of the overlap in ``weighted``.
        w_association_emb: weight of appearance in ``adaptive``, against 1 for the overlap.
        aw_param: how much ``adaptive`` adds to that where appearance singles a pair out.
        duplicate_thresh: of a tracked and a lost track closer than this (1 − IoU), the younger is removed.
        per_class: match boxes of the same class only.
        overlap: ``box``, or ``mask``: masks, too, say whose of several tracks a detection is.
    """

    track_high_thresh: float = 0.25
    track_low_thresh: float = 0.1
    new_track_thresh: float = 0.25
    track_buffer: int = 60
    match_thresh: float = 0.8
    second_match_thresh: float = 0.5
    unconfirmed_match_thresh: float = 0.7
    init_expand_scale: float = 0.7
    expand_scale_step: float = 0.1
    num_iteration: int = 2
    second_expand_scale: float = 0.5
    proximity_thresh: float = 0.5
    appearance_thresh: float = 0.25
    appearance_momentum: float = 0.9
    fusion: str = "minimum"
    alpha: float = 0.5
    w_association_emb: float = 0.75
    aw_param: float = 0.5
    duplicate_thresh: float = 0.15
    per_class: bool = False
    overlap: str = "box"

    def __post_init__(self) -> None:
        check_overlap(self.overlap)
        for name in ("track_high_thresh", "track_low_thresh", "new_track_thresh", "duplicate_thresh"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("match_thresh", "second_match_thresh", "unconfirmed_match_thresh"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("proximity_thresh", "appearance_thresh", "appearance_momentum"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("init_expand_scale", "expand_scale_step", "second_expand_scale"):
            check_range(name, getattr(self, name), 0.0, 10.0)
        check_range("num_iteration", self.num_iteration, 1, 100)
        check_range("track_buffer", self.track_buffer, 0, 1e9)
        check_fusion(self, ("minimum", "weighted", "adaptive"))
        check_order("track_low_thresh", self.track_low_thresh, "track_high_thresh", self.track_high_thresh)


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis."""

    box: FloatArray  # (4, T) corners of the last detection
    appearance: Embeddings  # (D, T) smoothed unit vectors, zero while unknown; D is 0 until embeddings come
    shape: BoolArray  # (G, T) of the last detection's mask; G is 0 where boxes overlap
    track_id: IntArray  # (T,) 0 until first reported
    born: FloatArray  # (T,) step of the first detection
    last: FloatArray  # (T,) step of the last match; a track that was not matched in the frame before is lost
    confirmed: BoolArray  # (T,) matched at least once after birth, or born in the first frame
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class DeepEIoU:
    """Iterative scale-up expansion IoU with deep features.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales ``track_buffer``.
        coasting: also report lost tracks, where they were last seen, with ``detection`` −1.
        strict: raise on an unusable detection instead of leaving it out and counting it in `dropped`.

    Attributes:
        ids: counts the tracks' ids; trackers that work side by side share one.
        dropped: unusable detections so far.
    """

    def __init__(
        self,
        config: DeepEIoUConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.ids = IdCounter()
        self.config = config or DeepEIoUConfig()
        self.coasting = coasting
        self.strict = strict
        c = self.config
        self._low = float(np.nextafter(c.track_low_thresh, 2.0))  # scores strictly above it, as in the authors' code
        self._margins = [c.init_expand_scale + i * c.expand_scale_step for i in range(c.num_iteration)]
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
        none, number, flags = np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_)
        box, unseen = np.empty((4, 0)), np.empty((0, 0), np.float32)
        shape = no_shapes(0, self.config.overlap)
        self._rows = Rows(box, unseen, shape, none, number, number, flags, number, none)
        self._clock.cut()
        self._frame = 0

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks. Their embeddings,
                where given, are used.
            camera: not used by Deep-EIoU.
            time: seconds on the source's clock, later than the last frame's; None: 1 / ``frame_rate`` after it.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if the time is no later than that of the frame before, or embeddings change their length.
        """
        length = len(self._rows.appearance)
        found = read_found(detections, self._low, self.strict, length=length, overlap=self.config.overlap)
        self._clock.advance(time, self.frame_rate)
        self.dropped += found.dropped
        self._frame += 1
        self._rows = after_gap(self._rows, self._clock, self._buffer)
        config, rows = self.config, self._rows
        high, low = by_score(found, config.track_high_thresh)
        confirmed, tentative = rows.confirmed.nonzero()[0], (~rows.confirmed).nonzero()[0]
        distance = self._compare(found)

        # 1. First association: confirmed tracks, lost ones too, with the high-score detections, round by round.
        left, free = confirmed, high
        for margin in self._margins:
            left = self._match(found, left, free, margin, config.match_thresh, distance)
            free = free[found.owner[free] < 0]

        # 2. Second association: the tracks that are left and not lost, with the low-score detections, by overlap alone.
        left, margin = left[rows.last[left] == self._clock.before], config.second_expand_scale
        self._match(found, left, low, margin, config.second_match_thresh)

        # 3. Tentative tracks, seen once, with the high-score detections that are left.
        self._match(found, tentative, free, margin, config.unconfirmed_match_thresh, distance)
        self._correct(found)

        # 4. Start tracks with what is left.
        new = without_owner(found, high)
        new = new[found.score[new] >= config.new_track_thresh]
        if len(new):
            claim(found, new, len(rows.last))
            self._rows = rows = append(rows, self._new_rows(found, new))

        # 5. Report, and forget the tracks that are duplicates or have been missing for too long.
        alive = lasting(rows.last, rows.confirmed, self._clock, self._buffer)
        remove_duplicates(rows, alive, (rows.box[:2] + rows.box[2:]) / 2, self._boxes_of, config, self._clock.now)
        known = alive & rows.confirmed
        lost = coasting(rows, known, rows.box.T, self._clock.now) if self.coasting else NONE
        tracks = report(rows, found, shown_by(found, known), self.ids, lost, rows.box.T)
        self._rows = keep_alive(rows, alive)
        return tracks

    def _compare(self, found: Found) -> FloatArray | None:
        """Return the (T, N) cosine distances of all tracks to all detections, None without embeddings."""
        if found.embedding is None:
            return None
        rows = self._rows
        rows.appearance = with_length(rows.appearance, len(rows.last), found.embedding.shape[1])
        return cosine(rows.appearance.T, found.embedding)

    def _match(
        self,
        found: Found,
        tracks: IntArray,
        boxes: IntArray,
        margin: float,
        limit: float,
        distance: FloatArray | None = None,
    ) -> IntArray:
        """Match some tracks to some detections, all with a margin; return the tracks that are left."""
        if not (len(tracks) and len(boxes)):
            return tracks
        rows = self._rows
        last, now = grown(rows.box.take(tracks, axis=1).T, margin), grown(found.boxes.take(boxes, axis=0), margin)
        shared = overlap(last, rows.shape.take(tracks, axis=1), now, found.shape.take(boxes, axis=1))
        cost = np.subtract(1.0, shared, out=shared)
        if distance is not None and found.embedding is not None:
            appearance, embedding = rows.appearance.take(tracks, axis=1).T, found.embedding.take(boxes, axis=0)
            cost = fuse_touching(self.config, cost, cost, distance[tracks[:, None], boxes], appearance, embedding)
        if self.config.per_class:
            forbid_other_classes(cost, rows.class_id[tracks], found.class_id[boxes])
        return match(found, cost, tracks, boxes, limit)

    def _correct(self, found: Found) -> None:
        rows, (track, boxes) = self._rows, matched(found)
        rows.box[:, track] = found.boxes.take(boxes, axis=0).T
        rows.shape[:, track] = found.shape.take(boxes, axis=1)
        record_matches(rows, found, track, boxes, self._clock.now)
        rows.confirmed[track] = True
        if found.embedding is not None:
            least = self.config.track_high_thresh
            high = found.score[boxes] >= least  # low-score detections do not change the appearance
            track, boxes = track[high], boxes[high]
            score, embedding = found.score[boxes], found.embedding.take(boxes, axis=0)
            update_appearance(self.config, rows.appearance, track, embedding, score, least)

    def _new_rows(self, found: Found, new: IntArray) -> Rows:
        zeros = np.zeros(len(new), np.int64)
        now = np.zeros(len(new)) + self._clock.now
        return Rows(
            box=found.boxes.take(new, axis=0).T,
            appearance=first_appearance(found, new, len(self._rows.appearance)),
            shape=found.shape.take(new, axis=1),
            track_id=zeros,
            born=now,
            last=now,
            confirmed=zeros + self._frame == 1,
            score=found.score[new],
            class_id=found.class_id[new],
        )

    def _boxes_of(self, tracks: IntArray) -> FloatArray:
        boxes: FloatArray = self._rows.box.take(tracks, axis=1).T
        return boxes
