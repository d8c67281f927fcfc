"""Deep-EIoU: expanded boxes, a little larger in each round, and looks instead of a motion model.

Huang, Yang, Sun, Kim, Kim, Lee, Huang, Hwang: Iterative Scale-Up ExpansionIoU and Deep Features Association for
Multi-Object Tracking in Sports, WACV workshops 2024, https://arxiv.org/abs/2306.13074.

Deliberate differences from the authors' code:

* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* boxes are continuous: IoU without the "+1 pixel" of the authors' cython_bbox, and boxes whose margins don't touch
  never match;
* a lost track is forgotten when it has been missing for ``track_buffer`` frames, not one frame later;
* looks are asked again in each round of the first matching, but compared only once. Without them it tracks by the
  expanded overlap alone.

There is no motion model: a track stands where it was last seen, however long ago. Only confident boxes change a track's
appearance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.appearance import Features, cosine, learn, read_looks, unit_rows, with_room
from sportstrack.boxes import iou
from sportstrack.trackers import columns
from sportstrack.trackers.fusion import check_fusion, fuse_touching
from sportstrack.types import BoolArray, FloatArray, IntArray, Tracks, as_detections


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
        fusion: how looks join the overlap: ``minimum`` (the paper's), ``weighted`` or ``adaptive``
            (see `sportstrack.trackers.fusion.fuse`).
        alpha: weight of the overlap in ``weighted``.
        w_association_emb: weight of looks in ``adaptive``, against 1 for the overlap.
        aw_param: how much ``adaptive`` adds to that where a look singles a pair out.
        duplicate_thresh: of a tracked and a lost track closer than this (1 − IoU), the younger is removed.
        per_class: match boxes of the same class only.
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

    def __post_init__(self) -> None:
        for name in ("track_high_thresh", "track_low_thresh", "new_track_thresh", "duplicate_thresh"):
            columns.check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("match_thresh", "second_match_thresh", "unconfirmed_match_thresh"):
            columns.check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("proximity_thresh", "appearance_thresh", "appearance_momentum"):
            columns.check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("init_expand_scale", "expand_scale_step", "second_expand_scale"):
            columns.check_range(name, getattr(self, name), 0.0, 10.0)
        columns.check_range("num_iteration", self.num_iteration, 1, 100)
        columns.check_range("track_buffer", self.track_buffer, 0, 1e9)
        check_fusion(self, ("minimum", "weighted", "adaptive"))
        columns.check_order("track_low_thresh", self.track_low_thresh, "track_high_thresh", self.track_high_thresh)


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis."""

    box: FloatArray  # (4, T) corners of the last detection
    feature: Features  # (D, T) smoothed unit appearance, zero while unknown; D is 0 until embeddings come
    track_id: IntArray  # (T,) 0 until first reported
    born: IntArray  # (T,) frame of the first detection
    last: IntArray  # (T,) frame of the last match; a track that was not matched in the frame before is lost
    confirmed: BoolArray  # (T,) matched at least once after birth, or born in the first frame
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


@dataclass(slots=True)
class Found:
    """The usable detections of one frame."""

    boxes: FloatArray  # (N, 4) corners
    score: FloatArray  # (N,)
    class_id: IntArray  # (N,)
    feature: Features | None  # (N, D) unit appearance
    look: FloatArray | None  # (T, N) cosine distances to the tracks
    owner: IntArray  # (N,) the track that took it, or −1


class DeepEIoU:
    """Iterative scale-up expansion IoU with deep features.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales ``track_buffer``.
        coasting: also report lost tracks, where they were last seen, with ``detection`` −1.
        strict: raise on an unusable box instead of leaving it out and counting it in `dropped`.
    """

    def __init__(
        self,
        config: DeepEIoUConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.config = config or DeepEIoUConfig()
        self.frame_rate = columns.check_frame_rate(frame_rate)
        self.coasting = coasting
        self.strict = strict
        c = self.config
        self._buffer = columns.frames_at(self.frame_rate, c.track_buffer)
        self._low = float(np.nextafter(c.track_low_thresh, 2.0))  # scores strictly above it, as in the authors' code
        self._margins = [c.init_expand_scale + i * c.expand_scale_step for i in range(c.num_iteration)]
        self._reach = columns.reach_of_duplicates(c.duplicate_thresh)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._last_id = 0
        self.dropped = 0
        self.cut()

    def cut(self) -> None:
        """Forget all tracks, because the next frame belongs to another shot; ids go on counting."""
        none, unseen = np.empty(0, np.int64), np.empty((0, 0), np.float32)
        self._rows = Rows(np.empty((4, 0)), unseen, none, none, none, np.empty(0, np.bool_), np.empty(0), none)
        self._frame = 0

    def update(self, detections: Any, camera: FloatArray | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks. Their embeddings,
                where given, are used.
            camera: not used by Deep-EIoU.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if embeddings change their length.
        """
        detections = as_detections(detections)
        looks = read_looks(detections.embedding, len(self._rows.feature))
        boxes, score, class_id, row, dropped = columns.read(detections, self._low, self.strict)
        feature = None if looks is None else unit_rows(looks[row])
        self.dropped += dropped
        self._frame += 1
        found = Found(boxes, score, class_id, feature, self._compare(feature), columns.nobody(len(boxes)))

        rows = self._rows
        high = self._associate(found)
        seen = (found.owner >= 0).nonzero()[0]
        rows.box[:, found.owner[seen]] = boxes[seen].T
        columns.remember(rows, seen, found.owner[seen], score, class_id)
        if feature is not None:
            taught = high[found.owner[high] >= 0]  # weak boxes teach no look
            track, least = found.owner[taught], self.config.track_high_thresh
            learn(self.config, rows.feature, track, feature[taught], score[taught], least)
        new = high[(found.owner[high] < 0) & (score[high] >= self.config.new_track_thresh)]
        if len(new):
            found.owner[new] = np.arange(len(rows.last), len(rows.last) + len(new))
            self._rows = rows = columns.append(rows, self._born(found, new))
        alive = columns.lasting(rows, self._frame, self._buffer)
        self._remove_duplicates(alive)
        places = rows.box.T if self.coasting else None
        tracks, self._last_id = columns.report(
            rows, found.owner, row, boxes, alive & rows.confirmed, self._last_id, places
        )
        index = alive.nonzero()[0]
        if len(index) < len(alive):
            self._rows = columns.keep(rows, index)
        return tracks

    def _compare(self, feature: Features | None) -> FloatArray | None:
        """Return the (T, N) cosine distances of all tracks to all boxes."""
        if feature is None:
            return None
        rows = self._rows
        rows.feature = with_room(rows.feature, len(rows.last), feature.shape[1])
        return cosine(rows.feature.T, feature)

    def _associate(self, found: Found) -> IntArray:
        """Match in three stages; write the boxes' owners and return the confident boxes."""
        config, rows, before = self.config, self._rows, self._frame - 1
        confident = found.score >= config.track_high_thresh
        high, low = confident.nonzero()[0], (~confident).nonzero()[0]
        pool, tentative = rows.confirmed.nonzero()[0], (~rows.confirmed).nonzero()[0]
        free = high
        for margin in self._margins:
            self._match(found, pool, free, margin, config.match_thresh)
            pool, free = pool[rows.last[pool] <= before], free[found.owner[free] < 0]
        left = pool[rows.last[pool] == before]  # lost tracks come back by confident boxes alone
        self._match(found, left, low, config.second_expand_scale, config.second_match_thresh, looking=False)
        self._match(found, tentative, free, config.second_expand_scale, config.unconfirmed_match_thresh)
        return high

    def _match(
        self, found: Found, tracks: IntArray, boxes: IntArray, margin: float, limit: float, looking: bool = True
    ) -> None:
        """Match some tracks to some boxes, all with a margin; write the boxes' owners and the tracks' frame."""
        if not (len(tracks) and len(boxes)):
            return
        rows, owner = self._rows, columns.nobody(len(boxes))
        overlap = iou(columns.grown(rows.box.take(tracks, axis=1).T, margin), columns.grown(found.boxes[boxes], margin))
        cost = np.subtract(1.0, overlap, out=overlap)
        if looking and found.feature is not None and found.look is not None:
            mine, theirs = rows.feature[:, tracks].T, found.feature[boxes]
            cost = fuse_touching(self.config, cost, cost, found.look[tracks[:, None], boxes], mine, theirs)
        if self.config.per_class:
            columns.forbid_other_classes(cost, rows.class_id[tracks], found.class_id[boxes])
        t, b = np.arange(len(tracks)), np.arange(len(boxes))
        rows.last[tracks[columns.match(cost, t, b, limit, owner)]] = self._frame
        taken = (owner >= 0).nonzero()[0]
        found.owner[boxes[taken]] = tracks[owner[taken]]

    def _born(self, found: Found, new: IntArray) -> Rows:
        zeros = np.zeros(len(new), np.int64)
        now = zeros + self._frame
        feature = np.zeros((len(self._rows.feature), len(new)), np.float32)
        if found.feature is not None:
            feature = found.feature[new].T
        return Rows(found.boxes[new].T, feature, zeros, now, now, now == 1, found.score[new], found.class_id[new])

    def _remove_duplicates(self, alive: BoolArray) -> None:
        rows = self._rows
        lost = (alive & (rows.last < self._frame)).nonzero()[0]
        if not len(lost):
            return
        longer = (rows.box[2:] - rows.box[:2]).take(lost, axis=1).max(axis=0)
        if columns.any_near((rows.box[:2] + rows.box[2:]) / 2, lost, longer * self._reach):
            columns.remove_duplicates(rows, rows.box.T, lost, alive, self.config, self._frame)
