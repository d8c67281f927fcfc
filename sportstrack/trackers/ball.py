"""The ball: one small, fast object, seen badly and missed often.

Overlap says nothing about a ball, which moves by several of its own diameters per frame, and detectors find many false
ones. So this tracker follows a single track: in each frame it takes the box that continues the motion best, it waits
long for one, and it wants evidence before it believes in a new ball. The rules are the package's own; distances are
counted in sizes of the ball (the square root of its box's area) and times in seconds, so that the settings hold for
every resolution and frame rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.assign import clip_then_solve
from sportstrack.boxes import xyxy_to_xywh
from sportstrack.trackers.checks import check_frame_rate, check_range, frames_at, read_camera, tracker_text
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.rows import Found, IdCounter, append, claim, keep, no_owner, read_found, record_matches
from sportstrack.types import BoolArray, FloatArray, IntArray, Tracks

_NEVER = 10.0  # cost of a pair outside the gate, above the limit of 1


@dataclass(frozen=True)
class BallConfig:
    """The ball tracker's settings; a size is the square root of the box's area.

    Attributes:
        det_thresh: boxes with a lower score start nothing.
        low_thresh: boxes with a score between the two continue a ball that is there; lower ones are ignored.
        low_gate: share of the gate within which they do.
        start_thresh: a box from this score on starts a track at once, if none is alive.
        min_hits: boxes in a plausible row that start one otherwise.
        track_buffer: frames (at 30 per second) that the ball is waited for.
        gate: distance from the predicted place up to which a box continues the track, in sizes.
        gate_growth: how much that grows with the time unseen, in sizes per second.
        turn: how much of the way that it would have gone is added to the gate: 1 lets a ball stop on the spot.
        max_speed: gate of a second box, when no velocity is known yet, in sizes per second.
        size_ratio: a box this many times larger or smaller is another thing.
        score_weight: weight of the score against the distance, 0…1, where several boxes are plausible.
        velocity_momentum: share of the old velocity when a new displacement comes in.
        size_momentum: the same of the size.
        max_candidates: how many boxes, the best by score, may start a track.
        per_class: only boxes of its class continue a track.
    """

    det_thresh: float = 0.1
    low_thresh: float = 0.05
    low_gate: float = 0.25
    start_thresh: float = 0.6
    min_hits: int = 3
    track_buffer: int = 60
    gate: float = 3.0
    gate_growth: float = 50.0
    turn: float = 1.0
    max_speed: float = 200.0
    size_ratio: float = 3.0
    score_weight: float = 0.3
    velocity_momentum: float = 0.3
    size_momentum: float = 0.8
    max_candidates: int = 16
    per_class: bool = False

    def __post_init__(self) -> None:
        for name in ("det_thresh", "low_thresh", "low_gate", "start_thresh", "score_weight"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("velocity_momentum", "size_momentum"):
            check_range(name, getattr(self, name), 0.0, 1.0)
        for name in ("gate", "gate_growth", "turn", "max_speed"):
            check_range(name, getattr(self, name), 0.0, 1e6)
        for name in ("min_hits", "size_ratio", "max_candidates"):
            check_range(name, getattr(self, name), 1, 1e6)
        check_range("track_buffer", self.track_buffer, 0, 1e9)


@dataclass(slots=True)
class Rows:
    """One track per entry of the last axis: the ball first, if there is one, then those that may become it."""

    place: FloatArray  # (2, T) centre of the last box
    velocity: FloatArray  # (2, T) per step
    sides: FloatArray  # (2, T) width and height of the last box
    size: FloatArray  # (T,) smoothed
    hits: IntArray  # (T,) boxes so far
    last: FloatArray  # (T,) step of the last box
    score: FloatArray  # (T,) of the last box
    class_id: IntArray  # (T,) of the last box


class Ball:
    """At most one ball per frame.

    Args:
        config: settings.
        frame_rate: frames per second of the video; scales all times.
        coasting: also report the ball while it is not seen, at its predicted place, with ``detection`` −1.
        strict: raise on an unusable detection instead of leaving it out and counting it in `dropped`.

    Attributes:
        ids: counts the tracks' ids; trackers that work side by side share one.
        dropped: unusable detections so far.
    """

    def __init__(
        self,
        config: BallConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
    ) -> None:
        self.ids = IdCounter()
        self.config = config or BallConfig()
        self.coasting = coasting
        self.strict = strict
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
        """Forget the ball, because the next frame belongs to another shot; ids go on counting."""
        none, number, pair = np.empty(0, np.int64), np.empty(0), np.empty((2, 0))
        self._rows = Rows(pair, pair, pair, number, none, number, number, none)
        self._clock.cut()
        self._track_id = 0  # of the ball, the first of the rows; 0 while there is none

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections`` of balls; an empty table ages the track.
            camera: (2, 3) affine that maps the previous frame's pixels to this one's, or None for a camera at rest.
            time: seconds on the source's clock, later than the last frame's; None: 1 / ``frame_rate`` after it.

        Returns:
            The ball, or nothing.

        Raises:
            SettingError: if the time is no later than that of the frame before, or the camera is not
                an invertible affine.
        """
        camera = read_camera(camera)
        found = read_found(detections, min(self.config.low_thresh, self.config.det_thresh), self.strict, _measure)
        self._clock.advance(time, self.frame_rate)
        self.dropped += found.dropped

        if self._clock.long_gap:
            self._forget(self._clock.now - 1.0 - self._buffer, self._clock.now - 2.0)

        # 1. Follow the camera.
        if camera is not None:
            self._follow(camera)
        # 2. Take the detection that continues the ball.
        box = self._continue(found)
        # 3. Without one, gather evidence for a new ball.
        if box < 0:
            box = self._seek(found)
        # 4. Forget the ball and candidates that have been missing for too long, and report.
        self._forget(self._clock.oldest(self._buffer), self._clock.before)
        return self._report(found, box)

    def _follow(self, camera: FloatArray) -> None:
        rows, linear = self._rows, camera[:, :2]
        rows.place = linear.dot(rows.place) + camera[:, 2:]
        rows.velocity = linear.dot(rows.velocity)
        zoom = float(np.sqrt(abs(np.linalg.det(linear))))
        rows.size, rows.sides = rows.size * zoom, rows.sides * zoom

    def _predicted(self) -> FloatArray:
        """Return the (2, T) centres expected now."""
        rows = self._rows
        return rows.place + rows.velocity * (self._clock.now - rows.last)

    def _cost(self, found: Found, tracks: IntArray, boxes: IntArray, turn: float) -> FloatArray:
        """Return (T, N) how badly boxes continue tracks, 0…1, or more outside the gate."""
        config, rows = self.config, self._rows
        gap, size = self._clock.now - rows.last[tracks], rows.size[tracks]
        way = np.hypot(*rows.velocity[:, tracks]) * gap
        growth = np.where(rows.hits[tracks] > 1, config.gate_growth, config.max_speed)
        reach = (config.gate + growth * gap / self.frame_rate) * size + turn * way
        measurement, predicted = found.measurement.take(boxes, axis=1), self._predicted().take(tracks, axis=1)
        away = measurement[:2, None] - predicted[:, :, None]
        distance = np.hypot(away[0], away[1]) / np.maximum(reach, 1e-9)[:, None]
        ratio = measurement[4] / size[:, None]
        limit = np.where(found.score[boxes] < config.det_thresh, config.low_gate, 1.0)
        possible = (distance <= limit) & (ratio <= config.size_ratio) & (ratio * config.size_ratio >= 1.0)
        if config.per_class:
            possible &= rows.class_id[tracks][:, None] == found.class_id[boxes]
        weight = config.score_weight
        doubt = 1.0 - np.clip(found.score[boxes], 0.0, 1.0)
        return np.where(possible, (1.0 - weight) * distance + weight * doubt, _NEVER)

    def _continue(self, found: Found) -> int:
        """Take the box that continues the ball best; return its row, or −1."""
        if not (self._track_id and len(found.score)):
            return -1
        cost = self._cost(found, np.zeros(1, np.int64), np.arange(len(found.score)), self.config.turn)[0]
        box = int(cost.argmin())
        if cost[box] > 1.0:
            return -1
        self._extend(found, np.zeros(1, np.int64), np.array([box]))
        self._rows = keep(self._rows, np.zeros(1, np.int64))  # there is one ball: no other track may become it
        return box

    def _seek(self, found: Found) -> int:
        """Gather evidence for a new ball; return its box once there is enough, or −1."""
        config, start = self.config, int(self._track_id > 0)
        best = (-found.score).argsort(kind="stable")[: config.max_candidates]
        boxes = np.sort(best[found.score[best] >= config.det_thresh])
        tracks = np.arange(start, len(self._rows.last))
        t, b = clip_then_solve(self._cost(found, tracks, boxes, 0.0), 1.0)  # evidence flies straight
        owner = found.owner
        owner[boxes[b]] = tracks[t]
        self._extend(found, tracks[t], boxes[b])
        new = boxes[owner[boxes] < 0]
        claim(found, new, len(self._rows.last))
        self._rows = append(self._rows, self._new_rows(found, new))

        enough = self._rows.hits[owner[boxes]] >= config.min_hits
        if not start:
            enough |= found.score[boxes] >= config.start_thresh
        if not enough.any():
            return -1
        ready = boxes[enough]
        box = int(ready[found.score[ready].argmax()])
        self._rows = keep(self._rows, owner[[box]])
        self._track_id = int(self.ids.take(1)[0])
        return box

    def _extend(self, found: Found, tracks: IntArray, boxes: IntArray) -> None:
        """Give each track a box."""
        config, rows = self.config, self._rows
        gap = self._clock.now - rows.last[tracks]
        measurement = found.measurement.take(boxes, axis=1)
        moved = (measurement[:2] - rows.place.take(tracks, axis=1)) / gap
        share = np.where(rows.hits[tracks] > 1, config.velocity_momentum, 0.0)
        rows.velocity[:, tracks] = share * rows.velocity.take(tracks, axis=1) + (1.0 - share) * moved
        old = config.size_momentum
        rows.size[tracks] = old * rows.size[tracks] + (1.0 - old) * measurement[4]
        rows.place[:, tracks] = measurement[:2]
        rows.sides[:, tracks] = measurement[2:4]
        rows.hits[tracks] += 1
        record_matches(rows, found, tracks, boxes, self._clock.now)

    def _new_rows(self, found: Found, new: IntArray) -> Rows:
        measurement, ones = found.measurement.take(new, axis=1), np.ones(len(new), np.int64)
        return Rows(
            place=measurement[:2],
            velocity=np.zeros((2, len(new))),
            sides=measurement[2:4],
            size=measurement[4],
            hits=ones,
            last=np.zeros(len(new)) + self._clock.now,
            score=found.score[new],
            class_id=found.class_id[new],
        )

    def _forget(self, ball: float, evidence: float) -> None:
        """Keep the ball if it was found since a step, and evidence if it was found since another."""
        rows = self._rows
        alive: BoolArray = rows.last >= evidence  # it may miss one frame
        if self._track_id:
            alive[0] = rows.last[0] >= ball
            if not alive[0]:
                self._track_id = 0
        if not alive.all():
            self._rows = keep(rows, alive.nonzero()[0])

    def _report(self, found: Found, box: int) -> Tracks:
        if box >= 0:
            one = np.array([box])
            boxes, detection = found.boxes[one], found.row[one]
        elif self._track_id and self.coasting:
            half = self._rows.sides[:, 0] / 2
            centre = self._predicted()[:, 0]
            boxes, detection = np.concatenate((centre - half, centre + half))[None], no_owner(1)
            if not (boxes[0, 2:] > boxes[0, :2]).all():
                return Tracks.empty()
        else:
            return Tracks.empty()
        rows, track_id = self._rows, np.array([self._track_id])
        return Tracks.trusted(boxes, rows.score[:1].copy(), rows.class_id[:1].copy(), track_id, detection)


def _measure(boxes: FloatArray) -> FloatArray:
    """Return (5, N) planes: centre x, centre y, width, height, size."""
    planes = xyxy_to_xywh(boxes)
    return np.concatenate((planes, np.sqrt(planes[2:3] * planes[3:])))
