"""OC-SORT: SORT that trusts observations more than its own predictions; with embeddings it is Deep OC-SORT.

Cao, Pang, Weng, Khirodkar, Kitani: Observation-Centric SORT: Rethinking SORT for Robust Multi-Object Tracking,
CVPR 2023, https://arxiv.org/abs/2203.14360. Maggiolino, Ahmad, Cao, Kitani: Deep OC-SORT: Multi-Pedestrian Tracking by
Adaptive Re-Identification, ICIP 2023, https://arxiv.org/abs/2302.11813.

Deliberate differences from the authors' code:

* a track's first box counts as an observation, as in the paper, so that a track missed right after its birth can be
  recovered (OCR) and re-updated (ORU). The authors' code starts with the second one;
* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* the assignment is always solved over the whole matrix, as the paper says. The authors' code takes the pairs above
  ``iou_threshold`` as they are where these are one to one; boxes that do not touch never match;
* a score equal to ``det_thresh`` counts as high, an overlap equal to ``iou_threshold`` as enough in every stage;
* an area about to turn negative stops shrinking in the re-update, too, not only in the prediction;
* ``max_age`` means frames at 30 per second and is scaled to the video's rate;
* appearance is weighted by the paper's differences between the best and the second, not by the quotients in the code
  of Deep OC-SORT. Predictions do not follow the camera.

Kept although it surprises: the re-update ends with the new box, which then corrects the filter once more, and a track's
first box gives no direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack import kalman
from sportstrack.appearance import blend, cosine, dynamic_momentum, has_embedding, with_length
from sportstrack.assign import certain_matches, solve_then_gate, unmatched
from sportstrack.boxes import xysr_to_xyxy, xyxy_to_xysr
from sportstrack.trackers import xysr
from sportstrack.trackers.checks import check_frame_rate, check_range, frames_at, tracker_text
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.directions import STILL, direction_agreement
from sportstrack.trackers.fusion import check_fusion, fuse
from sportstrack.trackers.reupdate import re_update
from sportstrack.trackers.rows import (
    BELOW_ONE,
    NONE,
    Found,
    IdCounter,
    after_gap,
    append,
    by_score,
    claim,
    coasting,
    first_appearance,
    keep_alive,
    matched,
    read_found,
    record_matches,
    report,
    shown_by,
    without_owner,
)
from sportstrack.trackers.shapes import check_overlap, overlap
from sportstrack.types import BoolArray, Detections, Embeddings, FloatArray, IntArray, Tracks

_LOW = float(np.nextafter(0.1, 1.0))  # least score in the ByteTrack stage: above 0.1, as in the authors' code


@dataclass(frozen=True)
class OCSORTConfig:
    """OC-SORT's settings, named as in the authors' code, whose ``det_thresh`` has no default (its scripts take 0.6).

    Attributes:
        det_thresh: detections with a lower score are ignored, or left to the ByteTrack stage.
        max_age: frames (at 30 per second) that a track survives without a detection.
        min_hits: matches in a row before a track is reported; the first ``min_hits`` frames report at once.
        iou_threshold: least overlap of a match.
        delta_t: frames between the two observations that give a track's direction.
        inertia: weight of the direction in the first matching.
        use_byte: match tracks that are left with detections that score between 0.1 and ``det_thresh``.
        fusion: how appearance joins motion in the first matching, if embeddings come: ``adaptive`` (Deep OC-SORT's) or
            ``weighted`` (see `sportstrack.trackers.fusion.fuse`).
        alpha: weight of motion in ``weighted``.
        w_association_emb: weight of appearance in ``adaptive``, against 1 for the overlap.
        aw_param: how much ``adaptive`` adds to that where appearance singles a pair out.
        alpha_fixed_emb: share of a track's old appearance when the embedding of a detection with score 1 comes in; a
            lower score has a larger share.
        per_class: match boxes of the same class only.
        overlap: ``box``, or ``mask``: masks, too, say whose of several tracks a detection is.
        position_var: first variance of x, y, area, ratio.
        velocity_var: first variance of their velocities per frame (the ratio has none).
        position_noise: growth of the position's variance per frame.
        velocity_noise: growth of the velocity's variance per frame.
        measurement_noise: variance of a detection.
    """

    det_thresh: float = 0.25
    max_age: int = 30
    min_hits: int = 3
    iou_threshold: float = 0.3
    delta_t: int = 3
    inertia: float = 0.2
    use_byte: bool = False
    fusion: str = "adaptive"
    alpha: float = 0.5
    w_association_emb: float = 0.75
    aw_param: float = 0.5
    alpha_fixed_emb: float = 0.95
    per_class: bool = False
    overlap: str = "box"
    position_var: tuple[float, float, float, float] = (10.0, 10.0, 10.0, 10.0)
    velocity_var: tuple[float, float, float, float] = (1e4, 1e4, 1e4, 0.0)
    position_noise: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    velocity_noise: tuple[float, float, float, float] = (1e-2, 1e-2, 1e-4, 0.0)
    measurement_noise: tuple[float, float, float, float] = (1.0, 1.0, 10.0, 10.0)

    def __post_init__(self) -> None:
        check_overlap(self.overlap)
        for name in ("det_thresh", "iou_threshold", "inertia", "alpha_fixed_emb"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("max_age", "min_hits"):
            check_range(name, getattr(self, name), 0, 1e9)
        check_range("delta_t", self.delta_t, 1, 1000)
        check_fusion(self, ("weighted", "adaptive"))


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis; K is ``delta_t``."""

    state: FloatArray  # (5, 4, T) Kalman state in xysr
    frozen: FloatArray  # (5, 4, T) state predicted for the first frame of the present gap …
    missed: FloatArray  # (T,) … and that frame's step
    box: FloatArray  # (4, T) corners of the last detection
    centre: FloatArray  # (K + 1, 2, T) of the last K frames' detections, by frame modulo K, and of the last detection
    seen: BoolArray  # (K + 1, T) which of these exist; the first box of a track is none
    appearance: Embeddings  # (D, T) smoothed unit vectors, zero while unknown; D is 0 until embeddings come
    direction: FloatArray  # (2, T) unit vector of the observed motion, 0 while unknown
    shape: BoolArray  # (G, T) of the last detection's mask; G is 0 where boxes overlap
    track_id: IntArray  # (T,) 0 until first reported
    last: FloatArray  # (T,) step of the last match
    streak: IntArray  # (T,) matches in a row
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class OCSORT:
    """Observation-centric SORT.

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
        config: OCSORTConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.ids = IdCounter()
        self.config = config or OCSORTConfig()
        self.coasting = coasting
        self.strict = strict
        c = self.config
        self._min_score = min(c.det_thresh, _LOW) if c.use_byte else c.det_thresh
        self._least = max(c.iou_threshold, 1.0 - BELOW_ONE)
        frames = np.arange(c.delta_t)
        self._oldest_first = [np.append((frames + now) % c.delta_t, c.delta_t) for now in frames]  # places, by frame
        self._first_var, self._noise, self._measurement_noise = xysr.noises(c)
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
        self._when = [np.inf] * (self.config.delta_t + 1)  # steps of the last frames, as in the table's ``centre``
        nothing = read_found(Detections.empty(), 0.0, strict=False, measure=xyxy_to_xysr, overlap=self.config.overlap)
        self._rows = self._new_rows(nothing, NONE, 0)

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks. Their embeddings,
                where given, are used.
            camera: not used by OC-SORT.
            time: seconds on the source's clock, later than the last frame's; None: 1 / ``frame_rate`` after it.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if the time is no later than that of the frame before, or embeddings change their length.
        """
        length = len(self._rows.appearance)
        found = read_found(detections, self._min_score, self.strict, xyxy_to_xysr, length, overlap=self.config.overlap)
        self._clock.advance(time, self.frame_rate)
        self.dropped += found.dropped
        self._frame += 1
        rows = self._rows = after_gap(self._rows, self._clock, self._max_age)
        high, low = by_score(found, self.config.det_thresh)

        # 1. Predict the tracks' boxes.
        rows.state = xysr.predict(rows.state, self._noise, self._clock.step)
        predicted, previous = xysr_to_xyxy(rows.state[0]), self._previous_observation()
        if found.embedding is not None:
            rows.appearance = with_length(rows.appearance, len(rows.last), found.embedding.shape[1])

        # 2. Observation-centric momentum (OCM): by overlap, direction and appearance.
        left = self._match(found, predicted, np.arange(len(predicted)), high, previous)

        # 3. ByteTrack's stage, if wanted: the tracks that are left with the low-score detections.
        if len(low):
            left = self._match(found, predicted, left, low)

        # 4. Observation-centric recovery (OCR): the last observations of the tracks that are left.
        self._match(found, rows.box.T, left, without_owner(found, high))
        self._correct(found, previous)
        lost = (rows.last == self._clock.before).nonzero()[0]
        if len(lost):
            rows.frozen[:, :, lost], rows.missed[lost] = rows.state.take(lost, axis=2), self._clock.now

        # 5. Start a track with each high-score detection that is left.
        new = without_owner(found, high)
        if len(new):
            claim(found, new, len(rows.last))
            self._rows = append(rows, self._new_rows(found, new, len(rows.appearance)))

        # 6. Report, and forget the tracks that have been missing for too long.
        tracks = self._report(found, predicted)
        self._rows = keep_alive(self._rows, self._rows.last >= self._clock.oldest(self._max_age))
        return tracks

    def _previous_observation(self) -> FloatArray:
        """Return (2, T) centres of the oldest detections of the last ``delta_t`` steps; where none, of the last."""
        rows, seen = self._rows, self._rows.seen
        oldest_first = self._oldest_first[self._frame % self.config.delta_t]
        since = self._clock.now - self.config.delta_t
        if min(self._when) < since:
            seen = seen & np.array([when >= since for when in self._when])[:, None]
        slot = oldest_first[seen.take(oldest_first, axis=0).argmax(axis=0)]
        centre: FloatArray = rows.centre[slot, :, np.arange(len(slot))].T
        return centre

    def _match(
        self, found: Found, places: FloatArray, tracks: IntArray, boxes: IntArray, previous: FloatArray | None = None
    ) -> IntArray:
        """Match some tracks, at these places, with some detections; return the tracks that are left.

        Direction and appearance count beside the overlap if the tracks' ``previous`` centres are given.
        """
        if not (len(tracks) and len(boxes)):
            return tracks
        mine, theirs = self._rows.shape.take(tracks, axis=1), found.shape.take(boxes, axis=1)
        shared = overlap(places.take(tracks, axis=0), mine, found.boxes.take(boxes, axis=0), theirs)
        if self.config.per_class:
            shared[self._rows.class_id[tracks][:, None] != found.class_id[boxes]] = 0.0
        if previous is None and shared.max() < self._least:
            return tracks
        if previous is not None and found.embedding is not None:
            t, b = self._solve_appearance(found, shared, tracks, boxes, previous)
        elif previous is None or not self.config.inertia:
            t, b = solve_then_gate(1.0 - shared, np.inf, worst=1.0)
        else:
            t, b = self._solve_direction(found, shared, tracks, boxes, previous)
        enough = shared[t, b] >= self._least
        t, b = t[enough], b[enough]
        found.owner[boxes[b]] = tracks[t]
        return tracks[unmatched(len(tracks), t)]

    def _solve_direction(
        self, found: Found, shared: FloatArray, tracks: IntArray, boxes: IntArray, previous: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """Return the pairs, as rows and columns of ``shared``, with the most overlap and agreement in direction."""
        # Most pairs are certain by overlap alone, whatever the directions add; few are left to weigh.
        t, b = certain_matches(shared, 0.5 * self.config.inertia * float(found.score[boxes].max()))
        rest_t, rest_b = unmatched(len(tracks), t), unmatched(len(boxes), b)
        if not (len(rest_t) and len(rest_b)):
            return t, b
        rest = shared[rest_t[:, None], rest_b]
        if rest.max() < self._least:  # whatever is paired here would be cut
            return t, b
        affinity = self._momentum(found, tracks[rest_t], boxes[rest_b], previous)
        affinity += rest
        more_t, more_b = solve_then_gate(np.negative(affinity, out=affinity), np.inf)
        return np.concatenate((t, rest_t[more_t])), np.concatenate((b, rest_b[more_b]))

    def _solve_appearance(
        self, found: Found, shared: FloatArray, tracks: IntArray, boxes: IntArray, previous: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """Return the pairs that fit best by overlap, direction and appearance."""
        embedding = found.embedding.take(boxes, axis=0)  # type: ignore[union-attr]
        appearance = self._rows.appearance.take(tracks, axis=1).T
        motion = 1.0 - shared
        if self.config.inertia:
            motion -= self._momentum(found, tracks, boxes, previous)
        known = has_embedding(appearance)[:, None] & has_embedding(embedding)
        cost = fuse(self.config, motion, cosine(appearance, embedding), shared > 0.0, known)
        return solve_then_gate(cost, np.inf)

    def _momentum(self, found: Found, tracks: IntArray, boxes: IntArray, previous: FloatArray) -> FloatArray:
        """Return (T, N) shares of the direction in the affinity, at most half of ``inertia``, more for high scores."""
        rows = self._rows
        share = direction_agreement(
            rows.direction.take(tracks, axis=1),
            previous.take(tracks, axis=1),
            found.measurement[:2].take(boxes, axis=1),
            found.score[boxes] * (self.config.inertia / np.pi),
        )
        if self.config.per_class:
            share[rows.class_id[tracks][:, None] != found.class_id[boxes]] = 0.0
        return share

    def _correct(self, found: Found, previous: FloatArray) -> None:
        rows, (track, boxes) = self._rows, matched(found)
        measurement, corners = found.measurement.take(boxes, axis=1), found.boxes.take(boxes, axis=0).T
        centre, moved = measurement[:2], rows.seen[-1, track]
        move = centre - previous.take(track, axis=1)
        move *= moved / (np.hypot(move[0], move[1]) + STILL)
        rows.direction[:, track] = move

        state, back = rows.state.take(track, axis=2), (rows.last[track] < self._clock.before).nonzero()[0]
        if len(back):
            state[:, :, back] = self._re_update(track[back], corners[:, back])
        rows.state[:, :, track] = kalman.update(state, measurement, self._measurement_noise)
        rows.box[:, track] = corners
        rows.streak[rows.last < self._clock.before] = 0
        rows.streak[track] += 1
        rows.shape[:, track] = found.shape.take(boxes, axis=1)
        record_matches(rows, found, track, boxes, self._clock.now)
        slot = self._frame % self.config.delta_t
        rows.centre[slot][:, track] = rows.centre[-1][:, track] = centre
        rows.seen[-1] |= np.equal(rows.last, self._clock.now, out=rows.seen[slot])
        self._when[slot] = self._clock.now
        if found.embedding is not None:
            self._update_appearance(found, found.embedding, track, boxes)

    def _update_appearance(self, found: Found, embedding: Embeddings, track: IntArray, boxes: IntArray) -> None:
        """Let the high-score detections change their tracks' appearance, a higher score more."""
        config, rows = self.config, self._rows
        high = found.score[boxes] >= config.det_thresh
        track, boxes = track[high], boxes[high]
        momentum = dynamic_momentum(found.score[boxes], config.det_thresh, config.alpha_fixed_emb)
        old, new = rows.appearance.take(track, axis=1).T, embedding.take(boxes, axis=0)
        rows.appearance[:, track] = blend(old, new, momentum).T

    def _re_update(self, track: IntArray, corners: FloatArray) -> FloatArray:
        """Observation-centric re-update (ORU): return the (5, 4, K) states of tracks that are back at some corners."""
        rows, now = self._rows, self._clock.now
        gap, rest = now - rows.last[track], now - rows.missed[track]
        frozen, last = rows.frozen.take(track, axis=2), rows.box.take(track, axis=1)
        return re_update(frozen, last, corners, gap, rest, self._noise, self._measurement_noise)

    def _new_rows(self, found: Found, new: IntArray, length: int) -> Rows:
        count, span, zeros = len(new), self.config.delta_t, np.zeros(len(new), np.int64)
        state = kalman.initiate(found.measurement.take(new, axis=1), self._first_var)
        return Rows(
            state=state,
            frozen=state,
            missed=np.zeros(len(new)),
            box=found.boxes.take(new, axis=0).T,
            centre=np.zeros((span + 1, 2, count)),
            seen=np.zeros((span + 1, count), np.bool_),
            appearance=first_appearance(found, new, length),
            direction=np.zeros((2, count)),
            shape=found.shape.take(new, axis=1),
            track_id=zeros,
            last=np.zeros(len(new)) + self._clock.now,
            streak=zeros,
            score=found.score[new],
            class_id=found.class_id[new],
        )

    def _report(self, found: Found, predicted: FloatArray) -> Tracks:
        rows, config = self._rows, self.config
        least = config.min_hits if self._frame > config.min_hits else 0
        lost = NONE
        if self.coasting:
            lost = coasting(rows, rows.last >= self._clock.oldest(self._max_age), predicted, self._clock.now)
        return report(rows, found, shown_by(found, rows.streak >= least), self.ids, lost, predicted)
