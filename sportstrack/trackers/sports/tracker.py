"""SportsTrack: follows players through pans, crossings and exits.

Known parts: constant-velocity Kalman filters (SORT), low-score detections matched last (ByteTrack), embeddings and
camera motion that are handed in (BoT-SORT). New ones: the camera's motion is estimated from the boxes; a match is
judged by its log-likelihood, with a bonus for overlap; tracks that left over a border of the picture are expected
there; embeddings are compared after their average, which is the kit, has been subtracted. docs/trackers/sports.md
explains each step under the number that it has here.

Units: lengths are in heights of the box at hand, times in seconds, so that neither the picture's size nor its frame
rate matters. What is measured per time counts in *ticks* of 1/25 s, whatever the frame rate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sportstrack.boxes import at_edges, xywh_to_xyxy, xyxy_to_xywh
from sportstrack.errors import SettingError
from sportstrack.trackers.checks import check_frame_rate, read_camera, tracker_text
from sportstrack.trackers.clock import StepClock
from sportstrack.trackers.rows import (
    NONE,
    Found,
    IdCounter,
    append,
    by_score,
    coasting,
    keep,
    match,
    read_found,
    report,
    shown_by,
    without_owner,
)
from sportstrack.trackers.shapes import overlap
from sportstrack.trackers.sports import appearance, border, classes, motion
from sportstrack.trackers.sports.config import TICK, SportsTrackConfig, Tuning
from sportstrack.trackers.sports.evidence import PairEvidence
from sportstrack.trackers.sports.likelihood import compare
from sportstrack.trackers.sports.rows import Rows
from sportstrack.types import BoolArray, FloatArray, IntArray, Tracks, as_detections

TENTATIVE_AFFINITY = 0.3  # least affinity of a match of a tentative track
OUTSIDE_MEMORY = 1.2  # seconds that a lost track is kept that is predicted outside the picture
RECENT = 0.2  # seconds since the last match of a track that is still where it was


class SportsTrack:
    """Likelihoods under a moving camera, with a memory for the borders of the picture.

    Args:
        config: settings.
        frame_rate: frames per second of the video; all times scale with it.
        coasting: also report lost tracks, with their predicted box and ``detection`` −1.
        strict: raise on an unusable detection instead of leaving it out and counting it in `dropped`.
        frame_size: (width, height) of the picture in pixels; None takes the farthest boxes so far for its borders, once
            ten seconds have passed.
        tuning: constants, for tests and benchmarks.

    Attributes:
        ids: counts the tracks' ids; trackers that work side by side share one.
        dropped: unusable detections so far.
    """

    def __init__(
        self,
        config: SportsTrackConfig | None = None,
        *,
        frame_rate: float = 25.0,
        coasting: bool = False,
        strict: bool = False,
        frame_size: tuple[int, int] | None = None,
        tuning: Tuning | None = None,
    ) -> None:
        self.config = c = config or SportsTrackConfig()
        if frame_size is not None and not (len(frame_size) == 2 and all(0 < side < np.inf for side in frame_size)):
            raise SettingError(f"frame_size: expected (width, height) in pixels or None, got {frame_size!r}")
        self.ids = IdCounter()
        self.coasting = coasting
        self.strict = strict
        self.frame_size = frame_size
        self._tuning = tuning or Tuning()
        self._roster = dict(c.roster)
        self._separate = c.per_class or c.class_lock  # boxes of different classes are different things
        self.set_frame_rate(frame_rate)
        self.reset()

    def set_frame_rate(self, frame_rate: float) -> None:
        """Count times at another frame rate from now on; the tracks stay."""
        c, self.frame_rate = self.config, check_frame_rate(frame_rate)
        self._ticks = 1 / (TICK * self.frame_rate)  # in a step
        self._motion = motion.Motion(c, self._tuning, self.frame_rate)
        self._memory, self._outside_memory = self._frames(c.memory), self._frames(OUTSIDE_MEMORY)
        self._border_memory, self._gallery_memory = self._frames(c.border_memory), self._frames(c.gallery_memory)

    def _frames(self, seconds: float) -> int:
        return round(seconds * self.frame_rate)

    __repr__ = tracker_text

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._frame = 0
        self._clock = StepClock()
        self.ids.reset()
        self.dropped = 0
        self._extent = np.zeros(2)  # (2,) the farthest corner so far
        self._evidence = PairEvidence(self.config, self._frames(appearance.LEARNING))
        self._recognition = appearance.Recognition(self._evidence.average, self.config, self._gallery_memory)
        self._start_shot()

    def cut(self) -> None:
        """Let the next frame belong to another shot: no track goes on, but some may be recognised by appearance."""
        self._recognition.remember(self._rows, self._rows.track_id.nonzero()[0], self._clock.now)
        self._clock.cut()
        self._start_shot()

    def _start_shot(self) -> None:
        self._rows = self._evidence.empty_rows()
        self._first, self._cut = self._frame + 1, self._clock.now  # frame of the shot, step of the frame before
        self._path = motion.CameraPath.start()
        self._recognition.new_shot()

    def update(self, detections: Any, camera: FloatArray | None = None, time: float | None = None) -> Tracks:
        """Advance by one frame.

        Args:
            detections: `Detections` or ``supervision.Detections``; an empty table ages the tracks. Their embeddings and
                team evidence, where given, are used.
            camera: (2, 3) affine that maps the previous frame's pixels to this one's; None estimates the camera's
                motion from the boxes.
            time: seconds on the source's clock, later than the last frame's; None: 1 / ``frame_rate`` after it.

        Returns:
            The reported tracks, ordered by detection row.

        Raises:
            SettingError: if the time is no later than that of the frame before, the camera is not an
                invertible affine, or embeddings or team evidence change their length.
        """
        camera, table = read_camera(camera), as_detections(detections)
        c, length = self.config, self._evidence.length
        found = read_found(table, c.low_score, self.strict, xyxy_to_xywh, length, overlap=c.overlap)
        self._clock.advance(time, self.frame_rate)
        self.dropped += found.dropped
        self._frame += 1
        size = self._picture_size(found)
        self._evidence.compare(self._rows, found, table)
        missing = self._clock.now - self._rows.last  # (T,) steps since the last match

        self._rows.state = self._motion.predict(self._rows.state, self._clock.step)  # 1, predict
        path = self._follow_camera(found, camera, size)  # 2
        owner = self._associate(found, missing)  # 3, match
        owner = self._come_back(found, owner, missing, path, size)  # 4, over a border
        path = self._correct(found, owner, path)
        found.owner = self._start(found, owner, path)  # 5
        tracks = self._report(found)  # 6
        self._forget(size)  # 7
        self._path = path
        return tracks

    # --- what comes in ------------------------------------------------------------------------------------------------

    def _picture_size(self, found: Found) -> FloatArray | None:
        """Return the picture's (width, height), or None while unknown."""
        if self.frame_size is not None:
            return np.array(self.frame_size, dtype=np.float64)
        if len(found):
            self._extent = np.maximum(self._extent, found.boxes[:, 2:].max(axis=0))
        return self._extent if self._clock.now > self._frames(border.LEARNING) else None

    # --- 2 follow the camera ------------------------------------------------------------------------------------------

    def _follow_camera(self, found: Found, camera: FloatArray | None, size: FloatArray | None) -> motion.CameraPath:
        """Move all tracks, lost ones too, along with the camera; return its path, with this frame's flow if given."""
        rows, path, steps = self._rows, self._path, self._clock.step
        if camera is not None:
            rows.state = motion.warped(rows.state, camera)
            return motion.CameraPath(motion.view_shift(camera, size, found) / steps, path.total, given=True)
        if self.config.camera_shift:
            shift = motion.camera_shift(rows, self._recent(), found, self.config)
            if shift is not None:
                rows.state = self._motion.moved(rows.state, shift, steps)
        return motion.CameraPath(path.flow, path.total, given=False)

    def _recent(self) -> BoolArray:
        """Return (T,) which tracks were last matched in the frame before."""
        recent: BoolArray = self._rows.last == self._clock.before
        return recent

    # --- 3 match ------------------------------------------------------------------------------------------------------

    def _associate(self, found: Found, missing: FloatArray) -> IntArray:
        """Return (N,) each detection's track, or −1, by four stages, the most certain first."""
        c, rows = self.config, self._rows
        if not (len(rows) and len(found)):
            return found.owner
        costs = compare(rows, found, self._evidence.nats, c, ~self._recent())
        high, low = by_score(found, c.high_score)
        confirmed = (rows.confirmed & (missing <= self._memory)).nonzero()[0]
        tentative = (~rows.confirmed).nonzero()[0]

        left = match(found, costs.affinity, confirmed, high, -c.min_affinity)  # 3a
        if len(low):
            recent = self._recent()[left]
            unseen = match(found, costs.overlap, left[recent], low, -c.second_overlap)  # 3b
            left = np.sort(np.concatenate((left[~recent], unseen)))
        match(found, costs.overlap, left, without_owner(found, high), -c.third_overlap)  # 3c
        match(found, costs.affinity, tentative, without_owner(found, high), -TENTATIVE_AFFINITY)  # 3d
        return found.owner

    # --- 4 come back over a border ------------------------------------------------------------------------------------

    def _come_back(
        self,
        found: Found,
        owner: IntArray,
        missing: FloatArray,
        path: motion.CameraPath,
        size: FloatArray | None,
    ) -> IntArray:
        """Return (N,) owners with the tracks that left over a border and are back there."""
        rows = self._rows
        free = ((owner < 0) & (found.score >= self.config.high_score)).nonzero()[0]
        if not (self._border_memory and len(free) and size is not None):
            return owner
        gone = rows.confirmed.copy()
        gone[owner[owner >= 0]] = False
        ticks = np.multiply(missing, self._ticks, dtype=np.float64)
        moved = self._tuning.border_path * (path.total[:, None] - rows.path)
        track, box = border.match_returns(
            rows, found, (gone.nonzero()[0], free), size, moved, ticks, self._evidence.nats, self.config
        )
        owner = owner.copy()
        owner[box] = track
        again = missing[track] > self._memory  # such a filter knows nothing of use
        rows.state[:, :, track[again]] = self._motion.start(found.measurement.take(box[again], axis=1), path.drift)
        return owner

    # --- what the matches change --------------------------------------------------------------------------------------

    def _correct(self, found: Found, owner: IntArray, path: motion.CameraPath) -> motion.CameraPath:
        """Correct the matched tracks by their detections; return the camera's path after this frame."""
        c, rows = self.config, self._rows
        box = (owner >= 0).nonzero()[0]
        track, score, class_id = owner[box], found.score[box], found.class_id[box]
        corners = found.boxes.take(box, axis=0).T
        moved = corners - rows.box.take(track, axis=1)
        recent = self._recent()[track]
        path = path.advanced(moved.take(recent.nonzero()[0], axis=1), self._clock.step)
        if not len(track):
            return path
        measurement = found.measurement.take(box, axis=1)
        rows.state[:, :, track] = self._motion.correct(rows.state.take(track, axis=2), measurement, score)
        rows.box[:, track] = corners
        rows.shape[:, track] = found.shape.take(box, axis=1)
        rows.path[:, track] = path.total[:, None]
        rows.last[track] = self._clock.now
        rows.hits[track] += 1
        rows.confirmed[track] |= rows.hits[track] >= c.confirm_hits
        rows.score[track] = score
        rows.class_id[track] = class_id
        if c.class_lock:
            classes.vote(rows, track, class_id)
        self._evidence.learn(rows, found, track, box, recent)
        return path

    # --- 5 start ------------------------------------------------------------------------------------------------------

    def _start(self, found: Found, owner: IntArray, path: motion.CameraPath) -> IntArray:
        """Start tracks on detections that no track took and that stand apart; return (N,) owners with them."""
        free = ((owner < 0) & (found.score >= max(self.config.new_score, self.config.high_score))).nonzero()[0]
        if not len(free):
            return owner
        new = classes.starts_within_roster(self._roster, found, self._apart(found, owner, free), owner)
        if not len(new):
            return owner
        owner = owner.copy()
        owner[new] = np.arange(len(self._rows), len(self._rows) + len(new))
        self._rows = append(self._rows, self._new_rows(found, new, path))
        return owner

    def _apart(self, found: Found, owner: IntArray, free: IntArray) -> IntArray:
        """Return those of the free detections that overlap neither a taken one nor a better free one."""
        c, rows = self.config, self._rows
        if c.class_lock:
            recent = (rows.last < self._clock.now) & (rows.last >= self._clock.oldest(max(1, self._frames(RECENT))))
            boxes, class_id = found.boxes.take(free, axis=0), found.class_id[free]
            free = free[~classes.class_errors(rows, recent, boxes, class_id, c.spawn_overlap)]
        mine = found.shape.take(free, axis=1)
        clash = overlap(found.boxes.take(free, axis=0), mine, found.boxes, found.shape) > c.spawn_overlap
        if self._separate:
            clash &= found.class_id[free][:, None] == found.class_id
        clash[np.arange(len(free)), free] = False
        taken = owner >= 0
        if not (clash & (taken | (found.score >= c.new_score))).any():
            return free
        new = []
        for i in (-found.score[free]).argsort(kind="stable").tolist():
            if not (clash[i] & taken).any():
                taken[free[i]] = True
                new.append(free[i])
        return np.sort(np.array(new, np.int64))

    def _new_rows(self, found: Found, new: IntArray, path: motion.CameraPath) -> Rows:
        count = len(new)
        zeros = np.zeros(count, np.int64)
        now, one = np.zeros(len(new)) + self._clock.now, zeros + 1
        unit, team = self._evidence.first(found, new)
        class_id = found.class_id[new]
        return Rows(
            state=self._motion.start(found.measurement.take(new, axis=1), path.drift),
            box=found.boxes.take(new, axis=0).T,
            path=path.total[:, None] + np.zeros((1, count)),
            shape=found.shape.take(new, axis=1),
            appearance=unit,
            team=team,
            track_id=zeros,
            born=now,
            last=now,
            hits=one,
            confirmed=one >= (1 if self._frame == self._first else self.config.confirm_hits),
            score=found.score[new],
            class_id=class_id,
            main_class=class_id,
            votes=one,
        )

    # --- 6 report -----------------------------------------------------------------------------------------------------

    def _report(self, found: Found) -> Tracks:
        rows, owner = self._rows, found.owner
        shown = shown_by(found, rows.confirmed)
        if len(self._recognition.ended):
            shown = shown[self._recognise(owner[shown])]
        if self._roster:
            order = shown[(-rows.hits[owner[shown]]).argsort(kind="stable")]  # the longest tracks stay
            shown = np.sort(classes.within_roster(self._roster, order, found.class_id[order]))
        track = owner[shown]
        smoothed = None
        if self.config.box_blend:
            filtered = xywh_to_xyxy(rows.state[0].take(track, axis=1))
            smoothed = motion.smoothed(found.boxes.take(shown, axis=0), filtered, self.config.box_blend)
        lost, places = NONE, None
        if self.coasting:
            places = xywh_to_xyxy(rows.state[0])
            lost = self._lost(track, places)
        return report(rows, found, shown, self.ids, lost, places, smoothed)

    def _lost(self, shown: IntArray, places: FloatArray) -> IntArray:
        """Return the lost tracks that are reported coasting beside those shown."""
        rows = self._rows
        lost = coasting(rows, self._clock.now - rows.last <= self._memory, places, self._clock.now)
        if self._roster:
            lost = lost[(-rows.hits[lost]).argsort(kind="stable")]
            lost = classes.within_roster(self._roster, lost, rows.class_id[lost], rows.class_id[shown])
        return lost

    def _recognise(self, tracks: IntArray) -> BoolArray:
        """Give new ones of the tracks (K,) the ids of ended ones; return (K,) which may be reported by now."""
        rows, recognition = self._rows, self._recognition
        recognition.expire(self._clock.now)
        new = (rows.track_id[tracks] == 0) & rows.appearance.take(tracks, axis=1).any(axis=0)
        ready = rows.hits[tracks] >= appearance.LINK_HITS
        again, track_id = recognition.recognise(rows, tracks[new & ready], self._cut)
        rows.track_id[again] = track_id
        return ready | ~new if len(recognition.ended) else np.ones(len(tracks), np.bool_)

    # --- 7 forget -----------------------------------------------------------------------------------------------------

    def _forget(self, size: FloatArray | None) -> None:
        rows = self._rows
        lost = self._clock.now - rows.last
        if not lost.any():
            return
        limit = np.full(len(lost), self._memory)
        if size is not None:
            centre = rows.state[0, :2]
            limit[((centre < 0) | (centre > size[:, None])).any(axis=0)] = min(self._outside_memory, self._memory)
            if self._border_memory:
                at_border = at_edges(rows.box, size, size * border.EXIT).any(axis=0)
                limit[at_border] = np.maximum(limit[at_border], self._border_memory)
        alive = (lost <= limit) & (rows.confirmed | (lost == 0))
        if alive.all():
            return
        self._recognition.remember(rows, (~alive & (rows.track_id > 0)).nonzero()[0], self._clock.now)
        self._rows = keep(rows, alive.nonzero()[0])
