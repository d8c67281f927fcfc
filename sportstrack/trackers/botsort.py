"""BoT-SORT: ByteTrack with camera motion and appearance.

Aharon, Orfaig, Bobrovsky: BoT-SORT: Robust Associations Multi-Pedestrian Tracking, 2022,
https://arxiv.org/abs/2206.14651.

Deliberate differences from the authors' code:

* a matched track is reported with its detection's own box, not with the filtered one;
* ids are given when a track is first reported, so that they count 1, 2, 3, … without holes, per instance;
* boxes are continuous: IoU without the "+1 pixel" of the authors' cython_bbox;
* a lost track is forgotten when it has been missing for ``track_buffer`` frames, not one frame later;
* the camera turns widths and heights by the absolute values of its matrix, so that no size turns negative;
* the camera's motion and the appearance vectors are handed in. Without them it tracks by motion alone.

Kept although it surprises: tentative tracks (seen once) are matched at their last box, without prediction, and a lost
track's width and height stop changing. As the paper says, only high-score detections change a track's appearance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack import kalman
from sportstrack.appearance import cosine, update_appearance, with_length
from sportstrack.boxes import xywh_to_xyxy, xyxy_to_xywh
from sportstrack.trackers.checks import check_frame_rate, check_order, check_range, frames_at, read_camera, tracker_text
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.duplicates import remove_duplicates
from sportstrack.trackers.fusion import check_fusion, fuse_touching
from sportstrack.trackers.rows import (
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

_SIZE = np.array([2, 3, 2, 3])  # width and height, for x and y and for themselves


@dataclass(frozen=True)
class BoTSORTConfig:
    """BoT-SORT's settings, named as in the authors' code and its descendants.

    The three score thresholds suit YOLO models as they come; the authors, with a detector trained for the benchmark,
    used 0.6 (high), 0.1 (low) and 0.7 (new). All else is theirs.

    Attributes:
        track_high_thresh: boxes from this score on take part in the first matching.
        track_low_thresh: boxes above this score, and under the high one, take part in the second.
        new_track_thresh: unmatched boxes from this score on start a track.
        track_buffer: frames (at 30 per second) that a lost track is remembered.
        match_thresh: highest cost of a match in the first stage.
        second_match_thresh: the same in the second stage (1 − IoU).
        unconfirmed_match_thresh: the same for tracks seen only once.
        proximity_thresh: appearance counts up to this 1 − IoU.
        appearance_thresh: appearance counts up to this half cosine distance (0 alike, 0.5 unrelated).
        appearance_momentum: share of a track's old appearance when a new one comes in.
        fusion: how appearance joins motion: ``minimum`` (the paper's), ``weighted`` or ``adaptive``
            (see `sportstrack.trackers.fusion.fuse`).
        alpha: weight of motion in ``weighted``.
        w_association_emb: weight of appearance in ``adaptive``, against 1 for motion.
        aw_param: how much ``adaptive`` adds to that where appearance singles a pair out.
        fuse_score: motion cost is 1 − IoU · score instead of 1 − IoU, but for the second stage.
        duplicate_thresh: of a tracked and a lost track closer than this (1 − IoU), the younger is removed.
        per_class: match boxes of the same class only.
        overlap: ``box``, or ``mask``: masks, too, say whose of several tracks a detection is.
        std_weight_position: position noise as a share of the box's width (x, w) or height (y, h).
        std_weight_velocity: velocity noise as the same share, per frame.
    """

    track_high_thresh: float = 0.25
    track_low_thresh: float = 0.1
    new_track_thresh: float = 0.25
    track_buffer: int = 30
    match_thresh: float = 0.8
    second_match_thresh: float = 0.5
    unconfirmed_match_thresh: float = 0.7
    proximity_thresh: float = 0.5
    appearance_thresh: float = 0.25
    appearance_momentum: float = 0.9
    fusion: str = "minimum"
    alpha: float = 0.5
    w_association_emb: float = 0.75
    aw_param: float = 0.5
    fuse_score: bool = True
    duplicate_thresh: float = 0.15
    per_class: bool = False
    overlap: str = "box"
    std_weight_position: float = 1 / 20
    std_weight_velocity: float = 1 / 160

    def __post_init__(self) -> None:
        check_overlap(self.overlap)
        for name in ("track_high_thresh", "track_low_thresh", "new_track_thresh", "duplicate_thresh"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("match_thresh", "second_match_thresh", "unconfirmed_match_thresh"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("proximity_thresh", "appearance_thresh", "appearance_momentum"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        check_fusion(self, ("minimum", "weighted", "adaptive"))
        check_range("track_buffer", self.track_buffer, 0, 1e9)
        check_order("track_low_thresh", self.track_low_thresh, "track_high_thresh", self.track_high_thresh)


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis."""

    state: FloatArray  # (5, 4, T) Kalman state in xywh
    cross: FloatArray  # (4, 2, T) its covariances between x and y, w and h; zero until a camera turns
    appearance: Embeddings  # (D, T) smoothed unit vectors, zero while unknown; D is 0 until embeddings come
    shape: BoolArray  # (G, T) of the last detection's mask; G is 0 where boxes overlap
    track_id: IntArray  # (T,) 0 until first reported
    born: FloatArray  # (T,) step of the first detection
    last: FloatArray  # (T,) step of the last match; a track that was not matched in the frame before is lost
    confirmed: BoolArray  # (T,) matched at least once after birth, or born in the first frame
    score: FloatArray  # (T,) of the last detection
    class_id: IntArray  # (T,) of the last detection


class BoTSORT:
    """Robust associations by motion, camera motion and appearance.

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
        config: BoTSORTConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.ids = IdCounter()
        self.config = config or BoTSORTConfig()
        self.coasting = coasting
        self.strict = strict
        c = self.config
        self._low = float(np.nextafter(c.track_low_thresh, 2.0))  # scores strictly above it, as in the authors' code
        position, velocity = c.std_weight_position**2, c.std_weight_velocity**2
        self._first_var = np.array([0.0, 0.0, 4 * position, 0.0, 100 * velocity])[:, None, None]
        self._process_noise = np.array([0.0, 0.0, position, 0.0, velocity])[:, None, None]
        self._measurement_noise = position
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
        state, cross, unseen = np.empty((5, 4, 0)), np.empty((4, 2, 0)), np.empty((0, 0), np.float32)
        shape = no_shapes(0, self.config.overlap)
        self._rows = Rows(state, cross, unseen, shape, none, number, number, flags, number, none)
        self._turned = False  # some cross may differ from zero
        self._clock.cut()
        self._frame = 0

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks. Their embeddings,
                where given, are used.
            camera: (2, 3) affine that maps the previous frame's pixels to this one's, or None for a camera at rest.
            time: seconds on the source's clock, later than the last frame's; None: 1 / ``frame_rate`` after it.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if the time is no later than that of the frame before, the camera is not an
                invertible affine, or embeddings change their length.
        """
        camera = read_camera(camera)
        length = len(self._rows.appearance)
        found = read_found(detections, self._low, self.strict, xyxy_to_xywh, length, overlap=self.config.overlap)
        self._clock.advance(time, self.frame_rate)
        self.dropped += found.dropped
        self._frame += 1
        self._rows = after_gap(self._rows, self._clock, self._buffer)
        config, rows = self.config, self._rows
        high, low = by_score(found, config.track_high_thresh)
        confirmed, tentative = rows.confirmed.nonzero()[0], (~rows.confirmed).nonzero()[0]

        # 1. Predict the boxes of the confirmed tracks; all follow the camera.
        self._predict()
        if camera is not None:
            rows.state, rows.cross = kalman.warp(rows.state, rows.cross, camera)
            self._turned = bool(rows.cross.any())
        plain, fused = self._costs(found)

        # 2. First association: confirmed tracks, lost ones too, with the high-score detections.
        left = match(found, fused, confirmed, high, config.match_thresh)

        # 3. Second association: the tracks that are left and not lost, with the low-score detections.
        left = left[rows.last[left] == self._clock.before]
        match(found, plain, left, low, config.second_match_thresh)

        # 4. Tentative tracks, seen once, with the high-score detections that are left.
        match(found, fused, tentative, without_owner(found, high), config.unconfirmed_match_thresh)
        self._correct(found)

        # 5. Start tracks with what is left.
        new = without_owner(found, high)
        new = new[found.score[new] >= config.new_track_thresh]
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

    def _predict(self) -> None:
        rows, before = self._rows, self._rows.state
        before[1, 2:, rows.last < self._clock.before] = 0.0  # a lost track keeps its size
        steps = self._clock.step
        rows.state = kalman.predict(before, self._process_noise * _squared_size(before), steps)
        if np.count_nonzero(rows.confirmed) < len(rows.confirmed):
            np.copyto(rows.state, before, where=~rows.confirmed)
        if self._turned:
            rows.cross = np.where(rows.confirmed, kalman.predict_cross(rows.cross, steps), rows.cross)

    def _costs(self, found: Found) -> tuple[FloatArray, FloatArray]:
        """Return the (T, N) costs 1 − IoU, and the same with score and appearance."""
        config, rows = self.config, self._rows
        shared = overlap(xywh_to_xyxy(rows.state[0]), rows.shape, found.boxes, found.shape)
        plain = 1.0 - shared
        fused = np.subtract(1.0, shared * found.score, out=shared) if config.fuse_score else plain
        if found.embedding is not None:
            rows.appearance = with_length(rows.appearance, len(rows.last), found.embedding.shape[1])
            appearance = rows.appearance.T
            distance = cosine(appearance, found.embedding)
            fused = fuse_touching(config, plain, fused, distance, appearance, found.embedding)
        if config.per_class:
            for cost in (plain, fused):
                forbid_other_classes(cost, rows.class_id, found.class_id)
        return plain, fused

    def _correct(self, found: Found) -> None:
        rows, (track, boxes) = self._rows, matched(found)
        state, measurement = rows.state.take(track, axis=2), found.measurement.take(boxes, axis=1)
        noise = self._measurement_noise * _squared_size(state)
        if self._turned:
            cross = rows.cross.take(track, axis=2)
            rows.state[:, :, track], rows.cross[:, :, track] = kalman.update_coupled(state, cross, measurement, noise)
        else:
            rows.state[:, :, track] = kalman.update(state, measurement, noise)
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
        measurement, zeros = found.measurement.take(new, axis=1), np.zeros(len(new), np.int64)
        now = np.zeros(len(new)) + self._clock.now
        return Rows(
            state=kalman.initiate(measurement, self._first_var * np.tile(measurement[2:] ** 2, (2, 1))),
            cross=np.zeros((4, 2, len(new))),
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
        return xywh_to_xyxy(self._rows.state[0].take(tracks, axis=1))

    def _report(self, found: Found, may_show: BoolArray) -> Tracks:
        rows, shown = self._rows, shown_by(found, may_show)
        if not self.coasting:
            return report(rows, found, shown, self.ids)
        places = xywh_to_xyxy(rows.state[0])
        return report(rows, found, shown, self.ids, coasting(rows, may_show, places, self._clock.now), places)


def _squared_size(state: FloatArray) -> FloatArray:
    """Return (4, T): the squared width for x and w, the squared height for y and h."""
    size: FloatArray = state[0].take(_SIZE, axis=0)
    size *= size
    return size
