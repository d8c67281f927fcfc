"""DeepSORT: SORT with a memory for looks, asked in the order of how long a track has been missing.

Wojke, Bewley, Paulus: Simple Online and Realtime Tracking with a Deep Association Metric, ICIP 2017,
https://arxiv.org/abs/1703.07402.

Deliberate differences from the authors' code:

* a matched track is reported with its detection's own box, not with the filtered one, and only in frames in which it
  was matched (``coasting`` reports it in the others);
* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* ``n_init = 1`` confirms a track at birth; the authors' code waits for a second detection then, as with 2;
* boxes that don't touch never match by overlap, and unrelated looks (cosine distance 1) never match by appearance;
* ``max_age`` means frames at 30 per second and is scaled to the video's rate;
* where a frame brings no embeddings, the cascade goes by the Mahalanobis distance alone (the paper's lambda of 1).

The gallery keeps each matched detection's look once, as the authors' does. Descendants that keep the last one back for
the next frame store it twice, and so remember half as long with the same ``nn_budget``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack import kalman
from sportstrack.appearance import Features, known, read_looks, unit_rows
from sportstrack.assign import clip_then_solve
from sportstrack.boxes import iou, xyah_to_xyxy, xyxy_to_xyah
from sportstrack.kalman import mahalanobis
from sportstrack.trackers import columns
from sportstrack.trackers.fusion import check_fusion, fuse, fused_limit
from sportstrack.trackers.gallery import Gallery
from sportstrack.types import BoolArray, FloatArray, IntArray, Tracks, as_detections

_NEVER = 1e5  # cost of a pair outside the gate, above every limit
_CHI2 = {2: 5.9915, 4: 9.4877}  # 95 % of the squared Mahalanobis distances of 2 and 4 coordinates are smaller


@dataclass(frozen=True)
class DeepSORTConfig:
    """DeepSORT's settings, named as in the authors' code.

    Attributes:
        max_cosine_distance: highest cosine distance of a match by appearance (the code's ``matching_threshold``).
        nn_budget: looks that the gallery keeps of a track, the latest ones.
        mc_lambda: the paper's lambda, 0…1: weight of motion in the cost of a match by appearance. The squared
            Mahalanobis distance counts as a share of its gate, in units of ``max_cosine_distance``.
        fusion: how looks join motion in the cascade: ``gated`` (the paper's), or ``weighted`` or ``adaptive`` with the
            overlap (see `sportstrack.trackers.fusion.fuse`). The last two let a pair match up to the cost of one that
            is just within ``max_cosine_distance`` and ``max_iou_distance``; behind motion's gate nothing matches.
        alpha: weight of motion in ``weighted``.
        w_association_emb: weight of looks in ``adaptive``, against 1 for motion.
        aw_param: how much ``adaptive`` adds to that where a look singles a pair out.
        max_iou_distance: highest cost (1 − IoU) of a match by overlap.
        max_age: frames (at 30 per second) that a confirmed track survives without a detection.
        n_init: detections in a row before a track is confirmed.
        gating_only_position: gate by the centre alone, not by aspect ratio and height too.
        det_thresh: detections with a lower score are ignored.
        per_class: match boxes of the same class only.
        std_weight_position: position noise as a share of the box height.
        std_weight_velocity: velocity noise as a share of the box height per frame.
        std_aspect: noise of the aspect ratio per frame.
        std_aspect_velocity: noise of the aspect ratio's velocity per frame.
        std_aspect_measurement: noise of a measured aspect ratio.
    """

    max_cosine_distance: float = 0.2
    nn_budget: int = 100
    mc_lambda: float = 0.0
    fusion: str = "gated"
    alpha: float = 0.5
    w_association_emb: float = 0.75
    aw_param: float = 0.5
    max_iou_distance: float = 0.7
    max_age: int = 30
    n_init: int = 3
    gating_only_position: bool = False
    det_thresh: float = 0.25
    per_class: bool = False
    std_weight_position: float = 1 / 20
    std_weight_velocity: float = 1 / 160
    std_aspect: float = 1e-2
    std_aspect_velocity: float = 1e-5
    std_aspect_measurement: float = 1e-1

    def __post_init__(self) -> None:
        for name in ("max_cosine_distance", "mc_lambda", "max_iou_distance", "det_thresh"):
            columns.check_range(name, getattr(self, name), 0.0, 1.0)
        check_fusion(self, ("gated", "weighted", "adaptive"))
        columns.check_range("nn_budget", self.nn_budget, 1, 1e6)
        columns.check_range("max_age", self.max_age, 0, 1e9)
        columns.check_range("n_init", self.n_init, 0, 1e9)


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis."""

    state: FloatArray  # (5, 4, T) Kalman state in xyah
    slot: IntArray  # (T,) place in the gallery
    track_id: IntArray  # (T,) 0 until first reported
    last: IntArray  # (T,) frame of the last match
    hits: IntArray  # (T,) matches, the first detection included
    confirmed: BoolArray  # (T,) n_init matches in a row after birth
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class DeepSORT:
    """Simple online and realtime tracking with a deep association metric.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales ``max_age``.
        coasting: also report confirmed tracks that were not seen, with their predicted box and ``detection`` −1.
        strict: raise on an unusable box instead of leaving it out and counting it in `dropped`.
    """

    def __init__(
        self,
        config: DeepSORTConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.config = config or DeepSORTConfig()
        self.frame_rate = columns.check_frame_rate(frame_rate)
        self.coasting = coasting
        self.strict = strict
        self._max_age = columns.frames_at(self.frame_rate, self.config.max_age)
        c = self.config
        self._first_var, self._process_noise, self._measurement_noise = columns.xyah_noises(c)
        self._gated = 2 if c.gating_only_position else 4
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._last_id = 0
        self.dropped = 0
        self.cut()

    def cut(self) -> None:
        """Forget all tracks, because the next frame belongs to another shot; ids go on counting."""
        none = np.empty(0, np.int64)
        self._rows = Rows(np.empty((5, 4, 0)), none, none, none, none, np.empty(0, np.bool_), np.empty(0), none)
        self._gallery = Gallery(self.config.nn_budget)
        self._frame = 0

    def update(self, detections: Any, camera: FloatArray | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections`` with embeddings; an empty table ages the tracks.
            camera: not used by DeepSORT.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if embeddings change their length.
        """
        detections = as_detections(detections)
        looks = read_looks(detections.embedding, self._gallery.length)
        boxes, score, class_id, row, dropped = columns.read(detections, self.config.det_thresh, self.strict)
        feature = None if looks is None else unit_rows(looks[row])
        self.dropped += dropped
        self._frame += 1

        rows = self._rows
        rows.state = kalman.predict(rows.state, columns.scaled(self._process_noise, rows.state[0, 3]))
        predicted, measurement = xyah_to_xyxy(rows.state[0]), xyxy_to_xyah(boxes)
        owner = columns.nobody(len(boxes))  # each box's track
        if len(rows.last) and len(boxes):
            missing = self._frame - rows.last
            self._cascade(*self._appearance_cost(predicted, boxes, class_id, feature), missing, owner)
            self._overlap(predicted, boxes, class_id, missing, owner)

        self._correct(owner, measurement, score, class_id)
        new = (owner < 0).nonzero()[0]
        if len(new):
            owner[new] = np.arange(len(rows.last), len(rows.last) + len(new))
            self._rows = columns.append(rows, self._born(measurement[:, new], score[new], class_id[new]))
        if feature is not None:
            self._gallery.add(self._rows.slot[owner], feature)
        tracks = self._report(owner, row, boxes, predicted)
        self._forget()
        return tracks

    def _appearance_cost(
        self, predicted: FloatArray, boxes: FloatArray, class_id: IntArray, feature: Features | None
    ) -> tuple[FloatArray, float]:
        """Return the cascade's (T, N) costs, closed where motion's gate is, and the highest cost of a match."""
        rows, config, gate = self._rows, self.config, _CHI2[self._gated]
        variance = rows.state[2] + columns.scaled(self._measurement_noise, rows.state[0, 3])
        part = slice(self._gated)
        distance = mahalanobis(rows.state[0, part], variance[part], xyxy_to_xyah(boxes)[part])
        inside, limit = distance <= gate, config.max_cosine_distance
        if config.per_class:
            inside &= rows.class_id[:, None] == class_id
        cost = distance * (limit / gate)
        if feature is not None:
            near = inside & rows.confirmed[:, None]
            look = self._gallery.distance(rows.slot, feature, near)
            if config.fusion == "gated":
                inside &= look <= limit
                cost = fuse(config, cost, look, inside, alpha=config.mc_lambda)
            else:
                limit = fused_limit(config, config.max_iou_distance, limit)
                seen = self._gallery.known(rows.slot)[:, None] & known(feature)
                by_looks = fuse(config, 1.0 - iou(predicted, boxes), look, near)
                cost = np.where(seen, by_looks, distance * (limit / gate))
        cost[~inside] = _NEVER
        return cost, limit

    def _cascade(self, cost: FloatArray, limit: float, missing: IntArray, owner: IntArray) -> None:
        """Match confirmed tracks by appearance, those missing for the shortest time first."""
        rows, confirmed = self._rows, self._rows.confirmed.nonzero()[0]
        for age in np.unique(missing[confirmed]):
            free = (owner < 0).nonzero()[0]
            if age > self._max_age or not len(free):
                break
            tracks = confirmed[missing[confirmed] == age]
            rows.last[columns.match(cost, tracks, free, limit, owner)] = self._frame

    def _overlap(
        self, predicted: FloatArray, boxes: FloatArray, class_id: IntArray, missing: IntArray, owner: IntArray
    ) -> None:
        """Match tracks seen in the last frame, the tentative ones among them, with what is left."""
        rows = self._rows
        recent, free = ((missing == 1) & (rows.last < self._frame)).nonzero()[0], (owner < 0).nonzero()[0]
        overlap = iou(predicted[recent], boxes[free])
        cost = np.subtract(1.0, overlap, out=overlap)
        if self.config.per_class:
            columns.forbid_other_classes(cost, rows.class_id[recent], class_id[free])
        t, b = clip_then_solve(cost, min(self.config.max_iou_distance, columns.BELOW_ONE))
        owner[free[b]] = recent[t]
        rows.last[recent[t]] = self._frame

    def _correct(self, owner: IntArray, measurement: FloatArray, score: FloatArray, class_id: IntArray) -> None:
        rows, found = self._rows, (owner >= 0).nonzero()[0]
        track = owner[found]
        state, seen = rows.state.take(track, axis=2), measurement.take(found, axis=1)
        rows.state[:, :, track] = kalman.update(state, seen, columns.scaled(self._measurement_noise, state[0, 3]))
        rows.hits[track] += 1
        rows.confirmed[track] |= rows.hits[track] >= self.config.n_init
        rows.score[track] = score[found]
        rows.class_id[track] = class_id[found]

    def _born(self, measurement: FloatArray, score: FloatArray, class_id: IntArray) -> Rows:
        state = kalman.initiate(measurement, columns.scaled(self._first_var, measurement[3]))
        zeros = np.zeros(len(score), np.int64)
        slot = self._gallery.take(len(score))
        return Rows(
            state, slot, zeros, zeros + self._frame, zeros + 1, zeros >= self.config.n_init - 1, score, class_id
        )

    def _report(self, owner: IntArray, row: IntArray, boxes: FloatArray, predicted: FloatArray) -> Tracks:
        rows = self._rows
        shown = rows.confirmed[owner].nonzero()[0]
        owner, row, boxes = owner[shown], row[shown], boxes[shown]
        track_id, self._last_id = columns.ids_of(rows.track_id, owner, self._last_id)
        if self.coasting:
            height, aspect = rows.state[0, 3], rows.state[0, 2]
            unseen = (rows.last < self._frame) & (rows.last >= self._frame - self._max_age) & rows.confirmed
            coast = (unseen & (height > 0) & (aspect > 0)).nonzero()[0]
            owner, row, boxes = columns.with_coasting(owner, row, boxes, coast, predicted[coast])
            track_id = rows.track_id[owner]
        return Tracks.trusted(boxes, rows.score[owner], rows.class_id[owner], track_id, row)

    def _forget(self) -> None:
        rows = self._rows
        # A tentative track lives on only if it was matched at once.
        alive = (rows.last >= self._frame - self._max_age) & (rows.confirmed | (rows.last == self._frame))
        index = alive.nonzero()[0]
        if len(index) < len(alive):
            self._gallery.release(rows.slot[~alive])
            self._rows = columns.keep(rows, index)
