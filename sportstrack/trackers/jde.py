"""JDE: the association of one-shot trackers, whose detector makes embeddings along with boxes: appearance first.

Zhang, Wang, Wang, Zeng, Liu: FairMOT: On the Fairness of Detection and Re-Identification in Multiple Object Tracking,
IJCV 2021, https://arxiv.org/abs/2004.01888, after Wang, Zheng, Liu, Li, Wang: Towards Real-Time Multi-Object Tracking
(JDE), ECCV 2020, https://arxiv.org/abs/1909.12605.

Deliberate differences from the authors' code:

* a matched track is reported with its detection's own box, not with the filtered one;
* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* boxes are continuous: IoU without the "+1 pixel" of the authors' cython_bbox, and boxes that do not touch never match;
* a score equal to ``det_thresh`` counts as enough;
* a lost track is forgotten when it has been missing for ``track_buffer`` frames, not one frame later;
* where a frame brings no embeddings, or a pair's appearance is unknown, the first stage goes by overlap, within the
  Kalman filter's gate. (By the filter's distance, the nearer of two crossing players changes with every step: three
  times the identity switches.)

Kept although it surprises: tentative tracks (seen once) are matched at their last box, without prediction, and a lost
track's height stops changing. The first stage's cost adds a cosine distance to a squared Mahalanobis distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.appearance import cosine, has_embedding, update_appearance, with_length
from sportstrack.boxes import xyah_to_xyxy, xyxy_to_xyah
from sportstrack.kalman import mahalanobis
from sportstrack.trackers import xyah
from sportstrack.trackers.checks import check_frame_rate, check_range, frames_at, tracker_text
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.duplicates import remove_duplicates
from sportstrack.trackers.fusion import check_fusion, fuse, fused_limit
from sportstrack.trackers.rows import (
    Found,
    IdCounter,
    after_gap,
    append,
    claim,
    coasting,
    first_appearance,
    keep_alive,
    lasting,
    match,
    matched,
    read_found,
    record_matches,
    report,
    shown_by,
)
from sportstrack.trackers.shapes import check_overlap, no_shapes, overlap
from sportstrack.types import BoolArray, Embeddings, FloatArray, IntArray, Tracks

_NEVER = 1e5  # cost of a pair outside the gate, above every limit
_GATE = 9.4877  # 95 % of the squared Mahalanobis distances of 4 coordinates are smaller


@dataclass(frozen=True)
class JDEConfig:
    """JDE's settings, named as in FairMOT's code where that names them.

    ``det_thresh`` suits YOLO models as they come; the authors used 0.4 (0.3 on MOT20). All else is theirs.

    Attributes:
        det_thresh: boxes with a lower score are ignored.
        track_buffer: frames (at 30 per second) that a lost track is remembered.
        match_thresh: highest cost of a match by appearance, in the first stage.
        lambda_: weight of appearance in it; the rest is the squared Mahalanobis distance's.
        second_match_thresh: highest cost (1 − IoU) of a match in the second stage.
        unconfirmed_match_thresh: the same for tracks seen only once.
        appearance_momentum: share of a track's old appearance when a new embedding comes in.
        fusion: how appearance joins motion in the first stage: ``gated`` (the paper's), or ``weighted`` or ``adaptive``
            with the overlap (see `sportstrack.trackers.fusion.fuse`). The last two let a pair match up to the cost of
            one that is just within ``match_thresh`` and ``second_match_thresh``; behind motion's gate nothing matches.
        alpha: weight of motion in ``weighted``.
        w_association_emb: weight of appearance in ``adaptive``, against 1 for motion.
        aw_param: how much ``adaptive`` adds to that where appearance singles a pair out.
        duplicate_thresh: of a tracked and a lost track closer than this (1 − IoU), the younger is removed.
        per_class: match boxes of the same class only.
        overlap: ``box``, or ``mask``: masks, too, say whose of several tracks a detection is.
        std_weight_position: position noise as a share of the box height.
        std_weight_velocity: velocity noise as a share of the box height per frame.
        std_aspect: noise of the aspect ratio per frame.
        std_aspect_velocity: noise of the aspect ratio's velocity per frame.
        std_aspect_measurement: noise of a measured aspect ratio.
    """

    det_thresh: float = 0.25
    track_buffer: int = 30
    match_thresh: float = 0.4
    lambda_: float = 0.98
    second_match_thresh: float = 0.5
    unconfirmed_match_thresh: float = 0.7
    appearance_momentum: float = 0.9
    fusion: str = "gated"
    alpha: float = 0.5
    w_association_emb: float = 0.75
    aw_param: float = 0.5
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
        for name in ("det_thresh", "match_thresh", "lambda_", "second_match_thresh", "unconfirmed_match_thresh"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("appearance_momentum", "duplicate_thresh"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        check_range("track_buffer", self.track_buffer, 0, 1e9)
        check_fusion(self, ("gated", "weighted", "adaptive"))


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis."""

    state: FloatArray  # (5, 4, T) Kalman state in xyah
    appearance: Embeddings  # (D, T) smoothed unit vectors, zero while unknown; D is 0 until embeddings come
    shape: BoolArray  # (G, T) of the last detection's mask; G is 0 where boxes overlap
    track_id: IntArray  # (T,) 0 until first reported
    born: FloatArray  # (T,) step of the first detection
    last: FloatArray  # (T,) step of the last match; a track that was not matched in the frame before is lost
    confirmed: BoolArray  # (T,) matched at least once after birth, or born in the first frame
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class JDE:
    """Joint detection and embedding: appearance first, then overlap.

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
        config: JDEConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.ids = IdCounter()
        self.config = config or JDEConfig()
        self.coasting = coasting
        self.strict = strict
        self._first_var, self._process_noise, self._measurement_noise = xyah.noises(self.config)
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
        state, unseen = np.empty((5, 4, 0)), np.empty((0, 0), np.float32)
        shape = no_shapes(0, self.config.overlap)
        self._rows = Rows(state, unseen, shape, none, number, number, flags, number, none)
        self._clock.cut()
        self._frame = 0

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections`` with embeddings; an empty table ages the tracks.
            camera: not used by JDE.
            time: seconds on the source's clock, later than the last frame's; None: 1 / ``frame_rate`` after it.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if the time is no later than that of the frame before, or embeddings change their length.
        """
        c, length = self.config, len(self._rows.appearance)
        found = read_found(detections, c.det_thresh, self.strict, xyxy_to_xyah, length, overlap=c.overlap)
        self._clock.advance(time, self.frame_rate)
        self.dropped += found.dropped
        self._frame += 1
        self._rows = after_gap(self._rows, self._clock, self._buffer)
        config, rows = self.config, self._rows

        # 1. Predict the boxes of the confirmed tracks.
        xyah.predict_confirmed(rows, rows.confirmed, self._process_noise, self._clock)

        # 2. to 4. Match the tracks with the detections.
        if len(rows.last) and len(found):
            self._associate(found)
        self._correct(found)

        # 5. Start a track with each detection that is left.
        new = (found.owner < 0).nonzero()[0]
        if len(new):
            claim(found, new, len(rows.last))
            self._rows = rows = append(rows, self._new_rows(found, new))

        # 6. Report, and forget the tracks that are duplicates or have been missing for too long.
        alive = lasting(rows.last, rows.confirmed, self._clock, self._buffer)
        remove_duplicates(rows, alive, rows.state[0, :2], self._boxes_of, config, self._clock.now)
        known = alive & rows.confirmed
        tracks = self._report(found, known)
        self._rows = keep_alive(rows, alive)
        return tracks

    def _associate(self, found: Found) -> None:
        config, rows = self.config, self._rows
        overlap_cost = 1.0 - overlap(xyah_to_xyxy(rows.state[0]), rows.shape, found.boxes, found.shape)
        other_class = rows.class_id[:, None] != found.class_id if config.per_class else None
        cost, limit = self._appearance_cost(found, overlap_cost, other_class)
        if other_class is not None:
            overlap_cost[other_class] = 1.0

        # 2. Confirmed tracks, lost ones too, by appearance, within motion's gate.
        confirmed, tentative = rows.confirmed.nonzero()[0], (~rows.confirmed).nonzero()[0]
        left = match(found, cost, confirmed, np.arange(len(found)), limit)

        # 3. The tracks that are left and not lost, by IoU.
        left, free = left[rows.last[left] == self._clock.before], (found.owner < 0).nonzero()[0]
        match(found, overlap_cost, left, free, config.second_match_thresh)

        # 4. Tentative tracks, seen once, by IoU.
        free = free[found.owner[free] < 0]
        match(found, overlap_cost, tentative, free, config.unconfirmed_match_thresh)

    def _appearance_cost(
        self, found: Found, overlap_cost: FloatArray, other_class: BoolArray | None
    ) -> tuple[FloatArray, float]:
        """Return the first stage's (T, N) costs, closed where motion's gate is, and the highest cost of a match."""
        config, rows, limit = self.config, self._rows, self.config.match_thresh
        variance = rows.state[2] + xyah.scaled(self._measurement_noise, rows.state[0, 3])
        distance = mahalanobis(rows.state[0], variance, found.measurement)
        outside = distance > _GATE
        if other_class is not None:
            outside |= other_class
        embedding = found.embedding
        if embedding is None or not (has_embedding(rows.appearance.T).any() and has_embedding(embedding).any()):
            cost = overlap_cost * limit  # all within the gate may match, those that overlap first
        else:
            appearance = rows.appearance.T
            away = cosine(appearance, embedding)
            if config.fusion == "gated":
                cost = fuse(config, distance, away, ~outside, alpha=1.0 - config.lambda_)
            else:
                cost = fuse(config, overlap_cost, away, ~outside)
                limit = fused_limit(config, config.second_match_thresh, limit)
            known = has_embedding(appearance)[:, None] & has_embedding(embedding)
            cost = np.where(known, cost, overlap_cost * limit)
        np.putmask(cost, outside, _NEVER)
        return cost, limit

    def _correct(self, found: Found) -> None:
        rows, (track, boxes) = self._rows, matched(found)
        xyah.correct(rows, self._measurement_noise, found, track, boxes)
        rows.shape[:, track] = found.shape.take(boxes, axis=1)
        record_matches(rows, found, track, boxes, self._clock.now)
        rows.confirmed[track] = True
        if found.embedding is not None:
            rows.appearance = with_length(rows.appearance, len(rows.last), found.embedding.shape[1])
            score, least = found.score[boxes], self.config.det_thresh
            update_appearance(self.config, rows.appearance, track, found.embedding.take(boxes, axis=0), score, least)

    def _new_rows(self, found: Found, new: IntArray) -> Rows:
        zeros = np.zeros(len(new), np.int64)
        now = np.zeros(len(new)) + self._clock.now
        return Rows(
            state=xyah.start(found.measurement.take(new, axis=1), self._first_var),
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
        return xyah_to_xyxy(self._rows.state[0].take(tracks, axis=1))

    def _report(self, found: Found, may_show: BoolArray) -> Tracks:
        rows, shown = self._rows, shown_by(found, may_show)
        if not self.coasting:
            return report(rows, found, shown, self.ids)
        places = xyah_to_xyxy(rows.state[0])
        return report(rows, found, shown, self.ids, coasting(rows, may_show, places, self._clock.now), places)
