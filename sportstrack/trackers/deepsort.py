"""DeepSORT: SORT with a memory of appearance; tracks that were seen last are matched first.

Wojke, Bewley, Paulus: Simple Online and Realtime Tracking with a Deep Association Metric, ICIP 2017,
https://arxiv.org/abs/1703.07402.

Deliberate differences from the authors' code:

* a matched track is reported with its detection's own box, not with the filtered one, and only in frames in which it
  was matched (``coasting`` reports it in the others);
* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* ``n_init = 1`` confirms a track at birth; the authors' code waits for a second detection then, as with 2;
* boxes that do not touch never match by overlap, and unrelated embeddings (cosine distance 1) never by appearance;
* ``max_age`` means frames at 30 per second and is scaled to the video's rate;
* where a frame brings no embeddings, the cascade goes by the Mahalanobis distance alone (the paper's lambda of 1).

The gallery keeps each matched detection's embedding once, as the authors' does. Descendants that keep the last one
back for the next frame store it twice, and so remember half as long with the same ``nn_budget``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack import kalman
from sportstrack.appearance import has_embedding
from sportstrack.boxes import xyah_to_xyxy, xyxy_to_xyah
from sportstrack.kalman import mahalanobis
from sportstrack.trackers import xyah
from sportstrack.trackers.checks import check_frame_rate, check_range, frames_at, tracker_text
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.fusion import check_fusion, fuse, fused_limit
from sportstrack.trackers.gallery import Gallery
from sportstrack.trackers.rows import (
    NONE,
    Found,
    IdCounter,
    append,
    claim,
    coasting,
    forbid_other_classes,
    keep,
    lasting,
    match,
    matched,
    read_found,
    record_matches,
    report,
    shown_by,
)
from sportstrack.trackers.shapes import check_overlap, no_shapes, overlap
from sportstrack.types import BoolArray, FloatArray, IntArray, Tracks

_NEVER = 1e5  # cost of a pair outside the gate, above every limit
_CHI2 = {2: 5.9915, 4: 9.4877}  # 95 % of the squared Mahalanobis distances of 2 and 4 coordinates are smaller


@dataclass(frozen=True)
class DeepSORTConfig:
    """DeepSORT's settings, named as in the authors' code.

    Attributes:
        max_cosine_distance: highest cosine distance of a match by appearance (the code's ``matching_threshold``).
        nn_budget: embeddings that the gallery keeps of a track, the latest ones.
        mc_lambda: the paper's lambda, 0…1: weight of motion in the cost of a match by appearance. The squared
            Mahalanobis distance counts as a share of its gate, in units of ``max_cosine_distance``.
        fusion: how appearance joins motion in the cascade: ``gated`` (the paper's), or ``weighted`` or ``adaptive``
            with the overlap (see `sportstrack.trackers.fusion.fuse`). The last two let a pair match up to the cost of
            one that is just within ``max_cosine_distance`` and ``max_iou_distance``; behind motion's gate nothing
            matches.
        alpha: weight of motion in ``weighted``.
        w_association_emb: weight of appearance in ``adaptive``, against 1 for motion.
        aw_param: how much ``adaptive`` adds to that where appearance singles a pair out.
        max_iou_distance: highest cost (1 − IoU) of a match by overlap.
        max_age: frames (at 30 per second) that a confirmed track survives without a detection.
        n_init: detections in a row before a track is confirmed.
        gating_only_position: gate by the centre alone, not by aspect ratio and height too.
        det_thresh: detections with a lower score are ignored.
        per_class: match boxes of the same class only.
        overlap: ``box``, or ``mask``: masks, too, say whose of several tracks a detection is.
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
    overlap: str = "box"
    std_weight_position: float = 1 / 20
    std_weight_velocity: float = 1 / 160
    std_aspect: float = 1e-2
    std_aspect_velocity: float = 1e-5
    std_aspect_measurement: float = 1e-1

    def __post_init__(self) -> None:
        check_overlap(self.overlap)
        for name in ("max_cosine_distance", "mc_lambda", "max_iou_distance", "det_thresh"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        check_fusion(self, ("gated", "weighted", "adaptive"))
        check_range("nn_budget", self.nn_budget, 1, 1e6)
        check_range("max_age", self.max_age, 0, 1e9)
        check_range("n_init", self.n_init, 0, 1e9)


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis."""

    state: FloatArray  # (5, 4, T) Kalman state in xyah
    slot: IntArray  # (T,) place in the gallery
    shape: BoolArray  # (G, T) of the last detection's mask; G is 0 where boxes overlap
    track_id: IntArray  # (T,) 0 until first reported
    last: FloatArray  # (T,) step of the last match
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
        strict: raise on an unusable detection instead of leaving it out and counting it in `dropped`.

    Attributes:
        ids: counts the tracks' ids; trackers that work side by side share one.
        dropped: unusable detections so far.
    """

    def __init__(
        self,
        config: DeepSORTConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.ids = IdCounter()
        self.config = config or DeepSORTConfig()
        self.coasting = coasting
        self.strict = strict
        c = self.config
        self._first_var, self._process_noise, self._measurement_noise = xyah.noises(c)
        self._gated = 2 if c.gating_only_position else 4
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
        none, number, flags = np.empty(0, np.int64), np.empty(0), np.empty(0, np.bool_)
        shape = no_shapes(0, self.config.overlap)
        self._rows = Rows(np.empty((5, 4, 0)), none, shape, none, number, none, flags, number, none)
        self._gallery = Gallery(self.config.nn_budget)
        self._clock.cut()
        self._frame = 0

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections`` with embeddings; an empty table ages the tracks.
            camera: not used by DeepSORT.
            time: seconds on the source's clock, later than the last frame's; None: 1 / ``frame_rate`` after it.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if the time is no later than that of the frame before, or embeddings change their length.
        """
        c, length = self.config, self._gallery.length
        found = read_found(detections, c.det_thresh, self.strict, xyxy_to_xyah, length, overlap=c.overlap)
        self._clock.advance(time, self.frame_rate)
        self.dropped += found.dropped
        self._frame += 1
        if self._clock.long_gap:
            self._forget(self._rows.last >= self._clock.now - 1.0 - self._max_age)
        rows, missing = self._rows, self._clock.now - self._rows.last

        # 1. Predict the tracks' boxes.
        noise = xyah.scaled(self._process_noise, rows.state[0, 3])
        rows.state = kalman.predict(rows.state, noise, self._clock.step)
        predicted = xyah_to_xyxy(rows.state[0])

        if len(rows.last) and len(found):
            # 2. Matching cascade: confirmed tracks by appearance, within motion's gate.
            self._match_cascade(found, *self._appearance_cost(found, predicted), missing)
            # 3. The tracks of the previous frame that are left, tentative ones among them, by IoU.
            self._match_overlap(found, predicted)
        self._correct(found)

        # 4. Start a track with each detection that is left; every detection's embedding goes into the gallery.
        new = (found.owner < 0).nonzero()[0]
        if len(new):
            claim(found, new, len(rows.last))
            self._rows = append(rows, self._new_rows(found, new))
        if found.embedding is not None:
            self._gallery.add(self._rows.slot[found.owner], found.embedding)

        # 5. Report, and forget the tracks that have been missing for too long.
        alive = lasting(self._rows.last, self._rows.confirmed, self._clock, self._max_age)
        tracks = self._report(found, alive, predicted)
        self._forget(alive)
        return tracks

    def _appearance_cost(self, found: Found, predicted: FloatArray) -> tuple[FloatArray, float]:
        """Return the cascade's (T, N) costs, closed where motion's gate is, and the highest cost of a match."""
        rows, config, gate = self._rows, self.config, _CHI2[self._gated]
        variance = rows.state[2] + xyah.scaled(self._measurement_noise, rows.state[0, 3])
        part = slice(self._gated)
        distance = mahalanobis(rows.state[0, part], variance[part], found.measurement[part])
        inside, limit = distance <= gate, config.max_cosine_distance
        if config.per_class:
            inside &= rows.class_id[:, None] == found.class_id
        cost = distance * (limit / gate)
        if found.embedding is not None:
            near = inside & rows.confirmed[:, None]
            appearance = self._gallery.distance(rows.slot, found.embedding, near)
            if config.fusion == "gated":
                inside &= appearance <= limit
                cost = fuse(config, cost, appearance, inside, alpha=config.mc_lambda)
            else:
                limit = fused_limit(config, config.max_iou_distance, limit)
                known = self._gallery.has_embedding(rows.slot)[:, None] & has_embedding(found.embedding)
                shared = overlap(predicted, rows.shape, found.boxes, found.shape)
                fused = fuse(config, 1.0 - shared, appearance, near)
                cost = np.where(known, fused, distance * (limit / gate))
        cost[~inside] = _NEVER
        return cost, limit

    def _match_cascade(self, found: Found, cost: FloatArray, limit: float, missing: FloatArray) -> None:
        """Match confirmed tracks by appearance, those missing for the shortest time first."""
        confirmed = self._rows.confirmed.nonzero()[0]
        most = self._clock.now - self._clock.oldest(self._max_age)
        for age in np.unique(missing[confirmed]):
            free = (found.owner < 0).nonzero()[0]
            if age > most or not len(free):
                break
            match(found, cost, confirmed[missing[confirmed] == age], free, limit)

    def _match_overlap(self, found: Found, predicted: FloatArray) -> None:
        """Match the tracks of the previous frame that are left with the detections that are left."""
        recent = self._rows.last == self._clock.before
        recent[matched(found)[0]] = False
        tracks, free = recent.nonzero()[0], (found.owner < 0).nonzero()[0]
        shape = self._rows.shape.take(tracks, axis=1)
        shared = overlap(
            predicted.take(tracks, axis=0), shape, found.boxes.take(free, axis=0), found.shape.take(free, axis=1)
        )
        cost = np.subtract(1.0, shared, out=shared)
        if self.config.per_class:
            forbid_other_classes(cost, self._rows.class_id[tracks], found.class_id[free])
        match(found, cost, tracks, free, self.config.max_iou_distance)

    def _correct(self, found: Found) -> None:
        rows, (track, boxes) = self._rows, matched(found)
        xyah.correct(rows, self._measurement_noise, found, track, boxes)
        rows.shape[:, track] = found.shape.take(boxes, axis=1)
        record_matches(rows, found, track, boxes, self._clock.now)
        rows.hits[track] += 1
        rows.confirmed[track] |= rows.hits[track] >= self.config.n_init

    def _new_rows(self, found: Found, new: IntArray) -> Rows:
        zeros = np.zeros(len(new), np.int64)
        return Rows(
            state=xyah.start(found.measurement.take(new, axis=1), self._first_var),
            slot=self._gallery.take(len(new)),
            shape=found.shape.take(new, axis=1),
            track_id=zeros,
            last=np.zeros(len(new)) + self._clock.now,
            hits=zeros + 1,
            confirmed=zeros >= self.config.n_init - 1,
            score=found.score[new],
            class_id=found.class_id[new],
        )

    def _report(self, found: Found, alive: BoolArray, predicted: FloatArray) -> Tracks:
        rows = self._rows
        lost = coasting(rows, alive, predicted, self._clock.now) if self.coasting else NONE
        return report(rows, found, shown_by(found, rows.confirmed), self.ids, lost, predicted)

    def _forget(self, alive: BoolArray) -> None:
        index = alive.nonzero()[0]
        if len(index) < len(alive):
            self._gallery.release(self._rows.slot[~alive])
            self._rows = keep(self._rows, index)
