"""OC-SORT: SORT that trusts observations more than its own predictions; with embeddings it is Deep OC-SORT.

Cao, Pang, Weng, Khirodkar, Kitani: Observation-Centric SORT: Rethinking SORT for Robust Multi-Object Tracking,
CVPR 2023, https://arxiv.org/abs/2203.14360. Maggiolino, Ahmad, Cao, Kitani: Deep OC-SORT: Multi-Pedestrian Tracking by
Adaptive Re-Identification, ICIP 2023, https://arxiv.org/abs/2302.11813.

Deliberate differences from the authors' code:

* a track's first box counts as an observation, as in the paper, so that a track missed right after its birth can be
  recovered (OCR) and re-updated (ORU). The authors' code starts with the second one;
* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* the assignment is always solved over the whole matrix, as the paper says. The authors' code takes the pairs above
  ``iou_threshold`` as they are where these are one to one; boxes that don't touch never match;
* a score equal to ``det_thresh`` counts as confident, an overlap equal to ``iou_threshold`` as enough in every stage;
* an area about to turn negative stops shrinking in the re-update, too, not only in the prediction;
* ``max_age`` means frames at 30 per second and is scaled to the video's rate;
* appearance is weighted by the paper's differences between the best and the second, not by the quotients in the code
  of Deep OC-SORT. Predictions don't follow the camera.

Kept although it surprises: the re-update ends with the new box, which then corrects the filter once more, and a track's
first box gives no direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack import kalman
from sportstrack.appearance import Features, blend, cosine, dynamic_momentum, known, read_looks, unit_rows, with_room
from sportstrack.assign import solve_then_gate, unmatched
from sportstrack.boxes import iou, xysr_to_xyxy, xyxy_to_xysr
from sportstrack.trackers import columns
from sportstrack.trackers.fusion import check_fusion, fuse
from sportstrack.types import BoolArray, FloatArray, IntArray, Tracks, as_detections

_LOW = float(np.nextafter(0.1, 1.0))  # least score in the ByteTrack stage: above 0.1, as in the authors' code
_STILL = 1e-6  # pixels; added to a distance, so that a box that stands still has no direction
_BLOCK = 20_000  # pairs; larger matrices are filled in blocks of rows that stay in the processor's cache


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
        fusion: how looks join motion in the first matching, if embeddings come: ``adaptive`` (Deep OC-SORT's) or
            ``weighted`` (see `sportstrack.trackers.fusion.fuse`).
        alpha: weight of motion in ``weighted``.
        w_association_emb: weight of looks in ``adaptive``, against 1 for the overlap.
        aw_param: how much ``adaptive`` adds to that where a look singles a pair out.
        alpha_fixed_emb: share of a track's old look when that of a box with score 1 comes in; the less sure a box, the
            larger the share.
        per_class: match boxes of the same class only.
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
    position_var: tuple[float, float, float, float] = (10.0, 10.0, 10.0, 10.0)
    velocity_var: tuple[float, float, float, float] = (1e4, 1e4, 1e4, 0.0)
    position_noise: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    velocity_noise: tuple[float, float, float, float] = (1e-2, 1e-2, 1e-4, 0.0)
    measurement_noise: tuple[float, float, float, float] = (1.0, 1.0, 10.0, 10.0)

    def __post_init__(self) -> None:
        columns.check_range("det_thresh", self.det_thresh, 0.0, 1.0)
        columns.check_range("max_age", self.max_age, 0, 1e9)
        columns.check_range("min_hits", self.min_hits, 0, 1e9)
        columns.check_range("iou_threshold", self.iou_threshold, 0.0, 1.0)
        columns.check_range("delta_t", self.delta_t, 1, 1000)
        columns.check_range("inertia", self.inertia, 0.0, 1.0)
        columns.check_range("alpha_fixed_emb", self.alpha_fixed_emb, 0.0, 1.0)
        check_fusion(self, ("weighted", "adaptive"))


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis; K is ``delta_t``."""

    state: FloatArray  # (5, 4, T) Kalman state in xysr
    frozen: FloatArray  # (5, 4, T) state predicted for the first frame of the present gap
    box: FloatArray  # (4, T) corners of the last detection
    centre: FloatArray  # (K + 1, 2, T) of the last K frames' detections, by frame modulo K, and of the last detection
    seen: BoolArray  # (K + 1, T) which of these exist; the first box of a track is none
    feature: Features  # (D, T) smoothed unit appearance, zero while unknown; D is 0 until embeddings come
    direction: FloatArray  # (2, T) unit vector of the observed motion, 0 while unknown
    track_id: IntArray  # (T,) 0 until first reported
    last: IntArray  # (T,) frame of the last match
    streak: IntArray  # (T,) matches in a row
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


@dataclass(slots=True)
class Found:
    """The usable detections of one frame."""

    boxes: FloatArray  # (N, 4) corners
    measurement: FloatArray  # (4, N) xysr
    score: FloatArray  # (N,)
    class_id: IntArray  # (N,)
    feature: Features | None  # (N, D) unit appearance
    owner: IntArray  # (N,) the track that took it, or −1


class OCSORT:
    """Observation-centric SORT.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales ``max_age``.
        coasting: also report confirmed tracks that were not seen, with their predicted box and ``detection`` −1.
        strict: raise on an unusable box instead of leaving it out and counting it in `dropped`.
    """

    def __init__(
        self,
        config: OCSORTConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.config = config or OCSORTConfig()
        self.frame_rate = columns.check_frame_rate(frame_rate)
        self.coasting = coasting
        self.strict = strict
        self._max_age = columns.frames_at(self.frame_rate, self.config.max_age)
        c = self.config
        self._min_score = min(c.det_thresh, _LOW) if c.use_byte else c.det_thresh
        self._least = max(c.iou_threshold, 1.0 - columns.BELOW_ONE)
        frames = np.arange(c.delta_t)
        self._oldest_first = [np.append((frames + now) % c.delta_t, c.delta_t) for now in frames]  # places, by frame
        self._first_var = kalman.planes(columns.column(c.position_var), columns.column(c.velocity_var))
        self._noise = kalman.planes(columns.column(c.position_noise), columns.column(c.velocity_noise))
        self._measurement_noise = columns.column(c.measurement_noise)
        self.reset()

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._last_id = 0
        self.dropped = 0
        self.cut()

    def cut(self) -> None:
        """Forget all tracks, because the next frame belongs to another shot; ids go on counting."""
        none = np.empty(0, np.int64)
        self._frame = 0
        nothing = Found(np.empty((0, 4)), np.empty((4, 0)), np.empty(0), none, np.empty((0, 0), np.float32), none)
        self._rows = self._born(nothing, none)

    def update(self, detections: Any, camera: FloatArray | None = None) -> Tracks:  # noqa: ARG002
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks. Their embeddings,
                where given, are used.
            camera: not used by OC-SORT.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if embeddings change their length.
        """
        detections = as_detections(detections)
        looks = read_looks(detections.embedding, len(self._rows.feature))
        boxes, score, class_id, row, dropped = columns.read(detections, self._min_score, self.strict)
        self.dropped += dropped
        self._frame += 1
        feature = None if looks is None else unit_rows(looks[row])
        found = Found(boxes, xyxy_to_xysr(boxes), score, class_id, feature, columns.nobody(len(boxes)))

        self._predict()
        rows, earlier = self._rows, self._earlier()
        if feature is not None:
            rows.feature = with_room(rows.feature, len(rows.last), feature.shape[1])
        predicted = xysr_to_xyxy(rows.state[0])
        high = self._associate(found, predicted, earlier)
        self._correct(found, earlier)
        new = high[found.owner[high] < 0]
        if len(new):
            found.owner[new] = np.arange(len(rows.last), len(rows.last) + len(new))
            self._rows = columns.append(rows, self._born(found, new))
        tracks = self._report(found, row, predicted)
        self._forget()
        return tracks

    def _predict(self) -> None:
        rows = self._rows
        lost = (rows.last == self._frame - 2).nonzero()[0]  # the frame before was the first one missed
        if len(lost):
            rows.frozen[:, :, lost] = rows.state.take(lost, axis=2)
        rows.state = self._advance(rows.state)
        rows.streak[rows.last < self._frame - 1] = 0

    def _advance(self, state: FloatArray) -> FloatArray:
        # An area about to turn negative stops shrinking.
        area, growth = state[:2, 2]
        growth[area + growth <= 0] = 0.0
        return kalman.predict(state, self._noise)

    def _earlier(self) -> FloatArray:
        """Return (2, T) centres of the oldest detections of the last ``delta_t`` frames; where none, of the last."""
        rows, oldest_first = self._rows, self._oldest_first[self._frame % self.config.delta_t]
        slot = oldest_first[rows.seen.take(oldest_first, axis=0).argmax(axis=0)]
        centre: FloatArray = rows.centre[slot, :, np.arange(len(slot))].T
        return centre

    def _associate(self, found: Found, predicted: FloatArray, earlier: FloatArray) -> IntArray:
        """Match in two or three stages; write the boxes' owners and return the confident boxes."""
        confident = found.score >= self.config.det_thresh
        high, left = confident.nonzero()[0], np.arange(len(predicted))
        left = self._match(found, predicted, left, high, earlier)
        if len(high) < len(found.boxes):
            left = self._match(found, predicted, left, (~confident).nonzero()[0])
        self._match(found, self._rows.box.T, left, high[found.owner[high] < 0])
        return high

    def _match(
        self, found: Found, places: FloatArray, tracks: IntArray, boxes: IntArray, earlier: FloatArray | None = None
    ) -> IntArray:
        """Match some tracks, at these places, with some boxes; return the tracks that are left.

        The cost is 1 − overlap, less the direction's share if the tracks' ``earlier`` centres are given.
        """
        if not (len(tracks) and len(boxes)):
            return tracks
        overlap = iou(
            places if len(tracks) == len(places) else places.take(tracks, axis=0),
            found.boxes if len(boxes) == len(found.boxes) else found.boxes.take(boxes, axis=0),
        )
        if self.config.per_class:
            overlap[self._rows.class_id[tracks][:, None] != found.class_id[boxes]] = 0.0
        if earlier is None and overlap.max() < self._least:
            return tracks
        if earlier is not None and found.feature is not None:
            t, b = self._solve_looks(found, overlap, tracks, boxes, earlier)
        elif earlier is None or not self.config.inertia:
            t, b = solve_then_gate(1.0 - overlap, np.inf, worst=1.0)
        else:
            t, b = self._solve_directed(found, overlap, tracks, boxes, earlier)
        enough = overlap[t, b] >= self._least
        t, b = t[enough], b[enough]
        found.owner[boxes[b]] = tracks[t]
        return tracks[unmatched(len(tracks), t)]

    def _solve_directed(
        self, found: Found, overlap: FloatArray, tracks: IntArray, boxes: IntArray, earlier: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """Return the pairs, as rows and columns of ``overlap``, with the most overlap and agreement in direction."""
        # A pair is certain if parting it never pays: what its two could have elsewhere, at most the sum of their other
        # overlaps, and four directions' shares are less than its own overlap. Few pairs are left to weigh.
        best = overlap.argmax(axis=1)
        top = overlap[np.arange(len(best)), best]
        shares = 2.0 * self.config.inertia * float(found.score[boxes].max())
        certain = 3.0 * top > overlap.sum(axis=1) + overlap.sum(axis=0)[best] + shares
        t = certain.nonzero()[0]
        b = best[t]
        rest_t, rest_b = (~certain).nonzero()[0], unmatched(len(boxes), b)
        if not (len(rest_t) and len(rest_b)):
            return t, b
        rest = overlap[rest_t[:, None], rest_b]
        if rest.max() < self._least:  # whatever is paired here would be cut
            return t, b
        cost = self._aligned(found, tracks[rest_t], boxes[rest_b], earlier)
        cost += rest
        more_t, more_b = solve_then_gate(np.negative(cost, out=cost), np.inf)
        return np.concatenate((t, rest_t[more_t])), np.concatenate((b, rest_b[more_b]))

    def _solve_looks(
        self, found: Found, overlap: FloatArray, tracks: IntArray, boxes: IntArray, earlier: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """Return the pairs, as rows and columns of ``overlap``, that fit best by overlap, direction and appearance."""
        theirs, mine = found.feature[boxes], self._rows.feature[:, tracks].T  # type: ignore[index]
        motion = 1.0 - overlap
        if self.config.inertia:
            motion -= self._aligned(found, tracks, boxes, earlier)
        seen = known(mine)[:, None] & known(theirs)
        cost = fuse(self.config, motion, cosine(mine, theirs), overlap > 0.0, seen)
        return solve_then_gate(cost, np.inf)

    def _aligned(self, found: Found, tracks: IntArray, boxes: IntArray, earlier: FloatArray) -> FloatArray:
        """Return (T, N) how well moving on to each box agrees with each track's direction, −½ … ½, weighted."""
        centre, weight = found.measurement[:2].take(boxes, axis=1), found.score[boxes] * (self.config.inertia / np.pi)
        direction, earlier = self._rows.direction.take(tracks, axis=1), earlier.take(tracks, axis=1)
        share = np.empty((len(tracks), len(boxes)))
        step = max(1, _BLOCK // len(boxes))
        for start in range(0, len(tracks), step):
            part = slice(start, start + step)
            move = centre[:, None, :] - earlier[:, part, None]
            distance = np.hypot(move[0], move[1])
            distance += _STILL
            move *= direction[:, part, None]
            cosine = np.add(move[0], move[1], out=share[part])
            cosine /= distance
            np.minimum(np.maximum(cosine, -1.0, out=cosine), 1.0, out=cosine)
            np.arcsin(cosine, out=cosine)  # a right angle less the angle between the two
            cosine *= weight
        if self.config.per_class:
            share[self._rows.class_id[tracks][:, None] != found.class_id[boxes]] = 0.0
        return share

    def _correct(self, found: Found, earlier: FloatArray) -> None:
        rows, box = self._rows, (found.owner >= 0).nonzero()[0]
        track, slot = found.owner[box], self._frame % self.config.delta_t
        measurement, corners = found.measurement.take(box, axis=1), found.boxes[box].T
        centre, moved = measurement[:2], rows.seen[-1, track]
        move = centre - earlier.take(track, axis=1)
        move *= moved / (np.hypot(move[0], move[1]) + _STILL)
        rows.direction[:, track] = move

        state, gap = rows.state.take(track, axis=2), self._frame - rows.last[track]
        back = (gap > 1).nonzero()[0]
        if len(back):
            state[:, :, back] = self._relive(track[back], gap[back], corners[:, back])
        rows.state[:, :, track] = kalman.update(state, measurement, self._measurement_noise)
        rows.box[:, track] = corners
        rows.last[track] = self._frame
        for place in (slot, -1):
            rows.centre[place][:, track] = centre
        now = np.equal(rows.last, self._frame, out=rows.seen[slot])
        rows.seen[-1] |= now
        rows.streak[track] += 1
        rows.score[track] = found.score[box]
        rows.class_id[track] = found.class_id[box]
        if found.feature is not None:
            self._look(found, box)

    def _look(self, found: Found, box: IntArray) -> None:
        """Let the matched confident boxes change their tracks' appearance, by how sure they are."""
        config, rows = self.config, self._rows
        box = box[found.score[box] >= config.det_thresh]
        track, new = found.owner[box], found.feature[box]  # type: ignore[index]
        momentum = dynamic_momentum(found.score[box], config.det_thresh, config.alpha_fixed_emb)
        rows.feature[:, track] = blend(rows.feature[:, track].T, new, momentum).T

    def _relive(self, track: IntArray, gap: IntArray, corners: FloatArray) -> FloatArray:
        """Re-update: return (5, 4, K) states that have seen tracks walk straight from their last box to this one."""
        order = (-gap).argsort(kind="stable")  # the longest gaps start first, so that all end together
        track, gap = track[order], gap[order]
        frozen, last = self._rows.frozen.take(track, axis=2), self._rows.box.take(track, axis=1)[:, None]
        ahead = np.arange(gap[0] - 1, -1, -1)[:, None]  # frames to go, (steps, 1)
        way = last + (corners.take(order, axis=1)[:, None] - last) * np.maximum(1.0 - ahead / gap, 0.0)
        virtual = xyxy_to_xysr(way.reshape(4, -1).T).reshape(way.shape)
        state = frozen[:, :, :0]
        for step, active in enumerate(np.count_nonzero(gap > ahead, axis=1).tolist()):
            if step:
                state = self._advance(state)
            if active > (started := state.shape[2]):
                state = np.concatenate((state, frozen[:, :, started:active]), axis=2)
            state = kalman.update(state, virtual[:, step, :active], self._measurement_noise)
        relived = np.empty_like(state)
        relived[:, :, order] = state
        return relived

    def _born(self, found: Found, new: IntArray) -> Rows:
        measurement, count, span = found.measurement.take(new, axis=1), len(new), self.config.delta_t
        state, zeros = kalman.initiate(measurement, self._first_var), np.zeros(count, np.int64)
        feature = (
            np.zeros((len(self._rows.feature), count), np.float32) if found.feature is None else found.feature[new].T
        )
        return Rows(
            state=state,
            frozen=state,
            box=found.boxes[new].T,
            centre=np.zeros((span + 1, 2, count)),
            seen=np.zeros((span + 1, count), np.bool_),
            feature=feature,
            direction=np.zeros((2, count)),
            track_id=zeros,
            last=zeros + self._frame,
            streak=zeros,
            score=found.score[new],
            class_id=found.class_id[new],
        )

    def _report(self, found: Found, row: IntArray, predicted: FloatArray) -> Tracks:
        rows, least = self._rows, self.config.min_hits if self._frame > self.config.min_hits else 0
        shown = (found.owner >= 0).nonzero()[0]
        shown = shown[rows.streak[found.owner[shown]] >= least]
        owner, row, boxes = found.owner[shown], row[shown], found.boxes[shown]
        track_id, self._last_id = columns.ids_of(rows.track_id, owner, self._last_id)
        if self.coasting:
            unseen = (rows.track_id > 0) & (rows.last < self._frame) & (rows.last >= self._frame - self._max_age)
            coast = unseen.nonzero()[0]
            coast = coast[(predicted[coast, 2:] > predicted[coast, :2]).all(axis=1)]  # some have shrunk to nothing
            owner, row, boxes = columns.with_coasting(owner, row, boxes, coast, predicted[coast])
            track_id = rows.track_id[owner]
        return Tracks.trusted(boxes, rows.score[owner], rows.class_id[owner], track_id, row)

    def _forget(self) -> None:
        alive = (self._rows.last >= self._frame - self._max_age).nonzero()[0]
        if len(alive) < len(self._rows.last):
            self._rows = columns.keep(self._rows, alive)
