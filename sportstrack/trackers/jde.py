"""JDE: the association of one-shot trackers, whose detector makes the looks along with the boxes: looks go first.

Zhang, Wang, Wang, Zeng, Liu: FairMOT: On the Fairness of Detection and Re-Identification in Multiple Object Tracking,
IJCV 2021, https://arxiv.org/abs/2004.01888, after Wang, Zheng, Liu, Li, Wang: Towards Real-Time Multi-Object Tracking
(JDE), ECCV 2020, https://arxiv.org/abs/1909.12605.

Deliberate differences from the authors' code:

* a matched track is reported with its detection's own box, not with the filtered one;
* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* boxes are continuous: IoU without the "+1 pixel" of the authors' cython_bbox, and boxes that don't touch never match;
* a score equal to ``det_thresh`` counts as enough;
* a lost track is forgotten when it has been missing for ``track_buffer`` frames, not one frame later;
* where a frame brings no embeddings, or a pair's looks are unknown, the first stage goes by overlap, within the Kalman
  filter's gate. (By the filter's distance, the nearer of two crossing players changes with every step: three times the
  identity switches.)

Kept although it surprises: tentative tracks (seen once) are matched at their last box, without prediction, and a lost
track's height stops changing. The first stage's cost adds a cosine distance to a squared Mahalanobis distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack import kalman
from sportstrack.appearance import Features, cosine, known, learn, read_looks, unit_rows, with_room
from sportstrack.boxes import iou, xyah_to_xyxy, xyxy_to_xyah
from sportstrack.kalman import mahalanobis
from sportstrack.trackers import columns
from sportstrack.trackers.fusion import check_fusion, fuse, fused_limit
from sportstrack.types import BoolArray, FloatArray, IntArray, Tracks, as_detections

_NEVER = 1e5  # cost of a pair outside the gate, above every limit
_GATE = 9.4877  # 95 % of the squared Mahalanobis distances of 4 coordinates are smaller


@dataclass(frozen=True)
class JDEConfig:
    """JDE's settings, named as in FairMOT's code where that names them.

    ``det_thresh`` suits YOLO models as they come; the authors used 0.4 (0.3 on MOT20). All else is theirs.

    Attributes:
        det_thresh: boxes with a lower score are ignored.
        track_buffer: frames (at 30 per second) that a lost track is remembered.
        match_thresh: highest cost of a match by looks, in the first stage.
        lambda_: weight of looks in it; the rest is the squared Mahalanobis distance's.
        second_match_thresh: highest cost (1 − IoU) of a match in the second stage.
        unconfirmed_match_thresh: the same for tracks seen only once.
        appearance_momentum: share of a track's old look when a new one comes in.
        fusion: how looks join motion in the first stage: ``gated`` (the paper's), or ``weighted`` or ``adaptive`` with
            the overlap (see `sportstrack.trackers.fusion.fuse`). The last two let a pair match up to the cost of one
            that is just within ``match_thresh`` and ``second_match_thresh``; behind motion's gate nothing matches.
        alpha: weight of motion in ``weighted``.
        w_association_emb: weight of looks in ``adaptive``, against 1 for motion.
        aw_param: how much ``adaptive`` adds to that where a look singles a pair out.
        duplicate_thresh: of a tracked and a lost track closer than this (1 − IoU), the younger is removed.
        per_class: match boxes of the same class only.
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
    std_weight_position: float = 1 / 20
    std_weight_velocity: float = 1 / 160
    std_aspect: float = 1e-2
    std_aspect_velocity: float = 1e-5
    std_aspect_measurement: float = 1e-1

    def __post_init__(self) -> None:
        for name in ("det_thresh", "match_thresh", "lambda_", "second_match_thresh", "unconfirmed_match_thresh"):
            columns.check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("appearance_momentum", "duplicate_thresh"):
            columns.check_range(name, getattr(self, name), 0.0, 1.0)
        columns.check_range("track_buffer", self.track_buffer, 0, 1e9)
        check_fusion(self, ("gated", "weighted", "adaptive"))


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis."""

    state: FloatArray  # (5, 4, T) Kalman state in xyah
    feature: Features  # (D, T) smoothed unit appearance, zero while unknown; D is 0 until embeddings come
    track_id: IntArray  # (T,) 0 until first reported
    born: IntArray  # (T,) frame of the first detection
    last: IntArray  # (T,) frame of the last match; a track that was not matched in the frame before is lost
    confirmed: BoolArray  # (T,) matched at least once after birth, or born in the first frame
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class JDE:
    """Joint detection and embedding: looks first, then overlap.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales ``track_buffer``.
        coasting: also report lost tracks, with their predicted box and ``detection`` −1.
        strict: raise on an unusable box instead of leaving it out and counting it in `dropped`.
    """

    def __init__(
        self,
        config: JDEConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.config = config or JDEConfig()
        self.frame_rate = columns.check_frame_rate(frame_rate)
        self.coasting = coasting
        self.strict = strict
        c = self.config
        self._buffer = columns.frames_at(self.frame_rate, c.track_buffer)
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
        none, unseen = np.empty(0, np.int64), np.empty((0, 0), np.float32)
        self._rows = Rows(np.empty((5, 4, 0)), unseen, none, none, none, np.empty(0, np.bool_), np.empty(0), none)
        self._frame = 0

    def update(self, detections: Any, camera: FloatArray | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections`` with embeddings; an empty table ages the tracks.
            camera: not used by JDE.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if embeddings change their length.
        """
        detections = as_detections(detections)
        looks = read_looks(detections.embedding, len(self._rows.feature))
        boxes, score, class_id, row, dropped = columns.read(detections, self.config.det_thresh, self.strict)
        feature = None if looks is None else unit_rows(looks[row])
        self.dropped += dropped
        self._frame += 1

        rows = self._rows
        columns.predict_xyah(rows, self._process_noise, self._frame)
        owner = columns.nobody(len(boxes))  # each box's track
        if len(rows.last) and len(boxes):
            self._associate(boxes, class_id, feature, owner)
        found = (owner >= 0).nonzero()[0]
        columns.correct_xyah(rows, self._measurement_noise, owner[found], boxes[found])
        columns.remember(rows, found, owner[found], score, class_id)
        if feature is not None:
            seen = (owner >= 0).nonzero()[0]
            rows.feature = with_room(rows.feature, len(rows.last), feature.shape[1])
            learn(self.config, rows.feature, owner[seen], feature[seen], score[seen], self.config.det_thresh)
        new = (owner < 0).nonzero()[0]
        if len(new):
            owner[new] = np.arange(len(rows.last), len(rows.last) + len(new))
            born = self._born(boxes[new], score[new], class_id[new], None if feature is None else feature[new])
            self._rows = rows = columns.append(rows, born)
        alive = columns.lasting(rows, self._frame, self._buffer)
        lost = (alive & (rows.last < self._frame)).nonzero()[0]
        columns.remove_duplicates_xyah(rows, alive, lost, self.config, self._frame, self._reach)
        places = xyah_to_xyxy(rows.state[0]) if self.coasting else None
        tracks, self._last_id = columns.report(rows, owner, row, boxes, alive & rows.confirmed, self._last_id, places)
        index = alive.nonzero()[0]
        if len(index) < len(alive):
            self._rows = columns.keep(rows, index)
        return tracks

    def _associate(self, boxes: FloatArray, class_id: IntArray, feature: Features | None, owner: IntArray) -> None:
        """Match by looks, then by overlap, then the tentative tracks; write the boxes' owners."""
        config, rows, everyone = self.config, self._rows, np.arange(len(boxes))
        pool, tentative = rows.confirmed.nonzero()[0], (~rows.confirmed).nonzero()[0]
        plain = 1.0 - iou(xyah_to_xyxy(rows.state[0]), boxes)
        other = rows.class_id[:, None] != class_id if config.per_class else None
        cost, limit = self._first_cost(plain, boxes, feature, other)
        if other is not None:
            plain[other] = 1.0
        rows.last[columns.match(cost, pool, everyone, limit, owner)] = self._frame
        left, free = pool[rows.last[pool] == self._frame - 1], (owner < 0).nonzero()[0]
        rows.last[columns.match(plain, left, free, config.second_match_thresh, owner)] = self._frame
        free = free[owner[free] < 0]
        rows.last[columns.match(plain, tentative, free, config.unconfirmed_match_thresh, owner)] = self._frame

    def _first_cost(
        self, plain: FloatArray, boxes: FloatArray, feature: Features | None, other: BoolArray | None
    ) -> tuple[FloatArray, float]:
        """Return the first stage's (T, N) costs, closed where motion's gate is, and the highest cost of a match."""
        config, rows, limit = self.config, self._rows, self.config.match_thresh
        variance = rows.state[2] + columns.scaled(self._measurement_noise, rows.state[0, 3])
        distance = mahalanobis(rows.state[0], variance, xyxy_to_xyah(boxes))
        outside = distance > _GATE
        if other is not None:
            outside |= other
        if feature is None or not (known(rows.feature.T).any() and known(feature).any()):
            cost = plain * limit  # whoever is within the gate may match, those that overlap first
        else:
            rows.feature = with_room(rows.feature, len(rows.last), feature.shape[1])
            mine = rows.feature.T
            look = cosine(mine, feature)
            if config.fusion == "gated":
                cost = fuse(config, distance, look, ~outside, alpha=1.0 - config.lambda_)
            else:
                cost = fuse(config, plain, look, ~outside)
                limit = fused_limit(config, config.second_match_thresh, limit)
            cost = np.where(known(mine)[:, None] & known(feature), cost, plain * limit)
        np.putmask(cost, outside, _NEVER)
        return cost, limit

    def _born(self, boxes: FloatArray, score: FloatArray, class_id: IntArray, feature: Features | None) -> Rows:
        measurement, zeros = xyxy_to_xyah(boxes), np.zeros(len(score), np.int64)
        state = kalman.initiate(measurement, columns.scaled(self._first_var, measurement[3]))
        now = zeros + self._frame
        if feature is None:
            feature = np.zeros((len(score), len(self._rows.feature)), np.float32)
        return Rows(state, feature.T, zeros, now, now, now == 1, score, class_id)
